//! A batch of events.

use std::borrow::Cow;

use crate::set_apart::SetApart;

/// Lines of NDJSON to evaluate together. What goes by line is empty, or one for
/// each line (blank ones counted).
///
/// A [`Worker`](crate::Worker) takes a batch that borrows its lines, a
/// [`Pool`](crate::Pool) one that owns them.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Batch<'a> {
    /// The lines, each an event; the last one with or without a newline. They
    /// need not be UTF-8 or JSON: what is not an event is counted.
    pub lines: Cow<'a, [u8]>,
    /// When they arrived, in epoch milliseconds.
    pub arrival_ms: i64,
    /// The indices and data streams that they are bound for, if known; of an
    /// event whose target is not known its own `data_stream.*` fields count.
    pub targets: Vec<String>,
    /// For each line the place of its target in `targets`, a place beyond the end
    /// where it is not known; empty: all are bound for the first one.
    pub target_of: Vec<u32>,
    /// The `_id` of each line, "" for none. Over 512 bytes, which Elasticsearch
    /// would not take, it counts as none.
    pub ids: Vec<String>,
    /// Lines that are not here, in order; each has an empty one in its place. The
    /// module raises an alert about each that begins as an object.
    pub set_apart: Vec<SetApart>,
}

impl<'a> Batch<'a> {
    /// A batch whose targets and ids are not known.
    pub fn new(lines: impl Into<Cow<'a, [u8]>>, arrival_ms: i64) -> Self {
        Self { lines: lines.into(), arrival_ms, ..Self::default() }
    }

    /// The same, all of it bound for one index or data stream.
    #[must_use]
    pub fn bound_for(mut self, target: impl Into<String>) -> Self {
        self.targets = vec![target.into()];
        self.target_of.clear();
        self
    }

    /// The same, with the `_id` of each line.
    #[must_use]
    pub fn with_ids(mut self, ids: Vec<String>) -> Self {
        self.ids = ids;
        self
    }
}
