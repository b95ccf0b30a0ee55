//! One sandbox: a wasmtime store with one instance of a module.

use std::time::Duration;

use wasmtime::{Store, UpdateDeadline};

use super::host_state::{HostState, LogLevel, LogMessage};
use super::limits::Limits;
use super::module::Module;
use super::runtime::TICK;
use super::thread_time::thread_time;
use super::trap::Trap;
use super::v0_2::{Context, DetectionModule, answers, detector};
use super::{CallContext, Description};
use crate::answer::{Matching, ModuleError, Step};
use crate::configuration::Configuration;
use crate::ledger::Answer;
use crate::reports::RuleReports;
use crate::run_range::RunRange;

/// An instance of a module. After a trap it is of no more use.
pub(crate) struct Instance {
    store: Store<HostState>,
    module: DetectionModule,
    limits: Limits,
}

/// Why a call gave no answer.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The call did not return.
    Trap(Trap),
    /// It returned an error of its own.
    Module(ModuleError),
}

impl Instance {
    /// Instantiates a module under limits.
    pub(crate) fn new(module: &Module, limits: Limits) -> Result<Self, Trap> {
        let mut store = Store::new(module.engine(), HostState::new(&limits));
        store.limiter(|state| &mut state.guard);
        store.set_hostcall_fuel(limits.hostcall_bytes);
        store.epoch_deadline_callback(|context| {
            let left = context.data().over_at.saturating_sub(thread_time());
            match left.is_zero() {
                true => Err(wasmtime::Trap::Interrupt.into()),
                // Others had the processor meanwhile.
                false => Ok(UpdateDeadline::Continue(ticks(left))),
            }
        });
        allow(&mut store, limits.call_timeout);
        match module.instantiate(&mut store) {
            Ok(module) => Ok(Self { store, module, limits }),
            Err(error) => Err(Trap::new(&error, None)),
        }
    }

    /// Loads rules.
    pub(crate) fn configure(&mut self, configuration: &Configuration) -> Result<RuleReports, Trap> {
        let configuration = detector::Configuration::from(configuration);
        let reports =
            self.call(self.limits.configure_timeout, |exports, store| exports.call_configure(store, &configuration))?;
        Ok(reports.into_iter().map(Into::into).collect())
    }

    /// Asks the module what it is.
    pub(crate) fn describe(&mut self) -> Result<Description, Trap> {
        self.call(self.limits.call_timeout, |exports, store| exports.call_describe(store)).map(Description::from)
    }

    /// Asks which rules match which events.
    pub(crate) fn match_events(&mut self, batch: &str, context: &CallContext<'_>) -> Result<Matching, CallError> {
        let context = Context::from(context);
        let timeout = self.limits.call_timeout;
        let answer = self.call(timeout, |exports, store| exports.call_match_events(store, batch, &context))?;
        Ok(answer.map_err(ModuleError::from)?.into())
    }

    /// Asks what a run of a rule at a time would look at.
    pub(crate) fn scheduled_range(&mut self, rule: u32, now_ms: i64) -> Result<Option<RunRange>, Trap> {
        let timeout = self.limits.call_timeout;
        let range = self.call(timeout, |exports, store| exports.call_scheduled_range(store, rule, now_ms))?;
        Ok(range.map(RunRange::from))
    }

    /// Begins to evaluate a batch. `time_left` is that of all its rounds; what
    /// this one took is taken from it.
    pub(crate) fn evaluate(
        &mut self,
        batch: &str,
        context: &CallContext<'_>,
        time_left: &mut Duration,
    ) -> Result<Step, CallError> {
        let context = Context::from(context);
        let step = self.timed(time_left, |exports, store| exports.call_evaluate(store, batch, &context))?;
        Ok(step.map_err(ModuleError::from)?.into())
    }

    /// Goes on with the batch of the last [`Step::Ask`].
    pub(crate) fn resume(&mut self, given: &[Answer], time_left: &mut Duration) -> Result<Step, CallError> {
        let answers = answers(given);
        let step = self.timed(time_left, |exports, store| exports.call_resume(store, &answers))?;
        Ok(step.map_err(ModuleError::from)?.into())
    }

    /// A call that may take as much time as is left.
    fn timed<T>(
        &mut self,
        time_left: &mut Duration,
        call: impl FnOnce(&detector::Guest, &mut Store<HostState>) -> wasmtime::Result<T>,
    ) -> Result<T, Trap> {
        if time_left.is_zero() {
            return Err(Trap::timeout("all rounds of the batch together"));
        }
        let started = thread_time();
        let answer = self.call(*time_left, call);
        *time_left = time_left.saturating_sub(thread_time().saturating_sub(started));
        answer
    }

    /// Every call goes through here: its time and what is copied out are bounded.
    fn call<T>(
        &mut self,
        timeout: Duration,
        call: impl FnOnce(&detector::Guest, &mut Store<HostState>) -> wasmtime::Result<T>,
    ) -> Result<T, Trap> {
        allow(&mut self.store, timeout);
        self.store.set_hostcall_fuel(self.limits.hostcall_bytes);
        call(self.module.firstseen_detection_detector(), &mut self.store).map_err(|error| self.trap(&error))
    }

    /// The module's messages since the last time.
    pub(crate) fn take_messages(&mut self) -> Vec<LogMessage> {
        self.store.data_mut().take_messages()
    }

    /// Whether the memory has grown so far that a fresh instance is better:
    /// memory never shrinks.
    pub(crate) fn is_bloated(&self) -> bool {
        self.store.data().guard.memory_bytes() > self.limits.memory_bytes / 2
    }

    /// Classifies a failed call; the module's last words say more than the
    /// runtime's.
    fn trap(&mut self, error: &wasmtime::Error) -> Trap {
        let messages = self.store.data_mut().take_messages();
        let last_words = messages.into_iter().rev().find(|message| message.level == LogLevel::Critical);
        Trap::new(error, last_words.map(|message| message.text))
    }
}

/// Lets the next call have so much of the thread's time.
fn allow(store: &mut Store<HostState>, timeout: Duration) {
    store.data_mut().over_at = thread_time().saturating_add(timeout);
    store.set_epoch_deadline(ticks(timeout));
}

fn ticks(timeout: Duration) -> u64 {
    let ticks = timeout.as_millis().div_ceil(TICK.as_millis());
    // One more, since the present tick has partly passed.
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

impl From<Trap> for CallError {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

impl From<ModuleError> for CallError {
    fn from(error: ModuleError) -> Self {
        Self::Module(error)
    }
}
