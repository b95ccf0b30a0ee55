//! `firstseen test`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::AnsiColor;
use anyhow::{Context, Result};
use clap::ValueEnum;
use firstseen::{Detector, Document, LogLevel};
use similar::{ChangeTag, TextDiff};

use crate::args::{AlertArgs, EvaluationArgs, ModuleArgs, RuleArgs};
use crate::harness::{Case, CaseResult, Runner, find_cases};
use crate::{EXIT_FOUND, message};

/// Run rule tests: folders of events and the alerts they must raise.
///
/// A case is a folder with `events.ndjson` and `expected.ndjson`, and where
/// needed `rule.json` (Kibana rule JSON; one in a folder above serves all cases
/// below it, with none the rules of --rules run, or the built-in one),
/// `state.ndjson` (terms known beforehand:
/// {"term":["/usr/bin/bash"],"at":"2026-11-20T00:00:00Z"}) and `now` (arrival
/// time of the events).
///
/// The other options are those of `firstseen filter`: give what will be given
/// there. Times are the events' own, unless --clock says otherwise.
///
/// An expected alert is a JSON object; the fields it names are compared, "line"
/// is the line of its event.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = AFTER_HELP,
    mut_arg("clock", |clock| clock.default_value("event")),
    mut_arg("now_ms", |now| now.help("Arrival time of the events of cases without a `now`, else the latest @timestamp \
        among them: 2026-11-24T12:00:00Z").long_help(None::<&str>))
)]
pub(crate) struct Args {
    /// A case, or a folder of cases.
    dir: PathBuf,
    /// Write what came into expected.ndjson where it differs.
    #[arg(long)]
    bless: bool,
    /// Form of the report.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    format: Format,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    evaluation: EvaluationArgs,
    #[command(flatten)]
    alert: AlertArgs,
    #[command(flatten)]
    module: ModuleArgs,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen test my-rules/
  firstseen test --rules rules --exceptions exceptions.ndjson my-cases/
  firstseen test --bless my-rules/new-rule

Exit status:
  0  every case passed      1  one did not      2  an error";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a case, one line each, for machines.
    Json,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let (module, rule_set) = self.rules.load(&self.module)?;
        let builder = |rule: Option<&Document>| {
            let builder = self
                .alert
                .apply(Detector::builder(module.clone()))
                .limits(self.module.limits())
                .line_bytes_max(self.evaluation.line_bytes_max);
            match rule {
                Some(rule) => rule_set.apply_related(builder.rules([rule.clone()])),
                None => rule_set.apply(builder),
            }
        };
        let reports = builder(None)
            .log(|logged| {
                if logged.level >= LogLevel::Warn {
                    message::warn(&logged.text);
                }
            })
            .check()?;
        rule_set.report(&reports.rules, &reports.refusals, &reports.unusable, self.rules.strict)?;

        let runner =
            Runner { builder: &builder, index: self.evaluation.index.as_deref(), now_ms: self.evaluation.now_ms };
        let (mut passed, mut failed) = (0, 0);
        let mut stdout = anstream::stdout().lock();
        for folder in find_cases(&self.dir)? {
            let result = Case::read(&self.dir, &folder)
                .and_then(|case| Ok((runner.run(&case, self.bless)?, case.name)))
                .with_context(|| format!("case {}", folder.display()));
            match &result {
                Ok((CaseResult::Passed(_) | CaseResult::Blessed(_), _)) => passed += 1,
                Ok((CaseResult::Failed { .. }, _)) | Err(_) => failed += 1,
            }
            match self.format {
                Format::Text => write!(stdout, "{}", as_text(result))?,
                Format::Json => writeln!(stdout, "{}", as_json(result))?,
            }
        }
        if self.format == Format::Text {
            writeln!(stdout, "{passed} passed, {failed} failed")?;
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FOUND) })
    }
}

fn as_text(result: Result<(CaseResult, String)>) -> String {
    let good = AnsiColor::Green.on_default();
    let bad = AnsiColor::Red.on_default().bold();
    match result {
        Ok((CaseResult::Passed(alerts), name)) => format!("{good}ok{good:#}       {name} ({alerts} alerts)\n"),
        Ok((CaseResult::Blessed(alerts), name)) => format!("{good}blessed{good:#}  {name} ({alerts} alerts)\n"),
        Ok((CaseResult::Failed { expected, actual, is_new }, name)) => {
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

fn as_json(result: Result<(CaseResult, String)>) -> serde_json::Value {
    let raw = |lines: Vec<String>| -> Vec<serde_json::Value> {
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    match result {
        Ok((CaseResult::Passed(alerts), case)) => {
            serde_json::json!({"case": case, "result": "passed", "alerts": alerts})
        }
        Ok((CaseResult::Blessed(alerts), case)) => {
            serde_json::json!({"case": case, "result": "blessed", "alerts": alerts})
        }
        Ok((CaseResult::Failed { expected, actual, .. }, case)) => {
            serde_json::json!({"case": case, "result": "failed", "expected": raw(expected), "actual": raw(actual)})
        }
        Err(error) => serde_json::json!({"result": "failed", "error": format!("{error:#}")}),
    }
}
