//! A batch of events.

/// Lines of NDJSON to evaluate together.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The lines, each an event; the last one with or without a newline. They
    /// need not be UTF-8 or JSON: what is not an event is counted.
    pub lines: &'a [u8],
    /// When they arrived, in epoch milliseconds.
    pub arrival_ms: i64,
    /// The index or data stream they are bound for, if known; else an event's
    /// own `data_stream.*` fields count.
    pub index: Option<&'a str>,
    /// The `_id` of each line, where known: empty, or one a line, "" for none.
    pub ids: &'a [String],
}

impl<'a> Batch<'a> {
    /// A batch whose target and ids are not known.
    pub fn new(lines: &'a [u8], arrival_ms: i64) -> Self {
        Self { lines, arrival_ms, index: None, ids: &[] }
    }
}
