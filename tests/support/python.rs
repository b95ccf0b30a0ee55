//! Virtual environments of Python, kept beside the other build products.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

/// Wasmtime for Python, as pip asks for it.
pub const WASMTIME: &str = "wasmtime==50.0.1";

/// Tests that need the same environment make it once.
static MAKING: Mutex<()> = Mutex::new(());

/// The interpreter of a virtual environment in a folder, with these packages (`name==version`)
/// in it; made at the first run.
///
/// # Errors
///
/// There is no Python, or a package cannot be had.
pub fn environment(folder: &Path, packages: &[&str]) -> Result<PathBuf> {
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let python = folder.join("bin/python");
    let has = |package: &&str| {
        let (name, version) = package.split_once("==").unwrap_or((package, ""));
        let check = format!("import importlib.metadata as m; print(m.version('{name}'))");
        let output = Command::new(&python).args(["-c", &check]).output();
        output.is_ok_and(|output| output.stdout.trim_ascii() == version.as_bytes())
    };
    if !packages.iter().all(has) {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
        pip(&python, packages)?;
        ensure!(packages.iter().all(has), "{packages:?} were installed and are not there");
    }
    Ok(python)
}

/// Installs something with the pip of an environment.
///
/// # Errors
///
/// What pip says.
pub fn pip(python: &Path, arguments: &[&str]) -> Result<()> {
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "20", "--retries", "1"];
    succeed(Command::new(python).args(pip).args(arguments))
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
