//! The component in its sandbox, through the embedding library.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::rc::Rc;

use anyhow::{Result, anyhow, ensure};
use firstseen::{Batch, Detector, Judging, Module, Outcome, Pool, Worker};
use firstseen_bench_common::rules::Rule;

use super::loaded::{Prefilter, detector};
use super::{Contender, Ran};
use crate::events::{Lines, Portion};

/// A worker, or a pool of several.
pub(crate) struct Component {
    module: Module,
    rules: Rc<[Rule]>,
    prefilter: Prefilter,
    workers: NonZeroUsize,
    running: Option<(Detector, Running)>,
}

enum Running {
    Alone(Box<Worker>),
    Together(Pool),
}

impl Component {
    pub(crate) fn new(module: Module, rules: Rc<[Rule]>, prefilter: Prefilter, workers: usize) -> Self {
        let workers = NonZeroUsize::new(workers).unwrap_or(NonZeroUsize::MIN);
        Self { module, rules, prefilter, workers, running: None }
    }
}

impl Contender for Component {
    /// A fresh state, and instances that have grown to their size.
    fn prepare(&mut self, events: Portion<'_>) -> Result<()> {
        self.running = None;
        let detector = detector(&self.module, &self.rules, self.prefilter)?;
        let running = match self.workers {
            NonZeroUsize::MIN => {
                let mut worker = detector.worker()?;
                if let Some(first) = events.batches().next() {
                    worker.match_events(&batch(first))?;
                }
                Running::Alone(Box::new(worker))
            }
            workers => {
                let pool = Pool::new(&detector, workers)?;
                // Blank lines: each worker takes its instance, the ledger learns nothing.
                let blank = || pool.submit(Batch::new(vec![b'\n'; 1 << 20], 0));
                let warm: Vec<Judging> = (0..4 * workers.get()).map(|_| blank()).collect();
                warm.into_iter().try_for_each(|judging| judging.wait().outcome.map(drop))?;
                Running::Together(pool)
            }
        };
        self.running = Some((detector, running));
        Ok(())
    }

    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let Some((detector, running)) = &mut self.running else { return Err(anyhow!("not prepared")) };
        let matches = match running {
            Running::Alone(worker) => {
                events.batches().map(|lines| settle(detector, &worker.evaluate(&batch(lines))?)).sum::<Result<u64>>()?
            }
            Running::Together(pool) => through(pool, detector, events)?,
        };
        Ok(Ran::over(events, matches))
    }
}

/// Keeps two batches on their way for each worker.
fn through(pool: &Pool, detector: &Detector, events: Portion<'_>) -> Result<u64> {
    let mut under_way = VecDeque::new();
    let mut matches = 0;
    let wait = |judging: Option<Judging>| match judging {
        Some(judging) => settle(detector, &judging.wait().outcome?),
        None => Ok(0),
    };
    for lines in events.batches() {
        under_way.push_back(pool.submit(Batch::new(lines.bytes.to_vec(), lines.arrival_ms)));
        if under_way.len() > 2 * pool.workers() {
            matches += wait(under_way.pop_front())?;
        }
    }
    under_way.into_iter().try_fold(matches, |matches, judging| Ok(matches + wait(Some(judging))?))
}

/// Takes note of an outcome; answers with its matches.
fn settle(detector: &Detector, outcome: &Outcome) -> Result<u64> {
    detector.acknowledge(outcome)?;
    ensure!(outcome.counts.unjudged == 0, "not judged: {:?}", outcome.unjudged);
    Ok(outcome.counts.matched)
}

fn batch(lines: Lines<'_>) -> Batch<'_> {
    Batch::new(lines.bytes, lines.arrival_ms)
}
