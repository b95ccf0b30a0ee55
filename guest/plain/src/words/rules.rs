//! What the module says of rules, and of itself.

use firstseen_guest::document::{self, Reason as Because};
use firstseen_guest::rule::{self, Kind, Meaning as _, Rule};
use serde::Serialize;

/// `rule-report`, and what the component says in its log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Report<'a> {
    Loaded(RuleSummary<'a>),
    Refused(Refusal<'a>),
    Unusable(Refusal<'a>),
    /// What the operator should know of the documents.
    Warning(&'a str),
}

/// `rule-summary`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RuleSummary<'a> {
    rule_id: &'a str,
    version: u32,
    name: &'a str,
    r#type: &'static str,
    language: &'static str,
    kind: RuleKind<'a>,
    history: &'a str,
    window_ms: Option<u64>,
    warnings: &'a [String],
    hints: &'a [String],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum RuleKind<'a> {
    NewTerms { fields: &'a [String] },
    Query,
    Eql,
}

impl<'a> RuleSummary<'a> {
    pub(crate) fn of(rule: &'a Rule) -> Self {
        Self {
            rule_id: &rule.rule_id,
            version: rule.version,
            name: &rule.name,
            r#type: rule.kind.meaning().type_name(),
            language: rule.kind.meaning().language(),
            kind: match &rule.kind {
                Kind::NewTerms(new_terms) => RuleKind::NewTerms { fields: new_terms.fields() },
                Kind::Query(_) => RuleKind::Query,
                Kind::Eql(_) => RuleKind::Eql,
            },
            history: &rule.history,
            window_ms: rule.window.fixed_length_ms(),
            warnings: &rule.warnings,
            hints: &rule.hints,
        }
    }
}

/// `refusal`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Refusal<'a> {
    document: &'a str,
    position: usize,
    rule_id: Option<&'a str>,
    name: Option<&'a str>,
    r#type: Option<&'a str>,
    reason: Reason,
    field: Option<&'static str>,
    offset: Option<usize>,
    cause: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    NotOurs,
    Disabled,
    Unsupported,
    Invalid,
}

impl<'a> From<&'a document::Refusal> for Refusal<'a> {
    fn from(refusal: &'a document::Refusal) -> Self {
        let error = &refusal.error;
        Self {
            document: &refusal.document,
            position: refusal.position,
            rule_id: refusal.rule_id.as_deref(),
            name: refusal.name.as_deref(),
            r#type: refusal.kind.as_deref(),
            reason: match error.reason {
                Because::NotOurs => Reason::NotOurs,
                Because::Disabled => Reason::Disabled,
                Because::Unsupported => Reason::Unsupported,
                Because::Invalid => Reason::Invalid,
            },
            field: error.field,
            offset: error.offset,
            cause: &error.cause,
        }
    }
}

/// `description`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Description<'a> {
    name: &'static str,
    version: &'static str,
    rule_types: Vec<RuleType>,
    rules: Vec<RuleSummary<'a>>,
}

#[derive(Debug, Serialize)]
struct RuleType {
    name: &'static str,
    languages: [&'static str; 1],
    questions: [&'static str; 1],
}

impl<'a> Description<'a> {
    pub(crate) fn of(rules: &'a [Rule]) -> Self {
        let rule_type =
            |of: &rule::RuleType| RuleType { name: of.name, languages: [of.language], questions: [of.question] };
        Self {
            name: "firstseen",
            version: env!("CARGO_PKG_VERSION"),
            rule_types: Kind::TYPES.iter().map(rule_type).collect(),
            rules: rules.iter().map(RuleSummary::of).collect(),
        }
    }
}
