//! A node of Elasticsearch that `tests/servers` has put together.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use firstseen_tests::proxy::request;
use firstseen_tests::repository;
use firstseen_tests::running::Running;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How the line begins that it writes once it answers.
const READY: &str = "READY http://";

/// One that is running. Dropping it kills it.
pub(crate) struct Elasticsearch {
    running: Running,
    /// Data and logs.
    _home: TempDir,
    pub(crate) address: SocketAddr,
    /// Its name and version.
    pub(crate) version: String,
}

impl Elasticsearch {
    /// Starts an empty one, and tells it that it need not index fields: what the ratio is
    /// measured with would otherwise be its mappings.
    pub(crate) fn start(built: &Path, scratch: &Path) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("elasticsearch").tempdir_in(scratch)?;
        let mut command = Command::new("sh");
        command.arg(repository("tests/servers/elasticsearch/start.sh")).arg(built).arg(home.path()).arg("0");
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let running = Running::new(child);
        let said = running.wait_for_stdout(|said| said.starts_with(READY.as_bytes()) && said.ends_with(b"\n"))?;
        let address = String::from_utf8(said)?.trim_start_matches(READY).trim_end().parse()?;
        let mut node = Self { running, _home: home, address, version: String::new() };
        let nodes = node.ask("GET", "/_nodes/_local", "")?;
        let mut nodes = nodes.get("nodes").and_then(Value::as_object).into_iter().flatten();
        let version = nodes.next().and_then(|(_, node)| node.get("version")?.as_str());
        node.version = format!("Elasticsearch {}", version.context("a node without a version")?);
        let template = json!({
            "index_patterns": ["logs-*"],
            "template": {
                "settings": {"number_of_replicas": 0},
                "mappings": {"dynamic": false, "properties": {"@timestamp": {"type": "date"}}},
            },
        });
        node.ask("PUT", "/_index_template/logs", &template.to_string())?;
        Ok(node)
    }

    /// Forgets what was indexed, and answers with how many documents that was.
    pub(crate) fn empty(&self) -> Result<u64> {
        self.ask("POST", "/logs-*/_refresh", "")?;
        let count = self.ask("GET", "/logs-*/_count", "")?;
        let indices = self.ask("GET", "/_resolve/index/logs-*", "")?;
        for index in indices.get("indices").and_then(Value::as_array).into_iter().flatten() {
            let name = index.get("name").and_then(Value::as_str).context("an index without a name")?;
            self.ask("DELETE", &format!("/{name}"), "")?;
        }
        count.get("count").and_then(Value::as_u64).with_context(|| format!("no count: {count}"))
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value> {
        let headers = [("content-type", "application/json")];
        let answer = request(&self.address.to_string(), method, path, &headers, body.as_bytes())?;
        ensure!(answer.status < 300, "{method} {path}: {}: {}", answer.status, answer.text()?);
        answer.json()
    }

    /// Ends it as it wants to be ended.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.running.signal("TERM")?;
        self.running.wait().map(drop)
    }
}
