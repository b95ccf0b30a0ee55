//! What evaluating a batch gives.

use core::fmt;
use core::ops::Range;

use crate::event::Malformed;
use crate::state::CompletedSequence;

/// What a batch gave.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Lines that are not blank.
    pub events: u32,
    /// How many events each rule matched, of the rules that matched any, by
    /// place.
    pub matches: Vec<RuleMatches>,
    /// Sightings put off by a quota.
    pub deferred: u32,
    /// Alerts, by line, then rule, then term.
    pub alerts: Vec<Alert>,
    /// Lines that were not judged in full, in order.
    pub unjudged: Vec<UnjudgedLine>,
    /// The sequences that are complete, by the place of their rule.
    pub sequences: Vec<(u32, CompletedSequence)>,
    /// What the operator should know of events that rules match, the first of it.
    pub remarks: Vec<Remark>,
    pub(crate) document_bytes: usize,
}

/// Which rules match which events.
#[derive(Clone, Debug, Default)]
pub struct Matching {
    /// Lines that are not blank.
    pub events: u32,
    /// A line and the place of a rule that matches it, in order.
    pub matches: Vec<(u32, u32)>,
    /// Lines that were not judged in full, in order.
    pub unjudged: Vec<UnjudgedLine>,
}

/// What the operator should know of an event that a rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Line of the batch, from 0.
    pub line: u32,
    /// Place of the rule.
    pub rule: u32,
    /// The rest of a sentence that begins with the event.
    pub text: String,
}

/// How many events of a batch a rule matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleMatches {
    /// Place of the rule.
    pub rule: u32,
    /// How many events, at least 1.
    pub events: u32,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Place of the rule; none for an alert about an event that was not judged in
    /// full.
    pub rule: Option<u32>,
    /// Canonical term.
    pub term: String,
    /// `kibana.alert.uuid`.
    pub id: String,
    /// The alert document.
    pub document: String,
    /// The event that it is about.
    pub source: AlertSource,
}

/// The event that an alert is about, and where the document names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSource {
    /// Line of the batch, from 0.
    pub line: u32,
    /// Bytes of the document that hold the event's `_id`, a JSON string.
    pub id: Range<usize>,
    /// The same for its `_index`; empty, where that can be put in, if it is not
    /// known.
    pub index: Range<usize>,
    /// What must stand before an index that is put in.
    pub index_before: &'static str,
}

/// A line that was not judged, or not by all rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnjudgedLine {
    /// Line of the batch, from 0.
    pub line: u32,
    /// Why.
    pub cause: UnjudgedCause,
    /// Places of the rules that did not judge it; empty: none did.
    pub rules: Vec<u32>,
}

/// Why a line was not judged in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnjudgedCause {
    /// It is no JSON object.
    Malformed(Malformed),
    /// It would cost more work than a line may.
    Work,
    /// It gives a rule more or longer terms than it may; the others were judged.
    Terms,
}

/// Why a batch was not evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluateError {
    /// No rule is loaded.
    NotConfigured,
    /// The context does not fit the batch, or the answers the questions.
    Invalid(String),
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str("no rule is loaded"),
            Self::Invalid(cause) => f.write_str(cause),
        }
    }
}

impl core::error::Error for EvaluateError {}

/// Most remarks of a batch; a flood says no more than its beginning.
const MAX_REMARKS: usize = 8;

impl Evaluation {
    /// Pairs of event and rule that matched.
    pub fn matched(&self) -> u64 {
        self.matches.iter().map(|matches| u64::from(matches.events)).sum()
    }

    pub(crate) fn remark(&mut self, line: u32, rule: usize, text: impl Into<String>) {
        if self.remarks.len() < MAX_REMARKS {
            let remark = Remark { line, rule: rule as u32, text: text.into() };
            if !self.remarks.contains(&remark) {
                self.remarks.push(remark);
            }
        }
    }
}

/// Notes that a rule did not judge a line in full.
pub(crate) fn note_unjudged(unjudged: &mut Vec<UnjudgedLine>, line: u32, cause: UnjudgedCause, rule: u32) {
    match unjudged.last_mut() {
        // A line that no rule judged needs no list of them.
        Some(last) if last.line == line && last.cause == cause && !last.rules.is_empty() => last.rules.push(rule),
        _ => unjudged.push(UnjudgedLine { line, cause, rules: vec![rule] }),
    }
}

/// Notes that no rule judged a line.
pub(crate) fn note_not_judged_at_all(unjudged: &mut Vec<UnjudgedLine>, line: u32, cause: UnjudgedCause) {
    unjudged.push(UnjudgedLine { line, cause, rules: Vec::new() });
}
