//! What a match means, by the type of the rule.
//!
//! A kind answers the questions of [`Meaning`], in a file of its own: which
//! fields it reads beside the query's, what it asks of the state when an event
//! matches, what an alert of it says, and what its history is.

mod eql;
mod meaning;
mod new_terms;
mod query;

pub use eql::Eql;
pub use meaning::{AlertFacts, Meaning};
pub use new_terms::NewTerms;
pub use query::Query;

use super::language::{EQL, KUERY};
use super::reader::RuleReader;
use super::window::{LookBack, Window};
use crate::document::{DocumentError, Reason, did_you_mean};

/// Kibana's types of rules.
const TYPES: [&str; 8] =
    ["query", "new_terms", "eql", "esql", "threshold", "threat_match", "machine_learning", "saved_query"];

/// The type of a rule, with what the rule says for it alone.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `new_terms`: the first time a tuple of values is seen.
    NewTerms(NewTerms),
    /// `query`: every event that matches, once.
    Query(Query),
    /// `eql`: the same in another language.
    Eql(Eql),
}

/// A type of rules that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleType {
    /// Kibana's `type`.
    pub name: &'static str,
    /// The language of its queries, as Kibana names it.
    pub language: &'static str,
    /// The name of the question that it asks of the state.
    pub question: &'static str,
}

impl Kind {
    /// The types of rules that run.
    pub const TYPES: [RuleType; 3] = [
        RuleType { name: NewTerms::TYPE, language: KUERY, question: NewTerms::QUESTION },
        RuleType { name: Query::TYPE, language: KUERY, question: Query::QUESTION },
        RuleType { name: Eql::TYPE, language: EQL, question: Eql::QUESTION },
    ];

    /// Reads the type of a rule and the fields that belong to it alone.
    pub(super) fn read(rule: &RuleReader<'_>) -> Result<Self, DocumentError> {
        match rule.required_text("type")?.as_str() {
            NewTerms::TYPE => NewTerms::read(rule).map(Self::NewTerms),
            Query::TYPE => Ok(Self::Query(Query)),
            Eql::TYPE => Eql::read(rule).map(Self::Eql),
            other if TYPES.contains(&other) => {
                let cause = format!("rules of type `{other}` are not run; `new_terms`, `query` and `eql` rules are");
                Err(DocumentError::new("type", cause).because(Reason::NotOurs))
            }
            other => {
                let cause = format!("`{other}` is no type of rules; {}", did_you_mean(other, &TYPES));
                Err(DocumentError::new("type", cause))
            }
        }
    }

    /// Reads how far back the history of a rule goes.
    pub(super) fn window(&self, rule: &RuleReader<'_>, look_back: &LookBack) -> Result<Window, DocumentError> {
        match self {
            Self::NewTerms(_) => NewTerms::window(rule, look_back),
            Self::Query(_) | Self::Eql(_) => Ok(Window::of(look_back)),
        }
    }

    /// What a match means.
    #[must_use]
    pub fn meaning(&self) -> &dyn Meaning {
        match self {
            Self::NewTerms(new_terms) => new_terms,
            Self::Query(query) => query,
            Self::Eql(eql) => eql,
        }
    }
}
