//! Why the cluster did not answer.

use std::fmt;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UpstreamError {
    /// A node cannot be reached. Nothing has gone to it.
    Connect { node: String, cause: String },
    /// The connection broke. A part of the request may have gone.
    Broken { node: String, cause: String },
    /// The answer did not come in time.
    TooSlow { node: String },
    /// The client broke its request off.
    Client(String),
    /// The request cannot be sent to anybody.
    Request(String),
    /// There is no node.
    NoNode,
}

impl UpstreamError {
    /// What the client is told.
    pub(crate) fn status(&self) -> hyper::StatusCode {
        match self {
            Self::TooSlow { .. } => hyper::StatusCode::GATEWAY_TIMEOUT,
            Self::Client(_) | Self::Request(_) => hyper::StatusCode::BAD_REQUEST,
            Self::Connect { .. } | Self::Broken { .. } | Self::NoNode => hyper::StatusCode::BAD_GATEWAY,
        }
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { node, cause } => write!(f, "{node} cannot be reached: {cause}"),
            Self::Broken { node, cause } => write!(f, "{node} broke off: {cause}"),
            Self::TooSlow { node } => write!(f, "{node} did not answer in time"),
            Self::Client(cause) => write!(f, "the client broke its request off: {cause}"),
            Self::Request(cause) => write!(f, "the request cannot be passed on: {cause}"),
            Self::NoNode => f.write_str("there is no node"),
        }
    }
}
