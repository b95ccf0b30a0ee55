//! The documents of a request, as detection takes them.

use std::borrow::Cow;
use std::collections::HashMap;

use firstseen::{Batch, SetApart, SetApartCause, SetApartLine};
use firstseen_bulk::{Content, Document, Upserted, upserted};
use firstseen_decode::decode_line;

/// About how many bytes of documents are judged at a time.
const BATCH_BYTES: usize = 256 << 10;

/// Most documents that are judged at a time.
const BATCH_LINES: usize = 8192;

/// What a document takes beside its bytes, about.
const OVERHEAD_BYTES: usize = 96;

/// Why an update is not judged.
const UNKNOWN_UPDATE: &str = "what this update stores is not known";

/// The documents of a request, in batches.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) batches: Vec<DocumentBatch>,
    /// How many items an answer has: one for each action.
    pub(crate) items: usize,
    /// Where what is no bulk begins, if it does: the line, from 1.
    pub(crate) malformed_at: Option<usize>,
    /// What all of it is, or some, that cannot be looked at: "in CBOR".
    pub(crate) unreadable: Option<&'static str>,
    /// About how many bytes will be added yet: room for them is made at once.
    pub(crate) bytes_to_come: usize,
}

/// Documents that are judged together.
#[derive(Debug, Default)]
pub(crate) struct DocumentBatch {
    /// A document a line.
    pub(crate) lines: Vec<u8>,
    targets: Vec<String>,
    /// Their places.
    places: HashMap<String, u32>,
    target_of: Vec<u32>,
    ids: Vec<String>,
    set_apart: Vec<SetApart>,
    /// For each line its place among the items of the answer.
    pub(crate) items: Vec<Option<u32>>,
}

impl Documents {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.batches.iter().map(|batch| batch.items.len()).sum()
    }

    /// About how many bytes they take beside their own.
    pub(crate) fn overhead_bytes(&self) -> usize {
        let ids: usize = self.batches.iter().flat_map(|batch| &batch.ids).map(String::len).sum();
        self.count() * OVERHEAD_BYTES + ids
    }

    /// How many bytes they are.
    pub(crate) fn bytes(&self) -> usize {
        self.batches.iter().map(|batch| batch.lines.len()).sum()
    }

    /// Adds a document, of the item behind the last one if it has one.
    pub(crate) fn push(&mut self, source: &[u8], target: Option<&str>, id: Option<&str>, item: Option<u32>) {
        let is_full = |batch: &DocumentBatch| batch.lines.len() >= BATCH_BYTES || batch.items.len() >= BATCH_LINES;
        if self.batches.last().is_none_or(is_full) {
            let room = self.bytes_to_come.min(BATCH_BYTES + source.len()).max(source.len()) + 1;
            self.batches.push(DocumentBatch { lines: Vec::with_capacity(room), ..DocumentBatch::default() });
        }
        self.bytes_to_come = self.bytes_to_come.saturating_sub(source.len());
        if let Some(batch) = self.batches.last_mut() {
            batch.push(source, target, id, item);
        }
    }

    /// Those of a `_bulk` body. `path_index` is the index that the path names.
    pub(crate) fn of_bulk(body: &[u8], path_index: Option<&str>) -> Self {
        let mut documents = Self { bytes_to_come: body.len(), ..Self::default() };
        let mut read = firstseen_bulk::Documents::of(body, path_index);
        for Document { content, target, id, item } in read.by_ref() {
            let (target, id) = (target.as_deref(), id.as_deref());
            match content {
                Content::Source(source) => documents.push(&source, target, id, item),
                Content::Unknown(update) => documents.push_unreadable(UNKNOWN_UPDATE, update, target, id),
            }
        }
        (documents.items, documents.malformed_at) = (read.items(), read.malformed_at());
        documents
    }

    /// Adds what an update stores where there is no document yet.
    pub(crate) fn push_upserted(&mut self, source: &[u8], target: Option<&str>, id: Option<&str>) {
        match upserted(source) {
            Upserted::Nothing => {}
            Upserted::Document(document) => self.push(&document, target, id, Some(0)),
            Upserted::Unknown => self.push_unreadable(UNKNOWN_UPDATE, source, target, id),
        }
    }

    /// Names documents by what their items are called, which are in order.
    pub(crate) fn set_ids(&mut self, ids: Vec<(u32, String)>) {
        let mut ids = ids.into_iter().peekable();
        for batch in &mut self.batches {
            for (item, id) in batch.items.iter().zip(&mut batch.ids) {
                while ids.next_if(|(named, _)| item.is_some_and(|item| *named < item)).is_some() {}
                if let Some((_, named)) = ids.next_if(|(named, _)| Some(*named) == *item) {
                    *id = named;
                }
            }
        }
    }

    /// Adds what cannot be looked at: the module raises its alert of an event that was
    /// not judged. It is shown how it begins.
    pub(crate) fn push_unreadable(&mut self, cause: &str, beginning: &[u8], target: Option<&str>, id: Option<&str>) {
        let mut line = SetApartLine::default();
        line.push(beginning);
        // Nobody can say later which of several it was.
        self.push(b"", target, id, None);
        if let Some(batch) = self.batches.last_mut() {
            let line = line.finish(batch.items.len() - 1, SetApartCause::Failed);
            // What begins as no object is taken for no document.
            let beginning = format!("{{/* {cause} */ {}", line.beginning);
            batch.set_apart.push(SetApart { beginning, ..line });
        }
    }
}

