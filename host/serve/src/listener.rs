//! Connections of clients.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::body::AnyBody;
use crate::patient::Patient;
use crate::settings::Limits;
use crate::tls::Acceptor;

/// How long it is before accepting is tried again after it failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take for the handshake of TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Takes connections until it is stopped.
pub(crate) struct Listener {
    listener: TcpListener,
    limits: Limits,
    tls: Option<Acceptor>,
    connections: Arc<AtomicUsize>,
}

impl Listener {
    pub(crate) async fn bind(address: SocketAddr, limits: Limits, tls: Option<Acceptor>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, limits, tls, connections: Arc::default() })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.connections)
    }

    /// Answers requests until `stop` says so, and finishes those that are under way,
    /// as long as that may take.
    pub(crate) async fn run<S, F>(self, answer: S, mut stop: watch::Receiver<bool>, drain: Duration)
    where
        S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<AnyBody>> + Send + 'static,
    {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(&room) => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, permit) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let counted = Counted::new(&self.connections);
            let watcher = graceful.watcher();
            let (answer, limits, tls) = (answer.clone(), self.limits, self.tls.clone());
            tokio::spawn(async move {
                let _held = (permit, counted);
                let service = service_fn(move |request| {
                    let answering = answer(request);
                    async move { Ok::<_, std::convert::Infallible>(answering.await) }
                });
                // A client that breaks off hears nothing anyway.
                match tls {
                    None => drop(watcher.watch(serve(patient(stream, limits), service, limits)).await),
                    Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                        Ok(Ok(stream)) => {
                            drop(watcher.watch(serve(patient(stream, limits), service, limits)).await);
                        }
                        Ok(Err(error)) => tracing::debug!("no TLS with a client: {error}"),
                        Err(_) => tracing::debug!("no TLS with a client: it took too long"),
                    },
                }
            });
        }
        drop(self.listener);
        tokio::select! {
            () = graceful.shutdown() => {}
            () = tokio::time::sleep(drain) => tracing::warn!("requests were cut off, after {} s", drain.as_secs()),
        }
    }

    /// A connection, once there is room for one.
    async fn accept(&self, room: &Arc<Semaphore>) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
        let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, permit))
    }
}

/// A client has to take its answers, too.
fn patient<T: AsyncRead + AsyncWrite + Unpin>(stream: T, limits: Limits) -> TokioIo<Patient<T>> {
    TokioIo::new(Patient::new(stream, limits.client_timeout))
}

fn serve<T, S>(stream: T, service: S, limits: Limits) -> http1::Connection<T, S>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: hyper::service::HttpService<Incoming, ResBody = AnyBody>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.client_timeout)
        .max_buf_size(limits.head_bytes.max(8 << 10))
        .max_headers(limits.headers)
        .serve_connection(stream, service)
}

/// A connection that is counted.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(connections: &Arc<AtomicUsize>) -> Self {
        connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(connections))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
