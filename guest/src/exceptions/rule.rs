//! The exceptions of one rule.

use std::collections::BTreeMap;

use firstseen_query::{Clause, Mapping, Program};
use serde_json::{Map, Value};

use super::item::Item;
use super::list_key::ListKey;
use super::value_list::{NotApplied, ValueLists};
use crate::document::{DocumentError, Members};
use crate::event::Projection;

/// Most hints on the items of a list.
const HINTS_MAX: usize = 10;

/// A list that a rule names.
pub(super) struct Reference {
    pub(super) key: ListKey,
}

impl Reference {
    /// The elements of `exceptions_list`, each once.
    pub(super) fn all(rule: &Map<String, Value>) -> Result<Vec<Self>, DocumentError> {
        let error = |cause: &str| DocumentError::new("exceptions_list", cause);
        let elements = Members::of(rule).array("exceptions_list").map_err(|mismatch| error(mismatch.cause()))?;
        let mut references: Vec<Self> = Vec::new();
        for element in elements.unwrap_or_default() {
            let element = element.as_object().ok_or_else(|| error("an element is not an object"))?;
            let key = ListKey::of(element).map_err(|cause| error(&cause))?;
            if references.iter().all(|known| known.key != key) {
                references.push(Self { key });
            }
        }
        Ok(references)
    }
}

/// Which events a rule does not want. An event is excepted if one of the items
/// that have not expired is about it; then the rule does not see it at all, in
/// its history neither.
#[derive(Clone, Debug, Default)]
pub struct RuleExceptions {
    /// The items, each with what an event must meet.
    pub items: Vec<Excepted>,
    /// What the rule's author should know, one sentence each: items that have
    /// no effect.
    pub warnings: Vec<String>,
    /// What the author of an item probably does not mean, one sentence each.
    pub hints: Vec<String>,
}

/// An item that applies.
#[derive(Clone, Debug)]
pub struct Excepted {
    /// It and its list, as they are called in a sentence.
    pub title: String,
    /// The last moment at which it applies, in epoch milliseconds: one that
    /// expires exactly when a run starts still does
    /// (`removeExpiredExceptions`).
    pub expires_ms: Option<i64>,
    /// What an excepted event meets.
    pub clause: Clause,
}

impl RuleExceptions {
    pub(super) fn add(&mut self, item: &Item, value_lists: &ValueLists) -> Result<(), DocumentError> {
        let room = HINTS_MAX.saturating_sub(self.hints.len());
        self.hints.extend(item.hints().take(room).map(|hint| format!("{item}: {hint}")));
        match item.clause(value_lists) {
            Ok(clause) => {
                self.items.push(Excepted { title: item.to_string(), expires_ms: item.expires_ms, clause });
            }
            Err(NotApplied::Unprocessable(cause)) => {
                self.warnings.push(format!("{item} is not applied: {cause}"));
            }
            Err(NotApplied::NoValueList(id)) => {
                let cause = format!(
                    "{item} needs the value list `{id}`, which was not given; exports do not hold value lists, give it \
                     as a text with one value a line (`--value-list FILE`, the file's name is the list's id)"
                );
                return Err(DocumentError::new("exceptions_list", cause));
            }
        }
        Ok(())
    }

    /// What an event meets that is excepted for good, if there is anything.
    #[must_use]
    pub fn always(&self) -> Option<Clause> {
        let clauses: Vec<Clause> =
            self.items.iter().filter(|item| item.expires_ms.is_none()).map(|item| item.clause.clone()).collect();
        (!clauses.is_empty()).then_some(Clause::Or(clauses))
    }

    /// What an event meets that is excepted up to a moment and at it, earliest
    /// moment first.
    #[must_use]
    pub fn expiring(&self) -> Vec<(i64, Clause)> {
        let mut clauses: BTreeMap<i64, Vec<Clause>> = BTreeMap::new();
        for item in &self.items {
            if let Some(expires_ms) = item.expires_ms {
                clauses.entry(expires_ms).or_default().push(item.clause.clone());
            }
        }
        clauses.into_iter().map(|(expires_ms, clauses)| (expires_ms, Clause::Or(clauses))).collect()
    }

    /// What an event meets that is excepted in a run that starts at a time.
    #[must_use]
    pub fn at(&self, now_ms: i64) -> Clause {
        let applies = |item: &&Excepted| item.expires_ms.is_none_or(|expires_ms| expires_ms >= now_ms);
        Clause::Or(self.items.iter().filter(applies).map(|item| item.clause.clone()).collect())
    }

    /// Whether Elasticsearch could search for them in fields of these types.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] about the first item that would fail the search, and so
    /// the rule.
    pub fn check(&self, mapping: &Mapping) -> Result<(), DocumentError> {
        for Excepted { title, clause, .. } in &self.items {
            Program::compile(clause, mapping, &mut Projection::default())
                .map_err(|error| DocumentError::new("exceptions_list", format!("{title}: {}", error.cause())))?;
        }
        Ok(())
    }
}
