//! One sandbox: a wasmtime store with one instance of a module.

use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline};

use super::bindings::{DetectionModule, detector};
use super::host_state::{HostState, LogLevel, LogMessage};
use super::limits::Limits;
use super::module::Module;
use super::runtime::TICK;
use super::trap::Trap;
use crate::ledger::{LedgerError, Session};

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
    Module(detector::Error),
    /// The store of sightings failed.
    Ledger(LedgerError),
}

impl Instance {
    /// Instantiates a module under limits.
    pub(crate) fn new(module: &Module, limits: Limits) -> Result<Self, Trap> {
        let mut store = Store::new(module.engine(), HostState::new(&limits));
        store.limiter(|state| &mut state.guard);
        store.set_hostcall_fuel(limits.hostcall_bytes);
        store.set_epoch_deadline(ticks(limits.call_timeout));
        // A call that waited for its turn at the state has as much time as one
        // that did not.
        store.epoch_deadline_callback(|store| {
            let left = store.data().time_left();
            Ok(match left.is_zero() {
                true => UpdateDeadline::Interrupt,
                false => UpdateDeadline::Continue(ticks(left)),
            })
        });
        match module.instantiate(&mut store) {
            Ok(module) => Ok(Self { store, module, limits }),
            Err(error) => Err(Trap::new(&error, None)),
        }
    }

    /// Loads rules.
    pub(crate) fn configure(
        &mut self,
        configuration: &detector::Configuration,
        timeout: Duration,
    ) -> Result<Vec<detector::RuleReport>, Trap> {
        self.begin(timeout);
        let reports = self.module.firstseen_detection_detector().call_configure(&mut self.store, configuration);
        reports.map_err(|error| self.trap(&error))
    }

    /// Asks the module what it is.
    pub(crate) fn describe(&mut self) -> Result<detector::Description, Trap> {
        self.begin(self.limits.call_timeout);
        let description = self.module.firstseen_detection_detector().call_describe(&mut self.store);
        description.map_err(|error| self.trap(&error))
    }

    /// Asks which rules match which events.
    pub(crate) fn match_events(
        &mut self,
        batch: &str,
        context: &detector::Context,
    ) -> Result<detector::Matching, CallError> {
        self.begin(self.limits.call_timeout);
        self.store.set_hostcall_fuel(self.limits.hostcall_bytes);
        let answer = self.module.firstseen_detection_detector().call_match_events(&mut self.store, batch, context);
        match answer {
            Ok(answer) => answer.map_err(CallError::Module),
            Err(error) => Err(CallError::Trap(self.trap(&error))),
        }
    }

    /// Asks what a run of a rule at a time would look at.
    pub(crate) fn scheduled_range(&mut self, rule: u32, now_ms: i64) -> Result<Option<detector::RunRange>, Trap> {
        self.begin(self.limits.call_timeout);
        let range = self.module.firstseen_detection_detector().call_scheduled_range(&mut self.store, rule, now_ms);
        range.map_err(|error| self.trap(&error))
    }

    /// Evaluates a batch; what the module sights goes into `session`. After an
    /// error it may hold sightings of the failed call.
    pub(crate) fn evaluate(
        &mut self,
        batch: &str,
        context: &detector::Context,
        session: &mut Session,
        timeout: Duration,
    ) -> Result<detector::Evaluation, CallError> {
        self.begin(timeout);
        self.store.set_hostcall_fuel(self.limits.hostcall_bytes);
        let stand_in = session.stand_in();
        let state = self.store.data_mut();
        state.session = Some(std::mem::replace(session, stand_in));
        state.store_failure = None;
        let answer = self.module.firstseen_detection_detector().call_evaluate(&mut self.store, batch, context);
        let state = self.store.data_mut();
        if let Some(back) = state.session.take() {
            *session = back;
        }
        match (state.store_failure.take(), answer) {
            (Some(error), _) => Err(CallError::Ledger(error)),
            (None, Ok(answer)) => answer.map_err(CallError::Module),
            (None, Err(error)) => Err(CallError::Trap(self.trap(&error))),
        }
    }

    /// Sets the clock for a call.
    fn begin(&mut self, timeout: Duration) {
        self.store.set_epoch_deadline(ticks(timeout));
        let state = self.store.data_mut();
        (state.started, state.timeout, state.waited) = (Instant::now(), timeout, Duration::ZERO);
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

fn ticks(timeout: Duration) -> u64 {
    let ticks = timeout.as_millis().div_ceil(TICK.as_millis());
    // One more, since the present tick has partly passed.
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}
