//! The detection engine: rules in, batches through, alerts out.
//!
//! A batch goes one way: scan each line once, match each rule, collect the
//! terms, ask the host for all of them, write the alerts. The engine asks by
//! returning: [`Step::Ask`] has the questions, [`Engine::resume`] takes the
//! answers.

use firstseen_query::{Joint, Layout as _};

use crate::alert::Format;
use crate::candidates::Candidates;
pub use crate::document::Refusal;
pub use crate::evaluation::{
    Alert, AlertSource, EvaluateError, Evaluation, Matching, Remark, RuleMatches, UnjudgedCause, UnjudgedLine,
};
use crate::event::Projection;
use crate::loading::Loading;
pub use crate::loading::{Documents, Reports};
pub use crate::matching::Context;
use crate::matching::{Loaded, Memory};
use crate::prefilter::Prefilter;
use crate::rule::{Clock, Rule};
use crate::state::{Answer, Question, SIGHTING};
use crate::target::{ByTarget, Target};
use crate::underway::Underway;
use crate::unjudged::NotFullyJudged;
pub use crate::unjudged::{SetApart, SetApartCause};

/// How to evaluate and report.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where event times come from.
    pub clock: Clock,
    /// Form of the alert documents.
    pub format: Format,
    /// Kibana space, part of every alert id.
    pub space: String,
    /// The field that has the `_id` of an event, where the wire gives none.
    pub event_id_field: Option<String>,
    /// Which ways round work are taken.
    pub shortcuts: Shortcuts,
    /// Names of the questions that the host answers.
    pub questions: Vec<String>,
}

/// Ways round work. An engine answers the same with and without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcuts {
    /// Look only at rules that the event's values leave possible.
    pub index: bool,
    /// Look only at lines that hold what some rule cannot match without.
    pub prefilter: bool,
    /// How the conditions of rules are answered.
    pub answers: Answers,
}

/// How the conditions of rules are answered. [`Context::line_work_max`] holds for
/// all but the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    /// Each for itself, whatever that costs.
    OneByOne,
    /// Those on a field all together.
    Together,
    /// One by one as long as that is cheap, then together.
    #[default]
    Cheapest,
}

impl Default for Shortcuts {
    fn default() -> Self {
        Self { index: true, prefilter: true, answers: Answers::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Clock::Arrival,
            format: Format::Kibana,
            space: "default".to_owned(),
            event_id_field: None,
            shortcuts: Shortcuts::default(),
            questions: vec![SIGHTING.to_owned()],
        }
    }
}

/// Rules that run together.
#[derive(Debug)]
pub struct Engine {
    loaded: Loaded,
    memory: Memory,
    /// The batch that waits for answers.
    underway: Option<Box<Underway>>,
}

/// What the engine says to a batch.
#[derive(Debug)]
pub enum Step<'e> {
    /// Questions, at least one; [`Engine::resume`] goes on with their answers.
    Ask(&'e [Question]),
    /// What the batch gave.
    Done(Evaluation),
}

/// Most matches that [`Engine::match_events`] answers with.
const MAX_MATCHES: usize = 1_000_000;

/// Longest batch, in bytes.
const BATCH_BYTES_MAX: usize = 64 << 20;

impl Engine {
    /// Loads rules and what they need.
    pub fn new(documents: &Documents, settings: Settings) -> (Self, Reports) {
        let mut projection = Projection::default();
        let target = Target::new(&mut projection, &settings.space);
        let event_id = settings.event_id_field.as_deref().map(|field| projection.values(field));
        let Loading { rules, templates, reports, leaves, .. } =
            Loading::load(documents, &settings.questions, &mut projection);
        let joint = (settings.shortcuts.answers != Answers::OneByOne).then(|| Joint::new(&leaves));
        let by_target = ByTarget::new(&rules);
        let candidates = match settings.shortcuts.index {
            true => Candidates::new(&rules),
            false => Candidates::all(),
        };
        let prefilter = settings.shortcuts.prefilter.then(|| Prefilter::new(&rules)).flatten();
        let Settings { clock, format, space, .. } = settings;
        let loaded = Loaded {
            clock,
            format,
            space,
            projection,
            event_id,
            target,
            by_target,
            rules,
            templates,
            candidates,
            prefilter,
            joint,
            not_fully_judged: NotFullyJudged::read(),
            is_always_together: settings.shortcuts.answers == Answers::Together,
        };
        (Self { loaded, memory: Memory::default(), underway: None }, reports)
    }

