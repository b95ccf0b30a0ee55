//! Why a document, or a rule of it, is not used.

use core::fmt;

/// Whose business it is that a rule does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody's: rules of its type, language or source are not run here.
    NotOurs,
    /// Its author's, who switched it off.
    Disabled,
    /// This project's: it asks for something that is not supported.
    Unsupported,
    /// Its author's: it is wrong.
    Invalid,
}

/// Why a rule does not run: the field at fault, the place in it, the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// Whose business it is.
    pub reason: Reason,
    /// The rule's field, if one is at fault.
    pub field: Option<&'static str>,
    /// Byte offset within that field, or within the document if it is not
    /// JSON.
    pub offset: Option<usize>,
    /// What is wrong.
    pub cause: String,
}

impl DocumentError {
    pub(crate) fn new(field: &'static str, cause: impl Into<String>) -> Self {
        Self { reason: Reason::Invalid, field: Some(field), offset: None, cause: cause.into() }
    }

    pub(crate) fn query<K: fmt::Display>(query: &str, error: &firstseen_query::Error<K>) -> Self {
        let offset = Some(error.span.start);
        Self { reason: Reason::Invalid, field: Some("query"), offset, cause: error.render(query) }
    }

    pub(crate) fn document(offset: Option<usize>, cause: impl Into<String>) -> Self {
        Self { reason: Reason::Invalid, field: None, offset, cause: cause.into() }
    }

    /// The same with another reason.
    #[must_use]
    pub(crate) fn because(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.cause)
    }
}

impl core::error::Error for DocumentError {}
