//! A ledger that only records: what rules would ask of a state is known from then on,
//! and nothing is raised.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use firstseen::ledger::{
    Answer, Committed, History, Imported, Ledger, LedgerError, OutboxSize, QUESTIONS_MAX, Question, RECORDS_MAX,
    RULE_BYTES_MAX, Record, Savepoint, Settings, Sighting, Since, Stats, StoredAlert, TERM_BYTES_MAX, Transaction,
    Upkeep, Verdict,
};

/// Most sightings by one batch of events, and most bytes of them.
const BATCH_MAX: (usize, usize) = (1_000_000, 256 << 20);

/// As many terms, or bytes of their text, are imported as soon as there are.
const PENDING_MAX: (usize, usize) = (50_000, 16 << 20);

/// Bytes of text that are imported at a time, beside [`RECORDS_MAX`]: whatever else the
/// state is for waits meanwhile.
const IMPORT_BYTES: usize = 2 << 20;

/// Records in a state what it is asked, and keeps a tally. The state need not be open
/// in this process.
pub(super) struct Seeding {
    state: Box<dyn Upkeep>,
    seen: Mutex<Seen>,
}

/// What was recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// How many sightings there were, by the key of the rule's history.
    pub(super) rules: BTreeMap<String, u64>,
    /// Terms that were not known.
    pub(super) new: u64,
}

#[derive(Default)]
struct Seen {
    tally: Tally,
    /// Times of the earliest sightings in epoch milliseconds, by rule.
    first_at_ms: BTreeMap<String, i64>,
    /// What is not in the state yet: histories by rule and term, with the window that
    /// they have.
    pending: BTreeMap<String, BTreeMap<String, (History, u64)>>,
    terms: usize,
    bytes: usize,
    /// The latest arrival of a batch of it.
    now_ms: i64,
}

/// A transaction of it.
struct SeedingTransaction<'l> {
    seeding: &'l Seeding,
    now_ms: i64,
    sightings: Vec<Sighting>,
    bytes: usize,
    /// How many sightings, and bytes of them, there were.
    savepoints: Vec<(usize, usize)>,
}

impl Seeding {
    pub(super) fn new(state: Box<dyn Upkeep>) -> Self {
        Self { state, seen: Mutex::default() }
    }

    /// What was recorded until now. It is in the state after a [flush](Ledger::flush).
    pub(super) fn tally(&self) -> Tally {
        self.seen().tally.clone()
    }

    /// Times of the earliest sightings of rules in epoch milliseconds.
    pub(super) fn first_sightings(&self) -> BTreeMap<String, i64> {
        self.seen().first_at_ms.clone()
    }

    /// Takes over those of an earlier run.
    pub(super) fn go_on_with(&self, first_sightings: &BTreeMap<String, i64>) {
        let mut seen = self.seen();
        first_sightings.iter().for_each(|(rule, first_at_ms)| seen.sight(rule, *first_at_ms));
    }

    /// Has the state know the rules since their first sightings, so that those which
    /// have a past need not learn it. Not before the end: a rule that raises alerts
    /// already would raise them about what is still to come.
    ///
    /// # Errors
    ///
    /// When the state cannot be written.
    pub(super) fn finish(&self) -> Result<(), LedgerError> {
        let mut seen = self.seen();
        self.import(&mut seen)?;
        let since = |at_ms| Since { arrival_ms: at_ms, first_at_ms: Some(at_ms) };
        let rules = seen.first_at_ms.iter();
        let records = rules.map(|(rule, at_ms)| Record::Rule { rule: rule.clone(), since: since(*at_ms) });
        let records: Vec<Record> = records.collect();
        records.chunks(RECORDS_MAX).try_for_each(|records| self.state.import(records, seen.now_ms).map(drop))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Imports what is pending. What fails stays, to be imported later: it is the same
    /// twice.
    fn import(&self, seen: &mut Seen) -> Result<(), LedgerError> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        let now_ms = seen.now_ms;
        let Seen { pending, tally, .. } = seen;
        let mut import = |records: &mut Vec<Record>, bytes: &mut usize| {
            let Imported { new, .. } = self.state.import(records, now_ms)?;
            records.clear();
            *bytes = 0;
            tally.new += new;
            Ok::<(), LedgerError>(())
        };
        for (rule, terms) in &*pending {
            for (term, (history, window_ms)) in terms {
                bytes += rule.len() + term.len();
                let (history, window_ms) = (history.clone(), *window_ms);
                records.push(Record::Term { rule: rule.clone(), term: term.clone(), history, window_ms });
                if records.len() == RECORDS_MAX || bytes >= IMPORT_BYTES {
                    import(&mut records, &mut bytes)?;
                }
            }
        }
        if !records.is_empty() {
            import(&mut records, &mut bytes)?;
        }
        pending.clear();
        (seen.terms, seen.bytes) = (0, 0);
        Ok(())
    }
}

