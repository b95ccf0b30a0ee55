//! The corpus through one node and through two: what is stored, and what alerts there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use firstseen_tests::elasticsearch::Elasticsearch;
use firstseen_tests::events::{files_of_events, install, lines};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::corpus;
use serde_json::{Value, json};

use super::cluster::{Cluster, Node};
use super::documents::{ALERTS, EVENTS, STATE, all, pipeline, send, tags, template, text};

/// How many events are sent, and how many in one request.
const EVENTS_MAX: usize = 10_000;
const BULK_EVENTS: usize = 1_000;

/// What of the corpus is sent.
const FOLDERS: [&str; 4] = ["events/endpoint", "events/geneve", "events/enriched", "events/synthetic"];

/// Rules as JSON, with quotas that these events do not use up, and events, each once.
struct Load {
    rules: String,
    events: Vec<String>,
}

fn load() -> Result<Option<Load>> {
    let Some(folder) = corpus("elastic")? else { return Ok(None) };
    let listed = Firstseen::new("rules")?.args(["--format", "json"]).arg(folder).run(b"")?.expect_code(0)?;
    let mut rules = String::new();
    for line in listed.text()?.lines() {
        let mut rule: Value = serde_json::from_str(line)?;
        let members = rule.as_object_mut().context("a rule is no object")?;
        members.insert("max_signals".to_owned(), json!(1000));
        rules.push_str(&format!("{rule}\n"));
    }
    let mut seen = BTreeSet::new();
    let mut events = Vec::new();
    for folder in FOLDERS {
        let Some(folder) = corpus(folder)? else { return Ok(None) };
        for file in files_of_events(&folder)? {
            for line in std::fs::read_to_string(file)?.lines() {
                if events.len() < EVENTS_MAX && seen.insert(line.to_owned()) {
                    events.push(line.to_owned());
                }
            }
        }
    }
    Ok(Some(Load { rules, events }))
}

/// What alerts there must be: how often each rule alerts on a term, or on an event, by its
/// place; from the filter.
fn expected(load: &Load, scratch: &Path) -> Result<BTreeMap<(String, String), usize>> {
    let rules = scratch.join("rules.ndjson");
    std::fs::write(&rules, &load.rules)?;
    let filter = Firstseen::new("filter")?.args(["--learn", "0s", "--index", EVENTS, "--rules"]).arg(rules);
    let ran = filter.run(&lines(&load.events))?.expect_code(0)?;
    // Each event comes out as it went in, and right behind it the alerts on it.
    let mut events = load.events.iter().enumerate().peekable();
    let mut last = 0;
    let mut pairs = BTreeMap::new();
    for line in ran.text()?.lines() {
        if let Some((place, _)) = events.next_if(|(_, event)| *event == line) {
            last = place;
            continue;
        }
        *pairs.entry(pair(&serde_json::from_str(line)?, &id(last))?).or_default() += 1;
    }
    Ok(pairs)
}

/// A rule, and the term or the event that it alerts on.
fn pair(alert: &Value, event: &str) -> Result<(String, String)> {
    let what = alert.get("kibana.alert.new_terms").map_or_else(|| event.to_owned(), Value::to_string);
    Ok((text(alert, "kibana.alert.rule.rule_id")?, what))
}

fn id(place: usize) -> String {
    format!("event-{place}")
}

fn documents(events: &[String], from: usize) -> impl Iterator<Item = (String, &str)> {
    events.iter().enumerate().map(move |(place, event)| (id(from + place), event.as_str()))
}

/// Sends all events to nodes in turn, each request through a pipeline.
fn send_all(nodes: &[&Elasticsearch], target: &str, pipeline: &str, events: &[String]) -> Result<Duration> {
    let began = Instant::now();
    std::thread::scope(|scope| {
        let senders: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(number, node)| {
                scope.spawn(move || {
                    let chunks = events.chunks(BULK_EVENTS).enumerate().skip(number).step_by(nodes.len());
                    for (chunk, events) in chunks {
                        send(node, target, pipeline, documents(events, chunk * BULK_EVENTS))?;
                    }
                    Ok(())
                })
            })
            .collect();
        senders.into_iter().try_for_each(|sender| sender.join().map_err(|_| anyhow!("a sender panicked"))?)
    })
    .map(|()| began.elapsed())
}

