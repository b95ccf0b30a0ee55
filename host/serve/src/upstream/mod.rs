//! The cluster behind the proxy: its nodes, and connections to them.

mod connection;
mod error;
mod node;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::{Request, Response};

use crate::body::{Activity, AnyBody, Timed, Watched};
use crate::settings::Upstream as Settings;
use connection::{Connection, Pooled};
pub(crate) use error::UpstreamError;
use node::Node;
pub use tls::TlsError;
pub(crate) use tls::certificates;

/// Sends requests to a cluster, to one of its nodes each.
pub(crate) struct Upstream {
    nodes: Vec<Node>,
    /// Where the next request begins to look for a node.
    next: AtomicUsize,
    connect_timeout: Duration,
    answer_timeout: Duration,
}

/// Why an upstream cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpstreamSettingsError {
    /// A node is no address of one.
    Node {
        /// As it was given.
        node: String,
        /// What is wrong.
        cause: String,
    },
    /// There is no node.
    NoNodes,
    /// Certificates cannot be used.
    Tls(TlsError),
}

impl Upstream {
    pub(crate) fn new(settings: &Settings) -> Result<Self, UpstreamSettingsError> {
        let Settings { nodes, ca, connect_timeout, answer_timeout, idle_connections } = settings;
        if nodes.is_empty() {
            return Err(UpstreamSettingsError::NoNodes);
        }
        let uses_tls = nodes.iter().any(|node| node.starts_with("https:"));
        let tls = uses_tls.then(|| tls::client(ca.as_deref())).transpose().map_err(UpstreamSettingsError::Tls)?;
        let node = |address: &String| {
            let refused = |cause| UpstreamSettingsError::Node { node: address.clone(), cause };
            Node::new(address, tls.clone(), *idle_connections).map_err(refused)
        };
        Ok(Self {
            nodes: nodes.iter().map(node).collect::<Result<_, _>>()?,
            next: AtomicUsize::new(0),
            connect_timeout: *connect_timeout,
            answer_timeout: *answer_timeout,
        })
    }

    /// Sends a request. It goes to another node only as long as nothing of it has gone
    /// to one.
    pub(crate) async fn send(&self, request: Request<AnyBody>) -> Result<Response<AnyBody>, UpstreamError> {
        let activity = Activity::new();
        let (head, body) = request.into_parts();
        let body = Watched::new(body, activity.clone()).boxed_unsync();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut request = Request::from_parts(head, body);
        let mut last_error = None;
        for node in self.by_turn() {
            node.address(&mut request, &path)?;
            match self.send_to(node, request, &activity).await {
                Ok(response) => return Ok(response),
                Err(NotSent { error, request: Some(back) }) => (request, last_error) = (*back, Some(error)),
                Err(NotSent { error, request: None }) => return Err(error),
            }
        }
        Err(last_error.unwrap_or(UpstreamError::NoNode))
    }

    /// The nodes, each once: those that are well first, in turn.
    fn by_turn(&self) -> impl Iterator<Item = &Node> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = || (0..self.nodes.len()).filter_map(move |place| self.nodes.get((start + place) % self.nodes.len()));
        let now = Instant::now();
        turn().filter(move |node| node.is_well(now)).chain(turn().filter(move |node| !node.is_well(now)))
    }

    async fn send_to(
        &self,
        node: &Node,
        mut request: Request<AnyBody>,
        activity: &Activity,
    ) -> Result<Response<AnyBody>, NotSent> {
        loop {
            let (mut connection, is_fresh) = match node.idle() {
                Some(connection) => (connection, false),
                None => match node.connect(self.connect_timeout).await {
                    Ok(connection) => (connection, true),
                    Err(error) => {
                        node.note_failure(&error);
                        return Err(NotSent { error, request: Some(Box::new(request)) });
                    }
                },
            };
            let response = tokio::select! {
                sent = connection.send(request) => sent,
                () = quiet(activity, self.answer_timeout) => {
                    return Err(NotSent { error: UpstreamError::TooSlow { node: node.name() }, request: None });
                }
            };
            match response {
                Ok(response) => {
                    node.note_success();
                    return Ok(self.pooled(node, connection, response));
                }
                // It was closed while nobody looked.
                Err((Some(back), _)) if !is_fresh => request = *back,
                Err((None, cause)) if activity.has_failed() => {
                    let error = UpstreamError::Client(cause.to_string());
                    return Err(NotSent { error, request: None });
                }
                Err((back, cause)) => {
                    let error = UpstreamError::Broken { node: node.name(), cause: cause.to_string() };
                    node.note_failure(&error);
                    return Err(NotSent { error, request: back });
                }
            }
        }
    }

    fn pooled(
        &self,
        node: &Node,
        connection: Connection,
        response: Response<hyper::body::Incoming>,
    ) -> Response<AnyBody> {
        // Behind a head that it cannot read Elasticsearch reads nothing more, and does not
        // close.
        let connection = Some(connection).filter(|_| !matches!(response.status().as_u16(), 400 | 408 | 413 | 431));
        response.map(|body| {
            let body = Pooled::new(body, connection, node.pool());
            Timed::new(body, self.answer_timeout).boxed_unsync()
        })
    }

    /// The nodes with what is the matter with those that are not well.
    pub(crate) fn health(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        self.nodes.iter().map(|node| (node.name_ref(), node.trouble()))
    }
}

/// A request that has not gone; none if a part of it has.
struct NotSent {
    error: UpstreamError,
    request: Option<Box<Request<AnyBody>>>,
}

/// Waits until nothing has moved for so long.
async fn quiet(activity: &Activity, quiet: Duration) {
    loop {
        let until = activity.quiet_at(quiet);
        if until <= Instant::now() {
            return;
        }
        tokio::time::sleep_until(until.into()).await;
    }
}

impl std::fmt::Display for UpstreamSettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Node { node, cause } => write!(f, "{node} is no node of a cluster: {cause}"),
            Self::NoNodes => f.write_str("there is no node to send documents to"),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for UpstreamSettingsError {}
