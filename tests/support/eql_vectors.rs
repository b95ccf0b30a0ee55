//! `eql-vectors.json` of the shared corpus: EQL by example.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::needs::corpus;
use crate::{data, mappings};

/// The vectors of queries, and of queries and single events.
#[derive(Debug, Default)]
pub struct EqlVectors {
    /// Which queries parse.
    pub queries: Vec<QueryVector>,
    /// Which documents queries match.
    pub events: Vec<EventVector>,
}

/// A query, and whether it parses.
#[derive(Debug)]
pub struct QueryVector {
    /// Its name.
    pub id: String,
    /// The query.
    pub query: String,
    /// Where the first wrong token stands; none: it parses.
    pub error: Option<Place>,
    /// Whether that was not confirmed.
    pub is_unverified: bool,
}

/// A place in a query, counted in characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// Its line.
    pub line: usize,
    /// Its column.
    pub column: usize,
}

/// A query, fields, and which documents match.
#[derive(Debug)]
pub struct EventVector {
    /// Its name.
    pub id: String,
    /// The query.
    pub query: String,
    /// Fields and their types, as in mappings; no others are mapped.
    fields: BTreeMap<String, Value>,
    /// None: the search fails.
    pub documents: Option<Vec<EventDocument>>,
    /// Whether that was not confirmed.
    pub is_unverified: bool,
    /// Whether a pipe takes the first of what the query matches.
    pub has_pipe: bool,
}

/// A document, and whether a query matches it.
#[derive(Debug)]
pub struct EventDocument {
    /// The document, on one line.
    pub line: String,
    /// Whether it matches.
    pub matches: bool,
}

/// A vector in the form of the file.
#[derive(Deserialize)]
struct Written {
    id: String,
    kind: String,
    query: String,
    #[serde(default)]
    mapping: BTreeMap<String, Value>,
    docs: Option<Vec<Case>>,
    docs_file: Option<String>,
    #[serde(default)]
    match_ids: BTreeSet<String>,
    #[serde(default)]
    error: Value,
    oracles: Vec<String>,
}

#[derive(Deserialize)]
struct Case {
    doc: Box<RawValue>,
    #[serde(rename = "match")]
    matches: bool,
}

impl EqlVectors {
    /// Reads them. None where the corpus is missing.
    ///
    /// # Errors
    ///
    /// When the files have another form, and those of [`corpus`].
    pub fn read() -> Result<Option<Self>> {
        let Some(path) = corpus("eql-vectors.json")? else { return Ok(None) };
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let all: Vec<Written> = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let mut vectors = Self::default();
        for written in all {
            match written.kind.as_str() {
                "parse" => vectors.queries.push(QueryVector::of(written)?),
                "event" => vectors.events.push(EventVector::of(written)?),
                _ => {}
            }
        }
        ensure!(!vectors.queries.is_empty() && !vectors.events.is_empty(), "{}: no vectors", path.display());
        Ok(Some(vectors))
    }
}

impl QueryVector {
    fn of(Written { id, query, error, .. }: Written) -> Result<Self> {
        let is_unverified = error.get("unverified").is_some();
        Ok(Self { id, query, error: serde_json::from_value(error)?, is_unverified })
    }
}

impl EventVector {
    fn of(written: Written) -> Result<Self> {
        let documents = match (&written.error, written.docs, written.docs_file) {
            (Value::Null, Some(cases), None) => Some(cases.into_iter().map(Case::into_document).collect()),
            (Value::Null, None, Some(file)) => Some(documents(&file, &written.match_ids)?),
            (Value::String(_), None, None) => None,
            _ => anyhow::bail!("{}: neither documents nor an error", written.id),
        };
        Ok(Self {
            is_unverified: written.oracles == ["model"],
            has_pipe: written.query.rsplit('|').next().is_some_and(|pipe| pipe.trim_start().starts_with("head ")),
            id: written.id,
            query: written.query,
            fields: written.mapping,
            documents,
        })
    }

    /// The fields as a mapping document.
    #[must_use]
    pub fn mapping(&self) -> Value {
        mappings::only(&self.fields)
    }
}

impl Case {
    fn into_document(self) -> EventDocument {
        // Line breaks are only between tokens of JSON.
        EventDocument { line: self.doc.get().replace('\n', " "), matches: self.matches }
    }
}

/// The documents of a file. Their `_id` is no part of them.
fn documents(file: &str, match_ids: &BTreeSet<String>) -> Result<Vec<EventDocument>> {
    let path = corpus(file)?.with_context(|| format!("{file} is not there"))?;
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let document = |line: &str| {
        let mut document: Map<String, Value> = serde_json::from_str(line)?;
        let id = document.remove("_id");
        let id = id.as_ref().and_then(Value::as_str).context("a document without `_id`")?;
        Ok(EventDocument { matches: match_ids.contains(id), line: Value::Object(document).to_string() })
    };
    text.lines().map(document).collect()
}

