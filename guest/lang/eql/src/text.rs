//! Strings: `"…"` with escapes, and `"""…"""` without.

use alloc::string::String;

use firstseen_query::Span;

use crate::error::{Error, ErrorKind};
use crate::lex::rest;

/// Reads the string whose first quotation mark is at `start`: what it says, and where it ends.
///
/// An error of it is one of the whole token, so it starts where the string does.
pub(crate) fn string(text: &str, start: usize) -> Result<(String, usize), Error> {
    if rest(text, start).starts_with(RAW_QUOTE) { raw(text, start) } else { plain(text, start) }
}

const RAW_QUOTE: &str = r#"""""#;

/// Up to the first three quotation marks of the line; up to two further ones right ahead of them
/// are part of the text.
fn raw(text: &str, start: usize) -> Result<(String, usize), Error> {
    let content = start + RAW_QUOTE.len();
    let left = rest(text, content);
    let line = left.split(['\r', '\n']).next().unwrap_or_default();
    let Some(length) = line.find(RAW_QUOTE) else {
        return Err(Error::new(ErrorKind::UnclosedRawString, Span::new(start, content + line.len())));
    };
    let close = content + length;
    let further = rest(line, length + RAW_QUOTE.len()).bytes().take(2).take_while(|&byte| byte == b'"').count();
    let said = text.get(content..close + further).unwrap_or_default();
    Ok((String::from(said), close + further + RAW_QUOTE.len()))
}

fn plain(text: &str, start: usize) -> Result<(String, usize), Error> {
    let mut said = String::new();
    let mut at = start + 1;
    loop {
        let left = rest(text, at);
        let length = left.find(['"', '\\', '\r', '\n']).unwrap_or(left.len());
        said.push_str(left.get(..length).unwrap_or_default());
        at += length;
        match rest(text, at).chars().next() {
            Some('"') => return Ok((said, at + 1)),
            Some('\\') => {
                let (c, end) = escape(text, at).map_err(|(kind, end)| Error::new(kind, Span::new(start, end)))?;
                said.push(c);
                at = end;
            }
            _ => return Err(Error::new(ErrorKind::UnclosedString, Span::new(start, at))),
        }
    }
}

/// What the escape at `at` stands for, and where it ends; or what is wrong with it.
fn escape(text: &str, at: usize) -> Result<(char, usize), (ErrorKind, usize)> {
    let left = rest(text, at + 1);
    let c = match left.chars().next() {
        Some('b') => '\u{8}',
        Some('t') => '\t',
        Some('n') => '\n',
        Some('f') => '\u{c}',
        Some('r') => '\r',
        Some(c @ ('"' | '\'' | '\\')) => c,
        Some('u') if left.starts_with("u{") => return unicode(text, at),
        Some(c) if !matches!(c, '\r' | '\n') => return Err((ErrorKind::BadEscape(c), at + 1 + c.len_utf8())),
        _ => return Err((ErrorKind::UnclosedString, at + 1)),
    };
    Ok((c, at + 2))
}

/// `\u{…}`.
fn unicode(text: &str, at: usize) -> Result<(char, usize), (ErrorKind, usize)> {
    let start = at + r"\u{".len();
    let digits = rest(text, start);
    let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    let end = start + length + 1;
    if length == 0 || !rest(digits, length).starts_with('}') {
        return Err((ErrorKind::BadEscape('u'), start));
    }
    if !(2..=8).contains(&length) {
        return Err((ErrorKind::UnicodeDigits, end));
    }
    let code = digits.get(..length).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match code.and_then(char::from_u32) {
        Some(c) => Ok((c, end)),
        None => Err((ErrorKind::NoCharacter, end)),
    }
}
