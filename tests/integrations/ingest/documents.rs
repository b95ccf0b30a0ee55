//! Documents and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use firstseen_tests::elasticsearch::Elasticsearch;
use serde_json::{Value, json};

/// As many documents as one search gives.
const SEARCH_MAX: usize = 10_000;

/// Where events go.
pub(super) const EVENTS: &str = "logs-endpoint.events.process-default";

/// Where alerts are, if nothing else is said.
pub(super) const ALERTS: &str = ".firstseen-alerts-default";

/// The state, if nothing else is said.
pub(super) const STATE: &str = ".firstseen-state";

/// Makes a pipeline of the processor with settings.
pub(super) fn pipeline(node: &Elasticsearch, name: &str, settings: &Value) -> Result<()> {
    node.put(&format!("/_ingest/pipeline/{name}"), &json!({ "processors": [{ "firstseen": settings }] }))
}

/// Has events be stored as they are, whatever fields they have.
pub(super) fn template(node: &Elasticsearch) -> Result<()> {
    let template = json!({ "mappings": { "dynamic": false } });
    node.put("/_index_template/events", &json!({ "index_patterns": ["logs-*"], "template": template }))
}

/// Sends documents with ids, by `index`; each must be stored.
pub(super) fn send<'a>(
    node: &Elasticsearch,
    target: &str,
    pipeline: &str,
    documents: impl IntoIterator<Item = (String, &'a str)>,
) -> Result<()> {
    let mut body = String::new();
    let mut count = 0;
    for (id, document) in documents {
        body.push_str(&format!("{}\n{document}\n", json!({ "index": { "_id": id } })));
        count += 1;
    }
    let answer = node.ask("POST", &format!("/{target}/_bulk?pipeline={pipeline}"), body)?;
    let items = answer.get("items").and_then(Value::as_array).context("no items")?;
    ensure!(items.len() == count, "{} answers to {count} documents", items.len());
    for item in items {
        let status = item.pointer("/index/status").and_then(Value::as_u64);
        ensure!(matches!(status, Some(200 | 201)), "{item}");
    }
    Ok(())
}

/// The sources of all documents of an index, by id; none where there is no index.
pub(super) fn all(node: &Elasticsearch, index: &str) -> Result<BTreeMap<String, Value>> {
    node.ask("POST", &format!("/{index}/_refresh?ignore_unavailable=true"), String::new())?;
    let search = json!({ "size": SEARCH_MAX, "track_total_hits": true });
    let found = node.ask("POST", &format!("/{index}/_search?ignore_unavailable=true"), search.to_string())?;
    let hits = found.pointer("/hits/hits").and_then(Value::as_array).context("no hits")?;
    let total = found.pointer("/hits/total/value").and_then(Value::as_u64).context("no total")?;
    ensure!(total == hits.len() as u64, "{total} documents, over {SEARCH_MAX}");
    let hits = hits.iter().map(|hit| {
        let id = hit.get("_id").and_then(Value::as_str).context("no id")?;
        Ok((id.to_owned(), hit.get("_source").context("no source")?.clone()))
    });
    hits.collect()
}

/// The ids of the alerts that a document names.
pub(super) fn tags(document: &Value) -> BTreeSet<String> {
    let alerts = document.pointer("/firstseen/alerts").and_then(Value::as_array);
    let ids = alerts.into_iter().flatten().filter_map(|alert| alert.get("id")?.as_str());
    ids.map(str::to_owned).collect()
}

/// A member of an alert that is a text.
pub(super) fn text(alert: &Value, name: &str) -> Result<String> {
    Ok(alert.get(name).and_then(Value::as_str).with_context(|| format!("no {name}: {alert}"))?.to_owned())
}

/// How many documents a pipeline took, and how many of them were not judged.
pub(super) fn stats(node: &Elasticsearch, pipeline: &str) -> Result<(u64, u64)> {
    let stats = node.ask("GET", "/_nodes/_local/stats/ingest", String::new())?;
    let nodes = stats.get("nodes").and_then(Value::as_object).context("no nodes")?;
    let node = nodes.values().next().context("no node")?;
    let stats = node.pointer(&format!("/ingest/pipelines/{pipeline}/processors/0/firstseen/stats"));
    let stats = stats.with_context(|| format!("no stats: {node}"))?;
    let number = |name: &str| stats.get(name).and_then(Value::as_u64).with_context(|| format!("no {name}"));
    Ok((number("count")?, number("failed")?))
}
