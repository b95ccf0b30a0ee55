//! Refreshes of known terms on their way to the disk.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::super::{Changes, History};

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
    pub(super) const DEFAULT: Self = Self { terms: 65_536, bytes: 16 * 1024 * 1024, age: Duration::from_secs(10) };
}

/// The latest histories of known terms, by rule key and term.
#[derive(Debug, Default)]
pub(super) struct Pending {
    rules: BTreeMap<String, BTreeMap<String, History>>,
    terms: usize,
    bytes: usize,
    oldest: Option<Instant>,
}

impl Pending {
    /// Adds the histories of `changes`.
    pub(super) fn add(&mut self, changes: &Changes, now: Instant) {
        for (rule, changes) in &changes.rules {
            if changes.histories.is_empty() {
                continue;
            }
            let waiting = match self.rules.get_mut(rule) {
                Some(waiting) => waiting,
                None => self.rules.entry(rule.clone()).or_default(),
            };
            for (term, change) in &changes.histories {
                let history = change.history.clone();
                if let Some(known) = waiting.get_mut(term) {
                    *known = history;
                } else {
                    self.terms += 1;
                    self.bytes += term.len();
                    waiting.insert(term.clone(), history);
                }
            }
            self.oldest.get_or_insert(now);
        }
    }

    /// Whether it is time to write them.
    pub(super) fn is_due(&self, bounds: &Bounds, now: Instant) -> bool {
        self.terms >= bounds.terms
            || self.bytes >= bounds.bytes
            || self.oldest.is_some_and(|oldest| now.saturating_duration_since(oldest) >= bounds.age)
    }

    /// How many are waiting.
    pub(super) fn len(&self) -> usize {
        self.terms
    }

    /// Whether none are waiting.
    pub(super) fn is_empty(&self) -> bool {
        self.terms == 0
    }

    /// The waiting history of a term.
    pub(super) fn get(&self, rule: &str, term: &str) -> Option<&History> {
        self.rules.get(rule)?.get(term)
    }

    /// All of them, by rule key.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, History>)> {
        self.rules.iter().map(|(rule, terms)| (&**rule, terms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refresh(rule: &str, term: &str, at_ms: i64) -> Changes {
        let mut changes = Changes::default();
        let history = History::new(at_ms, 1, 0);
        changes.rule(rule).set_history(term, history, false);
        changes
    }

    #[test]
    fn due_by_number_by_bytes_and_by_age() {
        let start = Instant::now();
        let bounds = Bounds { terms: 3, bytes: 100, age: Duration::from_secs(10) };
        let mut pending = Pending::default();
        assert!(!pending.is_due(&bounds, start + Duration::from_secs(99)));

        pending.add(&refresh("r", "a", 1), start);
        pending.add(&refresh("r", "a", 2), start + Duration::from_secs(9));
        assert!(!pending.is_due(&bounds, start + Duration::from_millis(9_999)));
        assert!(pending.is_due(&bounds, start + Duration::from_secs(10)));

        pending.add(&refresh("r", "b", 1), start);
        pending.add(&refresh("r", "b", 3), start);
        assert!(!pending.is_due(&bounds, start));
        pending.add(&refresh("s", "a", 1), start);
        assert!(pending.is_due(&bounds, start));
        assert_eq!(pending.get("r", "b"), Some(&History::new(3, 1, 0)));

        let mut pending = Pending::default();
        pending.add(&refresh("r", &"x".repeat(100), 1), start);
        assert!(pending.is_due(&bounds, start));
    }
}
