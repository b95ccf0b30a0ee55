//! Lines in the encodings that engines take beside UTF-8.
//!
//! Elasticsearch and OpenSearch read JSON with Jackson. It tells UTF-16 and
//! UTF-32 by the first bytes. In UTF-8 it takes, within strings and comments,
//! forms that are longer than need be, halves of surrogate pairs, and characters
//! beyond Unicode; they are the UTF-16 units that Jackson makes of them.
//! `tests/data/stored/` has what both engines store.

use std::borrow::Cow;

/// The bytes of U+FEFF at the start of a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How a text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16(Order),
    Utf32(Order),
}

/// Which byte of several comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

/// A line as text of the same meaning; none if engines refuse what it is made
/// of.
///
/// What is no UTF-8 in a string becomes an escape, so that it stays in there.
#[must_use]
pub fn decode_line(line: &[u8]) -> Option<Cow<'_, str>> {
    match encoding(line) {
        (Encoding::Utf8, _) => match std::str::from_utf8(line) {
            Ok(text) => Some(Cow::Borrowed(text)),
            Err(_) => from_nearly_utf8(line).map(Cow::Owned),
        },
        (encoding, mark) => from_wide(line.get(mark..)?, encoding).map(Cow::Owned),
    }
}

/// The beginning of a line, of which some is cut off, for a reader. What is
/// wrong in it is replaced.
#[must_use]
pub fn decode_beginning(line: &[u8]) -> String {
    match encoding(line) {
        (Encoding::Utf8, _) => String::from_utf8_lossy(line).into_owned(),
        (encoding, mark) => {
            let units = line.get(mark..).unwrap_or_default();
            wide(units, encoding).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
    }
}

/// What the first bytes say, and how many of them are a byte order mark of
/// another encoding than UTF-8.
fn encoding(line: &[u8]) -> (Encoding, usize) {
    match line {
        [0, 0, 0xfe, 0xff, ..] => (Encoding::Utf32(Order::Big), 4),
        [0xff, 0xfe, 0, 0, ..] => (Encoding::Utf32(Order::Little), 4),
        [0xfe, 0xff, ..] => (Encoding::Utf16(Order::Big), 2),
        [0xff, 0xfe, ..] => (Encoding::Utf16(Order::Little), 2),
        [0, 0, 0, _, ..] => (Encoding::Utf32(Order::Big), 0),
        [_, 0, 0, 0, ..] => (Encoding::Utf32(Order::Little), 0),
        [0, _, ..] => (Encoding::Utf16(Order::Big), 0),
        [_, 0, ..] => (Encoding::Utf16(Order::Little), 0),
        _ => (Encoding::Utf8, 0),
    }
}

/// UTF-16 and UTF-32 of which nothing is missing. Halves of surrogate pairs are
/// refused in UTF-16 and taken in UTF-32.
fn from_wide(bytes: &[u8], encoding: Encoding) -> Option<String> {
    let width = if matches!(encoding, Encoding::Utf16(_)) { 2 } else { 4 };
    if !bytes.len().is_multiple_of(width) {
        return None;
    }
    wide(bytes, encoding).collect()
}

/// The characters of UTF-16 or UTF-32; none for one that is wrong.
fn wide(bytes: &[u8], encoding: Encoding) -> Box<dyn Iterator<Item = Option<char>> + '_> {
    let (pairs, _) = bytes.as_chunks();
    let (fours, _) = bytes.as_chunks();
    let units = |read: fn([u8; 2]) -> u16| pairs.iter().map(move |pair| read(*pair));
    let values = |read: fn([u8; 4]) -> u32| fours.iter().map(move |four| read(*four));
    match encoding {
        Encoding::Utf8 => Box::new(std::iter::empty()),
        Encoding::Utf16(Order::Big) => Box::new(char::decode_utf16(units(u16::from_be_bytes)).map(Result::ok)),
        Encoding::Utf16(Order::Little) => Box::new(char::decode_utf16(units(u16::from_le_bytes)).map(Result::ok)),
        Encoding::Utf32(Order::Big) => Box::new(values(u32::from_be_bytes).map(of_utf32)),
        Encoding::Utf32(Order::Little) => Box::new(values(u32::from_le_bytes).map(of_utf32)),
    }
}

