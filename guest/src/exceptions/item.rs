//! Exception items.

use core::fmt;

use firstseen_query::Clause;
use serde_json::{Map, Value};

use super::entry::{Entry, phrase};
use super::value_list::{NotApplied, ValueLists};
use crate::document::{Members, Mismatch};
use crate::time::parse_timestamp;

/// An item: what an event must be like to be excepted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) item_id: Option<String>,
    name: Option<String>,
    list_id: String,
    os_types: Vec<String>,
    entries: Vec<Entry>,
    /// The last moment at which it applies.
    pub(super) expires_ms: Option<i64>,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.item_id) {
            (Some(name), _) | (None, Some(name)) => write!(f, "the exception item `{name}`")?,
            (None, None) => f.write_str("an exception item without a name")?,
        }
        write!(f, " of the list `{}`", self.list_id)
    }
}

impl Item {
    /// Reads an item. What people write about it (comments, tags, descriptions)
    /// does not matter.
    pub(super) fn of(object: &Map<String, Value>) -> Result<Self, String> {
        let members = Members::of(object);
        let text = |name: &str| match members.text(name) {
            Ok(text) => Ok(text.filter(|text| !text.is_empty()).map(str::to_owned)),
            Err(_) => Err(format!("`{name}` is not a text")),
        };
        if let Some(kind) = text("type")?
            && kind != "simple"
        {
            return Err(format!("an item of type `{kind}`; `simple` is the only one"));
        }
        let expires_ms = match text("expire_time")? {
            None => None,
            Some(time) => Some(parse_timestamp(&time).ok_or_else(|| format!("`expire_time`: `{time}` is no time"))?),
        };
        let os_types = members.texts("os_types").map_err(|mismatch| match mismatch {
            Mismatch::Texts => "an element of `os_types` is not a text",
            _ => "`os_types` is not an array",
        })?;
        Ok(Self {
            item_id: text("item_id")?,
            name: text("name")?,
            list_id: text("list_id")?.unwrap_or_default(),
            os_types: os_types.unwrap_or_default(),
            entries: Entry::all(object)?,
            expires_ms,
        })
    }

    /// What its author probably does not mean.
    pub(super) fn hints(&self) -> impl Iterator<Item = String> + '_ {
        self.entries.iter().flat_map(Entry::hints)
    }

    /// Its entries, all of which must hold, on one of its operating systems.
    /// Those go by the ECS field or, with older agents, by the name of the
    /// system (`transformOsType`).
    pub(super) fn clause(&self, value_lists: &ValueLists) -> Result<Clause, NotApplied> {
        let clauses = self.entries.iter().map(|entry| entry.clause("", value_lists));
        let mut clauses: Vec<Clause> = clauses.collect::<Result<_, _>>()?;
        if !self.os_types.is_empty() {
            let fields = ["host.os.type", "host.os.name.caseless"];
            let systems = fields.iter().flat_map(|field| self.os_types.iter().map(|system| phrase(field, system)));
            clauses.push(Clause::Or(systems.collect()));
        }
        Ok(Clause::And(clauses))
    }
}
