//! The promises of every ledger, kept in memory; a backend that fails; how much a
//! sweep looks at.

use std::sync::{Arc, Mutex};

use super::*;

const SIGHTING: fn(&str) -> Sighting = |term| Sighting {
    history: "rule".into(),
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
    fn turn(&self) -> &Mutex<()> {
        self.inner.turn()
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
    fn entries(&self, keys: &[(&str, &[u8])]) -> Result<Vec<Option<Vec<u8>>>, LedgerError> {
        self.inner.entries(keys)
    }

    fn entries_from(&self, rule: &str, first: &[u8], end: &[u8], max: usize) -> Result<Vec<Entry>, LedgerError> {
        self.inner.entries_from(rule, first, end, max)
    }

    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, LedgerError> {
        self.inner.quota(rule, per_ms, interval)
    }
    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError> {
        Backend::since(&self.inner, rule)
    }
    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError> {
        self.inner.commit(changes)
    }
    fn outbox(&self, after: Option<u64>, alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        Backend::outbox(&self.inner, after, alerts_max)
    }
    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError> {
        Backend::acknowledge(&self.inner, numbers)
    }
    fn flush(&self) -> Result<(), LedgerError> {
        Backend::flush(&self.inner)
    }
    fn stats(&self) -> Result<Stats, LedgerError> {
        Backend::stats(&self.inner)
    }
}

#[test]
fn a_call_that_fails_midway_records_nothing() {
    let store = Flaky::default();
    let mut transaction = store.begin(0, Settings::default()).unwrap();
    let questions = ["a", "b", "c"].map(|term| Question::Sighting(SIGHTING(term)));
    *store.reads_left.lock().unwrap() = Some(2);
    transaction.answer(&questions).unwrap_err();
    *store.reads_left.lock().unwrap() = None;
    assert_eq!(transaction.answer(&questions[..1]).unwrap(), [Answer::Sighting(Verdict::Unseen)]);
    transaction.commit(Vec::new()).unwrap();
    assert_eq!(Ledger::stats(&store).unwrap().terms, 1);
}

#[test]
fn the_ledger_in_memory_keeps_the_promises() {
    conformance::check(&|| {
        let ledger = Arc::new(MemoryLedger::new());
        Box::new(move || Arc::clone(&ledger) as Arc<dyn Ledger>)
    });
    conformance::check_sweep(&MemoryLedger::new());
    let empty = || -> conformance::OpenBackend {
        let ledger = Arc::new(MemoryLedger::new());
        Box::new(move || Arc::clone(&ledger) as Arc<dyn Backend>)
    };
    conformance::check_upkeep(&empty, false);
}
