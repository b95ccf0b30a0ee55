//! A rule and where it stands.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::position::{QueryText, offset_in};
use super::problem::FileFault;
use crate::configuration::Document;

/// A rule as Kibana rule JSON, and where it was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileRule {
    /// Its file, as it was given or reached from what was given.
    pub path: PathBuf,
    /// The line it begins in, from 1.
    pub line: usize,
    /// Kibana's `rule_id`, never empty.
    pub rule_id: String,
    /// Kibana's `name`, if it is a text.
    pub name: Option<String>,
    /// Kibana's `type`, for example `new_terms`, if it is a text.
    pub kind: Option<String>,
    /// Whether its file says `maturity = "deprecated"`. Such a rule's `enabled`
    /// is false here, whatever the file says, until it is
    /// [switched on](Self::switch_on).
    pub deprecated: bool,
    /// The rule object. Nothing of it but its `rule_id` was checked.
    pub json: String,
    /// Whether the file holds anything else.
    pub(super) shares_file: bool,
    pub(super) query: Option<QueryText>,
}

/// What says which rule a rule is, as it was found.
#[derive(Default)]
pub(super) struct Head {
    pub(super) rule_id: Option<Value>,
    pub(super) name: Option<Value>,
    pub(super) kind: Option<Value>,
}

/// Whether a rule is on, as its JSON says it.
#[derive(Deserialize)]
struct Flag<'t> {
    #[serde(borrow)]
    enabled: Option<&'t RawValue>,
}

/// A place in a rule's file; its text is `path:line:column`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place<'a> {
    /// The file.
    pub path: &'a Path,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1, where it is known.
    pub column: Option<usize>,
}

impl FileRule {
    /// Name of the rule's [`document`](Self::document): the file, with the line
    /// where the file holds anything else.
    pub fn document_name(&self) -> String {
        match self.shares_file {
            true => format!("{}:{}", self.path.display(), self.line),
            false => self.path.display().to_string(),
        }
    }

    /// The rule as [`Builder::rules`](crate::Builder::rules) takes it.
    pub fn document(&self) -> Document {
        Document { name: self.document_name(), content: self.json.clone() }
    }

    /// Switches the rule on if it is off, so that it can be tried.
    pub fn switch_on(&mut self) {
        // What cannot be read is for the module to refuse.
        let Ok(Flag { enabled: Some(enabled) }) = serde_json::from_str(&self.json) else { return };
        if enabled.get() == "false" {
            let start = offset_in(&self.json, enabled.get());
            let end = start + enabled.get().len();
            self.json.replace_range(start..end, "true");
        }
    }

    /// The rule object, to look into it.
    ///
    /// # Errors
    ///
    /// For what serde_json does not read, such as more than 128 levels of
    /// nesting.
    pub fn object(&self) -> Result<Map<String, Value>, serde_json::Error> {
        serde_json::from_str(&self.json)
    }

    /// Where a field of the rule stands in the file, as exactly as is known: for
    /// the byte at `offset` of `query` line and column, else the line the rule
    /// begins in. A [`Refusal`](crate::Refusal) names such a field and
    /// offset.
    pub fn place(&self, field: Option<&str>, offset: Option<usize>) -> Place<'_> {
        let rule = Place { path: &self.path, line: self.line, column: None };
        match (field, &self.query) {
            (Some("query"), Some(query)) => {
                let (line, column) = query.locate(offset.unwrap_or(0));
                Place { line, column: column.filter(|_| offset.is_some()), ..rule }
            }
            _ => rule,
        }
    }

    /// Puts a rule together.
    pub(super) fn new(
        path: &Path,
        line: usize,
        head: Head,
        json: String,
        query: Option<QueryText>,
    ) -> Result<Self, FileFault> {
        let wrong = |cause: &str| Err(FileFault::Field { field: "rule_id", cause: cause.to_owned() });
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let rule_id = match head.rule_id {
            Some(Value::String(rule_id)) if !rule_id.is_empty() => rule_id,
            None | Some(Value::Null) => return wrong("missing"),
            Some(Value::String(_)) => return wrong("empty"),
            Some(_) => return wrong("not a string"),
        };
        let (name, kind) = (text(head.name), text(head.kind));
        let path = path.to_owned();
        Ok(Self { path, line, rule_id, name, kind, deprecated: false, json, shares_file: false, query })
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)?;
        match self.column {
            Some(column) => write!(f, ":{column}"),
            None => Ok(()),
        }
    }
}
