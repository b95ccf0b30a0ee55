//! `firstseen state export`.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::{each_terms, line, open_existing, rule};

/// Write what was seen to standard output, for `import`.
///
/// One JSON object a line: for each rule {"rule","met_ms","first_event_ms"}, since
/// when the state knows it, then for each of its terms
/// {"rule","term","spans_ms","expires_ms"}. Times are epoch milliseconds; "rule" and
/// "term" are texts that hold JSON, so that no program changes them on the way.
///
/// It is what judging needs of the past. Alerts that wait, and what quotas have used
/// up, are not in it: to move a state as a whole, copy its directory.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The state.
    #[arg(value_name = "DIR")]
    state: PathBuf,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen state export seen > seen.ndjson
  firstseen state export seen | ssh other firstseen state import /var/lib/firstseen/seen
  firstseen state export seen | jq -r 'select(.term).term | fromjson | join(\" \")'

Exit status:
  0  all is well      2  an error";

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let state = open_existing(&self.state)?;
        let mut out = BufWriter::with_capacity(256 << 10, io::stdout().lock());
        for rule in rule::all(&*state)? {
            if let Some(since) = rule.since {
                writeln!(out, "{}", line::of_rule(&rule.key, since))?;
            }
            each_terms(&*state, &rule.key, |terms| {
                for term in terms {
                    writeln!(out, "{}", line::of_term(&rule.key, &term.text, &term.history))?;
                }
                Ok(())
            })?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
