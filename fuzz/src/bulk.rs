//! `_bulk` bodies: whatever comes in, documents are lines of it, and ids that are
//! assigned change nothing else.

use firstseen_bulk::{Assigned, Content, Document, Documents, Item, assign_ids, targets_without_ids};
use firstseen_decode::strict;
use serde_json::Value;

/// The index of the path.
const PATH_INDEX: Option<&str> = Some("path");

fn takes_ids(target: &str) -> bool {
    !target.starts_with('t')
}

fn documents(body: &[u8]) -> (Vec<Document<'_>>, usize, Option<usize>) {
    let mut documents = Documents::of(body, PATH_INDEX);
    let all = documents.by_ref().collect();
    (all, documents.items(), documents.malformed_at())
}

/// # Panics
///
/// When something of it is not so.
pub fn check(body: &[u8]) {
    let (all, items, malformed_at) = documents(body);
    for document in &all {
        if let Content::Source(source) = &document.content {
            // An escape stands for what is no UTF-8.
            assert!(source.len() <= 3 * body.len());
        }
        assert!(document.item.is_none_or(|item| (item as usize) < items));
    }
    assert!(items <= body.split(|&byte| byte == b'\n').count());

    if let Some(Assigned { body: with_ids, ids }) = assign_ids(body, PATH_INDEX, takes_ids) {
        assert_eq!(malformed_at, None);
        assert!(targets_without_ids(body, PATH_INDEX).iter().any(|target| takes_ids(target)));
        let (named, named_items, named_malformed_at) = documents(&with_ids);
        assert_eq!((named.len(), named_items, named_malformed_at), (all.len(), items, None));
        for (before, after) in all.iter().zip(&named) {
            assert_eq!((&before.content, &before.target, before.item), (&after.content, &after.target, after.item));
            let id = ids.iter().find(|(item, _)| Some(*item) == before.item);
            match id {
                Some((_, id)) => assert_eq!((before.id.as_deref(), after.id.as_deref()), (None, Some(&**id))),
                None => assert_eq!(before.id, after.id),
            }
        }
        assert_eq!(assign_ids(&with_ids, PATH_INDEX, takes_ids), None);
    }

    for line in body.split(|&byte| byte == b'\n') {
        if let Ok(value) = serde_json::from_slice::<Value>(line) {
            let strict = strict(line).expect("JSON is read");
            assert_eq!(serde_json::from_slice::<Value>(&strict).ok(), Some(value));
        }
    }
    let _ = Item::of_bulk(body, 1);
    let _ = Item::of_document(body, 200);
}
