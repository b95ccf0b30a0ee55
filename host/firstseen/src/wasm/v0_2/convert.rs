//! Between the generated types and those of this library.

use std::ops::Range;

use super::bindings::{detector, state};
use crate::answer::{Evaluation, Matching, ModuleAlert, ModuleError, ModuleSource, Step, UnjudgedLine};
use crate::configuration::{AlertFormat, Clock, Configuration, DataView, Document};
use crate::ledger::{AlertSource, Answer, QUESTIONS, Question, Quota, Sighting, Verdict};
use crate::outcome::{Fault, Malformed, Remark, UnjudgedCause};
use crate::reports::{Cardinality, Reason, Refusal, RuleKind, RuleReport, RuleSummary, RuleType};
use crate::run_range::RunRange;
use crate::set_apart::{SetApart, SetApartCause};
use crate::wasm::printable::{printable, printable_lines};
use crate::wasm::{CallContext, Description};

pub(in crate::wasm) use detector::Context;

impl From<&Configuration> for detector::Configuration {
    fn from(configuration: &Configuration) -> Self {
        let documents = |documents: &[Document]| documents.iter().map(detector::Document::from).collect();
        Self {
            rules: documents(&configuration.rules),
            exceptions: documents(&configuration.exceptions),
            value_lists: documents(&configuration.value_lists),
            mappings: documents(&configuration.mappings),
            data_views: configuration.data_views.iter().map(detector::DataView::from).collect(),
            event_id_field: configuration.event_id_field.clone(),
            clock: match configuration.clock {
                Clock::Arrival => detector::Clock::Arrival,
                Clock::Event => detector::Clock::Event,
            },
            format: match configuration.format {
                AlertFormat::Kibana => detector::AlertFormat::Kibana,
                AlertFormat::Ecs => detector::AlertFormat::Ecs,
            },
            space: configuration.space.clone(),
            shortcuts: detector::Shortcuts {
                index: configuration.shortcuts.index,
                prefilter: configuration.shortcuts.prefilter,
            },
            questions: QUESTIONS.map(str::to_owned).into(),
        }
    }
}

impl From<&DataView> for detector::DataView {
    fn from(data_view: &DataView) -> Self {
        Self { id: data_view.id.clone(), patterns: data_view.patterns.clone() }
    }
}

impl From<&Document> for detector::Document {
    fn from(document: &Document) -> Self {
        Self { name: document.name.clone(), content: document.content.clone() }
    }
}

impl From<&CallContext<'_>> for detector::Context {
    fn from(context: &CallContext<'_>) -> Self {
        Self {
            targets: context.targets.to_vec(),
            target_of: context.target_of.to_vec(),
            arrival: context.arrival_ms,
            ids: context.ids.to_vec(),
            line_work_max: Some(context.line_work_max),
            set_apart: context.set_apart.iter().map(detector::SetApartLine::from).collect(),
        }
    }
}

impl From<&SetApart> for detector::SetApartLine {
    fn from(line: &SetApart) -> Self {
        Self {
            line: u32::try_from(line.line).unwrap_or(u32::MAX),
            cause: match line.cause {
                SetApartCause::TooLong => detector::SetApartCause::TooLong,
                SetApartCause::NotUtf8 => detector::SetApartCause::NotUtf8,
                SetApartCause::Failed => detector::SetApartCause::Failed,
            },
            event: line.event.clone(),
            beginning: line.beginning.clone(),
        }
    }
}

impl From<detector::Step> for Step {
    fn from(step: detector::Step) -> Self {
        match step {
            detector::Step::Ask(questions) => Self::Ask(questions.into_iter().map(Question::from).collect()),
            detector::Step::Done(evaluation) => Self::Done(evaluation.into()),
        }
    }
}

impl From<state::Question> for Question {
    fn from(question: state::Question) -> Self {
        let state::Question::Sighting(sighting) = question;
        Self::Sighting(Sighting {
            history: sighting.history,
            term: sighting.term,
            at_ms: sighting.at,
            window_ms: sighting.window_ms,
            event: sighting.event,
            quota: Quota { max: sighting.quota.max, per_ms: sighting.quota.per_ms },
        })
    }
}

/// Answers as a module takes them.
pub(in crate::wasm) fn answers(answers: &[Answer]) -> Vec<state::Answer> {
    let answer = |answer: &Answer| match answer {
        Answer::Sighting(verdict) => Some(state::Answer::Sighting(match verdict {
            Verdict::Unseen => state::Verdict::Unseen,
            Verdict::Seen => state::Verdict::Seen,
            Verdict::Deferred => state::Verdict::Deferred,
            Verdict::Replayed => state::Verdict::Replayed,
        })),
        // Modules of this track do not ask for it.
        _ => None,
    };
    answers.iter().filter_map(answer).collect()
}

impl From<detector::Evaluation> for Evaluation {
    fn from(evaluation: detector::Evaluation) -> Self {
        Self {
            events: evaluation.events,
            matches: evaluation.matches.into_iter().map(|one| (one.rule as usize, one.events)).collect(),
            alerts: evaluation.alerts.into_iter().map(ModuleAlert::from).collect(),
            unjudged: evaluation.unjudged.into_iter().map(UnjudgedLine::from).collect(),
            remarks: evaluation.remarks.into_iter().map(Remark::from).collect(),
        }
    }
}

impl From<detector::Remark> for Remark {
    fn from(remark: detector::Remark) -> Self {
        Self { line: remark.line as usize, rule: remark.rule as usize, text: printable(&remark.text) }
    }
}

