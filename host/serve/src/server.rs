//! All of it together, from start to end.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::budget::Budget;
use crate::client::ClusterClient;
use crate::clock::now_ms;
use crate::detection::{Detection, DetectionError, DetectionOptions, DetectorSource, MakeSink};
use crate::linking::Links;
use crate::listener::Listener;
use crate::metrics::{Metrics, Now};
use crate::proxy::{IdAssignment, InFlight, Proxy};
use crate::settings::{AlertTarget, Settings};
use crate::sink;
use crate::tls::Acceptor;
use crate::upstream::{TlsError, Upstream, UpstreamSettingsError};

/// A proxy that is running.
pub struct Server {
    proxy: Arc<Proxy>,
    tls: Option<Acceptor>,
    stop: watch::Sender<bool>,
    clients: JoinHandle<()>,
    admin: Option<JoinHandle<()>>,
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
}

/// Why a proxy cannot be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The cluster's nodes are none, or its certificates.
    Upstream(UpstreamSettingsError),
    /// The proxy's own certificates.
    Tls(TlsError),
    /// It cannot listen.
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        cause: io::Error,
    },
    /// Rules, state or alerts.
    Detection(DetectionError),
}

impl Server {
    /// Starts a proxy, on the tokio runtime that this is called on.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nothing runs then.
    pub async fn start(
        settings: Settings,
        alerts: AlertTarget,
        source: Box<dyn DetectorSource>,
    ) -> Result<Self, StartError> {
        let tls = settings.tls.clone().map(Acceptor::new).transpose().map_err(StartError::Tls)?;
        let listen = async |address, tls| {
            let listener = Listener::bind(address, settings.limits, tls).await;
            let listener = listener.and_then(|listener| Ok((listener.address()?, listener)));
            listener.map_err(|cause| StartError::Listen { address, cause })
        };
        let (address, clients) = listen(settings.listen, tls.clone()).await?;
        let admin = match settings.admin {
            Some(admin) => Some(listen(admin, None).await?),
            None => None,
        };
        let metrics = Arc::new(Metrics::new());
        let upstream = Arc::new(Upstream::new(&settings.upstream).map_err(StartError::Upstream)?);
        let options = DetectionOptions {
            workers: settings.workers,
            outbox_max: settings.outbox_max,
            link_timeout: settings.link_timeout,
        };
        let cluster = ClusterClient::over(Arc::clone(&upstream), settings.authorization.clone());
        let make_sink = sink::maker(alerts, cluster.clone(), Arc::clone(&metrics));
        let id_assignment = settings.assign_ids.then(|| Arc::new(IdAssignment::new(cluster)));
        let detection = start_detection(source, make_sink, options, Arc::clone(&metrics)).await?;
        let (stop, stopped) = watch::channel(false);
        let (drain, budget) = (settings.drain_timeout, Budget::new(settings.limits.in_flight_bytes));
        let links = Links::new(settings.link_timeout);
        let in_flight = InFlight::default();
        let proxy = Arc::new(Proxy { settings, upstream, detection, budget, links, id_assignment, metrics, in_flight });
        let connections = clients.connections();

        let for_clients = Arc::clone(&proxy);
        let answer = move |request| Arc::clone(&for_clients).answer(request);
        let clients = tokio::spawn(clients.run(answer, stopped.clone(), drain));
        let (admin_address, admin) = match admin {
            Some((address, listener)) => {
                let admin = Arc::new(Admin::new(Arc::clone(&proxy), connections, stopped.clone()));
                let answer = move |request| Arc::clone(&admin).answer(request);
                // It answers until the end: whoever watches is to see it.
                let (end, ended) = watch::channel(false);
                let listening = tokio::spawn(async move {
                    let _end = end;
                    listener.run(answer, ended, drain).await;
                });
                (Some(address), Some(listening))
            }
            None => (None, None),
        };
        Ok(Self { proxy, tls, stop, clients, admin, address, admin_address })
    }

    /// Where clients come in.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the operator comes in.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// The rules that run; none while detection is off.
    #[must_use]
    pub fn rules(&self) -> Vec<firstseen::RuleSummary> {
        self.proxy.detection.rules(now_ms()).into_iter().map(|(rule, _)| rule).collect()
    }

    /// Reads rules and certificates again, and opens the alerts' file anew. What cannot
    /// be used is said, and what there was stays.
    pub fn reload(&self) {
        self.proxy.detection.reload();
        if let Some(tls) = &self.tls {
            match tls.reload() {
                Ok(()) => tracing::info!("the certificates were read again"),
                Err(error) => tracing::error!("the certificates stay as they were: {error}"),
            }
        }
    }

    /// Accepts nothing more, finishes what is under way, hands over what it can, and
    /// ends. Answers with what was left undone, fit to be shown.
    pub async fn stop(self) -> Vec<String> {
        let Self { proxy, stop, clients, admin, .. } = self;
        // Neither of these panics, and one that has ended hears nothing.
        let _ = stop.send(true);
        drop(clients.await);
        let drained = tokio::time::timeout(proxy.settings.drain_timeout, proxy.in_flight.wait_for_none()).await;
        let mut left = Vec::new();
        if drained.is_err() {
            left.push(format!("{} requests were left without an answer of the cluster", proxy.in_flight.count()));
        }
        let detection = Arc::clone(&proxy.detection);
        left.extend(tokio::task::spawn_blocking(move || detection.end()).await.unwrap_or_default());
        if let Some(admin) = admin {
            admin.abort();
        }
        left
    }
}

impl Proxy {
    /// The numbers of this moment.
    pub(crate) fn now(&self, connections: &AtomicUsize) -> Now {
        let stats = self.detection.stats();
        Now {
            in_flight_bytes: self.budget.used_bytes(),
            connections: connections.load(Ordering::Relaxed),
            terms: stats.map(|stats| stats.terms),
            outbox_alerts: stats.map(|stats| stats.outbox.alerts),
            outbox_age: stats.map(|_| self.detection.alerts_waiting_for().unwrap_or_default()),
            outbox_bytes: stats.map(|stats| stats.outbox.bytes),
            is_detecting: self.detection.trouble().is_none(),
            are_alerts_taken: self.detection.alerts_trouble().is_none(),
        }
    }
}

/// It compiles, reads and opens files, which takes its time.
async fn start_detection(
    source: Box<dyn DetectorSource>,
    make_sink: MakeSink,
    options: DetectionOptions,
    metrics: Arc<Metrics>,
) -> Result<Arc<Detection>, StartError> {
    let starting = tokio::task::spawn_blocking(move || Detection::start(source, make_sink, options, metrics));
    let started = starting.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    started.map(Arc::new).map_err(StartError::Detection)
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Listen { address, cause } => write!(f, "cannot listen at {address}: {cause}"),
            Self::Detection(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}
