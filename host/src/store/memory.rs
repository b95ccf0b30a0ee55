//! The state of a process that need not remember: all of it in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Changes, Gate, History, QuotaUse, RuleChanges, Since, Stats, Store, StoreError, StoredAlert, sweep_slices,
};

/// A store that lives as long as the process. Its methods never fail.
///
/// Ordered maps throughout: the keys come out of hostile logs, and could be
/// chosen to collide in a hash map.
#[derive(Debug, Default)]
pub struct MemoryStore {
    gate: Arc<Gate>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: BTreeMap<String, RuleState>,
    outbox: BTreeMap<u64, StoredAlert>,
    next_number: u64,
    /// The last history and the last counter that the sweep has looked at.
    swept_history: Option<(String, Box<str>)>,
    swept_quota: Option<(String, (u64, i64))>,
}

#[derive(Debug, Default)]
struct RuleState {
    since: Option<Since>,
    quotas: BTreeMap<(u64, i64), QuotaUse>,
    histories: BTreeMap<Box<str>, History>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below panics while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    fn history(&self, rule: &str, term: &str) -> Result<Option<History>, StoreError> {
        let state = self.state();
        let rule = state.rules.get(rule);
        Ok(rule.and_then(|rule| rule.histories.get(term)).cloned())
    }

    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, StoreError> {
        let state = self.state();
        let rule = state.rules.get(rule);
        Ok(rule.and_then(|rule| rule.quotas.get(&(per_ms, interval))).copied())
    }

    fn since(&self, rule: &str) -> Result<Option<Since>, StoreError> {
        Ok(self.state().rules.get(rule).and_then(|rule| rule.since))
    }

    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, StoreError> {
        let mut state = self.state();
        for (rule, changes) in &changes.rules {
            state.rules.entry(rule.clone()).or_default().apply(changes);
        }
        let numbers = changes.alerts.iter().map(|alert| state.put_alert(alert.clone())).collect();
        state.sweep(changes);
        Ok(numbers)
    }

    fn outbox(&self) -> Result<Vec<(u64, StoredAlert)>, StoreError> {
        let state = self.state();
        let alerts = state.outbox.iter();
        Ok(alerts.map(|(number, alert)| (*number, alert.clone())).collect())
    }

    fn acknowledge(&self, numbers: &[u64]) -> Result<(), StoreError> {
        let mut state = self.state();
        for number in numbers {
            state.outbox.remove(number);
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let state = self.state();
        let terms: usize = state.rules.values().map(|rule| rule.histories.len()).sum();
        Ok(Stats { terms: terms as u64, outbox: state.outbox.len() as u64 })
    }
}

impl RuleState {
    fn apply(&mut self, changes: &RuleChanges) {
        self.since = changes.since.or(self.since);
        self.quotas.extend(&changes.quotas);
        for (term, change) in &changes.histories {
            let history = change.history.clone();
            match self.histories.get_mut(&**term) {
                Some(known) => *known = history,
                None => {
                    self.histories.insert(term.as_str().into(), history);
                }
            }
        }
    }
}

impl State {
    fn put_alert(&mut self, alert: StoredAlert) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.outbox.insert(number, alert);
        number
    }

    /// Removes what expired from the slices of entries that are next after
    /// `changes`.
    fn sweep(&mut self, changes: &Changes) {
        let now_ms = changes.now_ms;
        for slice in sweep_slices(changes.history_count()) {
            sweep(
                &mut self.rules,
                &mut self.swept_history,
                slice,
                |rule| &mut rule.histories,
                |history| history.expires_ms() < now_ms,
            );
            if self.swept_history.is_none() {
                break;
            }
        }
        for slice in sweep_slices(changes.quota_count()) {
            sweep(
                &mut self.rules,
                &mut self.swept_quota,
                slice,
                |rule| &mut rule.quotas,
                |quota| quota.expires_ms < now_ms,
            );
            if self.swept_quota.is_none() {
                break;
            }
        }
    }
}

/// Looks at the next `slice` entries, one `part` of every rule, and removes
/// those that expired. `cursor` is the last entry looked at, `None` at the end,
/// from where it starts over.
fn sweep<K: Clone + Ord, V>(
    rules: &mut BTreeMap<String, RuleState>,
    cursor: &mut Option<(String, K)>,
    slice: usize,
    part: impl Fn(&mut RuleState) -> &mut BTreeMap<K, V>,
    expired: impl Fn(&V) -> bool,
) {
    let (start, mut after) = match cursor.take() {
        Some((rule, key)) => (rule, Some(key)),
        None => (String::new(), None),
    };
    let mut left = slice;
    for (rule, state) in rules.range_mut(start..) {
        let entries = part(state);
        let after = after.take();
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut last = None;
        let mut gone = Vec::new();
        for (key, value) in entries.range((from, Bound::Unbounded)).take(left) {
            left -= 1;
            if expired(value) {
                gone.push(key.clone());
            }
            last = Some(key);
        }
        if left == 0 {
            *cursor = last.map(|key| (rule.clone(), key.clone()));
        }
        for key in gone {
            entries.remove(&key);
        }
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn commit(store: &MemoryStore, now_ms: i64, rule: &str, terms: std::ops::Range<usize>) {
        let mut changes = Changes { now_ms, ..Changes::default() };
        for term in terms {
            let history = History::new(now_ms, 10, now_ms);
            let rule = changes.rule(rule);
            rule.set_history(format!("{term:05}"), history, true);
            let quota = QuotaUse { used: 1, expires_ms: now_ms + DAY };
            rule.quotas.insert((10, term as i64), quota);
        }
        store.commit(&changes).unwrap();
    }

    #[test]
    fn sweeps_slice_by_slice_over_all_rules() {
        let store = MemoryStore::new();
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
        let store = MemoryStore::new();
        commit(&store, 0, "a", 0..10);
        let mut changes = Changes::default();
        let forged = History::new(i64::MAX, 10, 0);
        changes.rule("a").set_history("forged", forged, true);
        store.commit(&changes).unwrap();
        store.commit(&Changes::default()).unwrap();
        assert_eq!(store.stats().unwrap().terms, 11);
    }

    #[test]
    fn outbox_numbers_are_never_used_twice() {
        let alert = StoredAlert { rule_id: "r".into(), term: "[1]".into(), id: "i".into(), document: "{}".into() };
        let store = MemoryStore::new();
        let changes = Changes { alerts: vec![alert.clone(), alert], ..Changes::default() };
        assert_eq!(store.commit(&changes).unwrap(), [0, 1]);
        store.acknowledge(&[0, 1, 7]).unwrap();
        assert_eq!(store.outbox().unwrap(), []);
        assert_eq!(store.commit(&changes).unwrap(), [2, 3]);
    }
}
