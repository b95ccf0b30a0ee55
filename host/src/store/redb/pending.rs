//! Refreshes of known terms on their way to the disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::super::History;

/// When waiting refreshes are written at the latest, at a commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Refreshes.
    pub(super) terms: usize,
    /// Bytes of their terms.
    pub(super) bytes: usize,
    /// Time since the oldest of them.
    pub(super) age: Duration,
}

impl Bounds {
    /// What the module's documentation promises.
    pub(super) const DEFAULT: Self = Self { terms: 524_288, bytes: 32 * 1024 * 1024, age: Duration::from_secs(10) };
}

/// Refreshes written together, if they are not all that is left: enough to be
/// worth a transaction, few enough for a commit not to stall.
pub(super) const SLICE: usize = 4096;

/// The latest histories of known terms, by rule number and term.
///
/// Two generations. The one that is `leaving` is written slice by slice in the
/// order of the file, so that terms that are neighbours there share a page that
/// is written once. It stays to be read until the next one follows: what was
/// sighted lately will be again, and reading it from the file costs more.
/// Refreshes arrive in the one that is `waiting`, which leaves next.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: Generation,
    leaving: Generation,
    /// When the leaving generation began to leave.
    began: Option<Instant>,
    /// How many of it are written: all of the rules before this one, and of this
    /// one, whose terms are in order, those before this place.
    written: usize,
    next: Option<(u32, usize)>,
}

#[derive(Debug, Default)]
struct Generation {
    rules: BTreeMap<u32, IndexMap<Box<str>, History>>,
    terms: usize,
    /// Of the terms that are not yet written.
    bytes: usize,
    oldest: Option<Instant>,
}

impl Pending {
    /// Adds a history.
    pub(super) fn add(&mut self, rule: u32, term: &str, history: &History, now: Instant) {
        let Generation { rules, terms, bytes, oldest } = &mut self.waiting;
        let known = rules.entry(rule).or_default();
        if let Some(known) = known.get_mut(term) {
            *known = history.clone();
        } else {
            *terms += 1;
            *bytes += term.len();
            known.insert(term.into(), history.clone());
        }
        oldest.get_or_insert(now);
    }

    /// Takes note of what is being written of a term: nothing older may follow.
    pub(super) fn replace(&mut self, rule: u32, term: &str, history: &History) {
        for generation in [&mut self.waiting, &mut self.leaving] {
            if let Some(known) = generation.rules.get_mut(&rule).and_then(|terms| terms.get_mut(term)) {
                *known = history.clone();
            }
        }
    }

    /// How many are to be written at a commit of so many refreshes and news.
    pub(super) fn due(&mut self, bounds: &Bounds, refreshes: usize, news: usize, now: Instant) -> usize {
        if self.unwritten() == 0 {
            let oldest = self.waiting.oldest.map(|oldest| now.saturating_duration_since(oldest));
            if oldest.is_some_and(|age| age >= bounds.age / 2) {
                self.turn_over(now);
            }
        }
        // What is little goes along with news, as the transaction is made anyway.
        if self.len() <= news {
            return self.len();
        }
        let is_full = self.len() >= bounds.terms || self.waiting.bytes + self.leaving.bytes >= bounds.bytes;
        let for_room = if is_full { SLICE.max(refreshes.saturating_mul(2)) } else { 0 };
        // Not across generations: the end of one is when it is on disk.
        let at_most = if self.is_leaving() { self.unwritten() } else { self.len() };
        for_room.max(self.due_by_age(bounds, now)).min(at_most)
    }

    /// How many of the leaving ones are to be written, so that they leave at an
    /// even pace and the last of them in time.
    fn due_by_age(&self, bounds: &Bounds, now: Instant) -> usize {
        let (Some(oldest), Some(began)) = (self.leaving.oldest, self.began) else {
            return 0;
        };
        let deadline = oldest + bounds.age;
        if now >= deadline {
            return self.unwritten();
        }
        let share = (now - began).as_secs_f64() / (deadline - began).as_secs_f64();
        let due = ((self.leaving.terms as f64 * share) as usize).saturating_sub(self.written);
        if due >= SLICE { due } else { 0 }
    }

    /// The next one to be written; it no longer waits.
    pub(super) fn next(&mut self, now: Instant) -> Option<(u32, &str, &History)> {
        if self.unwritten() == 0 {
            self.turn_over(now);
        }
        let (rule, place) = match self.next {
            Some((rule, place)) if self.leaving.rules.get(&rule)?.len() > place => (rule, place),
            before => {
                let after = before.map_or(Bound::Unbounded, |(rule, _)| Bound::Excluded(rule));
                let (rule, terms) = self.leaving.rules.range_mut((after, Bound::Unbounded)).next()?;
                terms.sort_unstable_keys();
                (*rule, 0)
            }
        };
        self.next = Some((rule, place + 1));
        self.written += 1;
        let (term, history) = self.leaving.rules.get(&rule)?.get_index(place)?;
        self.leaving.bytes -= term.len();
        Some((rule, term, history))
    }

