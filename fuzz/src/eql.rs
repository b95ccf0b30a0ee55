//! EQL queries. The properties themselves are those of the tests of the crates.

#[path = "../../guest/tests/support/eql.rs"]
mod conditions;
#[path = "../../guest/lang/eql/tests/support/mod.rs"]
mod support;

use firstseen_query::Regex;
use serde_json::Value;

pub use support::{check_parse as parse, check_roundtrip as roundtrip};

/// The input is a query and, on the lines after the first line feed, an event. An event that is
/// not JSON is taken as the one value of the field `k`.
pub fn eval(input: &str) {
    let (query, event) = input.split_once('\n').unwrap_or((input, ""));
    let Some(Ok(clause)) = conditions::clause_of(query) else { return };
    let event = match serde_json::from_str(event) {
        Ok(event @ Value::Object(_)) => event,
        _ => serde_json::json!({ "k": event }),
    };
    // A verdict or an error, and no panic.
    let _ = conditions::verdict(query, &clause, &event);
}

/// The input is a pattern and, after the first line feed, a text.
pub fn regex(input: &str) {
    let (pattern, text) = input.split_once('\n').unwrap_or((input, ""));
    for ignore_case in [false, true] {
        let both = [Regex::lucene(pattern, ignore_case), Regex::java(pattern, ignore_case)];
        for regex in both.iter().flatten() {
            let matches = regex.matches(text);
            let contains = match regex.ignores_case() {
                true => text.to_ascii_lowercase().contains(regex.required()),
                false => text.contains(regex.required()),
            };
            assert!(!matches || contains, "{pattern} matches {text} without {}", regex.required());
        }
    }
}
