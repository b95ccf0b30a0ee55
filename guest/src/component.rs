//! The component: this crate behind the world `detection-module`.

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        clippy::allow_attributes_without_reason,
        clippy::indexing_slicing,
        reason = "generated from wit/, where the documentation is"
    )]

    wit_bindgen::generate!({
        path: "../wit",
        world: "detection-module",
    });
}

use std::cell::RefCell;
use std::panic::PanicHookInfo;

use bindings::exports::firstseen::detection::detector::{self, Guest};
use bindings::exports::firstseen::detection::state;
use bindings::firstseen::detection::logging;

use crate::alert::Format;
use crate::document::Reason;
use crate::engine::{
    Alert, Answers, Context, Documents, Engine, EvaluateError, Evaluation, Matching, Refusal, Remark, SetApart,
    SetApartCause, Settings, Shortcuts, Step, UnjudgedCause, UnjudgedLine,
};
use crate::event::{Fault, Malformed};
use crate::rule::{Clock, Kind, Meaning as _, Rule, RuleType};
use crate::state::{Answer, Question, SIGHTING, Verdict};

/// The messages' `context`.
const LOG_CONTEXT: &str = "detector";

thread_local! {
    /// The engine that runs. An instance is used by one thread at a time.
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

struct Component;

#[allow(unsafe_code, reason = "the generated exports take raw pointers")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}

impl Guest for Component {
    fn configure(configuration: detector::Configuration) -> Vec<detector::RuleReport> {
        std::panic::set_hook(Box::new(log_panic));
        let documents = Documents {
            rules: texts(configuration.rules),
            exceptions: texts(configuration.exceptions),
            value_lists: texts(configuration.value_lists),
            mappings: texts(configuration.mappings),
            data_views: configuration.data_views.into_iter().map(|view| (view.id, view.patterns)).collect(),
        };
        let settings = Settings {
            clock: match configuration.clock {
                detector::Clock::Arrival => Clock::Arrival,
                detector::Clock::Event => Clock::Event,
            },
            format: match configuration.format {
                detector::AlertFormat::Kibana => Format::Kibana,
                detector::AlertFormat::Ecs => Format::Ecs,
            },
            space: configuration.space,
            event_id_field: configuration.event_id_field,
            shortcuts: Shortcuts {
                index: configuration.shortcuts.index,
                prefilter: configuration.shortcuts.prefilter,
                answers: match configuration.shortcuts.index {
                    true => Answers::Cheapest,
                    false => Answers::OneByOne,
                },
            },
            // Those of the contract: what it has no words for cannot be asked.
            questions: configuration.questions.into_iter().filter(|name| name == SIGHTING).collect(),
        };
        let (engine, reports) = Engine::new(&documents, settings);
        for warning in &reports.warnings {
            logging::log(logging::Level::Warn, LOG_CONTEXT, warning);
        }
        let report = |report| match report {
            Ok(place) => engine.rules().get(place).map(|rule| detector::RuleReport::Loaded(summary(rule))),
            Err(refused) => Some(detector::RuleReport::Refused(refusal(refused))),
        };
        let unusable = reports.unusable.into_iter().map(|refused| detector::RuleReport::Unusable(refusal(refused)));
        let reports = reports.rules.into_iter().filter_map(report).chain(unusable).collect();
        ENGINE.set(Some(engine));
        reports
    }

    fn evaluate(batch: String, evaluation_context: detector::Context) -> Result<detector::Step, detector::Error> {
        ENGINE.with_borrow_mut(|engine| match engine {
            None => Err(detector::Error::NotConfigured),
            Some(engine) => engine.evaluate(batch, context(evaluation_context)).map(step).map_err(error),
        })
    }

    fn resume(answers: Vec<state::Answer>) -> Result<detector::Step, detector::Error> {
        let answers: Vec<Answer> = answers.into_iter().map(answer).collect();
        ENGINE.with_borrow_mut(|engine| match engine {
            None => Err(detector::Error::NotConfigured),
            Some(engine) => engine.resume(&answers).map(step).map_err(error),
        })
    }

    fn match_events(
        batch: String,
        evaluation_context: detector::Context,
    ) -> Result<detector::Matching, detector::Error> {
        ENGINE.with_borrow_mut(|engine| match engine {
            None => Err(detector::Error::NotConfigured),
            Some(engine) => engine.match_events(&batch, &context(evaluation_context)).map(matching).map_err(error),
        })
    }

    fn scheduled_range(rule: u32, now: i64) -> Option<detector::RunRange> {
        ENGINE.with_borrow(|engine| {
            let rule = engine.as_ref()?.rules().get(rule as usize)?;
            let range = rule.scheduled_range(now)?;
            Some(detector::RunRange {
                from: range.from_ms,
                to: range.to_ms,
                history_start: range.history_start_ms,
                interval_ms: rule.quota.per_ms,
                max_signals: rule.quota.max,
            })
        })
    }

    fn describe() -> detector::Description {
        let rules = |engine: &Engine| engine.rules().iter().map(summary).collect();
        let rule_type = |of: &RuleType| detector::RuleType {
            name: of.name.to_owned(),
            languages: vec![of.language.to_owned()],
            questions: vec![of.question.to_owned()],
        };
        detector::Description {
            name: "firstseen".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rule_types: Kind::TYPES.iter().map(rule_type).collect(),
            rules: ENGINE.with_borrow(|engine| match engine {
                Some(engine) => rules(engine),
                None => rules(&Engine::new(&Documents::default(), Settings::default()).0),
            }),
        }
    }
}

fn texts(documents: Vec<detector::Document>) -> Vec<(String, String)> {
    documents.into_iter().map(|document| (document.name, document.content)).collect()
}

fn context(context: detector::Context) -> Context {
    Context {
        targets: context.targets,
        target_of: context.target_of,
        arrival_ms: context.arrival,
        ids: context.ids,
        line_work_max: context.line_work_max,
        set_apart: context.set_apart.into_iter().map(set_apart).collect(),
    }
}

fn set_apart(line: detector::SetApartLine) -> SetApart {
    SetApart {
        line: line.line,
        cause: match line.cause {
            detector::SetApartCause::TooLong => SetApartCause::TooLong,
            detector::SetApartCause::NotUtf8 => SetApartCause::NotUtf8,
            detector::SetApartCause::Failed => SetApartCause::Failed,
        },
        event: line.event,
        beginning: line.beginning,
    }
}

fn step(step: Step<'_>) -> detector::Step {
    match step {
        Step::Ask(questions) => detector::Step::Ask(questions.iter().filter_map(question).collect()),
        Step::Done(done) => detector::Step::Done(evaluation(done)),
    }
}

/// The question in the words of the contract; none for one that it does not have,
/// which no engine asks that was told so.
fn question(question: &Question) -> Option<state::Question> {
    match question {
        Question::Sighting(sighting) => Some(state::Question::Sighting(state::Sighting {
            history: sighting.history.clone(),
            term: sighting.term.clone(),
            at: sighting.at_ms,
            window_ms: sighting.window_ms,
            event: sighting.event.clone(),
            quota: state::Quota { max: sighting.quota.max, per_ms: sighting.quota.per_ms },
        })),
        Question::Advance(_) => None,
    }
}

fn answer(answer: state::Answer) -> Answer {
    let state::Answer::Sighting(verdict) = answer;
    Answer::Sighting(match verdict {
        state::Verdict::Unseen => Verdict::Unseen,
        state::Verdict::Seen => Verdict::Seen,
        state::Verdict::Deferred => Verdict::Deferred,
        state::Verdict::Replayed => Verdict::Replayed,
    })
}

fn summary(rule: &Rule) -> detector::RuleSummary {
    detector::RuleSummary {
        rule_id: rule.rule_id.clone(),
        version: rule.version,
        name: rule.name.clone(),
        type_: rule.kind.meaning().type_name().to_owned(),
        language: rule.kind.meaning().language().to_owned(),
        kind: match &rule.kind {
            Kind::NewTerms(new_terms) => {
                detector::RuleKind::NewTerms(detector::NewTermsKind { fields: new_terms.fields().to_vec() })
            }
            Kind::Query(_) => detector::RuleKind::Query,
            Kind::Eql(_) => detector::RuleKind::Eql,
        },
        history: rule.history.clone(),
        window_ms: rule.window.fixed_length_ms(),
        warnings: rule.warnings.clone(),
        hints: rule.hints.clone(),
    }
}

fn refusal(refusal: Refusal) -> detector::Refusal {
    detector::Refusal {
        document: refusal.document,
        position: refusal.position as u32,
        rule_id: refusal.rule_id,
        name: refusal.name,
        type_: refusal.kind,
        reason: match refusal.error.reason {
            Reason::NotOurs => detector::Reason::NotOurs,
            Reason::Disabled => detector::Reason::Disabled,
            Reason::Unsupported => detector::Reason::Unsupported,
            Reason::Invalid => detector::Reason::Invalid,
        },
        field: refusal.error.field.map(str::to_owned),
        offset: refusal.error.offset.map(|offset| offset as u32),
        cause: refusal.error.cause,
    }
}

fn evaluation(evaluation: Evaluation) -> detector::Evaluation {
    let matches = evaluation.matches.into_iter();
    detector::Evaluation {
        events: evaluation.events,
        matches: matches.map(|one| detector::RuleMatches { rule: one.rule, events: one.events }).collect(),
        deferred: evaluation.deferred,
        alerts: evaluation.alerts.into_iter().map(alert).collect(),
        unjudged: evaluation.unjudged.into_iter().map(unjudged).collect(),
        remarks: evaluation.remarks.into_iter().map(remark).collect(),
    }
}

fn remark(remark: Remark) -> detector::Remark {
    detector::Remark { line: remark.line, rule: remark.rule, text: remark.text }
}

fn alert(alert: Alert) -> detector::Alert {
    let span = |range: core::ops::Range<usize>| detector::Span { start: range.start as u32, end: range.end as u32 };
    let source = alert.source;
    let source = detector::Source {
        line: source.line,
        id: span(source.id),
        index: span(source.index),
        index_before: source.index_before.to_owned(),
    };
    detector::Alert {
        rule: alert.rule,
        term: alert.term,
        id: alert.id,
        document: alert.document,
        sources: vec![source],
    }
}

fn matching(matching: Matching) -> detector::Matching {
    let matches = matching.matches.into_iter().map(|(line, rule)| detector::EventMatch { line, rule });
    detector::Matching {
        events: matching.events,
        matches: matches.collect(),
        unjudged: matching.unjudged.into_iter().map(unjudged).collect(),
    }
}

fn unjudged(line: UnjudgedLine) -> detector::UnjudgedLine {
    detector::UnjudgedLine {
        line: line.line,
        cause: match line.cause {
            UnjudgedCause::Malformed(found) => detector::UnjudgedCause::Malformed(malformed(found)),
            UnjudgedCause::Work => detector::UnjudgedCause::Work,
            UnjudgedCause::Terms => detector::UnjudgedCause::Terms,
        },
        rules: line.rules,
    }
}

fn malformed(malformed: Malformed) -> detector::Malformed {
    detector::Malformed {
        offset: malformed.offset as u32,
        fault: match malformed.fault {
            Fault::NotAnObject => detector::Fault::NotAnObject,
            Fault::Syntax => detector::Fault::Syntax,
            Fault::Incomplete => detector::Fault::Incomplete,
            Fault::TooDeep => detector::Fault::TooDeep,
        },
    }
}

fn error(error: EvaluateError) -> detector::Error {
    match error {
        EvaluateError::NotConfigured => detector::Error::NotConfigured,
        EvaluateError::Invalid(cause) => detector::Error::Invalid(cause),
    }
}

/// Without this a trap would not say what happened.
fn log_panic(info: &PanicHookInfo<'_>) {
    logging::log(logging::Level::Critical, LOG_CONTEXT, &info.to_string());
}
