//! What an operator decides.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use firstseen::ledger::OutboxMax;

use crate::secret::Secret;
use crate::tls::ServerTls;

/// All that a proxy is told; rules and state come with the
/// [`DetectorSource`](crate::DetectorSource).
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where clients come in.
    pub listen: SocketAddr,
    /// What they are shown; none: nothing is encrypted.
    pub tls: Option<ServerTls>,
    /// Where the operator comes in; none: nowhere.
    pub admin: Option<SocketAddr>,
    /// The paths of requests begin with this, `/` at the start and none at the end;
    /// empty for none. It is passed on with them.
    pub path_prefix: String,
    /// The cluster's nodes.
    pub upstream: Upstream,
    /// `Authorization` of what the proxy asks the cluster for itself, such as to store
    /// alerts; none if the cluster asks for none.
    pub authorization: Option<Secret>,
    /// Whether documents that are to be created without an `_id` get one that says which
    /// they are.
    pub assign_ids: bool,
    /// What becomes of documents while detection fails.
    pub on_detection_error: OnDetectionError,
    /// What a client, and all of them together, may use.
    pub limits: Limits,
    /// Batches that are judged side by side.
    pub workers: NonZeroUsize,
    /// How much may wait in the outbox.
    pub outbox_max: OutboxMax,
    /// For how long an alert waits to hear what became of its event.
    pub link_timeout: Duration,
    /// How long it may take to finish what is in flight at the end.
    pub drain_timeout: Duration,
}

/// The cluster behind the proxy.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its nodes, at least one: `http://host:port` or `https://host:port`, a path
    /// behind it goes before that of each request.
    pub nodes: Vec<String>,
    /// Certificates of those that may sign for the nodes, PEM; the system's if none.
    pub ca: Option<PathBuf>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the first byte of an answer may take, and each further part of it.
    pub answer_timeout: Duration,
    /// Connections to a node that are kept when they have nothing to do.
    pub idle_connections: usize,
}

/// What becomes of documents while detection fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDetectionError {
    /// They flow on, unjudged, and it is said loudly.
    #[default]
    Pass,
    /// The client is told to come again, and nothing goes upstream before its
    /// sightings and alerts are on disk.
    Refuse,
}

/// What a client, and all of them together, may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Greatest length of a request's head.
    pub head_bytes: usize,
    /// Most headers of a request.
    pub headers: usize,
    /// Greatest length of a body that is looked at, as it is sent.
    pub body_bytes: usize,
    /// The same when it is unpacked.
    pub unpacked_bytes: usize,
    /// Bytes of bodies that are looked at, and of what is made of them, at a time:
    /// of all requests together.
    pub in_flight_bytes: usize,
    /// How long a client may send or take nothing in the middle of something, or
    /// take for the head of a request.
    pub client_timeout: Duration,
    /// How long a body that is looked at may take in all.
    pub body_timeout: Duration,
}

/// Where alerts are kept.
#[derive(Clone, Debug)]
pub enum AlertTarget {
    /// An index, a data stream or an alias of the cluster.
    Elasticsearch(ElasticsearchTarget),
    /// A file that they are appended to.
    File(PathBuf),
    /// Standard output.
    Stdout,
}

/// An index, a data stream or an alias for alerts.
#[derive(Clone, Debug)]
pub struct ElasticsearchTarget {
    /// Its name.
    pub name: String,
    /// Whether to make the alias, its index and their template if they are not there.
    pub installs: bool,
    /// Where alerts go that the target refuses for good.
    pub dead_letters: PathBuf,
}

impl Default for Limits {
    /// 1,024 connections; heads of 64 KiB and 128 headers; bodies of 100 MiB, unpacked
    /// 256 MiB, all together 512 MiB; 60 s for a part of a body or a head, 5 min for
    /// a body.
    fn default() -> Self {
        Self {
            connections: 1024,
            head_bytes: 64 << 10,
            headers: 128,
            body_bytes: 100 << 20,
            unpacked_bytes: 256 << 20,
            in_flight_bytes: 512 << 20,
            client_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(300),
        }
    }
}

impl Upstream {
    /// Nodes, with 10 s to connect and 120 s to answer.
    #[must_use]
    pub fn of(nodes: Vec<String>) -> Self {
        Self {
            nodes,
            ca: None,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(120),
            idle_connections: 64,
        }
    }
}
