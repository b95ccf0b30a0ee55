//! Rules in EQL.

use firstseen_eql::ast::{EventFilter, Item, Pipe, Query, QueryKind};
use firstseen_eql::{CATEGORY, VerificationError, clause, keys};
use firstseen_query::{Mapping, RegexBudget};

use super::Asked;
use crate::document::{DocumentError, Reason};
use crate::rule::hints;
use crate::rule::kinds::Eql;
use crate::rule::stages::{AskedItem, AskedOfSeveral};

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

    pub(super) fn asked(&self, mapping: &Mapping, regexes: &RegexBudget) -> Result<Asked, DocumentError> {
        let error = |error: VerificationError| DocumentError::query(&self.text, &error);
        let of_filter = |filter: &EventFilter| clause(filter, mapping, &self.category_field, regexes).map_err(error);
        let (by, items, until, span_ms, is_sample) = match &self.query.kind {
            QueryKind::Event(filter) => return of_filter(filter).map(Asked::Event),
            QueryKind::Sequence(sequence) => {
                (&sequence.by, &sequence.items, sequence.until.as_ref(), sequence.maxspan_ms, false)
            }
            QueryKind::Sample(sample) => (&sample.by, &sample.items, None, None, true),
            _ => {
                let cause = "queries of this kind are not run";
                return Err(DocumentError::new("query", cause).because(Reason::NotOurs));
            }
        };
        let mut keys = keys(by, items.iter().chain(until), mapping, regexes).map_err(error)?.into_iter();
        let mut item = |item: &Item| {
            Ok(AskedItem {
                clause: of_filter(&item.filter)?,
                keys: keys.next().unwrap_or_default(),
                is_missing: item.missing,
                runs: item.runs,
            })
        };
        let items = items.iter().map(&mut item).collect::<Result<_, DocumentError>>()?;
        let until = until.map(item).transpose()?;
        Ok(Asked::Several(AskedOfSeveral { items, until, span_ms, is_sample }))
    }

    /// The query as it is printed, whatever its spaces and comments.
    pub(super) fn canonical(&self) -> String {
        self.query.to_string()
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
