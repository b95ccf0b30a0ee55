//! A node of the cluster.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Uri};
use tokio_rustls::TlsConnector;

use super::connection::{Connection, IdlePool};
use super::error::UpstreamError;
use crate::body::AnyBody;

/// How long a node that failed is asked last, at first and at most.
const PAUSE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// A node, and the connections to it that have nothing to do.
pub(crate) struct Node {
    /// As it was given, without credentials.
    name: String,
    host: String,
    port: u16,
    host_header: HeaderValue,
    /// Before the path of each request.
    base_path: String,
    tls: Option<TlsConnector>,
    pool: Arc<IdlePool>,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    failed: Option<(Instant, String)>,
    pause: Duration,
}

impl Node {
    /// A node at an address: `http://host:port/path` or `https://…`.
    pub(crate) fn new(address: &str, tls: Option<TlsConnector>, idle_max: usize) -> Result<Self, String> {
        let uri: Uri = address.parse().map_err(|error| format!("{error}"))?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("it begins with http:// or https://".to_owned()),
        };
        let authority = uri.authority().ok_or("it has no host")?;
        if authority.as_str().contains('@') {
            return Err("credentials do not belong here: those of the clients are passed on".to_owned());
        }
        if uri.query().is_some() {
            return Err("it has a query".to_owned());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 9200 });
        // As others write it: the port of the scheme goes without saying.
        let host_header = match (is_tls, port) {
            (true, 443) | (false, 80) => authority.host().to_owned(),
            _ => format!("{}:{port}", authority.host()),
        };
        Ok(Self {
            name: address.to_owned(),
            host,
            port,
            host_header: HeaderValue::from_str(&host_header).map_err(|error| error.to_string())?,
            base_path: uri.path().trim_end_matches('/').to_owned(),
            tls: tls.filter(|_| is_tls),
            pool: Arc::new(IdlePool::new(idle_max)),
            health: Mutex::default(),
        })
    }

    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    pub(crate) fn name_ref(&self) -> &str {
        &self.name
    }

    pub(crate) fn pool(&self) -> Arc<IdlePool> {
        Arc::clone(&self.pool)
    }

    /// Makes a request one to this node. `path` is that of the request, with its query.
    pub(crate) fn address(&self, request: &mut Request<AnyBody>, path: &str) -> Result<(), UpstreamError> {
        let uri = format!("{}{path}", self.base_path);
        *request.uri_mut() = uri.parse().map_err(|error| UpstreamError::Request(format!("{error}")))?;
        request.headers_mut().insert(HOST, self.host_header.clone());
        Ok(())
    }

    /// A connection that has nothing to do.
    pub(crate) fn idle(&self) -> Option<Connection> {
        self.pool.take()
    }

    /// A new connection.
    pub(crate) async fn connect(&self, timeout: Duration) -> Result<Connection, UpstreamError> {
        let connecting = Connection::open(&self.host, self.port, self.tls.as_ref());
        let cause = match tokio::time::timeout(timeout, connecting).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no connection within {} s", timeout.as_secs_f32()),
        };
        Err(UpstreamError::Connect { node: self.name(), cause })
    }

    /// Whether it is asked when its turn comes.
    pub(crate) fn is_well(&self, now: Instant) -> bool {
        let health = self.health();
        health.failed.as_ref().is_none_or(|(at, _)| now.duration_since(*at) >= health.pause)
    }

    /// What is the matter with it, if something is.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.health().failed.as_ref().map(|(_, cause)| cause.clone())
    }

    pub(crate) fn note_failure(&self, error: &UpstreamError) {
        let mut health = self.health();
        health.pause = (2 * health.pause).clamp(PAUSE[0], PAUSE[1]);
        if health.failed.is_none() {
            tracing::warn!(node = self.name, "{error}");
        }
        health.failed = Some((Instant::now(), error.to_string()));
    }

    pub(crate) fn note_success(&self) {
        let mut health = self.health();
        if health.failed.is_some() {
            tracing::info!(node = self.name, "answers again");
            *health = Health::default();
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::full;

    #[test]
    fn addresses_are_read() {
        let mut request = Request::new(full(""));
        for (address, host, path) in [
            ("http://localhost", "localhost:9200", "/_bulk?a=b"),
            ("http://[::1]:9201/", "[::1]:9201", "/_bulk?a=b"),
            ("http://a.example/es/", "a.example:9200", "/es/_bulk?a=b"),
            ("https://a.example", "a.example", "/_bulk?a=b"),
        ] {
            let node = Node::new(address, None, 1).unwrap();
            node.address(&mut request, "/_bulk?a=b").unwrap();
            assert_eq!((request.headers()[HOST].to_str().unwrap(), request.uri().to_string().as_str()), (host, path));
        }
        for address in ["localhost:9200", "ftp://a", "http://user:secret@a", "http://a?b", "http://", ""] {
            assert!(Node::new(address, None, 1).is_err(), "{address}");
        }
    }
}
