//! What becomes of rules, as the module says it.

use std::fmt;

/// A rule that runs. Its place among the others stands for it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSummary {
    /// Kibana's `rule_id`.
    pub rule_id: String,
    /// Kibana's `version`.
    pub version: u32,
    /// Kibana's `name`.
    pub name: String,
    /// Kibana's `type`, for example `new_terms`.
    pub rule_type: String,
    /// Kibana's `language`, for example `kuery`.
    pub language: String,
    /// What it detects.
    pub kind: RuleKind,
    /// Key of the rule's history in the ledger.
    pub history: String,
    /// Length of the history window in milliseconds, for a rule without one its
    /// look-back; none where it depends on the day.
    pub window_ms: Option<u64>,
    /// What its author should know, one sentence each.
    pub warnings: Vec<String>,
    /// What its author probably does not mean, though Kibana would run it without
    /// a word, too; one sentence each.
    pub hints: Vec<String>,
}

/// What a rule detects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleKind {
    /// The first time a tuple of values is seen.
    NewTerms {
        /// `new_terms_fields`, in the rule's order.
        fields: Vec<String>,
    },
    /// Every event that matches.
    Query,
    /// Every event that matches an EQL event query.
    Eql,
    /// So many events that match have the same values.
    Threshold {
        /// `threshold.field`; none: all events are counted together.
        fields: Vec<String>,
        /// `threshold.value`: how many it takes.
        value: u64,
        /// `threshold.cardinality`.
        cardinality: Vec<Cardinality>,
    },
    /// Events that match one after the other, or together.
    Sequence {
        /// How many events it takes.
        stages: u32,
        /// The fields of `by`.
        by: Vec<String>,
        /// `maxspan` in milliseconds.
        maxspan_ms: Option<u64>,
        /// Whether its events come in any order.
        is_sample: bool,
    },
}

/// How many different values a field must have among counted events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cardinality {
    /// The field.
    pub field: String,
    /// How many.
    pub value: u64,
}

/// A type of rules that a module runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleType {
    /// Kibana's `type`.
    pub name: String,
    /// The values of `language` that it runs.
    pub languages: Vec<String>,
    /// The questions that its rules ask.
    pub questions: Vec<String>,
}

/// Why a rule does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its type, language or source is none the module runs.
    NotOurs,
    /// It is switched off.
    Disabled,
    /// It asks for something that is not supported.
    Unsupported,
    /// It is wrong.
    Invalid,
}

impl RuleSummary {
    /// The new-terms fields; none for a rule of another kind.
    pub fn new_terms_fields(&self) -> &[String] {
        match &self.kind {
            RuleKind::NewTerms { fields } => fields,
            _ => &[],
        }
    }
}

impl Reason {
    /// Whether somebody has to do something about it: the rule should run.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Unsupported | Self::Invalid)
    }
}

/// A rule, or another document, that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Name of the document it stands in.
    pub document: String,
    /// Position of the rule in the document, from 0.
    pub position: usize,
    /// `rule_id`, if it could be read.
    pub rule_id: Option<String>,
    /// `name`, if it could be read.
    pub name: Option<String>,
    /// `type`, if it could be read.
    pub rule_type: Option<String>,
    /// Why it is not used.
    pub reason: Reason,
    /// The rule's field at fault.
    pub field: Option<String>,
    /// Byte offset of the fault within the field, or the document.
    pub offset: Option<usize>,
    /// What is wrong.
    pub cause: String,
}

/// What became of a rule, or of what came with the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RuleReport {
    /// It runs.
    Loaded(RuleSummary),
    /// It does not run.
    Refused(Refusal),
    /// Exceptions, a value list or a mapping that cannot be used.
    Unusable(Refusal),
}

/// What became of rules and what came with them.
#[derive(Clone, Debug, Default)]
pub struct RuleReports {
    /// The rules that run, in order.
    pub rules: Vec<RuleSummary>,
    /// The rules that do not, in order.
    pub refusals: Vec<Refusal>,
    /// Exceptions, value lists and mappings that cannot be used.
    pub unusable: Vec<Refusal>,
}

impl FromIterator<RuleReport> for RuleReports {
    fn from_iter<I: IntoIterator<Item = RuleReport>>(all: I) -> Self {
        let mut reports = Self::default();
        for report in all {
            match report {
                RuleReport::Loaded(summary) => reports.rules.push(summary),
                RuleReport::Refused(refusal) => reports.refusals.push(refusal),
                RuleReport::Unusable(refusal) => reports.unusable.push(refusal),
            }
        }
        reports
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.document)?;
        match &self.rule_id {
            Some(rule_id) => write!(f, ": rule {rule_id}")?,
            None => write!(f, ": rule number {}", self.position)?,
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " (byte {offset})")?;
        }
        write!(f, ": {}", self.cause)
    }
}