/// Makes sure that all events are stored, and alerts are those expected, each named by its
/// event; answers their ids.
fn check(
    node: &Elasticsearch,
    events: &[String],
    expected: &BTreeMap<(String, String), usize>,
) -> Result<BTreeSet<String>> {
    let stored = all(node, EVENTS)?;
    ensure!(stored.len() == events.len(), "{} events of {} are stored", stored.len(), events.len());
    let alerts = all(node, ALERTS)?;
    let mut pairs = BTreeMap::new();
    let mut named = BTreeMap::<String, BTreeSet<String>>::new();
    for (id, alert) in &alerts {
        ensure!(&text(alert, "kibana.alert.uuid")? == id, "{alert} is stored as {id}");
        let event = alert.pointer("/kibana.alert.ancestors/0/id").and_then(Value::as_str).context("no event")?;
        *pairs.entry(pair(alert, event)?).or_default() += 1;
        named.entry(event.to_owned()).or_default().insert(id.clone());
    }
    if pairs != *expected {
        let missing: Vec<_> = expected.iter().filter(|(pair, count)| pairs.get(*pair) != Some(count)).take(5).collect();
        let more: Vec<_> = pairs.iter().filter(|(pair, count)| expected.get(*pair) != Some(count)).take(5).collect();
        bail!("{} alerts instead of {}; missing {missing:?}; instead {more:?}", pairs.len(), expected.len());
    }
    for (id, event) in &stored {
        ensure!(tags(event) == named.remove(id).unwrap_or_default(), "{id} names other alerts: {event}");
    }
    ensure!(named.is_empty(), "alerts about events that are not stored: {named:?}");
    Ok(alerts.into_keys().collect())
}

fn rules_in(node: &Node, rules: &str) -> Result<PathBuf> {
    let file = node.config("firstseen/rules")?.join("all.ndjson");
    std::fs::write(&file, rules)?;
    Ok(file)
}

fn through_one_node(server: &'static str) -> Result<()> {
    let Some(load) = load()? else { return Ok(()) };
    let Some(cluster) = Cluster::new(server)? else { return Ok(()) };
    let scratch = tempfile::tempdir()?;
    let expected = expected(&load, scratch.path())?;
    ensure!(expected.len() > 300, "{} alerts", expected.len());
    let mut node = cluster.node("one")?;
    rules_in(&node, &load.rules)?;
    node.start(&[])?;
    template(&node.api)?;
    pipeline(&node.api, "detect", &json!({}))?;
    node.api.put("/_ingest/pipeline/nothing", &json!({ "processors": [] }))?;
    send_all(&[&node.api], EVENTS, "detect", &load.events)?;
    let alerts = check(&node.api, &load.events, &expected)?;
    // The same again, to make sure, and for what it costs.
    let mut with = Duration::MAX;
    let mut without = Duration::MAX;
    for _ in 0..2 {
        without = without.min(send_all(&[&node.api], "logs-other-default", "nothing", &load.events)?);
        with = with.min(send_all(&[&node.api], EVENTS, "detect", &load.events)?);
    }
    ensure!(check(&node.api, &load.events, &expected)? == alerts, "other alerts when events come again");
    println!(
        "{server}: {} events, {} alerts; all rules: {:.2} s, without the processor {:.2} s",
        load.events.len(),
        alerts.len(),
        with.as_secs_f64(),
        without.as_secs_f64()
    );
    simulated(&node.api)?;
    node.end()?;
    Ok(())
}

