//! An event that is itself an alert.

use super::tree::{Members, Node};

/// Longest text taken from an ancestor, in bytes; an `_id` has no more.
const TEXT_BYTES_MAX: usize = 512;

/// How much the older ancestors may be together, in bytes of JSON.
const ANCESTORS_BYTES_MAX: usize = 16 * 1024;

/// Greatest depth that is believed.
const DEPTH_MAX: u32 = 1_000_000;

/// What an alert says of where it comes from, as far as the alerts about it say
/// the same (Kibana, `buildParent` and `buildAncestors` in `build_alert.ts`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parent {
    /// Its ancestors, JSON objects with commas between them. Kibana copies
    /// whatever stands there; here it is what the index of alerts takes.
    pub(super) ancestors_json: String,
    /// `kibana.alert.depth`.
    pub(super) depth: u32,
    /// `kibana.alert.rule.uuid`, a JSON string.
    pub(super) rule_json: Option<String>,
}

impl Parent {
    /// Reads an event that has `kibana.alert.uuid`; others are no alerts.
    pub(super) fn of(event: &Members<'_>) -> Option<Self> {
        event.get("kibana.alert.uuid")?.as_string()?;
        let mut ancestors_json = String::new();
        if let Some(Node::Array(ancestors)) = event.get("kibana.alert.ancestors") {
            for json in ancestors.iter().filter_map(ancestor_json) {
                if ancestors_json.len() + json.len() >= ANCESTORS_BYTES_MAX {
                    break;
                }
                if !ancestors_json.is_empty() {
                    ancestors_json.push(',');
                }
                ancestors_json.push_str(&json);
            }
        }
        Some(Self {
            ancestors_json,
            depth: event.get("kibana.alert.depth").and_then(depth).unwrap_or(1),
            rule_json: event.get("kibana.alert.rule.uuid").and_then(text_json),
        })
    }
}

fn ancestor_json(ancestor: &Node<'_>) -> Option<String> {
    let Node::Object(members) = ancestor else { return None };
    let value_json = |name: &str| match name {
        "depth" => members.get(name).and_then(depth).map(|depth| depth.to_string()),
        _ => members.get(name).and_then(text_json),
    };
    let members = ["id", "type", "depth", "rule", "index"].into_iter();
    let members: Vec<String> = members.filter_map(|name| Some(format!("\"{name}\":{}", value_json(name)?))).collect();
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
}

fn text_json(node: &Node<'_>) -> Option<String> {
    let text = node.first_scalar()?;
    (text.starts_with('"') && text.len() <= TEXT_BYTES_MAX).then(|| text.to_owned())
}

fn depth(node: &Node<'_>) -> Option<u32> {
    node.first_scalar()?.parse().ok().filter(|&depth| depth <= DEPTH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parent(event: &Value) -> Option<Parent> {
        Parent::of(&Members::parse(&event.to_string()).unwrap())
    }

    #[test]
    fn an_alert_has_an_id() {
        for event in [json!({}), json!({"kibana.alert.uuid": null}), json!({"kibana": {"alert": {"depth": 3}}})] {
            assert_eq!(parent(&event), None, "{event}");
        }
        let expected = Parent { depth: 1, ..Parent::default() };
        assert_eq!(parent(&json!({"kibana.alert.uuid": "x"})), Some(expected.clone()));
        assert_eq!(parent(&json!({"kibana": {"alert": {"uuid": "x"}}})), Some(expected));
    }

    #[test]
    fn what_is_copied_is_what_the_index_takes() {
        let event = json!({
            "kibana.alert.uuid": "x", "kibana.alert.depth": 2, "kibana.alert.rule.uuid": "r",
            "kibana.alert.ancestors": [
                {"id": "a", "type": "event", "index": "i", "depth": 0},
                {"id": {"x": 1}, "type": ["signal"], "depth": "1", "rule": 5, "other": true},
                {"id": {"x": 1}}, "b", null,
            ],
        });
        let parent = parent(&event).unwrap();
        let ancestors: Value = serde_json::from_str(&format!("[{}]", parent.ancestors_json)).unwrap();
        let expected = json!([{"id": "a", "type": "event", "depth": 0, "index": "i"}, {"type": "signal"}]);
        assert_eq!(ancestors, expected);
        assert_eq!((parent.depth, parent.rule_json.as_deref()), (2, Some("\"r\"")));
    }

    #[test]
    fn ancestors_are_bounded() {
        let ancestors = vec![json!({"id": "x".repeat(500)}); 10_000];
        let event = json!({"kibana.alert.uuid": "x", "kibana.alert.ancestors": ancestors, "kibana.alert.depth": 1e9});
        let parent = parent(&event).unwrap();
        assert!((10_000..=ANCESTORS_BYTES_MAX).contains(&parent.ancestors_json.len()));
        assert_eq!(parent.depth, 1);
    }
}
