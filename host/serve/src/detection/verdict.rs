//! What the rules say of the documents of a request.

use std::future::IntoFuture;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use firstseen::{Alert, Batch, Judged, JudgingFuture, Outcome};
use firstseen_delivery::DeliveryHandle;

use super::keeper::Command;
use super::{Engine, MODULE_IS_OFF, Shared};
use crate::documents::Documents;

/// Most remarks that are told.
const REMARKS_TOLD_MAX: usize = 20;

/// Documents that are being judged.
pub(crate) struct Judging {
    items: usize,
    batches: Vec<(JudgingFuture, Vec<Option<u32>>)>,
    shared: Arc<Shared>,
    engine: u64,
    delivery: DeliveryHandle,
    rule_ids: Arc<[String]>,
    started: Instant,
}

/// What the rules say.
pub(crate) struct Verdict {
    pub(crate) alerts: Vec<DocumentAlert>,
    /// The documents, as far as they are there: a batch, and for each line its place
    /// among the items of the answer.
    pub(crate) documents: Vec<(Batch<'static>, Vec<Option<u32>>)>,
    /// How many items an answer has.
    pub(crate) items: usize,
    /// Why not all of it was judged, or not kept.
    pub(crate) failure: Option<String>,
    pub(crate) delivery: DeliveryHandle,
}

/// An alert, and where its events are.
pub(crate) struct DocumentAlert {
    pub(crate) number: u64,
    /// For each of its events the batch among those of the verdict, and the line.
    pub(crate) sources: Vec<(usize, usize)>,
}

impl Judging {
    pub(super) fn submit(engine: &Engine, shared: &Arc<Shared>, documents: Documents, arrival_ms: i64) -> Self {
        shared.metrics.documents.inc_by(documents.count() as u64);
        shared.metrics.document_bytes.inc_by(documents.bytes() as u64);
        let items = documents.items;
        let batches = documents.batches.into_iter().map(|batch| {
            let (batch, items) = batch.into_batch(arrival_ms);
            (engine.pool.submit(batch).into_future(), items)
        });
        Self {
            items,
            batches: batches.collect(),
            shared: Arc::clone(shared),
            engine: engine.number,
            delivery: engine.delivery.clone(),
            rule_ids: Arc::clone(&engine.rule_ids),
            started: Instant::now(),
        }
    }

    /// Waits until all is judged, and on disk.
    pub(crate) async fn wait(self) -> Verdict {
        let Self { batches, items, shared, engine, delivery, rule_ids, started } = self;
        let mut verdict = Verdict { alerts: Vec::new(), documents: Vec::new(), items, failure: None, delivery };
        for (judging, items) in batches {
            let Judged { batch, outcome, is_disabled, .. } = judging.await;
            let was_disabled = shared.module_is_off.swap(is_disabled, Ordering::Relaxed);
            if is_disabled {
                verdict.failure.get_or_insert_with(|| MODULE_IS_OFF.to_owned());
                shared.metrics.batches_off.inc();
            }
            match (was_disabled, is_disabled) {
                (false, true) => tracing::error!("DETECTION IS OFF: {MODULE_IS_OFF}"),
                (true, false) => tracing::warn!("detection is on again"),
                _ => {}
            }
            match outcome {
                Ok(outcome) => {
                    shared.metrics.note(&outcome, &rule_ids, batch.arrival_ms);
                    tell_of_remarks(&shared, &outcome, &rule_ids);
                    verdict.take(outcome);
                }
                Err(error) => {
                    shared.metrics.batches_off.inc();
                    let cause = error.to_string();
                    shared.command(Command::Failed { engine, cause: cause.clone() });
                    verdict.failure = Some(cause);
                }
            }
            verdict.documents.push((batch, items));
        }
        shared.metrics.detection_seconds.observe(started.elapsed().as_secs_f64());
        if !verdict.alerts.is_empty() {
            verdict.delivery.notify();
        }
        verdict
    }
}

/// Says what the operator should know of events that rules match, the first of it.
fn tell_of_remarks(shared: &Shared, outcome: &Outcome, rule_ids: &[String]) {
    for remark in &outcome.remarks {
        if shared.remarks_told.fetch_add(1, Ordering::Relaxed) >= REMARKS_TOLD_MAX {
            shared.remarks_told.store(REMARKS_TOLD_MAX, Ordering::Relaxed);
            return;
        }
        let rule_id = rule_ids.get(remark.rule).map(String::as_str).unwrap_or_default();
        tracing::warn!("a document matches rule {rule_id}, but {}", remark.text);
    }
}

impl Verdict {
    fn take(&mut self, outcome: Outcome) {
        let place = self.documents.len();
        if outcome.counts.deferred_by_outbox > 0 || outcome.counts.lost > 0 {
            let cause = "the outbox is full: alerts are not taken, or too slowly";
            self.failure.get_or_insert_with(|| cause.to_owned());
        }
        let alert = |Alert { number, lines, .. }| {
            let sources = lines.into_iter().map(|line| (place, line)).collect();
            DocumentAlert { number, sources }
        };
        self.alerts.extend(outcome.alerts.into_iter().map(alert));
    }

    /// The bytes of a document, and its place among the items of the answer.
    pub(crate) fn document(&self, (batch, line): (usize, usize)) -> Option<(Document<'_>, Option<u32>)> {
        let (batch, items) = self.documents.get(batch)?;
        let bytes = batch.lines.get(line_range(&batch.lines, line)?)?;
        Some(document(batch, items, line, bytes))
    }

    /// All documents, in order.
    pub(crate) fn all_documents(&self) -> impl Iterator<Item = (Document<'_>, Option<u32>)> {
        self.documents.iter().flat_map(|(batch, items)| {
            let lines = batch.lines.split(|&byte| byte == b'\n').take(items.len()).enumerate();
            lines.map(|(line, bytes)| document(batch, items, line, bytes))
        })
    }
}

/// A document of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'v> {
    pub(crate) bytes: &'v [u8],
    /// The index, data stream or alias that it is bound for.
    pub(crate) target: Option<&'v str>,
    /// Its `_id`, if the client gave one.
    pub(crate) id: Option<&'v str>,
}

fn document<'v>(
    batch: &'v Batch<'static>,
    items: &[Option<u32>],
    line: usize,
    bytes: &'v [u8],
) -> (Document<'v>, Option<u32>) {
    let target = batch.target_of.get(line).and_then(|place| batch.targets.get(*place as usize));
    let id = batch.ids.get(line).filter(|id| !id.is_empty());
    let document = Document { bytes, target: target.map(String::as_str), id: id.map(String::as_str) };
    (document, items.get(line).copied().flatten())
}

fn line_range(lines: &[u8], line: usize) -> Option<Range<usize>> {
    let start = match line.checked_sub(1) {
        None => 0,
        Some(before) => memchr::memchr_iter(b'\n', lines).nth(before)? + 1,
    };
    let end = memchr::memchr(b'\n', lines.get(start..)?).map_or(lines.len(), |length| start + length);
    Some(start..end)
}
