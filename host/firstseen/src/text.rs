//! What of a batch can be shown to a module.

use std::borrow::Cow;
use std::ops::Range;

use firstseen_decode::decode_line;

use crate::outcome::{Fault, MalformedLine};
use crate::set_apart::{SetApart, SetApartCause};

/// A batch as text. Lines that are not UTF-8, nor what engines take for it, or too
/// long, are set apart; empty ones stand in their places, so that line numbers
/// stay.
pub(crate) struct Text<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Why lines were set apart.
    pub(crate) malformed: Vec<MalformedLine>,
    /// What of them is shown.
    pub(crate) set_apart: Vec<SetApart>,
}

impl<'a> Text<'a> {
    /// Checks a batch; lines longer than `line_bytes_max` are set apart.
    pub(crate) fn new(lines: &'a [u8], line_bytes_max: usize) -> Self {
        match simdutf8::basic::from_utf8(lines) {
            // No JSON in UTF-8 has a NUL in it; in UTF-16 and UTF-32 there are many.
            Ok(text) if memchr::memchr(0, lines).is_none() && !has_longer_line(lines, line_bytes_max) => {
                Self { text: Cow::Borrowed(text), malformed: Vec::new(), set_apart: Vec::new() }
            }
            _ => Self::pick(lines, line_bytes_max),
        }
    }

    fn pick(lines: &[u8], line_bytes_max: usize) -> Self {
        let mut text = String::with_capacity(lines.len());
        let (mut malformed, mut set_apart) = (Vec::new(), Vec::new());
        for (number, line) in lines.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            let mut apart = |offset, fault, cause| {
                malformed.push(MalformedLine { line: number, offset, fault });
                set_apart.push(SetApart::of(number, cause, content));
            };
            let is_too_long = |bytes: usize| bytes > line_bytes_max;
            let decoded = if is_too_long(content.len()) { None } else { decode_line(content) };
            match (decoded, std::str::from_utf8(content)) {
                _ if is_too_long(content.len()) => apart(line_bytes_max, Fault::TooLong, SetApartCause::TooLong),
                (Some(decoded), _) if is_too_long(decoded.len()) => {
                    apart(line_bytes_max, Fault::TooLong, SetApartCause::TooLong)
                }
                (Some(decoded), _) => text.push_str(&decoded),
                (None, Ok(content)) => text.push_str(content),
                (None, Err(error)) => apart(error.valid_up_to(), Fault::NotUtf8, SetApartCause::NotUtf8),
            }
            text.push('\n');
        }
        Self { text: Cow::Owned(text), malformed, set_apart }
    }
}

fn has_longer_line(lines: &[u8], line_bytes_max: usize) -> bool {
    // Lines are much shorter than the limit as a rule, so most of them are
    // jumped over: a line longer than the limit shows as a stretch of that
    // length without a newline.
    let mut start = 0;
    while lines.len().saturating_sub(start) > line_bytes_max {
        let stretch = lines.get(start..start + line_bytes_max + 1).unwrap_or_default();
        match memchr::memrchr(b'\n', stretch) {
            Some(newline) => start += newline + 1,
            None => return true,
        }
    }
    false
}

/// The byte ranges of the lines of a text, newlines excluded.
pub(crate) fn line_ranges(text: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for newline in memchr::memchr_iter(b'\n', text) {
        ranges.push(start..newline);
        start = newline + 1;
    }
    if start < text.len() {
        ranges.push(start..text.len());
    }
    ranges
}

/// How many lines a text has.
pub(crate) fn count_lines(text: &[u8]) -> usize {
    let unfinished = text.last().is_some_and(|byte| *byte != b'\n');
    memchr::memchr_iter(b'\n', text).count() + usize::from(unfinished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_lines_are_borrowed() {
        let text = Text::new(b"{}\n{\"a\":1}\n", 7);
        assert!(matches!(text.text, Cow::Borrowed("{}\n{\"a\":1}\n")));
        assert!(text.malformed.is_empty() && text.set_apart.is_empty());
    }

    #[test]
    fn others_leave_their_place() {
        let text = Text::new(b"{}\n\xff\xff\n12345678\n1234567\nab\xff", 7);
        assert_eq!(text.text, "{}\n\n\n1234567\n\n");
        let faults: Vec<_> = text.malformed.iter().map(|line| (line.line, line.offset, line.fault)).collect();
        assert_eq!(faults, [(1, 0, Fault::NotUtf8), (2, 7, Fault::TooLong), (4, 2, Fault::NotUtf8)]);
    }

    #[test]
    fn what_engines_take_is_shown() {
        let text = Text::new(b"{}\n{\"\xc0\xa2\":1}\n{\0}\0\n\0{\0}\n{\"\xc1\xa1\xc1\xa1\"\n", 13);
        assert_eq!(text.text, "{}\n{\"\\u0022\":1}\n{}\n{}\n\n");
        let faults: Vec<_> = text.malformed.iter().map(|line| (line.line, line.offset, line.fault)).collect();
        assert_eq!(faults, [(4, 13, Fault::TooLong)]);
        // A NUL in UTF-8 is for the module to judge.
        assert_eq!(Text::new(b"{\"a\0\"}", 13).text, "{\"a\0\"}\n");
    }

    #[test]
    fn long_lines_are_found_wherever_they_are() {
        for before in 0..12 {
            for after in 0..12 {
                let long = format!("{}\n{}\n{}", "a".repeat(before.min(7)), "b".repeat(8), "c".repeat(after.min(7)));
                assert!(has_longer_line(long.as_bytes(), 7));
                let short = format!("{}\n{}\n{}", "a".repeat(before.min(7)), "b".repeat(7), "c".repeat(after.min(7)));
                assert!(!has_longer_line(short.as_bytes(), 7));
            }
        }
    }

    #[test]
    fn lines_end_at_newlines() {
        assert_eq!(line_ranges(b"a\n\nbc"), [0..1, 2..2, 3..5]);
        assert_eq!(line_ranges(b"a\nb\n"), [0..1, 2..3]);
        assert!(line_ranges(b"").is_empty());
        assert_eq!([&b"a\n\nbc"[..], b"a\nb\n", b""].map(count_lines), [3, 2, 0]);
    }
}
