//! What does not run, and where it stands.

use super::error::DocumentError;

/// A rule that does not run, or a document that is not used, and where it stands.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Name of the document.
    pub document: String,
    /// Position of the rule in it, from 0.
    pub position: usize,
    /// `rule_id`, if it could be read.
    pub rule_id: Option<String>,
    /// `name`, if it could be read.
    pub name: Option<String>,
    /// `type`, if it could be read.
    pub kind: Option<String>,
    /// Why.
    pub error: DocumentError,
}

impl Refusal {
    pub(crate) fn of_document(document: &str, error: DocumentError) -> Self {
        Self { document: document.to_owned(), position: 0, rule_id: None, name: None, kind: None, error }
    }
}
