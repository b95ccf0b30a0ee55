//! What the operator sees: whether all is well, numbers, and a page.

mod page;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::sync::watch;

use crate::body::{AnyBody, full};
use crate::proxy::Proxy;

/// Nothing from elsewhere, and no script but the page's own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers who watches. It only reads.
pub(crate) struct Admin {
    proxy: Arc<Proxy>,
    connections: Arc<AtomicUsize>,
    stopped: watch::Receiver<bool>,
}

impl Admin {
    pub(crate) fn new(proxy: Arc<Proxy>, connections: Arc<AtomicUsize>, stopped: watch::Receiver<bool>) -> Self {
        Self { proxy, connections, stopped }
    }

    /// Answers a request.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<AnyBody> {
        // It may ask the state, which may wait for the disk.
        let asked = (request.method().clone(), request.uri().path().to_owned(), host(&request));
        let answering = tokio::task::spawn_blocking(move || self.answer_to(&asked.0, &asked.1, asked.2.as_deref()));
        answering.await.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "a fault of this program\n"))
    }

    fn answer_to(&self, method: &Method, path: &str, host: Option<&str>) -> Response<AnyBody> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "it only tells: GET\n");
        }
        // A name that somebody else made one of this machine is none of its own.
        if !host.is_some_and(is_own_host) {
            return plain(StatusCode::MISDIRECTED_REQUEST, "ask by the address, or as localhost\n");
        }
        match path {
            "/healthz" => plain(StatusCode::OK, "ok\n"),
            "/readyz" => self.ready(),
            "/metrics" => with_type(
                StatusCode::OK,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                self.proxy.metrics.text(&self.proxy.now(&self.connections)),
            ),
            "/" => with_type(StatusCode::OK, "text/html; charset=utf-8", page::HTML),
            "/page.js" => with_type(StatusCode::OK, "text/javascript; charset=utf-8", page::SCRIPT),
            "/page.css" => with_type(StatusCode::OK, "text/css; charset=utf-8", page::STYLE),
            "/status.json" => json_of(StatusCode::OK, &page::status(&self.proxy, &self.connections)),
            _ => plain(StatusCode::NOT_FOUND, "there are /, /healthz, /readyz, /metrics and /status.json\n"),
        }
    }

    fn ready(&self) -> Response<AnyBody> {
        let detection = self.proxy.detection.trouble();
        let alerts = self.proxy.detection.alerts_trouble();
        let is_stopping = *self.stopped.borrow();
        let is_ready = detection.is_none() && alerts.is_none() && !is_stopping;
        let said = json!({
            "ready": is_ready,
            "detection": detection.unwrap_or_else(|| "on".to_owned()),
            "alerts": alerts.unwrap_or_else(|| "taken".to_owned()),
            "stopping": is_stopping,
        });
        json_of(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &said)
    }
}

fn host(request: &Request<Incoming>) -> Option<String> {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().host()).map(str::to_owned)
}

/// Whether it is an address, or `localhost`, with or without a port.
fn is_own_host(host: &str) -> bool {
    let Ok(authority) = host.parse::<hyper::http::uri::Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn plain(status: StatusCode, text: &'static str) -> Response<AnyBody> {
    with_type(status, "text/plain; charset=utf-8", text)
}

fn json_of(status: StatusCode, json: &serde_json::Value) -> Response<AnyBody> {
    with_type(status, "application/json", format!("{json}\n"))
}

fn with_type(status: StatusCode, content_type: &'static str, body: impl Into<bytes::Bytes>) -> Response<AnyBody> {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_not_answered() {
        for host in ["localhost", "LOCALHOST:9281", "127.0.0.1:9281", "[::1]:9281", "10.0.0.1"] {
            assert!(is_own_host(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:9281", "", "127.0.0.1.evil.example"] {
            assert!(!is_own_host(host), "{host}");
        }
    }
}
