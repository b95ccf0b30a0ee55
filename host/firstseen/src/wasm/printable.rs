//! Text of a module, made fit to be shown.

/// Longest text in bytes; the rest is cut.
const BYTES_MAX: usize = 4096;

/// A text out of a module or a file, fit to be shown on one line: its control
/// characters are replaced, and what is beyond 4 KiB is cut.
///
/// Such a text is not trusted: on a terminal control characters could do harm,
/// in a log file newlines could forge entries. What this library says of rules
/// and traps is fit already; what is [read from files](crate::rule_files) is not.
#[must_use]
pub fn printable(text: &str) -> String {
    cut(text).chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The same for a text of several lines, whose further lines get a gutter so
/// that none can pass for another message.
pub(crate) fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = cut(text).lines().map(printable).collect();
    lines.join("\n  | ")
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(BYTES_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_masked_and_length_is_bounded() {
        assert_eq!(printable("a\u{1b}[31m\nb\té"), "a\u{fffd}[31m\u{fffd}b\u{fffd}é");
        assert_eq!(printable_lines("a\n\u{7}b"), "a\n  | \u{fffd}b");
        assert_eq!(printable(&"é".repeat(BYTES_MAX)).len(), BYTES_MAX);
    }
}
