//! Queries. The properties themselves are those of the tests of the crate.

#[path = "../../guest/lang/kql/tests/support/mod.rs"]
mod support;

use serde_json::Value;

pub use support::{check_parse as parse, check_roundtrip as roundtrip};

/// The input is a query and, on the lines after the first line feed, an event. An event that is
/// not JSON is taken as the one value of the field `f`.
pub fn eval(input: &str) {
    let (query, event) = input.split_once('\n').unwrap_or((input, ""));
    let event = match serde_json::from_str(event) {
        Ok(event @ Value::Object(_)) => event,
        _ => serde_json::json!({ "f": event }),
    };
    support::check_eval(query, &event);
}
