//! What tests ask a node of Elasticsearch or OpenSearch.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

/// How much goes into one `_bulk` request, in bytes.
const BULK_BYTES: usize = 8 << 20;

/// What takes longer hangs. It bounds failing tests; none depends on it.
const HANG: Duration = Duration::from_secs(120);

/// A node, and the way to it.
pub struct Elasticsearch {
    url: String,
    agent: Agent,
}

/// What became of documents.
#[derive(Debug, Default)]
pub struct Stored {
    /// Status 201.
    pub created: u64,
    /// Status 409: there was a document with this id.
    pub known: u64,
    /// Any other status, with what was said.
    pub refused: Vec<String>,
}

impl Elasticsearch {
    /// The way to a node that is running.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(HANG));
        Self { url: url.to_owned(), agent: config.build().into() }
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes what an address names, such as an index or a template.
    ///
    /// # Errors
    ///
    /// When it is not taken.
    pub fn put(&self, path: &str, body: &Value) -> Result<()> {
        self.ask("PUT", path, body.to_string()).map(drop)
    }

    /// Stores documents with their ids, by `create`.
    ///
    /// # Errors
    ///
    /// When a request as a whole fails.
    pub fn create<'a>(&self, target: &str, documents: impl IntoIterator<Item = (String, &'a str)>) -> Result<Stored> {
        let mut stored = Stored::default();
        let (mut body, mut count) = (String::new(), 0);
        for (id, document) in documents {
            body.push_str(&format!("{}\n{document}\n", json!({"create": {"_id": id}})));
            count += 1;
            if body.len() >= BULK_BYTES {
                self.bulk(target, std::mem::take(&mut body), std::mem::take(&mut count), &mut stored)?;
            }
        }
        if count > 0 {
            self.bulk(target, body, count, &mut stored)?;
        }
        Ok(stored)
    }

    /// The number of documents that a search would find.
    ///
    /// # Errors
    ///
    /// When there is no such index.
    pub fn count(&self, target: &str) -> Result<u64> {
        self.ask("POST", &format!("/{target}/_refresh"), String::new())?;
        let answer = self.ask("GET", &format!("/{target}/_count"), String::new())?;
        answer.get("count").and_then(Value::as_u64).with_context(|| format!("no count: {answer}"))
    }

    fn bulk(&self, target: &str, body: String, count: usize, stored: &mut Stored) -> Result<()> {
        let answer = self.ask("POST", &format!("/{target}/_bulk"), body)?;
        let items = answer.get("items").and_then(Value::as_array).context("no items")?;
        ensure!(items.len() == count, "{} answers to {count} documents", items.len());
        for item in items {
            match item.pointer("/create/status").and_then(Value::as_u64) {
                Some(201) => stored.created += 1,
                Some(409) => stored.known += 1,
                _ => stored.refused.push(item.to_string()),
            }
        }
        Ok(())
    }

    /// What it answers to a request, parsed.
    ///
    /// # Errors
    ///
    /// When there is no answer, or one that says no.
    pub fn ask(&self, method: &str, path: &str, body: String) -> Result<Value> {
        let text = self.text(method, path, body)?;
        serde_json::from_str(&text).with_context(|| format!("{method} {path}: {text}"))
    }

    /// The same as it came.
    ///
    /// # Errors
    ///
    /// As [`Elasticsearch::ask`].
    pub fn text(&self, method: &str, path: &str, body: String) -> Result<String> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json").body(body)?;
        let mut answer = self.agent.run(request).with_context(|| format!("{method} {path}"))?;
        let text = answer.body_mut().with_config().limit(u64::MAX).read_to_string()?;
        if !answer.status().is_success() {
            bail!("{method} {path}: {}: {text}", answer.status());
        }
        Ok(text)
    }
}
