//! Builds the detection component from `guest/` and embeds it.
//!
//! `FIRSTSEEN_MODULE` names a ready component to embed instead.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use wit_component::ComponentEncoder;

/// What the component is made of.
const SOURCES: [&str; 11] = [
    "../../Cargo.lock",
    "../../Cargo.toml",
    "../../guest/Cargo.toml",
    "../../guest/fields",
    "../../guest/lang/kql/Cargo.toml",
    "../../guest/lang/kql/src",
    "../../guest/query/Cargo.toml",
    "../../guest/query/src",
    "../../guest/rules",
    "../../guest/src",
    "../../guest/toolchain.sh",
];

fn main() -> Result<(), Box<dyn Error>> {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    println!("cargo::rerun-if-changed=../../wit");
    println!("cargo::rerun-if-env-changed=FIRSTSEEN_MODULE");

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let component = match env::var_os("FIRSTSEEN_MODULE") {
        Some(path) => {
            println!("cargo::rerun-if-changed={}", Path::new(&path).display());
            fs::read(&path).map_err(|error| format!("FIRSTSEEN_MODULE={}: {error}", path.display()))?
        }
        None => {
            let core = fs::read(build_core_module(&out.join("guest"))?)?;
            ComponentEncoder::default().validate(true).module(&core)?.encode()?
        }
    };
    fs::write(out.join("firstseen.wasm"), component)?;
    Ok(())
}

/// Runs `guest/toolchain.sh`; returns the path of the core module.
fn build_core_module(target_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut build = Command::new("sh");
    build.arg("../../guest/toolchain.sh").arg("build").arg(target_dir).stderr(Stdio::inherit());
    // What the outer cargo sets for the host must not reach the inner one.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let outer =
            ["CARGO_", "RUSTC", "RUSTDOC", "RUSTFLAGS", "CLIPPY_"].iter().any(|prefix| text.starts_with(prefix));
        if outer
            && text != "CARGO_HOME"
            && !text.starts_with("CARGO_REGISTR")
            && !text.starts_with("CARGO_NET")
            && !text.starts_with("CARGO_HTTP")
        {
            build.env_remove(&name);
        }
    }
    let output = build.output()?;
    if !output.status.success() {
        return Err("the detection component could not be built; see above".into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}
