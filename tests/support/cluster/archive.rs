//! A cluster that has old documents, and answers searches of a point in time.

use std::collections::BTreeSet;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::http::{Connection, Request};
use super::listening::Listening;
use super::{lock, refused};

/// What a cluster does with a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// It answers.
    Answer,
    /// It answers with this status.
    Status(u16),
    /// It answers with this body.
    Body(String),
    /// All points in time are gone.
    Expire,
    /// It says nothing until the end.
    Hang,
    /// It breaks off.
    BreakOff,
}

/// Which engine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Elasticsearch.
    Elasticsearch,
    /// OpenSearch, before it had `_shard_doc`.
    OpenSearch,
}

/// A document: its time in epoch milliseconds, its index and its source.
pub type Old = (i64, String, String);

type Script = dyn Fn(usize) -> Say + Send + Sync;

/// A cluster of one node on a free port of loopback, until it is dropped.
pub struct Archive {
    listening: Listening,
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    documents: Vec<Old>,
    script: Box<Script>,
    requests: Mutex<Vec<Request>>,
    open: Mutex<(usize, BTreeSet<String>)>,
    is_over: AtomicBool,
}

impl Archive {
    /// A cluster with documents, which need be in no order. `script` is asked with the
    /// number of each search, from 0.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub fn start(
        engine: Engine,
        mut documents: Vec<Old>,
        script: impl Fn(usize) -> Say + Send + Sync + 'static,
    ) -> Result<Self> {
        documents.sort();
        let shared = Arc::new(Shared {
            engine,
            documents,
            script: Box::new(script),
            requests: Mutex::default(),
            open: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let for_serving = Arc::clone(&shared);
        let listening = Listening::start("127.0.0.1:0", move |stream| for_serving.serve(stream))?;
        Ok(Self { listening, shared })
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        self.listening.url()
    }

    /// The requests that came.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The bodies of the searches that came.
    #[must_use]
    pub fn searches(&self) -> Vec<Value> {
        let requests = self.requests();
        let searches = requests.iter().filter(|request| is_search(request));
        searches.map(|request| serde_json::from_slice(&request.body).unwrap_or_default()).collect()
    }

    /// How many points in time are open.
    #[must_use]
    pub fn open(&self) -> usize {
        lock(&self.shared.open).1.len()
    }
}

impl Drop for Archive {
    /// Ends what says nothing until the end.
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

fn is_search(request: &Request) -> bool {
    request.target.split('?').next() == Some("/_search")
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut connection = Connection::new(stream)?;
        while let Some(request) = connection.read()? {
            let number = {
                let mut requests = lock(&self.requests);
                let number = requests.iter().filter(|request| is_search(request)).count();
                requests.push(request.clone());
                number
            };
            let say = if is_search(&request) { (self.script)(number) } else { Say::Answer };
            let (status, body) = match say {
                Say::Answer => self.answer(&request),
                Say::Status(status) => refused(status),
                Say::Body(body) => (200, body),
                Say::Expire => {
                    lock(&self.open).1.clear();
                    self.answer(&request)
                }
                Say::Hang => {
                    while !self.is_over.load(Ordering::Relaxed) {
                        thread::sleep(Duration::from_millis(5));
                    }
                    return Ok(());
                }
                Say::BreakOff => return Ok(()),
            };
            connection.write(&request, status, &body, None)?;
        }
        Ok(())
    }

    fn answer(&self, request: &Request) -> (u16, String) {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path = request.target.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let opened = || {
            let mut open = lock(&self.open);
            open.0 += 1;
            let id = format!("point {}", open.0);
            open.1.insert(id.clone());
            id
        };
        let answer = match (&*request.method, &*parts, self.engine) {
            ("POST", ["missing", "_pit"], Engine::Elasticsearch) => return refused(404),
            ("POST", [_, "_pit"], Engine::Elasticsearch) => json!({ "id": opened() }),
            ("POST", [_, "_search", "point_in_time"], Engine::OpenSearch) => json!({ "pit_id": opened() }),
            ("DELETE", ["_pit"], Engine::Elasticsearch) => json!({ "succeeded": self.close(&text("/id")) }),
            ("DELETE", ["_search", "point_in_time"], Engine::OpenSearch) => {
                json!({ "pits": [{ "successful": self.close(&text("/pit_id/0")) }] })
            }
            ("POST", ["_search"], _) if !lock(&self.open).1.contains(&text("/pit/id")) => {
                let error = json!({ "type": "search_context_missing_exception", "reason": "no context" });
                return (404, json!({ "error": { "root_cause": [error], "reason": "all shards failed" } }).to_string());
            }
            ("POST", ["_search"], Engine::OpenSearch) if body.pointer("/sort/2/_shard_doc").is_some() => {
                let reason = "No mapping found for [_shard_doc] in order to sort on";
                return (400, json!({ "error": { "reason": reason } }).to_string());
            }
            ("POST", ["_search"], _) => return (200, self.search(&body)),
            _ => return refused(400),
        };
        (200, answer.to_string())
    }

    fn close(&self, id: &str) -> bool {
        lock(&self.open).1.remove(id)
    }

    /// The documents since a time and behind a place: this one is that in the order of
    /// all, and none in another point in time.
    fn search(&self, body: &Value) -> String {
        let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_i64);
        let since_ms = number("/query/bool/filter/0/range/@timestamp/gte").unwrap_or(i64::MAX);
        let size = number("/size").and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
        let after = number("/search_after/0").zip(number("/search_after/2"));
        let placed = (0_i64..).zip(&self.documents);
        let behind = placed.filter(|(place, (time_ms, ..))| {
            *time_ms >= since_ms && after.is_none_or(|after| (*time_ms, *place) > after)
        });
        // As they are: a source need not be strict JSON.
        let hits = behind.take(size).map(|(place, (time_ms, index, source))| {
            let index = Value::from(index.as_str());
            let sort = format!("[{time_ms},{index},{place}]");
            format!("{{\"_index\":{index},\"_id\":\"{place}\",\"_score\":null,\"_source\":{source},\"sort\":{sort}}}")
        });
        let hits: Vec<String> = hits.collect();
        let id = body.pointer("/pit/id").cloned().unwrap_or_default();
        format!(
            "{{\"pit_id\":{id},\"took\":1,\"timed_out\":false,\"_shards\":{{\"total\":1,\"failed\":0}},\
             \"hits\":{{\"max_score\":null,\"hits\":[{}]}}}}",
            hits.join(",")
        )
    }
}
