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
    Ok(tags(&source(node, EVENTS, id)?).len())
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
        (json!({ "target_field": "_index" }), "[target_field] has other characters"),
        (json!({ "state_index": "a", "alerts_index": "a" }), "must differ"),
    ] {
        let refused = pipeline(api, "wrong", &settings).err().context("it is taken")?.to_string();
        ensure!(refused.contains(cause), "{refused}");
    }

    // Without a rule that runs documents pass, and are counted.
    pipeline(api, "broken", &json!({ "rules_path": "broken" }))?;
    ensure!(sent(api, "broken", "broken", &event)? == 0);
    ensure!(stats(api, "broken")? == (1, 1), "{:?}", stats(api, "broken")?);
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
