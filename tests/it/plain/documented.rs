//! The host in Python that `wit/README.md` shows.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use firstseen_tests::needs::missing;
use firstseen_tests::running::Running;
use firstseen_tests::{data, repository};
use serde_json::Value;

use super::{SHAPES, module};
use crate::other_host::python;

#[test]
fn the_host_of_the_page_runs() -> Result<()> {
    let python = match python() {
        Ok(python) => python,
        Err(error) => return missing(format_args!("there is no Python with Wasmtime: {error:#}")),
    };
    let page = fs::read_to_string(repository("wit/README.md"))?;
    let (_, rest) = page.split_once("```python\n").context("no Python on the page")?;
    let (code, _) = rest.split_once("```").context("it has no end")?;
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("plain.wasm");
    fs::write(&path, module(SHAPES[0])?)?;
    let events = fs::File::open(data("dpkg-i-recorded.ndjson"))?;
    let mut command = Command::new(python);
    command.args(["-c", code]).arg(&path).stdin(events).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = Running::new(command.spawn()?).finish()?.expect_code(0)?;
    let alert: Value = serde_json::from_str(ran.text()?.lines().next().context("it writes nothing")?)?;
    ensure!(alert.get("kibana.alert.uuid").is_some(), "{alert}");
    Ok(())
}