fn of_utf32(value: u32) -> Option<char> {
    match value {
        0xd800..=0xdfff => Some(char::REPLACEMENT_CHARACTER),
        _ => char::from_u32(value),
    }
}

/// Where in a JSON text a byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// Between tokens, in numbers and words.
    Text,
    /// Behind a slash, which may begin a comment.
    Slash,
    String,
    /// Behind a backslash in a string.
    Escape,
    LineComment,
    BlockComment,
    /// Behind a star in a comment, which may end it.
    Star,
}

impl Within {
    /// Where the byte behind this one stands.
    fn behind(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Text | Self::Slash, b'"') => Self::String,
            (Self::Text, b'/') => Self::Slash,
            (Self::Slash, b'/') => Self::LineComment,
            (Self::Slash, b'*') => Self::BlockComment,
            (Self::Text | Self::Slash, _) | (Self::String, b'"') | (Self::Star, b'/') => Self::Text,
            (Self::LineComment, b'\r' | b'\n') => Self::Text,
            (Self::String, b'\\') => Self::Escape,
            (Self::String | Self::Escape, _) => Self::String,
            (Self::LineComment, _) => Self::LineComment,
            (Self::BlockComment | Self::Star, b'*') => Self::Star,
            (Self::BlockComment | Self::Star, _) => Self::BlockComment,
        }
    }
}

/// What Jackson's decoder makes of bytes that are not all UTF-8.
fn from_nearly_utf8(line: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut within = Within::Text;
    let mut rest = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    while let Some(&byte) = rest.first() {
        let bytes = rest.get(..length(byte)?)?;
        rest = rest.get(bytes.len()..)?;
        match (within, std::str::from_utf8(bytes)) {
            (_, Ok(character)) if byte.is_ascii() => text.push_str(character),
            (Within::Text | Within::Slash | Within::Escape, _) => return None,
            (_, Ok(character)) => text.push_str(character),
            (Within::String, Err(_)) => units(bytes)?.for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
            (_, Err(_)) => text.push(units(bytes).map(|_| char::REPLACEMENT_CHARACTER)?),
        }
        within = within.behind(byte);
    }
    Some(text)
}

/// How many bytes belong together, by the first of them.
fn length(first: u8) -> Option<usize> {
    match first {
        0x00..=0x7f => Some(1),
        0xc0..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf7 => Some(4),
        _ => None,
    }
}

