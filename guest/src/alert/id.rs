//! Identities: of alerts by Kibana's recipe, of events by their bytes.

use serde_json::Value;
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// `kibana.alert.uuid`. With terms: hexadecimal SHA-1 over the serialisation
/// that the npm package `object-hash` gives of
/// `[index, id, version, "space:rule", terms]` (Kibana,
/// `wrap_new_terms_alerts.ts`). Without, for a query rule: hexadecimal SHA-256
/// over the first four of them, one after the other (`generateId`).
///
/// Kibana's `index` and `id` are those of the stored document, which an event
/// in flight does not have: `index` is the data stream's name if known, else
/// empty, `id` and `version` are those of its [identity](EventIdentity). Without
/// an `_id` the version is the text `undefined`, as in Kibana, whose searches do
/// not ask for versions.
pub fn alert_id(index: &str, event: &EventIdentity, space: &str, rule_uuid: &str, terms: Option<&[Value]>) -> String {
    let rule = format!("{space}:{rule_uuid}");
    let parts = [index, event.id(), event.version(), &rule];
    let Some(terms) = terms else {
        return hexadecimal(&Sha256::digest(parts.concat()));
    };
    let mut hash = Sha1::new();
    hash.update("array:5:");
    for text in parts {
        update_string(&mut hash, text);
    }
    hash.update(format!("array:{}:", terms.len()));
    for term in terms {
        match term {
            Value::String(text) => update_string(&mut hash, text),
            Value::Number(number) => hash.update(format!("number:{number}")),
            Value::Bool(flag) => hash.update(format!("bool:{flag}")),
            _ => hash.update("Null"),
        }
    }
    hexadecimal(&hash.finalize())
}

/// Which event it was: its `_id`, where that is known, together with a digest of
/// its bytes. By the `_id` alone whoever writes events could use one again, and
/// silence what comes later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventIdentity {
    id: Option<String>,
    digest: String,
}

impl EventIdentity {
    /// That of an event with these bytes, and with this `_id` if it is known.
    #[must_use]
    pub fn new(id: Option<&str>, line: &str) -> Self {
        Self { id: id.map(str::to_owned), digest: digest(line) }
    }

    /// The same where the digest is known.
    #[must_use]
    pub fn of_digest(id: Option<&str>, digest: &str) -> Self {
        Self { id: id.map(str::to_owned), digest: digest.to_owned() }
    }

    /// What an alert calls the event: its `_id`, else the digest.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.digest)
    }

    /// What stands for the version of the document: the digest beside an `_id`,
    /// else the text `undefined`.
    #[must_use]
    pub fn version(&self) -> &str {
        match self.id {
            Some(_) => &self.digest,
            None => "undefined",
        }
    }

    /// The same as a digest alone: 32 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        match &self.id {
            Some(_) => digest(&self.key()),
            None => self.digest.clone(),
        }
    }

    /// What the state keeps of it: the digest, and behind a colon the `_id` if it
    /// is known.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.id {
            Some(id) => format!("{}:{id}", self.digest),
            None => self.digest.clone(),
        }
    }
}

/// A digest of the bytes of an event: the first 128 bits of their BLAKE3 hash, in
/// hexadecimal.
pub(crate) fn digest(line: &str) -> String {
    let hash = blake3::hash(line.as_bytes());
    hexadecimal(hash.as_bytes().get(..16).unwrap_or_default())
}

fn update_string(hash: &mut Sha1, text: &str) {
    hash.update(format!("string:{}:", text.encode_utf16().count()));
    hash.update(text);
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn is_the_id_that_kibana_computes() {
        let id = |space, terms: Value| {
            alert_id(
                "myFakeSignalIndex",
                &EventIdentity::of_digest(None, "d5e8eb51-a6a0-456d-8a15-4b79bfec3d71"),
                space,
                "04128c15-0d1b-4716-a4c5-46997ac7f3bd",
                terms.as_array().map(Vec::as_slice),
            )
        };
        assert_eq!(id("default", json!(["127.0.0.1"])), "c25fcccf3a90fcb26e8facaa84a9934500c8c83f");
        assert_eq!(id("default", json!(["user-0", 1])), "19d45b32034ca9a589fcef4bf83d2a22693ca352");
        assert_eq!(id("default", json!(["user-0", false])), "2c5b8ffe2ccb8cc0034f87ca17561df6838011f8");
        assert_eq!(id("default", json!([1.5])), "dad49c89832c4c659f7b9b5d06db65d34746e160");
    }

    #[test]
    fn an_event_is_its_bytes() {
        let of = |id, line| EventIdentity::new(id, line);
        assert_eq!(of(None, "{}").id(), "6e46dd10defc9b56c29a6ec56b508c21");
        assert_ne!(of(None, "{}").key(), of(None, "{} ").key());
        let with_id = of(Some("a"), "{}");
        assert_eq!((with_id.id(), with_id.version()), ("a", "6e46dd10defc9b56c29a6ec56b508c21"));
        assert_eq!(with_id.key(), "6e46dd10defc9b56c29a6ec56b508c21:a");
        // Another document under the same `_id` is another event.
        assert_ne!(with_id.key(), of(Some("a"), "{ }").key());
    }
}
