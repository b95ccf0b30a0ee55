//! What a batch changes in the state, and the small values it consists of.

use std::collections::BTreeMap;

use indexmap::IndexMap;

#[cfg(any(test, feature = "conformance"))]
use super::term::TermKey;
use super::term::{Term, TermMap};
use super::{History, StoredAlert};

/// A batch's changes of the state, committed together or not at all.
///
/// All values are absolute: they replace what the backend has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Arrival of the batch in epoch milliseconds, the clock of expiry.
    pub now_ms: i64,
    /// Alerts to put into the outbox, in order.
    pub alerts: Vec<StoredAlert>,
    // In the order of their first change, so that a change is undone at the end.
    // Hash maps seeded by chance: the keys come out of hostile logs.
    pub(super) rules: IndexMap<String, RuleChanges>,
    /// By the rule's place in `rules`.
    pub(super) histories: TermMap<usize, TermChange>,
    /// By the rule's place in `rules`; none if it is gone.
    pub(super) entries: BTreeMap<(usize, Vec<u8>), Option<Vec<u8>>>,
}

/// The changes of one rule, those of its histories aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleChanges {
    /// Since when the state knows the rule, if that changed.
    pub since: Option<Since>,
    /// Quota counters by (interval length in ms, interval number).
    pub quotas: BTreeMap<(u64, i64), QuotaUse>,
}

/// A changed history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermChange {
    /// The history as it is now.
    pub history: History,
    /// Whether the change introduced the term (again). A change that merely
    /// refreshes a known term may reach the disk late.
    pub news: bool,
}

/// How much of a quota an interval has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaUse {
    /// Alerts raised.
    pub used: u32,
    /// Arrival time in epoch milliseconds after which the counter may be
    /// forgotten.
    pub expires_ms: i64,
}

/// Since when the state knows a rule, by either clock of
/// [`Learning`](super::Learning).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// Arrival of the batch at which the state first met the rule, in epoch
    /// milliseconds.
    pub arrival_ms: i64,
    /// Time of the event of the rule's first sighting in epoch milliseconds,
    /// once there has been one.
    pub first_at_ms: Option<i64>,
}

impl Changes {
    /// The rules that sightings touched, by key.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &RuleChanges)> {
        self.rules.iter().map(|(rule, changes)| (&**rule, changes))
    }

    /// The changed histories: the place of the rule in [`Changes::rules`], the
    /// term, and the change.
    pub fn histories(&self) -> impl Iterator<Item = (usize, Term<'_>, &TermChange)> {
        self.histories.iter().map(|(key, change)| (key.rule(), key.term(), change))
    }

    /// The changed entries: the place of the rule in [`Changes::rules`], the key, and
    /// the value, none if it is gone.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &[u8], Option<&[u8]>)> {
        self.entries.iter().map(|((rule, key), value)| (*rule, &**key, value.as_deref()))
    }

    /// The place of a rule, which is added if it is not there.
    pub(super) fn place_of(&mut self, rule: &str) -> usize {
        match self.rules.get_index_of(rule) {
            Some(place) => place,
            None => self.rules.insert_full(rule.to_owned(), RuleChanges::default()).0,
        }
    }

    /// How many quota counters are added or changed.
    pub(super) fn quota_count(&self) -> usize {
        self.rules.values().map(|rule| rule.quotas.len()).sum()
    }

    /// The changes of a rule, to add to.
    #[cfg(any(test, feature = "conformance"))]
    pub fn rule(&mut self, rule: &str) -> &mut RuleChanges {
        self.rules.entry(rule.to_owned()).or_default()
    }

    /// Notes a changed history.
    #[cfg(any(test, feature = "conformance"))]
    pub fn set_history(&mut self, rule: &str, term: &str, history: History, news: bool) {
        self.rule(rule);
        let rule = self.rules.get_index_of(rule).unwrap_or_default();
        let change = TermChange { history: history.clone(), news };
        self.histories.entry(TermKey::new(rule, Term::new(term))).or_insert(change).replace(history, news);
    }
}

impl TermChange {
    /// Replaces it by a later change of the same batch, and answers with the
    /// earlier one. Once news, a term stays news in this batch.
    pub(super) fn replace(&mut self, history: History, news: bool) -> Self {
        let news = self.news || news;
        std::mem::replace(self, Self { history, news })
    }
}

impl Since {
    /// Of a rule met in a batch that arrived at `now_ms`.
    #[must_use]
    pub fn met(now_ms: i64) -> Self {
        Self { arrival_ms: now_ms, first_at_ms: None }
    }

    /// The same after a sighting at `at_ms`. Only the first one counts.
    #[must_use]
    pub fn after_sighting(self, at_ms: i64) -> Self {
        Self { first_at_ms: self.first_at_ms.or(Some(at_ms)), ..self }
    }

    /// What two states know of a rule: the earlier of both, by each clock.
    #[must_use]
    pub fn earliest(self, other: Self) -> Self {
        let first_at_ms = [self.first_at_ms, other.first_at_ms].into_iter().flatten().min();
        Self { arrival_ms: self.arrival_ms.min(other.arrival_ms), first_at_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_sighting_counts() {
        let met = Since::met(100);
        let sighted = Since { arrival_ms: 100, first_at_ms: Some(140) };
        assert_eq!(met.after_sighting(140), sighted);
        assert_eq!(sighted.after_sighting(40), sighted);
    }

    #[test]
    fn the_earlier_of_two_goes_by_each_clock() {
        let since = |arrival_ms, first_at_ms| Since { arrival_ms, first_at_ms };
        assert_eq!(since(1, Some(9)).earliest(since(2, Some(5))), since(1, Some(5)));
        assert_eq!(since(3, None).earliest(since(2, Some(5))), since(2, Some(5)));
        assert_eq!(since(3, Some(-1)).earliest(since(4, None)), since(3, Some(-1)));
        assert_eq!(since(3, None).earliest(since(4, None)), since(3, None));
    }

    #[test]
    fn a_term_that_is_news_stays_news_when_refreshed() {
        let history = || History::new(0, 1, 0);
        for (earlier, later, news) in [(true, false, true), (false, false, false), (false, true, true)] {
            let mut changes = Changes::default();
            changes.set_history("r", "t", history(), earlier);
            changes.set_history("r", "t", history(), later);
            assert!(changes.histories().all(|(.., change)| change.news == news));
        }
    }
}
