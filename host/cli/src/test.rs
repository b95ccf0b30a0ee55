//! `firstseen test`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::AnsiColor;
use anyhow::{Context, Result};
use clap::ValueEnum;
use similar::{ChangeTag, TextDiff};

use super::EXIT_DIFFERENT;
use super::module::load;
use crate::harness::{Case, Runner, Verdict, find_cases};

/// Run rule tests: folders of events and the alerts they must raise.
///
/// A case is a folder with `events.ndjson` and `expected.ndjson`, and where
/// needed `rule.json` (Kibana rule JSON; one in a folder above serves all cases
/// below it, with none the built-in rule runs), `state.ndjson` (terms known
/// beforehand: {"term":["/usr/bin/bash"],"at":"2026-11-20T00:00:00Z"}) and
/// `now` (arrival time of the events). Times are the events' own.
///
/// An expected alert is a JSON object; the fields it names are compared, "line"
/// is the line of its event.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A case, or a folder of cases.
    dir: PathBuf,
    /// Write what came into expected.ndjson where it differs.
    #[arg(long)]
    bless: bool,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    output: Report,
    /// Run this component instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Report {
    /// For people.
    #[default]
    Text,
    /// One JSON object a case, one line each, for machines.
    Json,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let runner = Runner::new(load(self.module.as_ref())?);
        let (mut passed, mut failed) = (0, 0);
        let mut stdout = anstream::stdout().lock();
        for folder in find_cases(&self.dir)? {
            let verdict = Case::read(&self.dir, &folder)
                .and_then(|case| Ok((runner.run(&case, self.bless)?, case.name)))
                .with_context(|| format!("case {}", folder.display()));
            match &verdict {
                Ok((Verdict::Passed(_) | Verdict::Blessed(_), _)) => passed += 1,
                Ok((Verdict::Failed { .. }, _)) | Err(_) => failed += 1,
            }
            match self.output {
                Report::Text => write!(stdout, "{}", as_text(verdict))?,
                Report::Json => writeln!(stdout, "{}", as_json(verdict))?,
            }
        }
        if matches!(self.output, Report::Text) {
            writeln!(stdout, "{passed} passed, {failed} failed")?;
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DIFFERENT) })
    }
}

fn as_text(verdict: Result<(Verdict, String)>) -> String {
    let good = AnsiColor::Green.on_default();
    let bad = AnsiColor::Red.on_default().bold();
    match verdict {
        Ok((Verdict::Passed(alerts), name)) => format!("{good}ok{good:#}       {name} ({alerts} alerts)\n"),
        Ok((Verdict::Blessed(alerts), name)) => format!("{good}blessed{good:#}  {name} ({alerts} alerts)\n"),
        Ok((Verdict::Failed { expected, actual, is_new }, name)) => {
            let hint = if is_new { "; there is no expected.ndjson, --bless writes one" } else { "" };
            let head = format!(
                "{bad}FAILED{bad:#}   {name}: {} alerts expected, {} came{hint}\n",
                expected.len(),
                actual.len()
            );
            head + &difference(&expected, &actual)
        }
        Err(error) => format!("{bad}FAILED{bad:#}   {error:#}\n"),
    }
}

/// A line diff: `-` expected, `+` what came; equal stretches are cut short.
fn difference(expected: &[String], actual: &[String]) -> String {
    let (missing, extra) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let actual: Vec<&str> = actual.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&expected, &actual);
    let mut text = String::new();
    for group in diff.grouped_ops(1) {
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let line = change.value();
            text += &match change.tag() {
                ChangeTag::Delete => format!("  {missing}- {line}{missing:#}\n"),
                ChangeTag::Insert => format!("  {extra}+ {line}{extra:#}\n"),
                ChangeTag::Equal => format!("    {line}\n"),
            };
        }
    }
    text
}

fn as_json(verdict: Result<(Verdict, String)>) -> serde_json::Value {
    let raw = |lines: Vec<String>| -> Vec<serde_json::Value> {
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    match verdict {
        Ok((Verdict::Passed(alerts), case)) => {
            serde_json::json!({"case": case, "result": "passed", "alerts": alerts})
        }
        Ok((Verdict::Blessed(alerts), case)) => {
            serde_json::json!({"case": case, "result": "blessed", "alerts": alerts})
        }
        Ok((Verdict::Failed { expected, actual, .. }, case)) => {
            serde_json::json!({"case": case, "result": "failed", "expected": raw(expected), "actual": raw(actual)})
        }
        Err(error) => serde_json::json!({"result": "failed", "error": format!("{error:#}")}),
    }
}
