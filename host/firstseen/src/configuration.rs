//! What a module is configured with.

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

/// What a module is configured with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) rules: Vec<Document>,
    pub(crate) exceptions: Vec<Document>,
    pub(crate) value_lists: Vec<Document>,
    pub(crate) mappings: Vec<Document>,
    pub(crate) clock: Clock,
    pub(crate) format: AlertFormat,
    pub(crate) space: String,
    pub(crate) shortcuts: Shortcuts,
}
