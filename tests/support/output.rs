//! What a `firstseen` that has ended left behind.

use std::process::ExitStatus;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

/// What only alerts in Kibana's form have.
const MARK: &str = "\"kibana.alert.uuid\"";

/// The end of a run and all that it wrote.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

/// Standard output, taken apart.
#[derive(Debug, Default)]
pub struct Split {
    /// Everything that is no alert, byte for byte.
    pub events: Vec<u8>,
    /// The alerts, without their newlines.
    pub alerts: Vec<String>,
}

/// Takes standard output apart: lines that hold an alert in Kibana's form, and
/// the rest. An alert that was not written to its end counts as neither.
#[must_use]
pub fn split(stdout: &[u8]) -> Split {
    let mut split = Split::default();
    for line in stdout.split_inclusive(|&byte| byte == b'\n') {
        match std::str::from_utf8(line) {
            Ok(text) if text.contains(MARK) => split.alerts.extend(text.strip_suffix('\n').map(str::to_owned)),
            _ => split.events.extend_from_slice(line),
        }
    }
    split
}

/// An alert's id.
///
/// # Errors
///
/// When it is not an alert in Kibana's form.
pub fn id_of(alert: &str) -> Result<String> {
    let document: Map<String, Value> = serde_json::from_str(alert).with_context(|| format!("no object: {alert}"))?;
    let id = document.get("kibana.alert.uuid").and_then(Value::as_str);
    Ok(id.with_context(|| format!("without id: {alert}"))?.to_owned())
}

impl Ran {
    /// The exit code.
    ///
    /// # Errors
    ///
    /// When a signal ended it.
    pub fn code(&self) -> Result<i32> {
        self.status.code().with_context(|| format!("{}; it said: {}", self.status, self.stderr))
    }

    /// Makes sure of the exit code; the error shows what was said.
    ///
    /// # Errors
    ///
    /// When it is another.
    pub fn expect_code(self, code: i32) -> Result<Self> {
        ensure!(self.code()? == code, "exit code {} instead of {code}; it said: {}", self.code()?, self.stderr);
        Ok(self)
    }

    /// Standard output, taken apart.
    #[must_use]
    pub fn split(&self) -> Split {
        split(&self.stdout)
    }

    /// The alerts on standard output, parsed.
    ///
    /// # Errors
    ///
    /// When one is not JSON.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        let parse = |alert: &String| serde_json::from_str(alert).with_context(|| alert.clone());
        self.split().alerts.iter().map(parse).collect()
    }

    /// Standard output as text.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        Ok(std::str::from_utf8(&self.stdout)?)
    }

    /// A number of the summary that `--summary json` writes.
    ///
    /// # Errors
    ///
    /// When there is no such summary or number.
    pub fn count(&self, name: &str) -> Result<u64> {
        let line = self.stderr.lines().find(|line| line.starts_with('{'));
        let line = line.with_context(|| format!("no summary in: {}", self.stderr))?;
        let summary: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        summary.get(name).and_then(Value::as_u64).with_context(|| format!("no {name} in {line}"))
    }
}
