//! `firstseen state forget`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use firstseen::ledger::RECORDS_MAX;

use super::get::term_of;
use super::{open_existing, rule};
use crate::EXIT_FOUND;

/// Forget terms, so that they alert again when they are next seen.
///
/// They are gone for good when the command ends; `export` before keeps a copy. With
/// --all the state also forgets that it ever met the rule, so that it learns anew
/// where `filter` has --learn. What a rule's quota has used up stays used up.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The state.
    #[arg(value_name = "DIR")]
    state: PathBuf,
    /// The rule: the key of its history, or its rule_id.
    #[arg(long, value_name = "KEY")]
    rule: String,
    /// Terms, each a JSON array of its values, or the bare text of a single one.
    #[arg(value_name = "TERM", required_unless_present = "all", conflicts_with = "all")]
    terms: Vec<String>,
    /// All terms of the rule, and since when the state knows it.
    #[arg(long)]
    all: bool,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen state forget --rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee seen /tmp/x/installer
  firstseen state forget --rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee --all seen

Exit status:
  0  something was forgotten      1  there was nothing of it      2  an error";

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let state = open_existing(&self.state)?;
        let rule = rule::one(&*state, &self.rule)?;
        let forgotten = match self.all {
            true => state.forget_rule(&rule.key)?,
            false => {
                let terms: Vec<String> = self.terms.iter().map(|term| term_of(term)).collect();
                let mut forgotten = 0;
                for terms in terms.chunks(RECORDS_MAX) {
                    forgotten += state.forget(&rule.key, terms)?;
                }
                forgotten
            }
        };
        writeln!(anstream::stdout(), "{forgotten} terms forgotten")?;
        let is_something = forgotten > 0 || (self.all && rule.since.is_some());
        Ok(if is_something { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FOUND) })
    }
}
