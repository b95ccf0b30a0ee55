//! Ids for documents that are to be created without one.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use serde_json::Value;
use tokio::time::timeout_at;

use crate::client::{ClusterClient, part};
use crate::encoding::Encoding;

/// For how long it is known what a target takes, and for how long that nobody could
/// say.
const KNOWN_FOR: [Duration; 2] = [Duration::from_secs(300), Duration::from_secs(30)];

/// Longest answer about a target.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How long a request waits at most to hear what its targets take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most targets that something is known of.
const TARGETS_MAX: usize = 4096;

/// What an answer says unpacked, for servers that ask.
const UNCOMPRESSED_LENGTH: &str = "x-elastic-uncompressed-request-length";

/// What targets take. A time series refuses an `_id`, so the cluster is asked which are
/// some.
pub(crate) struct IdAssignment {
    cluster: ClusterClient,
    known: Mutex<HashMap<String, (bool, Instant)>>,
    /// Who asks: others wait for what it hears.
    asking: tokio::sync::Mutex<()>,
}

impl IdAssignment {
    pub(crate) fn new(cluster: ClusterClient) -> Self {
        Self { cluster, known: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// Those of the targets that take an `_id`, as far as that can be told.
    pub(super) async fn taking(&self, targets: Vec<String>) -> Vec<String> {
        let until = Instant::now() + PATIENCE;
        let mut taking = Vec::new();
        for target in targets {
            let takes_ids = match self.known_of(&target) {
                Some(takes_ids) => takes_ids,
                None => self.ask_about(&target, until).await,
            };
            if takes_ids {
                taking.push(target);
            }
        }
        taking
    }

    /// What is known of a target, and not for too long.
    fn known_of(&self, target: &str) -> Option<bool> {
        let now = Instant::now();
        self.known().get(target).filter(|(_, until)| *until > now).map(|(takes_ids, _)| *takes_ids)
    }

    async fn ask_about(&self, target: &str, until: Instant) -> bool {
        let asked = timeout_at(until.into(), async {
            let _asking = self.asking.lock().await;
            match self.known_of(target) {
                Some(takes_ids) => Ok(takes_ids),
                None => self.is_time_series(target).await.map(|is_time_series| !is_time_series),
            }
        });
        let asked = asked.await.unwrap_or_else(|_| Err("the cluster did not say it in time".to_owned()));
        let [known_for, unknown_for] = KNOWN_FOR;
        let mut known = self.known();
        let (takes_ids, known_for) = match asked {
            Ok(takes_ids) => (takes_ids, known_for),
            Err(cause) => {
                // What it took before it takes, as far as anybody knows.
                let takes_ids = known.get(target).is_some_and(|(takes_ids, _)| *takes_ids);
                let (target, get) = (firstseen::printable(target), if takes_ids { "still get" } else { "get no" });
                tracing::warn!(
                    "documents for {target} {get} ids, though it cannot be told whether it is a time series, which \
                     refuses them: {}; the credentials of the alerts are to be allowed to see its settings",
                    firstseen::printable(&cause)
                );
                (takes_ids, unknown_for)
            }
        };
        if known.len() >= TARGETS_MAX {
            known.clear();
        }
        known.insert(target.to_owned(), (takes_ids, Instant::now() + known_for));
        takes_ids
    }

    /// Asks what is there of this name, else what would be made of it.
    async fn is_time_series(&self, target: &str) -> Result<bool, String> {
        let settings = format!("/{}/_settings/index.mode?flat_settings=true", part(target));
        match self.ask("GET", &settings).await? {
            (404, _) => {}
            (200..300, answer) => return Ok(has_time_series(&answer)),
            (status, _) => return Err(format!("status {status} for its settings")),
        }
        let simulated = format!("/_index_template/_simulate_index/{}", part(target));
        match self.ask("POST", &simulated).await? {
            (404, _) => Ok(false),
            (200..300, answer) => Ok(has_time_series(&answer)),
            (status, _) => Err(format!("status {status} for its template")),
        }
    }

    async fn ask(&self, method: &str, path: &str) -> Result<(u16, Value), String> {
        let answer = self.cluster.ask(method, path, String::new(), ANSWER_BYTES_MAX).await;
        let answer = answer.map_err(|error| error.to_string())?;
        match serde_json::from_slice(&answer.body) {
            Ok(said @ Value::Object(_)) => Ok((answer.status, said)),
            _ if answer.is_success() => Err("its answer is no JSON object".to_owned()),
            _ => Ok((answer.status, Value::Null)),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, (bool, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a mode of an index, however it is written, is that of a time series.
fn has_time_series(answer: &Value) -> bool {
    match answer {
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_mode = matches!(name.as_str(), "index.mode" | "mode");
            is_mode && value.as_str() == Some("time_series") || has_time_series(value)
        }),
        _ => false,
    }
}

/// Packs a body again, and says in the headers what it is now. What was packed is gzip
/// then, which both engines take.
///
/// # Errors
///
/// None; writing to memory does not fail.
pub(super) fn pack(body: Vec<u8>, encoding: Encoding, headers: &mut HeaderMap) -> io::Result<Bytes> {
    headers.remove(CONTENT_LENGTH);
    if headers.contains_key(UNCOMPRESSED_LENGTH) {
        headers.insert(UNCOMPRESSED_LENGTH, HeaderValue::from(body.len()));
    }
    if encoding == Encoding::Identity {
        return Ok(body.into());
    }
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(&body)?;
    Ok(encoder.finish()?.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_series_is_told_by_its_mode() {
        for (answer, expected) in [
            (json!({".ds-a": {"settings": {"index.mode": "time_series"}}}), true),
            (json!({"template": {"settings": {"index": {"mode": "time_series"}}}}), true),
            (json!({"a": {"settings": {"index.mode": "logsdb"}}}), false),
            (json!({}), false),
        ] {
            assert_eq!(has_time_series(&answer), expected, "{answer}");
        }
    }

    #[test]
    fn what_was_packed_is_packed_again() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("7"));
        headers.insert(UNCOMPRESSED_LENGTH, HeaderValue::from_static("7"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("deflate"));
        let packed = pack(b"hello".to_vec(), Encoding::Deflate, &mut headers).unwrap();
        let mut share = crate::budget::Budget::new(1 << 20).share();
        assert_eq!(Encoding::of(&headers).unpack(&packed, 100, &mut share).unwrap(), "hello");
        assert_eq!(headers.get(UNCOMPRESSED_LENGTH).unwrap(), "5");
        assert!(!headers.contains_key(CONTENT_LENGTH));
    }
}