impl Seen {
    fn record(&mut self, sighting: Sighting, now_ms: i64) {
        let Sighting { history: rule, term, at_ms, window_ms, .. } = sighting;
        *self.tally.rules.entry(rule.clone()).or_default() += 1;
        self.sight(&rule, at_ms);
        match self.pending.entry(rule).or_default().entry(term) {
            Entry::Occupied(mut known) => known.get_mut().0.record(at_ms, window_ms, now_ms),
            Entry::Vacant(place) => {
                self.terms += 1;
                self.bytes += place.key().len();
                place.insert((History::new(at_ms, window_ms, now_ms), window_ms));
            }
        }
    }

    fn sight(&mut self, rule: &str, at_ms: i64) {
        match self.first_at_ms.get_mut(rule) {
            Some(first) => *first = at_ms.min(*first),
            None => drop(self.first_at_ms.insert(rule.to_owned(), at_ms)),
        }
    }
}

impl Ledger for Seeding {
    /// Nothing that it answers depends on what is recorded, so transactions need not
    /// wait for each other.
    fn begin(&self, arrival_ms: i64, _settings: Settings) -> Result<Box<dyn Transaction + '_>, LedgerError> {
        let (sightings, savepoints) = (Vec::new(), Vec::new());
        Ok(Box::new(SeedingTransaction { seeding: self, now_ms: arrival_ms, sightings, bytes: 0, savepoints }))
    }

    fn outbox(&self, _after: Option<u64>, _alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        Ok(Vec::new())
    }

    fn acknowledge(&self, _numbers: &[u64]) -> Result<(), LedgerError> {
        Ok(())
    }

    fn flush(&self) -> Result<(), LedgerError> {
        self.import(&mut self.seen())
    }

    fn since(&self, _history: &str) -> Result<Option<Since>, LedgerError> {
        Ok(None)
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        Ok(Stats { terms: self.seen().terms as u64, outbox: OutboxSize::default() })
    }
}

impl Transaction for SeedingTransaction<'_> {
    /// A rule without a past is not met: it is to learn when there are events.
    fn meet(&mut self, _history: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    fn answer(&mut self, questions: &[Question]) -> Result<Vec<Answer>, LedgerError> {
        let invalid = |text: &str| Err(LedgerError::Invalid(text.to_owned()));
        let is_too_long = |question: &Question| match question {
            Question::Sighting(sighting) => {
                sighting.history.len() > RULE_BYTES_MAX || sighting.term.len() > TERM_BYTES_MAX
            }
            // What has begun in the past is not seeded.
            Question::Advance(_) | Question::Release(_) => false,
        };
        if questions.len() > QUESTIONS_MAX || questions.iter().any(is_too_long) {
            return invalid("too many questions in one call, or one that is too long");
        }
        let bytes = questions.iter().map(Question::bytes).sum::<usize>() + self.bytes;
        if self.sightings.len() + questions.len() > BATCH_MAX.0 || bytes > BATCH_MAX.1 {
            return invalid("too many sightings by one batch of events");
        }
        self.bytes = bytes;
        let answer = |question: &Question| match question {
            Question::Sighting(sighting) => {
                self.sightings.push(sighting.clone());
                Answer::Sighting(Verdict::Seen)
            }
            Question::Advance(_) | Question::Release(_) => Answer::Completed(Vec::new()),
        };
        Ok(questions.iter().map(answer).collect())
    }

    fn savepoint(&mut self) -> Savepoint {
        self.savepoints.push((self.sightings.len(), self.bytes));
        Savepoint(self.savepoints.len() - 1)
    }

    fn restore(&mut self, Savepoint(place): Savepoint) {
        self.savepoints.truncate(place.saturating_add(1));
        if let Some((sightings, bytes)) = self.savepoints.get(place) {
            self.sightings.truncate(*sightings);
            self.bytes = *bytes;
        }
    }

    /// Alerts that a module raises unasked go nowhere.
    fn commit(self: Box<Self>, _alerts: Vec<StoredAlert>) -> Result<Committed, LedgerError> {
        let Self { seeding, now_ms, sightings, .. } = *self;
        let mut seen = seeding.seen();
        seen.now_ms = seen.now_ms.max(now_ms);
        sightings.into_iter().for_each(|sighting| seen.record(sighting, now_ms));
        if seen.terms >= PENDING_MAX.0 || seen.bytes >= PENDING_MAX.1 {
            seeding.import(&mut seen)?;
        }
        Ok(Committed::default())
    }
}
