//! What an operator sets, and sees when something is wrong.

use anyhow::{Context, Result, ensure};
use firstseen_tests::elasticsearch::Elasticsearch;
use firstseen_tests::events::install;
use firstseen_tests::running::wait_for;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::documents::{ALERTS, EVENTS, STATE, all, pipeline, send, stats, tags, template};

const AT: &str = "2026-11-24T12:00:00.000Z";

/// A rule that matches all events of one action.
fn rule(action: &str) -> String {
    json!({
        "rule_id": format!("all-{action}"), "name": format!("All {action}"), "description": "Invented.",
        "risk_score": 21, "severity": "low", "type": "query", "language": "kuery",
        "query": format!("event.action: {action}"), "index": ["logs-*"], "from": "now-6m", "interval": "5m",
    })
    .to_string()
}

/// Sends one event, and answers how many alerts it names.
fn sent(node: &Elasticsearch, pipeline: &str, id: &str, event: &str) -> Result<usize> {
    send(node, EVENTS, pipeline, [(id.to_owned(), event)])?;
    let document = node.ask("GET", &format!("/{EVENTS}/_doc/{id}?_source_includes=firstseen"), String::new())?;
    Ok(tags(document.get("_source").context("no source")?).len())
}

fn source(node: &Elasticsearch, index: &str, id: &str) -> Result<Value> {
    let document = node.ask("GET", &format!("/{index}/_doc/{id}"), String::new())?;
    Ok(document.get("_source").context("no source")?.clone())
}

