//! `firstseen state stats`.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use firstseen::ledger::{KnownRule, Stats, Upkeep};
use firstseen::printable;
use serde_json::{Value, json};

use super::{each_terms, open_existing, rule, time};
use crate::printing::json_line;

/// Say how much was seen: terms of each rule, and since when it is known.
///
/// A rule that is new to a state only learns for a while where `filter` has --learn,
/// and that is counted from the time in the column `known since`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The state.
    #[arg(value_name = "DIR")]
    state: PathBuf,
    /// Form of the answer.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    format: Format,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen state stats seen
  firstseen state stats --format json seen | jq '.rules | max_by(.terms)'

Exit status:
  0  all is well      2  an error";

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// A line for each rule.
    #[default]
    Text,
    /// An object with "terms", "outbox" {"alerts","bytes"} and "rules", each with
    /// "rule", "rule_id", "terms", "met_ms", "first_event_ms", and of the sightings
    /// that are kept "first_ms" and "last_ms"; times in epoch milliseconds.
    Json,
}

/// What there is of a rule.
struct RuleStats {
    rule: KnownRule,
    terms: u64,
    /// The earliest and the latest sighting.
    ends_ms: Option<(i64, i64)>,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let state = open_existing(&self.state)?;
        let size = state.size()?;
        let mut rules = Vec::new();
        for rule in rule::all(&*state)? {
            let stats = RuleStats::count(&*state, rule)?;
            // One that was forgotten is nothing to tell of.
            rules.extend(Some(stats).filter(|stats| stats.terms > 0 || stats.rule.since.is_some()));
        }
        let mut out = BufWriter::new(anstream::stdout().lock());
        match self.format {
            Format::Text => write(&mut out, &size, &rules)?,
            Format::Json => writeln!(out, "{}", json_line(&to_json(&size, &rules).to_string()))?,
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

impl RuleStats {
    fn count(state: &dyn Upkeep, rule: KnownRule) -> Result<Self> {
        let (mut terms, mut ends_ms) = (0, None);
        each_terms(state, &rule.key, |page| {
            for term in page {
                let (first, last) = (term.history.first_at_ms(), term.history.last_at_ms());
                let (earliest, latest) = ends_ms.unwrap_or((first, last));
                ends_ms = Some((first.min(earliest), last.max(latest)));
                terms += 1;
            }
            Ok(())
        })?;
        Ok(Self { rule, terms, ends_ms })
    }

    fn to_json(&self) -> Value {
        let Self { rule, terms, ends_ms } = self;
        json!({
            "rule": rule.key, "rule_id": rule::id(&rule.key), "terms": terms,
            "met_ms": rule.since.map(|since| since.arrival_ms),
            "first_event_ms": rule.since.and_then(|since| since.first_at_ms),
            "first_ms": ends_ms.map(|(first, _)| first), "last_ms": ends_ms.map(|(_, last)| last),
        })
    }
}

fn write(out: &mut impl Write, size: &Stats, rules: &[RuleStats]) -> Result<()> {
    let (alerts, bytes) = (size.outbox.alerts, size.outbox.bytes);
    let terms: u64 = rules.iter().map(|rule| rule.terms).sum();
    writeln!(out, "{terms} terms of {} rules; {alerts} alerts wait in the outbox ({bytes} bytes)", rules.len())?;
    if rules.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{:>9}  {:24}  {:24}  {:24}  rule", "terms", "known since", "first sighting", "last sighting")?;
    for RuleStats { rule, terms, ends_ms } in rules {
        let show = |time_ms: Option<i64>| time_ms.map_or_else(|| "-".to_owned(), time::show);
        let since = show(rule.since.map(|since| since.arrival_ms));
        let [first, last] = [ends_ms.map(|(first, _)| first), ends_ms.map(|(_, last)| last)].map(show);
        writeln!(out, "{terms:>9}  {since:24}  {first:24}  {last:24}  {}", printable(&rule.key))?;
    }
    Ok(())
}

fn to_json(size: &Stats, rules: &[RuleStats]) -> Value {
    json!({
        "terms": rules.iter().map(|rule| rule.terms).sum::<u64>(),
        "outbox": {"alerts": size.outbox.alerts, "bytes": size.outbox.bytes},
        "rules": rules.iter().map(RuleStats::to_json).collect::<Vec<_>>(),
    })
}
