//! Regular expressions, beside what the engines say that they are from.
//!
//! `regex-lucene.ndjson` has what `regexp` queries on a keyword field found in Elasticsearch 9.5.3,
//! `regex-java.ndjson` what `Pattern.matches` of Java 25 said. A line is a pattern, with some texts that
//! match and some that do not, or with what it is refused for: `pattern` and `too complex` by the
//! engine too, `here` only by us.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed assumption is a failed test"
)]

use firstseen_query::{Regex, RegexError, RegexErrorKind};
use serde_json::Value;

type Make = fn(&str, bool) -> Result<Regex, RegexError>;

/// Holds each line to it, and says how many there were, and how many of them are refused.
fn check(file: &str, make: Make) -> (usize, usize) {
    let (mut lines, mut refused) = (0, 0);
    for line in file.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let made = make(case["pattern"].as_str().unwrap(), case["ignore_case"].as_bool().unwrap());
        lines += 1;
        match case.get("refused") {
            None => matches(&made.unwrap_or_else(|error| panic!("{error}: {line}")), &case),
            Some(by) => {
                refused += 1;
                let kind = made.expect_err(line).kind;
                match by.as_str().unwrap() {
                    "too complex" => assert_eq!(kind, RegexErrorKind::TooComplex, "{line}"),
                    "here" => assert_eq!(kind, RegexErrorKind::Unsupported, "{line}"),
                    _ => assert!(
                        !matches!(
                            kind,
                            RegexErrorKind::TooComplex | RegexErrorKind::TooDeep | RegexErrorKind::Unsupported
                        ),
                        "{kind:?}: {line}"
                    ),
                }
            }
        }
    }
    (lines, refused)
}

fn matches(regex: &Regex, case: &Value) {
    for (list, expected) in [("matches", true), ("others", false)] {
        for text in case[list].as_array().unwrap() {
            let text = text.as_str().unwrap();
            assert_eq!(regex.matches(text), expected, "{text:?}: {case}");
        }
    }
}

#[test]
fn as_elasticsearch_says() {
    let (lines, refused) = check(include_str!("data/regex-lucene.ndjson"), Regex::lucene);
    assert!(lines > 700 && refused > 100, "{refused} of {lines}");
}

#[test]
fn as_java_says() {
    let (lines, refused) = check(include_str!("data/regex-java.ndjson"), Regex::java);
    assert!(lines > 900 && refused > 300, "{refused} of {lines}");
}
