//! Requests that bring no documents: they stream through.

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response, Version};

use super::headers;
use super::refusal::Refusal;
use super::{OnItsWay, Proxy};
use crate::body::{AnyBody, Timed};
use crate::metrics::StatusLabels;
use crate::upstream::UpstreamError;

/// Passes a request on, and its answer back.
pub(super) async fn pass(proxy: &Arc<Proxy>, request: Request<Incoming>) -> Result<Response<AnyBody>, Refusal> {
    let _on_its_way = OnItsWay::of(proxy);
    let client_timeout = proxy.settings.limits.client_timeout;
    send(proxy, request.map(|body| Timed::new(body, client_timeout).boxed_unsync())).await
}

/// Sends a request to the cluster.
pub(super) async fn send(proxy: &Proxy, mut request: Request<AnyBody>) -> Result<Response<AnyBody>, Refusal> {
    *request.version_mut() = Version::HTTP_11;
    match proxy.upstream.send(request).await {
        Ok(mut response) => {
            let status = response.status().as_u16();
            proxy.metrics.upstream_answers.get_or_create(&StatusLabels { status }).inc();
            headers::for_client(response.headers_mut());
            Ok(response)
        }
        Err(UpstreamError::Client(cause)) => Err(Refusal::Broken(cause)),
        Err(error) => {
            proxy.metrics.upstream_errors.inc();
            tracing::debug!("no answer: {error}");
            Err(Refusal::Upstream(error))
        }
    }
}
