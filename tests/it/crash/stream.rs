//! Events for the crash tests: 20,000 of about 3 KB.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use firstseen_tests::endpoint_events::{Mix, write_events};
use serde_json::Value;

use super::runs::Run;

/// The interval of the rule's quota.
const INTERVAL_MS: i64 = 5 * 60_000;

/// Writes the events: new parents at leisure, then more of them than the quota
/// allows, then a stretch in which those put off come again.
pub(super) fn write(path: &Path) -> Result<()> {
    let leisurely =
        Mix { seed: 1, events: 8000, install_every: 20, parents: 150, start_ms: 1_795_500_000_000, step_ms: 150 };
    let dense = Mix { seed: 2, events: 8000, install_every: 10, parents: 500, step_ms: 60, ..after(&leisurely) };
    let calm = Mix { seed: 3, events: 4000, install_every: 5, step_ms: 300, ..after(&dense) };
    let mut file = File::create(path)?;
    for mix in [leisurely, dense, calm] {
        write_events(&mix, &mut file)?;
    }
    Ok(file.flush()?)
}

/// A mix that begins where another ends.
fn after(mix: &Mix) -> Mix {
    let length = i64::try_from(mix.events * mix.step_ms).unwrap_or(i64::MAX);
    Mix { start_ms: mix.start_ms + length, ..mix.clone() }
}

/// How many alerts each interval of the quota has.
pub(super) fn per_interval(run: &Run) -> Result<Vec<usize>> {
    let mut intervals: BTreeMap<String, usize> = BTreeMap::new();
    for (_, document) in &run.alerts {
        let alert: Value = serde_json::from_str(document)?;
        let time = alert.get("kibana.alert.original_time").and_then(Value::as_str).context("no time")?;
        *intervals.entry(interval(time).with_context(|| time.to_owned())?).or_default() += 1;
    }
    Ok(intervals.into_values().collect())
}

/// The interval of a time such as `2026-11-24T12:34:56.789Z`: the intervals are
/// aligned to the epoch, so to the hours too.
fn interval(time: &str) -> Option<String> {
    let minute: i64 = time.get(14..16)?.parse().ok()?;
    Some(format!("{}{:02}", time.get(..14)?, minute - minute % (INTERVAL_MS / 60_000)))
}