/// The UTF-16 units of two to four bytes; none if they do not go on as they
/// begin.
fn units(bytes: &[u8]) -> Option<impl Iterator<Item = u16>> {
    let (&first, rest) = bytes.split_first()?;
    let begins = i32::from(first) & (0x7f >> bytes.len());
    let value = rest.iter().try_fold(begins, |value, &byte| match byte {
        0x80..=0xbf => Some(value << 6 | i32::from(byte & 0x3f)),
        _ => None,
    })?;
    // Two units are made of four bytes, whichever character they are.
    let above = value - 0x1_0000;
    let pair = [0xd800 | above >> 10, 0xdc00 | above & 0x3ff];
    let single = [value, 0];
    let (units, count) = if bytes.len() == 4 { (pair, 2) } else { (single, 1) };
    // Like a Java `char`, the low sixteen bits.
    Some(units.into_iter().take(count).map(|unit| (unit & 0xffff) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(line: &[u8]) -> Option<String> {
        decode_line(line).map(Cow::into_owned)
    }

    #[test]
    fn utf8_stays() {
        for line in ["", "{}", "{\"a\":\"é€😀\"}", "\u{feff}{}", "{}  \0"] {
            assert!(matches!(decode_line(line.as_bytes()), Some(Cow::Borrowed(text)) if text == line), "{line}");
        }
    }

    #[test]
    fn what_strings_and_comments_may_hold() {
        for (bytes, expected) in [
            (b"\xc1\xa1".as_slice(), "\\u0061"),
            (b"\xe0\x81\xa1", "\\u0061"),
            (b"\xc0\xa2", "\\u0022"),
            (b"\xe0\x80\xa2", "\\u0022"),
            (b"a\xc1\x9c", "a\\u005c"),
            (b"\xc0\x80", "\\u0000"),
            (b"\xc0\x8a", "\\u000a"),
            (b"\xe0\x83\xa9", "\\u00e9"),
            (b"\xed\xa0\xbd\xed\xb8\x80", "\\ud83d\\ude00"),
            (b"\xed\xa0\xbd\\ude00", "\\ud83d\\ude00"),
            (b"\xed\xb0\x80", "\\udc00"),
            // As Jackson reckons.
            (b"\xf0\x80\x81\xa1", "\\uffc0\\udc61"),
            (b"\xf0\x82\x82\xac", "\\uffc8\\udcac"),
            (b"\xf4\x90\x80\x80", "\\udc00\\udc00"),
            (b"\xf7\xbf\xbf\xbf", "\\udfbf\\udfff"),
            (b"\\\\\xc1\xa1", "\\\\\\u0061"),
            ("é\\\"".as_bytes(), "é\\\""),
        ] {
            let string = [b"{\"a\":\"\xc0\x80".as_slice(), bytes, b"\"}"].concat();
            assert_eq!(decoded(&string), Some(format!("{{\"a\":\"\\u0000{expected}\"}}")), "{bytes:x?}");
        }
        for (line, expected) in [
            (b"{/*\xc0\xaa\xc0\xaf*/}//\xc0\x8a\r \xef\xbf\xbd".as_slice(), None),
            (b"{/*\xc0\xaa\xc0\xaf**/}//\xc0\x8a\r ", Some("{/*\u{fffd}\u{fffd}**/}//\u{fffd}\r ")),
            (b"\xef\xbb\xbf{\"\xc1\xa1\":1}", Some("{\"\\u0061\":1}")),
            (b"{/*\"*/\"\xc1\xa1\"/*\"*/:1}", Some("{/*\"*/\"\\u0061\"/*\"*/:1}")),
            (b"{\"a\":1}//\xed\xa0\x80", Some("{\"a\":1}//\u{fffd}")),
        ] {
            assert_eq!(decoded(line).as_deref(), expected, "{line:x?}");
        }
    }

    #[test]
    fn what_engines_refuse_is_not_decoded() {
        for line in [
            b"{\xc0\xa0}".as_slice(),
            b"\xc1\xbb}",
            b"{\"\xff\":1}",
            b"{\"\xfe\":1}",
            b"{\"\x80\":1}",
            b"{\"caf\xe9\":1}",
            b"{\"\xc3\",\":1}",
            b"{\"\xe2\x82\":1}",
            b"{\"\xf8\x88\x80\x80\x80\":1}",
            b"{\"\xc3",
            b"{\"\\\xc1\xae\":1}",
            b"{/*\xff*/}",
            b"{/\xc1\xa1/}",
            b"{\"a\":1}//\x80",
            b"\xef\xbb\xbf\xef\xbb\xbf{\"\xc1\xa1\":1}",
        ] {
            assert_eq!(decoded(line), None, "{line:x?}");
        }
    }

    #[test]
    fn wide_encodings() {
        let text = "{\"a\":\"é€😀\"}";
        let (mut big, mut little): (Vec<u8>, Vec<u8>) = Default::default();
        for unit in text.encode_utf16() {
            big.extend(unit.to_be_bytes());
            little.extend(unit.to_le_bytes());
        }
        let big32 = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<_>>();
        let little32 = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<_>>();
        for (line, mark) in [
            (big, b"\xfe\xff".as_slice()),
            (little, b"\xff\xfe"),
            (big32, b"\0\0\xfe\xff"),
            (little32, b"\xff\xfe\0\0"),
        ] {
            assert_eq!(decoded(&line).as_deref(), Some(text));
            assert_eq!(decoded(&[mark, &line].concat()).as_deref(), Some(text));
            assert_eq!(decoded(&[line.as_slice(), b" "].concat()), None);
            assert!(decode_beginning(&[line.as_slice(), b" "].concat()).starts_with(text));
        }
        assert_eq!(decoded(b"\0{\xd8\x12\0}"), None);
        assert_eq!(decoded(b"{\0\0\0\0\xd8\0\0}\0\0\0").as_deref(), Some("{\u{fffd}}"));
        assert_eq!(decoded(b"{\0\0\0\0\0\x11\0}\0\0\0"), None);
    }
}
