//! Reading the fields of a rule object, each error with the name of its field.

use serde_json::{Map, Value};

use crate::document::{DocumentError, Members, Mismatch};
use crate::time::DateMath;

/// A rule object that is asked for its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleReader<'o> {
    members: Members<'o>,
}

impl<'o> RuleReader<'o> {
    pub(crate) const fn of(object: &'o Map<String, Value>) -> Self {
        Self { members: Members::of(object) }
    }

    /// A field, whatever it is.
    pub(crate) fn value(&self, field: &'static str) -> Option<&'o Value> {
        self.members.value(field)
    }

    pub(crate) fn text(&self, field: &'static str) -> Result<Option<String>, DocumentError> {
        let text = self.members.text(field).map_err(on(field))?;
        Ok(text.map(str::to_owned))
    }

    /// A text that has to be there, and not to be empty.
    pub(crate) fn required_text(&self, field: &'static str) -> Result<String, DocumentError> {
        match self.text(field)? {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(DocumentError::new(field, "empty")),
            None => Err(DocumentError::new(field, "missing")),
        }
    }

    pub(crate) fn array(&self, field: &'static str) -> Result<&'o [Value], DocumentError> {
        Ok(self.members.array(field).map_err(on(field))?.unwrap_or_default())
    }

    pub(crate) fn texts(&self, field: &'static str) -> Result<Option<Vec<String>>, DocumentError> {
        self.members.texts(field).map_err(on(field))
    }

    pub(crate) fn whole_number(&self, field: &'static str) -> Result<Option<u64>, DocumentError> {
        self.members.whole_number(field).map_err(on(field))
    }

    pub(crate) fn flag(&self, field: &'static str) -> Result<Option<bool>, DocumentError> {
        self.members.flag(field).map_err(on(field))
    }

    /// Date math; where there is none and no `default`, it is missing.
    pub(crate) fn date_math(&self, field: &'static str, default: Option<&str>) -> Result<DateMath, DocumentError> {
        let text = match (self.text(field)?, default) {
            (Some(text), _) => text.trim().to_owned(),
            (None, Some(default)) => default.to_owned(),
            (None, None) => return Err(DocumentError::new(field, "missing")),
        };
        DateMath::parse(&text).map_err(|error| DocumentError {
            offset: Some(error.offset),
            ..DocumentError::new(field, format!("`{text}`: {error}"))
        })
    }
}

/// An error about a field.
fn on(field: &'static str) -> impl Fn(Mismatch) -> DocumentError {
    move |mismatch| DocumentError::new(field, mismatch.cause())
}