/// A simulation says what would be, and leaves nothing.
fn simulated(node: &Elasticsearch) -> Result<()> {
    let before = (all(node, ALERTS)?.len(), all(node, STATE)?);
    let event = install("/opt/never-seen", "2026-11-24T12:00:00.000Z");
    let body = format!(r#"{{"docs":[{{"_index":"{EVENTS}","_id":"simulated","_source":{event}}}]}}"#);
    let answer = node.ask("POST", "/_ingest/pipeline/detect/_simulate", body)?;
    let document = answer.pointer("/docs/0/doc/_source").with_context(|| answer.to_string())?;
    ensure!(!tags(document).is_empty(), "{answer}");
    ensure!((all(node, ALERTS)?.len(), all(node, STATE)?) == before, "a simulation leaves something");
    Ok(())
}

fn through_two_nodes(server: &'static str) -> Result<()> {
    let Some(load) = load()? else { return Ok(()) };
    let Some(cluster) = Cluster::new(server)? else { return Ok(()) };
    let scratch = tempfile::tempdir()?;
    let expected = expected(&load, scratch.path())?;
    let mut one = cluster.node("one")?;
    let mut two = cluster.node("two")?;
    for node in [&one, &two] {
        rules_in(node, &load.rules)?;
    }
    let first = if server == "elasticsearch" {
        "cluster.initial_master_nodes"
    } else {
        "cluster.initial_cluster_manager_nodes"
    };
    let settings = |more: String| vec!["discovery.type=".to_owned() + kind(server), more];
    one.start(&settings(format!("{first}=one")))?;
    two.start(&settings(format!("discovery.seed_hosts={}", one.transport()?)))?;
    template(&one.api)?;
    pipeline(&one.api, "detect", &json!({}))?;
    let health = one.api.ask("GET", "/_cluster/health?wait_for_nodes=2", String::new())?;
    ensure!(health.get("number_of_nodes") == Some(&json!(2)), "{health}");
    for round in 0..2 {
        let took = send_all(&[&one.api, &two.api], EVENTS, "detect", &load.events)?;
        let alerts = check_pairs(&one.api, &load.events, &expected)?;
        println!("{server}, two nodes, round {round}: {alerts} alerts, {:.2} s", took.as_secs_f64());
    }
    two.end()?;
    one.end()?;
    Ok(())
}

/// The discovery type of a cluster of several nodes.
fn kind(server: &str) -> &'static str {
    if server == "elasticsearch" { "multi-node" } else { "zen" }
}

/// The same as [`check`] where it is chance which event brings a term first.
fn check_pairs(node: &Elasticsearch, events: &[String], expected: &BTreeMap<(String, String), usize>) -> Result<usize> {
    let alerts = all(node, ALERTS)?;
    let mut pairs = BTreeMap::new();
    for alert in alerts.values() {
        let event = alert.pointer("/kibana.alert.ancestors/0/id").and_then(Value::as_str).context("no event")?;
        *pairs.entry(pair(alert, event)?).or_default() += 1;
    }
    ensure!(pairs == *expected, "{} alerts instead of {}", pairs.len(), expected.len());
    let stored = all(node, EVENTS)?;
    ensure!(stored.len() == events.len(), "{} events of {} are stored", stored.len(), events.len());
    let named: BTreeSet<String> = stored.values().flat_map(tags).collect();
    ensure!(named == alerts.keys().cloned().collect(), "events name other alerts than there are");
    Ok(alerts.len())
}

#[test]
fn elasticsearch_stores_what_the_filter_raises() -> Result<()> {
    through_one_node("elasticsearch")
}

#[test]
fn opensearch_stores_what_the_filter_raises() -> Result<()> {
    through_one_node("opensearch")
}

#[test]
fn two_nodes_of_elasticsearch_raise_each_alert_once() -> Result<()> {
    through_two_nodes("elasticsearch")
}

#[test]
fn two_nodes_of_opensearch_raise_each_alert_once() -> Result<()> {
    through_two_nodes("opensearch")
}
