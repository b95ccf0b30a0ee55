//! Builds the detection component from `guest/` and embeds it.
//!
//! `FIRSTSEEN_MODULE` names a ready component to embed instead.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use firstseen_guest_build::Shape;
use wit_component::ComponentEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=FIRSTSEEN_MODULE");
    let component = match env::var_os("FIRSTSEEN_MODULE") {
        Some(path) => {
            println!("cargo::rerun-if-changed={}", Path::new(&path).display());
            fs::read(&path).map_err(|error| format!("FIRSTSEEN_MODULE={}: {error}", path.display()))?
        }
        None => {
            let core = firstseen_guest_build::build(Shape::Component)?;
            ComponentEncoder::default().validate(true).module(&core)?.encode()?
        }
    };
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("firstseen.wasm"), component)?;
    Ok(())
}
