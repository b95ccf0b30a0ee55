//! The library by itself, as the programs of other hosts do it: what they are compared with.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use firstseen::{Batch, Detector, Document, Module, Worker};
use firstseen_bench_common::lock;
use firstseen_bench_common::process::processor_s;
use firstseen_bench_common::rules::RuleSet;

use crate::said::Said;

/// About how many bytes of events are judged at a time.
const BATCH_BYTES: usize = 256 << 10;

const ARRIVAL_MS: i64 = 1_795_500_000_000;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(2);

/// One worker, in this thread.
struct Library {
    detector: Detector,
    worker: Worker,
}

/// Events and alerts of some batches.
#[derive(Clone, Copy, Default)]
struct Counts {
    events: u64,
    alerts: u64,
}

pub(crate) fn run(events: &[u8], rules: &RuleSet) -> Result<Said> {
    let batches = batches(events);
    let (first, others) = batches.split_at(1);
    let began = Instant::now();
    let mut library = Library::new(rules)?;
    let mut alerts = library.evaluate(first)?.alerts;
    let ready = began.elapsed();
    alerts += library.evaluate(others)?.alerts;
    while began.elapsed() < ready + WARM_UP {
        library.evaluate(&batches)?;
    }
    let (began, core_began_s) = (Instant::now(), processor_s(std::process::id())?);
    let mut judged = 0;
    while began.elapsed() < MEASURED {
        judged += library.evaluate(&batches)?.events;
    }
    let took_s = began.elapsed().as_secs_f64();
    Ok(Said {
        host: "`firstseen`".to_owned(),
        runtime: format!("Wasmtime {}", lock::version("wasmtime")),
        rules: library.detector.rules().len(),
        events_per_second: judged as f64 / took_s,
        core_share: (processor_s(std::process::id())? - core_began_s) / took_s,
        alerts,
        ready_ms: ready.as_secs_f64() * 1e3,
    })
}

impl Library {
    fn new(rules: &RuleSet) -> Result<Self> {
        let documents = rules.rules.iter().map(|rule| Document { name: rule.name.clone(), content: rule.json.clone() });
        let detector = Detector::builder(Module::built_in()?).rules(documents).build()?;
        ensure!(detector.refusals().is_empty(), "refused: {:?}", detector.refusals());
        Ok(Self { worker: detector.worker()?, detector })
    }

    fn evaluate(&mut self, batches: &[&[u8]]) -> Result<Counts> {
        let mut counts = Counts::default();
        for lines in batches {
            let outcome = self.worker.evaluate(&Batch::new(*lines, ARRIVAL_MS))?;
            self.detector.acknowledge(&outcome)?;
            ensure!(outcome.counts.unjudged == 0, "not judged: {:?}", outcome.unjudged);
            counts.events += outcome.counts.events;
            counts.alerts += outcome.alerts.len() as u64;
        }
        Ok(counts)
    }
}

/// Whole lines, as many as make a batch.
fn batches(events: &[u8]) -> Vec<&[u8]> {
    let (mut found, mut start, mut end) = (Vec::new(), 0, 0);
    for line in events.split_inclusive(|&byte| byte == b'\n') {
        end += line.len();
        if end - start >= BATCH_BYTES || end == events.len() {
            found.push(&events[start..end]);
            start = end;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_all_events_in_whole_lines() {
        let line = "x".repeat(100_000) + "\n";
        let events = line.repeat(7);
        let batches = batches(events.as_bytes());
        assert_eq!(batches.iter().map(|batch| batch.len() / line.len()).collect::<Vec<_>>(), [3, 3, 1]);
        assert_eq!(batches.concat(), events.as_bytes());
    }
}
