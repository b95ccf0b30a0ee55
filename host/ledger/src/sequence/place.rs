//! Events as sequences take them: where each stands, and what is kept of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where an event stands among those of its key: by time, then by tiebreaker, then
/// by arrival (Elasticsearch's `Ordinal`, which has the order in a shard for the
/// last).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Time of the event in epoch milliseconds.
    pub at_ms: i64,
    /// What decides between events of one time.
    pub tiebreaker: Tiebreaker,
    /// How many events of the key came before it.
    pub arrival: u64,
}

/// What decides between events of one time: a text by its bytes; an event without
/// one stands behind all others.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tiebreaker {
    /// The value of the rule's `tiebreaker_field`, in a form whose bytes are in its order.
    Known(Box<str>),
    /// There is none.
    #[default]
    Missing,
}

/// What stands for an event: a digest of its bytes and of its `_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventDigest(pub u128);

/// What is kept of an event until its sequence is complete: all that the alert
/// needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The event as it came.
    pub line: Box<str>,
    /// Its `_id`, where the wire gave one.
    pub id: Option<Box<str>>,
    /// What it was bound for, where that was known.
    pub target: Option<Box<str>>,
    /// Arrival of its batch in epoch milliseconds.
    pub arrival_ms: i64,
}

impl Kept {
    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        size_of::<Self>() + self.line.len() + length(&self.id) + length(&self.target)
    }
}

/// An event that a sequence has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Where it stands.
    pub place: Place,
    /// Which event it is.
    pub event: EventDigest,
    /// What is kept of it.
    pub kept: Arc<Kept>,
}
