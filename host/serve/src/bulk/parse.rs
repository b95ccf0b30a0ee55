//! Cutting a body into actions and sources.

use super::Documents;
use super::action::{Action, Verb};

/// The documents of a body. `path_index` is the index that the path names, for
/// actions that name none.
///
/// From a line on that is no action where one should be, Elasticsearch refuses the
/// body; every further line is looked at all the same, in case it does not.
pub(crate) fn parse(body: &[u8], path_index: Option<&str>) -> Documents {
    let mut documents = Documents::default();
    let mut lines = Lines { body, number: 0 };
    while let Some(line) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Some(Action { verb, index, id }) = Action::read(line) else {
            documents.malformed_at = Some(lines.number);
            look_at_all(line, lines, path_index, &mut documents);
            break;
        };
        let item = u32::try_from(documents.items).ok();
        documents.items += 1;
        if !verb.has_source() {
            continue;
        }
        let Some(source) = lines.next() else {
            documents.malformed_at = Some(lines.number + 1);
            break;
        };
        let target = index.as_deref().or(path_index);
        match verb {
            Verb::Create | Verb::Index => documents.push(source, target, id.as_deref(), item),
            Verb::Update => documents.push_upserted(source, target, id.as_deref(), item),
            Verb::Delete => {}
        }
    }
    documents
}

fn look_at_all<'b>(
    first: &'b [u8],
    rest: impl Iterator<Item = &'b [u8]>,
    path_index: Option<&str>,
    documents: &mut Documents,
) {
    let mut is_behind_update = false;
    for line in std::iter::once(first).chain(rest) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match Action::read(line) {
            Some(action) => is_behind_update = action.verb == Verb::Update,
            None if std::mem::take(&mut is_behind_update) => documents.push_upserted(line, path_index, None, None),
            None => documents.push(line, path_index, None, None),
        }
    }
}

/// The lines of a body, without their newlines.
struct Lines<'b> {
    body: &'b [u8],
    /// That of the last one, from 1.
    number: usize,
}

impl<'b> Iterator for Lines<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if self.body.is_empty() {
            return None;
        }
        self.number += 1;
        let end = memchr::memchr(b'\n', self.body).unwrap_or(self.body.len());
        let (line, rest) = self.body.split_at_checked(end)?;
        self.body = rest.get(1..).unwrap_or_default();
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(body: &str) -> Vec<(String, Option<u32>)> {
        let mut sources = Vec::new();
        for batch in parse(body.as_bytes(), Some("path")).batches {
            let lines = String::from_utf8(batch.lines).unwrap();
            sources.extend(lines.split_terminator('\n').map(str::to_owned).zip(batch.items));
        }
        sources
    }

    fn source(text: &str, item: u32) -> (String, Option<u32>) {
        (text.to_owned(), Some(item))
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
        let documents = parse(body.as_bytes(), Some("path"));
        assert_eq!((documents.items, documents.malformed_at), (5, None));
    }

    #[test]
    fn targets_and_ids_go_with_their_lines() {
        let body = "{\"create\":{}}\n{}\n{\"index\":{\"_index\":\"i\",\"_id\":\"7\"}}\n{}\n";
        let mut documents = parse(body.as_bytes(), Some("path"));
        let (batch, _) = documents.batches.remove(0).into_batch(5);
        assert_eq!((batch.targets, batch.target_of), (vec!["path".to_owned(), "i".to_owned()], vec![0, 1]));
        assert_eq!((batch.ids, batch.arrival_ms), (vec![String::new(), "7".to_owned()], 5));
        let (batch, _) = parse(b"{\"create\":{}}\n{}\n", None).batches.remove(0).into_batch(0);
        assert_eq!((batch.targets.len(), batch.target_of, batch.ids.len()), (0, vec![u32::MAX], 0));
    }

    #[test]
    fn behind_what_is_no_action_every_line_is_looked_at() {
        let body = "{\"create\":{}}\n{\"a\":1}\n{\"b\":2}\n{\"create\":{}}\n{\"c\":3}\n";
        let unknown = |text: &str| (text.to_owned(), None);
        assert_eq!(sources(body), [source("{\"a\":1}", 0), unknown("{\"b\":2}"), unknown("{\"c\":3}")]);
        assert_eq!(parse(body.as_bytes(), None).malformed_at, Some(3));
        assert_eq!(parse(b"{\"create\":{}}\n", None).malformed_at, Some(2));
    }

    #[test]
    fn many_documents_make_several_batches() {
        let body = format!("{{\"create\":{{}}}}\n{{\"a\":\"{}\"}}\n", "x".repeat(100_000)).repeat(10);
        let documents = parse(body.as_bytes(), None);
        assert_eq!((documents.batches.len(), documents.count()), (4, 10));
    }
}
