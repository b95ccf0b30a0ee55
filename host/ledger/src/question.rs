//! What a module asks of the state, and what is answered (`wit/state.wit`).

use std::sync::Arc;

use super::sequence::{Completed, EventDigest, Kept, SequencePlan, Tiebreaker};

/// What a module asks. A ledger answers all of them, so a further one is a change of
/// this interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Was the term sighted within the window?
    Sighting(Sighting),
    /// Which sequences does an event complete?
    Advance(Advance),
    /// Which sequences of a rule were only waiting for time to pass?
    Release(Release),
}

/// What a ledger answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The verdict on a sighting.
    Sighting(Verdict),
    /// The sequences that are complete, to [`Question::Advance`] and
    /// [`Question::Release`].
    Completed(Vec<CompletedSequence>),
}

/// The names of the questions that the ledgers of this version answer, as a
/// module's configuration lists them.
pub const QUESTIONS: [&str; 1] = ["sighting"];

/// What a rule looks for over several events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Events one after the other.
    Sequence(SequencePlan),
    /// Events in any order.
    Sample {
        /// How many it takes.
        items: u16,
        /// The longest time between two of them, in milliseconds.
        window_ms: u64,
    },
}

/// An event that a rule over several events looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Key of the rule's history, at most [`RULE_BYTES_MAX`](super::RULE_BYTES_MAX)
    /// bytes.
    pub history: String,
    /// What the rule looks for.
    pub plan: Arc<Plan>,
    /// Time of the event in epoch milliseconds.
    pub at_ms: i64,
    /// What decides between events of one time.
    pub tiebreaker: Tiebreaker,
    /// Which event it is.
    pub event: EventDigest,
    /// What is kept of it if a sequence takes it.
    pub kept: Arc<Kept>,
    /// What it is for which key, no key twice, at most
    /// [`KEYS_MAX`](super::KEYS_MAX).
    pub keys: Vec<MetKey>,
    /// The alert quota of the rule.
    pub quota: Quota,
}

/// What an event is for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetKey {
    /// The key: a canonical JSON array of its values, at most
    /// [`TERM_BYTES_MAX`](super::TERM_BYTES_MAX) bytes.
    pub key: String,
    /// The items that it meets, in ascending order.
    pub items: Vec<u16>,
    /// Whether it ends what is unfinished.
    pub is_until: bool,
}

/// Time has passed for a rule over several events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// As [`Advance::history`].
    pub history: String,
    /// What the rule looks for.
    pub plan: Arc<Plan>,
    /// Whether no event follows, so that nothing is waited for.
    pub nothing_follows: bool,
    /// The alert quota of the rule.
    pub quota: Quota,
}

/// A sequence that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedSequence {
    /// Its key.
    pub key: String,
    /// Its events, by item.
    pub events: Completed,
}

/// How many alerts a rule may raise per interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Alerts per interval, at least 1.
    pub max: u32,
    /// Length of an interval in milliseconds, at least 1. Intervals are aligned
    /// to the epoch.
    pub per_ms: u64,
}

impl Quota {
    /// The number of the interval that `at_ms` lies in: `floor(at_ms / per_ms)`.
    ///
    /// An interval length of 0 counts as 1.
    #[must_use]
    pub fn interval(&self, at_ms: i64) -> i64 {
        let number = i128::from(at_ms).div_euclid(i128::from(self.per_ms.max(1)));
        // Its magnitude is at most that of `at_ms`, so it always fits.
        i64::try_from(number).unwrap_or_default()
    }
}

/// One occurrence of a term in an event that matched a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Key of the history, at most [`RULE_BYTES_MAX`](super::RULE_BYTES_MAX)
    /// bytes.
    pub history: String,
    /// The term, at most [`TERM_BYTES_MAX`](super::TERM_BYTES_MAX) bytes.
    pub term: String,
    /// Time of the event in epoch milliseconds.
    pub at_ms: i64,
    /// How long a sighting keeps the term known, in milliseconds.
    pub window_ms: u64,
    /// Identity of the event. Of use only to ledgers that cannot commit sightings
    /// together with alerts; those here ignore it.
    pub event: String,
    /// The alert quota of the rule.
    pub quota: Quota,
}

/// What the state says of a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not sighted within the window: recorded, one unit of quota used.
    Unseen,
    /// Known, or held back while the rule is learning: recorded, no alert.
    Seen,
    /// Not known, but the quota of the interval is used up, or the outbox is full:
    /// nothing recorded.
    Deferred,
    /// This event introduced the term before and its alert may be lost. Never
    /// answered by a ledger that commits sightings together with alerts.
    Replayed,
}

impl Question {
    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Sighting(sighting) => {
                size_of::<Self>() + sighting.history.len() + sighting.term.len() + sighting.event.len()
            }
            Self::Advance(advance) => {
                let of_key = |met: &MetKey| size_of::<MetKey>() + met.key.len() + size_of_val(&*met.items);
                size_of::<Self>() + advance.history.len() + advance.keys.iter().map(of_key).sum::<usize>()
            }
            Self::Release(release) => size_of::<Self>() + release.history.len(),
        }
    }
}
