//! Detection with a set of rules, a store and limits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::builder::Builder;
use crate::error::Error;
use crate::ledger::{Backend, Learning, MemoryLedger, Ticket};
use crate::outcome::{Alert, Outcome};
use crate::reports::{RuleRefusal, RuleSummary};
use crate::wasm::{Instance, Limits, LogMessage, Module, detector as wit};
use crate::worker::Worker;

/// Loading rules may take longer than evaluating a batch.
pub(crate) const CONFIGURE_TIMEOUT: Duration = Duration::from_secs(30);

/// Detection with a set of rules and a store. Cheap to clone; clones share the
/// store.
#[derive(Clone)]
pub struct Detector {
    pub(crate) shared: Arc<Shared>,
}

/// What the workers of a detector share.
pub(crate) struct Shared {
    pub(crate) module: Module,
    pub(crate) configuration: wit::Configuration,
    /// The instance that the rules were looked at with; the first worker has it.
    pub(crate) spare: Mutex<Option<Instance>>,
    pub(crate) limits: Limits,
    pub(crate) line_bytes_max: usize,
    pub(crate) learning: Learning,
    pub(crate) ledger: Arc<dyn Backend>,
    pub(crate) rules: Vec<RuleSummary>,
    pub(crate) refusals: Vec<RuleRefusal>,
    pub(crate) unusable: Vec<RuleRefusal>,
    pub(crate) log: Box<dyn Fn(&LogMessage) + Send + Sync>,
}

impl Detector {
    /// Begins a detector that runs the module's built-in rule over a memory
    /// store; the builder changes that.
    pub fn builder(module: Module) -> Builder {
        Builder::new(module)
    }

    /// A worker, with an instance of the module of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module cannot be started.
    pub fn worker(&self) -> Result<Worker, Error> {
        Worker::new(self.clone())
    }

    /// A place in the order in which batches look at the state, behind all that
    /// were given out before: take one for each batch in the order of the
    /// stream, and pass it to [`Worker::evaluate_in_order`] on any thread.
    pub fn ticket(&self) -> Ticket {
        self.shared.ledger.gate().ticket()
    }

    /// The same rules over a store of their own, with the times of events as an
    /// index would have them: `@timestamp` where the override is missing.
    pub(crate) fn of_stored_events(&self) -> Self {
        let shared = &self.shared;
        let configuration = wit::Configuration { clock: wit::Clock::Event, ..shared.configuration.clone() };
        let original = Arc::clone(shared);
        Self {
            shared: Arc::new(Shared {
                module: shared.module.clone(),
                configuration,
                spare: Mutex::default(),
                limits: shared.limits,
                line_bytes_max: shared.line_bytes_max,
                learning: Learning::NONE,
                ledger: Arc::new(MemoryLedger::new()),
                rules: shared.rules.clone(),
                refusals: shared.refusals.clone(),
                unusable: shared.unusable.clone(),
                log: Box::new(move |message| (original.log)(message)),
            }),
        }
    }

    /// The rules that run.
    pub fn rules(&self) -> &[RuleSummary] {
        &self.shared.rules
    }

    /// The rules that do not.
    pub fn refusals(&self) -> &[RuleRefusal] {
        &self.shared.refusals
    }

    /// Exceptions, value lists and mappings that cannot be used.
    pub fn unusable(&self) -> &[RuleRefusal] {
        &self.shared.unusable
    }

    /// Alerts that were committed but never acknowledged, oldest first: after a
    /// crash, hand them to the sink before anything else.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state cannot be read.
    pub fn outbox(&self) -> Result<Vec<Alert>, Error> {
        let alert = |(number, stored): (u64, crate::ledger::StoredAlert)| Alert {
            number,
            line: None,
            rule_id: stored.rule_id,
            term: stored.term,
            id: stored.id,
            document: stored.document,
        };
        Ok(self.shared.ledger.outbox()?.into_iter().map(alert).collect())
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
        if alerts.is_empty() {
            return Ok(());
        }
        let numbers: Vec<u64> = alerts.iter().map(|alert| alert.number).collect();
        Ok(self.shared.ledger.acknowledge(&numbers)?)
    }

    /// Writes what the store still holds in memory. Dropping the store does so
    /// too, but cannot say if it failed.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state cannot be written.
    pub fn flush(&self) -> Result<(), Error> {
        Ok(self.shared.ledger.flush()?)
    }
}

impl Shared {
    /// A fresh instance that runs the rules.
    pub(crate) fn instance(&self) -> Result<Instance, Error> {
        if let Some(spare) = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Ok(spare);
        }
        let mut instance = Instance::new(&self.module, self.limits).map_err(Error::Start)?;
        instance.configure(&self.configuration, CONFIGURE_TIMEOUT).map_err(Error::Start)?;
        self.log(instance.take_messages());
        Ok(instance)
    }

    pub(crate) fn log(&self, messages: Vec<LogMessage>) {
        messages.iter().for_each(|message| (self.log)(message));
    }
}
