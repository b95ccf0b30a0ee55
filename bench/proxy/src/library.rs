//! What the proxy does with bodies, without a proxy: inflating, splitting, `Pool`.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Read;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use firstseen::ledger::Ledger;
use firstseen::{Batch, Detector, Document, Judging, Module, Pool};
use firstseen_bench_common::process::processor_s;
use firstseen_bench_common::rules::RuleSet;
use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::bodies::{Bodies, Body};
use crate::load::Window;

/// About how many bytes of documents are judged at a time, as in the proxy.
const BATCH_BYTES: usize = 256 << 10;

/// How many bodies are on their way: one is split while others are judged.
const BODIES_UNDER_WAY: usize = 2;

/// Rules with one worker, on the core of this thread.
pub(crate) struct Library {
    detector: Detector,
    pool: Pool,
}

impl Library {
    pub(crate) fn new(module: &Module, rules: &RuleSet, ledger: Arc<dyn Ledger>) -> Result<Self> {
        let document = |rule: &firstseen_bench_common::rules::Rule| Document {
            name: rule.name.clone(),
            content: rule.json.clone(),
        };
        let detector = Detector::builder(module.clone()).rules(rules.rules.iter().map(document)).ledger(ledger);
        let detector = detector.build()?;
        ensure!(detector.refusals().is_empty(), "refused: {:?}", detector.refusals());
        let pool = Pool::new(&detector, NonZeroUsize::MIN)?;
        Ok(Self { detector, pool })
    }

    /// As many bodies as it can.
    pub(crate) fn run(&self, bodies: &Bodies, warm_up: Duration, duration: Duration) -> Result<Window> {
        let mut under_way = VecDeque::new();
        let began = Instant::now();
        let mut counted_from = None;
        for number in 0.. {
            under_way.push_back(self.submit(bodies, bodies.body(number))?);
            if under_way.len() <= BODIES_UNDER_WAY {
                continue;
            }
            self.settle(under_way.pop_front().unwrap_or_default())?;
            match counted_from {
                None if began.elapsed() >= warm_up => {
                    counted_from = Some((number, Instant::now(), processor_s(std::process::id())?));
                }
                Some((first, since, core_s)) if since.elapsed() >= duration => {
                    let seconds = since.elapsed().as_secs_f64();
                    let core_s = processor_s(std::process::id())? - core_s;
                    under_way.into_iter().try_for_each(|judging| self.settle(judging))?;
                    return Ok(Window { requests: (number - first) as f64, seconds, core_s });
                }
                _ => {}
            }
        }
        unreachable!("numbers do not end")
    }

    /// One body at a time; answers with the milliseconds that each took.
    pub(crate) fn alone(&self, bodies: &Bodies, duration: Duration) -> Result<Vec<f64>> {
        let began = Instant::now();
        let mut took_ms = Vec::new();
        while began.elapsed() < duration {
            let body_began = Instant::now();
            self.settle(self.submit(bodies, bodies.body(took_ms.len()))?)?;
            took_ms.push(body_began.elapsed().as_secs_f64() * 1e3);
        }
        Ok(took_ms)
    }

    fn submit(&self, bodies: &Bodies, body: &Body) -> Result<Vec<Judging>> {
        let arrival_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let mut plain = Cow::Borrowed(&*body.bytes);
        if bodies.kind.is_packed {
            let mut unpacked = Vec::new();
            GzDecoder::new(&*body.bytes).read_to_end(&mut unpacked)?;
            plain = Cow::Owned(unpacked);
        }
        let batches = split(&plain, arrival_ms)?;
        Ok(batches.into_iter().map(|batch| self.pool.submit(batch)).collect())
    }

    fn settle(&self, judging: Vec<Judging>) -> Result<()> {
        for judging in judging {
            let outcome = judging.wait().outcome?;
            ensure!(outcome.counts.unjudged == 0, "not judged: {:?}", outcome.unjudged);
            self.detector.acknowledge(&outcome)?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Action<'l> {
    #[serde(borrow)]
    create: Create<'l>,
}

#[derive(Deserialize)]
struct Create<'l> {
    _index: &'l str,
}

/// The documents of a body, in batches of whole ones.
fn split(body: &[u8], arrival_ms: i64) -> Result<Vec<Batch<'static>>> {
    let mut batches = Vec::new();
    let (mut documents, mut targets, mut target_of) = (Vec::new(), Vec::<String>::new(), Vec::new());
    let mut start = 0;
    let mut line = || {
        let end = start + memchr::memchr(b'\n', &body[start..])?;
        let line = &body[start..end];
        start = end + 1;
        Some(line)
    };
    while let Some(action) = line() {
        let Action { create: Create { _index: target } } = serde_json::from_slice(action)?;
        let place = targets.iter().position(|known| known == target).unwrap_or_else(|| {
            targets.push(target.to_owned());
            targets.len() - 1
        });
        target_of.push(place as u32);
        documents.extend_from_slice(line().context("an action without a document")?);
        documents.push(b'\n');
        if documents.len() >= BATCH_BYTES {
            batches.push(batch(&mut documents, &mut targets, &mut target_of, arrival_ms));
        }
    }
    if !documents.is_empty() {
        batches.push(batch(&mut documents, &mut targets, &mut target_of, arrival_ms));
    }
    Ok(batches)
}

fn batch(
    documents: &mut Vec<u8>,
    targets: &mut Vec<String>,
    target_of: &mut Vec<u32>,
    arrival_ms: i64,
) -> Batch<'static> {
    let mut batch = Batch::new(std::mem::take(documents), arrival_ms);
    batch.targets = std::mem::take(targets);
    batch.target_of = std::mem::take(target_of);
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_from_their_actions() {
        let large = "x".repeat(BATCH_BYTES);
        let body = format!(
            "{{\"create\":{{\"_index\":\"a\"}}}}\n{{}}\n{{\"create\":{{\"_index\":\"b\"}}}}\n\"{large}\"\n\
             {{\"create\":{{\"_index\":\"b\"}}}}\n[]\n"
        );
        let batches = split(body.as_bytes(), 7).unwrap();
        assert_eq!(batches.len(), 2);
        assert_eq!(batches[0].lines, format!("{{}}\n\"{large}\"\n").as_bytes());
        assert_eq!(
            (&*batches[0].targets, &*batches[0].target_of),
            (&["a".to_owned(), "b".to_owned()][..], &[0, 1][..])
        );
        assert_eq!((&*batches[1].lines, &*batches[1].targets), (&b"[]\n"[..], &["b".to_owned()][..]));
        assert!(split(b"{\"create\":{\"_index\":\"a\"}}\n", 7).is_err());
    }
}
