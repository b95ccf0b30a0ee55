//! What a transaction has recorded so far, and the way back.

use super::kept::{KeptKey, StoredKey};
use super::term::{Term, TermKey, TermMap, TermRef};
use super::{Changes, History, LedgerError, QuotaUse, RuleChanges, Since, TermChange};

/// The changes of a transaction that is not committed yet.
///
/// Every change notes what it replaced, so that going back costs what is undone
/// and a savepoint costs nothing.
#[derive(Debug)]
pub(super) struct Overlay {
    changes: Changes,
    /// Since when the state knows the rules of `changes`, one for each.
    sinces: Vec<Option<Since>>,
    /// Sightings that a full outbox deferred, for each of those rules.
    deferred_by_outbox: Vec<u64>,
    counts: Counts,
    /// What is kept for keys of rules, by the rule's place in `changes`.
    kept: TermMap<usize, KeptChange>,
    replaced: Vec<Replaced>,
    /// How many were replaced at the last savepoint.
    mark: usize,
}

/// What is kept for a key, as a batch has changed it.
#[derive(Debug, Clone)]
pub(super) struct KeptChange {
    /// None if nothing is kept any longer.
    pub(super) now: Option<KeptKey>,
    /// As the backend has it.
    pub(super) stored: Option<StoredKey>,
    /// How many changes there were when it was saved last.
    saved_at: usize,
}

/// What a transaction only counts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) deferred: u64,
    pub(super) held_back: u64,
    /// Sightings that an alert is due for.
    pub(super) unseen: u64,
    /// Events that came behind others that they stand before.
    pub(super) late: u64,
}

/// The place of a rule in an overlay.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuleSlot(usize);

/// A point to go back to.
#[derive(Debug)]
pub(super) struct Savepoint {
    replaced: usize,
    counts: Counts,
}

/// What a change replaced: nothing, where it added the latest entry.
#[derive(Debug)]
enum Replaced {
    NoRule,
    Deferred { rule: usize },
    Since { rule: usize, since: Option<Since>, changed: Option<Since> },
    Quota { rule: usize, key: (u64, i64), quota: Option<QuotaUse> },
    NoHistory,
    NoKept,
    Kept { place: usize, change: Box<KeptChange> },
    History { place: usize, change: TermChange },
}

