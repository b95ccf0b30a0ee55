//! A page of an answer to a search: documents, as batches.

use std::borrow::Cow;
use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use firstseen::{Batch, printable};
use serde::Deserialize;
use serde_json::value::RawValue;

/// About how many bytes of documents are judged at a time.
const BATCH_BYTES: usize = 256 << 10;

/// An answer to a search.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) pit_id: Option<Cow<'a, str>>,
    #[serde(default)]
    timed_out: bool,
    #[serde(borrow, rename = "_shards")]
    shards: Option<Shards<'a>>,
    #[serde(borrow)]
    hits: Hits<'a>,
}

#[derive(Deserialize)]
struct Shards<'a> {
    failed: u64,
    #[serde(borrow)]
    failures: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Hits<'a> {
    // Without any, what is left of an answer may not have them.
    #[serde(borrow, default)]
    hits: Vec<Hit<'a>>,
}

#[derive(Deserialize)]
struct Hit<'a> {
    #[serde(borrow, rename = "_index")]
    index: Cow<'a, str>,
    #[serde(borrow, rename = "_id")]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "_source")]
    source: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sort: Vec<&'a RawValue>,
}

/// Documents, and where they end.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Without their arrival; each line has an `_id`, or an empty one.
    pub(super) batches: Vec<Batch<'static>>,
    /// The time of the last one.
    pub(super) reached_ms: Option<i64>,
    /// What the next page begins behind.
    pub(super) after: Vec<Box<RawValue>>,
    /// There is no further one.
    pub(super) is_last: bool,
}

impl Answer<'_> {
    /// Why it is not all of an answer, if it is not.
    pub(super) fn trouble(&self) -> Option<String> {
        match &self.shards {
            _ if self.timed_out => Some("the search took too long there".to_owned()),
            Some(Shards { failed: 1.., failures }) => {
                let failures: String =
                    failures.map(|failures| failures.get().chars().take(200).collect()).unwrap_or_default();
                Some(printable(&format!("the search failed in a part of the indices: {failures}")))
            }
            _ => None,
        }
    }

    /// Its documents, `size` of which were asked for.
    ///
    /// # Errors
    ///
    /// What is wrong with one.
    pub(super) fn page(&self, size: usize) -> Result<Page> {
        let hits = &self.hits.hits;
        let mut page = Page { is_last: hits.len() < size, ..Page::default() };
        let mut places = HashMap::new();
        for hit in hits {
            let Hit { index, id, source, .. } = hit;
            let source = source.with_context(|| {
                let index = printable(index);
                format!("a document of {index} has no _source: that is switched off in its mapping, so leave it out")
            })?;
            let target = target_of(index);
            if page.batches.last().is_none_or(|batch| batch.lines.len() >= BATCH_BYTES) {
                page.batches.push(Batch::default());
                places.clear();
            }
            if let Some(batch) = page.batches.last_mut() {
                push(batch, source.get(), id.as_deref().unwrap_or_default());
                let place = *places.entry(target).or_insert_with(|| {
                    batch.targets.push(target.to_owned());
                    u32::try_from(batch.targets.len() - 1).unwrap_or(u32::MAX)
                });
                batch.target_of.push(place);
            }
        }
        if let Some(last) = hits.last() {
            let time = last.sort.first().map(|time| time.get()).unwrap_or_default();
            page.reached_ms = Some(time.parse().context("a document comes without the time that it is sorted by")?);
            ensure!(last.sort.len() > 1, "a document comes without its place among those of its time");
            page.after = last.sort.iter().map(|value| (*value).to_owned()).collect();
        }
        Ok(page)
    }
}

/// Adds a document on a line of its own. A carriage return ends a comment as a newline
/// does, and means nothing elsewhere.
fn push(batch: &mut Batch<'static>, source: &str, id: &str) {
    let lines = batch.lines.to_mut();
    lines.extend(source.bytes().map(|byte| if byte == b'\n' { b'\r' } else { byte }));
    lines.push(b'\n');
    batch.ids.push(id.to_owned());
}

