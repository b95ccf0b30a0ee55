//! The alert document for Kibana's alerts index
//! (`.alerts-security.alerts-<space>`).

use serde_json::{Map, Value, json};

use super::document::EventPlace;
use super::id::digest;
use super::parent::Parent;
use super::template::inner_json;
use super::{AlertParts, Detail, Document, Source, Template};
use crate::time::format_iso;

/// The source event with the `kibana.alert.*` members laid over it (Kibana,
/// `transform_hit_to_alert.ts`, `build_alert.ts`). Where Kibana has the run of
/// a rule, this has the batch that raised the alert.
pub(super) fn document(alert: &AlertParts<'_>, template: &Template, source: &Source) -> Document {
    let (event_json, original_json) = match alert.detail {
        Detail::Whole => (&*source.event_json, &*source.original_json),
        Detail::FewFields | Detail::Least => (&*source.context_json, ""),
    };
    let rule_json = match alert.detail {
        Detail::Whole | Detail::FewFields => template.kibana_json(),
        Detail::Least => template.kibana_least_json(),
    };
    let own_json = inner_json(own_members(alert, template, source));
    let execution_json = inner_json(execution_members(alert, template));
    let parts = [event_json, &own_json, &execution_json, original_json, rule_json];
    let length = parts.iter().map(|part| part.len() + 1).sum::<usize>() + 256;
    let mut text = String::with_capacity(length);
    let mut event = EventPlace::default();
    text.push_str("{\"@timestamp\":\"");
    text.push_str(&format_iso(alert.created_ms));
    text.push('"');
    let [before @ .., execution_json, original_json, rule_json] = parts;
    before.into_iter().for_each(|part| write_part(part, &mut text));
    write_ancestors(alert, source, &mut event, &mut text);
    [execution_json, original_json, rule_json].into_iter().for_each(|part| write_part(part, &mut text));
    text.push('}');
    Document { text, event }
}

/// Writes `kibana.alert.ancestors`: those of the event, and the event.
fn write_ancestors(alert: &AlertParts<'_>, source: &Source, event: &mut EventPlace, text: &mut String) {
    text.push_str(",\"kibana.alert.ancestors\":[");
    let parent = source.parent.as_ref();
    if let Some(Parent { ancestors_json, .. }) = parent.filter(|parent| !parent.ancestors_json.is_empty()) {
        text.push_str(ancestors_json);
        text.push(',');
    }
    text.push_str("{\"id\":");
    event.write_id(alert.event_id, text);
    match parent {
        Some(Parent { depth, rule_json, .. }) => {
            text.push_str(&format!(",\"type\":\"signal\",\"depth\":{depth}"));
            if let Some(rule_json) = rule_json {
                text.push_str(",\"rule\":");
                text.push_str(rule_json);
            }
        }
        None => text.push_str(",\"type\":\"event\",\"depth\":0"),
    }
    event.write_index(",\"index\":", alert.index, text);
    text.push_str("}]");
}

/// Writes members behind others.
fn write_part(part: &str, text: &mut String) {
    if !part.is_empty() {
        text.push(',');
        text.push_str(part);
    }
}

/// What differs from alert to alert.
fn own_members(alert: &AlertParts<'_>, template: &Template, source: &Source) -> Map<String, Value> {
    let created = format_iso(alert.created_ms);
    let mut members = Map::new();
    members.insert("event.kind".into(), json!("signal"));
    members.insert("kibana.space_ids".into(), json!([alert.space]));

    let mut put = |name: &str, value: Value| members.insert(format!("kibana.alert.{name}"), value);
    put("uuid", json!(alert.id));
    if let Some(terms) = alert.terms {
        put("new_terms", json!(terms));
    }
    put("reason", json!(alert.reason(source)));
    put("severity", json!(alert.values.severity));
    put("risk_score", alert.values.risk_score.clone());
    put("status", json!("active"));
    put("workflow_status", json!("open"));
    put("workflow_tags", json!([]));
    put("workflow_assignee_ids", json!([]));
    if let Some(kind) = template.rule().get("building_block_type") {
        put("building_block_type", kind.clone());
    }
    put("start", json!(created));
    put("last_detected", json!(created));
    put("intended_timestamp", json!(created));
    if let Some(original_ms) = source.original_time_ms {
        put("original_time", json!(format_iso(original_ms)));
    }
    put("depth", json!(source.parent.as_ref().map_or(0, |parent| parent.depth) + 1));
    members.extend(source.removed.members());
    members.extend(alert.not_judged.iter().flat_map(|not_judged| not_judged.members()));
    members
}

/// The rule, and what stands for its run.
fn execution_members(alert: &AlertParts<'_>, template: &Template) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(format!("kibana.alert.rule.{name}"), value);
    put("name", json!(alert.values.rule_name));
    put("execution.uuid", json!(execution_uuid(alert, template)));
    put("execution.timestamp", json!(format_iso(alert.created_ms)));
    put("execution.type", json!("scheduled"));
    members
}

/// Identity of the run: the module has no randomness, so it follows from the
/// rule and the arrival of the batch, in the form of a UUID.
fn execution_uuid(alert: &AlertParts<'_>, template: &Template) -> String {
    let digest = digest(&format!("{}:{}:{}", alert.space, template.rule_uuid, alert.created_ms));
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default().to_owned();
    // Version 8 (custom) and the RFC 9562 variant.
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
