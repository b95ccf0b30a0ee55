//! What a module answers is not trusted: it is checked before it is used.

use std::ops::Range;

use crate::ledger::{AlertSource, Question};
use crate::outcome::{self, EventMatch, MalformedLine, NotJudged, Remark, Unjudged, UnjudgedCause};
use crate::strict_json::check_object;
use crate::text::{Text, count_lines};
use crate::wasm::Trap;

/// Most bytes of documents that are looked at for the sources of an alert.
const SOURCES_BYTES_MAX: usize = 1 << 30;

/// What a module says to a batch.
pub(crate) enum Step {
    /// It must know more.
    Ask(Vec<Question>),
    /// It is through.
    Done(Evaluation),
}

/// What a batch gave, as the module says.
pub(crate) struct Evaluation {
    pub(crate) events: u32,
    /// Places of rules, and how many events each matched.
    pub(crate) matches: Vec<(usize, u32)>,
    pub(crate) alerts: Vec<ModuleAlert>,
    pub(crate) unjudged: Vec<UnjudgedLine>,
    pub(crate) remarks: Vec<Remark>,
}

/// An alert, as the module says.
pub(crate) struct ModuleAlert {
    /// Place of the rule.
    pub(crate) rule: Option<usize>,
    pub(crate) term: String,
    pub(crate) id: String,
    pub(crate) document: String,
    pub(crate) sources: Vec<ModuleSource>,
}

/// An event that an alert is about.
pub(crate) struct ModuleSource {
    pub(crate) line: usize,
    pub(crate) place: AlertSource,
}

/// A line that was not judged in full.
pub(crate) struct UnjudgedLine {
    pub(crate) line: usize,
    pub(crate) cause: UnjudgedCause,
    /// Places of the rules that did not judge it; empty: none did.
    pub(crate) rules: Vec<usize>,
}

/// Which rules match which events, as the module says.
pub(crate) struct Matching {
    pub(crate) events: u32,
    /// A line, and the place of a rule that matches it.
    pub(crate) matches: Vec<(usize, usize)>,
    pub(crate) unjudged: Vec<UnjudgedLine>,
}

/// Why a module did nothing.
#[derive(Debug)]
pub(crate) enum ModuleError {
    NotConfigured,
    Invalid(String),
}

impl ModuleAlert {
    /// The line behind which it is due.
    fn last_line(&self) -> Option<usize> {
        self.sources.last().map(|source| source.line)
    }
}

impl ModuleError {
    /// The same as a failure of the module.
    pub(crate) fn into_trap(self) -> Trap {
        Trap::contract(match self {
            Self::NotConfigured => "it says that no rule is loaded".to_owned(),
            Self::Invalid(cause) => format!("it refuses: {cause}"),
        })
    }
}

/// Sorts lines that were not judged in full by what they are, from `first_line`
/// on.
pub(crate) fn sort_unjudged(
    lines: Vec<UnjudgedLine>,
    first_line: usize,
    malformed: &mut Vec<MalformedLine>,
    unjudged: &mut Vec<Unjudged>,
) {
    for UnjudgedLine { line, cause, rules } in lines {
        let line = line + first_line;
        let cause = match cause {
            UnjudgedCause::Malformed(found) => {
                malformed.push(found.at(line));
                continue;
            }
            UnjudgedCause::Work => NotJudged::Work,
            UnjudgedCause::Terms => NotJudged::Terms,
        };
        unjudged.push(Unjudged { line, cause, rules });
    }
}

/// Matches must point into the batch and at rules that run, in order.
pub(crate) fn check_matching(
    matching: Matching,
    text: &Text<'_>,
    rule_count: usize,
) -> Result<outcome::Matching, Trap> {
    let line_count = count_lines(text.text.as_bytes());
    let is_beyond = |&(line, rule): &(usize, usize)| line >= line_count || rule >= rule_count;
    if matching.matches.iter().any(is_beyond) {
        return Err(Trap::contract("it names a line or a rule that is not there"));
    }
    if !matching.matches.is_sorted() {
        return Err(Trap::contract("its matches are not in order"));
    }
    check_unjudged(&matching.unjudged, line_count, rule_count)?;
    let matches = matching.matches.iter().map(|&(line, rule)| EventMatch { line, rule }).collect();
    let events = u64::from(matching.events) + text.malformed.len() as u64;
    let (mut malformed, mut unjudged) = (text.malformed.clone(), Vec::new());
    sort_unjudged(matching.unjudged, 0, &mut malformed, &mut unjudged);
    malformed.sort_by_key(|line| line.line);
    Ok(outcome::Matching { events, matches, malformed, unjudged })
}

