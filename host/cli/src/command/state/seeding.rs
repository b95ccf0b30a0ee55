//! A state that only records: what rules would ask of it is known from then on, and
//! nothing is raised.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use firstseen::ledger::{
    Answer, Committed, Learning, Ledger, LedgerError, OutboxMax, OutboxSize, Question, RECORDS_MAX, Record, Savepoint,
    Since, Stats, StoredAlert, Transaction, Upkeep,
};
use firstseen_state_file::StateFile;

/// Records what it is asked in a state, as one that learns for ever, and keeps a tally.
/// The state's outbox is not touched.
pub(super) struct Seeding {
    state: Arc<StateFile>,
    tally: Mutex<Tally>,
}

/// What was recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// By the key of the rule's history.
    pub(super) rules: BTreeMap<String, Seeded>,
    /// Sightings of terms that were not known.
    pub(super) unseen: u64,
}

/// What was recorded of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeded {
    pub(super) sightings: u64,
    /// Time of the earliest of them in epoch milliseconds.
    pub(super) first_at_ms: i64,
}

/// A transaction of it.
struct SeedingTransaction<'l> {
    inner: Box<dyn Transaction + 'l>,
    seeding: &'l Seeding,
    rules: BTreeMap<String, Seeded>,
    savepoints: Vec<(Savepoint, BTreeMap<String, Seeded>)>,
}

impl Seeding {
    pub(super) fn new(state: Arc<StateFile>) -> Self {
        Self { state, tally: Mutex::default() }
    }

    /// Has the state know the rules since their first sightings, at `now_ms`, so that
    /// those which have a past need not learn it. Answers with what was recorded.
    pub(super) fn finish(&self, now_ms: i64) -> Result<Tally, LedgerError> {
        let tally = self.tally().clone();
        let since = |first_at_ms| Since { arrival_ms: first_at_ms, first_at_ms: Some(first_at_ms) };
        let record =
            |(rule, seeded): (&String, &Seeded)| Record::Rule { rule: rule.clone(), since: since(seeded.first_at_ms) };
        let records: Vec<Record> = tally.rules.iter().map(record).collect();
        for records in records.chunks(RECORDS_MAX) {
            self.state.import(records, now_ms)?;
        }
        Ok(tally)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for Seeding {
    fn begin(
        &self,
        arrival_ms: i64,
        _learning: Learning,
        _outbox_max: OutboxMax,
    ) -> Result<Box<dyn Transaction + '_>, LedgerError> {
        let inner = self.state.begin(arrival_ms, Learning::by_event(u64::MAX), OutboxMax::NONE)?;
        let (rules, savepoints) = (BTreeMap::new(), Vec::new());
        Ok(Box::new(SeedingTransaction { inner, seeding: self, rules, savepoints }))
    }

    fn outbox(&self, _after: Option<u64>, _alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        Ok(Vec::new())
    }

    fn acknowledge(&self, _numbers: &[u64]) -> Result<(), LedgerError> {
        Ok(())
    }

    fn flush(&self) -> Result<(), LedgerError> {
        Ledger::flush(&*self.state)
    }

    fn since(&self, history: &str) -> Result<Option<Since>, LedgerError> {
        Ledger::since(&*self.state, history)
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        Ok(Stats { outbox: OutboxSize::default(), ..Ledger::stats(&*self.state)? })
    }
}

impl Transaction for SeedingTransaction<'_> {
    /// A rule without a past is not met: it is to learn when there are events.
    fn meet(&mut self, _history: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    fn answer(&mut self, questions: &[Question]) -> Result<Vec<Answer>, LedgerError> {
        let answers = self.inner.answer(questions)?;
        for Question::Sighting(sighting) in questions {
            let at_ms = sighting.at_ms;
            match self.rules.get_mut(&sighting.history) {
                Some(seeded) => {
                    seeded.sightings += 1;
                    seeded.first_at_ms = seeded.first_at_ms.min(at_ms);
                }
                None => {
                    let first = Seeded { sightings: 1, first_at_ms: at_ms };
                    self.rules.insert(sighting.history.clone(), first);
                }
            }
        }
        Ok(answers)
    }

    fn savepoint(&mut self) -> Savepoint {
        self.savepoints.push((self.inner.savepoint(), self.rules.clone()));
        Savepoint(self.savepoints.len() - 1)
    }

    fn restore(&mut self, Savepoint(place): Savepoint) {
        self.savepoints.truncate(place.saturating_add(1));
        if let Some((inner, rules)) = self.savepoints.get(place) {
            self.inner.restore(*inner);
            self.rules.clone_from(rules);
        }
    }

    /// Alerts that a module raises unasked go nowhere.
    fn commit(self: Box<Self>, _alerts: Vec<StoredAlert>) -> Result<Committed, LedgerError> {
        let Self { inner, seeding, rules, .. } = *self;
        let committed = inner.commit(Vec::new())?;
        let mut tally = seeding.tally();
        tally.unseen += committed.held_back;
        for (rule, new) in rules {
            let seeded = tally.rules.entry(rule).or_insert(Seeded { sightings: 0, ..new });
            seeded.sightings += new.sightings;
            seeded.first_at_ms = seeded.first_at_ms.min(new.first_at_ms);
        }
        Ok(committed)
    }
}
