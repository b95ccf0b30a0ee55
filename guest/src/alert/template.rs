//! What every alert of a rule says, prepared once.

use serde_json::{Map, Value, json};

use crate::rule::{Fields, Kind};

/// Members of rule JSON that belong to the rule around its parameters, so
/// Kibana keeps them out of `kibana.alert.rule.parameters`.
const NOT_PARAMETERS: [&str; 14] = [
    "id",
    "name",
    "tags",
    "enabled",
    "interval",
    "throttle",
    "actions",
    "revision",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "execution_summary",
    "outcome",
];

/// Members copied to `kibana.alert.rule.<same name>` as they are.
const METADATA: [&str; 31] = [
    "actions",
    "author",
    "building_block_type",
    "created_at",
    "created_by",
    "description",
    "enabled",
    "exceptions_list",
    "false_positives",
    "from",
    "immutable",
    "interval",
    "license",
    "max_signals",
    "namespace",
    "note",
    "references",
    "revision",
    "risk_score_mapping",
    "rule_name_override",
    "severity_mapping",
    "tags",
    "threat",
    "throttle",
    "timeline_id",
    "timeline_title",
    "timestamp_override",
    "to",
    "updated_at",
    "updated_by",
    "version",
];

/// What a rule's alerts have in common.
#[derive(Clone, Debug)]
pub struct Template {
    /// `kibana.alert.rule.uuid`, part of the alert id.
    pub rule_uuid: String,
    /// Kibana's `rule_id`.
    pub rule_id: String,
    /// `kibana.alert.rule.name`.
    pub rule_name: String,
    /// `kibana.alert.severity`.
    pub severity: String,
    /// `kibana.alert.risk_score`.
    pub risk_score: Value,
    /// The new-terms fields.
    pub new_terms_fields: Vec<String>,
    /// The rule object, defaults filled in.
    pub rule: Map<String, Value>,
    /// The `kibana.alert.rule.*` members as JSON, without braces.
    pub(super) kibana_json: String,
}

impl Template {
    /// Prepares a rule that was read as `fields`.
    pub(crate) fn new(object: &Map<String, Value>, fields: &Fields) -> Self {
        let rule = with_defaults(object);
        Self {
            rule_uuid: fields.uuid.clone(),
            rule_id: fields.rule_id.clone(),
            rule_name: fields.name.clone(),
            severity: fields.severity.clone(),
            risk_score: fields.risk_score.clone(),
            new_terms_fields: fields.kind.new_terms_fields().to_vec(),
            kibana_json: inner_json(kibana_rule(&rule, fields)),
            rule,
        }
    }
}

/// An object's members as JSON, without the braces.
pub(super) fn inner_json(members: Map<String, Value>) -> String {
    let json = Value::Object(members).to_string();
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// The rule with what Kibana fills in when it stores one.
fn with_defaults(object: &Map<String, Value>) -> Map<String, Value> {
    let defaults = json!({
        "actions": [], "author": [], "description": "", "enabled": true, "exceptions_list": [],
        "false_positives": [], "from": "now-6m", "immutable": false, "interval": "5m", "language": "kuery",
        "max_signals": 100, "references": [], "related_integrations": [], "required_fields": [], "revision": 0,
        "risk_score_mapping": [], "setup": "", "severity_mapping": [], "tags": [], "threat": [], "to": "now",
        "version": 1,
    });
    let mut rule = object.clone();
    rule.retain(|_, value| !value.is_null());
    if let Value::Object(defaults) = defaults {
        for (key, value) in defaults {
            rule.entry(key).or_insert(value);
        }
    }
    rule
}

fn kibana_rule(rule: &Map<String, Value>, fields: &Fields) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(format!("kibana.alert.rule.{name}"), value);
    let (category, type_id) = match fields.kind {
        Kind::NewTerms { .. } => ("New Terms Rule", "siem.newTermsRule"),
        Kind::Query => ("Custom Query Rule", "siem.queryRule"),
    };
    put("category", json!(category));
    put("consumer", json!("siem"));
    put("producer", json!("siem"));
    put("rule_type_id", json!(type_id));
    put("type", json!(fields.kind.name()));
    put("uuid", json!(fields.uuid));
    put("rule_id", json!(fields.rule_id));
    put("name", json!(fields.name));
    put("severity", json!(fields.severity));
    put("risk_score", fields.risk_score.clone());
    put("indices", json!(fields.index));
    for name in METADATA {
        if let Some(value) = rule.get(name) {
            put(name, value.clone());
        }
    }
    if let Some(Value::Object(meta)) = rule.get("meta") {
        for (key, value) in meta {
            put(&format!("meta.{key}"), value.clone());
        }
    }
    let parameters = rule.iter().filter(|(key, _)| !NOT_PARAMETERS.contains(&key.as_str()));
    put("parameters", Value::Object(parameters.map(|(key, value)| (key.clone(), value.clone())).collect()));
    members
}
