//! What a sighting means: the history of one term of one rule.
//!
//! Everything here is pure and total: no clock, no IO, no panic, and arithmetic
//! that saturates.

/// Most spans a history keeps; the oldest go first.
const SPANS_MAX: usize = 16;

/// Shortest time for which touched state is kept, in milliseconds: one day.
///
/// A short window must not let a file that is read again the same day alert
/// again.
const KEEP_MS_MIN: u64 = 24 * 60 * 60 * 1000;

/// A stretch of sightings, each no further than the window from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The earliest sighting, in epoch milliseconds.
    pub first: i64,
    /// The latest sighting, in epoch milliseconds.
    pub last: i64,
}

impl Span {
    fn at(at_ms: i64) -> Self {
        Self { first: at_ms, last: at_ms }
    }

    /// How far apart two spans are, 0 if they touch.
    fn distance(self, other: Self) -> u64 {
        if other.first > self.last {
            other.first.abs_diff(self.last)
        } else if self.first > other.last {
            self.first.abs_diff(other.last)
        } else {
            0
        }
    }

    fn union(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

/// When a term was sighted: disjoint spans in ascending order.
///
/// Sightings no further apart than the window lie in one span. That keeps
/// enough to judge a sighting whatever the order of events, so reading the same
/// events again never makes a term unseen a second time, and joining the
/// histories of two nodes gives what one node would have had. Both hold within
/// the bound of 16 spans: a term that falls silent for longer than its window
/// more often than that loses the oldest stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Nearly every history has one span, which thus needs no allocation.
    latest: Span,
    earlier: Earlier,
    expires_ms: i64,
}

/// Spans that are seldom there: one word, for there are many histories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Earlier(Option<Box<Spans>>);

type Spans = Vec<Span>;

impl Earlier {
    fn new(spans: Spans) -> Self {
        Self((!spans.is_empty()).then(|| Box::new(spans)))
    }

    fn spans(&self) -> &[Span] {
        self.0.as_ref().map_or(&[], |spans| spans)
    }
}

impl History {
    /// The history of a term sighted once, at `at_ms`, in a batch that arrived
    /// at `now_ms`, under a window of `window_ms`.
    #[must_use]
    pub fn new(at_ms: i64, window_ms: u64, now_ms: i64) -> Self {
        Self { latest: Span::at(at_ms), earlier: Earlier::default(), expires_ms: keep_until(now_ms, window_ms) }
    }

    /// A history of stored parts: `None` unless there are at most 16 spans, each
    /// in order and before the next, `latest` behind all of them.
    #[must_use]
    pub fn from_parts(earlier: Vec<Span>, latest: Span, expires_ms: i64) -> Option<Self> {
        let history = Self { latest, earlier: Earlier::new(earlier), expires_ms };
        let ordered = history.spans().all(|span| span.first <= span.last)
            && history.spans().zip(history.spans().skip(1)).all(|(span, next)| span.last < next.first);
        (ordered && history.earlier.spans().len() < SPANS_MAX).then_some(history)
    }

    /// The spans, in ascending order: at least one.
    pub fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        self.earlier.spans().iter().copied().chain([self.latest])
    }

    /// The earliest sighting of those that are kept, in epoch milliseconds.
    #[must_use]
    pub fn first_at_ms(&self) -> i64 {
        self.earlier.spans().first().map_or(self.latest.first, |span| span.first)
    }

    /// The latest sighting, in epoch milliseconds.
    #[must_use]
    pub fn last_at_ms(&self) -> i64 {
        self.latest.last
    }

    /// The arrival time in epoch milliseconds after which the history may be
    /// forgotten.
    #[must_use]
    pub fn expires_ms(&self) -> i64 {
        self.expires_ms
    }

    /// Whether a sighting at `at_ms` is of a known term: one lies at most
    /// `window_ms` before it or, `at_ms` being late, at most `window_ms` after.
    #[must_use]
    pub fn knows(&self, at_ms: i64, window_ms: u64) -> bool {
        let sighting = Span::at(at_ms);
        self.spans().any(|span| span.distance(sighting) <= window_ms)
    }

    /// Adds a sighting, in a batch that arrived at `now_ms`.
    pub fn record(&mut self, at_ms: i64, window_ms: u64, now_ms: i64) {
        self.expires_ms = self.expires_ms.max(keep_until(now_ms, window_ms));
        let sighting = Span::at(at_ms);
        if self.earlier.spans().is_empty() && self.latest.distance(sighting) <= window_ms {
            self.latest = self.latest.union(sighting);
        } else {
            self.join([sighting], window_ms);
        }
    }

