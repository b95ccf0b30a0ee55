//! The source of an `update`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::lenient;

/// What an update makes a document of, if there is none.
#[derive(Deserialize)]
struct Update<'l> {
    #[serde(borrow, default)]
    doc: Option<&'l RawValue>,
    #[serde(default)]
    doc_as_upsert: bool,
    #[serde(borrow, default)]
    upsert: Option<&'l RawValue>,
}

/// The document that an update stores where there is none yet; none if it only
/// changes one that is there.
pub(crate) fn upserted(source: &[u8]) -> Option<Vec<u8>> {
    let strict = lenient::strict(source);
    let update: Update<'_> = serde_json::from_slice(&strict).ok()?;
    let document = match update.upsert {
        Some(upsert) => Some(upsert),
        None => update.doc.filter(|_| update.doc_as_upsert),
    };
    document.map(|document| document.get().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_a_document() {
        let of = |source: &str| upserted(source.as_bytes()).map(|document| String::from_utf8(document).unwrap());
        assert_eq!(of(r#"{"doc":{"a":1},"doc_as_upsert":true}"#).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(of(r#"{"script":{},"upsert":{"a":2}}"#).as_deref(), Some(r#"{"a":2}"#));
        assert_eq!(of(r#"{"doc":{"a":1}}"#), None);
        assert_eq!(of("no update"), None);
    }
}
