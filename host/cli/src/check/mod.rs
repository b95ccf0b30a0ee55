//! `firstseen check`.

mod finding;
mod history;
mod tally;
mod text;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use clap::ValueEnum;

use super::module::load;
use super::printing::json_line;
use super::rule_args::{Loaded, WithArgs};
use super::{EXIT_DIFFERENT, say};
use finding::{Finding, findings};
use firstseen::{Detector, LogLevel, RuleReports};
use tally::Tally;

/// Say what becomes of each rule: whether it runs, and if not, why.
///
/// One line a rule, with the cause beneath where a rule that should run does
/// not, and warnings about what its author may not want. A summary by type
/// comes at the end.
///
/// A rule either runs in full, or not at all. It is
///
///   runs      ready to run;
///   refused   wrong, or in need of something that is not supported;
///   off       switched off, or deprecated;
///   not ours  of a type or language that is not run here, such as EQL;
///   unusable  a file, or something in it, that is no usable rule.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, after_long_help = AFTER_HELP)]
pub(super) struct Args {
    /// Files or folders of rules: detection-rules TOML, Kibana exports
    /// (NDJSON), or rule JSON.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    with: WithArgs,
    /// Leave out what needs no attention: rules that run without a warning, are
    /// off, or are not ours.
    #[arg(short = 'p', long)]
    only_problems: bool,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t)]
    output: Report,
    /// Ask this component instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen check detection-rules/rules
  firstseen check --only-problems my-rules exported.ndjson
  firstseen check --output json rules | jq -r 'select(.status == \"invalid\").file'

Exit status:
  0  every rule that should run does      1  one does not, or something cannot be used
  2  an error";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Report {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line. Each has "file" and "status": runs, not_ours,
    /// disabled, unsupported, invalid or unusable, and where they are known
    /// "line", "column", "rule_id", "name", "type", "field", "cause", "hint",
    /// "warnings", "new_terms_fields" and "window_ms".
    Json,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let loaded = self.with.load(&self.paths);
        let reports = self.reports(&loaded)?;
        let findings = findings(&loaded, &reports);
        let mut out = BufWriter::new(anstream::stdout().lock());
        let shown = findings.iter().filter(|finding| !self.only_problems || finding.needs_attention());
        match self.output {
            Report::Text => {
                text::write(&mut out, shown)?;
                write!(out, "{}", Tally::new(&findings, loaded.files.len()))?;
            }
            Report::Json => {
                for finding in shown {
                    writeln!(out, "{}", json_line(&finding.to_json().to_string()))?;
                }
            }
        }
        out.flush()?;
        let all_well = !findings.iter().any(Finding::is_fault);
        Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DIFFERENT) })
    }

    /// Asks the module. What it has to say of mappings and exceptions that it
    /// does use goes to standard error.
    fn reports(&self, loaded: &Loaded) -> Result<RuleReports> {
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&warnings);
        let builder = Detector::builder(load(self.module.as_ref())?).log(move |message| {
            if message.level >= LogLevel::Warn {
                collected.lock().unwrap_or_else(PoisonError::into_inner).push(message.text.clone());
            }
        });
        let mut reports = loaded.apply(builder).check()?;
        if loaded.rules.is_empty() {
            // The built-in rule, which was not asked for.
            reports.rules.clear();
            reports.refusals.clear();
        }
        let warnings = std::mem::take(&mut *warnings.lock().unwrap_or_else(PoisonError::into_inner));
        warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
        Ok(reports)
    }
}
