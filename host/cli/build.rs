//! Builds the plain detection modules from `guest/plain` and embeds them.
//!
//! `FIRSTSEEN_PLAIN_MODULE` and `FIRSTSEEN_PLAIN_SCALAR_MODULE` name ready ones to embed instead.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use firstseen_guest_build::Shape;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for (shape, name, ready) in [
        (Shape::Plain, "plain.wasm", "FIRSTSEEN_PLAIN_MODULE"),
        (Shape::PlainScalar, "plain-scalar.wasm", "FIRSTSEEN_PLAIN_SCALAR_MODULE"),
    ] {
        println!("cargo::rerun-if-env-changed={ready}");
        let module = match env::var_os(ready) {
            Some(path) => {
                println!("cargo::rerun-if-changed={}", path.display());
                fs::read(&path).map_err(|error| format!("{ready}={}: {error}", path.display()))?
            }
            None => firstseen_guest_build::build(shape)?,
        };
        fs::write(out.join(name), module)?;
    }
    Ok(())
}