/// Alerts must point into the batch, in order, be of rules that run, and be one
/// JSON object on one line each, such as Elasticsearch takes.
pub(crate) fn check_evaluation(evaluation: &Evaluation, text: &str, rule_count: usize) -> Result<(), Trap> {
    let line_count = count_lines(text.as_bytes());
    let events = u64::from(evaluation.events);
    let counts_too_many = |&(_, matched): &(usize, u32)| u64::from(matched) > events;
    if events > line_count as u64 || evaluation.matches.iter().any(counts_too_many) {
        return Err(Trap::contract("it counts more events or matches than there can be"));
    }
    let rules = evaluation.matches.iter().map(|&(rule, _)| rule);
    if !rules.clone().is_sorted_by(|a, b| a < b) || rules.max().is_some_and(|last| last >= rule_count) {
        return Err(Trap::contract("it counts matches of a rule that does not run, or twice"));
    }
    check_unjudged(&evaluation.unjudged, line_count, rule_count)?;
    if evaluation.remarks.iter().any(|remark| remark.line >= line_count || remark.rule >= rule_count) {
        return Err(Trap::contract("it remarks on a line or a rule that is not there"));
    }
    if !evaluation.alerts.is_sorted_by_key(ModuleAlert::last_line) {
        return Err(Trap::contract("its alerts are not in the order of their lines"));
    }
    evaluation.alerts.iter().try_for_each(|alert| check_alert(alert, line_count, rule_count))
}

fn check_unjudged(lines: &[UnjudgedLine], line_count: usize, rule_count: usize) -> Result<(), Trap> {
    if lines.iter().any(|line| line.line >= line_count) {
        return Err(Trap::contract("it names a line beyond the end of the batch"));
    }
    if lines.iter().flat_map(|line| &line.rules).any(|&rule| rule >= rule_count) {
        return Err(Trap::contract("it names a rule that does not run"));
    }
    match lines.is_sorted_by_key(|line| line.line) {
        true => Ok(()),
        false => Err(Trap::contract("its unjudged lines are not in order")),
    }
}

fn check_alert(alert: &ModuleAlert, line_count: usize, rule_count: usize) -> Result<(), Trap> {
    let document = alert.document.as_str();
    if let Err(cause) = check_object(document) {
        let cause = format!("an alert document is not one JSON object on one line that Elasticsearch takes: {cause}");
        return Err(Trap::contract(cause));
    }
    if alert.rule.is_some_and(|rule| rule >= rule_count) {
        return Err(Trap::contract("an alert is of a rule that does not run"));
    }
    if ![40, 64].contains(&alert.id.len()) || !alert.id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Trap::contract("the id of an alert is not 40 or 64 hexadecimal digits"));
    }
    if !alert.sources.is_sorted_by(|a, b| a.line < b.line) {
        return Err(Trap::contract("the sources of an alert are not in the order of their lines"));
    }
    // Each of them costs a look at the document.
    if alert.sources.len().saturating_mul(document.len()) > SOURCES_BYTES_MAX {
        return Err(Trap::contract("an alert has too many sources for a document of its length"));
    }
    if alert.last_line().is_some_and(|line| line >= line_count) {
        return Err(Trap::contract("it names a line beyond the end of the batch"));
    }
    match alert.sources.iter().all(|source| is_place_of_event(&source.place, document)) {
        true => Ok(()),
        false => Err(Trap::contract("an alert does not say where its document names its event")),
    }
}

/// Whether both are JSON strings of the document, or the index can be put in.
fn is_place_of_event(place: &AlertSource, document: &str) -> bool {
    let is_string = |range: &Range<usize>| {
        document.get(range.clone()).is_some_and(|text| serde_json::from_str::<String>(text).is_ok())
    };
    if !is_string(&place.id) {
        return false;
    }
    if place.index.start != place.index.end {
        return is_string(&place.index);
    }
    let (Some(before), Some(after)) = (document.get(..place.index.start), document.get(place.index.start..)) else {
        return false;
    };
    check_object(&[before, &place.index_before, "\"\"", after].concat()).is_ok()
}
