//! Text out of files, on its way to a terminal. Files may be anybody's, and what is
//! not printable could do harm there.

use std::borrow::Cow;

use firstseen::is_printable;

/// A text of any length and any number of lines, with what is not printable
/// replaced but for newlines and tabs.
pub(crate) fn printable_text(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| !is_printable(c) && c != '\n' && c != '\t';
    match text.contains(is_harmful) {
        true => Cow::Owned(text.replace("\r\n", "\n").replace(is_harmful, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// A JSON text, on one line and meaning the same: control characters below the
/// space can only stand between its tokens, what else is not printable only within
/// strings.
pub(crate) fn json_line(json: &str) -> Cow<'_, str> {
    if json.chars().all(is_printable) {
        return Cow::Borrowed(json);
    }
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\0'..' ' => line.push(' '),
            c if is_printable(c) => line.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| line.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_its_lines() {
        assert_eq!(printable_text("a\n\tb é"), "a\n\tb é");
        assert_eq!(printable_text("a\u{1b}[31m\r\nb\rc\u{9b}"), "a\u{fffd}[31m\nb\u{fffd}c\u{fffd}");
    }

    #[test]
    fn json_means_the_same() {
        let json = "{\n\t\"a\": \"\u{9b}\u{7f}\u{202e}\u{e0041}\\n\",\r\n \"b\": 1.0}";
        let line = json_line(json);
        assert!(line.chars().all(is_printable), "{line}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&line), value(json));
    }
}
