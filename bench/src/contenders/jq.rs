//! `jq -c` with the built-in rule's query: a process of its own, start-up
//! included.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use super::{Contender, Ran};
use crate::events::Portion;

const CONDITION: &str = r#"select(.host.os.type == "linux" and (.event.category | index("process"))
    and (.event.type | index("start"))
    and (.event.action | . == "exec" or (type == "array" and index("exec")))
    and .process.name == "dpkg" and (.process.args | index("-i") or index("--install")))"#;

pub(crate) struct Jq {
    input: PathBuf,
    events: usize,
}

impl Jq {
    pub(crate) fn new(scratch: &Path) -> Self {
        Self { input: scratch.join("jq.ndjson"), events: 0 }
    }

    /// What the installed jq calls itself; none if there is no jq.
    pub(crate) fn version() -> Option<String> {
        let output = Command::new("jq").arg("--version").output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Contender for Jq {
    fn prepare(&mut self, events: Portion<'_>) -> Result<()> {
        if self.events != events.len() {
            fs::write(&self.input, events.bytes())?;
            self.events = events.len();
        }
        Ok(())
    }

    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let mut jq = Command::new("jq");
        jq.args(["-c", CONDITION]).stdin(File::open(&self.input)?).stderr(Stdio::inherit());
        let output = jq.output()?;
        ensure!(output.status.success(), "jq: {}", output.status);
        Ok(Ran::over(events, memchr::memchr_iter(b'\n', &output.stdout).count() as u64))
    }
}
