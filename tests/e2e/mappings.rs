//! The indices that alerts go to, as a cluster has them.

use std::fs;

use anyhow::{Context, Result};
use firstseen_tests::needs::corpus;
use serde_json::{Map, Value, json};

use crate::elasticsearch::Elasticsearch;

/// Where Kibana looks for the alerts of its default space.
pub(crate) const ALERTS: &str = ".alerts-security.alerts-default";

/// A data stream for alerts in the ECS form.
pub(crate) const LOGS: &str = "logs-firstseen.alerts-default";

/// Makes the index of alerts as Kibana does. `false` where its template is not
/// beside the corpus.
///
/// # Errors
///
/// When the node does not take it.
pub(crate) fn kibana_alerts(node: &Elasticsearch) -> Result<bool> {
    let Some(mut template) = facts("kibana-alerts-template.json")? else { return Ok(false) };
    only_types_of_the_node(&mut template);
    // What it is made of is not part of a template.
    template.as_object_mut().context("a template is an object")?.remove("_meta");
    node.put("/_index_template/alerts", &template)?;
    let alias = json!({"aliases": {ALERTS: {"is_write_index": true}}});
    node.put("/.internal.alerts-security.alerts-default-000001", &alias)?;
    Ok(true)
}

/// Makes a template for `logs-*` data streams with the settings of the one that
/// Elasticsearch brings along, in which each field of ECS has its type. `false`
/// where there is no list of ECS beside the corpus.
///
/// # Errors
///
/// When the node does not take it.
pub(crate) fn ecs_logs(node: &Elasticsearch) -> Result<bool> {
    let Some(fields) = facts("ecs-types.json")? else { return Ok(false) };
    let mut properties = Map::new();
    for (name, mapping) in fields.as_object().context("fields by their names")? {
        let of_type = if mapping.is_string() { mapping } else { mapping.get("type").context("a type")? };
        // The fields in them say that they are objects.
        if of_type == "object" || of_type == "nested" {
            continue;
        }
        let mut mapping = json!({"type": of_type});
        only_types_of_the_node(&mut mapping);
        properties.insert(name.clone(), mapping);
    }
    let text = json!({"mapping": {"type": "keyword", "ignore_above": 1024}, "match_mapping_type": "string"});
    let template = json!({
        "index_patterns": ["logs-*-*"],
        "data_stream": {},
        "priority": 100,
        "template": {
            "settings": {
                "index.mapping.ignore_malformed": true,
                "index.mapping.total_fields.limit": 5000,
                "index.mapping.total_fields.ignore_dynamic_beyond_limit": true,
            },
            "mappings": {"date_detection": false, "dynamic_templates": [{"text": text}], "properties": properties},
        },
    });
    node.put("/_index_template/logs", &template)?;
    Ok(true)
}

/// A list of facts that lies beside the corpus.
fn facts(name: &str) -> Result<Option<Value>> {
    let Some(path) = corpus(&format!("../spec/{name}"))? else { return Ok(None) };
    Ok(Some(serde_json::from_str(&fs::read_to_string(path)?)?))
}

/// Types that are in modules which Elastic does not publish become those that
/// take the same values.
fn only_types_of_the_node(mapping: &mut Value) {
    match mapping {
        Value::Object(members) => {
            let instead = match members.get("type").and_then(Value::as_str) {
                Some("match_only_text") => Some(json!({"type": "text"})),
                Some("wildcard" | "constant_keyword" | "version") => {
                    Some(json!({"type": "keyword", "ignore_above": 8191}))
                }
                Some("scaled_float") => Some(json!({"type": "double"})),
                _ => None,
            };
            match instead {
                Some(instead) => *mapping = instead,
                None => members.values_mut().for_each(only_types_of_the_node),
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(only_types_of_the_node),
        _ => {}
    }
}
