//! `firstseen test`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::AnsiColor;
use anyhow::Result;
use clap::ValueEnum;
use firstseen::{Detector, LogLevel, printable};
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use crate::args::{AlertArgs, EvaluationArgs, ModuleArgs, RuleArgs, faults};
use crate::harness::{Case, CaseReport, CaseResult, Runner, case_name, find_cases};
use crate::printing::{json_line, printable_text};
use crate::{EXIT_FOUND, message};

/// Run rule tests: folders of events and the alerts they must raise.
///
/// A case is a folder with `events.ndjson` and `expected.ndjson`, and where
/// needed `state.ndjson` (terms known beforehand:
/// {"term":["/usr/bin/bash"],"at":"2026-11-20T00:00:00Z"}) and `now` (arrival
/// time of the events).
///
/// The rule it tests is in a file of its own beside them, of any name:
/// detection-rules TOML, a Kibana export, or rule JSON. It runs even if it is
/// switched off. `exceptions.ndjson`, `mapping.json` and the files of a folder
/// `value_lists` belong to it, beside what options give. Of each of them one in a
/// folder above serves all cases below it. Without a file of rules those of
/// --rules run, or the built-in one; the report says which.
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
        let builder = |case: &str| {
            let prefix = if case.is_empty() { String::new() } else { format!("case {case}: ") };
            self.alert
                .apply(Detector::builder(module.clone()))
                .limits(self.module.limits())
                .line_bytes_max(self.evaluation.line_bytes_max)
                .log(move |logged| {
                    if logged.level >= LogLevel::Warn {
                        message::warn(&format!("{prefix}{}", logged.text));
                    }
                })
        };
        let reports = rule_set.apply(builder("")).check()?;
        rule_set.report(&reports.rules, &reports.refusals, &reports.unusable, self.rules.strict)?;

        let runner = Runner {
            builder: &builder,
            given: &self.rules,
            rule_set: &rule_set,
            faults: &faults(&rule_set.problems, reports.refusals.iter().chain(&reports.unusable)),
            index: self.evaluation.index.as_deref(),
            now_ms: self.evaluation.now_ms,
        };
        let (mut passed, mut failed) = (0, 0);
        let mut stdout = anstream::stdout().lock();
        for folder in find_cases(&self.dir)? {
            let name = case_name(&self.dir, &folder);
            let report = Case::read(&self.dir, &folder, &name).and_then(|case| runner.run(&case, self.bless));
            match report.as_ref().map(|report| &report.result) {
                Ok(CaseResult::Passed(_) | CaseResult::Blessed(_)) => passed += 1,
                Ok(CaseResult::Failed { .. }) | Err(_) => failed += 1,
            }
            match self.format {
                Format::Text => write!(stdout, "{}", as_text(&name, report))?,
                Format::Json => writeln!(stdout, "{}", json_line(&as_json(&name, report).to_string()))?,
            }
        }
        if self.format == Format::Text {
            writeln!(stdout, "{passed} passed, {failed} failed")?;
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FOUND) })
    }
}

fn as_text(case: &str, report: Result<CaseReport>) -> String {
    let good = AnsiColor::Green.on_default();
    let bad = AnsiColor::Red.on_default().bold();
    let case = printable_text(case);
    let report = match report {
        Ok(report) => report,
        Err(error) => return format!("{bad}FAILED{bad:#}   {case}: {}\n", printable_text(&format!("{error:#}"))),
    };
    let rules = rules_text(&report);
    match report.result {
        CaseResult::Passed(alerts) => format!("{good}ok{good:#}       {case} ({alerts} alerts; {rules})\n"),
        CaseResult::Blessed(alerts) => format!("{good}blessed{good:#}  {case} ({alerts} alerts; {rules})\n"),
        CaseResult::Failed { expected, actual, is_new } => {
            let hint = if is_new { "; there is no expected.ndjson, --bless writes one" } else { "" };
            let head = format!(
                "{bad}FAILED{bad:#}   {case}: {} alerts expected, {} came ({rules}){hint}\n",
                expected.len(),
                actual.len()
            );
            head + &difference(&expected, &actual)
        }
    }
}

/// What was tested: a rule by its name, more by their number.
fn rules_text(report: &CaseReport) -> String {
    let rules = match report.rules.as_slice() {
        [rule] => format!("rule {}", printable(&rule.name)),
        rules => format!("{} rules", rules.len()),
    };
    if report.is_built_in { format!("{rules}, built in") } else { rules }
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
            let line = json_line(change.value());
            text += &match change.tag() {
                ChangeTag::Delete => format!("  {missing}- {line}{missing:#}\n"),
                ChangeTag::Insert => format!("  {extra}+ {line}{extra:#}\n"),
                ChangeTag::Equal => format!("    {line}\n"),
            };
        }
    }
    text
}

fn as_json(case: &str, report: Result<CaseReport>) -> Value {
    let raw = |lines: Vec<String>| -> Vec<Value> {
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let CaseReport { rules, is_built_in, result } = match report {
        Ok(report) => report,
        Err(error) => return json!({"case": case, "result": "failed", "error": format!("{error:#}")}),
    };
    let mut object = match result {
        CaseResult::Passed(alerts) => json!({"case": case, "result": "passed", "alerts": alerts}),
        CaseResult::Blessed(alerts) => json!({"case": case, "result": "blessed", "alerts": alerts}),
        CaseResult::Failed { expected, actual, .. } => {
            json!({"case": case, "result": "failed", "expected": raw(expected), "actual": raw(actual)})
        }
    };
    let rules: Vec<Value> = rules.iter().map(|rule| json!({"rule_id": rule.rule_id, "name": rule.name})).collect();
    if let Some(object) = object.as_object_mut() {
        object.insert("rules".to_owned(), rules.into());
        object.insert("built_in".to_owned(), is_built_in.into());
    }
    object
}
