//! Why a rule does not run.

use core::fmt;

/// Why a rule does not run: the field at fault, the place in it, the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The rule's field, if one is at fault.
    pub field: Option<&'static str>,
    /// Byte offset within that field, or within the document if it is not
    /// JSON.
    pub offset: Option<usize>,
    /// What is wrong.
    pub cause: String,
}

impl RuleError {
    pub(super) fn new(field: &'static str, cause: impl Into<String>) -> Self {
        Self { field: Some(field), offset: None, cause: cause.into() }
    }

    pub(super) fn query(query: &str, error: &firstseen_kql::Error) -> Self {
        Self { field: Some("query"), offset: Some(error.span.start), cause: error.render(query) }
    }

    pub(super) fn document(offset: Option<usize>, cause: impl Into<String>) -> Self {
        Self { field: None, offset, cause: cause.into() }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.cause)
    }
}

impl core::error::Error for RuleError {}
