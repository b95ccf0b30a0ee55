//! Places in the text of a query.

use core::ops::Range;

/// A stretch of the query text, in bytes, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// From the byte at `start` up to the one at `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The span as a range, to cut it out of the query text with `get`.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}
