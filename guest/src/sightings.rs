//! The state the host keeps, as the rules see it (`wit/sightings.wit`).

/// How many alerts a rule may raise per interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Alerts per interval, at least 1.
    pub max: u32,
    /// Length of an interval in milliseconds, at least 1.
    pub per_ms: u64,
}

/// One occurrence of a term in an event that matched a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Key of the rule's history.
    pub rule: String,
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

/// The host's state.
pub trait Sightings {
    /// Judges and records sightings in order, one verdict each.
    ///
    /// # Errors
    ///
    /// The host's reason why nothing was judged or recorded.
    fn observe(&mut self, batch: &[Sighting]) -> Result<Vec<Verdict>, String>;
}
