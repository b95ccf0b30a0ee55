//! For build scripts: the detection module, built for wasm by `guest/toolchain.sh`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The folder `guest/`.
const GUEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What every shape is made of, from there.
const SOURCES: [&str; 14] = [
    "../Cargo.lock",
    "../Cargo.toml",
    "../wit",
    "Cargo.toml",
    "fields",
    "lang/eql/Cargo.toml",
    "lang/eql/src",
    "lang/kql/Cargo.toml",
    "lang/kql/src",
    "query/Cargo.toml",
    "query/src",
    "rules",
    "src",
    "toolchain.sh",
];

/// What the plain shapes are made of beside that.
const PLAIN_SOURCES: [&str; 4] = ["plain/Cargo.toml", "plain/src", "../host/ledger/Cargo.toml", "../host/ledger/src"];

/// The shape of a core module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// What the component is made of.
    Component,
    /// Without imports.
    Plain,
    /// Without imports and vector instructions.
    PlainScalar,
}

impl Shape {
    /// As `guest/toolchain.sh` calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Plain => "plain",
            Self::PlainScalar => "plain-scalar",
        }
    }
}

/// Builds a core module in the build script's `OUT_DIR`, and has cargo run the script again
/// when what it is made of changes.
///
/// # Errors
///
/// It cannot be built; the compiler has said why on standard error.
pub fn build(shape: Shape) -> Result<Vec<u8>, Box<dyn Error>> {
    let of_shape = if shape == Shape::Component { &[][..] } else { &PLAIN_SOURCES };
    for source in SOURCES.iter().chain(of_shape) {
        println!("cargo::rerun-if-changed={GUEST}/{source}");
    }
    let target_dir = Path::new(&env::var("OUT_DIR")?).join(shape.name());
    Ok(fs::read(run_toolchain(shape, &target_dir)?)?)
}

/// Runs `guest/toolchain.sh`; returns the path of the core module.
fn run_toolchain(shape: Shape, target_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut build = Command::new("sh");
    build.arg(format!("{GUEST}/toolchain.sh")).args(["build", shape.name()]).arg(target_dir).stderr(Stdio::inherit());
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
        return Err("the detection module could not be built; see above".into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}
