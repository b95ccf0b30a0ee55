//! What the module asks of the host's state, and what is answered
//! (`wit/state.wit`).

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

/// What the module asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Was the term sighted within the window?
    Sighting(Sighting),
}

/// What the host answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The verdict on a sighting.
    Sighting(Verdict),
}

/// The name of the question that every rule of today asks.
pub const SIGHTING: &str = "sighting";

impl Question {
    /// The name of the question, as a host's configuration lists it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sighting(_) => SIGHTING,
        }
    }
}

impl Answer {
    /// The name of the question that it is an answer to.
    pub fn question(&self) -> &'static str {
        match self {
            Self::Sighting(_) => SIGHTING,
        }
    }
}
