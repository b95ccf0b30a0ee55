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

/// A mapping of these fields, of which only types and lengths are taken. Others are mapped
/// as they are without it.
#[must_use]
pub fn over(fields: &BTreeMap<String, Value>) -> Value {
    let member = |field: &Value, name: &str| field.get(name).map(|value| (name.to_owned(), value.clone()));
    let field = |(name, field): (&String, &Value)| {
        let members: Map<String, Value> =
            ["type", "ignore_above"].iter().filter_map(|name| member(field, name)).collect();
        (name.clone(), Value::Object(members))
    };
    let fields: Map<String, Value> = fields.iter().map(field).collect();
    json!({ "mappings": { "properties": fields } })
}
