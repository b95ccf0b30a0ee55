//! Why a case gives something else than Kibana gave.

use std::collections::BTreeSet;

use anyhow::Result;

use super::case::Case;
use super::replay::Replayed;
use super::stream::Streamed;

/// Kibana does it wrong.
pub(super) const DEFECT: &str = "defect";
/// Times are compared in milliseconds.
pub(super) const MILLISECONDS: &str = "milliseconds";
/// The rule was edited between two runs.
pub(super) const EDITED: &str = "rule-edited";
/// No run of the case looks at an event that the stream alerts on.
pub(super) const BETWEEN_RUNS: &str = "between-runs";
/// There are more new terms than `max_signals`.
pub(super) const MAX_SIGNALS: &str = "max-signals";
/// Another event is the source.
pub(super) const OLDEST: &str = "oldest";
/// Kibana alerts on a term again.
pub(super) const SECOND_ALERT: &str = "second-alert";
/// Kibana has forgotten a term that was seen within the window.
pub(super) const WINDOW: &str = "window";

pub(super) const ALL: [&str; 8] =
    [DEFECT, MILLISECONDS, EDITED, BETWEEN_RUNS, MAX_SIGNALS, OLDEST, SECOND_ALERT, WINDOW];

/// Why a case may differ on Kibana's schedule: what is not copied.
pub(super) fn of_schedule(case: &Case) -> Option<&'static str> {
    if case.is_defect() {
        return Some(DEFECT);
    }
    case.mappings.values().any(|kind| kind == "date_nanos").then_some(MILLISECONDS)
}

/// An alert by its event's place and its term.
type Alerts<'a> = BTreeSet<(usize, &'a str)>;

/// Why the stream of a case differs from its schedule: the first reason that
/// accounts for all of it.
pub(super) fn of_stream(case: &Case, replayed: &Replayed, streamed: &Streamed) -> Result<Option<&'static str>> {
    if let Some(reason) = of_schedule(case) {
        return Ok(Some(reason));
    }
    let mut executions = case.executions()?.into_iter().map(|execution| execution.rule_override);
    let first = executions.next();
    if executions.any(|rule_override| Some(rule_override) != first) {
        return Ok(Some(EDITED));
    }
    let kibana: Alerts<'_> =
        replayed.alerts.alerts().iter().map(|alert| (alert.event, alert.stored.term.as_str())).collect();
    let stream: Alerts<'_> = streamed.alerts.iter().map(|alert| (alert.event, alert.term.as_str())).collect();
    if kibana == stream {
        return Ok(None);
    }
    let (mut only_kibana, mut only_stream) = (kibana.difference(&stream), stream.difference(&kibana));
    let known = |&(event, term): &(usize, &str)| is_known(replayed, event, term);

    Ok(if streamed.deferred > 0 || !replayed.warnings.is_empty() {
        Some(MAX_SIGNALS)
    } else if kibana.is_subset(&stream) {
        only_stream.all(|&(event, _)| !is_looked_at(replayed, event)).then_some(BETWEEN_RUNS)
    } else if terms(&kibana) == terms(&stream) {
        Some(OLDEST)
    } else if stream.is_subset(&kibana) && only_kibana.all(known) {
        let distinct: BTreeSet<&str> = terms(&kibana).into_iter().collect();
        let once = distinct.into_iter().eq(terms(&stream));
        Some(if once { SECOND_ALERT } else { WINDOW })
    } else {
        None
    })
}

/// The terms of alerts, sorted, one that has several as often.
fn terms<'a>(alerts: &Alerts<'a>) -> Vec<&'a str> {
    let mut terms: Vec<&str> = alerts.iter().map(|&(_, term)| term).collect();
    terms.sort_unstable();
    terms
}

/// Whether a run judges an event.
fn is_looked_at(replayed: &Replayed, event: usize) -> bool {
    let within = |at_ms: i64| replayed.ranges.iter().any(|range| range.from_ms < at_ms && at_ms <= range.to_ms);
    replayed.at_ms(event).is_some_and(within)
}

/// Whether the term of an event is in another one within the window.
fn is_known(replayed: &Replayed, event: usize, term: &str) -> bool {
    let of_term = || replayed.occurrences.iter().filter(|occurrence| *occurrence.term == *term);
    let Some(own) = of_term().find(|occurrence| occurrence.event == event) else { return false };
    of_term().any(|other| other.event != event && own.at_ms.abs_diff(other.at_ms) <= own.window_ms)
}
