//! Which events of a key were met.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::EventDigest;

/// How many events of a key are remembered, the last ones: one that comes again is
/// not taken again.
pub const DIGESTS_MAX: usize = 1_000;

/// The last events of a key that were met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Digests(VecDeque<EventDigest>);

impl Digests {
    pub(super) fn contains(&self, event: EventDigest) -> bool {
        self.0.contains(&event)
    }

    /// Remembers an event; false if it is remembered already.
    pub(super) fn note(&mut self, event: EventDigest) -> bool {
        if self.contains(event) {
            return false;
        }
        if self.0.len() >= DIGESTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(event);
        true
    }
}
