//! The calls, and their order.

use firstseen_guest::Engine;
use firstseen_guest::engine::{Documents, EvaluateError, Evaluation, Settings, Step};

use crate::reply::{Reply, Status};
use crate::words::{self, Configuration, Context, Description, Line, Report, RuleSummary, Summary};

/// A detection module: bytes in, a [`Reply`] out. In any order of calls and for any bytes
/// there is an answer.
///
/// ```
/// use firstseen_plain::{Module, Status};
///
/// let mut module = Module::default();
/// assert_eq!(module.begin(b"{}\n", br#"{"arrival":0}"#).status, Status::NotConfigured);
/// assert_eq!(module.configure(b"").status, Status::Done);
/// let reply = module.begin(b"{}\n", br#"{"arrival":0}"#);
/// assert_eq!(reply.bytes, b"{\"summary\":{\"events\":1,\"matches\":[],\"deferred\":0}}\n");
/// ```
#[derive(Debug, Default)]
pub struct Module {
    engine: Option<Engine>,
}

impl Module {
    /// The contract that it speaks: 2 for `firstseen:detection@0.2`.
    pub const ABI: i32 = 2;

    /// Loads rules: `configuration` as JSON, nothing for the usual one. Gives a report a
    /// line. A batch under way is given up, unless that is no configuration.
    pub fn configure(&mut self, configuration: &[u8]) -> Reply {
        let configuration = match configuration {
            [] => Configuration::default(),
            json => match read(json, "configuration") {
                Ok(configuration) => configuration,
                Err(invalid) => return invalid,
            },
        };
        let (documents, settings) = configuration.into_engine();
        let (engine, reports) = Engine::new(&documents, settings);
        let mut reply = Reply::empty(Status::Done);
        for report in &reports.rules {
            match report {
                Ok(place) => {
                    let rule = engine.rules().get(*place).into_iter();
                    rule.for_each(|rule| reply.push(&Report::Loaded(RuleSummary::of(rule))));
                }
                Err(refusal) => reply.push(&Report::Refused(refusal.into())),
            }
        }
        reports.unusable.iter().for_each(|refusal| reply.push(&Report::Unusable(refusal.into())));
        reports.warnings.iter().for_each(|warning| reply.push(&Report::Warning(warning)));
        self.engine = Some(engine);
        reply
    }

    /// Begins to evaluate a batch of NDJSON, with its `context` as JSON. A batch under way
    /// is given up.
    pub fn begin(&mut self, batch: &[u8], context: &[u8]) -> Reply {
        let Some(engine) = &mut self.engine else { return not_configured() };
        engine.give_up();
        match batch_of(batch, context) {
            Ok((batch, context)) => step(engine.evaluate(batch, context.into_engine())),
            Err(invalid) => invalid,
        }
    }

    /// Goes on with the batch under way: an answer a line, as many as there were
    /// questions. What is none gives the batch up.
    pub fn finish(&mut self, answers: &[u8]) -> Reply {
        let Some(engine) = &mut self.engine else { return not_configured() };
        let answers = text(answers, "answers").and_then(|text| words::answers(text).map_err(Reply::invalid));
        match answers {
            Ok(answers) => step(engine.resume(&answers)),
            Err(invalid) => {
                engine.give_up();
                invalid
            }
        }
    }

    /// Gives up the batch under way: what its host said of it could not be read.
    pub fn give_up(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.give_up();
        }
    }

    /// Says which rules match which events; `context` as in [`begin`](Self::begin). A batch
    /// under way stays as it is.
    pub fn match_events(&mut self, batch: &[u8], context: &[u8]) -> Reply {
        let Some(engine) = &mut self.engine else { return not_configured() };
        let matching = match batch_of(batch, context) {
            Ok((batch, context)) => engine.match_events(batch, &context.into_engine()),
            Err(invalid) => return invalid,
        };
        let matching = match matching {
            Ok(matching) => matching,
            Err(error) => return failed(&error),
        };
        let mut reply = Reply::empty(Status::Done);
        for &(line, rule) in &matching.matches {
            reply.push(&Line::Match(words::Match { line, rule }));
        }
        matching.unjudged.iter().for_each(|line| reply.push(&words::unjudged(line)));
        reply.push(&Line::Summary(Summary::of_matching(&matching)));
        reply
    }

    /// Says what it is and what it runs, on one line; before rules are loaded those that
    /// are built in.
    pub fn describe(&self) -> Reply {
        let mut reply = Reply::empty(Status::Done);
        match &self.engine {
            Some(engine) => reply.push(&Description::of(engine.rules())),
            None => {
                let (engine, _) = Engine::new(&Documents::default(), Settings::default());
                reply.push(&Description::of(engine.rules()));
            }
        }
        reply
    }
}

/// Longest text of a call: that of a configuration, whose parts have limits of their own.
const TEXT_BYTES_MAX: usize = 192 << 20;

fn not_configured() -> Reply {
    failed(&EvaluateError::NotConfigured)
}

fn failed(error: &EvaluateError) -> Reply {
    let status = match error {
        EvaluateError::NotConfigured => Status::NotConfigured,
        _ => Status::Invalid,
    };
    Reply { status, ..Reply::invalid(error) }
}

fn text<'b>(bytes: &'b [u8], what: &str) -> Result<&'b str, Reply> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(Reply::invalid(format!("the {what}: it is larger than {TEXT_BYTES_MAX} bytes")));
    }
    let not_utf8 = |error: core::str::Utf8Error| {
        Reply::invalid(format!("the {what}: byte {} and what follows is not UTF-8", error.valid_up_to()))
    };
    core::str::from_utf8(bytes).map_err(not_utf8)
}

fn read<'b, T: serde::Deserialize<'b>>(json: &'b [u8], what: &str) -> Result<T, Reply> {
    let json = text(json, what)?;
    serde_json::from_str(json).map_err(|error| Reply::invalid(format!("the {what}: {error}")))
}

fn batch_of<'b>(batch: &'b [u8], context: &[u8]) -> Result<(&'b str, Context), Reply> {
    Ok((text(batch, "batch")?, read(context, "context")?))
}

fn step(step: Result<Step<'_>, EvaluateError>) -> Reply {
    match step {
        Ok(Step::Ask(questions)) => {
            let mut reply = Reply::empty(Status::Ask);
            questions.iter().filter_map(words::question).for_each(|question| reply.push(&question));
            reply
        }
        Ok(Step::Done(evaluation)) => done(&evaluation),
        Err(error) => failed(&error),
    }
}

fn done(evaluation: &Evaluation) -> Reply {
    let mut reply = Reply::empty(Status::Done);
    evaluation.alerts.iter().for_each(|alert| reply.push(&words::alert(alert)));
    evaluation.unjudged.iter().for_each(|line| reply.push(&words::unjudged(line)));
    evaluation.remarks.iter().for_each(|remark| reply.push(&words::remark(remark)));
    reply.push(&Line::Summary(Summary::of_evaluation(evaluation)));
    reply
}
