//! `kill -9` of the proxy and of the cluster under load: what a client was told is stored is there, and every
//! alert comes, once.
//!
//! `FIRSTSEEN_KILLS` says how often (12).

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use firstseen_tests::cluster::{Cluster, Document};
use firstseen_tests::proxy::{Proxy, request};
use firstseen_tests::rng::Rng;
use firstseen_tests::running::{Running, wait_for};

use super::{ALERTS, INDEX, bulk, install, parent, parents_rule};

/// Sends documents, each until it is stored, through whatever proxy there is.
fn client(first: usize, address: &Mutex<String>, is_over: &AtomicBool) -> Vec<usize> {
    let mut acknowledged = Vec::new();
    let mut next = first;
    while !is_over.load(Ordering::Relaxed) {
        let numbers: Vec<usize> = (next..next + 3).collect();
        let body = bulk(numbers.iter().map(|number| install(*number)));
        loop {
            let to = address.lock().map(|address| address.clone()).unwrap_or_default();
            match request(&to, "POST", "/logs-endpoint.events.a/_bulk", &[("content-type", "application/json")], &body)
            {
                Ok(answer) if answer.status == 200 => break,
                _ if is_over.load(Ordering::Relaxed) => return acknowledged,
                _ => thread::sleep(Duration::from_millis(5)),
            }
        }
        acknowledged.extend(numbers);
        next += 3;
    }
    acknowledged
}

/// A cluster in a process of its own, which can be killed.
struct Killable {
    address: String,
    file: PathBuf,
    process: Option<Running>,
}

impl Killable {
    fn start(folder: &Path) -> Result<Self> {
        // Another one takes the same port later.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut cluster = Self { address, file: folder.join("cluster.ndjson"), process: None };
        cluster.begin()?;
        Ok(cluster)
    }

    fn begin(&mut self) -> Result<()> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stand-in-cluster"));
        command.arg(&self.address).arg(&self.file);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let process = Running::new(child);
        process.wait_for_stdout(|said| said.starts_with(b"READY "))?;
        self.process = Some(process);
        Ok(())
    }

    /// Kills it, and starts another one with what it kept.
    fn kill(&mut self) -> Result<()> {
        self.process.take().context("it is not there")?.kill()?;
        self.begin()
    }

    /// Kills it, and reads what it kept of an index.
    fn kept(mut self) -> Result<impl Fn(&str) -> Vec<Document>> {
        self.process.take().context("it is not there")?.kill()?;
        let cluster = Cluster::over("127.0.0.1:0", &self.file)?;
        Ok(move |index: &str| cluster.documents(index))
    }
}

fn survive(mode: &str, seed: u64) -> Result<()> {
    let kills: usize = match std::env::var("FIRSTSEEN_KILLS") {
        Ok(text) => text.parse().with_context(|| format!("FIRSTSEEN_KILLS={text}"))?,
        Err(_) => 12,
    };
    println!("seed {seed}");
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("state");
    let mut cluster = Killable::start(folder.path())?;
    let url = format!("http://{}", cluster.address);
    let rules = parents_rule(folder.path())?;
    let start = || Proxy::start(&url, &state, &["--on-detection-error", mode, "--rules", &rules]);
    let mut proxy = start()?;
    let address = Arc::new(Mutex::new(proxy.address.clone()));
    let is_over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..3)
        .map(|place| {
            let (address, is_over) = (Arc::clone(&address), Arc::clone(&is_over));
            thread::spawn(move || client(place * 1_000_000, &address, &is_over))
        })
        .collect();
    let mut rng = Rng(seed);
    for _ in 0..kills {
        thread::sleep(Duration::from_millis(20 + rng.below(400)));
        if rng.below(3) == 0 {
            cluster.kill()?;
            continue;
        }
        proxy.kill()?;
        proxy = start()?;
        if let Ok(mut address) = address.lock() {
            address.clone_from(&proxy.address);
        }
    }
    thread::sleep(Duration::from_millis(200));
    is_over.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    for client in clients {
        acknowledged.extend(client.join().map_err(|_| anyhow::anyhow!("a client failed"))?);
    }
    wait_for(|| Ok(proxy.metric("firstseen_outbox_alerts")? == Some(0.0)))?;
    proxy.stop()?.expect_code(0)?;
    let kept = cluster.kept()?;
    let documents: BTreeSet<String> = kept(INDEX).into_iter().map(|document| document.source).collect();
    for number in &acknowledged {
        ensure!(documents.contains(&install(*number)), "document {number} is lost");
    }
    // What was stored without an answer may have its alert, too.
    let wanted: BTreeSet<String> = acknowledged.iter().map(|number| format!("/usr/bin/parent-{number}")).collect();
    let alerts = kept(ALERTS);
    let ids: BTreeSet<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    ensure!(ids.len() == alerts.len(), "an alert came twice");
    let parents: BTreeSet<String> = alerts.iter().map(parent).collect::<Result<_>>()?;
    let lost: Vec<&String> = wanted.difference(&parents).collect();
    ensure!(lost.is_empty(), "{} of {} alerts are lost: {lost:?}", lost.len(), wanted.len());
    println!("{} documents acknowledged, {} alerts", acknowledged.len(), alerts.len());
    ensure!(!acknowledged.is_empty(), "nothing was sent");
    Ok(())
}

#[test]
fn kills_lose_nothing_while_documents_pass() -> Result<()> {
    survive("pass", 11)
}

#[test]
fn kills_lose_nothing_while_nothing_passes_unjudged() -> Result<()> {
    survive("refuse", 12)
}