/// A rule of type `eql` with a query. For it all documents of a batch are of one time.
#[must_use]
pub fn rule(query: &str) -> Value {
    json!({
        "rule_id": "vector", "name": "vector", "type": "eql", "language": "eql", "query": query,
        "severity": "low", "risk_score": 0, "timestamp_override": "event.ingested",
    })
}

/// The vectors that may differ, each with a reason:
/// `tests/data/corpus/eql-vectors.json`.
#[derive(Debug)]
pub struct Exceptions(BTreeMap<String, String>);

/// What became of vectors, by how many.
#[derive(Debug, Default)]
pub struct Tally {
    /// They hold.
    pub passed: usize,
    /// They differ for a reason.
    pub excused: usize,
    /// What is wrong with the others.
    pub failures: Vec<String>,
}

impl Exceptions {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// When one has no reason, or is listed twice.
    pub fn read() -> Result<Self> {
        #[derive(Deserialize)]
        struct Exception {
            id: String,
            reason: String,
        }
        let path = data("corpus/eql-vectors.json");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let listed: Vec<Exception> = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let mut exceptions = BTreeMap::new();
        for Exception { id, reason } in listed {
            ensure!(!reason.trim().is_empty(), "{id} has no reason");
            let twice = exceptions.insert(id.clone(), reason).is_some();
            ensure!(!twice, "{id} is listed twice");
        }
        Ok(Self(exceptions))
    }

    /// Counts a vector. One that is listed must differ, and be one that nothing
    /// has confirmed.
    pub fn count(&self, tally: &mut Tally, (id, query): (&str, &str), is_unverified: bool, result: Result<()>) {
        let failure = match (self.0.get(id), result) {
            (None, Ok(())) => return tally.passed += 1,
            (Some(_), Err(_)) if is_unverified => return tally.excused += 1,
            (Some(_), Err(error)) => format!("listed as different, but confirmed: {error:#}"),
            (Some(_), Ok(())) => "listed as different, and is not".to_owned(),
            (None, Err(error)) => format!("{error:#}"),
        };
        tally.failures.push(format!("{id} {query:?}: {failure}"));
    }
}

impl Tally {
    /// The counts, as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { passed, excused, failures } = self;
        format!("{passed} passed, {} failed, {excused} differ for a reason", failures.len())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn an_exception_must_differ_and_be_unverified() -> Result<()> {
        let exceptions = Exceptions(BTreeMap::from([("listed".to_owned(), "a reason".to_owned())]));
        let count = |id, is_unverified, differs| {
            let mut tally = Tally::default();
            let result = if differs { Err(anyhow!("it differs")) } else { Ok(()) };
            exceptions.count(&mut tally, (id, "any where true"), is_unverified, result);
            (tally.passed, tally.excused, tally.failures.len())
        };
        assert_eq!(count("other", true, false), (1, 0, 0));
        assert_eq!(count("other", true, true), (0, 0, 1));
        assert_eq!(count("listed", true, true), (0, 1, 0));
        assert_eq!(count("listed", true, false), (0, 0, 1));
        assert_eq!(count("listed", false, true), (0, 0, 1));
        Exceptions::read().map(|_| ())
    }

    #[test]
    fn vectors_have_their_forms() -> Result<()> {
        let written = |rest: Value| -> Result<Written> {
            let mut vector = json!({"id": "a", "kind": "event", "query": "any where true", "oracles": ["model"]});
            vector.as_object_mut().context("no object")?.extend(rest.as_object().cloned().unwrap_or_default());
            Ok(serde_json::from_str(&vector.to_string())?)
        };
        let vector =
            EventVector::of(written(json!({"docs": [{"doc": {"a": 1}, "match": true}], "mapping": {"a": "long"}}))?)?;
        let documents = vector.documents.as_deref().context("no documents")?;
        assert!(documents.iter().map(|document| (document.line.as_str(), document.matches)).eq([("{\"a\":1}", true)]));
        assert_eq!(vector.mapping().pointer("/mappings/properties/a/type"), Some(&json!("long")));
        assert!(EventVector::of(written(json!({"error": "search"}))?)?.documents.is_none());
        assert!(EventVector::of(written(json!({}))?).is_err());
        let verified = json!({"docs": [], "oracles": ["model", "es-test"]});
        assert!(!EventVector::of(written(verified)?)?.is_unverified);
        let error = json!({"error": {"kind": "syntax", "line": 2, "column": 3, "unverified": "a guess"}});
        let query = QueryVector::of(written(error)?)?;
        assert_eq!((query.error, query.is_unverified), (Some(Place { line: 2, column: 3 }), true));
        assert_eq!(QueryVector::of(written(json!({"ok": true}))?)?.error, None);
        Ok(())
    }
}
