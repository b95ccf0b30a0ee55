//! Texts as Java sees them: positions are counted in UTF-16 units.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use core::cmp::Ordering;

/// How many UTF-16 units a text has.
pub(super) fn length(text: &str) -> i64 {
    text.chars().map(|c| c.len_utf16() as i64).sum()
}

/// The order of texts by their UTF-16 units (`String.compareTo`).
pub(super) fn utf16_order(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

/// Positions as a slice of Python has them: negative ones count from the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) from: i64,
    pub(super) to: Option<i64>,
}

/// A part of a text. A position within a surrogate pair counts as the one before it.
pub(super) fn slice(text: Cow<'_, str>, Slice { from, to }: Slice) -> Cow<'_, str> {
    let length = length(&text);
    let place =
        |position: i64| if position < 0 { (position.saturating_add(length)).max(0) } else { position.min(length) };
    let (from, to) = (place(from), to.map_or(length, place));
    if from >= to {
        return Cow::Borrowed("");
    }
    let (start, end) = (byte_of(&text, from), byte_of(&text, to));
    cut(text, start, end)
}

/// What stands behind the first `left` and before the next `right`, with `greedy` the last one;
/// nothing if one of them is not there. Without a text, a left or a right it is the text itself.
pub(super) fn between<'t>(
    text: Cow<'t, str>,
    left: &str,
    right: &str,
    greedy: bool,
    ignore_case: bool,
) -> Cow<'t, str> {
    if text.is_empty() || left.is_empty() || right.is_empty() {
        return text;
    }
    if !ignore_case {
        return found_between(&text, left, right, greedy)
            .map_or(Cow::Borrowed(""), |(start, end)| cut(text, start, end));
    }
    // What is found in small letters is cut out of the text at the same positions.
    let lower = text.to_lowercase();
    let Some((start, end)) = found_between(&lower, &left.to_lowercase(), &right.to_lowercase(), greedy) else {
        return Cow::Borrowed("");
    };
    let position = |byte: usize| length(lower.get(..byte).unwrap_or_default());
    let (start, end) = (byte_of(&text, position(start)), byte_of(&text, position(end)));
    cut(text, start, end)
}

/// Where the text between two others begins and ends, in bytes.
fn found_between(text: &str, left: &str, right: &str, greedy: bool) -> Option<(usize, usize)> {
    let start = text.find(left)? + left.len();
    let rest = text.get(start..)?;
    let length = if greedy { rest.rfind(right)? } else { rest.find(right)? };
    Some((start, start + length))
}

/// The first position of a part, from a position on.
pub(super) fn index_of(text: &str, part: &str, from: i64, ignore_case: bool) -> Option<i64> {
    let (text, part) = match ignore_case {
        true => (Cow::Owned(text.to_lowercase()), Cow::Owned(part.to_lowercase())),
        false => (Cow::Borrowed(text), Cow::Borrowed(part)),
    };
    let start = byte_of(&text, from.clamp(0, length(&text)));
    let (before, rest) = text.split_at_checked(start)?;
    let at = memchr::memmem::find(rest.as_bytes(), part.as_bytes())?;
    Some(length(before) + length(rest.get(..at)?))
}

/// The byte at which a position lies.
fn byte_of(text: &str, position: i64) -> usize {
    let mut units = 0;
    let beyond = |c: char| {
        units += c.len_utf16() as i64;
        units > position
    };
    text.find(beyond).unwrap_or(text.len())
}

fn cut(text: Cow<'_, str>, start: usize, end: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(start..end).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(start..end).unwrap_or_default().to_owned()),
    }
}

/// The character that another one is mapped to, if it is one (`Character.toUpperCase`).
fn simple(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Whether two texts are the same but for the case of letters (`String.equalsIgnoreCase`).
pub(super) fn same_ignoring_case(one: &str, other: &str) -> bool {
    let folded = |c: char| {
        let upper = simple(c, c.to_uppercase());
        simple(upper, upper.to_lowercase())
    };
    one.chars().map(folded).eq(other.chars().map(folded))
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn sliced(text: &str, from: i64, to: Option<i64>) -> String {
        slice(Cow::Borrowed(text), Slice { from, to }).into_owned()
    }

    #[test]
    fn slices_are_those_of_python() {
        for (from, to, expected) in [
            (0, None, "cmd.exe"),
            (1, Some(3), "md"),
            (-3, None, "exe"),
            (0, Some(-4), "cmd"),
            (100, None, ""),
            (5, Some(2), ""),
            (-100, Some(2), "cm"),
            (i64::MIN, Some(i64::MAX), "cmd.exe"),
        ] {
            assert_eq!(sliced("cmd.exe", from, to), expected, "{from} {to:?}");
        }
        assert_eq!(sliced("a😀b", 1, Some(3)), "😀");
        assert_eq!(sliced("a😀b", 3, None), "b");
    }

    #[test]
    fn between_two_texts() {
        let found = |text, left, right, greedy, ignore_case| {
            between(Cow::Borrowed(text), left, right, greedy, ignore_case).into_owned()
        };
        assert_eq!(found("a(b)c)", "(", ")", false, false), "b");
        assert_eq!(found("a(b)c)", "(", ")", true, false), "b)c");
        assert_eq!(found("aXbYc", "x", "y", false, true), "b");
        assert_eq!(found("aXbYc", "x", "y", false, false), "");
        assert_eq!(found("abc", "", "c", false, false), "abc");
        assert_eq!(found("é\u{212a}XaÉYb", "kx", "éy", false, true), "a");
        assert_eq!(found("ÀaXbX", "à", "x", true, true), "aXb");
    }

    #[test]
    fn case_is_ignored_as_java_does() {
        assert!(same_ignoring_case("ÉCOLE", "école") && same_ignoring_case("K", "\u{212a}"));
        assert!(same_ignoring_case("ς", "Σ") && !same_ignoring_case("strasse", "straße"));
    }
}
