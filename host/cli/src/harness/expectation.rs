//! What an alert is compared by.

use std::iter;

use firstseen::Alert;
use serde_json::{Map, Value, json};

/// What a new expectation names of an alert in Kibana's form; whoever wants more
/// or less edits the file.
const KIBANA_FIELDS: [&str; 5] = [
    "kibana.alert.rule.rule_id",
    "kibana.alert.new_terms",
    "kibana.alert.original_time",
    "kibana.alert.reason",
    "kibana.alert.uuid",
];

/// The same of a small ECS document.
const ECS_FIELDS: [&str; 5] =
    ["rule.id", "firstseen.new_terms", "firstseen.source.timestamp", "event.reason", "event.id"];

/// The member of an expectation that is the line of the event, from 1.
const LINE: &str = "line";

/// Each alert as the expectation beside it would have it: the same members
/// with the alert's own values. So a comparison of the texts shows just what
/// was asked for.
pub(crate) fn as_expected(alerts: &[Alert], expected: &[Map<String, Value>]) -> Vec<String> {
    let mut unused: Vec<&Map<String, Value>> = expected.iter().collect();
    let mut project = |alert: &Alert| {
        let document: Map<String, Value> = serde_json::from_str(&alert.stored.document).unwrap_or_default();
        let line = json!(alert.line().map(|line| line + 1));
        let same_line =
            |expectation: &&Map<String, Value>| expectation.get(LINE).is_none_or(|expected| *expected == line);
        let best = |expectation: &&Map<String, Value>| {
            expectation
                .iter()
                .filter(|(field, value)| *field != LINE && lookup(&document, field) == Some(*value))
                .count()
        };
        let counterpart = unused.iter().copied().filter(same_line).max_by_key(best);
        unused.retain(|expectation| counterpart.is_none_or(|counterpart| !std::ptr::eq(*expectation, counterpart)));
        let fields: Vec<&str> = match counterpart {
            Some(expectation) => expectation.keys().map(String::as_str).collect(),
            None if lookup(&document, "kibana.alert.uuid").is_some() => iter::once(LINE).chain(KIBANA_FIELDS).collect(),
            None => iter::once(LINE).chain(ECS_FIELDS).collect(),
        };
        let value = |field: &str| match field {
            LINE => line.clone(),
            _ => lookup(&document, field).cloned().unwrap_or(Value::Null),
        };
        let members: Map<String, Value> = fields.into_iter().map(|field| (field.to_owned(), value(field))).collect();
        Value::Object(members).to_string()
    };
    alerts.iter().map(&mut project).collect()
}

/// A field of an alert: dotted keys and nested objects are one.
fn lookup<'a>(document: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    if let Some(value) = document.get(field) {
        return Some(value);
    }
    field.match_indices('.').find_map(|(dot, _)| {
        let (head, tail) = (field.get(..dot)?, field.get(dot + 1..)?);
        lookup(document.get(head)?.as_object()?, tail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use firstseen::ledger::StoredAlert;

    fn alert(line: usize, document: Value) -> Alert {
        Alert {
            number: 0,
            lines: vec![line],
            stored: StoredAlert { document: document.to_string(), ..StoredAlert::default() },
        }
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn only_what_is_asked_for() {
        let alerts = [alert(0, json!({"a": {"b": 1}, "c": 2}))];
        let expected = [object(json!({"line": 1, "a.b": 5}))];
        assert_eq!(as_expected(&alerts, &expected), [r#"{"line":1,"a.b":1}"#]);
    }

    #[test]
    fn the_best_counterpart_of_the_same_line() {
        let alerts = [alert(0, json!({"a": 1, "b": 1})), alert(0, json!({"a": 2, "b": 2}))];
        let expected = [object(json!({"line": 1, "b": 2})), object(json!({"line": 1, "a": 1}))];
        assert_eq!(as_expected(&alerts, &expected), [r#"{"line":1,"a":1}"#, r#"{"line":1,"b":2}"#]);
    }

    #[test]
    fn an_expectation_without_line_fits_any() {
        let expected = [object(json!({"a": 1}))];
        assert_eq!(as_expected(&[alert(7, json!({"a": 1, "b": 1}))], &expected), [r#"{"a":1}"#]);
    }

    #[test]
    fn a_new_alert_has_the_default_fields() {
        let first = |document: Value| as_expected(&[alert(2, document)], &[]).remove(0);
        let line = first(json!({"kibana.alert.new_terms": ["x"], "kibana.alert.uuid": "u", "event.id": "e"}));
        assert!(line.starts_with(r#"{"line":3,"kibana.alert.rule.rule_id":null,"kibana.alert.new_terms":["x"],"#));
        let line = first(json!({"rule": {"id": "r"}, "event.id": "e"}));
        assert!(line.starts_with(r#"{"line":3,"rule.id":"r","firstseen.new_terms":null,"#), "{line}");
        assert!(line.ends_with(r#""event.id":"e"}"#), "{line}");
    }
}
