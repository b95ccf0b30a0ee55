//! Looking into rule JSON, whose fields may be of any form.

use serde_json::{Map, Value};

/// A text; numbers and booleans as they are written.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The texts of a list, or the one that stands in its place.
pub(super) fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text],
        _ => Vec::new(),
    }
}

/// The objects of a list.
pub(super) fn objects(value: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// What a rule says of the attack: tactics, techniques and subtechniques, with
/// how deep each lies within the others.
pub(super) fn threats(rule: &Map<String, Value>) -> Vec<Threat<'_>> {
    let mut threats = Vec::new();
    for threat in objects(rule.get("threat")) {
        let framework = threat.get("framework").and_then(Value::as_str).unwrap_or_default();
        let mut add = |depth: usize, object: &'_ Map<String, Value>| {
            let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
            threats.push(Threat { depth, framework, id: text("id"), name: text("name") });
        };
        if let Some(tactic) = threat.get("tactic").and_then(Value::as_object) {
            add(0, tactic);
        }
        for technique in objects(threat.get("technique")) {
            add(1, technique);
            objects(technique.get("subtechnique")).for_each(|subtechnique| add(2, subtechnique));
        }
    }
    threats
}

/// A tactic, a technique or a subtechnique.
#[derive(Debug)]
pub(super) struct Threat<'a> {
    /// 0, 1 or 2.
    pub(super) depth: usize,
    pub(super) framework: &'a str,
    pub(super) id: String,
    pub(super) name: String,
}

impl Threat<'_> {
    pub(super) fn is_tactic(&self) -> bool {
        self.depth == 0
    }

    /// Whether it is called so, by its id or its name in any case.
    pub(super) fn is_called(&self, id_or_name: &str) -> bool {
        same(&self.id, id_or_name) || same(&self.name, id_or_name)
    }

    /// Whether it lies below the technique of this id: T1059.004 below T1059.
    pub(super) fn is_below(&self, id: &str) -> bool {
        self.id.split_once('.').is_some_and(|(technique, _)| same(technique, id))
    }
}

/// Whether two texts are the same in any case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}
