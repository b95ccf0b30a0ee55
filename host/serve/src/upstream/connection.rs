//! Connections to a node.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::body::{AnyBody, BoxError};

/// How long a connection without anything to do is kept.
const IDLE: Duration = Duration::from_secs(30);

/// A connection, for one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<AnyBody>,
}

impl Connection {
    /// Connects to a host.
    pub(crate) async fn open(host: &str, port: u16, tls: Option<&TlsConnector>) -> Result<Self, BoxError> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        match tls {
            None => Self::handshake(TokioIo::new(stream)).await,
            Some(tls) => {
                let name = ServerName::try_from(host.to_owned())?;
                Self::handshake(TokioIo::new(tls.connect(name, stream).await?)).await
            }
        }
    }

    async fn handshake<T>(stream: T) -> Result<Self, BoxError>
    where
        T: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    {
        let (sender, connection) = http1::Builder::new().handshake(stream).await?;
        tokio::spawn(async move {
            // Whoever waits for an answer hears of it.
            drop(connection.await);
        });
        Ok(Self { sender })
    }

    /// Sends a request. With the error it comes back if nothing of it has gone.
    pub(crate) async fn send(
        &mut self,
        request: Request<AnyBody>,
    ) -> Result<Response<Incoming>, (Option<Box<Request<AnyBody>>>, BoxError)> {
        self.sender.try_send_request(request).await.map_err(|mut error| {
            let request = error.take_message().map(Box::new);
            let cause: BoxError = match error.error() {
                error if error.is_incomplete_message() => "the connection was closed before the answer".into(),
                error => with_source(error).into(),
            };
            (request, cause)
        })
    }
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_source(source)),
        None => error.to_string(),
    }
}

/// Connections that have nothing to do.
pub(crate) struct IdlePool {
    max: usize,
    connections: Mutex<Vec<(Connection, Instant)>>,
}

impl IdlePool {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, connections: Mutex::default() }
    }

    /// The one that was used last and can take a request now. One whose request is still
    /// under way, though it was answered, is left where it is.
    pub(crate) fn take(&self) -> Option<Connection> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|(connection, since)| since.elapsed() < IDLE && !connection.sender.is_closed());
        let ready = connections.iter().rposition(|(connection, _)| connection.sender.is_ready())?;
        Some(connections.remove(ready).0)
    }

    fn put(&self, connection: Connection) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if connections.len() < self.max && !connection.sender.is_closed() {
            connections.push((connection, Instant::now()));
        }
    }
}

/// The body of an answer. Its connection is free again once all of it was taken.
pub(crate) struct Pooled {
    body: Incoming,
    connection: Option<Connection>,
    pool: Arc<IdlePool>,
}

impl Pooled {
    /// Without a connection, its own ends with it.
    pub(crate) fn new(body: Incoming, connection: Option<Connection>, pool: Arc<IdlePool>) -> Self {
        let mut pooled = Self { body, connection, pool };
        if pooled.body.is_end_stream() {
            pooled.release();
        }
        pooled
    }

    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.put(connection);
        }
    }
}

impl Body for Pooled {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(None) => self.release(),
            Poll::Ready(Some(Ok(_))) if self.body.is_end_stream() => self.release(),
            Poll::Ready(Some(Err(_))) => self.connection = None,
            _ => {}
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(|error| io::Error::other(with_source(&error)))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
