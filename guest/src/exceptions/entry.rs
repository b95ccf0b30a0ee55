//! The entries of exception items.

use firstseen_query::{Clause, Condition, Like, Name, Span};
use serde_json::{Map, Value};

use super::value_list::ValueLists;

/// A condition of an item (`build_exception_filter.ts`).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    field: String,
    kind: Kind,
    /// `operator: excluded`: the opposite, which holds where the field is
    /// missing.
    excluded: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// `match`, `match_any`: one of the values, as a phrase.
    Match(Vec<String>),
    /// `wildcard`: a pattern with `*` and `?`.
    Wildcard(String),
    /// `exists`.
    Exists,
    /// `list`: one of the values of a value list.
    List { id: String, kind: String },
    /// `nested`: all of them, in one nested object; field names are relative to
    /// it.
    Nested(Vec<Entry>),
}

/// Why an item makes no clause.
#[derive(Debug, PartialEq)]
pub(super) enum NotApplied {
    /// Kibana leaves such an item out and warns.
    Unprocessable(String),
    /// There is no value list of this id.
    NoValueList(String),
}

impl Entry {
    /// The entries of an item, or of a `nested` entry.
    pub(super) fn all(object: &Map<String, Value>) -> Result<Vec<Self>, String> {
        Self::listed(object, false)
    }

    fn listed(object: &Map<String, Value>, nested: bool) -> Result<Vec<Self>, String> {
        match object.get("entries") {
            // Without conditions it would except every event.
            Some(Value::Array(entries)) if !entries.is_empty() => {
                entries.iter().map(|entry| Self::of(entry, nested)).collect()
            }
            Some(Value::Array(_)) => Err("`entries` is empty".to_owned()),
            _ => Err("`entries` is missing or not an array".to_owned()),
        }
    }

    fn of(entry: &Value, nested: bool) -> Result<Self, String> {
        let entry = entry.as_object().ok_or("an entry is not an object")?;
        let text = |object: &Map<String, Value>, name: &str| match object.get(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.clone()),
            Some(Value::String(_)) => Err(format!("`{name}` of an entry is empty")),
            Some(_) => Err(format!("`{name}` of an entry is not a text")),
            None => Err(format!("an entry has no `{name}`")),
        };
        let kind = match text(entry, "type")?.as_str() {
            "match" => Kind::Match(vec![text(entry, "value")?]),
            "match_any" => match entry.get("value") {
                Some(Value::Array(values)) if !values.is_empty() => {
                    let value =
                        |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
                    let values = values.iter().map(value).collect::<Option<_>>();
                    Kind::Match(values.ok_or("a value of `match_any` is empty or not a text")?)
                }
                _ => return Err("`match_any` needs an array of values".to_owned()),
            },
            "wildcard" => Kind::Wildcard(text(entry, "value")?),
            "exists" => Kind::Exists,
            "list" if !nested => {
                let list =
                    entry.get("list").and_then(Value::as_object).ok_or("an entry of type `list` has no `list`")?;
                Kind::List { id: text(list, "id")?, kind: text(list, "type")? }
            }
            "nested" if !nested => Kind::Nested(Self::listed(entry, true)?),
            kind if nested => return Err(format!("an entry of type `{kind}` within a `nested` one")),
            kind => return Err(format!("an entry of type `{kind}`, which is unknown")),
        };
        let excluded = match (&kind, entry.get("operator")) {
            (Kind::Nested(_), None) => false,
            (_, Some(operator)) if operator == "included" => false,
            (Kind::Nested(_), _) => return Err("a `nested` entry can only be `included`".to_owned()),
            (_, Some(operator)) if operator == "excluded" => true,
            _ => return Err("`operator` of an entry is neither `included` nor `excluded`".to_owned()),
        };
        Ok(Self { field: text(entry, "field")?, kind, excluded })
    }

    /// What an event must meet. `parent` is the path of the nested objects
    /// around the entry with a dot at its end, or empty.
    pub(super) fn clause(&self, parent: &str, value_lists: &ValueLists) -> Result<Clause, NotApplied> {
        let field = [parent, &self.field].concat();
        let clause = match &self.kind {
            Kind::Match(values) => Clause::Or(values.iter().map(|value| phrase(&field, value)).collect()),
            Kind::Wildcard(pattern) => on(&field, Condition::Like(Like::lucene(pattern))),
            Kind::Exists => on(&field, Condition::Exists),
            Kind::List { id, kind } => value_lists.clause(id, kind, &field)?,
            Kind::Nested(entries) => {
                let parent = format!("{field}.");
                let inner = entries.iter().map(|entry| entry.clause(&parent, value_lists));
                let clause = Box::new(Clause::And(inner.collect::<Result<_, _>>()?));
                Clause::Nested { path: field, clause, span: Span::default() }
            }
        };
        Ok(if self.excluded { Clause::Not(Box::new(clause)) } else { clause })
    }
}

/// `match_phrase`.
pub(super) fn phrase(field: &str, value: &str) -> Clause {
    on(field, Condition::Equals { value: value.to_owned(), phrase: true })
}

pub(super) fn on(field: &str, condition: Condition) -> Clause {
    Clause::Field { name: Name::exact(field), condition, span: Span::default() }
}
