//! What the rules see in the events: one pass of the module over all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use firstseen::ledger::{Sighting, Verdict};
use firstseen::{Batch, Error, MalformedLine, RuleSummary, Unjudged, Worker};

use super::scripted::ScriptedLedger;

/// Bytes of events that are shown to the module at a time.
const BATCH_BYTES: usize = 1 << 20;

/// An event as an index holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredEvent {
    /// `_index`, where known; part of the ids of alerts. Else the event's own
    /// `data_stream.*` fields count.
    pub index: Option<String>,
    /// `_id`, part of the ids of alerts; empty where it has none.
    pub id: String,
    /// The event: one JSON object.
    pub text: String,
    /// From when on a search finds it, in epoch milliseconds; none: always.
    pub visible_ms: Option<i64>,
}

impl StoredEvent {
    /// An event of which nothing else is known.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A term in an event that a rule matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// Time of the event by the rule's choice of timestamp field, in epoch
    /// milliseconds.
    pub at_ms: i64,
    /// The event: its place among those of the schedule.
    pub event: usize,
    /// The term, a canonical JSON array.
    pub term: Arc<str>,
    /// The rule's history window at that time, in milliseconds.
    pub window_ms: u64,
}

/// What the rules see in the events.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Per rule, by its place, in order of time, then of the events.
    occurrences: Vec<Vec<Occurrence>>,
    malformed: Vec<MalformedLine>,
    unjudged: Vec<Unjudged>,
}

impl Survey {
    /// The occurrences of a rule's terms in order of time, those of one time in
    /// order of the events. `rule` is its place among the detector's rules.
    pub fn occurrences(&self, rule: usize) -> &[Occurrence] {
        self.occurrences.get(rule).map(Vec::as_slice).unwrap_or_default()
    }

    /// Events that are none; `line` is an event's place.
    pub fn malformed(&self) -> &[MalformedLine] {
        &self.malformed
    }

    /// Events whose detection failed; `line` is an event's place.
    pub fn unjudged(&self) -> &[Unjudged] {
        &self.unjudged
    }

    /// Has the module evaluate all events at `now_ms`, and notes what it sights.
    pub(super) fn take(
        worker: &mut Worker,
        ledger: &ScriptedLedger,
        rules: &[RuleSummary],
        events: &[StoredEvent],
        now_ms: i64,
    ) -> Result<Self, Error> {
        let noted: Arc<Mutex<Vec<Sighting>>> = Arc::default();
        let notes = Arc::clone(&noted);
        ledger.set(move |sighting| {
            notes.lock().unwrap_or_else(PoisonError::into_inner).push(sighting.clone());
            Verdict::Seen
        });
        let mut survey = Self::default();
        for (first, lines, index) in batches(events) {
            // Their places stand for their ids, which need not be unique.
            let count = memchr::memchr_iter(b'\n', lines.as_bytes()).count();
            let ids: Vec<String> = (first..first + count).map(|event| event.to_string()).collect();
            let mut batch = Batch::new(lines.as_bytes(), now_ms).with_ids(ids);
            if let Some(index) = index {
                batch = batch.bound_for(index);
            }
            let outcome = worker.evaluate(&batch)?;
            let malformed = outcome.malformed.into_iter();
            survey.malformed.extend(malformed.map(|line| MalformedLine { line: line.line + first, ..line }));
            let unjudged = outcome.unjudged.into_iter();
            survey.unjudged.extend(unjudged.map(|event| Unjudged { line: event.line + first, ..event }));
        }
        let sightings = std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner));
        survey.sort(sightings, rules);
        Ok(survey)
    }

    /// Puts sightings in order, per rule. Those of an event that trapped in the
    /// end, and those that were noted twice on the way there, go.
    fn sort(&mut self, sightings: Vec<Sighting>, rules: &[RuleSummary]) {
        let places: BTreeMap<&str, usize> = rules.iter().map(|rule| &*rule.history).zip(0..).collect();
        let failed: BTreeSet<usize> =
            self.unjudged.iter().filter(|event| event.rules.is_empty()).map(|event| event.line).collect();
        let mut terms: BTreeSet<Arc<str>> = BTreeSet::new();
        self.occurrences = vec![Vec::new(); rules.len()];
        for sighting in sightings {
            let place = places.get(sighting.history.as_str()).and_then(|&rule| self.occurrences.get_mut(rule));
            // Behind the digest of its bytes.
            let id = sighting.event.split_once(':').map(|(_, id)| id);
            let event = id.and_then(|id| id.parse().ok()).filter(|event| !failed.contains(event));
            let (Some(occurrences), Some(event)) = (place, event) else { continue };
            let term = terms.get(sighting.term.as_str()).cloned().unwrap_or_else(|| sighting.term.into());
            terms.insert(Arc::clone(&term));
            occurrences.push(Occurrence { at_ms: sighting.at_ms, event, term, window_ms: sighting.window_ms });
        }
        for occurrences in &mut self.occurrences {
            occurrences.sort_unstable();
            occurrences.dedup();
        }
    }
}

/// Neighbouring events of one index, as lines: the place of the first, the
/// lines, the index.
fn batches(events: &[StoredEvent]) -> impl Iterator<Item = (usize, String, Option<&str>)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let first = next;
        let index = events.get(first)?.index.as_deref();
        let mut lines = String::new();
        while let Some(event) = events.get(next) {
            let full = !lines.is_empty() && lines.len() + event.text.len() > BATCH_BYTES;
            if event.index.as_deref() != index || full {
                break;
            }
            lines.push_str(&as_line(&event.text));
            lines.push('\n');
            next += 1;
        }
        Some((first, lines, index))
    })
}

/// JSON on one line: outside of strings a line break is white space, and
/// inside there is none.
pub(super) fn as_line(text: &str) -> String {
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_index_go_together() {
        let event = |index: &str, text: &str| StoredEvent { index: Some(index.to_owned()), ..StoredEvent::new(text) };
        let long = "x".repeat(BATCH_BYTES);
        let events = [event("a", "1"), event("a", "{\n}"), event("b", "3"), event("a", &long), event("a", "5")];
        let found: Vec<(usize, usize, Option<&str>)> =
            batches(&events).map(|(first, lines, index)| (first, lines.matches('\n').count(), index)).collect();
        assert_eq!(found, [(0, 2, Some("a")), (2, 1, Some("b")), (3, 1, Some("a")), (4, 1, Some("a"))]);
        assert_eq!(batches(&events).next().unwrap().1, "1\n{ }\n");
        assert_eq!(batches(&[]).count(), 0);
    }
}
