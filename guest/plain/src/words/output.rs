//! What the module says of a batch.

use core::ops::Range;

use firstseen_guest::engine;
use firstseen_guest::event;
use firstseen_guest::state;
use serde::Serialize;

/// A line of what a batch gave, by what it is about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Line<'a> {
    Alert(Alert<'a>),
    Unjudged(Unjudged<'a>),
    Remark(Remark<'a>),
    Match(Match),
    /// Always the last one.
    Summary(Summary),
}

/// `alert`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Alert<'a> {
    rule: Option<u32>,
    term: &'a str,
    id: &'a str,
    document: &'a str,
    sources: [Source<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Source<'a> {
    line: u32,
    id: Span,
    index: Span,
    index_before: &'a str,
}

#[derive(Debug, Serialize)]
struct Span {
    start: usize,
    end: usize,
}

/// `unjudged-line`.
#[derive(Debug, Serialize)]
pub(crate) struct Unjudged<'a> {
    line: u32,
    cause: Cause,
    rules: &'a [u32],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Cause {
    Malformed { offset: usize, fault: Fault },
    Work,
    Terms,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Fault {
    NotAnObject,
    Syntax,
    Incomplete,
    TooDeep,
}

/// `remark`.
#[derive(Debug, Serialize)]
pub(crate) struct Remark<'a> {
    line: u32,
    rule: u32,
    text: &'a str,
}

/// `event-match`.
#[derive(Debug, Serialize)]
pub(crate) struct Match {
    pub(crate) line: u32,
    pub(crate) rule: u32,
}

/// What an evaluation has beside its lines.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    events: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Vec<RuleMatches>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deferred: Option<u32>,
}

#[derive(Debug, Serialize)]
struct RuleMatches {
    rule: u32,
    events: u32,
}

impl Summary {
    pub(crate) fn of_evaluation(evaluation: &engine::Evaluation) -> Self {
        let matches = evaluation.matches.iter().map(|one| RuleMatches { rule: one.rule, events: one.events });
        Self { events: evaluation.events, matches: Some(matches.collect()), deferred: Some(evaluation.deferred) }
    }

    pub(crate) fn of_matching(matching: &engine::Matching) -> Self {
        Self { events: matching.events, matches: None, deferred: None }
    }
}

pub(crate) fn alert(alert: &engine::Alert) -> Line<'_> {
    let span = |range: &Range<usize>| Span { start: range.start, end: range.end };
    let engine::AlertSource { line, id, index, index_before } = &alert.source;
    let source = Source { line: *line, id: span(id), index: span(index), index_before };
    let engine::Alert { rule, term, id, document, .. } = alert;
    Line::Alert(Alert { rule: *rule, term, id, document, sources: [source] })
}

pub(crate) fn unjudged(line: &engine::UnjudgedLine) -> Line<'_> {
    let cause = match line.cause {
        engine::UnjudgedCause::Malformed(event::Malformed { offset, fault }) => Cause::Malformed {
            offset,
            fault: match fault {
                event::Fault::NotAnObject => Fault::NotAnObject,
                event::Fault::Syntax => Fault::Syntax,
                event::Fault::Incomplete => Fault::Incomplete,
                event::Fault::TooDeep => Fault::TooDeep,
            },
        },
        engine::UnjudgedCause::Work => Cause::Work,
        engine::UnjudgedCause::Terms => Cause::Terms,
    };
    Line::Unjudged(Unjudged { line: line.line, cause, rules: &line.rules })
}

pub(crate) fn remark(remark: &engine::Remark) -> Line<'_> {
    Line::Remark(Remark { line: remark.line, rule: remark.rule, text: &remark.text })
}

/// `question`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Question<'a> {
    Sighting(Sighting<'a>),
}

/// `sighting`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Sighting<'a> {
    history: &'a str,
    term: &'a str,
    at: i64,
    window_ms: u64,
    event: &'a str,
    quota: Quota,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Quota {
    max: u32,
    per_ms: u64,
}

/// The question in words; none for one that this contract does not have, which no
/// engine asks that was told so.
pub(crate) fn question(question: &state::Question) -> Option<Question<'_>> {
    let state::Question::Sighting(sighting) = question else { return None };
    let state::Sighting { history, term, at_ms, window_ms, event, quota } = sighting;
    let quota = Quota { max: quota.max, per_ms: quota.per_ms };
    Some(Question::Sighting(Sighting { history, term, at: *at_ms, window_ms: *window_ms, event, quota }))
}
