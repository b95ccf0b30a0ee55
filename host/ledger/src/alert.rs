//! An alert as it is kept until a sink has it.

use std::ops::Range;

/// An alert as the outbox keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredAlert {
    /// `rule_id` of the rule that raised it; none for an alert of the module's
    /// own.
    pub rule_id: Option<String>,
    /// The term it was raised for, a canonical JSON array.
    pub term: String,
    /// `kibana.alert.uuid`: its deterministic id.
    pub id: String,
    /// The alert document: one JSON object on one line, without newline.
    pub document: String,
    /// Where the document names the events that it is about.
    pub sources: Vec<AlertSource>,
}

/// Where an alert document names an event: what a host learns of it when it is
/// stored can be filled in there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertSource {
    /// Bytes of the document that hold the event's `_id`, a JSON string.
    pub id: Range<usize>,
    /// The same for its `_index`. Empty where that is not known: then
    /// `index_before` and a JSON string can be put in there.
    pub index: Range<usize>,
    /// What must stand before an index that is put in: a comma, the member's name
    /// and a colon.
    pub index_before: String,
}
