//! Value lists: values that exception items refer to by the id of their list.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use firstseen_query::{Clause, Condition, RangeOp};

/// The most values of a list that Kibana puts into a search
/// (`MAXIMUM_SMALL_VALUE_LIST_SIZE`).
const MAX_VALUES: usize = 65_536;

/// The most of them that are ranges `a-b`
/// (`MAXIMUM_SMALL_IP_RANGE_VALUE_LIST_DASH_SIZE`).
const MAX_RANGES: usize = 200;

/// Why an item makes no clause.
#[derive(Debug, PartialEq)]
pub(super) enum NotApplied {
    /// Kibana leaves such an item out and warns.
    Unprocessable(String),
    /// There is no value list of this id.
    NoValueList(String),
}

/// Value lists by their ids.
#[derive(Clone, Debug, Default)]
pub(super) struct ValueLists {
    values: BTreeMap<String, BTreeSet<String>>,
    /// What a field meets that has one of the values of a list, by the list's id
    /// and type: made once, however many items name it.
    conditions: RefCell<BTreeMap<ListOfType, Arc<[Condition]>>>,
}

/// The id of a value list, and the type that an item says it has.
type ListOfType = (String, String);

impl ValueLists {
    /// Adds a list: one value a line, blank lines skipped (`buffer_lines.ts`).
    pub(super) fn insert(&mut self, id: &str, content: &str) {
        let lines = content.strip_prefix('\u{feff}').unwrap_or(content).lines();
        let values = lines.filter(|line| !line.trim().is_empty());
        self.values.insert(id.to_owned(), values.map(str::to_owned).collect());
        self.conditions.borrow_mut().clear();
    }

    /// Has a field one of the values of a list? `kind` is the type that the
    /// item says the list has.
    pub(super) fn clause(&self, id: &str, kind: &str, field: &str) -> Result<Clause, NotApplied> {
        if !["keyword", "ip", "ip_range"].contains(&kind) {
            return Err(NotApplied::Unprocessable(format!(
                "its value list `{id}` is of type `{kind}`; Kibana searches with lists of the types keyword, ip and \
                 ip_range only"
            )));
        }
        let values = self.values.get(id).ok_or_else(|| NotApplied::NoValueList(id.to_owned()))?;
        if values.len() > MAX_VALUES {
            return Err(NotApplied::Unprocessable(format!(
                "its value list `{id}` has more than {MAX_VALUES} values, more than Kibana searches with"
            )));
        }
        let range = |value: &str| match value.split_once('-') {
            Some((from, to)) if kind == "ip_range" => {
                // What comes after a second dash is lost in Kibana, too.
                let to = to.split('-').next().unwrap_or(to);
                Some(vec![(RangeOp::Gte, from.trim().to_owned()), (RangeOp::Lte, to.trim().to_owned())])
            }
            _ => None,
        };
        if values.iter().filter(|value| range(value).is_some()).count() > MAX_RANGES {
            return Err(NotApplied::Unprocessable(format!(
                "its value list `{id}` has more than {MAX_RANGES} ranges with a dash, more than Kibana searches with"
            )));
        }
        let condition = |value: &String| match range(value) {
            Some(bounds) => Condition::Range(bounds),
            // White space is part of a text, but of no address.
            None => {
                let value = if kind == "keyword" { value } else { value.trim() };
                Condition::Term { value: value.to_owned(), ignore_case: false }
            }
        };
        let mut conditions = self.conditions.borrow_mut();
        let all = conditions.entry((id.to_owned(), kind.to_owned()));
        let all = all.or_insert_with(|| values.iter().map(condition).collect());
        Ok(Clause::field(field, Condition::OneOf(Arc::clone(all))))
    }
}
