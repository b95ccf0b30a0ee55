//! What a module asks of the state, and what is answered (`wit/state.wit`).

/// What a module asks. A ledger answers all of them, so a further one is a change of
/// this interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Was the term sighted within the window?
    Sighting(Sighting),
}

/// What a ledger answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The verdict on a sighting.
    Sighting(Verdict),
}

/// The names of the questions that the ledgers of this version answer, as a
/// module's configuration lists them.
pub const QUESTIONS: [&str; 1] = ["sighting"];

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
        }
    }
}
