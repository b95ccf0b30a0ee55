//! Old documents of real clusters begin a state.

use std::fs;

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::{install, lines};
use firstseen_tests::firstseen::{Firstseen, NOW};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

use crate::server::Server;

/// Documents of each minute, so that pages end among those of the same time; and for
/// each there is one in the other index that has the same place in its shard.
const OF_A_MINUTE: usize = 700;

const MINUTES: usize = 4;

#[test]
fn documents_of_elasticsearch_begin_a_state() -> Result<()> {
    begins_a_state("elasticsearch")
}

#[test]
fn documents_of_opensearch_begin_a_state() -> Result<()> {
    begins_a_state("opensearch")
}

fn begins_a_state(name: &str) -> Result<()> {
    let Some(server) = Server::start(name, &[])? else { return Ok(()) };
    let result = seed_and_judge(&server.url);
    server.end(result)
}

fn seed_and_judge(url: &str) -> Result<()> {
    let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
    let ask = |method: &str, path: &str, body: String| -> Result<Value> {
        let request = Request::builder().method(method).uri(format!("{url}{path}"));
        let mut answer = agent.run(request.header("content-type", "application/json").body(body)?)?;
        let text = answer.body_mut().read_to_string()?;
        ensure!(answer.status().is_success(), "{method} {path}: {text}");
        Ok(serde_json::from_str(&text)?)
    };
    // Behind a data stream, and in two indices with a time of another type, and none.
    let mapping = |time: &str| json!({ "mappings": { "properties": { "@timestamp": { "type": time } } } });
    let template = json!({ "index_patterns": ["logs-endpoint.*"], "data_stream": {}, "priority": 500,
        "template": mapping("date") });
    ask("PUT", "/_index_template/endpoint", template.to_string())?;
    ask("PUT", "/logs-nanos", mapping("date_nanos").to_string())?;
    ask("PUT", "/logs-timeless", json!({ "mappings": { "dynamic": false } }).to_string())?;
    let mut body = String::new();
    let mut documents = 0;
    for minute in 0..MINUTES {
        let at = format!("2026-11-24T11:{minute:02}:00.000Z");
        for number in 0..OF_A_MINUTE {
            let target = if number % 2 == 0 { "logs-nanos" } else { "logs-endpoint.events.process-default" };
            documents += 1;
            let parent = format!("/usr/bin/parent-{minute}-{number}");
            body.push_str(&format!("{}\n{}\n", json!({ "create": { "_index": target } }), install(&parent, &at)));
        }
    }
    let stored = ask("POST", "/_bulk?refresh=true", body)?;
    ensure!(stored.get("errors") == Some(&json!(false)), "{stored}");
    // What is no strict JSON, over several lines, before all others, so that pages end
    // between two of the same place; and what has no time.
    let target = "/logs-endpoint.events.process-default/_doc?refresh=true";
    let lenient = install("/usr/bin/lenient", "2026-11-24T10:59:00.000Z").replacen('{', "{/* so */\n", 1);
    ask("POST", target, lenient)?;
    ask("POST", "/logs-timeless/_doc?refresh=true", json!({ "process": { "name": "dpkg" } }).to_string())?;
    documents += 1;

    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    // The built-in rule looks at some of the indices only.
    let rule = scratch.path().join("rule.ndjson");
    fs::write(&rule, json!({
        "rule_id": "parents", "name": "parents", "description": "d", "type": "new_terms", "language": "kuery",
        "query": "process.name : dpkg", "new_terms_fields": ["process.parent.executable"], "from": "now-9m",
        "history_window_start": "now-5d", "severity": "low", "risk_score": 1, "index": ["logs-endpoint.*", "logs-nanos"],
    }).to_string())?;
    let seed = |url: String| -> Result<String> {
        let seed = Firstseen::new("state")?.args(["seed", "--now", NOW, "--from", &url, "--rules"]).arg(&rule);
        Ok(seed.arg(&path).run(b"")?.expect_code(0)?.text()?.to_owned())
    };
    let said = seed(format!("{url}/logs-*"))?;
    println!("{said}");
    let wanted = format!("{documents} sightings in {documents} events recorded, {documents} terms were not known\n");
    ensure!(said.ends_with(&wanted), "{said}");
    let again = seed(format!("{url}/logs-*,-logs-nanos"))?;
    ensure!(again.contains("0 terms were not known"), "{again}");

    let contexts = ask("GET", "/_nodes/stats/indices/search", String::new())?;
    let nodes = contexts.get("nodes").and_then(Value::as_object).context("no nodes")?;
    let open = nodes.values().filter_map(|node| node.pointer("/indices/search/open_contexts")?.as_u64()).sum::<u64>();
    ensure!(open == 0, "{open} contexts are left open");

    let known =
        (0..MINUTES).map(|minute| install(&format!("/usr/bin/parent-{minute}-699"), "2026-11-24T11:59:00.000Z"));
    let new = install("/usr/bin/new", "2026-11-24T11:59:00.000Z");
    let filter = Firstseen::filter()?.args(["--only-alerts", "--clock", "event", "--rules"]).arg(&rule);
    let ran = filter.arg("--state").arg(&path).run(&lines(known.chain([new])))?.expect_code(0)?;
    ensure!(ran.count("alerts")? == 1, "{}", ran.text()?);
    Ok(())
}
