//! Mapping documents.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A mapping of these fields, each a type or a field of `properties`. No others are
/// mapped.
#[must_use]
pub fn only(fields: &BTreeMap<String, Value>) -> Value {
    let field = |(name, field): (&String, &Value)| {
        let field = if field.is_string() { json!({ "type": field }) } else { field.clone() };
        (name.clone(), field)
    };
    let fields: Map<String, Value> = fields.iter().map(field).collect();
    json!({ "mappings": { "dynamic": "false", "properties": fields } })
}
