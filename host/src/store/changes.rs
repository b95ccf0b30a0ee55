//! What a batch changes in the state, and the small values it consists of.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{History, StoredAlert};

/// A batch's changes of the state, committed together or not at all.
///
/// All values are absolute: they replace what the store has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Arrival of the batch in epoch milliseconds, the clock of expiry.
    pub now_ms: i64,
    /// Changes per rule key.
    pub rules: BTreeMap<String, RuleChanges>,
    /// Alerts to put into the outbox, in order.
    pub alerts: Vec<StoredAlert>,
}

/// The changes of one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleChanges {
    /// Since when the state knows the rule, if that changed.
    pub since: Option<Since>,
    /// Quota counters by (interval length in ms, interval number).
    pub quotas: BTreeMap<(u64, i64), QuotaUse>,
    /// Histories by term.
    pub histories: BTreeMap<String, TermChange>,
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
    /// Whether anything must be on disk when the commit returns.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.alerts.is_empty() || self.rules.values().any(RuleChanges::has_news)
    }

    /// How many histories are added or changed.
    pub(super) fn history_count(&self) -> usize {
        self.rules.values().map(|rule| rule.histories.len()).sum()
    }

    /// How many quota counters are added or changed.
    pub(super) fn quota_count(&self) -> usize {
        self.rules.values().map(|rule| rule.quotas.len()).sum()
    }

    /// The changes of a rule, to add to.
    pub(super) fn rule(&mut self, rule: &str) -> &mut RuleChanges {
        self.rules.entry(rule.to_owned()).or_default()
    }

    /// Puts later changes of the same batch on top.
    pub(super) fn absorb(&mut self, later: Self) {
        for (rule, later) in later.rules {
            let own = self.rules.entry(rule).or_default();
            own.since = later.since.or(own.since);
            own.quotas.extend(later.quotas);
            for (term, change) in later.histories {
                own.set_history(term, change.history, change.news);
            }
        }
        self.alerts.extend(later.alerts);
    }
}

impl RuleChanges {
    fn has_news(&self) -> bool {
        self.since.is_some() || !self.quotas.is_empty() || self.histories.values().any(|change| change.news)
    }

    /// Notes a changed history. Once news, a term stays news in this batch.
    pub(super) fn set_history(&mut self, term: impl Into<String>, history: History, news: bool) {
        match self.histories.entry(term.into()) {
            Entry::Vacant(entry) => {
                entry.insert(TermChange { history, news });
            }
            Entry::Occupied(mut entry) => {
                let change = entry.get_mut();
                change.history = history;
                change.news |= news;
            }
        }
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
    fn a_term_that_is_news_stays_news_when_refreshed() {
        let change = |news| {
            let mut changes = Changes::default();
            let history = History::new(0, 1, 0);
            changes.rule("r").set_history("t", history, news);
            changes
        };
        let mut changes = change(true);
        changes.absorb(change(false));
        assert!(changes.has_news());
        let mut changes = change(false);
        assert!(!changes.has_news());
        changes.absorb(change(true));
        assert!(changes.has_news());
    }
}
