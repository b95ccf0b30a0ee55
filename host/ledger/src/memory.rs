//! The state of a process that need not remember: all of it in memory.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use super::term::{BuildTermHasher, Fingerprint, Term};
use super::{
    ALL_RULES, Backend, Changes, Entry, History, KnownRule, KnownTerm, LedgerError, OutboxSize, Page, QuotaUse, Since,
    Stats, StoredAlert, sweep_slices,
};

/// A ledger that lives as long as the process. Judging with it never fails.
///
/// It keeps no text of a term, only 128 bits that stand for it, so a term takes
/// some 80 bytes however long it is. Therefore its terms cannot be listed, nor all of
/// a rule be forgotten.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    turn: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: IndexMap<String, RuleState>,
    outbox: BTreeMap<u64, StoredAlert>,
    /// Of their documents.
    outbox_bytes: u64,
    next_number: u64,
    histories_sweep: Cursor,
    quotas_sweep: Cursor,
}

/// The entry that a sweep looks at next, by place: the entries of a map lie in a
/// row.
#[derive(Debug, Default)]
struct Cursor {
    rule: usize,
    entry: usize,
}

#[derive(Debug, Default)]
struct RuleState {
    since: Option<Since>,
    quotas: IndexMap<(u64, i64), QuotaUse>,
    histories: IndexMap<Fingerprint, History, BuildTermHasher>,
    entries: BTreeMap<Box<[u8]>, Box<[u8]>>,
}

impl MemoryLedger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below panics while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for MemoryLedger {
    fn turn(&self) -> &Mutex<()> {
        &self.turn
    }