    /// Adds what another node knows of the same term.
    ///
    /// For one window, and histories built with it, merging is associative,
    /// commutative and idempotent as long as no more than 16 spans result.
    ///
    /// Who does not know the window takes 0, which joins only what overlaps. That
    /// judges the same, for a sighting between two spans within a window of each other
    /// is known from either side, and the next [`History::record`] joins them; but
    /// until then they count as two of the 16.
    pub fn merge(&mut self, other: &Self, window_ms: u64) {
        self.expires_ms = self.expires_ms.max(other.expires_ms);
        self.join(other.spans(), window_ms);
    }

    /// Adds `spans` and joins those that come within `window_ms` of each other.
    fn join(&mut self, spans: impl IntoIterator<Item = Span>, window_ms: u64) {
        let mut all: Spans = self.spans().collect();
        all.extend(spans);
        all.sort_unstable_by_key(|span| span.first);
        all.dedup_by(|next, span| {
            let near = span.distance(*next) <= window_ms;
            if near {
                *span = span.union(*next);
            }
            near
        });
        if let Some(latest) = all.pop() {
            self.latest = latest;
        }
        all.drain(..all.len().saturating_sub(SPANS_MAX - 1));
        self.earlier = Earlier::new(all);
    }
}

/// Until which arrival time state is kept that was touched at `now_ms`: twice
/// its `length_ms` (a window or an interval), at least a day.
pub(super) fn keep_until(now_ms: i64, length_ms: u64) -> i64 {
    now_ms.saturating_add_unsigned(length_ms.saturating_mul(2).max(KEEP_MS_MIN))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: u64 = 10;

    fn history(sightings: &[i64], window_ms: u64) -> History {
        let mut history = History::new(sightings[0], window_ms, 0);
        for &at_ms in &sightings[1..] {
            history.record(at_ms, window_ms, 0);
        }
        history
    }

    fn spans(history: &History) -> Vec<(i64, i64)> {
        history.spans().map(|span| (span.first, span.last)).collect()
    }

    #[test]
    fn knows_within_the_window_inclusive() {
        for (sightings, at_ms, known) in [
            (&[100][..], 100, true),
            (&[100], 110, true),
            (&[100], 111, false),
            (&[100], 90, true),
            (&[100], 89, false),
            (&[100, 110], 120, true),
            (&[100, 110], 121, false),
            (&[100, 110], 105, true),
            (&[100, 200], 110, true),
            (&[100, 200], 111, false),
            (&[100, 200], 189, false),
            (&[100, 200], 190, true),
            (&[-5], 5, true),
            (&[-5], 6, false),
            (&[i64::MAX], i64::MIN, false),
            (&[i64::MIN], i64::MAX, false),
        ] {
            let history = history(sightings, WINDOW);
            assert_eq!(history.knows(at_ms, WINDOW), known, "{sightings:?} at {at_ms}");
        }
        assert!(history(&[i64::MIN], u64::MAX).knows(i64::MAX, u64::MAX));
        assert!(history(&[7], 0).knows(7, 0));
        assert!(!history(&[7], 0).knows(8, 0));
    }

    #[test]
    fn spans_join_when_they_come_within_the_window() {
        for (sightings, expected) in [
            (&[100][..], &[(100, 100)][..]),
            (&[100, 110], &[(100, 110)]),
            (&[100, 111], &[(100, 100), (111, 111)]),
            (&[100, 120, 110], &[(100, 120)]),
            (&[100, 121, 110], &[(100, 110), (121, 121)]),
            (&[300, 100, 200], &[(100, 100), (200, 200), (300, 300)]),
            (&[200, 100, 95], &[(95, 100), (200, 200)]),
        ] {
            assert_eq!(spans(&history(sightings, WINDOW)), expected, "{sightings:?}");
        }
    }

    #[test]
    fn the_oldest_spans_go_first() {
        let sightings: Vec<i64> = (0..20).map(|n| n * 100).collect();
        let history = history(&sightings, WINDOW);
        assert_eq!(history.spans().count(), SPANS_MAX);
        assert_eq!(spans(&history)[0], (400, 400));
        assert_eq!(spans(&history)[15], (1900, 1900));
    }

    #[test]
    fn expiry_goes_by_arrival_and_never_back() {
        const DAY: i64 = KEEP_MS_MIN as i64;
        let mut history = History::new(i64::MAX, 10, 1000);
        assert_eq!(history.expires_ms(), 1000 + DAY);
        history.record(0, DAY as u64, 1000);
        assert_eq!(history.expires_ms(), 1000 + 2 * DAY);
        history.record(0, 10, 500);
        assert_eq!(history.expires_ms(), 1000 + 2 * DAY);
        history.record(0, u64::MAX, i64::MAX);
        assert_eq!(history.expires_ms(), i64::MAX);
    }

    #[test]
    fn malformed_parts_are_refused() {
        let span = |first, last| Span { first, last };
        for (parts, valid) in [
            (vec![span(1, 1)], true),
            (vec![span(2, 1)], false),
            (vec![span(1, 2), span(3, 3)], true),
            (vec![span(1, 2), span(2, 3)], false),
            (vec![span(5, 6), span(1, 2)], false),
            ((0..16).map(|n| span(n * 2, n * 2)).collect(), true),
            ((0..17).map(|n| span(n * 2, n * 2)).collect(), false),
        ] {
            let (latest, earlier) = parts.split_last().unwrap();
            assert_eq!(History::from_parts(earlier.to_vec(), *latest, 0).is_some(), valid, "{parts:?}");
        }
    }

    /// Few enough sightings that the bound on spans does not matter.
    fn sightings() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(-60_i64..60, 1..12)
    }

    /// Few enough for three lists of them together.
    fn few() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(-60_i64..60, 1..6)
    }

    proptest! {
        #[test]
        fn judges_like_a_list_of_all_sightings(events in sightings(), window in 0_u64..15) {
            let mut all = vec![events[0]];
            let mut history = History::new(events[0], window, 0);
            for &at in &events[1..] {
                let near = all.iter().any(|&other| at.abs_diff(other) <= window);
                prop_assert_eq!(history.knows(at, window), near);
                history.record(at, window, 0);
                all.push(at);
            }
            for &at in &all {
                prop_assert!(history.knows(at, window));
            }
        }

        #[test]
        fn order_does_not_matter(events in sightings(), window in 0_u64..15) {
            let mut reversed = events.clone();
            reversed.reverse();
            prop_assert_eq!(history(&events, window), history(&reversed, window));
        }

        #[test]
        fn merging_is_a_join(a in few(), b in few(), c in few(), window in 0_u64..60) {
            let merged = |x: &History, y: &History| {
                let mut x = x.clone();
                x.merge(y, window);
                x
            };
            let both = history(&[&a[..], &b].concat(), window);
            let (a, b, c) = (history(&a, window), history(&b, window), history(&c, window));
            prop_assert_eq!(merged(&a, &a), a.clone());
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&a, &b), both);
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        }

        #[test]
        fn merging_without_the_window_judges_like_having_seen_both(
            a in few(), b in few(), later in -80_i64..80, window in 0_u64..60,
        ) {
            let mut merged = history(&a, window);
            merged.merge(&history(&b, window), 0);
            let seen = [&a[..], &b].concat();
            for at in -130_i64..130 {
                let near = seen.iter().any(|&other| at.abs_diff(other) <= window);
                prop_assert_eq!(merged.knows(at, window), near, "{}", at);
            }
            merged.record(later, window, 0);
            prop_assert_eq!(merged, history(&[&seen[..], &[later]].concat(), window));
        }

        #[test]
        fn the_ends_are_those_of_the_spans(events in sightings(), window in 0_u64..15) {
            let history = history(&events, window);
            prop_assert_eq!(Some(history.first_at_ms()), events.iter().copied().min());
            prop_assert_eq!(Some(history.last_at_ms()), events.iter().copied().max());
        }

        #[test]
        fn total_at_the_extremes(
            events in prop::collection::vec(any::<i64>(), 1..40),
            window in any::<u64>(), now in any::<i64>(),
        ) {
            let mut history = History::new(events[0], window, now);
            for &at in &events {
                history.record(at, window, now);
                prop_assert!(history.expires_ms() >= now);
            }
            let mut parts: Vec<Span> = history.spans().collect();
            let latest = parts.pop().unwrap();
            prop_assert_eq!(History::from_parts(parts, latest, history.expires_ms()), Some(history));
        }
    }
}
