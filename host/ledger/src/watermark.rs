//! How far the times of events have come.

use std::collections::BTreeSet;

use super::sequence::EventDigest;

/// So many events have to lie at a time or after it before it counts as passed.
pub const WATERMARK_EVENTS: usize = 100;

/// How far the times of events have come, for a clock that goes by them: the latest
/// time that [`WATERMARK_EVENTS`] different events have reached. Fewer than so many
/// cannot push it, whatever times they say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Watermark(BTreeSet<(i64, EventDigest)>);

impl Watermark {
    /// Takes an event into account.
    pub(super) fn note(&mut self, at_ms: i64, event: EventDigest) {
        self.0.insert((at_ms, event));
        if self.0.len() > WATERMARK_EVENTS {
            self.0.pop_first();
        }
    }

    /// The time that has passed; none before there are events enough.
    pub(super) fn passed_ms(&self) -> Option<i64> {
        let (at_ms, _) = self.0.first()?;
        (self.0.len() >= WATERMARK_EVENTS).then_some(*at_ms)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        postcard::to_allocvec(&self.0).unwrap_or_default()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_events_do_not_push_it() {
        let mut watermark = Watermark::default();
        for number in 0..99 {
            watermark.note(4_000_000_000_000, EventDigest(number));
            // The same event again is no other one.
            watermark.note(4_000_000_000_000, EventDigest(number));
        }
        assert_eq!(watermark.passed_ms(), None);
        watermark.note(1_000, EventDigest(1_000));
        assert_eq!(watermark.passed_ms(), Some(1_000));
        watermark.note(-5, EventDigest(1_001));
        assert_eq!(watermark.passed_ms(), Some(1_000));
        watermark.note(2_000, EventDigest(1_002));
        assert_eq!(watermark.passed_ms(), Some(2_000));
        assert_eq!(Watermark::from_bytes(&watermark.to_bytes()), Some(watermark));
    }
}
