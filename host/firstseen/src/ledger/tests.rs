//! Sessions on a store that fails, and how much a sweep looks at.

use std::sync::{Arc, Mutex};

use super::*;

const SIGHTING: fn(&str) -> Sighting = |term| Sighting {
    rule: "rule".into(),
    term: term.into(),
    at_ms: 0,
    window_ms: 10,
    event: String::new(),
    quota: Quota { max: u32::MAX, per_ms: 1000 },
};

#[test]
fn a_commit_looks_at_more_than_it_adds() {
    for (touched, slices) in [(0, &[256][..]), (1, &[256, 2]), (128, &[256, 256]), (200, &[256, 256, 144])] {
        assert_eq!(sweep_slices(1, touched).collect::<Vec<_>>(), slices);
    }
    assert_eq!(sweep_slices(3, 10).sum::<usize>(), 3 * 256 + 20);
}

/// Fails to read histories once armed.
#[derive(Default)]
struct Flaky {
    inner: MemoryLedger,
    reads_left: Mutex<Option<usize>>,
}

impl Backend for Flaky {
    fn gate(&self) -> &Arc<Gate> {
        self.inner.gate()
    }
    fn histories(&self, terms: &[(&str, Term<'_>)]) -> Result<Vec<Option<History>>, LedgerError> {
        let all = self.inner.histories(terms)?;
        if let Some(left) = &mut *self.reads_left.lock().unwrap() {
            if *left < all.len() {
                return Err(LedgerError::Invalid("unreadable".into()));
            }
            *left -= all.len();
        }
        Ok(all)
    }
    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, LedgerError> {
        self.inner.quota(rule, per_ms, interval)
    }
    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError> {
        self.inner.since(rule)
    }
    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError> {
        self.inner.commit(changes)
    }
    fn outbox(&self) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        self.inner.outbox()
    }
    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError> {
        self.inner.acknowledge(numbers)
    }
    fn flush(&self) -> Result<(), LedgerError> {
        self.inner.flush()
    }
    fn stats(&self) -> Result<Stats, LedgerError> {
        self.inner.stats()
    }
}

#[test]
fn a_call_that_fails_midway_records_nothing() {
    let store = Arc::new(Flaky::default());
    let mut session = Session::new(Arc::clone(&store) as Arc<dyn Backend>, 0, Learning::NONE);
    let batch = ["a", "b", "c"].map(SIGHTING);
    *store.reads_left.lock().unwrap() = Some(2);
    session.observe(&batch).unwrap_err();
    *store.reads_left.lock().unwrap() = None;
    assert_eq!(session.observe(&batch[..1]).unwrap(), [Verdict::Unseen]);
    session.commit(Vec::new()).unwrap();
    assert_eq!(store.stats().unwrap().terms, 1);
}