/// What a document was written to, as far as the name of its index says it: one that was
/// mounted from a snapshot has a prefix, and OpenSearch has no date in that of the index
/// behind a data stream. The module knows that of Elasticsearch.
fn target_of(index: &str) -> &str {
    let index = ["partial-", "restored-"].iter().find_map(|prefix| index.strip_prefix(prefix)).unwrap_or(index);
    let of_stream = || {
        let (stream, generation) = index.strip_prefix(".ds-")?.rsplit_once('-')?;
        let has_date = stream.rsplit_once('-').is_some_and(|(_, date)| date.len() == 10 && date.contains('.'));
        let is_generation = generation.len() == 6 && generation.bytes().all(|byte| byte.is_ascii_digit());
        (is_generation && !has_date).then_some(stream)
    };
    of_stream().unwrap_or(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(answer: &str) -> Result<Page> {
        serde_json::from_str::<Answer<'_>>(answer)?.page(2)
    }

    #[test]
    fn documents_keep_their_bytes() {
        let answer = r#"{"pit_id":"x","took":1,"timed_out":false,"_shards":{"failed":0},"hits":{"hits":[
            {"_index":"a","_id":"1","_score":null,"_source":{ "n" : 1.50,
 "t":"\u0041\n"},"sort":[5,0]},
            {"_index":"b","_id":"2\u0022","_source":{},"sort":[6,"x"]}]}}"#;
        let page = page(answer).unwrap();
        let [batch] = page.batches.as_slice() else { panic!("{page:?}") };
        assert_eq!(&*batch.lines, b"{ \"n\" : 1.50,\r \"t\":\"\\u0041\\n\"}\n{}\n");
        assert_eq!((batch.ids.join(" "), batch.targets.join(" ")), ("1 2\"".to_owned(), "a b".to_owned()));
        assert_eq!((batch.target_of.as_slice(), page.reached_ms, page.is_last), (&[0, 1][..], Some(6), false));
        assert_eq!(serde_json::to_string(&page.after).unwrap(), r#"[6,"x"]"#);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (hit, cause) in [
            (r#"{"_index":"a","_id":"1","sort":[1,2]}"#, "a document of a has no _source"),
            (r#"{"_index":"a","_source":{}}"#, "without the time"),
            (r#"{"_index":"a","_source":{},"sort":["x",1]}"#, "without the time"),
            (r#"{"_index":"a","_source":{},"sort":[1]}"#, "without its place"),
            (r#"{"_source":{},"sort":[1,2]}"#, "missing field `_index`"),
        ] {
            let error = format!("{:#}", page(&format!(r#"{{"hits":{{"hits":[{hit}]}}}}"#)).unwrap_err());
            assert!(error.contains(cause), "{hit}: {error}");
        }
        let last = page(r#"{"hits":{}}"#).unwrap();
        assert!(last.is_last && last.batches.is_empty() && last.reached_ms.is_none());
        for trouble in [r#""timed_out":true"#, r#""_shards":{"failed":1,"failures":[{"shard":0}]}"#] {
            let answer = format!(r#"{{{trouble},"hits":{{"hits":[]}}}}"#);
            assert!(serde_json::from_str::<Answer<'_>>(&answer).unwrap().trouble().is_some(), "{trouble}");
        }
    }

    #[test]
    fn an_index_behind_a_data_stream_is_the_stream() {
        for (index, target) in [
            ("logs-x", "logs-x"),
            (".ds-logs-endpoint.events.process-default-000001", "logs-endpoint.events.process-default"),
            (".ds-logs-x-2026.11.20-000001", ".ds-logs-x-2026.11.20-000001"),
            ("partial-.ds-logs-x-2026.11.20-000001", ".ds-logs-x-2026.11.20-000001"),
            ("restored-logs-x", "logs-x"),
            (".ds-x", ".ds-x"),
            (".ds-a-00000x", ".ds-a-00000x"),
        ] {
            assert_eq!(target_of(index), target);
        }
    }
}
