//! What follows a backslash.

use super::super::chars::{Chars, Span};
use super::super::error::{RegexError, RegexErrorKind};
use super::reader::Reader;

/// What an escape stands for.
#[derive(Clone, Debug)]
pub(super) enum Escape {
    /// One character, which may begin a range.
    Char(char),
    /// One of several characters.
    Class(Chars),
    /// The start of the text.
    Start,
    /// The end of the text.
    End,
    /// `\R`: a line break, of one or two characters.
    LineBreak,
}

/// Characters that end a line.
pub(super) const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Vertical white space, `\v`.
pub(super) fn vertical() -> Chars {
    LINE_ENDS.into_iter().chain(['\u{b}', '\u{c}']).collect()
}

/// Horizontal white space, `\h`.
fn horizontal() -> Chars {
    let others = ['\t', ' ', '\u{a0}', '\u{1680}', '\u{180e}', '\u{202f}', '\u{205f}', '\u{3000}'];
    others.into_iter().collect::<Chars>().or(&Chars::range('\u{2000}', '\u{200a}'))
}

/// Reads what follows the backslash at `place`. `in_class`: it stands in brackets, where some mean
/// nothing. `ignore_case` is about the classes of small and of capital letters.
pub(super) fn escape(
    reader: &mut Reader,
    place: usize,
    in_class: bool,
    ignore_case: bool,
) -> Result<Escape, RegexError> {
    let c = reader.literal()?;
    let unsupported = RegexErrorKind::Unsupported.at(place);
    let chars = match c.to_ascii_lowercase() {
        'd' => posix("Digit", false),
        's' => posix("Space", false),
        'w' => posix("Alnum", false).map(|alnum| alnum.or(&Chars::one('_'))),
        'h' => Some(horizontal()),
        'v' => Some(vertical()),
        'p' => Some(posix(&family(reader).ok_or(unsupported)?, ignore_case).ok_or(unsupported)?),
        _ => None,
    };
    if let Some(chars) = chars {
        return Ok(Escape::Class(if c.is_ascii_uppercase() { chars.inverse() } else { chars }));
    }
    let c = match c {
        'a' => '\u{7}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'c' => char::from_u32(u32::from(reader.literal()?) ^ 64).ok_or(unsupported)?,
        '0' => octal(reader).ok_or(RegexErrorKind::BadEscape('0').at(place))?,
        'x' | 'u' => {
            let code = if c == 'x' { hexadecimal(reader) } else { utf16(reader) };
            // Half a surrogate pair is no character, and would match half of one.
            char::from_u32(code.ok_or(RegexErrorKind::BadEscape(c).at(place))?).ok_or(unsupported)?
        }
        'A' if !in_class => return Ok(Escape::Start),
        'z' | 'Z' if !in_class => return Ok(Escape::End),
        'R' if !in_class => return Ok(Escape::LineBreak),
        'N' => return Err(unsupported),
        'b' | 'B' | 'G' | 'X' | 'k' | '1'..='9' if !in_class => return Err(unsupported),
        c if c.is_ascii_alphanumeric() => return Err(RegexErrorKind::BadEscape(c).at(place)),
        c => c,
    };
    Ok(Escape::Char(c))
}

/// Up to three octal digits, of at most 255 together.
fn octal(reader: &mut Reader) -> Option<char> {
    let mut code = reader.digit(8)?;
    for most in [u32::MAX, 0o37] {
        if code <= most
            && let Some(digit) = reader.digit(8)
        {
            code = code * 8 + digit;
        } else {
            break;
        }
    }
    char::from_u32(code)
}

/// Two digits, or any number in braces.
fn hexadecimal(reader: &mut Reader) -> Option<u32> {
    if !reader.eat('{') {
        return Some(reader.digit(16)? * 16 + reader.digit(16)?);
    }
    let mut code = reader.digit(16)?;
    while let Some(digit) = reader.digit(16) {
        code = Some(code * 16 + digit).filter(|&code| code <= u32::from(char::MAX))?;
    }
    reader.eat('}').then_some(code)
}

/// Four digits, or twice for a surrogate pair.
fn utf16(reader: &mut Reader) -> Option<u32> {
    let mut four = || (0..4).try_fold(0, |code, _| Some(code * 16 + reader.digit(16)?));
    let code = four()?;
    if !(0xd800..0xdc00).contains(&code) {
        return Some(code);
    }
    let is_pair = reader.eat('\\') && reader.eat('u');
    let low = is_pair.then(|| (0..4).try_fold(0, |code, _| Some(code * 16 + reader.digit(16)?))).flatten();
    // What follows a half that stands alone does not matter: the half is refused.
    Some(
        low.filter(|low| (0xdc00..0xe000).contains(low))
            .map_or(code, |low| 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00)),
    )
}

/// The name of a class: one letter, or what stands in braces.
fn family(reader: &mut Reader) -> Option<alloc::string::String> {
    if !reader.eat('{') {
        return reader.take().map(Into::into);
    }
    let mut name = alloc::string::String::new();
    while !reader.eat('}') {
        name.push(reader.take()?);
    }
    Some(name)
}

/// The classes of POSIX, which are of ASCII. Java knows many more, by Unicode's properties.
fn posix(name: &str, ignore_case: bool) -> Option<Chars> {
    let ranges: &[(char, char)] = match name {
        "Alpha" => &[('A', 'Z'), ('a', 'z')],
        "Lower" | "Upper" if ignore_case => &[('A', 'Z'), ('a', 'z')],
        "Lower" => &[('a', 'z')],
        "Upper" => &[('A', 'Z')],
        "Digit" => &[('0', '9')],
        "Alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "XDigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        "Punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "Graph" => &[('!', '~')],
        "Print" => &[(' ', '~')],
        "Blank" => &[('\t', '\t'), (' ', ' ')],
        "Space" => &[('\t', '\r'), (' ', ' ')],
        "Cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "ASCII" => &[('\0', '\u{7f}')],
        "L1" => &[('\0', '\u{ff}')],
        "all" => &[('\0', char::MAX)],
        _ => return None,
    };
    Some(ranges.iter().copied().collect())
}

/// Where case is ignored: the character in both cases, of ASCII only.
pub(super) fn either_case(first: char, last: char, ignore_case: bool) -> Chars {
    let range = Chars::range(first, last);
    if !ignore_case {
        return range;
    }
    let letters = |from: char, to: char| range.and(&Chars::range(from, to));
    // The two cases are 32 apart.
    let small =
        letters('A', 'Z').spans().iter().map(|span| Span { first: span.first + 32, last: span.last + 32 }).collect();
    let large =
        letters('a', 'z').spans().iter().map(|span| Span { first: span.first - 32, last: span.last - 32 }).collect();
    range.or(&small).or(&large)
}
