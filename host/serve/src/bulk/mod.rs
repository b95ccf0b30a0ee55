//! What a `_bulk` request says, and what is answered.
//!
//! Elasticsearch reads a body line by line: an action, and behind each but `delete`
//! a line with its source. The lines are looked at as they lie there; nothing of them is
//! written anew.

mod action;
mod answer;
mod parse;
mod update;

use std::borrow::Cow;
use std::collections::HashMap;

use firstseen::{Batch, SetApart, SetApartCause, SetApartLine, decode_line};

pub(crate) use answer::{Answer, Item};
pub(crate) use parse::parse;
use update::{Upserted, upserted};

/// About how many bytes of documents are judged at a time.
const BATCH_BYTES: usize = 256 << 10;

/// Most documents that are judged at a time.
const BATCH_LINES: usize = 8192;

/// What a document takes beside its bytes, about.
const OVERHEAD_BYTES: usize = 96;

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
            self.batches.push(DocumentBatch::default());
        }
        if let Some(batch) = self.batches.last_mut() {
            batch.push(source, target, id, item);
        }
    }

    /// Adds what an update stores where there is no document yet.
    pub(crate) fn push_upserted(&mut self, source: &[u8], target: Option<&str>, id: Option<&str>, item: Option<u32>) {
        match upserted(source) {
            Upserted::Nothing => {}
            Upserted::Document(document) => self.push(&document, target, id, item),
            Upserted::Unknown => self.push_unreadable("what this update stores is not known", source, target, id),
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
