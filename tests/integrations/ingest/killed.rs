//! Nodes that are killed while they index: nothing is lost, and each alert is there once.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use firstseen_tests::elasticsearch::Elasticsearch;
use firstseen_tests::events::install;
use firstseen_tests::rng::Rng;
use serde_json::{Value, json};

use super::cluster::{Cluster, Node};
use super::documents::{ALERTS, EVENTS, all, pipeline, send, tags, template, text};

/// How many kills, if `FIRSTSEEN_INGEST_KILLS` does not say: each takes ten seconds.
const KILLS: u64 = 2;

/// How many events are sent between two kills, how many of them in a request, and how
/// many of them bring a new term.
const EVENTS_PER_KILL: usize = 400;
const BULK_EVENTS: usize = 50;
const TERM_EVERY: usize = 10;

/// More would go over what a rule may raise, and what a search gives.
const KILLS_MAX: u64 = 25;

/// Each parent process that installs a package, the first time.
const RULE: &str = r#"{"rule_id": "first-install", "name": "First Install", "description": "Invented.",
    "risk_score": 21, "severity": "low", "type": "new_terms", "language": "kuery", "query": "process.name: dpkg",
    "index": ["logs-*"], "from": "now-6m", "interval": "5m", "max_signals": 1000,
    "new_terms_fields": ["process.parent.executable"], "history_window_start": "now-5d"}"#;

fn kills() -> Result<u64> {
    let kills = std::env::var("FIRSTSEEN_INGEST_KILLS").map_or(Ok(KILLS), |number| number.parse())?;
    ensure!(kills <= KILLS_MAX, "FIRSTSEEN_INGEST_KILLS is over {KILLS_MAX}");
    Ok(kills)
}

fn term(place: usize) -> String {
    format!("/opt/installer-{}", place / TERM_EVERY)
}

fn start(node: &mut Node) -> Result<()> {
    node.start(&[])?;
    node.api.ask("GET", "/_cluster/health?wait_for_status=yellow", String::new())?;
    Ok(())
}

fn killed(server: &'static str, settings: &Value) -> Result<()> {
    let Some(cluster) = Cluster::new(server)? else { return Ok(()) };
    let mut node = cluster.node("one")?;
    std::fs::write(node.config("firstseen/rules")?.join("first.json"), RULE)?;
    start(&mut node)?;
    template(&node.api)?;
    pipeline(&node.api, "detect", settings)?;
    let mut rng = Rng(20);
    let mut events: Vec<String> = Vec::new();
    for kill in 0..kills()? {
        let from = events.len();
        events.extend((from..from + EVENTS_PER_KILL).map(|place| install(&term(place), "2026-11-24T12:00:00.000Z")));
        // Every third kill comes between the write of the state and that of the alert: there is
        // no way for alerts then.
        let between = kill % 3 == 1;
        if between {
            node.api.put(&format!("/{ALERTS}/_settings"), &json!({ "index.blocks.write": true }))?;
        }
        let mut acknowledged = BTreeSet::new();
        let Node { api, process, .. } = &mut node;
        thread::scope(|scope| {
            let sender = scope.spawn(|| {
                for start in (from..events.len()).step_by(BULK_EVENTS) {
                    if send_part(api, &events, start).is_err() {
                        break;
                    }
                    acknowledged.insert(start);
                }
            });
            thread::sleep(Duration::from_millis(rng.below(800)));
            process.take().context("it does not run")?.kill()?;
            sender.join().map_err(|_| anyhow!("the sender panicked"))
        })?;
        start(&mut node)?;
        if between {
            node.api.put(&format!("/{ALERTS}/_settings"), &json!({ "index.blocks.write": false }))?;
        }
        // Whoever got no answer sends again; where alerts could not be stored all of it.
        for start in (from..events.len()).step_by(BULK_EVENTS) {
            if between || !acknowledged.contains(&start) {
                send_part(&node.api, &events, start)?;
            }
        }
    }
    // All of it again raises nothing.
    for start in (0..events.len()).step_by(BULK_EVENTS) {
        send_part(&node.api, &events, start)?;
    }
    let alerts = all(&node.api, ALERTS)?;
    let mut terms = BTreeSet::new();
    for alert in alerts.values() {
        let new = alert.get("kibana.alert.new_terms").and_then(|terms| terms.get(0)?.as_str()).context("no term")?;
        ensure!(terms.insert(new.to_owned()), "{new} alerts twice");
        text(alert, "kibana.alert.uuid")?;
    }
    let expected: BTreeSet<String> = (0..events.len()).map(term).collect();
    ensure!(terms == expected, "{} terms alert instead of {}", terms.len(), expected.len());
    let stored = all(&node.api, EVENTS)?;
    ensure!(stored.len() == events.len(), "{} events of {} are stored", stored.len(), events.len());
    let named: BTreeSet<String> = stored.values().flat_map(tags).collect();
    ensure!(named == alerts.keys().cloned().collect(), "events name other alerts than there are");
    println!("{server}, {settings}: {} kills, {} events, {} alerts", kills()?, events.len(), alerts.len());
    node.end()?;
    Ok(())
}

fn send_part(node: &Elasticsearch, events: &[String], start: usize) -> Result<()> {
    let part = events.iter().enumerate().skip(start).take(BULK_EVENTS);
    send(node, EVENTS, "detect", part.map(|(place, event)| (format!("event-{place}"), event.as_str())))
}

#[test]
fn elasticsearch_raises_each_alert_once_whenever_it_is_killed() -> Result<()> {
    killed("elasticsearch", &json!({}))
}

#[test]
fn opensearch_raises_each_alert_once_whenever_it_is_killed() -> Result<()> {
    killed("opensearch", &json!({}))
}

#[test]
fn a_state_in_a_file_outlives_kills() -> Result<()> {
    killed("elasticsearch", &json!({ "state": "file" }))
}
