//! A cluster that stands in for Elasticsearch: it keeps what it is sent, and fails as it
//! is told to.

mod archive;
mod http;
mod listening;
mod store;

use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

pub use self::archive::{Archive, Engine, Old, Say};
use self::http::{Connection, Fault};
pub use self::http::{Request, unpack_gzip};
use self::listening::Listening;
pub use self::store::Document;
use self::store::Store;

/// What a cluster does with a request for `_bulk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It stores the documents and answers.
    Answer,
    /// It stores nothing, and answers with this status.
    Status(u16),
    /// It stores every other document, and gives the others this status.
    Items(u16),
    /// It stores the documents or not, and breaks off before the answer.
    BreakOff {
        /// Whether it stores them.
        stores: bool,
    },
    /// It stores the documents, and sends half of the answer.
    Half,
    /// It stores the documents, and breaks off behind the head of the answer.
    AfterHead,
    /// It stores the documents, and answers byte by byte.
    Drip,
    /// It stores the documents, and says nothing for so long.
    Stall(Duration),
}

type Script = dyn Fn(&Request) -> Act + Send + Sync;

/// A cluster of one node on a free port of loopback, until it is dropped.
pub struct Cluster {
    listening: Listening,
    shared: Arc<Shared>,
}

struct Shared {
    script: Box<Script>,
    store: Mutex<Store>,
    requests: Mutex<Vec<Request>>,
    records: AtomicBool,
    served: AtomicU64,
}

impl Cluster {
    /// A cluster that does with each request for `_bulk` of documents what `script`
    /// says; requests of others are answered.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub fn start(script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Result<Self> {
        Self::with_store("127.0.0.1:0", Store::default(), Box::new(script))
    }

    /// The same at an address, with a file that has what it keeps: another one can go
    /// on with it.
    ///
    /// # Errors
    ///
    /// When the address is not free, or the file cannot be used.
    pub fn over(address: &str, file: &Path) -> Result<Self> {
        Self::with_store(address, Store::open(file)?, Box::new(|_| Act::Answer))
    }

    fn with_store(address: &str, store: Store, script: Box<Script>) -> Result<Self> {
        let shared = Arc::new(Shared {
            script,
            store: Mutex::new(store),
            requests: Mutex::default(),
            records: AtomicBool::new(false),
            served: AtomicU64::new(0),
        });
        let for_serving = Arc::clone(&shared);
        let listening = Listening::start(address, move |stream| for_serving.serve(stream))?;
        Ok(Self { listening, shared })
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        self.listening.url()
    }

    /// What it keeps of an index.
    #[must_use]
    pub fn documents(&self, index: &str) -> Vec<Document> {
        self.shared.store().of(index)
    }

    /// Keeps the requests from now on.
    pub fn record(&self) {
        self.shared.records.store(true, Ordering::Relaxed);
    }

    /// The requests that were kept.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// How many requests it has read.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.shared.served.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut connection = Connection::new(stream)?;
        while let Some(request) = connection.read()? {
            self.served.fetch_add(1, Ordering::Relaxed);
            if self.records.load(Ordering::Relaxed) {
                lock(&self.requests).push(request.clone());
            }
            let act = if is_bulk_of_documents(&request) { (self.script)(&request) } else { Act::Answer };
            let (status, answer, fault) = match act {
                Act::Answer => (None, self.answer(&request, None), None),
                Act::Status(status) => (Some(status), refused(status), None),
                Act::Items(status) => (None, self.answer(&request, Some(status)), None),
                Act::BreakOff { stores } => {
                    if stores {
                        self.answer(&request, None);
                    }
                    return Ok(());
                }
                Act::Half => (None, self.answer(&request, None), Some(Fault::Half)),
                Act::AfterHead => (None, self.answer(&request, None), Some(Fault::AfterHead)),
                Act::Drip => (None, self.answer(&request, None), Some(Fault::Drip)),
                Act::Stall(time) => {
                    let answer = self.answer(&request, None);
                    thread::sleep(time);
                    (None, answer, None)
                }
            };
            let (answered, body) = answer;
            connection.write(&request, status.unwrap_or(answered), &body, fault)?;
            if fault.is_some_and(|fault| fault != Fault::Drip) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Does what is asked, and says so. Every other document of a bulk has
    /// `item_status`, if there is one.
    fn answer(&self, request: &Request, item_status: Option<u16>) -> (u16, String) {
        let path = request.target.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut store = self.store();
        let answer: Value = match (&*request.method, &*parts) {
            ("POST" | "PUT", ["_bulk"]) => store.bulk(&request.unpacked(), None, item_status),
            ("POST" | "PUT", [index, "_bulk"]) => store.bulk(&request.unpacked(), Some(index), item_status),
            ("POST" | "PUT", [index, "_doc" | "_create", id]) => {
                return (201, store.put(index, Some(id), &request.unpacked()).to_string());
            }
            ("POST", [index, "_doc"]) => return (201, store.put(index, None, &request.unpacked()).to_string()),
            ("POST", [index, "_search"]) => store.search(index, &request.unpacked()),
            ("HEAD" | "GET", ["_alias", alias]) => {
                return if store.has_alias(alias) { (200, "{}".into()) } else { refused(404) };
            }
            ("PUT", ["_index_template", _]) => json!({ "acknowledged": true }),
            ("PUT", [index]) => store.make(index, &request.unpacked()),
            ("POST", [_, "_refresh"]) => json!({}),
            // What nobody may see, and what is a time series, say so in their names.
            ("GET", [index, "_settings", "index.mode"]) if index.contains("hidden") => return refused(403),
            ("GET", [index, "_settings", "index.mode"]) if index.contains("time-series") => {
                json!({ *index: { "settings": { "index.mode": "time_series" } } })
            }
            (_, []) => json!({ "version": { "number": "9.5.3", "build_flavor": "default" } }),
            _ => return refused(404),
        };
        (200, answer.to_string())
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }
}

/// Whether it brings what clients send, and not alerts.
fn is_bulk_of_documents(request: &Request) -> bool {
    request.target.contains("_bulk") && !request.target.contains("firstseen-alerts")
}

fn refused(status: u16) -> (u16, String) {
    (status, json!({ "error": { "type": "stand_in", "reason": "as it was told to" }, "status": status }).to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
