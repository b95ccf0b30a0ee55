//! From a case to what a detector is configured with.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use firstseen::{Builder, Clock, Detector, Document, Module};
use firstseen_backtest::StoredEvent;
use serde_json::{Map, Value, json};

use super::case::{Case, Event};

/// The exception list that a case's items are in.
const LIST: &str = "exceptions-of-the-case";

/// A detector of a case's rule, with its exceptions and its mapping.
pub(super) fn detector(
    module: &Module,
    case: &Case,
    rule_override: &Map<String, Value>,
    events: &[Event],
) -> Result<Detector> {
    let detector = builder(module, case, rule_override, events)?.build()?;
    if let Some(unusable) = detector.unusable().first() {
        bail!("{unusable}");
    }
    Ok(detector)
}

/// The same, not yet built.
pub(super) fn builder(
    module: &Module,
    case: &Case,
    rule_override: &Map<String, Value>,
    events: &[Event],
) -> Result<Builder> {
    let mut rule = case.rule.clone();
    rule.extend(rule_override.clone());
    let exceptions = rule.remove("exceptions").unwrap_or_default();
    rule.retain(|_, value| !value.is_null());
    let defaults = json!({
        "rule_id": "rule-of-the-case", "name": "Rule of the case", "description": "", "risk_score": 21, "severity": "low",
    });
    for (field, value) in defaults.as_object().into_iter().flatten() {
        rule.entry(field).or_insert_with(|| value.clone());
    }
    let (lists, value_lists) = exception_documents(&exceptions)?;
    if !lists.is_empty() {
        rule.insert(
            "exceptions_list".to_owned(),
            json!([{"id": LIST, "list_id": LIST, "type": "detection", "namespace_type": "single"}]),
        );
    }
    let mapping = mapping(&case.mappings, events)?;
    Ok(Detector::builder(module.clone())
        .rules([document("rule.json", Value::Object(rule).to_string())])
        .exceptions((!lists.is_empty()).then(|| document("exceptions.ndjson", lists)))
        .value_lists(value_lists)
        .mappings([document("mapping.json", mapping.to_string())])
        .clock(Clock::Event))
}

/// The events as an index holds them.
pub(super) fn stored(events: &[Event]) -> Result<Vec<StoredEvent>> {
    let stored = |event: &Event| {
        Ok(StoredEvent {
            index: Some(event.index.clone()),
            id: event.id.clone(),
            text: Value::Object(event.source.clone()).to_string(),
            visible_ms: event.visible_at.as_deref().map(time_ms).transpose()?,
        })
    };
    events.iter().map(stored).collect()
}

/// A time of a case in epoch milliseconds.
pub(super) fn time_ms(text: &str) -> Result<i64> {
    let time: jiff::Timestamp = text.parse().with_context(|| text.to_owned())?;
    Ok(time.as_millisecond())
}

fn document(name: &str, content: String) -> Document {
    Document { name: name.to_owned(), content }
}

/// The export of one list with the items, and the value lists these hold.
fn exception_documents(items: &Value) -> Result<(String, Vec<Document>)> {
    let Some(items) = items.as_array().filter(|items| !items.is_empty()) else { return Ok(Default::default()) };
    let list = json!({
        "list_id": LIST, "name": LIST, "description": "", "type": "detection", "namespace_type": "single", "tags": [],
    });
    let mut lines = vec![list.to_string()];
    let mut value_lists = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let mut item = item.as_object().context("an exception item is no object")?.clone();
        for entry in item.get("entries").and_then(Value::as_array).into_iter().flatten() {
            value_lists.extend(value_list(entry));
        }
        for (field, value) in [
            ("item_id", json!(format!("item-{number}"))),
            ("list_id", json!(LIST)),
            ("name", json!(format!("Item {number}"))),
            ("type", json!("simple")),
            ("namespace_type", json!("single")),
        ] {
            item.entry(field).or_insert(value);
        }
        lines.push(Value::Object(item).to_string());
    }
    Ok((lines.join("\n"), value_lists))
}

fn value_list(entry: &Value) -> Option<Document> {
    let list = entry.get("list")?;
    let values: Vec<&str> = list.get("values")?.as_array()?.iter().filter_map(Value::as_str).collect();
    Some(document(list.get("id")?.as_str()?, values.join("\n")))
}

/// The mapping of the index: the fields that the case names, and all others of
/// its events by what they hold. There are no further fields.
fn mapping(named: &BTreeMap<String, Value>, events: &[Event]) -> Result<Value> {
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for event in events {
        for (name, value) in &event.source {
            collect(name, value, named, &mut fields);
        }
    }
    for (name, kind) in named {
        let own = match kind {
            Value::String(kind) => json!({ "type": kind }),
            mapping => mapping.clone(),
        };
        fields.insert(name.clone(), own);
    }
    let mut root = json!({"dynamic": "false"});
    for (name, own) in fields {
        let mut node = &mut root;
        for part in name.split('.') {
            node = node
                .as_object_mut()
                .with_context(|| format!("{name}: a field within a field"))?
                .entry("properties")
                .or_insert_with(|| json!({}))
                .as_object_mut()
                .context("no properties")?
                .entry(part)
                .or_insert_with(|| json!({}));
        }
        // Fields that lie below it may be there already, or come.
        let below = node.as_object_mut().context("no mapping")?;
        below.extend(own.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok(json!({ "mappings": root }))
}

/// Adds the fields of a value that the case does not name.
fn collect(name: &str, value: &Value, named: &BTreeMap<String, Value>, fields: &mut BTreeMap<String, Value>) {
    if named.get(name).is_some_and(|kind| kind != "nested") {
        return;
    }
    let kind = match (name, value) {
        (_, Value::Object(members)) => {
            return members
                .iter()
                .for_each(|(member, value)| collect(&format!("{name}.{member}"), value, named, fields));
        }
        (_, Value::Array(elements)) => {
            return elements.iter().for_each(|element| collect(name, element, named, fields));
        }
        (_, Value::Null) => return,
        ("@timestamp" | "event.ingested", _) => "date",
        ("host.ip" | "source.ip", _) => "ip",
        (_, Value::String(_)) => "keyword",
        (_, Value::Bool(_)) => "boolean",
        (_, Value::Number(number)) if number.is_f64() => "double",
        (_, Value::Number(_)) => "long",
    };
    // The first value decides, as in an index.
    fields.entry(name.to_owned()).or_insert_with(|| json!({ "type": kind }));
}

#[test]
fn the_mapping_has_all_fields_and_no_others() -> Result<()> {
    let event = json!({"_index": "i", "_id": "1", "_source": {
        "@timestamp": "t", "a": {"b": [1, "x"], "c": 1.5}, "a.d": true, "n": [{"k": "v"}], "f": {"x": 1}, "z": null,
    }});
    let named = BTreeMap::from([
        ("n".to_owned(), json!("nested")),
        ("f".to_owned(), json!("flattened")),
        ("k".to_owned(), json!({"type": "keyword", "ignore_above": 5})),
    ]);
    let expected = json!({"mappings": {"dynamic": "false", "properties": {
        "@timestamp": {"type": "date"},
        "a": {"properties": {"b": {"type": "long"}, "c": {"type": "double"}, "d": {"type": "boolean"}}},
        "f": {"type": "flattened"},
        "k": {"type": "keyword", "ignore_above": 5},
        "n": {"type": "nested", "properties": {"k": {"type": "keyword"}}},
    }}});
    assert_eq!(mapping(&named, &[serde_json::from_value(event)?])?, expected);
    Ok(())
}
