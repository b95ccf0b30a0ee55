//! Text of a module, made fit to be shown.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Longest text in bytes; the rest is cut.
const BYTES_MAX: usize = 4096;

/// Whether a character shows as what it is. Control characters do not, nor do those
/// that Unicode has for formatting (the category `Cf`: they hide, or change the
/// order of what stands around them) and for ending lines and paragraphs.
#[must_use]
pub fn is_printable(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    c.is_ascii_graphic()
        || c == ' '
        || !matches!(get_general_category(c), Control | Format | LineSeparator | ParagraphSeparator)
}

/// A text out of a module or a file, fit to be shown on one line: what is not
/// [printable](is_printable) is replaced, and what is beyond 4 KiB is cut.
///
/// Such a text is not trusted: on a terminal control characters could do harm and
/// formatting ones could make it look like another, in a log file newlines could
/// forge entries. What this library says of rules
/// and traps is fit already; what is [read from files](crate::rule_files) is not.
#[must_use]
pub fn printable(text: &str) -> String {
    cut(text).chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
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
        assert_eq!(
            printable("a\u{202e}b\u{200b}\u{2066}\u{feff}\u{e0041}\u{2028}\u{ad}"),
            "a\u{fffd}b".to_owned() + &"\u{fffd}".repeat(6)
        );
        assert_eq!(printable("\u{5e9}\u{301}\u{1f600}\u{a0}"), "\u{5e9}\u{301}\u{1f600}\u{a0}");
        assert_eq!(printable_lines("a\n\u{7}b"), "a\n  | \u{fffd}b");
        assert_eq!(printable(&"é".repeat(BYTES_MAX)).len(), BYTES_MAX);
    }
}
