//! Giving documents an `_id` that says which they are.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::action::Verb;
use crate::pairs::{Pair, Pairs};

/// How much of a digest is an id: as many bytes as a UUID has.
const ID_BYTES: usize = 16;

/// What a document takes while it gets an id, beside its bytes, about.
pub const ASSIGNING_BYTES: usize = 256;

/// What an id takes, about.
pub const ID_MEMORY_BYTES: usize = 48;

/// A body whose documents have ids.
#[derive(Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Sources byte for byte as they were.
    pub body: Vec<u8>,
    /// Which item has which new id, in order.
    pub ids: Vec<(u32, String)>,
}

/// Writes a body anew with an `_id` in each `create` that has none. None where no action
/// would be another: then the body stays as it is.
///
/// An id is a digest of target and source, and of the number of equal ones before it in the
/// same body. So whoever sends a body again stores nothing twice; equal documents of two
/// bodies become one. `path_index` is the index that the path names; a target
/// `takes_ids`, or refuses them.
///
/// A body that is no bulk to its end stays as it is, and so does an action that is
/// no strict JSON.
#[must_use]
pub fn assign_ids(body: &[u8], path_index: Option<&str>, takes_ids: impl Fn(&str) -> bool) -> Option<Assigned> {
    let actions = memchr::memchr_iter(b'\n', body).count() / 2 + 1;
    let room = body.len().saturating_add(actions.saturating_mul(LONGER_BYTES));
    let mut assigned = Assigned { body: Vec::with_capacity(room), ids: Vec::new() };
    let mut written_bytes = 0;
    let mut equal_before: HashMap<[u8; 32], u64> = HashMap::new();
    let mut pairs = Pairs::of(body);
    for (item, pair) in pairs.by_ref().enumerate() {
        let target = pair.action.index.as_deref().or(path_index);
        let Some((target, source)) = target.filter(|target| takes_ids(target)).zip(pair.source) else { continue };
        let Some((before, after)) = places(&pair) else { continue };
        let digest = digest(target, source);
        let number = equal_before.entry(digest).or_default();
        let id = id(&digest, *number);
        *number += 1;
        assigned.body.extend_from_slice(body.get(written_bytes..pair.start)?);
        for part in [before.as_bytes(), b"\"_id\":\"", id.as_bytes(), b"\"}}", after] {
            assigned.body.extend_from_slice(part);
        }
        written_bytes = pair.start + pair.line.len();
        assigned.ids.push((u32::try_from(item).ok()?, id));
    }
    if assigned.ids.is_empty() || pairs.malformed().is_some() {
        return None;
    }
    assigned.body.extend_from_slice(body.get(written_bytes..)?);
    Some(assigned)
}

/// Longest name of a target whose documents get ids: that of an index has 255 bytes,
/// one with a date in it some more.
const TARGET_BYTES_MAX: usize = 512;

/// How much longer an action is at most with an id.
const LONGER_BYTES: usize = 32;

/// Most targets of a body whose documents get ids.
const TARGETS_MAX: usize = 64;

/// The targets, each once, of the actions that could get an id: the first 64
/// that are not too long.
#[must_use]
pub fn targets_without_ids<'b>(body: &'b [u8], path_index: Option<&'b str>) -> Vec<String> {
    let mut targets: Vec<String> = Vec::new();
    for pair in Pairs::of(body) {
        if pair.action.verb != Verb::Create || pair.action.has_id {
            continue;
        }
        if let Some(target) = pair.action.index.as_deref().or(path_index)
            && target.len() <= TARGET_BYTES_MAX
            && !targets.iter().any(|known| known == target)
        {
            targets.push(target.to_owned());
            if targets.len() >= TARGETS_MAX {
                break;
            }
        }
    }
    targets
}

/// An action of one verb.
#[derive(Deserialize)]
struct Create<'l> {
    #[serde(borrow)]
    create: &'l RawValue,
}

/// What stands before and behind an `_id` in a `create` that has none.
fn places<'b>(pair: &Pair<'b>) -> Option<(String, &'b [u8])> {
    if pair.action.verb != Verb::Create || pair.action.has_id {
        return None;
    }
    let Create { create } = serde_json::from_slice(pair.line).ok()?;
    let members = create.get().strip_prefix('{')?.strip_suffix('}')?.trim_end();
    let comma = if members.trim_start().is_empty() { "" } else { "," };
    let end = if pair.line.ends_with(b"\r") { b"\r".as_slice() } else { b"" };
    Some((format!("{{\"create\":{{{members}{comma}"), end))
}

fn digest(target: &str, source: &[u8]) -> [u8; 32] {
    let length = u64::try_from(target.len()).unwrap_or(u64::MAX);
    let digest = Sha256::new().chain_update(length.to_le_bytes()).chain_update(target).chain_update(source);
    digest.finalize().into()
}

