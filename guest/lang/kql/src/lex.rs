//! Characters, white space, keywords and literals.
//!
//! Kibana's grammar has no tokens: what ends a literal depends on where it stands, and keywords
//! exist only next to white space. So these are functions from a place in the text to what can
//! be read there, and the parser asks for what it needs.

use alloc::string::String;
use alloc::vec::Vec;

use firstseen_query::Span;

use crate::ast::{Operand, OperandKind};

/// The white space of the grammar; other Unicode spaces are ordinary characters.
pub(crate) const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}')
}

/// What JavaScript's `trim` removes.
pub(crate) const fn is_js_space(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}'
            | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

/// Characters that have a meaning in the grammar, and so need a backslash in unquoted text.
pub(crate) const fn is_special(c: char) -> bool {
    matches!(c, '\\' | '(' | ')' | ':' | '<' | '>' | '"' | '*' | '{' | '}')
}

/// The text from `at` on; empty beyond the end.
pub(crate) fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// The character at `at`.
pub(crate) fn peek(text: &str, at: usize) -> Option<char> {
    rest(text, at).chars().next()
}

/// Where the white space that starts at `at`, if any, ends.
pub(crate) fn skip_space(text: &str, at: usize) -> usize {
    text.len() - rest(text, at).trim_start_matches(is_space).len()
}

/// A keyword at `at` in any case, with white space after it: where that white space starts.
fn keyword(text: &str, at: usize, word: &str) -> Option<usize> {
    let end = at + word.len();
    let found = text.get(at..end)?;
    (found.eq_ignore_ascii_case(word) && peek(text, end).is_some_and(is_space)).then_some(end)
}

/// `not` and white space at `at`: where what is negated starts.
pub(crate) fn not(text: &str, at: usize) -> Option<usize> {
    keyword(text, at, "not").map(|end| skip_space(text, end))
}

/// `and` or `or` with white space on both sides: where the operand starts.
pub(crate) fn joint(text: &str, at: usize, word: &str) -> Option<usize> {
    let start = skip_space(text, at);
    if start == at {
        return None;
    }
    keyword(text, start, word).map(|end| skip_space(text, end))
}

/// Reads a quoted or unquoted literal at `at`: the operand and where it ends. White space after an
/// unquoted literal is read with it, but is not in its span.
pub(crate) fn literal(text: &str, at: usize) -> Option<(Operand, usize)> {
    if peek(text, at) == Some('"') { quoted(text, at) } else { unquoted(text, at) }
}

fn quoted(text: &str, start: usize) -> Option<(Operand, usize)> {
    let mut at = start + 1;
    let mut content = Text::default();
    loop {
        match peek(text, at)? {
            '"' => break,
            '\\' => match quoted_escape(text, at + 1) {
                Some((escape, end)) => {
                    content.escape(escape);
                    at = end;
                }
                // Not an escape in quotes: the backslash stands for itself.
                None => {
                    content.char('\\');
                    at += 1;
                }
            },
            _ => {
                let end = run(text, at, |byte| !matches!(byte, b'"' | b'\\'));
                content.str(text.get(at..end).unwrap_or_default());
                at = end;
            }
        }
    }
    let end = at + 1;
    let text = content.into_pieces().pop().unwrap_or_default();
    let kind = OperandKind::Text { text, quoted: true };
    let span = Span::new(start, end);
    Some((Operand { kind, span }, end))
}

fn unquoted(text: &str, start: usize) -> Option<(Operand, usize)> {
    let mut at = start;
    let mut content = Text::default();
    while let Some(c) = peek(text, at) {
        match c {
            '*' => {
                content.star();
                at += 1;
            }
            '\\' => {
                let Some((escape, end)) = unquoted_escape(text, at + 1) else {
                    break;
                };
                content.escape(escape);
                at = end;
            }
            c if is_special(c) => break,
            c if is_space(c) => {
                if joint(text, at, "or").is_some() || joint(text, at, "and").is_some() {
                    break;
                }
                let end = skip_space(text, at);
                content.str(text.get(at..end).unwrap_or_default());
                at = end;
            }
            'n' | 'N' if not(text, at).is_some() => break,
            c => {
                let end = run(text, at + c.len_utf8(), is_plain);
                content.str(text.get(at..end).unwrap_or_default());
                at = end;
            }
        }
    }
    if at == start {
        return None;
    }
    let source = text.get(start..at).unwrap_or_default();
    let trimmed = start + source.trim_end_matches(is_js_space).len();
    let span = Span::new(start, trimmed);
    let kind = content.into_unquoted();
    Some((Operand { kind, span }, at))
}

