//! The index of the alerts, its alias and its template.

use serde_json::{Value, json};

/// The fields that alerts have, and their types in the index: those of Kibana's alerts
/// index, in types that every distribution of Elasticsearch and OpenSearch has.
const FIELDS: &str = include_str!("alert-fields.json");

/// The name of the first index behind an alias.
pub(super) fn first_index(alias: &str) -> String {
    format!("{alias}-000001")
}

/// A template for the indices behind an alias.
pub(super) fn template(alias: &str) -> Value {
    let fields: Value = serde_json::from_str(FIELDS).unwrap_or_default();
    json!({
        "index_patterns": [format!("{alias}-*")],
        // Above templates for all indices, below what somebody makes for this one.
        "priority": 150,
        "template": {
            "settings": {
                "number_of_shards": 1,
                "auto_expand_replicas": "0-1",
                "index.mapping.ignore_malformed": true,
                "index.mapping.total_fields.limit": 2500,
            },
            // What an event holds is not for it to map.
            "mappings": { "dynamic": false, "properties": fields },
        },
        "_meta": { "description": "Alerts of Firstseen" },
    })
}

/// What makes the first index, with its alias.
pub(super) fn index(alias: &str) -> Value {
    json!({ "aliases": { alias: { "is_write_index": true } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_what_alerts_hold() {
        let template = template("firstseen-alerts-default");
        let field = |path: &str| template.pointer(&format!("/template/mappings/properties/{path}/type")).cloned();
        assert_eq!(field("@timestamp"), Some(json!("date")));
        assert_eq!(field("kibana/properties/alert/properties/uuid"), Some(json!("keyword")));
        assert_eq!(field("process/properties/name"), Some(json!("keyword")));
        assert_eq!(field("firstseen/properties/event/properties/stored"), Some(json!("boolean")));
    }
}
