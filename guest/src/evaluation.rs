//! What evaluating a batch gives.

use core::fmt;

use crate::event::Malformed;
use crate::rule::Rule;

/// What a batch gave.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// Lines that are not blank.
    pub events: u32,
    /// Pairs of event and rule that matched.
    pub matched: u32,
    /// Sightings put off by a quota.
    pub deferred: u32,
    /// Alerts, by line, then rule, then term.
    pub alerts: Vec<Raised>,
    /// Lines that are no JSON objects.
    pub malformed: Vec<(u32, Malformed)>,
    /// What the operator should know, one sentence each.
    pub warnings: Vec<String>,
    pub(crate) document_bytes: usize,
}

/// Which rules match which events.
#[derive(Clone, Debug, Default)]
pub struct Matching {
    /// Lines that are not blank.
    pub events: u32,
    /// A line and the place of a rule that matches it, in order.
    pub matches: Vec<(u32, u32)>,
    /// Lines that are no JSON objects.
    pub malformed: Vec<(u32, Malformed)>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// Line of the batch, from 0.
    pub line: u32,
    /// The rule's `rule_id`.
    pub rule_id: String,
    /// Canonical term.
    pub term: String,
    /// `kibana.alert.uuid`.
    pub id: String,
    /// The alert document.
    pub document: String,
}

/// Why a batch was not evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluateError {
    /// No rule is loaded.
    NotConfigured,
    /// The host's state did not answer; its reason.
    Sightings(String),
    /// The context does not fit the batch.
    Invalid(String),
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str("no rule is loaded"),
            Self::Sightings(cause) => write!(f, "the state of sightings did not answer: {cause}"),
            Self::Invalid(cause) => f.write_str(cause),
        }
    }
}

impl core::error::Error for EvaluateError {}

/// Warnings told per batch; a flood says no more than its beginning.
const MAX_WARNINGS: usize = 8;

impl Evaluation {
    pub(crate) fn warn(&mut self, line_number: u32, rule: &Rule, what: &str) {
        let (number, rule_id) = (line_number + 1, &rule.rule_id);
        let warning = format!("an event (line {number} of its batch) matches rule {rule_id} and {what}");
        if self.warnings.contains(&warning) {
            return;
        }
        match self.warnings.len() {
            0..MAX_WARNINGS => self.warnings.push(warning),
            MAX_WARNINGS => self.warnings.push("there are more such events in this batch".to_owned()),
            _ => {}
        }
    }
}
