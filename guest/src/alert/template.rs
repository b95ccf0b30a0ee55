//! What every alert of a rule says, prepared once.

use std::cell::OnceCell;

use serde_json::{Map, Value, json};

use super::fields::{is_blank, is_term};
use super::overrides::Overrides;
use super::source::with_fields;
use crate::document::DocumentError;
use crate::rule::{AlertFacts, Fields, Kind};

/// Members of rule JSON that belong to the rule around its parameters, so
/// Kibana keeps them out of `kibana.alert.rule.parameters`.
const NOT_PARAMETERS: [&str; 15] = [
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
    "output_index",
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
    /// What an alert says where its event does not say otherwise.
    values: AlertValues,
    overrides: Overrides,
    kind: Kind,
    index: Vec<String>,
    /// The rule object. Most rules never alert, so the rest is made of it when
    /// one does.
    rule_json: Box<str>,
    parts: OnceCell<Parts>,
}

/// What an alert says of itself: the rule's own values, or the event's.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertValues {
    /// `kibana.alert.severity`.
    pub severity: String,
    /// `kibana.alert.risk_score`.
    pub risk_score: Value,
    /// `kibana.alert.rule.name`.
    pub rule_name: String,
}

#[derive(Clone, Debug)]
struct Parts {
    rule: Map<String, Value>,
    kibana_json: String,
    kibana_least_json: String,
}

impl Template {
    /// Prepares a rule that was read as `fields`, from `text` if that is known.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] about an override that is not of the form Kibana allows.
    pub(crate) fn new(object: &Map<String, Value>, text: Option<&str>, fields: &Fields) -> Result<Self, DocumentError> {
        Ok(Self {
            rule_uuid: fields.uuid.clone(),
            rule_id: fields.rule_id.clone(),
            values: AlertValues {
                severity: fields.severity.clone(),
                risk_score: fields.risk_score.clone(),
                rule_name: fields.name.clone(),
            },
            overrides: Overrides::read(object)?,
            kind: fields.kind.clone(),
            index: fields.index.clone(),
            rule_json: match text {
                Some(text) => text.into(),
                // A map of strings and values always serialises.
                None => serde_json::to_string(object).unwrap_or_default().into(),
            },
            parts: OnceCell::new(),
        })
    }

    /// What an alert about an event says of itself.
    pub fn values(&self, line: &str) -> AlertValues {
        let mut values = self.values.clone();
        if self.overrides.is_empty() {
            return values;
        }
        with_fields(line, |field| {
            if let Some(severity) = self.overrides.severity(field) {
                values.severity = severity.to_owned();
            }
            if let Some(risk_score) = self.overrides.risk_score(field) {
                values.risk_score = risk_score;
            }
            if let Some(rule_name) = self.overrides.rule_name(field) {
                values.rule_name = rule_name;
            }
        });
        values
    }

    /// The new-terms fields.
    pub(super) fn new_terms_fields(&self) -> &[String] {
        self.kind.meaning().fields()
    }

    /// The rule object, defaults filled in.
    pub(super) fn rule(&self) -> &Map<String, Value> {
        &self.parts().rule
    }

    /// The `kibana.alert.rule.*` members as JSON, without braces.
    pub(super) fn kibana_json(&self) -> &str {
        &self.parts().kibana_json
    }

    /// Those that say which rule it is.
    pub(super) fn kibana_least_json(&self) -> &str {
        &self.parts().kibana_least_json
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(|| {
            let object = serde_json::from_str(&self.rule_json).unwrap_or_default();
            let rule = with_defaults(object);
            let kibana_json = inner_json(self.kibana_rule(&rule));
            let kibana_least_json = inner_json(self.kibana_identity());
            Parts { rule, kibana_json, kibana_least_json }
        })
    }

    /// What says which rule it is.
    fn kibana_identity(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(format!("kibana.alert.rule.{name}"), value);
        let AlertFacts { category, rule_type_id } = self.kind.meaning().alert_facts();
        put("category", json!(category));
        put("consumer", json!("siem"));
        put("producer", json!("siem"));
        put("rule_type_id", json!(rule_type_id));
        put("type", json!(self.kind.meaning().type_name()));
        put("uuid", json!(self.rule_uuid));
        put("rule_id", json!(self.rule_id));
        put("severity", json!(self.values.severity));
        put("risk_score", self.values.risk_score.clone());
        members
    }

    fn kibana_rule(&self, rule: &Map<String, Value>) -> Map<String, Value> {
        let mut members = self.kibana_identity();
        let mut put = |name: &str, value: Value| members.insert(format!("kibana.alert.rule.{name}"), value);
        put("indices", json!(self.index));
        for name in METADATA {
            // The index of alerts has most of them as keywords that are not cut.
            if let Some(value) = rule.get(name).filter(|value| value.as_str().is_none_or(is_term)) {
                put(name, value.clone());
            }
        }
        if let Some(meta) = rule.get("meta") {
            flatten("meta".to_owned(), meta, &mut put);
        }
        let parameters = rule.iter().filter(|(key, _)| !NOT_PARAMETERS.contains(&key.as_str()));
        put("parameters", Value::Object(parameters.map(|(key, value)| (key.clone(), value.clone())).collect()));
        members
    }
}

/// Puts what is in objects under its dotted name (Kibana, `flattenWithPrefix`),
/// but for names that no index takes. Rules nest no deeper than JSON that can be
/// read.
fn flatten(name: String, value: &Value, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| flatten(format!("{name}.{key}"), value, put));
        }
        _ if name.trim_end_matches('.').split('.').any(is_blank) => {}
        _ => drop(put(&name, value.clone())),
    }
}

/// An object's members as JSON, without the braces.
pub(super) fn inner_json(members: Map<String, Value>) -> String {
    // Not by way of `Display`, which writes piece by piece through a formatter.
    let json = serde_json::to_string(&members).unwrap_or_default();
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// The rule with what Kibana fills in when it stores one.
fn with_defaults(mut rule: Map<String, Value>) -> Map<String, Value> {
    let defaults = json!({
        "actions": [], "author": [], "description": "", "enabled": true, "exceptions_list": [],
        "false_positives": [], "from": "now-6m", "immutable": false, "interval": "5m", "language": "kuery",
        "max_signals": 100, "references": [], "related_integrations": [], "required_fields": [], "revision": 0,
        "risk_score_mapping": [], "setup": "", "severity_mapping": [], "tags": [], "threat": [], "to": "now",
        "version": 1,
    });
    rule.retain(|_, value| !value.is_null());
    if let Value::Object(defaults) = defaults {
        for (key, value) in defaults {
            rule.entry(key).or_insert(value);
        }
    }
    rule
}
