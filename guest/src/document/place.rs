//! Places in the text of a document.

/// Byte offset of a line (from 1) and column (from 1, in bytes).
pub(crate) fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    text.floor_char_boundary(line_start + column.saturating_sub(1))
}
