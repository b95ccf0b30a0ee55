//! What the proxy asks for itself, with credentials of its own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{Upstream, UpstreamError};
use crate::body::{CollectLimits, collect, full};
use crate::budget::Budget;
use crate::secret::Secret;

/// Longest answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

const HOUR: Duration = Duration::from_secs(3600);

/// What a part of a path cannot hold as it is.
const PART: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'/').add(b'<').add(b'>').add(b'?');

/// Asks the cluster.
pub(crate) struct OwnRequests {
    upstream: Arc<Upstream>,
    authorization: Option<Secret>,
}

/// An answer.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Why a request of the proxy's own has failed.
pub(crate) struct Failure {
    pub(crate) cause: String,
    /// Whether the cluster may have done what it was asked.
    pub(crate) is_unclear: bool,
}

impl OwnRequests {
    pub(crate) fn new(upstream: Arc<Upstream>, authorization: Option<Secret>) -> Self {
        Self { upstream, authorization }
    }

    /// Sends a request, and takes the answer.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: String) -> Result<Answered, Failure> {
        let unsent = |cause: String| Failure { cause, is_unclear: false };
        let mut request = Request::new(full(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().map_err(|error| unsent(format!("{path}: {error}")))?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &self.authorization {
            let header = HeaderValue::from_str(authorization.reveal());
            let mut header = header.map_err(|_| unsent("the credentials are no text for a header".to_owned()))?;
            header.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, header);
        }
        let response = self.upstream.send(request).await.map_err(|error| Failure {
            is_unclear: !matches!(error, UpstreamError::Connect { .. } | UpstreamError::NoNode),
            cause: error.to_string(),
        })?;
        let status = response.status();
        // Its parts come in time, or break off.
        let limits = CollectLimits { bytes: ANSWER_BYTES_MAX, part_timeout: HOUR, timeout: HOUR };
        let mut share = Budget::new(2 * ANSWER_BYTES_MAX).share();
        let body = collect(response.into_body(), limits, &mut share).await;
        let no_answer = |error| Failure { cause: format!("its answer was not taken: {error}"), is_unclear: true };
        Ok(Answered { status, body: body.map_err(no_answer)? })
    }
}

/// A name as a part of a path.
pub(crate) fn part(name: &str) -> String {
    utf8_percent_encode(name, PART).to_string()
}