    fn turn_over(&mut self, now: Instant) {
        self.leaving = std::mem::take(&mut self.waiting);
        self.began = Some(now);
        self.written = 0;
        self.next = None;
    }

    /// Whether some of a generation are written and some are not.
    pub(super) fn is_leaving(&self) -> bool {
        self.unwritten() > 0
    }

    fn unwritten(&self) -> usize {
        self.leaving.terms - self.written
    }

    /// How many are waiting.
    pub(super) fn len(&self) -> usize {
        self.waiting.terms + self.unwritten()
    }

    /// The latest history of a term that was refreshed lately.
    pub(super) fn get(&self, rule: u32, term: &str) -> Option<&History> {
        [&self.waiting, &self.leaving].into_iter().find_map(|generation| generation.rules.get(&rule)?.get(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { terms: 1 << 20, bytes: 1 << 30, age: Duration::from_secs(10) };

    fn history(at_ms: i64) -> History {
        History::new(at_ms, 1, 0)
    }

    #[test]
    fn due_by_number_by_bytes_and_by_age() {
        let start = Instant::now();
        let bounds = Bounds { terms: 3, bytes: 100, age: Duration::from_secs(10) };
        let mut pending = Pending::default();
        assert_eq!(pending.due(&bounds, 0, 0, start + Duration::from_secs(99)), 0);

        pending.add(0, "a", &history(1), start);
        pending.add(0, "a", &history(2), start + Duration::from_secs(9));
        assert_eq!(pending.due(&bounds, 1, 0, start + Duration::from_millis(9_999)), 0);
        assert_eq!(pending.due(&bounds, 1, 0, start + Duration::from_secs(10)), 1);

        pending.add(0, "b", &history(1), start);
        pending.add(0, "b", &history(3), start);
        assert_eq!(pending.due(&bounds, 1, 0, start), 0);
        pending.add(1, "a", &history(1), start);
        assert_eq!(pending.due(&bounds, 1, 0, start), 1, "the rest of a generation first");
        pending.next(start).unwrap();
        pending.add(1, "b", &history(1), start);
        assert_eq!(pending.due(&bounds, 1, 0, start), 3);
        assert_eq!(pending.get(0, "b"), Some(&history(3)));

        let mut pending = Pending::default();
        pending.add(0, &"x".repeat(100), &history(1), start);
        assert_eq!(pending.due(&bounds, 1, 0, start), 1);
    }

    #[test]
    fn a_generation_leaves_in_order_and_the_next_one_after_it() {
        let now = Instant::now();
        let mut pending = Pending::default();
        for (rule, term) in [(1, "b"), (0, "z"), (1, "a"), (0, "y")] {
            pending.add(rule, term, &history(1), now);
        }
        let next = |pending: &mut Pending| {
            pending.next(now).map(|(rule, term, history)| (rule, term.to_owned(), history.clone()))
        };
        assert_eq!(next(&mut pending), Some((0, "y".to_owned(), history(1))));
        assert_eq!(pending.get(0, "y"), Some(&history(1)), "still there to be read");
        pending.add(0, "a", &history(1), now);
        pending.add(1, "b", &history(2), now);
        assert_eq!(pending.get(1, "b"), Some(&history(2)), "the newer one");
        assert_eq!(pending.len(), 5);
        pending.replace(1, "a", &history(3));
        pending.replace(0, "a", &history(4));
        pending.replace(0, "never there", &history(5));
        for (rule, term, at_ms) in [(0, "z", 1), (1, "a", 3), (1, "b", 1), (0, "a", 4), (1, "b", 2)] {
            assert_eq!(next(&mut pending), Some((rule, term.to_owned(), history(at_ms))));
        }
        assert_eq!(pending.len(), 0);
        assert_eq!(next(&mut pending), None);
    }

    #[test]
    fn little_goes_along_with_news() {
        let now = Instant::now();
        let mut pending = Pending::default();
        for (term, news, due) in [("a", 0, 0), ("b", 1, 0), ("c", 3, 3)] {
            pending.add(0, term, &history(1), now);
            assert_eq!(pending.due(&BOUNDS, 1, news, now), due);
        }
    }

    #[test]
    fn refreshes_leave_at_an_even_pace_and_in_time() {
        let start = Instant::now();
        let mut pending = Pending::default();
        for term in 0..100_000 {
            pending.add(term % 7, &term.to_string(), &history(1), start);
        }
        assert_eq!(pending.due(&BOUNDS, 0, 0, start + Duration::from_millis(4_999)), 0);
        let (mut most, mut left) = (0, 100_000);
        for ms in (5_000..=10_000).step_by(10) {
            let now = start + Duration::from_millis(ms);
            let due = pending.due(&BOUNDS, 1, 0, now);
            most = most.max(due);
            left -= due;
            assert!(due == 0 || due >= SLICE || left == 0, "{due}");
            for _ in 0..due {
                pending.next(now).unwrap();
            }
            // One of them again and again: it waits for its turn.
            pending.add(0, "new", &history(1), now);
        }
        assert!(most < 2 * SLICE, "{most} at a time");
        assert_eq!((left, pending.len()), (0, 1));
    }
}
