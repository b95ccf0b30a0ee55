//! The clients of `tests/clients`, and what is known of each.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use firstseen_tests::needs::built;
use firstseen_tests::repository;
use firstseen_tests::running::Running;
use serde::Deserialize;
use serde_json::Value;

/// A client, run in one way.
#[derive(Debug)]
pub(super) struct Client {
    /// The folder in `tests/clients`.
    name: &'static str,
    /// What its `run.sh` is told.
    mode: &'static str,
    /// Whether it is one of those that run always.
    pub(super) always: bool,
    pub(super) kept: Kept,
    pub(super) order: Order,
    pub(super) ids: Ids,
}

/// What a client leaves of a source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kept {
    /// Its bytes.
    Bytes,
    /// Its JSON, which is written anew.
    Values,
    /// The same, and all numbers are floating-point ones, as in JavaScript.
    Doubles,
}

/// The order in which a client sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// That of the file.
    Kept,
    /// Any: there are several workers.
    Any,
}

/// The `_id` of the documents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ids {
    /// The cluster gives it, and the client asks for it.
    OfCluster,
    /// The client gives it, and it goes into the alert's.
    OfClient,
    /// The cluster gives it, and the client does not ask: nobody behind the proxy
    /// learns it.
    Unknown,
}

/// What a client was told of the documents that it sent.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub(super) accepted: usize,
    pub(super) refused: usize,
}

pub(super) const OF_ELASTICSEARCH: &[Client] = &[
    Client::new("curl", "gzip").always(),
    Client::new("elasticsearch-py", "9-bulk").kept(Kept::Values).always(),
    Client::new("elasticsearch-py", "9-streaming").kept(Kept::Values),
    Client::new("elasticsearch-py", "9-parallel").kept(Kept::Values).workers(),
    Client::new("elasticsearch-py", "8-bulk").kept(Kept::Values),
    Client::new("elasticsearch-py", "8-streaming").kept(Kept::Values),
    Client::new("elasticsearch-py", "8-parallel").kept(Kept::Values).workers(),
    Client::new("elasticsearch-js", "1").kept(Kept::Doubles).always(),
    Client::new("elasticsearch-js", "4").kept(Kept::Doubles).workers(),
    Client::new("go-elasticsearch", "1").always(),
    Client::new("go-elasticsearch", "4").workers(),
    Client::new("go-docappender", "1").ids(Ids::Unknown),
    Client::new("go-docappender", "4").ids(Ids::Unknown).workers(),
    Client::new("go-docappender", "ids").ids(Ids::OfClient),
    Client::new("rsyslog", "1").always(),
    Client::new("rsyslog", "4").workers(),
    Client::new("syslog-ng", "1").always(),
    Client::new("syslog-ng", "4").workers(),
];

pub(super) const OF_OPENSEARCH: &[Client] = &[
    Client::new("curl", "gzip").always(),
    Client::new("opensearch-py", "bulk").kept(Kept::Values).always(),
    Client::new("opensearch-py", "streaming").kept(Kept::Values),
    Client::new("opensearch-py", "parallel").kept(Kept::Values).workers(),
];

impl Client {
    const fn new(name: &'static str, mode: &'static str) -> Self {
        Self { name, mode, always: false, kept: Kept::Bytes, order: Order::Kept, ids: Ids::OfCluster }
    }

    const fn always(self) -> Self {
        Self { always: true, ..self }
    }

    const fn kept(self, kept: Kept) -> Self {
        Self { kept, ..self }
    }

    const fn workers(self) -> Self {
        Self { order: Order::Any, ..self }
    }

    const fn ids(self, ids: Ids) -> Self {
        Self { ids, ..self }
    }

    /// The index that it writes to: one of its own, which the rules for endpoints look
    /// at.
    pub(super) fn target(&self) -> String {
        format!("logs-endpoint.events.process-{}-{}", self.name, self.mode)
    }

    /// Where it was put together. `None` where it was not.
    ///
    /// # Errors
    ///
    /// With `CI=true` when it is not there.
    pub(super) fn built(&self) -> Result<Option<PathBuf>> {
        built(&format!("clients/{}", self.name))
    }

    /// Has it send the lines of a file.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub(super) fn send(&self, built: &Path, url: &str, target: &str, file: &Path) -> Result<Told> {
        let run = repository("tests/clients").join(self.name).join("run.sh");
        let mut command = Command::new("sh");
        command.arg(run).arg(built).args([url, target]).arg(file).arg(self.mode);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let ran = Running::new(child).wait()?;
        ensure!(ran.status.success(), "it ended with {}: {}", ran.status, ran.stderr);
        let told = serde_json::from_slice(&ran.stdout);
        told.with_context(|| format!("it said {}; {}", String::from_utf8_lossy(&ran.stdout), ran.stderr))
    }
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.mode)
    }
}

impl Kept {
    /// A source in a form that is the same for all that a client may make of it.
    ///
    /// # Errors
    ///
    /// When it is no JSON.
    pub(super) fn comparable(self, source: &str) -> Result<String> {
        if self == Self::Bytes {
            return Ok(source.to_owned());
        }
        let mut source: Value = serde_json::from_str(source)?;
        if self == Self::Doubles {
            as_doubles(&mut source);
        }
        Ok(source.to_string())
    }
}

fn as_doubles(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().into(),
        Value::Array(elements) => elements.iter_mut().for_each(as_doubles),
        Value::Object(members) => members.values_mut().for_each(as_doubles),
        _ => {}
    }
}
