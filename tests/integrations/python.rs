//! The package for Python.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use anyhow::{Result, ensure};
use firstseen_tests::needs::missing;
use firstseen_tests::running::Running;
use firstseen_tests::{python, repository};

use crate::cases::cases;
use crate::example::alerts_as_the_command_does;
use crate::write_module;

/// An interpreter with the package in it, as its README has it installed.
fn installed() -> Result<&'static Path, &'static str> {
    static INSTALLED: LazyLock<Result<PathBuf, String>> =
        LazyLock::new(|| install().map_err(|error| format!("the package for Python cannot be installed: {error:#}")));
    INSTALLED.as_deref().map_err(String::as_str)
}

fn install() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("integration-python");
    let python = python::environment(&folder, &[python::WASMTIME])?;
    // What is installed may be older than what is here.
    python::pip(&python, &["--force-reinstall", "--no-deps", &repository("integrations/python").to_string_lossy()])?;
    Ok(python)
}

#[test]
fn both_shapes_give_the_same_as_every_host() -> Result<()> {
    let python = match installed() {
        Ok(python) => python,
        Err(cause) => return missing(cause),
    };
    let scratch = tempfile::tempdir()?;
    let [plain, component] = ["plain.wasm", "component.wasm"].map(|name| scratch.path().join(name));
    write_module(&["--plain"], &plain)?;
    write_module(&[], &component)?;
    let cases = cases()?;
    let mut command = Command::new(python);
    command.arg(repository("integrations/python/tests/conformance.py")).arg(&plain).arg(&component);
    command.arg(&cases.folder);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let ran = Running::new(child).finish()?.expect_code(0)?;
    let digests: Vec<&str> = ran.text()?.lines().filter_map(|line| Some(line.split_once(": ")?.1)).collect();
    ensure!(digests == [&cases.digest; 2], "{digests:?} are not {}", cases.digest);
    println!("Python, plain and component: {}", cases.digest);
    Ok(())
}

#[test]
fn the_example_alerts_as_the_command_does() -> Result<()> {
    let python = match installed() {
        Ok(python) => python,
        Err(cause) => return missing(cause),
    };
    let scratch = tempfile::tempdir()?;
    let plain = scratch.path().join("plain.wasm");
    write_module(&["--plain"], &plain)?;
    let filter = repository("integrations/python/examples/filter.py");
    alerts_as_the_command_does(Command::new(python).arg(filter).arg(plain))
}
