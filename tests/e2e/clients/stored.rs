//! What an index has.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::elasticsearch::Elasticsearch;

/// As many documents as one search gives.
const MOST_DOCUMENTS: usize = 10_000;

/// A document as it is stored.
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    #[serde(rename = "_id")]
    pub(super) id: String,
    /// Byte for byte.
    #[serde(rename = "_source")]
    pub(super) source: Box<RawValue>,
}

#[derive(Deserialize)]
struct Found {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Document>,
}

/// All documents, in the order in which they came.
///
/// # Errors
///
/// When there is no such index, or it has more than a search gives.
pub(super) fn documents(node: &Elasticsearch, target: &str) -> Result<Vec<Document>> {
    let count = count(node, target)?;
    if count > MOST_DOCUMENTS {
        bail!("{target} has {count} documents, over {MOST_DOCUMENTS}");
    }
    let search = json!({ "size": MOST_DOCUMENTS, "sort": ["_seq_no"] });
    let found = node.text("POST", &format!("/{target}/_search"), search.to_string())?;
    Ok(serde_json::from_str::<Found>(&found)?.hits.hits)
}

/// The number of documents.
///
/// # Errors
///
/// When there is no such index.
pub(super) fn count(node: &Elasticsearch, target: &str) -> Result<usize> {
    Ok(usize::try_from(node.count(target)?)?)
}

/// A document by its name.
///
/// # Errors
///
/// When it is not there.
pub(super) fn document(node: &Elasticsearch, index: &str, id: &str) -> Result<Document> {
    let found = node.text("GET", &format!("/{index}/_doc/{id}"), String::new())?;
    serde_json::from_str(&found).with_context(|| found)
}

/// Deletes an index, if it is there.
///
/// # Errors
///
/// When that fails.
pub(super) fn delete(node: &Elasticsearch, index: &str) -> Result<()> {
    let answer = node.ask("DELETE", &format!("/{index}?ignore_unavailable=true"), String::new())?;
    match answer.get("acknowledged").and_then(Value::as_bool) {
        Some(true) => Ok(()),
        _ => bail!("{index} is not deleted: {answer}"),
    }
}
