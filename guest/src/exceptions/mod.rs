//! Exceptions: events that a rule does not want, from Kibana's exception lists.
//!
//! [`ExceptionLists`] gathers the lists and items of documents,
//! [`ExceptionLists::of_rule`] picks those of a rule, [`RuleExceptions`] says
//! which events they are about and until when.

mod compiled;
mod document;
mod entry;
mod item;
mod list_key;
mod rule;
mod value_list;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

pub use compiled::{CompiledExceptions, CompiledLists};
pub use rule::{Excepted, RuleExceptions};

use self::document::Record;
use self::item::Item;
use self::list_key::ListKey;
use self::rule::Reference;
use self::value_list::ValueLists;
use crate::document::DocumentError;

/// The list of exceptions that Elastic's own rules share with the endpoint
/// agent. It is the agent that applies it; Kibana leaves it out of searches.
const ENDPOINT_LIST: &str = "endpoint_list";

/// Exception lists with their items, and the value lists that items name.
#[derive(Clone, Debug, Default)]
pub struct ExceptionLists {
    lists: BTreeMap<ListKey, List>,
    value_lists: ValueLists,
}

/// The items of a list.
#[derive(Clone, Debug, Default)]
struct List {
    items: Vec<Item>,
    /// Where items are that have an id.
    places: BTreeMap<String, usize>,
}

impl List {
    /// Is the item known? One of its id that says something else is an error.
    fn knows(&self, item: &Item) -> Result<bool, String> {
        let place = item.item_id.as_ref().and_then(|id| self.places.get(id));
        match place.and_then(|place| self.items.get(*place)) {
            None => Ok(false),
            Some(known) if known == item => Ok(true),
            Some(known) => Err(format!("{known} is known already, and says something else")),
        }
    }

    fn push(&mut self, item: Item) {
        if let Some(id) = &item.item_id {
            self.places.insert(id.clone(), self.items.len());
        }
        self.items.push(item);
    }
}

impl ExceptionLists {
    /// Adds the lists and items of a document: NDJSON as Kibana exports it,
    /// with or without rules, connectors and the summary, or else an object or
    /// an array of objects. An item makes its list known, too; the same item
    /// again is no offence.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] about the first object that is none of these, or is wrong,
    /// with its byte offset; then nothing of the document is added.
    pub fn read(&mut self, content: &str) -> Result<(), DocumentError> {
        let mut added: BTreeMap<ListKey, List> = BTreeMap::new();
        document::read(content, &mut |record| {
            match record {
                Record::List(key) => {
                    added.entry(key).or_default();
                }
                Record::Item(key, item) => {
                    let known = self.lists.get(&key).map_or(Ok(false), |list| list.knows(&item))?;
                    let list = added.entry(key).or_default();
                    if !known && !list.knows(&item)? {
                        list.push(item);
                    }
                }
            }
            Ok(())
        })?;
        for (key, list) in added {
            let known = self.lists.entry(key).or_default();
            list.items.into_iter().for_each(|item| known.push(item));
        }
        Ok(())
    }

    /// Adds a value list: its id, and a text with one value a line. The last
    /// one of an id counts.
    pub fn read_value_list(&mut self, id: &str, content: &str) {
        self.value_lists.insert(id, content);
    }

    /// The exceptions of a rule: the items of all lists that its
    /// `exceptions_list` names, and of those whose `list_id` is the rule's
    /// `rule_id`. The latter is ours, not Kibana's: rules as Elastic ships them
    /// name no list, and can so have exceptions without being edited.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if that is not of the form Kibana allows, or names a list
    /// that no document has, or an item names a value list that was not given:
    /// the rule would alert on what it should not. The endpoint list needs no
    /// document; for rules it has no effect.
    pub fn of_rule(&self, rule: &Map<String, Value>) -> Result<RuleExceptions, DocumentError> {
        let (keys, warnings) = self.keys_of_rule(rule)?;
        let mut exceptions = RuleExceptions { warnings, ..RuleExceptions::default() };
        for key in keys {
            let RuleExceptions { items, warnings, hints } = self.of_list(&key)?;
            exceptions.items.extend(items);
            exceptions.warnings.extend(warnings);
            exceptions.hints.extend(hints);
        }
        Ok(exceptions)
    }

    /// The lists of a rule, and what its author should know of them.
    fn keys_of_rule(&self, rule: &Map<String, Value>) -> Result<(Vec<ListKey>, Vec<String>), DocumentError> {
        let (mut keys, mut warnings) = (Vec::new(), Vec::new());
        for Reference { key } in Reference::all(rule)? {
            if key.list_id == ENDPOINT_LIST {
                warnings.push(format!(
                    "the exception list `{ENDPOINT_LIST}` is for the endpoint agent; it has no effect here, as in \
                     Kibana"
                ));
                continue;
            }
            keys.push(key);
        }
        let own = self.of_id(rule).filter(|key| !keys.contains(key)).cloned().collect::<Vec<_>>();
        keys.extend(own);
        Ok((keys, warnings))
    }

    /// The exceptions of a list.
    fn of_list(&self, key: &ListKey) -> Result<RuleExceptions, DocumentError> {
        let list = self.lists.get(key).ok_or_else(|| {
            DocumentError::new(
                "exceptions_list",
                format!(
                    "no document has the exception list `{}` (namespace type `{}`), and without it the rule would \
                     alert on what it should not; give it with `--exceptions FILE`",
                    key.list_id,
                    key.namespace.name()
                ),
            )
        })?;
        let mut exceptions = RuleExceptions::default();
        list.items.iter().try_for_each(|item| exceptions.add(item, &self.value_lists))?;
        Ok(exceptions)
    }

    /// The ids of the lists.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.lists.keys().map(|key| key.list_id.clone()).filter(|id| id != ENDPOINT_LIST).collect()
    }

    /// Takes the ids of the lists that a rule has, or would have, out of a set.
    pub(crate) fn strike(rule: &Map<String, Value>, ids: &mut BTreeSet<String>) {
        for Reference { key } in Reference::all(rule).unwrap_or_default() {
            ids.remove(&key.list_id);
        }
        if let Some(Value::String(rule_id)) = rule.get("rule_id") {
            ids.remove(rule_id);
        }
    }

    /// Lists under the rule's own id.
    fn of_id<'l>(&'l self, rule: &'l Map<String, Value>) -> impl Iterator<Item = &'l ListKey> {
        let rule_id = rule.get("rule_id").and_then(Value::as_str);
        self.lists.keys().filter(move |key| Some(key.list_id.as_str()) == rule_id)
    }
}

#[cfg(test)]
pub(crate) mod tests;