/// Where the bytes from `at` on end of which `is_in` is true. It must not tell the bytes of one
/// character apart.
fn run(text: &str, at: usize, is_in: impl Fn(u8) -> bool) -> usize {
    at + rest(text, at).bytes().take_while(|&byte| is_in(byte)).count()
}

/// Is it a character that means nothing in unquoted text, wherever it stands?
fn is_plain(byte: u8) -> bool {
    // `n` may begin a `not`.
    matches!(byte, b'a'..=b'm' | b'o'..=b'z' | b'A'..=b'M' | b'O'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'/')
}

/// What an escape stands for.
enum Escape<'a> {
    Char(char),
    /// One UTF-16 code unit: `\uXXXX` may be half a character.
    Unit(u16),
    Word(&'a str),
}

/// The escape after a backslash, and where it ends: what quoted and unquoted text share.
fn common_escape(text: &str, at: usize) -> Option<(Escape<'_>, usize)> {
    let control = match peek(text, at)? {
        't' => '\t',
        'r' => '\r',
        'n' => '\n',
        'u' => {
            let digits = text.get(at + 1..at + 5)?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            let unit = u16::from_str_radix(digits, 16).ok()?;
            return Some((Escape::Unit(unit), at + 5));
        }
        _ => return None,
    };
    Some((Escape::Char(control), at + 1))
}

pub(crate) fn is_quoted_escape(text: &str, at: usize) -> bool {
    quoted_escape(text, at).is_some()
}

fn quoted_escape(text: &str, at: usize) -> Option<(Escape<'_>, usize)> {
    match peek(text, at)? {
        c @ ('\\' | '"') => Some((Escape::Char(c), at + 1)),
        _ => common_escape(text, at),
    }
}

pub(crate) fn is_unquoted_escape(text: &str, at: usize) -> bool {
    unquoted_escape(text, at).is_some()
}

fn unquoted_escape(text: &str, at: usize) -> Option<(Escape<'_>, usize)> {
    // `\n` goes first: `\not` is a line feed and "ot", as in Kibana.
    if let Some(escape) = common_escape(text, at) {
        return Some(escape);
    }
    let c = peek(text, at)?;
    if is_special(c) {
        return Some((Escape::Char(c), at + 1));
    }
    ["or", "and", "not"].into_iter().find_map(|word| {
        let end = at + word.len();
        let found = text.get(at..end)?;
        found.eq_ignore_ascii_case(word).then_some((Escape::Word(found), end))
    })
}

/// Decoded text under construction, cut at its wildcards.
#[derive(Default)]
struct Text {
    /// The pieces ahead of the last star.
    pieces: Vec<String>,
    last: String,
    /// The first half of a surrogate pair, waiting for the second.
    high: Option<u16>,
}

impl Text {
    fn char(&mut self, c: char) {
        self.flush();
        self.last.push(c);
    }

    fn str(&mut self, text: &str) {
        self.flush();
        self.last.push_str(text);
    }

    fn star(&mut self) {
        self.flush();
        self.pieces.push(core::mem::take(&mut self.last));
    }

    fn escape(&mut self, escape: Escape<'_>) {
        match escape {
            Escape::Char(c) => self.char(c),
            Escape::Word(word) => self.str(word),
            Escape::Unit(unit) => self.unit(unit),
        }
    }

