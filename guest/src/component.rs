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
use bindings::firstseen::detection::{logging, sightings};

use crate::alert::Format;
use crate::document::Reason;
use crate::engine::{Context, Documents, Engine, EvaluateError, Evaluation, Matching, Refusal, Settings, Shortcuts};
use crate::event::{Fault, Malformed};
use crate::rule::{Clock, Rule};
use crate::sightings::{Sighting, Sightings, Verdict};

/// The messages' `context`.
const LOG_CONTEXT: &str = "detector";

/// Greatest size of a batch in bytes.
const MAX_BATCH: usize = 64 << 20;

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
            shortcuts: Shortcuts { index: configuration.shortcuts.index, prefilter: configuration.shortcuts.prefilter },
        };
        let (engine, reports) = Engine::new(&documents, settings);
        for warning in &reports.warnings {
            logging::log(logging::Level::Warn, LOG_CONTEXT, warning);
        }
        let report = |report| match report {
            Ok(place) => engine.rules().get(place).map(|rule| detector::RuleReport::Loaded(summary(rule))),
            Err(refusal) => Some(detector::RuleReport::Refused(rule_error(refusal))),
        };
        let unusable = reports.unusable.into_iter().map(|refusal| detector::RuleReport::Unusable(rule_error(refusal)));
        let reports = reports.rules.into_iter().filter_map(report).chain(unusable).collect();
        ENGINE.set(Some(engine));
        reports
    }

    fn evaluate(batch: String, context: detector::Context) -> Result<detector::Evaluation, detector::Error> {
        check_size(&batch)?;
        let context = Context { index: context.index.as_deref(), arrival_ms: context.arrival, ids: &context.ids };
        ENGINE.with_borrow_mut(|engine| match engine {
            None => Err(detector::Error::NotConfigured),
            Some(engine) => engine.evaluate(&batch, context, &mut HostSightings).map(evaluation).map_err(error),
        })
    }

    fn match_events(batch: String, context: detector::Context) -> Result<detector::Matching, detector::Error> {
        check_size(&batch)?;
        let context = Context { index: context.index.as_deref(), arrival_ms: context.arrival, ids: &context.ids };
        ENGINE.with_borrow_mut(|engine| match engine {
            None => Err(detector::Error::NotConfigured),
            Some(engine) => engine.match_events(&batch, context).map(matching).map_err(error),
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
        detector::Description {
            name: "firstseen".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
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

fn check_size(batch: &str) -> Result<(), detector::Error> {
    match batch.len() {
        ..=MAX_BATCH => Ok(()),
        _ => Err(detector::Error::Invalid(format!("the batch is larger than {MAX_BATCH} bytes"))),
    }
}

/// The host's state.
struct HostSightings;

impl Sightings for HostSightings {
    fn observe(&mut self, batch: &[Sighting]) -> Result<Vec<Verdict>, String> {
        let batch: Vec<_> = batch.iter().map(sighting).collect();
        match sightings::observe(&batch) {
            Ok(verdicts) => Ok(verdicts.into_iter().map(verdict).collect()),
            Err(sightings::Error::Unavailable(cause) | sightings::Error::Invalid(cause)) => Err(cause),
        }
    }
}

fn sighting(sighting: &Sighting) -> sightings::Sighting {
    sightings::Sighting {
        rule: sighting.rule.clone(),
        term: sighting.term.clone(),
        at: sighting.at_ms,
        window_ms: sighting.window_ms,
        event: sighting.event.clone(),
        quota: sightings::Quota { max: sighting.quota.max, per_ms: sighting.quota.per_ms },
    }
}

fn verdict(verdict: sightings::Verdict) -> Verdict {
    match verdict {
        sightings::Verdict::Unseen => Verdict::Unseen,
        sightings::Verdict::Seen => Verdict::Seen,
        sightings::Verdict::Deferred => Verdict::Deferred,
        sightings::Verdict::Replayed => Verdict::Replayed,
    }
}

fn summary(rule: &Rule) -> detector::RuleSummary {
    detector::RuleSummary {
        rule_id: rule.rule_id.clone(),
        version: rule.version,
        name: rule.name.clone(),
        kind: rule.kind.name().to_owned(),
        history: rule.history.clone(),
        new_terms_fields: rule.kind.new_terms_fields().to_vec(),
        window_ms: rule.window.fixed_length_ms(),
        warnings: rule.warnings.clone(),
    }
}

fn rule_error(refusal: Refusal) -> detector::RuleError {
    detector::RuleError {
        document: refusal.document,
        position: refusal.position as u32,
        rule_id: refusal.rule_id,
        name: refusal.name,
        kind: refusal.kind,
        reason: match refusal.error.reason {
            Reason::NotOurs => detector::Refusal::NotOurs,
            Reason::Disabled => detector::Refusal::Disabled,
            Reason::Unsupported => detector::Refusal::Unsupported,
            Reason::Invalid => detector::Refusal::Invalid,
        },
        field: refusal.error.field.map(str::to_owned),
        offset: refusal.error.offset.map(|offset| offset as u32),
        cause: refusal.error.cause,
    }
}

fn evaluation(evaluation: Evaluation) -> detector::Evaluation {
    for warning in &evaluation.warnings {
        logging::log(logging::Level::Warn, LOG_CONTEXT, warning);
    }
    let alerts = evaluation.alerts.into_iter().map(|alert| detector::Alert {
        line: alert.line,
        rule_id: alert.rule_id,
        term: alert.term,
        id: alert.id,
        document: alert.document,
    });
    detector::Evaluation {
        events: evaluation.events,
        matched: evaluation.matched,
        deferred: evaluation.deferred,
        alerts: alerts.collect(),
        malformed: evaluation.malformed.into_iter().map(malformed).collect(),
    }
}

fn matching(matching: Matching) -> detector::Matching {
    let matches = matching.matches.into_iter().map(|(line, rule)| detector::EventMatch { line, rule });
    detector::Matching {
        events: matching.events,
        matches: matches.collect(),
        malformed: matching.malformed.into_iter().map(malformed).collect(),
    }
}

fn malformed((line, malformed): (u32, Malformed)) -> detector::MalformedLine {
    detector::MalformedLine {
        line,
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
        EvaluateError::Sightings(cause) => detector::Error::Sightings(cause),
        EvaluateError::Invalid(cause) => detector::Error::Invalid(cause),
    }
}

/// Without this a trap would not say what happened.
fn log_panic(info: &PanicHookInfo<'_>) {
    logging::log(logging::Level::Critical, LOG_CONTEXT, &info.to_string());
}
