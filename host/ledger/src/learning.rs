//! How long a new rule only learns.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Since;

/// How long a rule that is new to the state only learns, and by which clock.
///
/// While a rule learns, what is unseen is recorded but answered as seen, so it
/// raises no alert and uses no quota. A length of 0 turns learning off.
#[derive(Debug, Clone)]
pub struct Learning {
    for_ms: u64,
    clock: Clock,
    /// Lengths of their own, by the keys of histories.
    lengths: Option<Arc<BTreeMap<String, u64>>>,
}

#[derive(Debug, Clone, Copy)]
enum Clock {
    Arrival,
    Event,
}

impl Learning {
    /// No learning: what is unseen counts from the first event on.
    pub const NONE: Self = Self::by_arrival(0);

    /// Learning by the clock of this machine, for live events: while a batch
    /// arrives less than `for_ms` milliseconds after the one at which the state
    /// first met the rule, or before that one.
    ///
    /// The times inside events play no part, so an event with a forged time can
    /// neither end the learning early nor be held back after it.
    #[must_use]
    pub const fn by_arrival(for_ms: u64) -> Self {
        Self { for_ms, clock: Clock::Arrival, lengths: None }
    }

    /// Learning by the times inside the events, for the replay of recordings:
    /// while an event's time is less than `for_ms` milliseconds after that of
    /// the rule's first sighting in this state, itself included.
    ///
    /// An event from before the first sighting, however early, is learned too,
    /// for a recording need not be in order. Arrival plays no part. The times
    /// are believed, so this is not for live events.
    #[must_use]
    pub const fn by_event(for_ms: u64) -> Self {
        Self { for_ms, clock: Clock::Event, lengths: None }
    }

    /// The same, but for these histories, by their keys, with lengths of their own, in
    /// milliseconds.
    #[must_use]
    pub fn with_lengths(mut self, lengths: impl IntoIterator<Item = (String, u64)>) -> Self {
        self.lengths = Some(Arc::new(lengths.into_iter().collect()));
        self
    }

    /// Whether the rule with this history, and of this `since`, is learning when a
    /// sighting of `at_ms` arrives at `now_ms`.
    pub(super) fn covers(&self, history: &str, since: Since, now_ms: i64, at_ms: i64) -> bool {
        let (start_ms, time_ms) = match self.clock {
            Clock::Arrival => (since.arrival_ms, now_ms),
            Clock::Event => (since.first_at_ms.unwrap_or(at_ms), at_ms),
        };
        let elapsed_ms = if time_ms > start_ms { time_ms.abs_diff(start_ms) } else { 0 };
        let own_ms = self.lengths.as_ref().and_then(|lengths| lengths.get(history));
        elapsed_ms < own_ms.copied().unwrap_or(self.for_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clock_looks_at_its_own_times_only() {
        let since = Since { arrival_ms: 1000, first_at_ms: Some(100) };
        let by_arrival = Learning::by_arrival(10);
        let by_event = Learning::by_event(10);
        for (learning, now_ms, at_ms, expected) in [
            (&by_arrival, 1000, 0, true),
            (&by_arrival, 1009, i64::MAX, true),
            (&by_arrival, 1010, 100, false),
            (&by_arrival, 1010, i64::MIN, false),
            (&by_arrival, 999, 0, true),
            (&by_event, 0, 100, true),
            (&by_event, i64::MAX, 109, true),
            (&by_event, 1000, 110, false),
            (&by_event, i64::MIN, 110, false),
            (&by_event, 0, i64::MIN, true),
        ] {
            assert_eq!(learning.covers("", since, now_ms, at_ms), expected, "{learning:?} now {now_ms} at {at_ms}");
        }
    }

    #[test]
    fn a_history_may_learn_for_a_time_of_its_own() {
        let learning = Learning::by_arrival(10).with_lengths([("a".to_owned(), 100), ("b".to_owned(), 0)]);
        let covers = |history, now_ms| learning.covers(history, Since::met(0), now_ms, 0);
        assert!(covers("a", 99) && !covers("a", 100));
        assert!(!covers("b", 0));
        assert!(covers("c", 9) && !covers("c", 10));
    }

    #[test]
    fn total_at_the_extremes() {
        let since = Since { arrival_ms: i64::MIN, first_at_ms: Some(i64::MIN) };
        for learning in [Learning::by_arrival(u64::MAX), Learning::by_event(u64::MAX)] {
            assert!(learning.covers("", since, i64::MAX - 1, i64::MAX - 1));
            assert!(!learning.covers("", since, i64::MAX, i64::MAX));
        }
        for learning in [Learning::NONE, Learning::by_arrival(0), Learning::by_event(0)] {
            for time_ms in [i64::MIN, 0, i64::MAX] {
                assert!(!learning.covers("", Since::met(0), time_ms, time_ms), "{learning:?} {time_ms}");
            }
        }
        assert!(Learning::by_event(1).covers("", Since::met(0), 0, i64::MAX), "the first sighting");
    }
}