    fn histories(&self, terms: &[(&str, Term<'_>)]) -> Result<Vec<Option<History>>, LedgerError> {
        let state = self.state();
        // Rules first and lookups then, with nothing in between: the processor
        // waits for the memory of several lookups at a time.
        let rules: Vec<_> = terms.iter().map(|(rule, _)| state.rules.get(*rule)).collect();
        let lookup =
            |(rule, (_, term)): (Option<&RuleState>, &(_, Term<'_>))| rule?.histories.get(&term.fingerprint()).cloned();
        Ok(rules.into_iter().zip(terms).map(lookup).collect())
    }

    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, LedgerError> {
        let state = self.state();
        let rule = state.rules.get(rule);
        Ok(rule.and_then(|rule| rule.quotas.get(&(per_ms, interval))).copied())
    }

    fn entries(&self, keys: &[(&str, &[u8])]) -> Result<Vec<Option<Vec<u8>>>, LedgerError> {
        let state = self.state();
        let entry = |(rule, key): &(&str, &[u8])| state.rules.get(*rule)?.entries.get(*key).map(|value| value.to_vec());
        Ok(keys.iter().map(entry).collect())
    }

    fn entries_from(&self, rule: &str, first: &[u8], end: &[u8], max: usize) -> Result<Vec<Entry>, LedgerError> {
        let state = self.state();
        let range = (Bound::Included(first), Bound::Excluded(end));
        let entries = state
            .rules
            .get(rule)
            .filter(|_| first < end)
            .into_iter()
            .flat_map(|rule| rule.entries.range::<[u8], _>(range));
        Ok(entries.take(max).map(|(key, value)| (key.to_vec(), value.to_vec())).collect())
    }

    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError> {
        Ok(self.state().rules.get(rule).and_then(|rule| rule.since))
    }

    fn rules(&self, after: Option<&str>, max: usize) -> Result<Page<KnownRule>, LedgerError> {
        let state = self.state();
        let behind = state
            .rules
            .iter()
            .filter(|(key, _)| key.as_str() != ALL_RULES && after.is_none_or(|after| key.as_str() > after));
        let mut rules: Vec<_> = behind.collect();
        rules.sort_unstable_by_key(|(key, _)| *key);
        let rules = rules.into_iter().map(|(key, rule)| KnownRule { key: key.clone(), since: rule.since });
        Ok(Page::of(rules, max, |rule| &rule.key))
    }

    fn terms(&self, _rule: &str, _after: Option<&str>, _max: usize) -> Result<Page<KnownTerm>, LedgerError> {
        let cause = "the state in memory keeps no texts of terms, only what stands for them: they cannot be listed";
        Err(LedgerError::Unsupported(cause.to_owned()))
    }

    fn forget(&self, rule: &str, terms: &[Term<'_>]) -> Result<u64, LedgerError> {
        let mut state = self.state();
        let Some(rule) = state.rules.get_mut(rule) else { return Ok(0) };
        let gone = terms.iter().filter_map(|term| rule.histories.swap_remove(&term.fingerprint()));
        Ok(gone.count() as u64)
    }

    fn forget_since(&self, rule: &str) -> Result<(), LedgerError> {
        if let Some(rule) = self.state().rules.get_mut(rule) {
            rule.since = None;
        }
        Ok(())
    }

    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError> {
        let mut state = self.state();
        state.apply(changes);
        let numbers = changes.alerts.iter().map(|alert| state.put_alert(alert.clone())).collect();
        state.sweep(changes);
        Ok(numbers)
    }

    fn outbox(&self, after: Option<u64>, alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        let state = self.state();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let alerts = state.outbox.range((from, Bound::Unbounded)).take(alerts_max);
        Ok(alerts.map(|(number, alert)| (*number, alert.clone())).collect())
    }

    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError> {
        let mut state = self.state();
        for number in numbers {
            let removed = state.outbox.remove(number);
            state.outbox_bytes -= removed.map_or(0, |alert| alert.document.len() as u64);
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), LedgerError> {
        Ok(())
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        let state = self.state();
        let terms: usize = state.rules.values().map(|rule| rule.histories.len()).sum();
        Ok(Stats { terms: terms as u64, outbox: state.outbox_size() })
    }
}

impl State {
    fn apply(&mut self, changes: &Changes) {
        let mut places = Vec::new();
        for (rule, changes) in changes.rules() {
            let place = match self.rules.get_index_of(rule) {
                Some(place) => place,
                None => self.rules.insert_full(rule.to_owned(), RuleState::default()).0,
            };
            if let Some((_, state)) = self.rules.get_index_mut(place) {
                state.since = changes.since.or(state.since);
                state.quotas.extend(&changes.quotas);
            }
            places.push(place);
        }
        for (rule, term, change) in changes.histories() {
            let place = places.get(rule).copied().unwrap_or(usize::MAX);
            if let Some((_, state)) = self.rules.get_index_mut(place) {
                state.histories.insert(term.fingerprint(), change.history.clone());
            }
        }
        for (rule, key, value) in changes.entries() {
            let place = places.get(rule).copied().unwrap_or(usize::MAX);
            let Some((_, state)) = self.rules.get_index_mut(place) else { continue };
            match value {
                Some(value) => state.entries.insert(key.into(), value.into()),
                None => state.entries.remove(key),
            };
        }
    }

    fn outbox_size(&self) -> OutboxSize {
        OutboxSize { alerts: self.outbox.len() as u64, bytes: self.outbox_bytes }
    }

    fn put_alert(&mut self, alert: StoredAlert) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.outbox_bytes += alert.document.len() as u64;
        self.outbox.insert(number, alert);
        number
    }

    /// Removes what expired from the entries that are next after `changes`.
    fn sweep(&mut self, changes: &Changes) {
        let Self { rules, histories_sweep, quotas_sweep, .. } = self;
        let now_ms = changes.now_ms;
        let histories = sweep_slices(1, changes.histories().count()).sum();
        histories_sweep.sweep(rules, histories, |rule| &mut rule.histories, |history| history.expires_ms() < now_ms);
        let quotas = sweep_slices(1, changes.quota_count()).sum();
        quotas_sweep.sweep(rules, quotas, |rule| &mut rule.quotas, |quota| quota.expires_ms < now_ms);
    }
}

impl Cursor {
    /// Looks at the next `count` entries, one `part` of every rule, and removes
    /// those that expired. Stops at the end, from where it starts over.
    fn sweep<K: Hash + Eq, V, S: BuildHasher>(
        &mut self,
        rules: &mut IndexMap<String, RuleState>,
        count: usize,
        part: impl Fn(&mut RuleState) -> &mut IndexMap<K, V, S>,
        expired: impl Fn(&V) -> bool,
    ) {
        let mut left = count;
        while left > 0 {
            let Some((_, rule)) = rules.get_index_mut(self.rule) else {
                *self = Self::default();
                return;
            };
            let entries = part(rule);
            match entries.get_index(self.entry) {
                // The last entry takes its place, and is looked at next.
                Some((_, value)) if expired(value) => {
                    entries.swap_remove_index(self.entry);
                }
                Some(_) => self.entry += 1,
                None => {
                    give_back_memory(entries);
                    *self = Self { rule: self.rule + 1, entry: 0 };
                    continue;
                }
            }
            left -= 1;
        }
    }
}

/// Shrinks a map that is mostly empty, so that many have been removed since the
/// last time.
fn give_back_memory<K: Hash + Eq, V, S: BuildHasher>(entries: &mut IndexMap<K, V, S>) {
    if entries.capacity() > 64 && entries.capacity() / 4 > entries.len() {
        entries.shrink_to(entries.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn commit(store: &MemoryLedger, now_ms: i64, rule: &str, terms: std::ops::Range<usize>) {
        let mut changes = Changes { now_ms, ..Changes::default() };
        for term in terms {
            let history = History::new(now_ms, 10, now_ms);
            changes.set_history(rule, &format!("{term:05}"), history, true);
            let quota = QuotaUse { used: 1, expires_ms: now_ms + DAY };
            changes.rule(rule).quotas.insert((10, term as i64), quota);
        }
        store.commit(&changes).unwrap();
    }

    #[test]
    fn sweeps_slice_by_slice_over_all_rules() {
        let store = MemoryLedger::new();
        commit(&store, 0, "a", 0..1000);
        commit(&store, 0, "b", 0..3);
        commit(&store, 0, "c", 0..1000);
        commit(&store, DAY, "b", 3..903);
        commit(&store, DAY, "a", 0..600);
        assert_eq!(store.stats().unwrap().terms, 2903, "nothing has expired");

        commit(&store, DAY + 1, "z", 0..0);
        let after_one = store.stats().unwrap().terms;
        assert!((2903 - 256..=2903).contains(&after_one), "{after_one}");
        for _ in 0..12 {
            commit(&store, DAY + 1, "z", 0..0);
        }
        assert_eq!(store.stats().unwrap().terms, 1500);
        let state = store.state();
        let quotas: usize = state.rules.values().map(|rule| rule.quotas.len()).sum();
        assert_eq!(quotas, 1500);
    }

    #[test]
    fn a_forged_time_makes_nothing_expire() {
        let store = MemoryLedger::new();
        commit(&store, 0, "a", 0..10);
        let mut changes = Changes::default();
        let forged = History::new(i64::MAX, 10, 0);
        changes.set_history("a", "forged", forged, true);
        store.commit(&changes).unwrap();
        store.commit(&Changes::default()).unwrap();
        assert_eq!(store.stats().unwrap().terms, 11);
    }

    #[test]
    fn outbox_numbers_are_never_used_twice() {
        let alert = StoredAlert { id: "i".into(), document: "{}".into(), ..StoredAlert::default() };
        let store = MemoryLedger::new();
        let changes = Changes { alerts: vec![alert.clone(), alert], ..Changes::default() };
        assert_eq!(store.commit(&changes).unwrap(), [0, 1]);
        store.acknowledge(&[0, 1, 7]).unwrap();
        assert_eq!(Backend::outbox(&store, None, 9).unwrap(), []);
        assert_eq!(store.commit(&changes).unwrap(), [2, 3]);
    }
}
