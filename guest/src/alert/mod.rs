//! Alert documents, as Kibana's detection engine writes them.
//!
//! [`Source`] is the event made ready, [`Template`] what every alert of a rule
//! says, [`AlertParts::document`] puts both together in the [`Format`] asked for.

mod document;
mod ecs;
mod id;
mod kibana;
mod overrides;
mod reason;
mod source;
mod template;
mod tree;

use serde_json::Value;

pub use document::Document;
pub use id::{alert_id, event_id};
pub use source::Source;
pub use template::{AlertValues, Template};

/// The form of alert documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For Kibana's alerts index.
    #[default]
    Kibana,
    /// A small ECS document.
    Ecs,
}

/// What an alert is made of, beside its template and its event.
#[derive(Clone, Copy, Debug)]
pub struct AlertParts<'a> {
    /// Its id, see [`alert_id`].
    pub id: &'a str,
    /// Identity of the event, see [`event_id`].
    pub event_id: &'a str,
    /// Index or data stream the event is bound for, if known.
    pub index: Option<&'a str>,
    /// Kibana space.
    pub space: &'a str,
    /// The new term's values, one for each of the rule's fields; none for a
    /// query rule.
    pub terms: Option<&'a [Value]>,
    /// Severity, risk score and name.
    pub values: &'a AlertValues,
    /// Whether a Kibana document holds the whole event; else a few fields of it.
    pub whole_event: bool,
    /// When the alert is made, in epoch milliseconds: the arrival of the batch.
    pub created_ms: i64,
}

impl AlertParts<'_> {
    /// The alert document.
    pub fn document(&self, format: Format, template: &Template, source: &Source) -> Document {
        match format {
            Format::Kibana => kibana::document(self, template, source),
            Format::Ecs => ecs::document(self, template, source),
        }
    }
}
