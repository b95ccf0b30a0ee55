//! `firstseen serve` in front of a cluster that keeps what it is sent, and fails as it is
//! told to.

mod admin;
mod assigning;
mod detecting;
mod failing;
mod faults;
mod kills;
mod limits;
mod mutated;
mod passing;
mod stored;
mod tls;
mod upkeep;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use firstseen_tests::cluster::{Act, Cluster, Document};
use firstseen_tests::events;
use firstseen_tests::proxy::Proxy;
use firstseen_tests::running::wait_for;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where alerts go by default.
const ALERTS: &str = "firstseen-alerts-default";

/// An index that the built-in rule looks at.
const INDEX: &str = "logs-endpoint.events.a";

/// A folder, a cluster, and a proxy in front of it.
struct Site {
    folder: TempDir,
    cluster: Cluster,
    proxy: Proxy,
}

impl Site {
    /// A cluster that answers.
    fn new(arguments: &[&str]) -> Result<Self> {
        Self::with(|| Act::Answer, arguments)
    }

    /// A cluster that does what it is told with each bulk of documents.
    fn with(act: impl Fn() -> Act + Send + Sync + 'static, arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let cluster = Cluster::start(move |_| act())?;
        let proxy = Proxy::start(&cluster.url(), &folder.path().join("state"), arguments)?;
        Ok(Self { folder, cluster, proxy })
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Waits until so many alerts are stored.
    fn wait_for_alerts(&self, count: usize) -> Result<Vec<Document>> {
        wait_for(|| Ok(self.cluster.documents(ALERTS).len() >= count))?;
        let alerts = self.cluster.documents(ALERTS);
        ensure!(alerts.len() == count, "{} alerts instead of {count}", alerts.len());
        Ok(alerts)
    }
}

/// A bulk of `create` actions.
fn bulk<T: AsRef<str>>(sources: impl IntoIterator<Item = T>) -> Vec<u8> {
    let lines = sources.into_iter().flat_map(|source| ["{\"create\":{}}".to_owned(), source.as_ref().to_owned()]);
    events::lines(lines)
}

/// An install by a parent that no other has.
fn install(number: usize) -> String {
    events::install(&format!("/usr/bin/parent-{number}"), "2026-11-24T12:00:00.000Z")
}

/// What an alert says of its event: `_index` and `_id`.
fn ancestor(alert: &Document) -> Result<(Option<String>, String)> {
    let alert: Value = serde_json::from_str(&alert.source)?;
    let ancestor = alert.pointer("/kibana.alert.ancestors/0").context("no ancestor")?;
    let text = |name: &str| ancestor.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok((text("index"), text("id").unwrap_or_default()))
}

/// The parent that an alert is about.
fn parent(alert: &Document) -> Result<String> {
    let alert: Value = serde_json::from_str(&alert.source)?;
    let term = alert.pointer("/kibana.alert.new_terms/0").and_then(Value::as_str);
    Ok(term.unwrap_or_default().to_owned())
}

fn action(verb: &str, metadata: Value) -> String {
    json!({ verb: metadata }).to_string()
}

/// A file with a rule that alerts on every new parent. The built-in rule raises at most
/// 100 alerts in five minutes.
fn parents_rule(folder: &Path) -> Result<String> {
    let rule = json!({
        "rule_id": "parents", "name": "parents", "description": "d", "type": "new_terms", "language": "kuery",
        "query": "process.name : dpkg", "new_terms_fields": ["process.parent.executable"],
        "history_window_start": "now-5d", "severity": "low", "risk_score": 1, "index": ["*"], "from": "now-9m",
        "interval": "5m", "version": 1, "max_signals": 1_000_000, "timestamp_override": "event.ingested",
    });
    let path = folder.join("rules.ndjson");
    fs::write(&path, rule.to_string())?;
    Ok(path.to_str().context("no text")?.to_owned())
}
