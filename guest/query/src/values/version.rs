//! The order of versions, as Elasticsearch's field type `version` has it.

use alloc::vec::Vec;

/// A key whose bytewise order is the order of versions.
///
/// Versions are those of Semantic Versioning with any number of numeric parts: `1.2.3-rc.4+build`.
/// Numbers compare as numbers, fewer parts are less (`1.2 < 1.2.0`), a pre-release is less than
/// its release, and builds decide last, as text. Any other text is no version and sorts behind all
/// of them, bytewise. No two texts without control characters have the same key.
///
/// `None` is refused: one of the first three numbers, or a number of a pre-release, of 2³¹ and
/// more, or any of 128 digits and more.
pub(crate) fn order_key(text: &str) -> Option<Vec<u8>> {
    let (version, build) = split(text, '+');
    let (release, pre_release) = split(version, '-');
    if !is_version(release, pre_release, build) {
        let key = if text.is_empty() { NO_PRE_RELEASE } else { text.as_bytes() };
        return Some(key.to_vec());
    }
    let mut key = Vec::with_capacity(text.len() * 3 + 2);
    for (index, number) in release.split('.').enumerate() {
        if index > 0 {
            key.push(b'.');
        }
        push_number(&mut key, number, index < 3)?;
    }
    match pre_release.strip_prefix('-') {
        Some(identifiers) => {
            key.extend_from_slice(PRE_RELEASE);
            for (index, identifier) in identifiers.split('.').enumerate() {
                key.push(if index == 0 { b'-' } else { b'.' });
                if is_digits(identifier) {
                    push_number(&mut key, identifier, true)?;
                } else {
                    key.extend_from_slice(identifier.as_bytes());
                }
            }
        }
        None => key.extend_from_slice(NO_PRE_RELEASE),
    }
    key.extend_from_slice(build.as_bytes());
    Some(key)
}

/// Ahead of any character, so that it comes before identifiers and further parts.
const NUMBER: u8 = 1;
const PRE_RELEASE: &[u8] = &[2];
const NO_PRE_RELEASE: &[u8] = &[3];

/// More parts, identifiers or pieces of a build make no version.
const PARTS_MAX: usize = 32;

const DIGITS_MAX: usize = 127;

/// Splits ahead of the separator, which does not count as the first character.
fn split(text: &str, separator: char) -> (&str, &str) {
    let at = text.find(separator).filter(|&at| at > 0).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn is_version(release: &str, pre_release: &str, build: &str) -> bool {
    let is_number = |part: &str| is_digits(part) && (part == "0" || !part.starts_with('0'));
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_identifier = |part: &str| if is_digits(part) { is_number(part) } else { is_word(part) };
    let is_absent_or = |part: &str, mark: char, is_piece: &dyn Fn(&str) -> bool| match part.strip_prefix(mark) {
        Some(rest) => is_list(rest, is_piece),
        None => true,
    };
    is_list(release, &is_number) && is_absent_or(pre_release, '-', &is_identifier) && is_absent_or(build, '+', &is_word)
}

fn is_list(text: &str, is_piece: &dyn Fn(&str) -> bool) -> bool {
    text.split('.').count() <= PARTS_MAX && text.split('.').all(is_piece)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits behind their number, so that longer numbers are greater.
fn push_number(key: &mut Vec<u8>, digits: &str, must_fit_integer: bool) -> Option<()> {
    if must_fit_integer {
        digits.parse::<i32>().ok()?;
    }
    let length = u8::try_from(digits.len()).ok().filter(|&length| usize::from(length) <= DIGITS_MAX)?;
    key.extend_from_slice(&[NUMBER, length | 0x80]);
    key.extend_from_slice(digits.as_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    #[test]
    fn orders() {
        let ascending = [
            "0",
            "0.0.4",
            "1.0-a",
            "1.0",
            "1.0.0-1",
            "1.0.0-1.0.0",
            "1.0.0-2.0",
            "1.0.0-11",
            "1.0.0--",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta+x",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-beta11",
            "1.0.0-beta2",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.0+10",
            "1.0.0+9",
            "1.0.0+a-b.c",
            "1.0.0.0",
            "1.2.0",
            "1.10.0",
            "2.0.0",
            "11.0.0",
            "99999.99999.99999",
            "2147483647.0.0.99999999999999999999",
            // No versions.
            "",
            "+1",
            "-1",
            "01.1",
            "1.",
            "1.0.0-01",
            "1.0.0-a..b",
            "1.0.0-é",
            "1.01",
            "1.invalid",
            "1_0",
            "6.nüll.7",
            "9.8.7+meta+meta",
            "alpha",
            "v1.2.3",
        ];
        for pair in ascending.windows(2) {
            let [less, greater] = [pair[0], pair[1]].map(|text| order_key(text).unwrap());
            assert!(less < greater, "{pair:?}");
        }
    }

    #[test]
    fn has_limits() {
        let parts = |count: usize| vec!["1"; count].join(".");
        for prefix in ["", "1-", "1+"] {
            let is_version = |count| order_key(&format!("{prefix}{}", parts(count))) < order_key("");
            assert!(is_version(32), "{prefix}");
            assert!(!is_version(33), "{prefix}");
        }
        let refused = ["2147483648", "1.2147483648", "1.1.2147483648", "1-2147483648", "1-1.1.1.1.2147483648"];
        for text in refused {
            assert_eq!(order_key(text), None, "{text}");
        }
        assert!(order_key("1-a2147483648").is_some());
        assert!(order_key("1+2147483648").is_some());
        assert!(order_key(&format!("1.1.1.{}", "1".repeat(127))).is_some());
        assert_eq!(order_key(&format!("1.1.1.{}", "1".repeat(128))), None);
    }
}
