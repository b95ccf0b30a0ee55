//! New terms: the tuples of values that an event introduces.

use std::borrow::Cow;
use std::collections::BTreeSet;

use firstseen_kql::Slot;
use serde_json::Value;

use crate::event::Slots;

/// Tuples one event may give one rule. Kibana has no such limit; an event over
/// it gives the first tuples in order of its values, and the operator is told.
pub const MAX_TERMS: usize = 10_000;

/// Greatest length of a canonical term in bytes (a limit of `sightings`).
const MAX_TERM: usize = 32 * 1024;

/// The terms of one event for one rule.
#[derive(Debug, Default)]
pub struct Terms {
    /// The tuples, each in the order of the rule's fields.
    pub tuples: Vec<Vec<Value>>,
    /// Whether some were left out: over [`MAX_TERMS`], or a term too long to
    /// be kept.
    pub cut: bool,
}

/// Every combination of the distinct values of the fields: the Cartesian
/// product, as Kibana builds it. None if a field has no value.
pub fn terms_of(event: &Slots<'_>, fields: &[Slot]) -> Terms {
    let mut terms = Terms { tuples: vec![Vec::with_capacity(fields.len())], cut: false };
    for &field in fields {
        let values = distinct_values(event, field);
        let combinations = terms.tuples.len().saturating_mul(values.len());
        terms.cut |= combinations > MAX_TERMS;
        terms.tuples = terms
            .tuples
            .iter()
            .flat_map(|tuple| values.iter().map(move |value| extended(tuple, value)))
            .take(MAX_TERMS)
            .collect();
    }
    let found = terms.tuples.len();
    terms.tuples.retain(|tuple| canonical(tuple).len() <= MAX_TERM);
    terms.cut |= terms.tuples.len() < found;
    terms
}

/// The canonical text of a term: a JSON array without white space.
pub fn canonical(tuple: &[Value]) -> String {
    // A slice of values always serialises.
    serde_json::to_string(tuple).unwrap_or_default()
}

/// In ascending order of their bytes, as Kibana takes them. A keyword field's
/// numbers and booleans are text, as they stand in the event.
fn distinct_values(event: &Slots<'_>, field: Slot) -> BTreeSet<String> {
    event.values(field).filter_map(|value| value.text().map(Cow::into_owned)).collect()
}

fn extended(tuple: &[Value], value: &str) -> Vec<Value> {
    tuple.iter().cloned().chain([Value::String(value.to_owned())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Projection, scan};

    fn tuples(line: &str, fields: &[&str]) -> Vec<String> {
        let mut projection = Projection::default();
        let slots: Vec<Slot> = fields.iter().map(|field| projection.slot(field)).collect();
        let mut event = Slots::new(projection.len());
        scan(line, &projection, &mut event).unwrap();
        terms_of(&event, &slots).tuples.iter().map(|tuple| canonical(tuple)).collect()
    }

    #[test]
    fn products_of_distinct_values() {
        assert_eq!(tuples(r#"{"a":["y","x","y"]}"#, &["a"]), [r#"["x"]"#, r#"["y"]"#]);
        assert_eq!(
            tuples(r#"{"a":["x",["y"]],"b":[1,true]}"#, &["b", "a"]),
            [r#"["1","x"]"#, r#"["1","y"]"#, r#"["true","x"]"#, r#"["true","y"]"#]
        );
        assert_eq!(tuples(r#"{"a":"\u0041\n"}"#, &["a"]), [r#"["A\n"]"#]);
        assert_eq!(tuples(r#"{"a":""}"#, &["a"]), [r#"[""]"#]);
    }

    #[test]
    fn a_field_without_value_gives_no_tuple() {
        for line in ["{}", r#"{"a":null}"#, r#"{"a":[]}"#, r#"{"a":[null]}"#, r#"{"a":{"c":1}}"#, r#"{"b":1}"#] {
            assert!(tuples(line, &["a", "b"]).is_empty(), "{line}");
        }
    }

    #[test]
    fn too_many_are_cut() {
        let values = (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let line = format!(r#"{{"a":[{values}],"b":[{values}]}}"#);
        assert_eq!(tuples(&line, &["a", "b"]).len(), MAX_TERMS);
    }
}
