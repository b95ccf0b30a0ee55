//! What a case expects against what was found.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::case::Case;

/// An alert, as far as cases speak of it.
pub(super) struct RaisedAlert {
    /// `_id` of its source.
    pub(super) source_id: String,
    /// The alert document.
    pub(super) document: Map<String, Value>,
}

impl RaisedAlert {
    /// Whether it is the alert that is expected.
    fn is(&self, expected: &Map<String, Value>) -> bool {
        self.unlike(expected).is_empty()
    }

    /// The expectations it does not meet: name, expected, found.
    fn unlike(&self, expected: &Map<String, Value>) -> Vec<(String, Value, Value)> {
        let mut unlike = Vec::new();
        let mut check = |field: &str, expected: &Value, found: Option<&Value>| {
            if !found.is_some_and(|found| same(expected, found)) {
                unlike.push((field.to_owned(), expected.clone(), found.cloned().unwrap_or_default()));
            }
        };
        for (key, value) in expected {
            match (key.as_str(), value) {
                ("source_id", value) => check(key, value, Some(&Value::String(self.source_id.clone()))),
                ("new_terms", value) => check(key, value, self.new_terms()),
                ("fields", Value::Object(fields)) => {
                    fields.iter().for_each(|(field, value)| check(field, value, lookup(&self.document, field)));
                }
                (field, value) => check(field, value, lookup(&self.document, field)),
            }
        }
        unlike
    }

    /// Its term.
    pub(super) fn new_terms(&self) -> Option<&Value> {
        self.document.get("kibana.alert.new_terms")
    }
}

/// How the alerts found differ from those a case expects, in words; none if
/// they do not.
pub(super) fn difference(case: &Case, found: &[RaisedAlert]) -> Option<String> {
    let expected = case.expected.get("alerts").and_then(Value::as_array);
    let expected: Vec<&Map<String, Value>> = expected.into_iter().flatten().filter_map(Value::as_object).collect();
    let mut left: Vec<&RaisedAlert> = found.iter().collect();
    let mut missing = Vec::new();
    for alert in expected {
        match left.iter().position(|found| found.is(alert)) {
            Some(place) => drop(left.swap_remove(place)),
            None => missing.push(alert),
        }
    }
    let count = case.expected.get("alert_count").and_then(Value::as_u64);
    if missing.is_empty() && count.is_none_or(|count| count == found.len() as u64) {
        return None;
    }
    let mut text =
        format!("{} alerts, {} expected", found.len(), count.map_or("?".to_owned(), |count| count.to_string()));
    for alert in missing {
        let _ = match left.iter().filter(|found| same_term(found, alert)).map(|found| found.unlike(alert)).next() {
            Some(unlike) => unlike.iter().try_for_each(|(field, expected, found)| {
                write!(text, "\n  {field}: expected {expected}, found {found}")
            }),
            None => write!(text, "\n  missing: {}", Value::Object(alert.clone())),
        };
    }
    for alert in left.iter().take(5) {
        let term = alert.new_terms().cloned().unwrap_or_default();
        let _ = write!(text, "\n  found: {term} of {}", alert.source_id);
    }
    if left.len() > 5 {
        let _ = write!(text, "\n  found: {} more", left.len() - 5);
    }
    Some(text)
}

/// How warnings differ from the expected ones; a case without says nothing.
pub(super) fn warnings(expected: &Map<String, Value>, found: &[&str]) -> Option<String> {
    let expected = expected.get("warnings")?.as_array()?;
    let same = expected.iter().all(|warning| warning.as_str().is_some_and(|warning| found.contains(&warning)))
        && found.iter().all(|warning| expected.iter().any(|expected| expected == warning));
    (!same).then(|| format!("warnings {found:?}, expected {}", Value::Array(expected.clone())))
}

fn same_term(found: &RaisedAlert, expected: &Map<String, Value>) -> bool {
    expected.get("new_terms").zip(found.new_terms()).is_some_and(|(expected, found)| same(expected, found))
}

/// Equal as JSON is: 1 is 1.0.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        (left, right) => left == right,
    }
}

/// A field of a document: dotted keys and nested objects are one.
fn lookup<'a>(document: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    document.get(field).or_else(|| {
        field.match_indices('.').find_map(|(dot, _)| {
            let (head, tail) = (field.get(..dot)?, field.get(dot + 1..)?);
            lookup(document.get(head)?.as_object()?, tail)
        })
    })
}
