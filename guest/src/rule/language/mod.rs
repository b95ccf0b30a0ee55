//! The query of a rule, in the language of its type.
//!
//! A language says what a text asks of events, and what its author should know.

mod eql;
mod kql;

use std::borrow::Cow;

use firstseen_query::{Clause, Mapping, RegexBudget};

use super::fields::Fields;
use super::kinds::Kind;
use super::stages::AskedOfSeveral;
use crate::document::DocumentError;

/// KQL, as Kibana names it.
pub(super) const KUERY: &str = "kuery";

/// EQL, as Kibana names it.
pub(super) const EQL: &str = "eql";

/// What a query asks.
#[derive(Debug)]
pub(super) enum Asked {
    /// Of single events.
    Event(Clause),
    /// Of several events together.
    Several(AskedOfSeveral),
}

impl Asked {
    /// What an event must meet to be looked at.
    pub(super) fn clause(&self) -> Cow<'_, Clause> {
        match self {
            Self::Event(clause) => Cow::Borrowed(clause),
            Self::Several(asked) => Cow::Owned(asked.any()),
        }
    }
}

/// A query that was parsed.
#[derive(Debug)]
pub(super) enum ParsedQuery {
    Kql(kql::KqlQuery),
    Eql(Box<eql::EqlQuery>),
}

impl ParsedQuery {
    /// Parses the query of a rule.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with its place.
    pub(super) fn parse(fields: &Fields) -> Result<Self, DocumentError> {
        match &fields.kind {
            Kind::Eql(rule) => eql::EqlQuery::parse(&fields.query, rule).map(|query| Self::Eql(Box::new(query))),
            Kind::NewTerms(_) | Kind::Query(_) => kql::KqlQuery::parse(&fields.query).map(Self::Kql),
        }
    }

    /// What it asks. Its regular expressions are taken off `regexes`.
    ///
    /// # Errors
    ///
    /// What cannot be asked of fields of these types, with its place.
    pub(super) fn asked(&self, mapping: &Mapping, regexes: &RegexBudget) -> Result<Asked, DocumentError> {
        match self {
            Self::Kql(query) => Ok(Asked::Event(query.clause())),
            Self::Eql(query) => query.asked(mapping, regexes),
        }
    }

    /// What the history of a rule about several events is called beside its id: another
    /// query cannot go on with what this one has begun.
    pub(super) fn history_name(&self) -> String {
        match self {
            Self::Kql(_) => String::new(),
            Self::Eql(query) => query.canonical(),
        }
    }

    /// How many events it takes at most of those that a run finds; none if it does not say.
    pub(super) fn results_max(&self) -> Option<u64> {
        match self {
            Self::Kql(_) => None,
            Self::Eql(query) => query.results_max(),
        }
    }

    /// What its author should know, one sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        match self {
            Self::Kql(query) => query.warnings(),
            Self::Eql(query) => query.warnings(),
        }
    }

    /// What its author probably does not mean, one sentence each.
    pub(super) fn hints(&self) -> Vec<String> {
        match self {
            Self::Kql(query) => query.hints(),
            Self::Eql(query) => query.hints(),
        }
    }
}
