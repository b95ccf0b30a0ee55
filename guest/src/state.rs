//! What the module asks of the host's state, and what is answered
//! (`wit/state.wit`).

use std::rc::Rc;

/// How many alerts a rule may raise per interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Alerts per interval, at least 1.
    pub max: u32,
    /// Length of an interval in milliseconds, at least 1.
    pub per_ms: u64,
}

impl Quota {
    /// The same, or fewer alerts if there are to be, but one.
    pub(crate) fn at_most(self, max: Option<u64>) -> Self {
        let max = max.map_or(self.max, |max| max.clamp(1, self.max.into()) as u32);
        Self { max, ..self }
    }
}

/// One occurrence of a term in an event that matched a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Key of the rule's history.
    pub history: String,
    /// The term, a canonical JSON array.
    pub term: String,
    /// Time of the event in epoch milliseconds.
    pub at_ms: i64,
    /// Length of the history window in milliseconds.
    pub window_ms: u64,
    /// Identity of the event.
    pub event: String,
    /// The rule's alert quota.
    pub quota: Quota,
}

/// What the state says of a sighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// New: it alerts.
    Unseen,
    /// Known.
    Seen,
    /// New, but the quota is used up.
    Deferred,
    /// This event introduced the term; it alerts again with the same id.
    Replayed,
}

/// What a rule over several events looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its items, `runs` counted out: whether there must be no such event.
    pub is_missing: Vec<bool>,
    /// The longest time from the first event to the last, in milliseconds.
    pub span_ms: u64,
    /// Whether the events may come in any order.
    pub is_sample: bool,
}

/// An event that a rule over several events looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Key of the rule's history.
    pub history: String,
    /// What the rule looks for.
    pub plan: Rc<Plan>,
    /// Time of the event in epoch milliseconds.
    pub at_ms: i64,
    /// What decides between events of one time: texts in the order of their bytes.
    pub tiebreaker: Option<String>,
    /// A digest of the event and its `_id`: 32 hexadecimal digits.
    pub event: String,
    /// Line of the batch, from 0: the host keeps what the batch has of it.
    pub line: u32,
    /// What it is for which key.
    pub keys: Vec<MetKey>,
    /// The rule's alert quota.
    pub quota: Quota,
}

/// What an event is for a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetKey {
    /// The key, a canonical JSON array.
    pub key: String,
    /// The items that it meets, in ascending order.
    pub items: Vec<u16>,
    /// Whether it ends what is unfinished.
    pub is_until: bool,
}

/// A sequence that is complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompletedSequence {
    /// Its key.
    pub key: String,
    /// Its events, by item; none for one that had to be missing.
    pub events: Vec<Option<KeptEvent>>,
}

/// An event that the host has kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptEvent {
    /// The event as it came.
    pub line: String,
    /// Its `_id`, where the wire gave one.
    pub id: Option<String>,
    /// What it was bound for, where that was known.
    pub target: Option<String>,
    /// Arrival of its batch in epoch milliseconds.
    pub arrival_ms: i64,
}

/// What the module asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Was the term sighted within the window?
    Sighting(Sighting),
    /// Which sequences does an event complete?
    Advance(Advance),
}

/// What the host answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The verdict on a sighting.
    Sighting(Verdict),
    /// The sequences that an event completes.
    Completed(Vec<CompletedSequence>),
}

/// The name of the question that rules about single events ask.
pub const SIGHTING: &str = "sighting";

/// The name of the question that sequences and samples ask.
pub const ADVANCE: &str = "advance";

impl Question {
    /// The name of the question, as a host's configuration lists it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sighting(_) => SIGHTING,
            Self::Advance(_) => ADVANCE,
        }
    }
}

impl Answer {
    /// The name of the question that it is an answer to.
    pub fn question(&self) -> &'static str {
        match self {
            Self::Sighting(_) => SIGHTING,
            Self::Completed(_) => ADVANCE,
        }
    }
}
