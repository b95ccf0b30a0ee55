//! `filters[]` of a rule: Kibana's filter objects, which hold Elasticsearch
//! queries.

mod error;
mod leaf;
mod query;

use firstseen_query::{Clause, Mapping, Program};
use serde_json::{Map, Value, json};

use self::error::FilterError;
use self::query::query;
use super::reader::RuleReader;
use crate::document::{DocumentError, Members};
use crate::event::Projection;

/// The filters of a rule that are switched on. An event must meet all of them.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    filters: Vec<Filter>,
}

#[derive(Clone, Debug)]
struct Filter {
    /// Where it stands among the rule's filters, from 0, and their number.
    place: (usize, usize),
    clause: Clause,
}

impl Filters {
    /// Reads the `filters` of a rule object as Kibana does (`kbn-es-query`,
    /// `buildQueryFromFilters`).
    ///
    /// # Errors
    ///
    /// [`DocumentError`] about the first filter that is wrong or that holds a query
    /// which is not supported. Filters that are switched off are not looked at.
    pub fn read(rule: &Map<String, Value>) -> Result<Self, DocumentError> {
        let filters = RuleReader::of(rule).array("filters")?;
        let mut read = Vec::new();
        for (position, filter) in filters.iter().enumerate() {
            let place = (position, filters.len());
            match clause(filter) {
                Ok(Some(clause)) => read.push(Filter { place, clause }),
                Ok(None) => {}
                Err(fault) => return Err(error(place, &fault.cause).because(fault.reason)),
            }
        }
        Ok(Self { filters: read })
    }

    /// What an event must meet.
    #[must_use]
    pub fn clause(&self) -> Clause {
        Clause::And(self.filters.iter().map(|filter| filter.clause.clone()).collect())
    }

    /// Whether Elasticsearch could run them on fields of these types.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] about the first filter that would fail the search.
    pub fn check(&self, mapping: &Mapping) -> Result<(), DocumentError> {
        for Filter { place, clause } in &self.filters {
            Program::compile(clause, mapping, &mut Projection::default())
                .map_err(|fault| error(*place, &fault.cause()))?;
        }
        Ok(())
    }
}

fn error((position, count): (usize, usize), cause: &str) -> DocumentError {
    DocumentError::new("filters", format!("filter {} of {count}: {cause}", position + 1))
}

/// What a filter says; none if it is switched off.
fn clause(filter: &Value) -> Result<Option<Clause>, FilterError> {
    let filter = filter.as_object().ok_or_else(|| FilterError::invalid("it is not an object"))?;
    let none = Map::new();
    let meta = Members::of(filter).object("meta").map_err(|_| FilterError::invalid("its `meta` is not an object"))?;
    let meta = meta.unwrap_or(Members::of(&none));
    let flag = |name: &str| match meta.flag(name) {
        Ok(Some(flag)) => Ok(flag),
        Ok(None) if !meta.has(name) => Ok(false),
        _ => Err(FilterError::invalid(format!("its `{name}` is neither true nor false"))),
    };
    // Kibana takes no offence at what is switched off.
    if meta.flag("disabled") == Ok(Some(true)) {
        return Ok(None);
    }
    flag("disabled")?;
    let negated = flag("negate")?;
    let clause = if meta.text("type") == Ok(Some("combined")) { combined(meta)? } else { query(&migrated(filter))? };
    Ok(Some(if negated { Clause::Not(Box::new(clause)) } else { clause }))
}

/// A filter made of filters (`from_combined_filter.ts`). Of an OR each part
/// stands by itself, so one that is switched off lets every event pass.
fn combined(meta: Members<'_>) -> Result<Clause, FilterError> {
    let parts = meta.array("params").ok().flatten();
    let parts = parts.ok_or_else(|| FilterError::invalid("it combines filters, but its `params` are no array"))?;
    if meta.text("relation") == Ok(Some("AND")) {
        return Ok(Clause::And(parts.iter().filter_map(|part| clause(part).transpose()).collect::<Result<_, _>>()?));
    }
    let part = |part| Ok(clause(part)?.unwrap_or(Clause::All));
    Ok(Clause::Or(parts.iter().map(part).collect::<Result<_, _>>()?))
}

/// The query of a filter, older forms brought up to date (`migrate_filter.ts`).
fn migrated(filter: &Map<String, Value>) -> Value {
    let query = match filter.get("query") {
        Some(query) if !matches!(query, Value::Null | Value::Bool(false)) => query.clone(),
        // Before there was `query`, its members stood in the filter itself.
        _ => {
            let members = filter.iter().filter(|(name, _)| !["meta", "query", "$state"].contains(&name.as_str()));
            Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
    };
    let phrase = query.get("match").and_then(Value::as_object).and_then(|fields| {
        let (field, options) = fields.iter().next()?;
        let mut options = options.as_object()?.clone();
        (options.remove("type")? == "phrase").then(|| json!({"match_phrase": {field: options}}))
    });
    phrase.unwrap_or(query)
}

#[cfg(test)]
mod tests;