impl Overlay {
    /// An empty one, of a batch that arrived at `now_ms`.
    pub(super) fn new(now_ms: i64) -> Self {
        Self {
            changes: Changes { now_ms, ..Changes::default() },
            sinces: Vec::new(),
            deferred_by_outbox: Vec::new(),
            counts: Counts::default(),
            kept: TermMap::default(),
            replaced: Vec::new(),
            mark: 0,
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.changes.now_ms
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// How many changes were made since the beginning.
    pub(super) fn changes_made(&self) -> usize {
        self.replaced.len()
    }

    pub(super) fn defer(&mut self) {
        self.counts.deferred += 1;
    }

    pub(super) fn defer_by_outbox(&mut self, RuleSlot(rule): RuleSlot) {
        if let Some(deferred) = self.deferred_by_outbox.get_mut(rule) {
            *deferred += 1;
            self.replaced.push(Replaced::Deferred { rule });
        }
    }

    /// Sightings that a full outbox deferred, by the key of their rule.
    pub(super) fn deferred_by_outbox(&self) -> Vec<(String, u64)> {
        let rules = self.changes.rules.keys().zip(&self.deferred_by_outbox);
        rules.filter(|(_, deferred)| **deferred > 0).map(|(rule, deferred)| (rule.clone(), *deferred)).collect()
    }

    pub(super) fn raise(&mut self) {
        self.counts.unseen += 1;
    }

    pub(super) fn come_late(&mut self) {
        self.counts.late += 1;
    }

    pub(super) fn hold_back(&mut self) {
        self.counts.held_back += 1;
    }

    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }

    /// The place of a rule, with what the backend has of it when it is new here.
    pub(super) fn rule(
        &mut self,
        rule: &str,
        stored: impl FnOnce() -> Result<Option<Since>, LedgerError>,
    ) -> Result<RuleSlot, LedgerError> {
        if let Some(place) = self.changes.rules.get_index_of(rule) {
            return Ok(RuleSlot(place));
        }
        let since = stored()?;
        let place = self.changes.rules.insert_full(rule.to_owned(), RuleChanges::default()).0;
        self.sinces.push(since);
        self.deferred_by_outbox.push(0);
        self.replaced.push(Replaced::NoRule);
        Ok(RuleSlot(place))
    }

    /// Since when the state knows a rule.
    pub(super) fn since(&self, RuleSlot(place): RuleSlot) -> Option<Since> {
        self.sinces.get(place).copied().flatten()
    }

    pub(super) fn set_since(&mut self, RuleSlot(rule): RuleSlot, new: Since) {
        if let (Some(since), Some((_, changes))) = (self.sinces.get_mut(rule), self.changes.rules.get_index_mut(rule)) {
            let (since, changed) = (since.replace(new), changes.since.replace(new));
            self.replaced.push(Replaced::Since { rule, since, changed });
        }
    }

    /// A quota counter that this batch has changed.
    pub(super) fn quota(&self, RuleSlot(rule): RuleSlot, per_ms: u64, interval: i64) -> Option<QuotaUse> {
        let (_, changes) = self.changes.rules.get_index(rule)?;
        changes.quotas.get(&(per_ms, interval)).copied()
    }

    pub(super) fn set_quota(&mut self, RuleSlot(rule): RuleSlot, per_ms: u64, interval: i64, quota: QuotaUse) {
        if let Some((_, changes)) = self.changes.rules.get_index_mut(rule) {
            let key = (per_ms, interval);
            let quota = changes.quotas.insert(key, quota);
            self.replaced.push(Replaced::Quota { rule, key, quota });
        }
    }

    /// A history that this batch has changed.
    pub(super) fn history(&self, RuleSlot(rule): RuleSlot, term: Term<'_>) -> Option<&History> {
        self.changes.histories.get(&TermRef(rule, term)).map(|change| &change.history)
    }

    /// Notes a changed history. `news` says whether it introduced the term.
    pub(super) fn set_history(&mut self, RuleSlot(rule): RuleSlot, term: Term<'_>, history: History, news: bool) {
        let replaced = match self.changes.histories.get_full_mut(&TermRef(rule, term)) {
            Some((place, _, change)) => Replaced::History { place, change: change.replace(history, news) },
            None => {
                self.changes.histories.insert(TermKey::new(rule, term), TermChange { history, news });
                Replaced::NoHistory
            }
        };
        self.replaced.push(replaced);
    }

    /// What is kept for a key, if this batch has looked at it.
    pub(super) fn kept(&self, RuleSlot(rule): RuleSlot, key: Term<'_>) -> Option<&KeptChange> {
        self.kept.get(&TermRef(rule, key))
    }

    /// The same to be changed, after `stored` where this batch has not looked at it.
    pub(super) fn kept_mut(
        &mut self,
        RuleSlot(rule): RuleSlot,
        key: Term<'_>,
        stored: impl FnOnce() -> (Option<KeptKey>, Option<StoredKey>),
    ) -> &mut Option<KeptKey> {
        let place = match self.kept.get_index_of(&TermRef(rule, key)) {
            Some(place) => place,
            None => {
                let (now, stored) = stored();
                let saved_at = self.replaced.len();
                self.replaced.push(Replaced::NoKept);
                self.kept.insert_full(TermKey::new(rule, key), KeptChange { now, stored, saved_at }).0
            }
        };
        #[allow(clippy::indexing_slicing, reason = "it has been found or put there")]
        let change = &mut self.kept[place];
        if change.saved_at < self.mark {
            self.replaced.push(Replaced::Kept { place, change: Box::new(change.clone()) });
            change.saved_at = self.replaced.len() - 1;
        }
        &mut change.now
    }

    /// What is kept for keys, as this batch has changed it: the rule's place, the key,
    /// and the change.
    pub(super) fn all_kept(&self) -> impl Iterator<Item = (usize, Term<'_>, &KeptChange)> {
        self.kept.iter().map(|(key, change)| (key.rule(), key.term(), change))
    }

    /// The keys of a rule that this batch has changed and that are due.
    pub(super) fn due(&self, RuleSlot(rule): RuleSlot, now_ms: i64) -> Vec<String> {
        let is_due =
            |change: &KeptChange| change.now.as_ref().and_then(|now| now.due_ms).is_some_and(|due_ms| due_ms <= now_ms);
        let due = self.all_kept().filter(|(place, _, change)| *place == rule && is_due(change));
        due.map(|(_, key, _)| key.text().to_owned()).collect()
    }

    pub(super) fn savepoint(&mut self) -> Savepoint {
        self.mark = self.replaced.len();
        Savepoint { replaced: self.replaced.len(), counts: self.counts }
    }

    /// Undoes what came after the savepoint, the latest first.
    pub(super) fn restore(&mut self, savepoint: &Savepoint) {
        self.counts = savepoint.counts;
        self.mark = savepoint.replaced;
        while self.replaced.len() > savepoint.replaced {
            match self.replaced.pop() {
                Some(replaced) => self.put_back(replaced),
                None => return,
            }
        }
    }

    fn put_back(&mut self, replaced: Replaced) {
        match replaced {
            Replaced::NoRule => {
                self.changes.rules.pop();
                self.sinces.pop();
                self.deferred_by_outbox.pop();
            }
            Replaced::Deferred { rule } => {
                if let Some(deferred) = self.deferred_by_outbox.get_mut(rule) {
                    *deferred -= 1;
                }
            }
            Replaced::Since { rule, since, changed } => {
                if let Some(place) = self.sinces.get_mut(rule) {
                    *place = since;
                }
                if let Some((_, changes)) = self.changes.rules.get_index_mut(rule) {
                    changes.since = changed;
                }
            }
            Replaced::Quota { rule, key, quota } => {
                if let Some((_, changes)) = self.changes.rules.get_index_mut(rule) {
                    match quota {
                        Some(quota) => changes.quotas.insert(key, quota),
                        None => changes.quotas.remove(&key),
                    };
                }
            }
            Replaced::NoHistory => {
                self.changes.histories.pop();
            }
            Replaced::NoKept => {
                self.kept.pop();
            }
            Replaced::Kept { place, change } => {
                if let Some((_, now)) = self.kept.get_index_mut(place) {
                    *now = *change;
                }
            }
            Replaced::History { place, change } => {
                if let Some((_, now)) = self.changes.histories.get_index_mut(place) {
                    *now = change;
                }
            }
        }
    }
}
