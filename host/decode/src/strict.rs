//! Leaving out what stands between the tokens of JSON and is none of it.

use std::borrow::Cow;

use crate::decode_line;

/// The same as strict JSON, as far as it differs only by how it is encoded, and by what
/// stands between its tokens: a byte order mark before it, and comments. None if the
/// engines refuse what it is made of.
#[must_use]
pub fn strict(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = match decode_line(text)? {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    let has_mark = text.starts_with(b"\xef\xbb\xbf");
    if !has_mark && memchr::memchr2(b'/', b'#', &text).is_none() {
        return Some(text);
    }
    Some(Cow::Owned(without_comments(text.get(if has_mark { 3 } else { 0 }..)?)))
}

fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut strict = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, after.first()) {
            (b'"', _) => {
                let end = string_end(after);
                let (string, behind) = rest.split_at_checked(end + 1).unwrap_or((rest, &[]));
                strict.extend_from_slice(string);
                rest = behind;
            }
            (b'/', Some(b'*')) => {
                let end = memchr::memmem::find(after.get(1..).unwrap_or_default(), b"*/");
                strict.push(b' ');
                rest = end.and_then(|end| after.get(end + 3..)).unwrap_or_default();
            }
            (b'/', Some(b'/')) | (b'#', _) => {
                let end = memchr::memchr2(b'\n', b'\r', after).unwrap_or(after.len());
                rest = after.get(end..).unwrap_or_default();
            }
            _ => {
                strict.push(byte);
                rest = after;
            }
        }
    }
    strict
}

/// How long a string is whose opening quote is not there, with its closing quote.
fn string_end(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += found;
        match text.get(at) {
            Some(b'"') => return at + 1,
            _ => at += 2,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out() {
        for (text, expected) in [
            (r#"{/*x*/"a":1}"#, r#"{ "a":1}"#),
            (r#"{"a":1}//x"#, r#"{"a":1}"#),
            (r#"{"a":1} # x"#, r#"{"a":1} "#),
            (r#"{"a//b":"/*c*/","d\"//":1}"#, r#"{"a//b":"/*c*/","d\"//":1}"#),
            ("{/*x", "{ "),
            ("\u{feff}{}", "{}"),
            (r#"{"a"#, r#"{"a"#),
        ] {
            assert_eq!(String::from_utf8_lossy(&strict(text.as_bytes()).unwrap()), expected);
        }
    }
}
