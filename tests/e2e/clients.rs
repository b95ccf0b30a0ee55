//! Real clients send the corpus' endpoint events through the proxy: what the cluster
//! has then, and what alerts there are.
//!
//! `make test-e2e` runs one client a language, `make test-e2e-full` all of them, with
//! several workers too (`FIRSTSEEN_CLIENTS=all`).

mod client;
mod expected;
mod stored;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use firstseen_tests::events::files_of_events;
use firstseen_tests::needs::corpus;
use firstseen_tests::proxy::Proxy;
use firstseen_tests::running::wait_for;
use serde_json::json;

use crate::elasticsearch::Elasticsearch;
use crate::server::Server;
use client::{Client, Ids, Kept, Order};
use expected::{Alert, expected};
use stored::{delete, documents};

/// Where the proxy stores alerts by itself, and the index behind it.
const ALERTS: &str = "firstseen-alerts-default";
const ALERTS_INDEX: &str = "firstseen-alerts-default-000001";

/// The events of the corpus that are an endpoint's, or like them.
const EVENTS: [&str; 2] = ["events/endpoint", "events/geneve"];

#[test]
fn what_clients_bring_to_elasticsearch_is_judged_as_by_the_filter() -> Result<()> {
    all_in_front_of("elasticsearch", client::OF_ELASTICSEARCH)
}

#[test]
fn what_clients_bring_to_opensearch_is_judged_as_by_the_filter() -> Result<()> {
    all_in_front_of("opensearch", client::OF_OPENSEARCH)
}

/// Runs each client in front of one server, to its end, whatever became of the others.
fn all_in_front_of(name: &str, clients: &[Client]) -> Result<()> {
    let Some(rules) = corpus("elastic")? else { return Ok(()) };
    let mut sources = Vec::new();
    for folder in EVENTS {
        let Some(folder) = corpus(folder)? else { return Ok(()) };
        for file in files_of_events(&folder)? {
            sources.extend(std::fs::read_to_string(file)?.lines().map(str::to_owned));
        }
    }
    let Some(server) = Server::start(name, &[])? else { return Ok(()) };
    let node = Elasticsearch::new(&server.url);
    let all = std::env::var_os("FIRSTSEEN_CLIENTS").is_some_and(|chosen| chosen == "all");
    let run = || {
        // The sources differ too much for one mapping, which would refuse some of them.
        let template = json!({ "mappings": { "dynamic": false } });
        node.put("/_index_template/events", &json!({ "index_patterns": ["logs-*"], "template": template }))?;
        let mut failed = Vec::new();
        for client in clients.iter().filter(|client| all || client.always) {
            let began = Instant::now();
            match one(&node, client, &rules, &sources) {
                Ok(Some(alerts)) => println!(
                    "{name}, {client}: {} documents, {alerts} alerts, {:.1} s",
                    sources.len(),
                    began.elapsed().as_secs_f64()
                ),
                Ok(None) => {}
                Err(error) => failed.push(format!("{client}: {error:#}")),
            }
        }
        if !failed.is_empty() {
            bail!("in front of {name}: {}", failed.join("\n"));
        }
        Ok(())
    };
    server.end(run())
}

/// Sends the sources with a client through a proxy with a new state. Answers how many
/// alerts there are; `None` where the client is missing.
fn one(node: &Elasticsearch, client: &Client, rules: &Path, sources: &[String]) -> Result<Option<usize>> {
    let Some(built) = client.built()? else { return Ok(None) };
    let scratch = tempfile::tempdir()?;
    let rules = rules.to_str().context("no text")?;
    let target = client.target();
    delete(node, ALERTS_INDEX)?;
    let proxy = Proxy::start(node.url(), &scratch.path().join("state"), &["--rules", rules])?;
    let file = scratch.path().join("sources.ndjson");
    std::fs::write(&file, sources.join("\n") + "\n")?;
    let told = client.send(&built, &format!("http://{}", proxy.address), &target, &file)?;
    ensure!((told.accepted, told.refused) == (sources.len(), 0), "of {} documents {told:?}", sources.len());

    let documents = documents(node, &target)?;
    let came: Vec<String> = documents.iter().map(|document| document.source.get().to_owned()).collect();
    same_sources(client, sources, &came)?;
    // Where a client writes sources anew, what it wrote is what the proxy has seen.
    let in_order = if client.kept == Kept::Bytes { sources } else { &came };
    let expected = expected(rules, &target, in_order)?;

    wait_for(|| Ok(stored::count(node, ALERTS)? >= expected.len())).context("not all alerts came")?;
    proxy.stop()?.expect_code(0)?;
    let mut raised = Vec::new();
    for alert in stored::documents(node, ALERTS)? {
        raised.push(Alert::of_stored(node, &alert, client.ids)?);
    }
    same_alerts(client, expected, raised).map(Some)
}

/// Makes sure that what was stored is what was sent.
fn same_sources(client: &Client, sent: &[String], stored: &[String]) -> Result<()> {
    ensure!(sent.len() == stored.len(), "{} documents of {} are stored", stored.len(), sent.len());
    let comparable = |sources: &[String]| -> Result<Vec<String>> {
        let mut sources = sources.iter().map(|source| client.kept.comparable(source)).collect::<Result<Vec<_>>>()?;
        if client.order == Order::Any {
            sources.sort();
        }
        Ok(sources)
    };
    let (sent, stored) = (comparable(sent)?, comparable(stored)?);
    match sent.iter().zip(&stored).find(|(sent, stored)| sent != stored) {
        None => Ok(()),
        Some((sent, stored)) => bail!("sent: {sent}\nstored: {stored}"),
    }
}

/// Makes sure that the alerts are those that were expected. Answers how many they are.
fn same_alerts(client: &Client, expected: Vec<Alert>, raised: Vec<Alert>) -> Result<usize> {
    ensure!(!expected.is_empty(), "no alert is expected");
    ensure!(expected.len() == raised.len(), "{} alerts instead of {}", raised.len(), expected.len());
    ensure!(pairs(&expected) == pairs(&raised) || client.ids == Ids::OfClient, "other pairs of rule and term");
    let count = raised.len();
    let mut raised: BTreeMap<_, _> = raised.into_iter().map(|alert| (alert.key(client.ids), alert)).collect();
    ensure!(raised.len() == count, "alerts came twice");
    for expected in expected {
        let key = expected.key(client.ids);
        let Some(raised) = raised.remove(&key) else {
            // Which event brings a term first is chance then.
            ensure!(client.order == Order::Any, "there is no alert {key:?}");
            continue;
        };
        let (own, other) = (raised.document(client.ids)?, expected.document(client.ids)?);
        ensure!(own == other, "raised: {own}\nexpected: {other}");
        // Without a link there is the digest, which has been compared.
        let links = client.ids == Ids::Unknown || raised.source == expected.source;
        ensure!(links, "the alert {key:?} links to another event");
    }
    Ok(count)
}

/// How often each rule alerted on each term, or event, as its rule is.
fn pairs(alerts: &[Alert]) -> BTreeMap<(String, String), usize> {
    let mut pairs = BTreeMap::new();
    for alert in alerts {
        *pairs.entry(alert.pair()).or_default() += 1;
    }
    pairs
}
