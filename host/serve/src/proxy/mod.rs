//! The way of a request: through to the cluster, and past the rules if it brings
//! documents.

mod assign;
mod examine;
mod headers;
mod look;
mod pass;
mod refusal;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use tokio::sync::Notify;

use crate::body::AnyBody;
use crate::budget::Budget;
use crate::detection::Detection;
use crate::linking::Links;
use crate::metrics::{Metrics, RequestLabels};
use crate::route::Route;
use crate::settings::Settings;
use crate::upstream::Upstream;
pub(crate) use assign::IdAssignment;
use refusal::Refusal;

/// What all requests share.
pub(crate) struct Proxy {
    pub(crate) settings: Settings,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) detection: Arc<Detection>,
    pub(crate) budget: Budget,
    pub(crate) links: Links,
    /// None: documents without ids stay so.
    pub(crate) id_assignment: Option<Arc<IdAssignment>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) in_flight: InFlight,
}

/// Requests that are on their way, also those whose clients went away.
#[derive(Default)]
pub(crate) struct InFlight {
    count: AtomicUsize,
    none: Notify,
}

impl Proxy {
    /// Answers a request. What it does is boxed: hyper moves this about.
    pub(crate) async fn answer(self: Arc<Self>, mut request: Request<Incoming>) -> Response<AnyBody> {
        let route = self.route(&request);
        // What is looked at is what goes on.
        headers::for_upstream(request.headers_mut());
        let result = match route {
            Err(refusal) => Err(refusal),
            Ok(Route::Other) => {
                self.count("other");
                Box::pin(pass::pass(&self, request)).await
            }
            Ok(route) => {
                self.count(if matches!(route, Route::Bulk { .. }) { "bulk" } else { "document" });
                Box::pin(examine::examine(&self, request, route)).await
            }
        };
        result.unwrap_or_else(|refusal| {
            self.metrics.refused.get_or_create(&crate::metrics::CauseLabels { cause: refusal.cause() }).inc();
            refusal.into_response()
        })
    }

    fn route(&self, request: &Request<Incoming>) -> Result<Route, Refusal> {
        if request.method() == Method::CONNECT {
            return Err(Refusal::Method);
        }
        // A target of another form is read otherwise by others.
        if !request.uri().path().starts_with('/') && request.uri().path() != "*" {
            return Err(Refusal::Target);
        }
        headers::check_framing(request.headers())?;
        Ok(Route::of(request.method(), request.uri().path(), &self.settings.path_prefix))
    }

    fn count(&self, kind: &'static str) {
        self.metrics.requests.get_or_create(&RequestLabels { kind }).inc();
    }
}

/// Counts a request for as long as it is there.
pub(crate) struct OnItsWay(Arc<Proxy>);

impl OnItsWay {
    pub(crate) fn of(proxy: &Arc<Proxy>) -> Self {
        proxy.in_flight.count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(proxy))
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        if self.0.in_flight.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.in_flight.none.notify_waiters();
        }
    }
}

impl InFlight {
    /// Waits until there is none.
    pub(crate) async fn wait_for_none(&self) {
        loop {
            let none = self.none.notified();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            none.await;
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}