fn settings(server: &'static str) -> Result<()> {
    let Some(cluster) = Cluster::new(server)? else { return Ok(()) };
    let mut node = cluster.node("one")?;
    let rules = node.config("firstseen/rules")?.join("rule.json");
    std::fs::write(&rules, rule("exec"))?;
    std::fs::write(node.config("firstseen/broken/rules")?.join("rule.json"), "{")?;
    node.start(&[])?;
    let api = &node.api;
    template(api)?;
    let event = install("/usr/bin/bash", AT);

    // What is set wrong is said where it is set.
    for (settings, cause) in [
        (json!({ "state": "cloud" }), "[index, file, none]: cloud"),
        (json!({ "learn": "soon" }), "no duration"),
        (json!({ "rules_path": "../elsewhere" }), "no folder below config/firstseen"),
        (json!({ "alerts": "a" }), "alerts"),
        (json!({ "target_field": "_index" }), "[target_field] is not as"),
        (json!({ "space": "SOC" }), "[space] is not as"),
        (json!({ "alerts_index": "Alerts" }), "[alerts_index] is not as"),
        (json!({ "state_index": "a", "alerts_index": "a" }), "must differ"),
    ] {
        let refused = pipeline(api, "wrong", &settings).err().context("it is taken")?.to_string();
        ensure!(refused.contains(cause), "{refused}");
    }

    // Without a rule that runs documents pass, and are counted.
    pipeline(api, "broken", &json!({ "rules_path": "broken" }))?;
    ensure!(sent(api, "broken", "broken", &event)? == 0);
    ensure!(stats(api, "broken")? == (1, 1), "{:?}", stats(api, "broken")?);
    send(api, EVENTS, "broken", ["broken-2", "broken-3"].map(|id| (id.to_owned(), event.as_str())))?;
    ensure!(stats(api, "broken")? == (3, 3), "{:?}", stats(api, "broken")?);
    node.wait_for_log("documents passed without being judged")?;
    node.wait_for_log("rule.json")?;

    // Rules are loaded anew without a restart, and broken ones do not stop those that run.
    pipeline(api, "detect", &json!({}))?;
    ensure!(sent(api, "detect", "first", &event)? == 1);
    std::fs::write(&rules, rule("fork"))?;
    // The same event again has its alert again, until its rule is gone.
    wait_for(|| Ok(sent(api, "detect", "first", &event)? == 0))?;
    let fork = event.replace(r#""action":"exec""#, r#""action":"fork""#);
    ensure!(sent(api, "detect", "fork", &fork)? == 1);
    std::fs::write(&rules, "[]")?;
    node.wait_for_log("go on running")?;
    ensure!(sent(api, "detect", "fork-2", &fork)? == 1);
    ensure!(stats(api, "detect")?.1 == 0);

    // Rules in an index, with indices of their own.
    let own = json!({ "rules_index": "my-rules", "alerts_index": "my-alerts", "state_index": "my-state", "target_field": "detected" });
    let document = json!({ "kind": "rules", "name": "mine", "content": rule("exec") });
    api.ask("PUT", "/my-rules/_doc/mine?refresh=true", document.to_string())?;
    pipeline(api, "indexed", &own)?;
    send(api, EVENTS, "indexed", [("indexed".to_owned(), event.as_str())])?;
    ensure!(source(api, EVENTS, "indexed")?.pointer("/detected/alerts/0/id").is_some());
    ensure!(all(api, "my-alerts")?.len() == 1 && !all(api, "my-state")?.is_empty());

    // An event's own member gives way to the alerts, and is kept without.
    let forged = event.replacen('{', r#"{"firstseen":"mine","#, 1);
    ensure!(source_of(api, "forged", &forged.replace("exec", "other"))?.get("firstseen") == Some(&json!("mine")));
    ensure!(!tags(&source_of(api, "forged-2", &forged.replace(r#""exec""#, r#""fork""#))?).is_empty());

    // What detection writes itself is not judged.
    let alerts = all(api, ALERTS)?.len();
    for index in [ALERTS, STATE] {
        send(api, index, "detect", [("own".to_owned(), fork.as_str())])?;
        ensure!(source(api, index, "own")? == serde_json::from_str::<Value>(&fork)?);
    }
    ensure!(all(api, ALERTS)?.len() == alerts + 1);

    // Without a state all is new, and nothing is stored.
    pipeline(api, "dry", &json!({ "state": "none" }))?;
    std::fs::write(&rules, rule("exec"))?;
    for id in ["dry-1", "dry-2", "dry-1"] {
        wait_for(|| Ok(sent(api, "dry", id, &event)? == 1))?;
    }
    ensure!(all(api, ALERTS)?.len() == alerts + 1);
    node.end()?;
    Ok(())
}

/// Each text of one field with each of two others: terms by the thousand.
const MANY: &str = r#"{"rule_id": "many", "name": "Many", "description": "Invented.", "risk_score": 21,
    "severity": "low", "type": "new_terms", "language": "kuery", "query": "event.action: many",
    "index": ["logs-*"], "from": "now-6m", "interval": "5m", "history_window_start": "now-5d",
    "new_terms_fields": ["user.name", "host.name", "process.name"]}"#;

/// Documents that are made to stop detection pass, and detection goes on.
fn hostile(server: &'static str) -> Result<()> {
    let Some(cluster) = Cluster::new(server)? else { return Ok(()) };
    let mut node = cluster.node("one")?;
    let rules = node.config("firstseen/rules")?;
    std::fs::write(rules.join("exec.json"), rule("exec"))?;
    std::fs::write(rules.join("many.json"), MANY)?;
    node.start(&[])?;
    let api = &node.api;
    template(api)?;
    pipeline(api, "detect", &json!({}))?;
    let event = install("/usr/bin/bash", AT);

    // Deeper than any reader with a stack of its own likes.
    let settings = json!({ "settings": { "index.mapping.depth.limit": 1000 }, "mappings": { "dynamic": false } });
    api.put("/_index_template/deep", &json!({ "index_patterns": ["logs-*"], "priority": 1, "template": settings }))?;
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"@timestamp":"{AT}","event":{{"action":"exec"}},"a":{open}1{close}}}"#)
    };
    for (id, depth) in [("deep-90", 90), ("deep-300", 300), ("deep-900", 900)] {
        ensure!(sent(api, "detect", id, &deep(depth))? == 1, "{id}");
    }
    ensure!(sent(api, "detect", "after-deep", &event)? == 1);

    // Together they ask a hundred thousand questions, and alert as often as the rule may.
    let names: Vec<String> = (0..21).map(|number| format!("name-{number}")).collect();
    let many: Vec<(String, String)> = (0..12)
        .map(|number| {
            let users: Vec<String> = names.iter().map(|name| format!("{name}-of-{number}")).collect();
            let many = json!({
                "@timestamp": AT, "event": { "action": "many" },
                "user": { "name": users }, "host": { "name": names }, "process": { "name": names },
            });
            (format!("many-{number}"), many.to_string())
        })
        .collect();
    let before = all(api, ALERTS)?.len();
    send(api, EVENTS, "detect", many.iter().map(|(id, event)| (id.clone(), event.as_str())))?;
    ensure!(all(api, ALERTS)?.len() == before + 100, "{} alerts", all(api, ALERTS)?.len() - before);
    node.wait_for_log("has had its quota of alerts")?;
    ensure!(sent(api, "detect", "after-many", &event)? == 1);
    ensure!(stats(api, "detect")?.1 == 0, "{:?}", stats(api, "detect")?);

    // What passes the processor twice is the same event.
    let alerts = all(api, ALERTS)?.len();
    node.api.put("/_ingest/pipeline/twice", &json!({ "processors": [{ "firstseen": {} }, { "firstseen": {} }] }))?;
    ensure!(sent(api, "twice", "twice", &event)? == 1);
    ensure!(all(api, ALERTS)?.len() == alerts + 1);

    // A simulation leaves nothing, though its second processor has another thread.
    let state = all(api, STATE)?;
    let body = format!(r#"{{"docs":[{{"_index":"{EVENTS}","_id":"simulated","_source":{event}}}]}}"#);
    let answer = api.ask("POST", "/_ingest/pipeline/twice/_simulate", body.clone())?;
    ensure!(!tags(answer.pointer("/docs/0/doc/_source").context("no document")?).is_empty(), "{answer}");
    pipeline(api, "elsewhere", &json!({ "state_index": "unborn-state", "alerts_index": "unborn-alerts" }))?;
    let answer = api.ask("POST", "/_ingest/pipeline/elsewhere/_simulate", body)?;
    ensure!(!tags(answer.pointer("/docs/0/doc/_source").context("no document")?).is_empty(), "{answer}");
    ensure!(all(api, ALERTS)?.len() == alerts + 1 && all(api, STATE)? == state, "a simulation leaves something");
    let indices = api.text("GET", "/_cat/indices?h=index&expand_wildcards=all", String::new())?;
    ensure!(!indices.contains("unborn"), "{indices}");
    node.end()?;
    Ok(())
}

#[test]
fn elasticsearch_goes_on_whatever_a_document_holds() -> Result<()> {
    hostile("elasticsearch")
}

#[test]
fn opensearch_goes_on_whatever_a_document_holds() -> Result<()> {
    hostile("opensearch")
}

fn source_of(node: &Elasticsearch, id: &str, event: &str) -> Result<Value> {
    send(node, EVENTS, "detect", [(id.to_owned(), event)])?;
    source(node, EVENTS, id)
}

#[test]
fn elasticsearch_does_what_is_set() -> Result<()> {
    settings("elasticsearch")
}

#[test]
fn opensearch_does_what_is_set() -> Result<()> {
    settings("opensearch")
}
