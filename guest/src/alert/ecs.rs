//! A small ECS document for sinks that are not Kibana.

use serde_json::{Map, Value, json};

use super::document::EventPlace;
use super::template::inner_json;
use super::{AlertParts, Document, Source, Template};
use crate::time::format_iso;

/// `event.kind: alert`, the rule, the threat, the terms, and which event it is
/// about. Each field has one type: what is `firstseen.*` is text, and fields of
/// the event are scalars, the first of an array.
pub(super) fn document(alert: &AlertParts<'_>, template: &Template, source: &Source) -> Document {
    let mut event = EventPlace::default();
    let mut text = String::from("{");
    text.push_str(&inner_json(own_members(alert, template, source)));
    text.push_str(",\"firstseen.source.id\":");
    event.write_id(alert.event_id, &mut text);
    event.write_index(",\"firstseen.source.index\":", alert.index, &mut text);
    for part in [inner_json(source_members(source)).as_str(), &source.context_scalars_json] {
        if !part.is_empty() {
            text.push(',');
            text.push_str(part);
        }
    }
    text.push('}');
    Document { text, event }
}

fn own_members(alert: &AlertParts<'_>, template: &Template, source: &Source) -> Map<String, Value> {
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("@timestamp", json!(format_iso(alert.created_ms)));
    put("ecs.version", json!("9.5.0"));
    put("event.kind", json!("alert"));
    put("event.id", json!(alert.id));
    put("event.reason", json!(alert.reason(source)));
    put("event.risk_score", alert.values.risk_score.clone());
    let message = match alert.terms {
        Some(terms) => {
            format!("{}: {}", alert.values.rule_name, terms.iter().map(term_text).collect::<Vec<_>>().join(", "))
        }
        None => alert.values.rule_name.clone(),
    };
    put("message", json!(message));
    put("rule.id", json!(template.rule_id));
    put("rule.uuid", json!(template.rule_uuid));
    put("rule.name", json!(alert.values.rule_name));
    for (field, member) in [
        ("rule.version", "version"),
        ("rule.description", "description"),
        ("rule.author", "author"),
        ("rule.license", "license"),
        ("rule.reference", "references"),
        ("tags", "tags"),
    ] {
        match template.rule().get(member) {
            // ECS has the version as a keyword.
            Some(Value::Number(number)) => put(field, json!(number.to_string())),
            Some(value) => put(field, value.clone()),
            None => None,
        };
    }
    for (field, values) in threat(template.rule().get("threat")) {
        put(field, json!(values));
    }
    if let Some(severity) = event_severity(&alert.values.severity) {
        put("event.severity", json!(severity));
    }
    put("firstseen.severity", json!(alert.values.severity));
    if let Some(terms) = alert.terms {
        put("firstseen.new_terms_fields", json!(template.new_terms_fields()));
        put("firstseen.new_terms", terms.iter().map(term_text).collect());
    }
    document.extend(alert.not_judged.iter().flat_map(|not_judged| not_judged.members()));
    document
}

/// What the event says of itself.
fn source_members(source: &Source) -> Map<String, Value> {
    // Always in one form, for an index that takes the first it sees for a date.
    let timestamp = source.original_time_ms.map(format_iso);
    let members = [("firstseen.source.timestamp", timestamp), ("firstseen.source.event_id", source.event_id.clone())];
    members.into_iter().filter_map(|(field, text)| Some((field.to_owned(), json!(text?)))).collect()
}

/// `event.severity` of a rule's severity: its risk score in Elastic's rules.
fn event_severity(severity: &str) -> Option<u8> {
    match severity {
        "low" => Some(21),
        "medium" => Some(47),
        "high" => Some(73),
        "critical" => Some(99),
        _ => None,
    }
}

fn term_text(term: &Value) -> String {
    match term {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `threat.*` as ECS has it: one array a field, in the rule's order, each
/// value once.
fn threat(threats: Option<&Value>) -> Vec<(&'static str, Vec<Value>)> {
    let mut fields: Vec<(&'static str, Vec<Value>)> = Vec::new();
    let mut add = |field: &'static str, value: Option<&Value>| {
        let Some(value) = value else { return };
        match fields.iter_mut().find(|(name, _)| *name == field) {
            Some((_, values)) if values.contains(value) => {}
            Some((_, values)) => values.push(value.clone()),
            None => fields.push((field, vec![value.clone()])),
        }
    };
    for threat in elements(threats) {
        add("threat.framework", threat.get("framework"));
        if let Some(tactic) = threat.get("tactic") {
            add("threat.tactic.id", tactic.get("id"));
            add("threat.tactic.name", tactic.get("name"));
            add("threat.tactic.reference", tactic.get("reference"));
        }
        for technique in elements(threat.get("technique")) {
            add("threat.technique.id", technique.get("id"));
            add("threat.technique.name", technique.get("name"));
            add("threat.technique.reference", technique.get("reference"));
            for subtechnique in elements(technique.get("subtechnique")) {
                add("threat.technique.subtechnique.id", subtechnique.get("id"));
                add("threat.technique.subtechnique.name", subtechnique.get("name"));
                add("threat.technique.subtechnique.reference", subtechnique.get("reference"));
            }
        }
    }
    fields
}

fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
