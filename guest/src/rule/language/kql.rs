//! Rules in KQL.

use firstseen_kql::ast::Query;
use firstseen_query::Clause;

use crate::document::DocumentError;
use crate::rule::hints;

/// A query in KQL and its text.
#[derive(Debug)]
pub(in crate::rule) struct KqlQuery {
    text: String,
    query: Query,
}

impl KqlQuery {
    pub(super) fn parse(text: &str) -> Result<Self, DocumentError> {
        let query = firstseen_kql::parse(text).map_err(|error| DocumentError::query(text, &error))?;
        Ok(Self { text: text.to_owned(), query })
    }

    pub(super) fn clause(&self) -> Clause {
        Clause::from(&self.query)
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let warning = |text: &str| {
            format!("`{text}` begins with a wildcard, which Elasticsearch can only answer by looking at every value")
        };
        let wildcard = self.query.leading_wildcard();
        let written = wildcard.map(|operand| self.text.get(operand.span().range()).unwrap_or_default());
        written.map(warning).into_iter().collect()
    }

    pub(super) fn hints(&self) -> Vec<String> {
        hints::of_kql(&self.text, &self.query)
    }
}
