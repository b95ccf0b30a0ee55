//! A batch's turn at the ledger.

use crate::configuration::Clock;
use crate::gate::Ticket;
use crate::ledger::{
    self, Answer, Committed, Ledger, LedgerError, Question, Savepoint, Settings, StoredAlert, Transaction,
};
use crate::reports::RuleSummary;
use crate::shared::Shared;

/// A place in the order of batches, and the transaction that is begun when the
/// first question comes: a batch that asks nothing waits for nobody.
pub(crate) struct Turn<'l> {
    // Given up before the ticket is given back.
    transaction: Option<Box<dyn Transaction + 'l>>,
    ledger: &'l dyn Ledger,
    arrival_ms: i64,
    settings: Settings,
    /// Rules that the ledger may not have met.
    rules: &'l [RuleSummary],
    ticket: Ticket,
}

/// A point to go back to; none where nothing was asked before.
pub(crate) struct TurnSavepoint(Option<Savepoint>);

impl<'l> Turn<'l> {
    pub(crate) fn new(shared: &'l Shared, arrival_ms: i64, rules: &'l [RuleSummary], ticket: Ticket) -> Self {
        let settings = Settings {
            learning: shared.learning.clone(),
            outbox_max: shared.outbox_max,
            clock: match shared.configuration.clock {
                Clock::Arrival => ledger::Clock::Arrival,
                Clock::Event => ledger::Clock::Event,
            },
            ..Settings::default()
        };
        Self { transaction: None, ledger: &*shared.ledger, arrival_ms, settings, rules, ticket }
    }

    /// Waits for the turn if this is the first question.
    pub(crate) fn answer(&mut self, questions: &[Question]) -> Result<Vec<Answer>, LedgerError> {
        self.transaction()?.answer(questions)
    }

    pub(crate) fn savepoint(&mut self) -> TurnSavepoint {
        TurnSavepoint(self.transaction.as_mut().map(|transaction| transaction.savepoint()))
    }

    pub(crate) fn restore(&mut self, TurnSavepoint(savepoint): TurnSavepoint) {
        match (savepoint, &mut self.transaction) {
            (Some(savepoint), Some(transaction)) => transaction.restore(savepoint),
            _ => self.transaction = None,
        }
    }

    /// Makes what was recorded part of the state, together with alerts.
    pub(crate) fn commit(mut self, alerts: Vec<StoredAlert>) -> Result<Committed, LedgerError> {
        if !alerts.is_empty() || !self.rules.is_empty() {
            self.transaction()?;
        }
        match self.transaction.take() {
            Some(transaction) => transaction.commit(alerts),
            None => Ok(Committed::default()),
        }
    }

    fn transaction(&mut self) -> Result<&mut (dyn Transaction + 'l), LedgerError> {
        let transaction = match self.transaction.take() {
            Some(transaction) => transaction,
            None => {
                self.ticket.wait();
                let mut transaction = self.ledger.begin(self.arrival_ms, self.settings.clone())?;
                self.rules.iter().try_for_each(|rule| transaction.meet(&rule.history))?;
                transaction
            }
        };
        Ok(&mut **self.transaction.insert(transaction))
    }
}
