//! A cluster that fails in every way: nothing is lost, nothing comes twice, and the
//! client sees an answer that it can act on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use firstseen_tests::cluster::{Act, Cluster};
use firstseen_tests::proxy::Proxy;
use firstseen_tests::rng::{Rng, mixed};
use firstseen_tests::running::wait_for;
use serde_json::Value;

use super::{ALERTS, INDEX, ancestor, bulk, install, parents_rule};

/// How many faults are injected, by default.
const FAULTS: usize = 60;

const ACTS: [Act; 10] = [
    Act::Answer,
    Act::Status(429),
    Act::Status(503),
    Act::Status(413),
    Act::Items(429),
    Act::BreakOff { stores: true },
    Act::BreakOff { stores: false },
    Act::Half,
    Act::AfterHead,
    Act::Drip,
];

/// Sends a body until all of it is stored, as clients do: what was refused for now is
/// sent again. Every answer must be one that a client can act on.
fn send(proxy: &Proxy, parents: &[usize], sent: &mut usize) -> Result<()> {
    let mut left: Vec<usize> = parents.to_vec();
    for _ in 0..200 {
        *sent += 1;
        let answer = proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk(left.iter().map(|number| install(*number))))?;
        match answer.status {
            200 => {
                let json = answer.json()?;
                let items = json.pointer("/items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                ensure!(items.len() == left.len(), "{} items to {} documents", items.len(), left.len());
                let is_stored = |item: &Value| item.pointer("/create/status").is_some_and(|status| status == 201);
                left = left.iter().zip(items).filter(|(_, item)| !is_stored(item)).map(|(number, _)| *number).collect();
                if left.is_empty() {
                    return Ok(());
                }
            }
            413 | 429 | 502 | 503 | 504 => {}
            status => anyhow::bail!("status {status}: {}", String::from_utf8_lossy(&answer.body)),
        }
    }
    anyhow::bail!("it was refused 200 times")
}

fn survive(mode: &str) -> Result<()> {
    let faults = match std::env::var("FIRSTSEEN_FAULTS") {
        Ok(text) => text.parse()?,
        Err(_) => FAULTS,
    };
    let (seed, calls) = (0x5eed, Arc::new(AtomicU64::new(0)));
    println!("seed {seed}");
    let (is_over, counter) = (Arc::new(AtomicBool::new(false)), Arc::clone(&calls));
    let over = Arc::clone(&is_over);
    let cluster = Cluster::start(move |_| {
        let call = counter.fetch_add(1, Ordering::Relaxed);
        let act = ACTS.get((mixed(seed + call) % ACTS.len() as u64) as usize).copied();
        if over.load(Ordering::Relaxed) { Act::Answer } else { act.unwrap_or(Act::Answer) }
    })?;
    let folder = tempfile::tempdir()?;
    let arguments = ["--on-detection-error", mode, "--rules", &parents_rule(folder.path())?];
    let proxy = Proxy::start(&cluster.url(), &folder.path().join("state"), &arguments)?;
    let (mut rng, mut next, mut sent) = (Rng(seed), 0, 0);
    while sent < faults {
        let parents: Vec<usize> = (next..next + 1 + rng.place(5)).collect();
        next += parents.len();
        send(&proxy, &parents, &mut sent)?;
    }
    is_over.store(true, Ordering::Relaxed);
    wait_for(|| Ok(cluster.documents(ALERTS).len() >= next))?;
    proxy.stop()?.expect_code(0)?;

    println!("{sent} requests, {next} documents");
    // Every document is there, and every alert once.
    let documents = cluster.documents(INDEX);
    let sources: BTreeSet<&str> = documents.iter().map(|document| document.source.as_str()).collect();
    for number in 0..next {
        ensure!(sources.contains(&*install(number)), "document {number} is lost");
    }
    let alerts = cluster.documents(ALERTS);
    let ids: BTreeSet<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    ensure!((alerts.len(), ids.len()) == (next, next), "{} alerts, {} ids, of {next}", alerts.len(), ids.len());
    let stored: BTreeSet<&str> = documents.iter().map(|document| document.id.as_str()).collect();
    for alert in &alerts {
        let (index, id) = ancestor(alert)?;
        ensure!(index.is_none() || stored.contains(&*id), "an alert names a document that is not there");
    }
    Ok(())
}

#[test]
fn faults_lose_nothing_while_documents_pass() -> Result<()> {
    survive("pass")
}

#[test]
fn faults_lose_nothing_while_nothing_passes_unjudged() -> Result<()> {
    survive("refuse")
}

#[test]
fn an_alert_waits_for_the_clients_next_try() -> Result<()> {
    let fails = Arc::new(AtomicBool::new(true));
    let failing = Arc::clone(&fails);
    let act = move || if failing.load(Ordering::Relaxed) { Act::Status(503) } else { Act::Answer };
    let site = super::Site::with(act, &[])?;
    let body = bulk([install(1)]);
    assert_eq!(site.proxy.bulk("/logs-endpoint.events.a/_bulk", &body)?.status, 503);
    std::thread::sleep(Duration::from_millis(300));
    assert!(site.cluster.documents(ALERTS).is_empty());
    fails.store(false, Ordering::Relaxed);
    assert_eq!(site.proxy.bulk("/logs-endpoint.events.a/_bulk", &body)?.status, 200);
    let alerts = site.wait_for_alerts(1)?;
    assert_eq!(
        ancestor(&alerts[0])?,
        (Some("logs-endpoint.events.a-000001".to_owned()), site.cluster.documents(INDEX)[0].id.clone())
    );
    Ok(())
}
