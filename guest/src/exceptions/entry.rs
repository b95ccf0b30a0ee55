//! The entries of exception items.

use firstseen_query::{Clause, Condition, Like, Span};
use serde_json::{Map, Value};

use super::value_list::{NotApplied, ValueLists};
use crate::document::{Members, Mismatch, did_you_mean};
use crate::rule::{ends_in_escaped_star, shown};

/// The types of entries.
const TYPES: [&str; 6] = ["match", "match_any", "exists", "wildcard", "list", "nested"];

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

/// What may have slipped into a pattern.
fn slip_in_pattern(pattern: &str) -> Option<&'static str> {
    let mut chars = pattern.chars();
    let (mut has_wildcard, mut has_lone_backslash) = (false, false);
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' => has_wildcard = true,
            '\\' => has_lone_backslash |= chars.next().is_some_and(char::is_alphanumeric),
            _ => {}
        }
    }
    if ends_in_escaped_star(pattern) {
        Some("an escaped star stands for itself; write `\\\\*` to mean a backslash and any text after it")
    } else if has_lone_backslash {
        Some("a backslash only takes the meaning from what stands after it; write `\\\\` to mean a backslash")
    } else if !has_wildcard {
        Some("there is no wildcard in it; for a value as it stands the entry is of type `match`")
    } else {
        None
    }
}

impl Entry {
    /// The entries of an item, or of a `nested` entry.
    pub(super) fn all(object: &Map<String, Value>) -> Result<Vec<Self>, String> {
        Self::listed(Members::of(object), false)
    }

    fn listed(members: Members<'_>, nested: bool) -> Result<Vec<Self>, String> {
        match members.array("entries") {
            // Without conditions it would except every event.
            Ok(Some([])) => Err("`entries` is empty".to_owned()),
            Ok(Some(entries)) => entries.iter().map(|entry| Self::of(entry, nested)).collect(),
            _ => Err("`entries` is missing or not an array".to_owned()),
        }
    }

    fn of(entry: &Value, nested: bool) -> Result<Self, String> {
        let entry = Members::of(entry.as_object().ok_or("an entry is not an object")?);
        let text = |members: Members<'_>, name: &str| match members.text(name) {
            Ok(Some(text)) if !text.trim().is_empty() => Ok(text.to_owned()),
            Ok(Some(_)) => Err(format!("`{name}` of an entry is empty")),
            Ok(None) if !members.has(name) => Err(format!("an entry has no `{name}`")),
            _ => Err(format!("`{name}` of an entry is not a text")),
        };
        let kind = match text(entry, "type")?.as_str() {
            "match" => Kind::Match(vec![text(entry, "value")?]),
            "match_any" => match entry.texts("value") {
                Ok(Some(values)) if !values.is_empty() => {
                    let are_texts = values.iter().all(|value| !value.trim().is_empty());
                    let values = are_texts.then_some(values);
                    Kind::Match(values.ok_or("a value of `match_any` is empty or not a text")?)
                }
                Err(Mismatch::Texts) => return Err("a value of `match_any` is empty or not a text".to_owned()),
                _ => return Err("`match_any` needs an array of values".to_owned()),
            },
            "wildcard" => Kind::Wildcard(text(entry, "value")?),
            "exists" => Kind::Exists,
            "list" if !nested => {
                let list = entry.object("list").ok().flatten().ok_or("an entry of type `list` has no `list`")?;
                Kind::List { id: text(list, "id")?, kind: text(list, "type")? }
            }
            "nested" if !nested => Kind::Nested(Self::listed(entry, true)?),
            kind if nested => return Err(format!("an entry of type `{kind}` within a `nested` one")),
            kind => {
                return Err(format!("an entry of type `{kind}`, which is unknown; {}", did_you_mean(kind, &TYPES)));
            }
        };
        let excluded = match (&kind, entry.value("operator")) {
            (Kind::Nested(_), None) if !entry.has("operator") => false,
            (_, Some(operator)) if operator == "included" => false,
            (Kind::Nested(_), _) => return Err("a `nested` entry can only be `included`".to_owned()),
            (_, Some(operator)) if operator == "excluded" => true,
            _ => return Err("`operator` of an entry is neither `included` nor `excluded`".to_owned()),
        };
        Ok(Self { field: text(entry, "field")?, kind, excluded })
    }

    /// What its author probably does not mean, though Kibana takes it without a
    /// word, too.
    pub(super) fn hints(&self) -> Vec<String> {
        let of = |value: &str, what: &str| format!("`{}` for `{}`: {what}", shown(value), self.field);
        match &self.kind {
            Kind::Match(values) => {
                let with_star = values.iter().filter(|value| value.len() > 1 && value.ends_with('*'));
                let what = "a star stands for itself; for a pattern the entry is of type `wildcard`";
                with_star.map(|value| of(value, what)).collect()
            }
            Kind::Wildcard(value) => slip_in_pattern(value).map(|what| of(value, what)).into_iter().collect(),
            Kind::Nested(entries) => entries.iter().flat_map(Self::hints).collect(),
            Kind::Exists | Kind::List { .. } => Vec::new(),
        }
    }

    /// What an event must meet. `parent` is the path of the nested objects
    /// around the entry with a dot at its end, or empty.
    pub(super) fn clause(&self, parent: &str, value_lists: &ValueLists) -> Result<Clause, NotApplied> {
        let field = [parent, &self.field].concat();
        let clause = match &self.kind {
            Kind::Match(values) => Clause::Or(values.iter().map(|value| phrase(&field, value)).collect()),
            Kind::Wildcard(pattern) => Clause::field(&field, Condition::Like(Like::lucene(pattern))),
            Kind::Exists => Clause::field(&field, Condition::Exists),
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
    Clause::field(field, Condition::Equals { value: value.to_owned(), phrase: true })
}
