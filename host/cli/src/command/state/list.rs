//! `firstseen state ls`.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use firstseen::ledger::KnownTerm;
use firstseen::printable;
use serde_json::Value;

use super::{each_terms, line, open_existing, rule, time};
use crate::EXIT_FOUND;
use crate::glob::glob;

/// List what was seen: the terms of rules, with their first and last sighting.
///
/// The terms come rule by rule, in order, as they are read: a list may be as long as
/// it likes. One that has expired is there until it is removed. The lines of
/// --format json are those of `export`, and `import` takes them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The state.
    #[arg(value_name = "DIR")]
    state: PathBuf,
    /// The terms of this rule only: the key of its history, or its rule_id.
    #[arg(long, value_name = "KEY")]
    rule: Option<String>,
    /// Only terms with a value like this; `*` is any run of characters.
    #[arg(long, value_name = "GLOB")]
    like: Option<String>,
    /// Form of the list.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    format: Format,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen state ls seen | sort | head        what was seen first
  firstseen state ls --like '/tmp/*' seen
  firstseen state ls --rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee --format json seen | jq -r .term

Exit status:
  0  there is such a term      1  there is none      2  an error";

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// `first sighting  last sighting  rule  term`.
    #[default]
    Text,
    /// {"rule","term","spans_ms","expires_ms"}, one object a line: times in epoch
    /// milliseconds, a span being the first and the last sighting of a stretch in
    /// which no two were further apart than the rule's window.
    Json,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let state = open_existing(&self.state)?;
        let mut out = BufWriter::with_capacity(256 << 10, io::stdout().lock());
        let mut is_found = false;
        for known in rule::called(&*state, self.rule.as_deref())? {
            each_terms(&*state, &known.key, |terms| {
                for term in terms.iter().filter(|term| self.selects(&term.text)) {
                    is_found = true;
                    writeln!(out, "{}", self.format.line(&known.key, term))?;
                }
                Ok(())
            })?;
        }
        out.flush()?;
        Ok(if is_found { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FOUND) })
    }

    fn selects(&self, term: &str) -> bool {
        let Some(pattern) = &self.like else { return true };
        // The module's terms are arrays of values.
        let values: Vec<Value> = serde_json::from_str(term).unwrap_or_default();
        let is_like = |value: &Value| match value {
            Value::String(text) => glob(pattern, text),
            other => glob(pattern, &other.to_string()),
        };
        glob(pattern, term) || values.iter().any(is_like)
    }
}

impl Format {
    fn line(self, rule: &str, term: &KnownTerm) -> String {
        let KnownTerm { text, history } = term;
        match self {
            Self::Text => {
                let [first, last] = [history.first_at_ms(), history.last_at_ms()].map(time::show);
                printable(&format!("{first}  {last}  {rule}  {text}"))
            }
            Self::Json => line::of_term(rule, text, history),
        }
    }
}
