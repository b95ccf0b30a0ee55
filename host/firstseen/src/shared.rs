//! What a detector, its workers and its pools have in common.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use crate::configuration::Configuration;
use crate::error::Error;
use crate::gate::Gate;
use crate::learn::Learn;
use crate::ledger::{Learning, Ledger, OutboxMax};
use crate::reports::{Refusal, RuleSummary};
use crate::wasm::{Instance, Limits, LogMessage, Module};

/// What the workers of a detector share.
pub(crate) struct Shared {
    pub(crate) module: Module,
    pub(crate) configuration: Configuration,
    /// The instance that the rules were looked at with; the first worker has it.
    pub(crate) spare: Mutex<Option<Instance>>,
    pub(crate) limits: Limits,
    pub(crate) line_bytes_max: usize,
    pub(crate) learn: Learn,
    /// The same for the ledger.
    pub(crate) learning: Learning,
    pub(crate) outbox_max: OutboxMax,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) rules: Vec<RuleSummary>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) unusable: Vec<Refusal>,
    pub(crate) log: Arc<dyn Fn(&LogMessage) + Send + Sync>,
    /// The order in which batches look at the ledger.
    pub(crate) gate: Arc<Gate>,
    /// Whether the ledger has met the rules.
    pub(crate) has_met_rules: AtomicBool,
}

impl Shared {
    /// A fresh instance that runs the rules.
    pub(crate) fn instance(&self) -> Result<Instance, Error> {
        if let Some(spare) = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Ok(spare);
        }
        let mut instance = Instance::new(&self.module, self.limits).map_err(Error::Start)?;
        let reports = instance.configure(&self.configuration);
        reports.map_err(|trap| Error::Start(self.configuration.explain(trap)))?;
        self.log(instance.take_messages());
        Ok(instance)
    }

    pub(crate) fn log(&self, messages: Vec<LogMessage>) {
        messages.iter().for_each(|message| (self.log)(message));
    }
}
