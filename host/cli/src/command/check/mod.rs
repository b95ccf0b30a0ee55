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
use firstseen::{Detector, LogLevel, RuleReports};

use crate::args::{self, ModuleArgs, RelatedArgs, RuleSet};
use crate::printing::json_line;
use crate::{EXIT_FOUND, message};
use finding::{Finding, findings};
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
///   off       switched off, or deprecated; --include-disabled looks at it all
///             the same;
///   not ours  of a type or language that is not run here, such as ES|QL, or a
///             sequence in EQL;
///   unusable  a file, or something in it, that is no usable rule.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Files or folders of rules: detection-rules TOML, Kibana exports
    /// (NDJSON), or rule JSON; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Leave out what needs no attention: rules that run without a warning, are
    /// off, or are not ours.
    #[arg(short = 'p', long)]
    only_problems: bool,
    /// Form of the report.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    format: Format,
    #[command(flatten)]
    related: RelatedArgs,
    #[command(flatten)]
    module: ModuleArgs,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen check detection-rules/rules
  firstseen check --only-problems my-rules exported.ndjson
  firstseen check --format json rules | jq -r 'select(.status == \"invalid\").file'

Exit status:
  0  every rule that should run does      1  one does not, or something cannot be used
  2  an error";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
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
    pub(crate) fn run(self) -> Result<ExitCode> {
        let rule_set = self.related.load(&args::rule_paths(&self.paths));
        let reports = self.reports(&rule_set)?;
        let findings = findings(&rule_set, &reports);
        let mut out = BufWriter::new(anstream::stdout().lock());
        let shown = findings.iter().filter(|finding| !self.only_problems || finding.needs_attention());
        match self.format {
            Format::Text => {
                text::write(&mut out, shown)?;
                write!(out, "{}", Tally::new(&findings, rule_set.files.len()))?;
            }
            Format::Json => {
                for finding in shown {
                    writeln!(out, "{}", json_line(&finding.to_json().to_string()))?;
                }
            }
        }
        out.flush()?;
        let all_well = !findings.iter().any(Finding::is_fault);
        Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FOUND) })
    }

    /// Asks the module. What it has to say of mappings and exceptions that it
    /// does use goes to standard error.
    fn reports(&self, rule_set: &RuleSet) -> Result<RuleReports> {
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&warnings);
        let builder = Detector::builder(self.module.load()?).limits(self.module.limits()).log(move |logged| {
            if logged.level >= LogLevel::Warn {
                collected.lock().unwrap_or_else(PoisonError::into_inner).push(logged.text.clone());
            }
        });
        let mut reports = rule_set.apply(builder).check()?;
        if rule_set.rules.is_empty() {
            // The built-in rule, which was not asked for.
            reports.rules.clear();
            reports.refusals.clear();
        }
        let warnings = std::mem::take(&mut *warnings.lock().unwrap_or_else(PoisonError::into_inner));
        warnings.iter().for_each(|warning| message::warn(warning));
        Ok(reports)
    }
}
