//! The package for Go.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use firstseen_tests::needs::missing;
use firstseen_tests::repository;
use firstseen_tests::running::Running;

use crate::cases::cases;
use crate::example::alerts_as_the_command_does;
use crate::write_module;

fn go() -> Option<Command> {
    let has_go = Command::new("go").arg("version").output().is_ok_and(|output| output.status.success());
    let mut go = Command::new("go");
    go.current_dir(repository("integrations/go")).env("GOWORK", "off").env("CGO_ENABLED", "0");
    has_go.then_some(go)
}

#[test]
fn both_modules_give_the_same_as_every_host() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let cases = cases()?;
    for (name, options) in [("plain.wasm", &["--plain"][..]), ("scalar.wasm", &["--plain", "--scalar"])] {
        let Some(mut go) = go() else { return missing("there is no Go") };
        let module = scratch.path().join(name);
        write_module(options, &module)?;
        go.args(["test", "-count=1", "-v", "."]).env("FIRSTSEEN_PLAIN", &module).env("FIRSTSEEN_CASES", &cases.folder);
        let child = go.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let ran = Running::new(child).finish()?;
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        ensure!(ran.code()? == 0, "{text}{}", ran.stderr);
        ensure!(!text.contains("--- SKIP"), "{text}");
        ensure!(text.lines().any(|line| line == format!("plain: {}", cases.digest)), "not {}: {text}", cases.digest);
    }
    println!("Go: {}", cases.digest);
    Ok(())
}

#[test]
fn the_example_alerts_as_the_command_does() -> Result<()> {
    let Some(mut go) = go() else { return missing("there is no Go") };
    let scratch = tempfile::tempdir()?;
    let plain = scratch.path().join("plain.wasm");
    write_module(&["--plain"], &plain)?;
    alerts_as_the_command_does(go.args(["run", "./examples/filter"]).arg(plain))
}
