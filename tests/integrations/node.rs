//! The package for Node.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use firstseen_tests::needs::missing;
use firstseen_tests::repository;
use firstseen_tests::running::Running;

use crate::cases::cases;
use crate::example::alerts_as_the_command_does;
use crate::write_module;

/// The oldest that runs the package.
const MAJOR_MIN: u32 = 20;

fn has_node() -> bool {
    let output = Command::new("node").args(["--print", "process.versions.node.split('.')[0]"]).output();
    let major = output.ok().and_then(|output| String::from_utf8(output.stdout).ok()?.trim().parse::<u32>().ok());
    major.is_some_and(|major| major >= MAJOR_MIN)
}

#[test]
fn both_modules_give_the_same_as_every_host() -> Result<()> {
    if !has_node() {
        return missing(format_args!("there is no Node {MAJOR_MIN} or newer"));
    }
    let scratch = tempfile::tempdir()?;
    let cases = cases()?;
    for (name, options) in [("plain.wasm", &["--plain"][..]), ("scalar.wasm", &["--plain", "--scalar"])] {
        let module = scratch.path().join(name);
        write_module(options, &module)?;
        let mut command = Command::new("node");
        command.arg(repository("integrations/node/tests/conformance.js")).arg(&module);
        command.arg(&cases.folder);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let ran = Running::new(child).finish()?.expect_code(0)?;
        ensure!(ran.text()? == format!("plain: {}\n", cases.digest), "{} is not {}", ran.text()?, cases.digest);
    }
    println!("Node: {}", cases.digest);
    Ok(())
}

#[test]
fn the_example_alerts_as_the_command_does() -> Result<()> {
    if !has_node() {
        return missing(format_args!("there is no Node {MAJOR_MIN} or newer"));
    }
    let scratch = tempfile::tempdir()?;
    let plain = scratch.path().join("plain.wasm");
    write_module(&["--plain"], &plain)?;
    let filter = repository("integrations/node/examples/filter.js");
    alerts_as_the_command_does(Command::new("node").arg(filter).arg(plain))
}
