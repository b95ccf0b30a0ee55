//! Searching a point in time of a cluster, page by page.
//!
//! Elasticsearch and OpenSearch open and close it in different ways. Within one, a
//! document has a place of its own among those of the same time (`_index` and `_shard_doc`:
//! the latter alone is the same for documents of two indices in OpenSearch), so that
//! pages neither miss nor repeat any. That place is gone with the point in time: in the
//! next one it goes on with all documents of the last time, some of them once more.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use firstseen_serve::{ClusterAnswer, ClusterClient, ClusterError};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::page::{Answer, Page};
use crate::message;

/// Documents of a page, unless they are too long.
const PAGE_DOCUMENTS: usize = 1_000;

/// Longest answer. Fewer documents are asked for where it is longer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// For how long a point in time is kept after each page.
const KEEP_ALIVE: &str = "5m";

/// How often something is tried that fails.
const TRIES: u32 = 8;

/// How long the first pause after a failure is, and the longest one.
const PAUSE: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];

/// A search that goes through all documents since a time.
pub(super) struct Search {
    client: ClusterClient,
    index: String,
    kind: Kind,
    point_in_time: Option<String>,
    tiebreak: &'static str,
    /// Documents of this time come, and later ones.
    from_ms: i64,
    /// Within the point in time: behind these values.
    after: Vec<Box<RawValue>>,
    reached_ms: i64,
    size: usize,
    /// Has the server write documents anew, for one that is no strict JSON spoils the
    /// answer.
    rewrites: bool,
    failures: u32,
}

/// How a server calls a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Elasticsearch,
    OpenSearch,
}

/// What became of a request.
enum Asked {
    Page(Page),
    /// The point in time is gone, or a part of it; why.
    Expired(String),
    /// It may do another time; why not now.
    Later(String),
    /// The answer is too long.
    TooLong,
    /// It is asked in another way.
    Otherwise,
}

impl Search {
    pub(super) fn new(client: ClusterClient, index: String) -> Self {
        Self {
            client,
            index,
            kind: Kind::Elasticsearch,
            point_in_time: None,
            tiebreak: "_shard_doc",
            from_ms: i64::MIN,
            after: Vec::new(),
            reached_ms: i64::MIN,
            size: PAGE_DOCUMENTS,
            rewrites: false,
            failures: 0,
        }
    }

    /// Goes on with the documents of this time.
    pub(super) fn go_to(&mut self, from_ms: i64) {
        (self.from_ms, self.reached_ms) = (from_ms, from_ms);
        self.after.clear();
    }

    /// Opens a point in time, if none is.
    pub(super) async fn open(&mut self) -> Result<()> {
        let mut first_refusal = None;
        while self.point_in_time.is_none() {
            let path = match self.kind {
                Kind::Elasticsearch => format!("/{}/_pit?keep_alive={KEEP_ALIVE}", self.index),
                Kind::OpenSearch => format!(
                    "/{}/_search/point_in_time?keep_alive={KEEP_ALIVE}&allow_partial_pit_creation=false",
                    self.index
                ),
            };
            let answer = match self.client.ask("POST", &path, String::new(), ANSWER_BYTES_MAX).await {
                Ok(answer) => answer,
                Err(error) => {
                    self.pause(&error.to_string()).await?;
                    continue;
                }
            };
            match answer.status {
                200..=299 => {
                    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                    if said.pointer("/_shards/failed").and_then(Value::as_u64).is_some_and(|failed| failed > 0) {
                        self.pause("a part of the indices cannot be read").await?;
                        continue;
                    }
                    let id = said.get("id").or(said.get("pit_id")).and_then(Value::as_str);
                    let id = id.context("the answer has no point in time: is it Elasticsearch or OpenSearch?")?;
                    self.point_in_time = Some(id.to_owned());
                }
                // The other one does not know it.
                400 | 405 if self.kind == Kind::Elasticsearch => {
                    self.kind = Kind::OpenSearch;
                    first_refusal = Some(answer.refusal());
                }
                status if is_temporary(status) => self.pause(&answer.refusal()).await?,
                _ => {
                    let first = first_refusal.map(|first| format!("; asked as Elasticsearch: {first}"));
                    let first = first.unwrap_or_default();
                    bail!("no point in time of {} can be opened: {}{first}", self.index, refusal(&answer))
                }
            }
        }
        Ok(())
    }

