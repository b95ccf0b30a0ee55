//! What a cluster keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// `_id`.
    pub id: String,
    /// Its bytes.
    pub source: String,
}

/// Documents by their index, in memory, or in a file too.
#[derive(Default)]
pub(super) struct Store {
    indices: BTreeMap<String, Vec<Document>>,
    ids: BTreeSet<(String, String)>,
    aliases: BTreeSet<String>,
    file: Option<File>,
    next_id: u64,
}

impl Store {
    /// What is in a file, which is made if it is not there.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut store = Self::default();
        for line in BufReader::new(File::open(path)?).lines() {
            // The last one may be torn.
            let Ok(line) = serde_json::from_str::<Value>(&line?) else { continue };
            let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            store.aliases.extend(line.get("alias").and_then(Value::as_str).map(str::to_owned));
            if line.get("index").is_some() {
                store.insert(&text("index"), text("id"), text("source"));
            }
        }
        if std::fs::read(path)?.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n")?;
        }
        store.file = Some(file);
        Ok(store)
    }

    pub(super) fn of(&self, index: &str) -> Vec<Document> {
        self.indices.get(index).cloned().unwrap_or_default()
    }

    pub(super) fn has_alias(&self, alias: &str) -> bool {
        self.aliases.contains(alias)
    }

    /// Makes an index, with its aliases.
    pub(super) fn make(&mut self, index: &str, body: &[u8]) -> Value {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        for alias in body.get("aliases").and_then(Value::as_object).into_iter().flat_map(|aliases| aliases.keys()) {
            self.write(&json!({ "alias": alias }));
            self.aliases.insert(alias.clone());
        }
        json!({ "acknowledged": true, "index": index })
    }

    /// Stores one document.
    pub(super) fn put(&mut self, index: &str, id: Option<&str>, source: &[u8]) -> Value {
        let id = id.map_or_else(|| self.fresh_id(), str::to_owned);
        self.keep(index, &id, source);
        json!({ "_index": format!("{index}-000001"), "_id": id, "result": "created", "_version": 1 })
    }

    /// Does what a bulk asks for.
    pub(super) fn bulk(&mut self, body: &[u8], path_index: Option<&str>, item_status: Option<u16>) -> Value {
        let mut lines = body.split(|&byte| byte == b'\n');
        let (mut items, mut errors) = (Vec::new(), false);
        while let Some(line) = lines.next() {
            let Ok(Value::Object(action)) = serde_json::from_slice::<Value>(line) else { continue };
            let Some((verb, metadata)) = action.into_iter().next() else { continue };
            let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
            let index = text("_index").or(path_index.map(str::to_owned)).unwrap_or_default();
            let id = text("_id");
            let source = if verb == "delete" { &[][..] } else { lines.next().unwrap_or_default() };
            let refused = item_status.filter(|_| items.len() % 2 == 1);
            let known = id.as_ref().is_some_and(|id| self.ids.contains(&(index.clone(), id.clone())));
            let item = if let Some(status) = refused {
                errors = true;
                json!({ "status": status, "error": { "type": "stand_in", "reason": "as it was told to" } })
            } else if verb == "create" && known {
                errors = true;
                let error = json!({ "type": "version_conflict_engine_exception", "reason": "it is there" });
                json!({ "_index": index, "_id": id, "status": 409, "error": error })
            } else {
                let id = id.unwrap_or_else(|| self.fresh_id());
                self.keep(&index, &id, source);
                json!({ "_index": format!("{index}-000001"), "_id": id, "status": 201 })
            };
            items.push(json!({ verb: item }));
        }
        json!({ "took": 1, "errors": errors, "items": items })
    }

    /// The ids of a query for ids.
    pub(super) fn search(&self, index: &str, body: &[u8]) -> Value {
        let query: Value = serde_json::from_slice(body).unwrap_or_default();
        let ids = query.pointer("/query/ids/values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_there =
            |id: &&Value| id.as_str().is_some_and(|id| self.ids.contains(&(index.to_owned(), id.to_owned())));
        let hits: Vec<Value> = ids.iter().filter(is_there).map(|id| json!({ "_id": id })).collect();
        json!({ "hits": { "hits": hits } })
    }

    fn fresh_id(&mut self) -> String {
        self.next_id += 1;
        format!("given-{}-{}", std::process::id(), self.next_id)
    }

    fn keep(&mut self, index: &str, id: &str, source: &[u8]) {
        let source = String::from_utf8_lossy(source).into_owned();
        self.write(&json!({ "index": index, "id": id, "source": source }));
        self.insert(index, id.to_owned(), source);
    }

    fn insert(&mut self, index: &str, id: String, source: String) {
        self.ids.insert((index.to_owned(), id.clone()));
        self.indices.entry(index.to_owned()).or_default().push(Document { id, source });
    }

    fn write(&mut self, line: &Value) {
        if let Some(file) = &mut self.file {
            // One write, so that a kill tears it at most once.
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }
}
