//! A ledger whose verdicts are told, not judged: to learn what rules sight, or to
//! have chosen alerts written.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use firstseen::ledger::{
    Answer, Committed, Ledger, LedgerError, Question, Savepoint, Settings, Sighting, Since, Stats, StoredAlert,
    Transaction, Verdict,
};

/// What answers for a sighting.
type Script = Box<dyn FnMut(&Sighting) -> Verdict + Send>;

/// Asks the script that it was given last for every verdict, in order, and keeps
/// nothing.
pub(super) struct ScriptedLedger(Mutex<Script>);

/// A transaction of it. Going back changes nothing: what was told, was told.
struct ScriptedTransaction<'l>(&'l ScriptedLedger);

impl ScriptedLedger {
    /// One that has seen everything.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Box::new(|_| Verdict::Seen))))
    }

    /// Gives it another script.
    pub(super) fn set(&self, script: impl FnMut(&Sighting) -> Verdict + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(script);
    }
}

impl Ledger for ScriptedLedger {
    fn begin(&self, _arrival_ms: i64, _settings: Settings) -> Result<Box<dyn Transaction + '_>, LedgerError> {
        Ok(Box::new(ScriptedTransaction(self)))
    }

    fn outbox(&self, _after: Option<u64>, _alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        Ok(Vec::new())
    }

    fn acknowledge(&self, _numbers: &[u64]) -> Result<(), LedgerError> {
        Ok(())
    }

    fn flush(&self) -> Result<(), LedgerError> {
        Ok(())
    }

    fn since(&self, _history: &str) -> Result<Option<Since>, LedgerError> {
        Ok(None)
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        Ok(Stats::default())
    }
}

impl Transaction for ScriptedTransaction<'_> {
    fn meet(&mut self, _history: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    fn answer(&mut self, questions: &[Question]) -> Result<Vec<Answer>, LedgerError> {
        let mut script = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = |question: &Question| match question {
            Question::Sighting(sighting) => Answer::Sighting(script(sighting)),
            Question::Advance(_) | Question::Release(_) => Answer::Completed(Vec::new()),
        };
        Ok(questions.iter().map(answer).collect())
    }

    fn savepoint(&mut self) -> Savepoint {
        Savepoint(0)
    }

    fn restore(&mut self, _savepoint: Savepoint) {}

    fn commit(self: Box<Self>, alerts: Vec<StoredAlert>) -> Result<Committed, LedgerError> {
        Ok(Committed { alerts: (0..).map(Some).zip(alerts).collect(), ..Committed::default() })
    }
}

impl fmt::Debug for ScriptedLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedLedger").finish_non_exhaustive()
    }
}
