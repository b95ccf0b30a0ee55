//! The values of an event, as they stand in its JSON.

use alloc::borrow::Cow;
use alloc::string::String;
use core::str::Chars;

use crate::texts::compare::same;

/// One value of a field.
///
/// `null` is no value: to Elasticsearch a field that holds nothing else is missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// A string.
    String(JsonStr<'a>),
    /// A number, as it is written: Elasticsearch indexes that text in a `keyword` field.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
}

impl<'a> Scalar<'a> {
    /// The text that a `keyword` field would hold.
    #[must_use]
    #[inline]
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Self::String(text) => text.decode(),
            Self::Number(text) => Cow::Borrowed(text),
            Self::Bool(value) => Cow::Borrowed(bool_text(value)),
        }
    }

    /// How many bytes it is long as it is written, without quotes.
    #[must_use]
    pub const fn raw_len(self) -> usize {
        match self {
            Self::String(text) => text.raw.len(),
            Self::Number(text) => text.len(),
            Self::Bool(value) => bool_text(value).len(),
        }
    }

    /// Is the text of this value `other`?
    pub(crate) fn is(self, other: &str) -> bool {
        match self {
            Self::String(text) => text == *other,
            Self::Number(text) => text == other,
            Self::Bool(value) => bool_text(value) == other,
        }
    }
}

pub(crate) const fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// A JSON string as it stands in the event, without its quotes. Escapes are decoded only when it
/// is compared.
///
/// Escapes that JSON does not know and halves of surrogate pairs stand for U+FFFD.
#[derive(Clone, Copy, Debug)]
pub struct JsonStr<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> JsonStr<'a> {
    /// The text between the quotes, and whether there is a backslash in it. Where `escaped` is
    /// false, backslashes are ordinary characters, so decoded text may be passed too.
    #[must_use]
    pub const fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The text as it was passed.
    #[must_use]
    pub const fn raw(&self) -> &'a str {
        self.raw
    }

    /// The text with its escapes decoded.
    #[must_use]
    #[inline]
    pub fn decode(&self) -> Cow<'a, str> {
        if self.escaped { self.decode_escapes() } else { Cow::Borrowed(self.raw) }
    }

    #[inline(never)]
    fn decode_escapes(&self) -> Cow<'a, str> {
        let Some((plain, rest)) = self.raw.split_once('\\') else {
            return Cow::Borrowed(self.raw);
        };
        let mut text = String::with_capacity(self.raw.len());
        text.push_str(plain);
        let mut rest = rest.chars();
        loop {
            text.push(escape(&mut rest));
            // Escapes come in rows more often than not.
            if let Some(next) = rest.as_str().strip_prefix('\\') {
                rest = next.chars();
                continue;
            }
            let Some((plain, next)) = rest.as_str().split_once('\\') else {
                text.push_str(rest.as_str());
                return Cow::Owned(text);
            };
            text.push_str(plain);
            rest = next.chars();
        }
    }

    /// The characters of the text with its escapes decoded.
    pub fn chars(&self) -> impl Iterator<Item = char> + Clone + use<'a> {
        Decoded { rest: self.raw.chars(), escaped: self.escaped }
    }
}

impl PartialEq<str> for JsonStr<'_> {
    fn eq(&self, other: &str) -> bool {
        if self.escaped { self.chars().eq(other.chars()) } else { same(self.raw.as_bytes(), other.as_bytes()) }
    }
}

impl PartialEq<&str> for JsonStr<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq for JsonStr<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for JsonStr<'_> {}

#[derive(Clone)]
struct Decoded<'a> {
    rest: Chars<'a>,
    escaped: bool,
}

impl Iterator for Decoded<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' if self.escaped => Some(escape(&mut self.rest)),
            c => Some(c),
        }
    }
}

/// Reads the rest of an escape, after its backslash.
fn escape(rest: &mut Chars<'_>) -> char {
    match rest.next() {
        Some(c @ ('"' | '\\' | '/')) => c,
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => unicode(rest),
        _ => char::REPLACEMENT_CHARACTER,
    }
}

/// Reads the digits of a `\u`, and the second half of a surrogate pair if this is the first.
fn unicode(rest: &mut Chars<'_>) -> char {
    let Some(unit) = unit(rest) else {
        return char::REPLACEMENT_CHARACTER;
    };
    if let Some(c) = char::from_u32(unit.into()) {
        return c;
    }
    let mut ahead = rest.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(low) = self::unit(&mut ahead)
        && let Some(Ok(c)) = char::decode_utf16([unit, low]).next()
    {
        *rest = ahead;
        return c;
    }
    char::REPLACEMENT_CHARACTER
}

/// Reads four hexadecimal digits; reads nothing if there are none.
fn unit(rest: &mut Chars<'_>) -> Option<u16> {
    let text = rest.as_str();
    let digits: &[u8; 4] = text.as_bytes().first_chunk()?;
    let unit = digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))?;
    *rest = text.get(4..)?.chars();
    u16::try_from(unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::ToString;

    macro_rules! decodes {
        ($($name:ident: $raw:expr => $text:expr;)*) => {$(
            #[test]
            fn $name() {
                let raw = JsonStr::new($raw, true);
                assert_eq!(raw.decode(), $text);
                assert_eq!(raw.chars().collect::<String>(), $text);
                assert_eq!(raw, $text);
                assert_eq!(raw, JsonStr::new($text, false));
                assert_ne!(raw, "another text");
            }
        )*};
    }

    decodes! {
        no_escape: "aé" => "aé";
        all_short_ones: r#"\"\\\/\b\f\n\r\t"# => "\"\\/\u{8}\u{c}\n\r\t";
        unicode_escape: r"x\u00e9\u0000y" => "xé\0y";
        pair: r"\uD83D\uDE00!" => "😀!";
        first_half: r"\ud83dx" => "\u{fffd}x";
        first_half_then_char: r"\ud83d\u0041" => "\u{fffd}A";
        first_half_twice: r"\ud83d\ud83d\ude00" => "\u{fffd}😀";
        second_half: r"\ude00" => "\u{fffd}";
        unknown: r"\q\é" => "\u{fffd}\u{fffd}";
        short: r"\u12" => "\u{fffd}12";
        cut: r"a\" => "a\u{fffd}";
    }

    #[test]
    fn without_escapes_a_backslash_is_itself() {
        let text = JsonStr::new(r"C:\n", false);
        assert_eq!(text, r"C:\n");
        assert_eq!(text.decode(), r"C:\n");
        assert_eq!(text.raw(), r"C:\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn decodes_what_json_writes(text: String) {
            let json = serde_json::Value::from(text.clone()).to_string();
            let raw = JsonStr::new(&json[1..json.len() - 1], true);
            prop_assert_eq!(raw.decode(), &*text);
            prop_assert_eq!(raw, &*text);
        }

        #[test]
        fn any_text_decodes_alike(raw in "[\\\\u0-9a-dnq\"é]{0,12}", other: String) {
            let json = JsonStr::new(&raw, true);
            let text = json.decode().to_string();
            prop_assert_eq!(json.chars().collect::<String>(), &*text);
            prop_assert_eq!(json, &*text, "{}", format!("{raw:?}"));
            prop_assert_eq!(json == *other.as_str(), text == other);
        }
    }
}
