//! Headers: which of them are for the next hop only.

use hyper::HeaderMap;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};

use super::refusal::Refusal;

/// Those that end here (RFC 9110 §7.6.1), beside those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Takes off what is not for the cluster.
pub(super) fn for_upstream(headers: &mut HeaderMap) {
    if headers.contains_key(TRANSFER_ENCODING) {
        // The length is that of the coding, whatever else is said.
        headers.remove(CONTENT_LENGTH);
    }
    // It was answered here already.
    headers.remove(EXPECT);
    headers.remove("proxy-connection");
    strip(headers);
}

/// Takes off what is not for the client.
pub(super) fn for_client(headers: &mut HeaderMap) {
    strip(headers);
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    // What says how long a body is, is not for a client to take off.
    for name in named.iter().filter(|name| **name != CONTENT_LENGTH) {
        headers.remove(name);
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Refuses what two servers might frame differently. Where there are a length and a coding,
/// the length is gone already (RFC 9112 §6.3), and does not go on.
pub(super) fn check_framing(headers: &HeaderMap) -> Result<(), Refusal> {
    let codings = headers.get_all(TRANSFER_ENCODING);
    let is_chunked = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    if !codings.iter().all(is_chunked) || codings.iter().count() > 1 {
        return Err(Refusal::TransferCoding);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        all.iter().map(header).collect()
    }

    #[test]
    fn what_is_for_this_hop_ends_here() {
        let mut all = headers(&[
            ("connection", "close, X-Mine, content-length"),
            ("x-mine", "1"),
            ("x-other", "2"),
            ("te", "trailers"),
            ("expect", "100-continue"),
            ("authorization", "ApiKey a"),
            ("content-length", "5"),
        ]);
        for_upstream(&mut all);
        let left: Vec<&str> = all.keys().map(HeaderName::as_str).collect();
        assert_eq!(left.len(), 3, "{left:?}");
        assert!(all.contains_key("x-other") && all.contains_key("authorization") && all.contains_key("content-length"));
    }

    #[test]
    fn codings_that_are_not_read_are_refused() {
        assert!(check_framing(&headers(&[("content-length", "5")])).is_ok());
        assert!(check_framing(&headers(&[("transfer-encoding", "Chunked")])).is_ok());
        for bad in [
            &[("transfer-encoding", "gzip, chunked")][..],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "identity")],
        ] {
            assert!(check_framing(&headers(bad)).is_err(), "{bad:?}");
        }
    }
}
