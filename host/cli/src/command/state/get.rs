//! `firstseen state get`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use firstseen::ledger::History;
use firstseen::printable;
use serde_json::value::RawValue;

use super::{line, open_existing, rule, time};
use crate::EXIT_FOUND;

/// Show what is known of a term: each stretch of its sightings.
///
/// A sighting is no news if one of these stretches lies within the rule's window.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The state.
    #[arg(value_name = "DIR")]
    state: PathBuf,
    /// The rule: the key of its history, or its rule_id.
    #[arg(long, value_name = "KEY")]
    rule: String,
    /// The term: a JSON array of its values, or the bare text of a single one.
    #[arg(value_name = "TERM")]
    term: String,
    /// Form of the answer.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    format: Format,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen state get --rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee seen /usr/bin/bash
  firstseen state get --rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee seen '[\"host-1\",\"/usr/bin/bash\"]'

Exit status:
  0  the term is there      1  it is not      2  an error";

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// The object that `ls` and `export` write.
    Json,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let state = open_existing(&self.state)?;
        let key = rule::one(&*state, &self.rule)?.key;
        let term = term_of(&self.term);
        let Some(history) = state.term(&key, &term)? else { return Ok(ExitCode::from(EXIT_FOUND)) };
        let mut out = anstream::stdout().lock();
        match self.format {
            Format::Text => write!(out, "{}", text(&key, &term, &history))?,
            Format::Json => writeln!(out, "{}", line::of_term(&key, &term, &history))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn text(rule: &str, term: &str, history: &History) -> String {
    let mut text = format!("rule     {}\nterm     {}\n", printable(rule), printable(term));
    for span in history.spans() {
        text += &match span.first == span.last {
            true => format!("seen     {}\n", time::show(span.first)),
            false => format!("seen     {} to {}\n", time::show(span.first), time::show(span.last)),
        };
    }
    text + &format!("expires  {}\n", time::show(history.expires_ms()))
}

/// The term that an argument names, as the state has it: white space between its
/// values does not count.
pub(super) fn term_of(argument: &str) -> String {
    match serde_json::from_str::<Vec<&RawValue>>(argument) {
        Ok(values) => format!("[{}]", values.into_iter().map(RawValue::get).collect::<Vec<_>>().join(",")),
        Err(_) => serde_json::json!([argument]).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_an_array_or_a_bare_text() {
        for (argument, term) in [
            ("/usr/bin/bash", "[\"/usr/bin/bash\"]"),
            ("say \"hi\"\n", "[\"say \\\"hi\\\"\\n\"]"),
            ("[kworker/0:1]", "[\"[kworker/0:1]\"]"),
            ("7", "[\"7\"]"),
            ("[7]", "[7]"),
            (" [ \"a b\" , 1.50 ] ", "[\"a b\",1.50]"),
            ("", "[\"\"]"),
        ] {
            assert_eq!(term_of(argument), term, "{argument}");
        }
    }
}