    fn unit(&mut self, unit: u16) {
        if let Some(high) = self.high.take() {
            if let Some(Ok(c)) = char::decode_utf16([high, unit]).next() {
                self.last.push(c);
                return;
            }
            self.last.push(char::REPLACEMENT_CHARACTER);
        }
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            _ => self.last.push(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }

    fn flush(&mut self) {
        if self.high.take().is_some() {
            self.last.push(char::REPLACEMENT_CHARACTER);
        }
    }

    fn into_pieces(mut self) -> Vec<String> {
        self.flush();
        self.pieces.push(self.last);
        self.pieces
    }

    /// Kibana trims after decoding, so an escaped space at an end is lost too.
    fn into_unquoted(self) -> OperandKind {
        let mut pieces = self.into_pieces();
        if let Some(first) = pieces.first_mut() {
            *first = first.trim_start_matches(is_js_space).into();
        }
        if let Some(last) = pieces.last_mut() {
            last.truncate(last.trim_end_matches(is_js_space).len());
        }
        if pieces.len() > 1 {
            return OperandKind::Wildcard(pieces);
        }
        let text = pieces.pop().unwrap_or_default();
        match text.as_str() {
            "true" => OperandKind::Bool(true),
            "false" => OperandKind::Bool(false),
            "null" => OperandKind::Null,
            _ => OperandKind::Text { text, quoted: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, quoted: bool) -> OperandKind {
        let text = text.into();
        OperandKind::Text { text, quoted }
    }

    fn wild(pieces: &[&str]) -> OperandKind {
        OperandKind::Wildcard(pieces.iter().map(|&piece| piece.into()).collect())
    }

    macro_rules! reads {
        ($($name:ident: $source:expr => $kind:expr, $left:expr;)*) => {$(
            #[test]
            fn $name() {
                let source: &str = $source;
                let (operand, end) = literal(source, 0).unwrap();
                assert_eq!((operand.kind, rest(source, end)), ($kind, $left));
            }
        )*};
    }

    reads! {
        plain: "foo" => text("foo", false), "";
        inner_space_is_verbatim: "a  b\n c:d" => text("a  b\n c", false), ":d";
        space_at_the_end_is_trimmed: "a \u{2003}\u{feff}" => text("a", false), "";
        ideographic_space_alone: "\u{3000}" => text("", false), "";
        stops_at_or: "a OR b" => text("a", false), " OR b";
        stops_at_and: "a\u{a0}and\tb" => text("a", false), "\u{a0}and\tb";
        or_at_the_end_is_text: "foo or" => text("foo or", false), "";
        or_at_the_start_is_text: "or foo" => text("or foo", false), "";
        and_within_a_word: "android order" => text("android order", false), "";
        not_at_the_end_is_text: "foo not" => text("foo not", false), "";
        not_within_a_word: "cannot connect" => text("can", false), "not connect";
        escaped_keyword: r"a \or b \AND c" => text("a or b AND c", false), "";
        escaped_keyword_within_a_word: r"\orange" => text("orange", false), "";
        escaped_upper_not: r"\NOT x" => text("NOT x", false), "";
        escaped_lower_not: r"\not x" => text("ot x", false), "";
        specials: r#"\\\(\)\:\<\>\"\*\{\}"# => text(r#"\():<>"*{}"#, false), "";
        unknown_escape_ends: r"b\c" => text("b", false), r"\c";
        escaped_space_ends: r"b\ c" => text("b", false), r"\ c";
        unicode: r"\u0041\u00e9" => text("Aé", false), "";
        surrogate_pair: r"\ud83d\ude00" => text("😀", false), "";
        half_a_pair: r"\ud83dx\ude00" => text("\u{fffd}x\u{fffd}", false), "";
        two_first_halves: r"\ud83d\ud83d\ude00" => text("\u{fffd}😀", false), "";
        star_parts_a_pair: r"\ud83d*\ude00" => wild(&["\u{fffd}", "\u{fffd}"]), "";
        decoded_space_is_trimmed: r"\u0020b\n" => text("b", false), "";
        booleans: "true " => OperandKind::Bool(true), "";
        decoded_booleans: r"\u0066alse" => OperandKind::Bool(false), "";
        upper_booleans_are_text: "TRUE" => text("TRUE", false), "";
        null: "null" => OperandKind::Null, "";
        lone_star: "* " => wild(&["", ""]), "";
        two_stars: "**" => wild(&["", "", ""]), "";
        stars: r"a\*b*c " => wild(&["a*b", "c"]), "";
        quoted_plain: r#""a or *" b"# => text("a or *", true), " b";
        quoted_space_is_kept: "\" a\n \"" => text(" a\n ", true), "";
        quoted_escapes: r#""\\ \" \t\r\n \u0041""# => text("\\ \" \t\r\n A", true), "";
        quoted_backslash: r#""C:\Windows \users \u12 \*""# => text(r"C:\Windows \users \u12 \*", true), "";
        quoted_true: r#""true""# => text("true", true), "";
        quoted_empty: r#""""# => text("", true), "";
    }

    macro_rules! reads_nothing {
        ($($name:ident: $source:expr;)*) => {$(
            #[test]
            fn $name() {
                assert_eq!(literal($source, 0), None);
            }
        )*};
    }

    reads_nothing! {
        nothing_at_the_end: "";
        nothing_at_a_special: ":a";
        nothing_at_not: "not a";
        nothing_at_or: " or a";
        nothing_at_a_bad_escape: r"\d";
        nothing_at_short_unicode: r"\u004";
        unclosed: "\"abc";
        unclosed_by_escape: "\"C:\\\"";
    }

    #[test]
    fn spans_leave_out_space() {
        let (operand, end) = literal("foo  ", 0).unwrap();
        assert_eq!((operand.span, end), (Span::new(0, 3), 5));
    }
}
