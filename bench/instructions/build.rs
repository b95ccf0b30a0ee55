//! Says what builds, and for what: counts of different builds do not compare.

use std::env;
use std::error::Error;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let version = Command::new(env::var("RUSTC")?).arg("--version").output()?;
    println!("cargo::rustc-env=BUILD_RUSTC={}", String::from_utf8(version.stdout)?.trim());
    println!("cargo::rustc-env=BUILD_TARGET={}", env::var("TARGET")?);
    println!("cargo::rustc-env=BUILD_FEATURES={}", env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default());
    Ok(())
}
