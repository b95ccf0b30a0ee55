//! The instance that a worker has, made anew when it is gone.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::{Evaluation, Step, check_evaluation, check_matching};
use crate::breaker::Breaker;
use crate::error::Error;
use crate::ledger::{LedgerError, Question};
use crate::outcome::{Cost, Matching};
use crate::run_range::RunRange;
use crate::shared::Shared;
use crate::text::Text;
use crate::turn::Turn;
use crate::wasm::{CallContext, CallError, Instance, Trap};

/// An instance of the module, and how often it failed.
pub(crate) struct Sandbox {
    shared: Arc<Shared>,
    /// None after a trap, until it is needed again.
    instance: Option<Instance>,
    breaker: Breaker,
    cost: Cost,
}

/// Why a call gave nothing: the module is at fault, or all is lost.
pub(crate) enum Failure {
    Trap(Trap),
    Fatal(Error),
}

/// What the rounds of a batch have cost so far.
#[derive(Default)]
struct Rounds {
    count: u32,
    questions: usize,
    bytes: usize,
}

impl Sandbox {
    /// Without an instance: it is made when there is work.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, instance: None, breaker: Breaker::default(), cost: Cost::default() }
    }

    pub(crate) fn breaker(&mut self) -> &mut Breaker {
        &mut self.breaker
    }

    /// What was spent since the last time.
    pub(crate) fn take_cost(&mut self) -> Cost {
        std::mem::take(&mut self.cost)
    }

    /// Whether the module failed so often that it is left alone for now.
    pub(crate) fn is_off(&self) -> bool {
        self.breaker.is_open()
    }

    /// Makes the instance, if there is none.
    pub(crate) fn start(&mut self) -> Result<(), Error> {
        instance(&mut self.instance, &self.shared).map(drop)
    }

    /// Evaluates lines to their end, in as many rounds as the module asks for,
    /// within one time for all of them. Its questions are answered in `turn`,
    /// which may hold some of a batch that failed.
    pub(crate) fn evaluate(
        &mut self,
        text: &str,
        context: &CallContext<'_>,
        turn: &mut Turn<'_>,
        timeout: Duration,
    ) -> Result<Evaluation, Failure> {
        if self.breaker.is_open() {
            return Err(Failure::Trap(Trap::contract("it failed too often and is switched off")));
        }
        let (mut rounds, mut time_left) = (Rounds::default(), timeout);
        let result = self.rounds(text, context, turn, &mut rounds, &mut time_left);
        self.cost.module += timeout.saturating_sub(time_left);
        if result.is_ok() {
            self.cost.sightings += rounds.questions as u64;
        }
        match &result {
            Ok(_) => self.breaker.success(),
            Err(Failure::Trap(_)) => self.breaker.trap(),
            // Whether the module is to blame as well is not known.
            Err(Failure::Fatal(_)) => self.instance = None,
        }
        result
    }

    fn rounds(
        &mut self,
        text: &str,
        context: &CallContext<'_>,
        turn: &mut Turn<'_>,
        rounds: &mut Rounds,
        time_left: &mut Duration,
    ) -> Result<Evaluation, Failure> {
        let shared = &*self.shared;
        let slot = &mut self.instance;
        let mut step = call(slot, shared, |instance| instance.evaluate(text, context, time_left))?;
        loop {
            let questions = match step {
                Step::Ask(questions) => questions,
                Step::Done(evaluation) => {
                    return match check_evaluation(&evaluation, text, shared.rules.len()) {
                        Ok(()) => Ok(evaluation),
                        Err(trap) => Err(lose(slot, trap)),
                    };
                }
            };
            if let Err(trap) = rounds.count(&questions, shared) {
                return Err(lose(slot, trap));
            }
            let answers = turn.answer(&questions).map_err(|error| match error {
                LedgerError::Invalid(cause) => lose(slot, Trap::contract(format!("it asks what it may not: {cause}"))),
                error => Failure::Fatal(Error::Ledger(error)),
            })?;
            step = call(slot, shared, |instance| instance.resume(&answers, time_left))?;
        }
    }

    /// Asks which rules match which lines.
    pub(crate) fn match_events(&mut self, text: &Text<'_>, context: &CallContext<'_>) -> Result<Matching, Error> {
        let shared = &*self.shared;
        let slot = &mut self.instance;
        let matching = call(slot, shared, |instance| instance.match_events(&text.text, context));
        let checked = matching
            .and_then(|matching| check_matching(matching, text, shared.rules.len()).map_err(|trap| lose(slot, trap)));
        checked.map_err(|failure| match failure {
            Failure::Trap(trap) => Error::Call(trap),
            Failure::Fatal(error) => error,
        })
    }

    /// Asks what a run of a rule at a time would look at.
    pub(crate) fn scheduled_range(&mut self, rule: u32, now_ms: i64) -> Result<Option<RunRange>, Error> {
        let range = call(&mut self.instance, &self.shared, |instance| {
            instance.scheduled_range(rule, now_ms).map_err(CallError::Trap)
        });
        range.map_err(|failure| match failure {
            Failure::Trap(trap) => Error::Call(trap),
            Failure::Fatal(error) => error,
        })
    }

    /// Takes a fresh instance next time if this one holds much memory.
    pub(crate) fn drop_bloated_instance(&mut self) {
        if self.instance.as_ref().is_some_and(Instance::is_bloated) {
            self.instance = None;
        }
    }
}

impl Rounds {
    /// Counts a round; the limits are those of all rounds of a batch.
    fn count(&mut self, questions: &[Question], shared: &Shared) -> Result<(), Trap> {
        let limits = &shared.limits;
        self.count += 1;
        self.questions = self.questions.saturating_add(questions.len());
        self.bytes = self.bytes.saturating_add(questions.iter().map(Question::bytes).sum());
        let over = |what: &str, most: usize| Err(Trap::contract(format!("it asks {what} than {most} for a batch")));
        match () {
            () if questions.is_empty() => Err(Trap::contract("it asks, but nothing")),
            () if self.count > limits.rounds => over("more often", limits.rounds as usize),
            () if self.questions > limits.questions => over("more questions", limits.questions),
            () if self.bytes > limits.question_bytes => over("more bytes", limits.question_bytes),
            () => Ok(()),
        }
    }
}

/// The instance in a slot, made if there is none.
fn instance<'i>(slot: &'i mut Option<Instance>, shared: &Shared) -> Result<&'i mut Instance, Error> {
    match slot {
        Some(instance) => Ok(instance),
        None => Ok(slot.insert(shared.instance()?)),
    }
}

/// One call of the module. After a trap the instance is gone.
fn call<T>(
    slot: &mut Option<Instance>,
    shared: &Shared,
    call: impl FnOnce(&mut Instance) -> Result<T, CallError>,
) -> Result<T, Failure> {
    let instance = instance(slot, shared).map_err(|error| match error {
        // A module that does not start has failed like one that traps.
        Error::Start(trap) => Failure::Trap(trap),
        error => Failure::Fatal(error),
    })?;
    let answer = call(instance);
    shared.log(instance.take_messages());
    answer.map_err(|error| match error {
        CallError::Trap(trap) => lose(slot, trap),
        CallError::Module(error) => Failure::Trap(error.into_trap()),
    })
}

/// Gives an instance up that trapped, or broke the contract.
fn lose(slot: &mut Option<Instance>, trap: Trap) -> Failure {
    *slot = None;
    Failure::Trap(trap)
}