impl From<detector::Alert> for ModuleAlert {
    fn from(alert: detector::Alert) -> Self {
        Self {
            rule: alert.rule.map(|rule| rule as usize),
            term: alert.term,
            id: alert.id,
            document: alert.document,
            sources: alert.sources.into_iter().map(ModuleSource::from).collect(),
        }
    }
}

impl From<detector::Source> for ModuleSource {
    fn from(source: detector::Source) -> Self {
        let place = AlertSource { id: range(source.id), index: range(source.index), index_before: source.index_before };
        Self { line: source.line as usize, place }
    }
}

fn range(span: detector::Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

impl From<detector::UnjudgedLine> for UnjudgedLine {
    fn from(line: detector::UnjudgedLine) -> Self {
        Self {
            line: line.line as usize,
            cause: match line.cause {
                detector::UnjudgedCause::Malformed(found) => UnjudgedCause::Malformed(found.into()),
                detector::UnjudgedCause::Work => UnjudgedCause::Work,
                detector::UnjudgedCause::Terms => UnjudgedCause::Terms,
            },
            rules: line.rules.into_iter().map(|rule| rule as usize).collect(),
        }
    }
}

impl From<detector::Malformed> for Malformed {
    fn from(malformed: detector::Malformed) -> Self {
        Self {
            offset: malformed.offset as usize,
            fault: match malformed.fault {
                detector::Fault::NotAnObject => Fault::NotAnObject,
                detector::Fault::Syntax => Fault::Syntax,
                detector::Fault::Incomplete => Fault::Incomplete,
                detector::Fault::TooDeep => Fault::TooDeep,
            },
        }
    }
}

impl From<detector::Matching> for Matching {
    fn from(matching: detector::Matching) -> Self {
        Self {
            events: matching.events,
            matches: matching.matches.into_iter().map(|one| (one.line as usize, one.rule as usize)).collect(),
            unjudged: matching.unjudged.into_iter().map(UnjudgedLine::from).collect(),
        }
    }
}

impl From<detector::Error> for ModuleError {
    fn from(error: detector::Error) -> Self {
        match error {
            detector::Error::NotConfigured => Self::NotConfigured,
            detector::Error::Invalid(cause) => Self::Invalid(printable(&cause)),
        }
    }
}

impl From<detector::RunRange> for RunRange {
    fn from(range: detector::RunRange) -> Self {
        Self {
            from_ms: range.from,
            to_ms: range.to,
            history_start_ms: range.history_start,
            interval_ms: range.interval_ms.max(1),
            max_signals: range.max_signals,
        }
    }
}

impl From<detector::RuleReport> for RuleReport {
    fn from(report: detector::RuleReport) -> Self {
        match report {
            detector::RuleReport::Loaded(summary) => Self::Loaded(summary.into()),
            detector::RuleReport::Refused(refusal) => Self::Refused(refusal.into()),
            detector::RuleReport::Unusable(refusal) => Self::Unusable(refusal.into()),
        }
    }
}

impl From<detector::RuleSummary> for RuleSummary {
    fn from(summary: detector::RuleSummary) -> Self {
        Self {
            rule_id: summary.rule_id,
            version: summary.version,
            name: summary.name,
            rule_type: summary.type_,
            language: summary.language,
            kind: summary.kind.into(),
            history: summary.history,
            window_ms: summary.window_ms,
            warnings: summary.warnings.iter().map(|warning| printable(warning)).collect(),
            hints: summary.hints.iter().map(|hint| printable(hint)).collect(),
        }
    }
}

impl From<detector::RuleKind> for RuleKind {
    fn from(kind: detector::RuleKind) -> Self {
        match kind {
            detector::RuleKind::NewTerms(kind) => Self::NewTerms { fields: kind.fields },
            detector::RuleKind::Query => Self::Query,
            detector::RuleKind::Eql => Self::Eql,
            detector::RuleKind::Threshold(kind) => {
                let cardinality = |one: detector::Cardinality| Cardinality { field: one.field, value: one.value };
                Self::Threshold {
                    fields: kind.fields,
                    value: kind.value,
                    cardinality: kind.cardinality.into_iter().map(cardinality).collect(),
                }
            }
            detector::RuleKind::Sequence(kind) => Self::Sequence {
                stages: kind.stages,
                by: kind.by,
                maxspan_ms: kind.maxspan_ms,
                is_sample: kind.is_sample,
            },
        }
    }
}

impl From<detector::Refusal> for Refusal {
    fn from(refusal: detector::Refusal) -> Self {
        Self {
            document: printable(&refusal.document),
            position: refusal.position as usize,
            rule_id: refusal.rule_id.as_deref().map(printable),
            name: refusal.name.as_deref().map(printable),
            rule_type: refusal.type_.as_deref().map(printable),
            reason: match refusal.reason {
                detector::Reason::NotOurs => Reason::NotOurs,
                detector::Reason::Disabled => Reason::Disabled,
                detector::Reason::Unsupported => Reason::Unsupported,
                detector::Reason::Invalid => Reason::Invalid,
            },
            field: refusal.field.as_deref().map(printable),
            offset: refusal.offset.map(|offset| offset as usize),
            cause: printable_lines(&refusal.cause),
        }
    }
}

impl From<detector::Description> for Description {
    fn from(description: detector::Description) -> Self {
        let rule_type = |one: detector::RuleType| RuleType {
            name: printable(&one.name),
            languages: one.languages.iter().map(|language| printable(language)).collect(),
            questions: one.questions.iter().map(|question| printable(question)).collect(),
        };
        Self {
            name: description.name,
            version: description.version,
            rule_types: description.rule_types.into_iter().map(rule_type).collect(),
            rules: description.rules.into_iter().map(RuleSummary::from).collect(),
        }
    }
}
