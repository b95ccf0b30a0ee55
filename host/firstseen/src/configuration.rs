//! What a module is configured with.

use crate::wasm::{Trap, TrapKind, printable};

/// A named text; the name appears in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// File name or other origin.
    pub name: String,
    /// The text.
    pub content: String,
}

/// Where the time of an event comes from when it lacks a rule's
/// `timestamp_override` field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// A live pipeline: the arrival of the batch stands for `event.ingested`.
    #[default]
    Arrival,
    /// A replay: `@timestamp`.
    Event,
}

/// The form of alert documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertFormat {
    /// For Kibana's alerts index.
    #[default]
    Kibana,
    /// A small ECS document.
    Ecs,
}

/// Ways round work that a module takes. What it answers is the same with and
/// without them; all are taken by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcuts {
    /// Look only at rules that the event's values leave possible.
    pub index: bool,
    /// Look only at lines that hold what some rule cannot match without.
    pub prefilter: bool,
}

impl Default for Shortcuts {
    fn default() -> Self {
        Self { index: true, prefilter: true }
    }
}

/// A data view of Kibana's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataView {
    /// Its id, as rules name it in `data_view_id`.
    pub id: String,
    /// Its index patterns.
    pub patterns: Vec<String>,
}

/// What a module is configured with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) rules: Vec<Document>,
    pub(crate) exceptions: Vec<Document>,
    pub(crate) value_lists: Vec<Document>,
    pub(crate) mappings: Vec<Document>,
    pub(crate) data_views: Vec<DataView>,
    pub(crate) event_id_field: Option<String>,
    pub(crate) clock: Clock,
    pub(crate) format: AlertFormat,
    pub(crate) space: String,
    pub(crate) shortcuts: Shortcuts,
}

/// Documents that are named where a module could not load all of them.
const LARGEST_NAMED: usize = 3;

impl Configuration {
    /// The failure of a module that loads this, with what there was to load if that
    /// was too much.
    pub(crate) fn explain(&self, mut trap: Trap) -> Trap {
        let more = match trap.kind {
            TrapKind::Memory => "more memory (`--call-memory`)",
            TrapKind::Timeout => "more time (`--load-timeout`)",
            _ => return trap,
        };
        let kinds = [
            ("rules", &self.rules),
            ("exceptions", &self.exceptions),
            ("value lists", &self.value_lists),
            ("mappings", &self.mappings),
        ];
        let given = kinds.iter().filter(|(_, documents)| !documents.is_empty());
        let given: Vec<String> = given.map(|(kind, documents)| format!("{kind} of {}", size(*documents))).collect();
        let mut largest: Vec<&Document> = kinds.iter().flat_map(|(_, documents)| documents.iter()).collect();
        largest.sort_by_key(|document| std::cmp::Reverse(document.content.len()));
        let name = |document: &&Document| format!("`{}` of {}", printable(&document.name), size([*document]));
        let largest: Vec<String> = largest.iter().take(LARGEST_NAMED).map(name).collect();
        trap.message = format!(
            "{}; it was loading {}, the largest: {}; load less, or let it have {more}",
            trap.message,
            given.join(", "),
            largest.join(", ")
        );
        trap
    }
}

/// The size of documents, for people.
fn size<'d>(documents: impl IntoIterator<Item = &'d Document>) -> String {
    let bytes: usize = documents.into_iter().map(|document| document.content.len()).sum();
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
