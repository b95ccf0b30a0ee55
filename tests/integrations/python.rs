//! The package for Python.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::missing;
use firstseen_tests::running::Running;
use firstseen_tests::{data, python, repository};

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
    Firstseen::new("module")?.args(["--plain", "--output"]).arg(&plain).run(b"")?.expect_code(0)?;
    Firstseen::new("module")?.arg("--output").arg(&component).run(b"")?.expect_code(0)?;
    let mut command = Command::new(python);
    command.arg(repository("integrations/python/tests/conformance.py")).arg(&plain).arg(&component);
    command.arg(repository("integrations/conformance/cases"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let ran = Running::new(child).finish()?.expect_code(0)?;
    println!("{}", ran.text()?);
    let digests: Vec<&str> = ran.text()?.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    ensure!(digests.len() == 2 && digests[0] == digests[1], "{digests:?}");
    Ok(())
}

/// The example is the command's `filter`, as far as alerts go.
#[test]
fn the_example_alerts_as_the_command_does() -> Result<()> {
    let python = match installed() {
        Ok(python) => python,
        Err(cause) => return missing(cause),
    };
    let scratch = tempfile::tempdir()?;
    let plain = scratch.path().join("plain.wasm");
    Firstseen::new("module")?.args(["--plain", "--output"]).arg(&plain).run(b"")?.expect_code(0)?;
    let recorded = data("dpkg-i-recorded.ndjson");
    let mut command = Command::new(python);
    command.arg(repository("integrations/python/examples/filter.py")).arg(&plain);
    command.stdin(std::fs::File::open(&recorded)?).stdout(Stdio::piped()).stderr(Stdio::piped());
    let theirs = Running::new(command.spawn()?).finish()?.expect_code(0)?.alerts()?;
    let ours = Firstseen::filter()?.args(["--clock", "event", "--only-alerts"]).stdin_file(&recorded)?.run(b"")?;
    let ours = ours.expect_code(0)?.alerts()?;
    let ids = |alerts: &[serde_json::Value]| {
        let id = |alert: &serde_json::Value| Some(alert.get("kibana.alert.uuid")?.as_str()?.to_owned());
        alerts.iter().map(id).collect::<Option<Vec<_>>>()
    };
    let expected = ids(&ours).context("an alert has no id")?;
    ensure!(!expected.is_empty(), "nothing alerts");
    assert_eq!(ids(&theirs), Some(expected));
    Ok(())
}
