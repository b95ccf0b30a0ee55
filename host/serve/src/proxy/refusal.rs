//! What the proxy itself answers, in the form in which Elasticsearch does.

use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::json;

use crate::body::{AnyBody, CollectError, full};
use crate::budget::NoRoom;
use crate::upstream::UpstreamError;

/// Why a request does not get an answer of the cluster.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// `CONNECT`.
    Method,
    /// A target that is no path.
    Target,
    /// A transfer coding other than chunked.
    TransferCoding,
    /// The body is longer than bodies may be.
    TooLong { max: usize },
    /// It takes more room than all requests together may have.
    TooMuch,
    /// There is no room for it just now.
    NoRoom,
    /// It did not come in time.
    TooSlow,
    /// It broke off.
    Broken(String),
    /// What it brings cannot be looked at.
    NotExamined(String),
    /// Detection is off, and nothing passes without.
    DetectionOff(String),
    /// The cluster did not answer.
    Upstream(UpstreamError),
    /// A fault of this program.
    Fault,
}

impl Refusal {
    pub(crate) fn of_body(error: CollectError, max: usize) -> Self {
        match error {
            CollectError::TooLong => Self::TooLong { max },
            CollectError::NoRoom(no_room) => no_room.into(),
            CollectError::TooSlow => Self::TooSlow,
            CollectError::Broken(error) => Self::Broken(error.to_string()),
        }
    }

    /// A word for it, for counting.
    pub(crate) fn cause(&self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Target | Self::TransferCoding => "framing",
            Self::TooLong { .. } | Self::TooMuch => "too_long",
            Self::NoRoom => "no_room",
            Self::TooSlow => "too_slow",
            Self::Broken(_) => "broken",
            Self::NotExamined(_) => "not_examined",
            Self::DetectionOff(_) => "detection_off",
            Self::Upstream(_) => "upstream",
            Self::Fault => "fault",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Self::Target | Self::Broken(_) => StatusCode::BAD_REQUEST,
            Self::TooLong { .. } | Self::TooMuch => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoRoom => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotExamined(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::DetectionOff(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Upstream(error) => error.status(),
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Method => "this proxy opens no tunnels".to_owned(),
            Self::Target => "the target of a request begins with a slash".to_owned(),
            Self::TransferCoding => "the only transfer coding that is read is chunked".to_owned(),
            Self::TooLong { max } => format!("the body is longer than {max} bytes, unpacked or as it was sent"),
            Self::TooMuch => "it takes more memory than all requests together may have".to_owned(),
            Self::NoRoom => "too many bytes of requests are on their way: try again".to_owned(),
            Self::TooSlow => "the body did not come in time".to_owned(),
            Self::Broken(cause) => format!("the body cannot be read: {cause}"),
            Self::NotExamined(cause) => format!("the documents cannot be looked at: {cause}"),
            Self::DetectionOff(cause) => format!("detection is off, and nothing passes without: {cause}"),
            Self::Upstream(error) => error.to_string(),
            Self::Fault => "a fault of this program: please report it".to_owned(),
        }
    }

    /// The answer. A request of which a part was not read ends its connection.
    pub(crate) fn into_response(self) -> Response<AnyBody> {
        let status = self.status();
        let error = json!({ "type": format!("firstseen_{}", self.cause()), "reason": self.reason() });
        let body = json!({ "error": error, "status": status.as_u16() }).to_string();
        let mut response = Response::new(full(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self {
            Self::NoRoom | Self::DetectionOff(_) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::Method => {
                headers.insert(ALLOW, HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, POST, PUT"));
            }
            _ => {}
        }
        if !matches!(self, Self::Upstream(_) | Self::DetectionOff(_) | Self::NotExamined(_)) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<NoRoom> for Refusal {
    fn from(no_room: NoRoom) -> Self {
        match no_room {
            NoRoom::Now => Self::NoRoom,
            NoRoom::Ever => Self::TooMuch,
        }
    }
}
