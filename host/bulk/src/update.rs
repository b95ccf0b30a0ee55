//! The source of an `update`.

use firstseen_decode::strict;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What an update makes a document of, if there is none.
#[derive(Deserialize)]
struct Update<'l> {
    #[serde(borrow, default)]
    doc: Option<&'l RawValue>,
    #[serde(default)]
    doc_as_upsert: Flag,
    #[serde(borrow, default)]
    upsert: Option<&'l RawValue>,
    #[serde(default)]
    scripted_upsert: Flag,
}

/// A truth value, also as a text.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
    #[default]
    Other,
}

impl Flag {
    fn is_set(&self) -> bool {
        match self {
            Self::Bool(is_set) => *is_set,
            Self::Text(text) => text == "true",
            Self::Other => false,
        }
    }
}

/// What an update stores where there is no document yet.
#[derive(Debug, PartialEq, Eq)]
pub enum Upserted {
    /// Nothing: it only changes a document that is there.
    Nothing,
    /// This document.
    Document(Vec<u8>),
    /// What a script makes, or what cannot be read.
    Unknown,
}

/// What an update stores where there is no document yet. As for Elasticsearch, what
/// stands behind its end does not count.
#[must_use]
pub fn upserted(source: &[u8]) -> Upserted {
    let Some(strict) = strict(source) else { return Upserted::Nothing };
    let mut values = serde_json::Deserializer::from_slice(&strict).into_iter::<Update<'_>>();
    let update = match values.next() {
        Some(Ok(update)) => update,
        // The engine may read it all the same.
        Some(Err(_)) => return Upserted::Unknown,
        None => return Upserted::Nothing,
    };
    if update.scripted_upsert.is_set() {
        return Upserted::Unknown;
    }
    let document = match update.upsert {
        Some(upsert) => Some(upsert),
        None => update.doc.filter(|_| update.doc_as_upsert.is_set()),
    };
    document.map_or(Upserted::Nothing, |document| Upserted::Document(document.get().as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_a_document() {
        let document = |text: &str| Upserted::Document(text.as_bytes().to_vec());
        for (source, expected) in [
            (r#"{"doc":{"a":1},"doc_as_upsert":true}"#, document(r#"{"a":1}"#)),
            (r#"{"doc":{"a":1},"doc_as_upsert":"true"} x"#, document(r#"{"a":1}"#)),
            (r#"{"script":{},"upsert":{"a":2}}"#, document(r#"{"a":2}"#)),
            (r#"{"doc":{"a":1}}"#, Upserted::Nothing),
            (r#"{"script":{},"scripted_upsert":true,"upsert":{}}"#, Upserted::Unknown),
            ("{\"doc\":{\"a\":1}", Upserted::Unknown),
        ] {
            assert_eq!(upserted(source.as_bytes()), expected, "{source}");
        }
    }
}
