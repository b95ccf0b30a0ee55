//! What becomes of rules, as the module says it.

use std::fmt;

use crate::wasm::{detector as wit, printable, printable_lines};

/// A rule that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSummary {
    /// Kibana's `rule_id`.
    pub rule_id: String,
    /// Kibana's `version`.
    pub version: u32,
    /// Kibana's `name`.
    pub name: String,
    /// Kibana's `type`.
    pub kind: String,
    /// Key of the rule's history in the store.
    pub history: String,
    /// The new-terms fields.
    pub new_terms_fields: Vec<String>,
    /// Length of the history window in milliseconds; none where it depends on
    /// the day. For a `query` rule its look-back.
    pub window_ms: Option<u64>,
    /// What its author should know, one sentence each.
    pub warnings: Vec<String>,
}

/// Why a rule does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its type, language or source is none the module runs.
    NotOurs,
    /// It is switched off.
    Disabled,
    /// It asks for something that is not supported.
    Unsupported,
    /// It is wrong.
    Invalid,
}

impl Refusal {
    /// Whether somebody has to do something about it: the rule should run.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Unsupported | Self::Invalid)
    }
}

/// A rule that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRefusal {
    /// Name of the document it stands in.
    pub document: String,
    /// Position of the rule in the document, from 0.
    pub position: usize,
    /// `rule_id`, if it could be read.
    pub rule_id: Option<String>,
    /// Its name, if it could be read.
    pub name: Option<String>,
    /// Its type, if it could be read.
    pub kind: Option<String>,
    /// Why it does not run.
    pub reason: Refusal,
    /// The rule's field at fault.
    pub field: Option<String>,
    /// Byte offset of the fault within the field, or the document.
    pub offset: Option<usize>,
    /// What is wrong.
    pub cause: String,
}

/// What became of rules and what came with them.
#[derive(Clone, Debug, Default)]
pub struct RuleReports {
    /// The rules that run, in order.
    pub rules: Vec<RuleSummary>,
    /// The rules that do not, in order.
    pub refusals: Vec<RuleRefusal>,
    /// Exceptions, value lists and mappings that cannot be used.
    pub unusable: Vec<RuleRefusal>,
}

impl From<wit::RuleSummary> for RuleSummary {
    fn from(summary: wit::RuleSummary) -> Self {
        Self {
            rule_id: summary.rule_id,
            version: summary.version,
            name: summary.name,
            kind: summary.kind,
            history: summary.history,
            new_terms_fields: summary.new_terms_fields,
            window_ms: summary.window_ms,
            warnings: summary.warnings.iter().map(|warning| printable(warning)).collect(),
        }
    }
}

impl From<wit::RuleError> for RuleRefusal {
    fn from(error: wit::RuleError) -> Self {
        Self {
            document: printable(&error.document),
            position: error.position as usize,
            rule_id: error.rule_id.as_deref().map(printable),
            name: error.name.as_deref().map(printable),
            kind: error.kind.as_deref().map(printable),
            reason: match error.reason {
                wit::Refusal::NotOurs => Refusal::NotOurs,
                wit::Refusal::Disabled => Refusal::Disabled,
                wit::Refusal::Unsupported => Refusal::Unsupported,
                wit::Refusal::Invalid => Refusal::Invalid,
            },
            field: error.field.as_deref().map(printable),
            offset: error.offset.map(|offset| offset as usize),
            cause: printable_lines(&error.cause),
        }
    }
}

impl fmt::Display for RuleRefusal {
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