impl DocumentBatch {
    fn push(&mut self, source: &[u8], target: Option<&str>, id: Option<&str>, item: Option<u32>) {
        match memchr::memchr(b'\n', source) {
            None => self.lines.extend_from_slice(source),
            Some(_) => self.push_on_one_line(source),
        }
        self.lines.push(b'\n');
        let place = target.map_or(u32::MAX, |target| self.place_of(target));
        self.target_of.push(place);
        self.ids.push(id.unwrap_or_default().to_owned());
        self.items.push(item);
    }

    /// A single document may have newlines of its own. A carriage return ends a comment
    /// just so, and means nothing elsewhere.
    fn push_on_one_line(&mut self, source: &[u8]) {
        let source = match decode_line(source) {
            Some(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
            _ => Cow::Borrowed(source),
        };
        self.lines.extend(source.iter().map(|&byte| if byte == b'\n' { b'\r' } else { byte }));
    }

    fn place_of(&mut self, target: &str) -> u32 {
        // As a rule that of the document before.
        if let Some(&place) = self.target_of.last()
            && self.targets.get(place as usize).is_some_and(|known| known == target)
        {
            return place;
        }
        if let Some(place) = self.places.get(target) {
            return *place;
        }
        let place = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
        self.targets.push(target.to_owned());
        self.places.insert(target.to_owned(), place);
        place
    }

    /// The same for a detector, and the items of its lines.
    pub(crate) fn into_batch(self, arrival_ms: i64) -> (Batch<'static>, Vec<Option<u32>>) {
        let Self { lines, targets, places: _, target_of, ids, set_apart, items } = self;
        let mut batch = Batch::new(lines, arrival_ms);
        (batch.targets, batch.target_of, batch.set_apart) = (targets, target_of, set_apart);
        if ids.iter().any(|id| !id.is_empty()) {
            batch.ids = ids;
        }
        (batch, items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_ids_go_with_their_lines() {
        let body = b"{\"create\":{}}\n{}\n{\"index\":{\"_index\":\"i\",\"_id\":\"7\"}}\n{}\n";
        let mut documents = Documents::of_bulk(body, Some("path"));
        let (batch, _) = documents.batches.remove(0).into_batch(5);
        assert_eq!((batch.targets, batch.target_of), (vec!["path".to_owned(), "i".to_owned()], vec![0, 1]));
        assert_eq!((batch.ids, batch.arrival_ms), (vec![String::new(), "7".to_owned()], 5));
        let (batch, _) = Documents::of_bulk(b"{\"create\":{}}\n{}\n", None).batches.remove(0).into_batch(0);
        assert_eq!((batch.targets.len(), batch.target_of, batch.ids.len()), (0, vec![u32::MAX], 0));
    }

    #[test]
    fn ids_come_to_their_documents() {
        let body = b"{\"create\":{}}\n{\"a\":1}\n{\"delete\":{\"_id\":\"x\"}}\n{\"index\":{\"_id\":\"7\"}}\n{}\n{\"create\":{}}\n{}\n";
        let mut documents = Documents::of_bulk(body, Some("path"));
        documents.set_ids(vec![(0, "zero".to_owned()), (3, "three".to_owned())]);
        let (batch, _) = documents.batches.remove(0).into_batch(0);
        assert_eq!(batch.ids, ["zero", "7", "three"]);
    }

    #[test]
    fn many_documents_make_several_batches() {
        let body = format!("{{\"create\":{{}}}}\n{{\"a\":\"{}\"}}\n", "x".repeat(100_000)).repeat(10);
        let documents = Documents::of_bulk(body.as_bytes(), None);
        assert_eq!((documents.batches.len(), documents.count()), (4, 10));
    }
}