fn id(digest: &[u8; 32], number: u64) -> String {
    let digest = Sha256::new().chain_update(digest).chain_update(number.to_le_bytes()).finalize();
    URL_SAFE_NO_PAD.encode(digest.get(..ID_BYTES).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Content, Documents};

    fn assigned(body: &str) -> Option<(String, Vec<u32>)> {
        let Assigned { body, ids } = assign_ids(body.as_bytes(), Some("path"), |target| target != "no")?;
        let mut text = String::from_utf8(body).unwrap();
        for (item, id) in &ids {
            text = text.replacen(id, &format!("<{item}>"), 1);
        }
        Some((text, ids.into_iter().map(|(item, _)| item).collect()))
    }

    #[test]
    fn a_create_without_an_id_gets_one() {
        let body = concat!(
            "{\"create\":{}}\r\n{\"a\" : 1}\r\n\n",
            "{\"index\":{}}\n{\"b\":1}\n",
            "{ \"cr\\u0065ate\" : { \"_index\" : \"i\" } } \n{\"c\":1}\n",
            "{\"create\":{\"_id\":\"1\"}}\n{\"d\":1}\n",
            "{\"create\":{\"_id\":null}}\n{\"d\":1}\n",
            "{\"create\":{\"_index\":\"no\"}}\n{\"e\":1}\n",
            "{\"create\":{}}//x\n{\"f\":1}\n",
            "{\"delete\":{\"_id\":\"1\"}}\n",
            "{\"create\":{\"dynamic_templates\":{\"_id\":\"x\"}}}\n{\"g\":1}",
        );
        let expected = concat!(
            "{\"create\":{\"_id\":\"<0>\"}}\r\n{\"a\" : 1}\r\n\n",
            "{\"index\":{}}\n{\"b\":1}\n",
            "{\"create\":{ \"_index\" : \"i\",\"_id\":\"<2>\"}}\n{\"c\":1}\n",
            "{\"create\":{\"_id\":\"1\"}}\n{\"d\":1}\n",
            "{\"create\":{\"_id\":null}}\n{\"d\":1}\n",
            "{\"create\":{\"_index\":\"no\"}}\n{\"e\":1}\n",
            "{\"create\":{}}//x\n{\"f\":1}\n",
            "{\"delete\":{\"_id\":\"1\"}}\n",
            "{\"create\":{\"dynamic_templates\":{\"_id\":\"x\"},\"_id\":\"<8>\"}}\n{\"g\":1}",
        );
        assert_eq!(assigned(body), Some((expected.to_owned(), vec![0, 2, 8])));
        assert_eq!(targets_without_ids(body.as_bytes(), Some("path")), ["path", "i", "no"]);
    }

    #[test]
    fn ids_say_which_document_it_is() {
        let ids = |body: &str, path: &str| -> Vec<String> {
            let assigned = assign_ids(body.as_bytes(), Some(path), |_| true).unwrap();
            assigned.ids.into_iter().map(|(_, id)| id).collect()
        };
        let twice = ids("{\"create\":{}}\n{\"a\":1}\n{\"create\":{}}\n{\"a\":1}\n", "i");
        assert_ne!(twice[0], twice[1]);
        assert_eq!(ids("{\"create\":{\"_index\":\"i\"}}\n{\"a\":1}\n", "j"), twice[..1]);
        assert_ne!(ids("{\"create\":{}}\n{\"a\":1}\n", "j"), twice[..1]);
        assert_ne!(ids("{\"create\":{}}\n{\"a\": 1}\n", "i"), twice[..1]);
        assert_eq!(twice[0].len(), 22);
    }

    #[test]
    fn a_body_that_gains_nothing_stays() {
        for body in [
            "",
            "{\"index\":{}}\n{}\n",
            "{\"create\":{}}\n{}\nx\n",
            "{\"create\":{}}\n",
            "{\"create\":{\"_id\":1}}\n{}\n",
        ] {
            assert_eq!(assigned(body), None, "{body}");
        }
        assert_eq!(assign_ids(b"{\"create\":{}}\n{}\n", None, |_| true), None);
    }

    #[test]
    fn documents_are_the_same_with_their_ids() {
        let body = b"{\"create\":{}}\n{\"a\":1}\n{\"index\":{}}\n{\"b\":1}\n";
        let assigned = assign_ids(body, Some("i"), |_| true).unwrap();
        let content = |body| -> Vec<Vec<u8>> {
            let sources = Documents::of(body, Some("i")).map(|document| match document.content {
                Content::Source(source) => source.into_owned(),
                Content::Unknown(_) => Vec::new(),
            });
            sources.collect()
        };
        assert_eq!(content(body), content(&assigned.body));
        let first = Documents::of(&assigned.body, None).next().unwrap();
        assert_eq!(first.id.as_deref(), Some(&*assigned.ids[0].1));
    }
}
