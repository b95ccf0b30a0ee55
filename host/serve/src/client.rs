//! Requests of this program's own to a cluster.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use crate::body::{AnyBody, CollectError, CollectLimits, collect, full};
use crate::budget::Budget;
use crate::secret::Secret;
use crate::settings;
use crate::upstream::{Upstream, UpstreamError, UpstreamSettingsError};

const HOUR: Duration = Duration::from_secs(3600);

/// What a part of a path cannot hold as it is.
const PART: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'/').add(b'<').add(b'>').add(b'?');

/// Asks a cluster, one of its nodes each time. Redirections are answers like others.
#[derive(Clone)]
pub struct ClusterClient {
    upstream: Arc<Upstream>,
    authorization: Option<Secret>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct ClusterAnswer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why there is no answer. Its text is fit to be shown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClusterError {
    /// The request did not get to anybody; the text says why.
    NotSent(String),
    /// The answer did not come, or not all of it; the text says why. The request may
    /// have been carried out.
    NoAnswer(String),
    /// The answer is longer than it may be.
    TooLong,
}

impl ClusterClient {
    /// A client of a cluster, with the `Authorization` that it asks for.
    ///
    /// # Errors
    ///
    /// When a node's address or the certificates cannot be used.
    pub fn new(cluster: &settings::Upstream, authorization: Option<Secret>) -> Result<Self, UpstreamSettingsError> {
        Ok(Self::over(Arc::new(Upstream::new(cluster)?), authorization))
    }

    pub(crate) fn over(upstream: Arc<Upstream>, authorization: Option<Secret>) -> Self {
        Self { upstream, authorization }
    }

    /// Sends a request with a body in JSON, on a tokio runtime. `path` has its query;
    /// the answer is taken whole.
    ///
    /// # Errors
    ///
    /// [`ClusterError`]: nobody answered, or too late, or with more than
    /// `answer_bytes_max`.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        body: String,
        answer_bytes_max: usize,
    ) -> Result<ClusterAnswer, ClusterError> {
        let request = self.request(method, path, body).map_err(ClusterError::NotSent)?;
        let response = self.upstream.send(request).await.map_err(|error| match error {
            UpstreamError::Connect { .. } | UpstreamError::NoNode => ClusterError::NotSent(error.to_string()),
            error => ClusterError::NoAnswer(error.to_string()),
        })?;
        let status = response.status().as_u16();
        // The parts of a body come in time, or it breaks off.
        let limits = CollectLimits { bytes: answer_bytes_max, part_timeout: HOUR, timeout: HOUR };
        let mut share = Budget::new(answer_bytes_max.saturating_mul(2)).share();
        let body = collect(response.into_body(), limits, &mut share).await.map_err(|error| match error {
            CollectError::TooLong | CollectError::NoRoom(_) => ClusterError::TooLong,
            error => ClusterError::NoAnswer(format!("its answer broke off: {error}")),
        })?;
        Ok(ClusterAnswer { status, body: body.into() })
    }

    fn request(&self, method: &str, path: &str, body: String) -> Result<Request<AnyBody>, String> {
        let mut request = Request::new(full(body));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        *request.uri_mut() = path.parse().map_err(|error| format!("what is asked for is no path: {error}"))?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &self.authorization {
            let header = HeaderValue::from_str(authorization.reveal());
            let mut header = header.map_err(|_| "the credentials are no text for a header".to_owned())?;
            header.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, header);
        }
        Ok(request)
    }
}

impl ClusterAnswer {
    /// Whether it was done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What an answer says that refuses a request, fit to be shown.
    #[must_use]
    pub fn refusal(&self) -> String {
        let answer: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let reason = answer.pointer("/error/reason").or(answer.get("error")).and_then(Value::as_str);
        match reason {
            Some(reason) => firstseen::printable(&format!("status {}: {reason}", self.status)),
            None => format!("status {}", self.status),
        }
    }
}

impl ClusterError {
    /// Whether the request may have been carried out.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        !matches!(self, Self::NotSent(_))
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(cause) | Self::NoAnswer(cause) => f.write_str(cause),
            Self::TooLong => f.write_str("its answer is longer than it may be"),
        }
    }
}

impl std::error::Error for ClusterError {}

/// A name as a part of a path.
pub(crate) fn part(name: &str) -> String {
    utf8_percent_encode(name, PART).to_string()
}
