//! What the cluster answers.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What an item takes while it is read, about, beside what it says.
pub const ITEM_BYTES: usize = 128;

/// The answer to a bulk, as far as it tells what became of documents.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    items: Vec<Named>,
}

/// An item, in an object with the name of its action.
struct Named(Item);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneMember;

        impl<'de> Visitor<'de> for OneMember {
            type Value = Named;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named, A::Error> {
                let verb = map.next_key::<Name>()?.ok_or_else(|| A::Error::custom("an item of no action"))?;
                let item = Item { is_create: verb.is_create, ..map.next_value()? };
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Named(item))
            }
        }

        deserializer.deserialize_map(OneMember)
    }
}

/// The name of an action.
struct Name {
    is_create: bool,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyName;

        impl Visitor<'_> for AnyName {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name { is_create: name == "create" })
            }
        }

        deserializer.deserialize_str(AnyName)
    }
}

/// What became of an action. A client may have had any of it left out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Item {
    /// The index that it went to.
    #[serde(rename = "_index")]
    pub index: Option<String>,
    /// Its `_id`.
    #[serde(rename = "_id")]
    pub id: Option<String>,
    /// As that of an answer.
    pub status: Option<u16>,
    /// Why it was not done, if it was not.
    pub error: Option<ItemError>,
    /// Whether a document was to be created, by a bulk.
    #[serde(skip)]
    pub is_create: bool,
}

/// Why it was not done.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct ItemError {
    /// Its `type`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// In words.
    pub reason: Option<String>,
}

impl Item {
    /// Those of the answer to so many actions. None if it is something else, or a part of
    /// the items was left out: then nobody knows which is whose.
    #[must_use]
    pub fn of_bulk(body: &[u8], actions: usize) -> Option<Vec<Self>> {
        let Answer { items } = serde_json::from_slice(body).ok()?;
        if items.len() != actions {
            return None;
        }
        Some(items.into_iter().map(|Named(item)| item).collect())
    }

    /// That of the answer to a single document, which has this status.
    #[must_use]
    pub fn of_document(body: &[u8], status: u16) -> Self {
        let item: Self = serde_json::from_slice(body).unwrap_or_default();
        // An item of a bulk says it itself.
        Self { status: Some(status), ..item }
    }

    /// Whether the document is there now.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        match self.status {
            Some(status) => (200..300).contains(&status),
            None => self.error.is_none() && self.id.is_some(),
        }
    }

    /// Whether it was to be created and is there already.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.status == Some(409) && self.is_create
    }

    /// Whether it never will be: the client has no reason to try again, as it has where it
    /// was not allowed yet, or too much.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.status, Some(400..=499)) && !matches!(self.status, Some(401 | 403 | 413 | 429))
    }

    /// Why it was not stored.
    #[must_use]
    pub fn reason(&self) -> String {
        let ItemError { kind, reason } = self.error.clone().unwrap_or_default();
        let status = self.status.map_or_else(String::new, |status| format!("status {status}"));
        [Some(status), kind, reason]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_whatever_was_left_out() {
        let body = br#"{"took":1,"errors":true,"items":[{"create":{"_index":"a","_id":"1","status":201,"_shards":{}}},
            {"index":{"status":400,"error":{"type":"t","reason":"r","caused_by":{}}}},{"create":{"status":429}}]}"#;
        let items = Item::of_bulk(body, 3).unwrap();
        let [stored, refused, later] = &*items else { panic!("three items") };
        assert!(stored.is_stored() && !stored.is_refused());
        assert_eq!((stored.index.as_deref(), stored.id.as_deref()), (Some("a"), Some("1")));
        assert!(refused.is_refused());
        assert_eq!(refused.reason(), "status 400: t: r");
        assert!(!later.is_stored() && !later.is_refused());
        assert!(Item::of_bulk(body, 2).is_none());
        assert!(Item::of_bulk(br#"{"errors":false}"#, 1).is_none());
        assert!(Item::of_bulk(br#"{"items":[{}]}"#, 1).is_none());
        assert!(Item::of_bulk(b"{", 0).is_none());
    }

    #[test]
    fn only_what_was_to_be_created_is_known() {
        let body = br#"{"items":[{"create":{"status":409}},{"index":{"status":409}},{"cr\u0065ate":{"status":409}}]}"#;
        let known: Vec<bool> = Item::of_bulk(body, 3).unwrap().iter().map(Item::is_known).collect();
        assert_eq!(known, [true, false, true]);
    }

    #[test]
    fn a_single_document_has_the_status_of_the_answer() {
        let item = Item::of_document(br#"{"_index":"a","_id":"1","result":"created"}"#, 201);
        assert!(item.is_stored());
        let item = Item::of_document(br#"{"error":{"type":"t","reason":"r"},"status":400}"#, 400);
        assert_eq!(item.reason(), "status 400: t: r");
    }
}
