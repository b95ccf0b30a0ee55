//! Ids that the proxy gives: what a real Elasticsearch makes of them.

use anyhow::{Context, Result, ensure};
use firstseen_tests::proxy::Proxy;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::elasticsearch::with_elasticsearch;

/// Sends one document, and answers with the status of its item.
fn send(proxy: &Proxy, target: &str, source: &Value) -> Result<u64> {
    let body = format!("{}\n{source}\n", json!({ "create": {} }));
    let answer = proxy.bulk(&format!("/{target}/_bulk"), body.as_bytes())?;
    let status = answer.json()?.pointer("/items/0/create/status").and_then(Value::as_u64);
    status.with_context(|| format!("{target}: {}", String::from_utf8_lossy(&answer.body)))
}

#[test]
fn a_time_series_gets_no_ids_and_others_do() -> Result<()> {
    with_elasticsearch(|node| {
        let properties = json!({
            "@timestamp": { "type": "date" },
            "host": { "type": "keyword", "time_series_dimension": true },
            "load": { "type": "long", "time_series_metric": "gauge" },
        });
        let template = json!({
            "settings": { "index.mode": "time_series", "index.routing_path": ["host"] },
            "mappings": { "properties": properties },
        });
        let template = json!({ "index_patterns": ["series-*"], "data_stream": {}, "template": template });
        node.put("/_index_template/series", &template)?;
        let folder = tempfile::tempdir()?;
        let alerts = folder.path().join("alerts.ndjson").display().to_string();
        let start =
            |state: &str| Proxy::start(node.url(), &folder.path().join(state), &["--assign-ids", "--alerts", &alerts]);
        let source = json!({ "@timestamp": Timestamp::now().to_string(), "host": "a", "load": 1 });

        let proxy = start("first")?;
        // What is not there yet is told by its template.
        ensure!(send(&proxy, "series-a", &source)? == 201, "a series took no document");
        ensure!(send(&proxy, "plain", &source)? == 201 && send(&proxy, "plain", &source)? == 409, "stored twice");
        ensure!(proxy.metric("firstseen_ids_assigned_total")? == Some(2.0), "{:?}", proxy.ask("/metrics")?.text()?);
        proxy.stop()?.expect_code(0)?;

        // Another one asks what is there. A series has an id of its own for each document.
        let proxy = start("second")?;
        ensure!(send(&proxy, "series-a", &source)? == 409, "a series was given an id");
        ensure!(send(&proxy, "plain", &source)? == 409, "it has another id");
        proxy.stop()?.expect_code(0)?;
        ensure!(node.count("plain")? == 1 && node.count("series-a")? == 1, "a document is there twice");
        Ok(())
    })
}
