//! The documents of a body.

use std::borrow::Cow;

use crate::action::{Action, Verb};
use crate::pairs::{Lines, Pairs};
use crate::update::{Upserted, upserted};

/// A document that a request would store.
#[derive(Debug, PartialEq, Eq)]
pub struct Document<'b> {
    /// What it is.
    pub content: Content<'b>,
    /// The index, alias or data stream that it is bound for.
    pub target: Option<Cow<'b, str>>,
    /// Its `_id`, if the action names it.
    pub id: Option<Cow<'b, str>>,
    /// Its place among the items of the answer, if it has one.
    pub item: Option<u32>,
}

/// What a document is.
#[derive(Debug, PartialEq, Eq)]
pub enum Content<'b> {
    /// This, as it was sent.
    Source(Cow<'b, [u8]>),
    /// What this update makes of it, which nobody can tell who does not run scripts.
    Unknown(&'b [u8]),
}

/// The documents of a body, in order.
///
/// From a line on that is no action where one should be, Elasticsearch refuses the
/// body; every further line is looked at all the same, in case it does not.
pub struct Documents<'b> {
    path_index: Option<&'b str>,
    pairs: Pairs<'b>,
    items: u32,
    /// What stands behind the last pair.
    rest: Option<Lines<'b>>,
    is_behind_update: bool,
}

impl<'b> Documents<'b> {
    /// Those of a body. `path_index` is the index that the path names, for actions that
    /// name none.
    #[must_use]
    pub fn of(body: &'b [u8], path_index: Option<&'b str>) -> Self {
        Self { path_index, pairs: Pairs::of(body), items: 0, rest: None, is_behind_update: false }
    }

    /// How many items an answer has: one for each action that was read until now.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items as usize
    }

    /// The line, from 1, from which on it is no bulk, if it was met until now.
    #[must_use]
    pub fn malformed_at(&self) -> Option<usize> {
        self.pairs.malformed().map(|malformed| malformed.at)
    }

    /// The next one behind which there is an action.
    fn next_of_pairs(&mut self) -> Option<Document<'b>> {
        loop {
            let pair = self.pairs.next()?;
            let item = Some(self.items);
            self.items = self.items.saturating_add(1);
            let Action { verb, index, id, .. } = pair.action;
            let Some(source) = pair.source else { continue };
            let content = match verb {
                Verb::Update => of_update(source),
                _ => Some(Content::Source(Cow::Borrowed(source))),
            };
            if let Some(content) = content {
                let target = index.or(self.path_index.map(Cow::Borrowed));
                return Some(Document { content, target, id, item });
            }
        }
    }

    fn next_of_rest(&mut self) -> Option<Document<'b>> {
        let rest = self.pairs.malformed()?.rest;
        let lines = self.rest.get_or_insert_with(|| Lines::of(rest));
        for line in lines {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let content = match Action::read(line) {
                Some(action) => {
                    self.is_behind_update = action.verb == Verb::Update;
                    None
                }
                None if std::mem::take(&mut self.is_behind_update) => of_update(line),
                None => Some(Content::Source(Cow::Borrowed(line))),
            };
            if let Some(content) = content {
                return Some(Document { content, target: self.path_index.map(Cow::Borrowed), id: None, item: None });
            }
        }
        None
    }
}

impl<'b> Iterator for Documents<'b> {
    type Item = Document<'b>;

    fn next(&mut self) -> Option<Document<'b>> {
        self.next_of_pairs().or_else(|| self.next_of_rest())
    }
}

/// The document that an update would store; none if it makes no new one.
fn of_update(source: &[u8]) -> Option<Content<'_>> {
    match upserted(source) {
        Upserted::Nothing => None,
        Upserted::Document(document) => Some(Content::Source(Cow::Owned(document))),
        Upserted::Unknown => Some(Content::Unknown(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(body: &str) -> Vec<(String, Option<u32>)> {
        let sources = Documents::of(body.as_bytes(), Some("path")).map(|document| {
            let Content::Source(source) = document.content else { panic!("it is known") };
            (String::from_utf8(source.into_owned()).unwrap(), document.item)
        });
        sources.collect()
    }

    fn source(text: &str, item: u32) -> (String, Option<u32>) {
        (text.to_owned(), Some(item))
    }

    /// How many items there are, and where it is no bulk.
    fn end(body: &[u8]) -> (usize, Option<usize>) {
        let mut documents = Documents::of(body, None);
        documents.by_ref().for_each(drop);
        (documents.items(), documents.malformed_at())
    }

    #[test]
    fn sources_stand_behind_their_actions() {
        let body = concat!(
            "{\"create\":{}}\r\n{\"a\":1}\r\n\n",
            "{\"delete\":{\"_id\":\"1\"}}\n",
            "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{\"a\":2}}\n",
            "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{\"a\":3},\"doc_as_upsert\":true}\n",
            "{\"index\":{\"_index\":\"i\"}}\n{\"a\":4}",
        );
        assert_eq!(sources(body), [source("{\"a\":1}\r", 0), source("{\"a\":3}", 3), source("{\"a\":4}", 4)]);
        assert_eq!(end(body.as_bytes()), (5, None));
    }

    #[test]
    fn targets_and_ids_go_with_their_documents() {
        let body = b"{\"create\":{}}\n{}\n{\"index\":{\"_index\":\"i\",\"_id\":\"7\"}}\n{}\n";
        let all: Vec<_> = Documents::of(body, Some("path"))
            .map(|document| (document.target, document.id.unwrap_or_default()))
            .collect();
        assert_eq!(all, [(Some("path".into()), "".into()), (Some("i".into()), "7".into())]);
    }

    #[test]
    fn behind_what_is_no_action_every_line_is_looked_at() {
        let body = "{\"create\":{}}\n{\"a\":1}\n{\"b\":2}\n{\"create\":{}}\n{\"c\":3}\n";
        let unknown = |text: &str| (text.to_owned(), None);
        assert_eq!(sources(body), [source("{\"a\":1}", 0), unknown("{\"b\":2}"), unknown("{\"c\":3}")]);
        assert_eq!(end(body.as_bytes()), (1, Some(3)));
        assert_eq!(end(b"{\"create\":{}}\n"), (0, Some(2)));
    }
}
