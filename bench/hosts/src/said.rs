//! The program of a host, and what it says of itself.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use firstseen_tests::running::Running;
use serde::Deserialize;

/// A line that programs end with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) host: String,
    pub(crate) runtime: String,
    /// How many rules run.
    pub(crate) rules: usize,
    pub(crate) events_per_second: f64,
    /// How much of its core it took meanwhile.
    pub(crate) core_share: f64,
    /// Alerts of the first pass over the events.
    pub(crate) alerts: u64,
    /// From the start of its work to its first batch.
    pub(crate) ready_ms: f64,
}

/// Runs a program with the files of events and rules as its last arguments.
pub(crate) fn run(program: &[OsString], events: &Path, rules: Option<&Path>) -> Result<Said> {
    let (name, arguments) = program.split_first().context("a program without a name")?;
    let mut command = Command::new(name);
    command.args(arguments).arg(events).args(rules);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let ran = Running::new(child.with_context(|| format!("{command:?}"))?).finish()?;
    parse(ran.expect_code(0)?.text()?)
}

fn parse(text: &str) -> Result<Said> {
    let said: Said = serde_json::from_str(text).with_context(|| format!("it said {text:?}"))?;
    ensure!(said.events_per_second > 0.0 && said.core_share > 0.0, "nothing was measured: {text}");
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_understood_or_refused() {
        let line = |rate: &str| {
            format!(
                r#"{{"host":"Go","runtime":"wazero 1.0.0","rules":1,"events_per_second":{rate},"core_share":0.5,"alerts":2,"ready_ms":3.5}}"#
            ) + "\n"
        };
        assert_eq!(parse(&line("4")).unwrap().events_per_second, 4.0);
        for wrong in [line("0"), line("null"), String::new(), line("4").replace("alerts", "alarms")] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn files_are_the_last_arguments() {
        let program = ["sh", "-c", r#"test "$1 $2" = "events rules" && exit 7"#, "speed"].map(OsString::from);
        let error = run(&program, Path::new("events"), Some(Path::new("rules"))).unwrap_err();
        assert!(error.to_string().contains("exit code 7"), "{error:#}");
    }
}