    /// The rules that run.
    pub fn rules(&self) -> &[Rule] {
        &self.loaded.rules
    }

    /// Begins to evaluate a batch of NDJSON lines. One that waits for answers is
    /// given up.
    ///
    /// # Errors
    ///
    /// [`EvaluateError`]; then the host has to drop what the batch recorded.
    pub fn evaluate(
        &mut self,
        batch: impl AsRef<str> + Into<String>,
        context: Context,
    ) -> Result<Step<'_>, EvaluateError> {
        self.give_up();
        check_size(batch.as_ref())?;
        let underway = Underway::new(batch.into(), context, self.loaded.rules.len());
        self.proceed(Box::new(underway))
    }

    /// Gives up the batch that waits for answers, if there is one.
    pub fn give_up(&mut self) {
        self.underway = None;
    }

    /// Goes on with the batch of the last [`Step::Ask`]: one answer for each
    /// question, in order.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::Invalid`] if the answers do not fit the questions, or
    /// none were asked; the batch is given up. [`EvaluateError::NotConfigured`] if no
    /// rule is loaded.
    pub fn resume(&mut self, answers: &[Answer]) -> Result<Step<'_>, EvaluateError> {
        if self.loaded.rules.is_empty() {
            return Err(EvaluateError::NotConfigured);
        }
        let Some(mut underway) = self.underway.take() else {
            return Err(EvaluateError::Invalid("answers, but nothing was asked".to_owned()));
        };
        underway.take_answers(&self.loaded, answers)?;
        self.proceed(underway)
    }

    /// Evaluates a batch to its end; `answer` has one answer for each question.
    ///
    /// # Errors
    ///
    /// As [`Engine::evaluate`], and what `answer` gives.
    pub fn evaluate_with<E: From<EvaluateError>>(
        &mut self,
        batch: impl AsRef<str> + Into<String>,
        context: Context,
        mut answer: impl FnMut(&[Question]) -> Result<Vec<Answer>, E>,
    ) -> Result<Evaluation, E> {
        let mut step = self.evaluate(batch, context)?;
        loop {
            match step {
                Step::Done(evaluation) => return Ok(evaluation),
                Step::Ask(questions) => {
                    let answers = answer(questions)?;
                    step = self.resume(&answers)?;
                }
            }
        }
    }

    /// Says which rules match which events, without state. A batch that waits for
    /// answers goes on waiting.
    ///
    /// # Errors
    ///
    /// [`EvaluateError`], also for more than a million matches.
    pub fn match_events(&mut self, batch: &str, context: &Context) -> Result<Matching, EvaluateError> {
        check_size(batch)?;
        self.loaded.match_events(batch, context, &mut self.memory, MAX_MATCHES)
    }

    fn proceed(&mut self, mut underway: Box<Underway>) -> Result<Step<'_>, EvaluateError> {
        self.underway = None;
        match underway.proceed(&self.loaded, &mut self.memory)? {
            true => Ok(Step::Done(underway.into_evaluation())),
            false => Ok(Step::Ask(self.underway.insert(underway).questions())),
        }
    }
}

fn check_size(batch: &str) -> Result<(), EvaluateError> {
    match batch.len() {
        ..=BATCH_BYTES_MAX => Ok(()),
        _ => Err(EvaluateError::Invalid(format!("the batch is larger than {BATCH_BYTES_MAX} bytes"))),
    }
}
