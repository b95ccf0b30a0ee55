//! The component in its sandbox, through the embedding library.

use std::rc::Rc;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use firstseen::{Batch, Detector, Module, Worker};

use super::loaded::{Prefilter, detector};
use super::{Contender, Ran};
use crate::events::{Lines, Portion};
use crate::rules::Rule;

/// Workers of one detector, each on a thread if there are several.
pub(crate) struct Component {
    module: Module,
    rules: Rc<[Rule]>,
    prefilter: Prefilter,
    workers: usize,
    running: Option<(Detector, Vec<Worker>)>,
}

impl Component {
    pub(crate) fn new(module: Module, rules: Rc<[Rule]>, prefilter: Prefilter, workers: usize) -> Self {
        Self { module, rules, prefilter, workers, running: None }
    }
}

impl Contender for Component {
    /// A fresh state, and instances that have grown to their size.
    fn prepare(&mut self, events: Portion<'_>) -> Result<()> {
        self.running = None;
        let detector = detector(&self.module, &self.rules, self.prefilter)?;
        let mut workers = (0..self.workers).map(|_| detector.worker()).collect::<Result<Vec<_>, _>>()?;
        if let Some(first) = events.batches().next() {
            for worker in &mut workers {
                worker.match_events(&batch(first))?;
            }
        }
        self.running = Some((detector, workers));
        Ok(())
    }

    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let Some((detector, workers)) = &mut self.running else { return Err(anyhow!("not prepared")) };
        let matches = match workers.as_mut_slice() {
            [worker] => judge(detector, worker, events.batches())?,
            workers => in_parallel(detector, workers, events)?,
        };
        Ok(Ran::over(events, matches))
    }
}

/// Every worker takes every n-th batch.
fn in_parallel(detector: &Detector, workers: &mut [Worker], events: Portion<'_>) -> Result<u64> {
    let count = workers.len();
    thread::scope(|scope| {
        let threads: Vec<_> = workers
            .iter_mut()
            .enumerate()
            .map(|(number, worker)| {
                scope.spawn(move || judge(detector, worker, events.batches().skip(number).step_by(count)))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a worker panicked"))?).sum()
    })
}

fn judge<'a>(detector: &Detector, worker: &mut Worker, batches: impl Iterator<Item = Lines<'a>>) -> Result<u64> {
    let mut matches = 0;
    for lines in batches {
        let outcome = worker.evaluate(&batch(lines))?;
        detector.acknowledge(&outcome)?;
        ensure!(outcome.counts.unjudged == 0, "not judged: {:?}", outcome.unjudged);
        matches += outcome.counts.matched;
    }
    Ok(matches)
}

fn batch(lines: Lines<'_>) -> Batch<'_> {
    Batch::new(lines.bytes, lines.arrival_ms)
}
