//! Detection with a set of rules, a ledger and limits.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::builder::Builder;
use crate::configuration::{Clock, Configuration, Document};
use crate::error::Error;
use crate::gate::{Gate, Ticket};
use crate::learn::Learn;
use crate::ledger::{Ledger, Stats};
use crate::outcome::{Alert, Outcome};
use crate::reports::{Refusal, RuleSummary};
use crate::shared::Shared;
use crate::wasm::Module;
use crate::worker::Worker;

/// Detection with a set of rules and a ledger. Cheap to clone; clones share the
/// ledger.
#[derive(Clone)]
pub struct Detector {
    shared: Arc<Shared>,
}

impl Detector {
    /// Begins a detector that runs the module's built-in rule over a ledger
    /// in memory; the builder changes that.
    pub fn builder(module: Module) -> Builder {
        Builder::new(module)
    }

    /// A worker, with an instance of the module of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module cannot be started.
    pub fn worker(&self) -> Result<Worker, Error> {
        Worker::new(Arc::clone(&self.shared))
    }

    /// A place in the order in which batches look at the ledger, behind all that
    /// were given out before: take one for each batch in the order of the
    /// stream, and pass it to [`Worker::evaluate_in_order`] on any thread.
    pub fn ticket(&self) -> Ticket {
        self.shared.gate.ticket()
    }

    /// The same rules over another ledger, with event times by another clock and
    /// without learning. Both go their ways.
    #[must_use]
    pub fn over(&self, ledger: Arc<dyn Ledger>, clock: Clock) -> Self {
        self.copy(ledger, clock, Learn::For(Duration::ZERO))
    }

    /// The same over another ledger. Both go their ways.
    #[must_use]
    pub fn with_ledger(&self, ledger: Arc<dyn Ledger>) -> Self {
        self.copy(ledger, self.shared.configuration.clock, self.shared.learn)
    }

    /// What it remembers.
    #[must_use]
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.shared.ledger)
    }

    fn copy(&self, ledger: Arc<dyn Ledger>, clock: Clock, learn: Learn) -> Self {
        let shared = &self.shared;
        let original = Arc::clone(&shared.log);
        Self::new(Shared {
            module: shared.module.clone(),
            configuration: Configuration { clock, ..shared.configuration.clone() },
            spare: Mutex::default(),
            limits: shared.limits,
            line_bytes_max: shared.line_bytes_max,
            learn,
            learning: learn.learning(clock, &shared.rules),
            outbox_max: shared.outbox_max,
            ledger,
            rules: shared.rules.clone(),
            refusals: shared.refusals.clone(),
            unusable: shared.unusable.clone(),
            log: original,
            gate: Gate::new(),
            has_met_rules: AtomicBool::new(false),
        })
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// A worker that takes its instance when it has work.
    pub(crate) fn idle_worker(&self) -> Worker {
        Worker::idle(Arc::clone(&self.shared))
    }

    /// The rules that run.
    pub fn rules(&self) -> &[RuleSummary] {
        &self.shared.rules
    }

    /// The rules as they were given; none: the module's built-in rule.
    pub fn rule_documents(&self) -> &[Document] {
        &self.shared.configuration.rules
    }

    /// The exceptions as they were given.
    pub fn exception_documents(&self) -> &[Document] {
        &self.shared.configuration.exceptions
    }

    /// The rules that do not.
    pub fn refusals(&self) -> &[Refusal] {
        &self.shared.refusals
    }

    /// Exceptions, value lists and mappings that cannot be used.
    pub fn unusable(&self) -> &[Refusal] {
        &self.shared.unusable
    }

    /// The oldest alerts that were committed but never acknowledged, `alerts_max`
    /// at most, with numbers above `after`: after a crash, hand them to the sink
    /// before anything else, a page at a time.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state cannot be read.
    pub fn outbox(&self, after: Option<u64>, alerts_max: usize) -> Result<Vec<Alert>, Error> {
        let alert = |(number, stored)| Alert { number, lines: Vec::new(), stored };
        Ok(self.shared.ledger.outbox(after, alerts_max)?.into_iter().map(alert).collect())
    }

    /// The size of the ledger, and of the outbox in it.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state cannot be read.
    pub fn stats(&self) -> Result<Stats, Error> {
        Ok(self.shared.ledger.stats()?)
    }

    /// Until when a rule only learns, in epoch milliseconds, if its first batch comes at
    /// `now_ms` at the latest; a time that has passed where it learns no more, and none
    /// where it never does, or learns by [`Clock::Event`].
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state cannot be read.
    pub fn learning_until_ms(&self, rule: &RuleSummary, now_ms: i64) -> Result<Option<i64>, Error> {
        let length_ms = self.shared.learn.length_ms(rule);
        if length_ms == 0 || self.shared.configuration.clock == Clock::Event {
            return Ok(None);
        }
        let since_ms = self.shared.ledger.since(&rule.history)?.map_or(now_ms, |since| since.arrival_ms);
        Ok(Some(since_ms.saturating_add_unsigned(length_ms)))
    }

    /// Says that the sink has all alerts of an outcome.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state cannot be written; the alerts will be
    /// handed over again.
    pub fn acknowledge(&self, outcome: &Outcome) -> Result<(), Error> {
        self.acknowledge_alerts(&outcome.alerts)
    }

    /// Says that the sink has these alerts.
    ///
    /// # Errors
    ///
    /// As [`Detector::acknowledge`].
    pub fn acknowledge_alerts(&self, alerts: &[Alert]) -> Result<(), Error> {
        let numbers: Vec<u64> = alerts.iter().map(|alert| alert.number).collect();
        self.acknowledge_numbers(&numbers)
    }

    /// Says that the sink has the alerts of these numbers.
    ///
    /// # Errors
    ///
    /// As [`Detector::acknowledge`].
    pub fn acknowledge_numbers(&self, numbers: &[u64]) -> Result<(), Error> {
        if numbers.is_empty() {
            return Ok(());
        }
        Ok(self.shared.ledger.acknowledge(numbers)?)
    }

    /// Writes what the ledger still holds in memory. Dropping the ledger does so
    /// too, but cannot say if it failed.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state cannot be written.
    pub fn flush(&self) -> Result<(), Error> {
        Ok(self.shared.ledger.flush()?)
    }
}
