//! Builds the plain detection modules from `guest/plain` and embeds them.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use firstseen_guest_build::Shape;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for (shape, name) in [(Shape::Plain, "plain.wasm"), (Shape::PlainScalar, "plain-scalar.wasm")] {
        fs::write(out.join(name), firstseen_guest_build::build(shape)?)?;
    }
    Ok(())
}