    /// The next page. It tries again what may do another time, with pauses.
    pub(super) async fn next_page(&mut self) -> Result<Page> {
        loop {
            self.open().await?;
            match self.ask().await? {
                Asked::Page(page) => {
                    self.after.clone_from(&page.after);
                    self.reached_ms = page.reached_ms.unwrap_or(self.reached_ms);
                    // One that is gone after every page must not go on for ever.
                    if self.reached_ms > self.from_ms {
                        self.failures = 0;
                    }
                    (self.rewrites, self.size) = (false, (2 * self.size).min(PAGE_DOCUMENTS));
                    return Ok(page);
                }
                Asked::Expired(cause) => {
                    // A part of it may be left.
                    self.close().await;
                    self.go_to(self.reached_ms);
                    self.pause(&format!("the point in time is gone, and another one is opened: {cause}")).await?;
                }
                Asked::Later(cause) => self.pause(&cause).await?,
                Asked::TooLong if self.size > 1 => self.size /= 2,
                Asked::TooLong => bail!("a document makes an answer of over {} MiB", ANSWER_BYTES_MAX >> 20),
                Asked::Otherwise => {}
            }
        }
    }

    /// Closes the point in time.
    pub(super) async fn close(&mut self) {
        let Some(id) = self.point_in_time.take() else { return };
        let (path, body) = match self.kind {
            Kind::Elasticsearch => ("/_pit", json!({ "id": id })),
            Kind::OpenSearch => ("/_search/point_in_time", json!({ "pit_id": [id] })),
        };
        // It ends by itself, if later.
        drop(self.client.ask("DELETE", path, body.to_string(), ANSWER_BYTES_MAX).await);
    }

    async fn ask(&mut self) -> Result<Asked> {
        let path = match self.rewrites {
            false => "/_search",
            true => "/_search?filter_path=pit_id,timed_out,_shards,hits.hits",
        };
        let answer = match self.client.ask("POST", path, self.body().to_string(), ANSWER_BYTES_MAX).await {
            Ok(answer) => answer,
            Err(ClusterError::TooLong) => return Ok(Asked::TooLong),
            Err(error) => return Ok(Asked::Later(error.to_string())),
        };
        let says = |text: &[u8]| memchr::memmem::find(&answer.body, text).is_some();
        match answer.status {
            200 => self.read(&answer),
            404 if says(b"search_context_missing") || says(b"No search context found") => {
                Ok(Asked::Expired(answer.refusal()))
            }
            // Before Elasticsearch 7.12 and OpenSearch 3.3.
            400 if self.tiebreak == "_shard_doc" && says(b"[_shard_doc]") => {
                self.tiebreak = "_id";
                Ok(Asked::Otherwise)
            }
            status if is_temporary(status) => Ok(Asked::Later(answer.refusal())),
            _ => bail!("the documents of {} cannot be read: {}", self.index, refusal(&answer)),
        }
    }

    fn read(&mut self, answer: &ClusterAnswer) -> Result<Asked> {
        let read: Answer<'_> = match serde_json::from_slice(&answer.body) {
            Ok(read) => read,
            Err(_) if !self.rewrites => {
                self.rewrites = true;
                return Ok(Asked::Otherwise);
            }
            Err(error) => return Err(anyhow!("the answer to a search is not understood: {error}")),
        };
        if let Some(cause) = read.trouble() {
            return Ok(Asked::Expired(cause));
        }
        let page = read.page(self.size)?;
        if let Some(id) = read.pit_id {
            self.point_in_time = Some(id.into_owned());
        }
        Ok(Asked::Page(page))
    }

    fn body(&self) -> Value {
        let since = json!({ "range": { "@timestamp": { "gte": self.from_ms, "format": "epoch_millis" } } });
        let mut body = json!({
            "size": self.size,
            "pit": { "id": self.point_in_time, "keep_alive": KEEP_ALIVE },
            "query": { "bool": { "filter": [since] } },
            "sort": [
                { "@timestamp": { "order": "asc", "numeric_type": "date", "unmapped_type": "date" } },
                { "_index": "asc" },
                { self.tiebreak: "asc" },
            ],
            "track_total_hits": false,
        });
        if let (Some(body), false) = (body.as_object_mut(), self.after.is_empty()) {
            body.insert("search_after".to_owned(), json!(self.after));
        }
        body
    }

    /// Waits before the next try.
    ///
    /// # Errors
    ///
    /// What fails, if it has too often.
    async fn pause(&mut self, cause: &str) -> Result<()> {
        self.failures += 1;
        if self.failures >= TRIES {
            bail!("it failed {TRIES} times: {cause}");
        }
        let pause = PAUSE[0].saturating_mul(1 << (self.failures - 1)).min(PAUSE[1]);
        message::warn(&format!("{cause}; it is tried again in {} s", pause.as_secs_f32()));
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Whether a status says that another time may do.
fn is_temporary(status: u16) -> bool {
    status == 429 || status >= 500
}

/// What is said about an answer that refuses for good.
fn refusal(answer: &ClusterAnswer) -> String {
    match answer.status {
        300..=399 => format!("{}, a redirection, and none is followed", answer.refusal()),
        401 | 403 => format!("{}; see FIRSTSEEN_SEED_API_KEY and FIRSTSEEN_SEED_BASIC", answer.refusal()),
        _ => answer.refusal(),
    }
}
