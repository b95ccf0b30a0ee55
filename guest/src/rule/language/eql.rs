//! Rules in EQL.

use firstseen_eql::ast::{EventFilter, Pipe, Query, QueryKind};
use firstseen_eql::{CATEGORY, VerificationError, clause};
use firstseen_query::{Clause, Mapping, RegexBudget};

use crate::document::{DocumentError, Reason};
use crate::rule::hints;
use crate::rule::kinds::Eql;

/// A query in EQL and its text.
#[derive(Debug)]
pub(in crate::rule) struct EqlQuery {
    text: String,
    query: Query,
    category_field: String,
}

impl EqlQuery {
    pub(super) fn parse(text: &str, rule: &Eql) -> Result<Self, DocumentError> {
        let query = firstseen_eql::parse(text).map_err(|error| DocumentError::query(text, &error))?;
        let category_field = rule.event_category_override().unwrap_or(CATEGORY).to_owned();
        Ok(Self { text: text.to_owned(), query, category_field })
    }

    pub(super) fn clause(&self, mapping: &Mapping, regexes: &RegexBudget) -> Result<Clause, DocumentError> {
        let of_filter = |filter: &EventFilter| {
            let error = |error: VerificationError| DocumentError::query(&self.text, &error);
            clause(filter, mapping, &self.category_field, regexes).map_err(error)
        };
        let (kind, items) = match &self.query.kind {
            QueryKind::Event(filter) => return of_filter(filter),
            QueryKind::Sequence(sequence) => ("sequences", &sequence.items),
            QueryKind::Sample(sample) => ("samples", &sample.items),
            _ => ("queries of this kind", &Vec::new()),
        };
        // What is wrong in an item is its author's business.
        for item in items {
            of_filter(&item.filter)?;
        }
        let cause = format!("{kind} are not run; EQL queries of single events are");
        Err(DocumentError::new("query", cause).because(Reason::NotOurs))
    }

    /// The least that a pipe leaves.
    pub(super) fn results_max(&self) -> Option<u64> {
        self.query.pipes.iter().filter_map(count).min()
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let is_tail = |pipe: &Pipe| matches!(pipe, Pipe::Tail(_));
        let warning = "`| tail` takes the last events of each run in Kibana; here they are the first ones of each \
                       interval, as for `max_signals`";
        self.query.pipes.iter().any(is_tail).then(|| warning.to_owned()).into_iter().collect()
    }

    pub(super) fn hints(&self) -> Vec<String> {
        hints::of_eql(&self.text, &self.query)
    }
}

const fn count(pipe: &Pipe) -> Option<u64> {
    match pipe {
        Pipe::Head(count) | Pipe::Tail(count) => Some(*count),
        _ => None,
    }
}
