//! A finished alert document.

use core::ops::Range;

use crate::evaluation::AlertSource;

/// An alert document, and where it says which event it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// One JSON object on one line.
    pub text: String,
    pub(super) event: EventPlace,
}

/// Where a document names its event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EventPlace {
    /// Bytes that hold the event's `_id`, a JSON string.
    id: Range<usize>,
    /// The same for its `_index`, or where that can be put in.
    index: Range<usize>,
    index_before: &'static str,
}

impl Document {
    /// The event that it is about, at a line of the batch.
    pub(crate) fn source(&self, line: u32) -> AlertSource {
        let EventPlace { id, index, index_before } = self.event.clone();
        AlertSource { line, id, index, index_before }
    }
}

impl EventPlace {
    /// Writes an event's `_id`.
    pub(super) fn write_id(&mut self, id: &str, text: &mut String) {
        self.id = write_string(id, text);
    }

    /// Writes an event's `_index` behind `before`; without one, only notes where
    /// both can be put in.
    pub(super) fn write_index(&mut self, before: &'static str, index: Option<&str>, text: &mut String) {
        self.index_before = before;
        self.index = match index {
            Some(index) => {
                text.push_str(before);
                write_string(index, text)
            }
            None => text.len()..text.len(),
        };
    }
}

/// Writes a JSON string.
fn write_string(string: &str, text: &mut String) -> Range<usize> {
    let start = text.len();
    // A text always serialises.
    text.push_str(&serde_json::to_string(string).unwrap_or_default());
    start..text.len()
}
