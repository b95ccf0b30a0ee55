//! What an event costs.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use firstseen::{Batch, Detector, Document, Module, NotJudged, Unjudged, Worker};
use firstseen_tests::endpoint_events::{Mix, write_events};

use crate::events::{Growth, Nasty};
use crate::rules::Rules;

/// Arrival of all events, in epoch milliseconds.
const ARRIVAL_MS: i64 = 1_795_500_000_000;

/// How many ordinary events are judged at a time.
const ORDINARY: u64 = 400;

/// A shorter event costs as much as one of this length: each has some cost of its own.
const BYTES_MIN: usize = 1024;

/// How long the copies of an event that is judged several times may take together.
const TRY: Duration = Duration::from_millis(20);

/// Judges events with all rules, as a host does.
pub(crate) struct Meter {
    worker: Worker,
    ordinary: Vec<u8>,
    rules: usize,
}

/// What an event costs: of one whose cost grows as it does, a KiB of it, of another all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) us: f64,
    /// The same as a multiple of what an ordinary event costs in the same moments.
    pub(crate) ratio: f64,
    /// Whether no rule gave up on it because of its work.
    pub(crate) is_in_full: bool,
}

impl Meter {
    pub(crate) fn new(rules: &Rules) -> Result<Self> {
        let documents =
            rules.documents.iter().map(|(name, json)| Document { name: name.clone(), content: json.clone() });
        let detector = Detector::builder(Module::built_in()?).rules(documents).build()?;
        ensure!(detector.refusals().is_empty(), "refused: {:?}", detector.refusals());
        let mix = Mix { seed: 1, events: ORDINARY, install_every: 60, parents: 200, start_ms: ARRIVAL_MS, step_ms: 10 };
        let mut ordinary = Vec::new();
        write_events(&mix, &mut ordinary)?;
        Ok(Self { worker: detector.worker()?, ordinary, rules: detector.rules().len() })
    }

    /// How many rules there are.
    pub(crate) fn rules(&self) -> usize {
        self.rules
    }

    /// The cost of an event beside ordinary ones: of several tries, of either the one that was disturbed least.
    pub(crate) fn cost(&mut self, Nasty { line, growth, .. }: &Nasty, tries: u32) -> Result<Cost> {
        // Short events are repeated until there is something to measure, dear ones are not.
        let one = [line.as_str(), "\n"].concat();
        let times = TRY.div_duration_f64(self.time(one.as_bytes())?.0) as usize;
        let count = (64 * 1024 / one.len()).min(times) + 1;
        let repeated = one.repeat(count);
        let ordinary = std::mem::take(&mut self.ordinary);
        let (mut us, mut beside_us) = (f64::MAX, f64::MAX);
        let mut is_in_full = true;
        for _ in 0..tries {
            let [event, beside] = [repeated.as_bytes(), &ordinary].map(|lines| self.time(lines));
            let ((event, given_up), (beside, none)) = (event?, beside?);
            is_in_full &= given_up == 0;
            let may_give_up = *growth == Growth::Combining;
            ensure!((may_give_up || is_in_full) && none == 0, "{} lines were not judged in full", given_up + none);
            us = us.min(micros(event) / count as f64);
            beside_us = beside_us.min(micros(beside) / ORDINARY as f64);
        }
        let (us, beside_us) = match growth {
            Growth::Linear => (us / kib(line.len()), beside_us / kib(ordinary.len() / ORDINARY as usize)),
            Growth::Combining => (us, beside_us),
        };
        self.ordinary = ordinary;
        Ok(Cost { us, ratio: us / beside_us, is_in_full })
    }

    /// How long lines take, and on how many a rule gives up because of their work.
    fn time(&mut self, lines: &[u8]) -> Result<(Duration, usize)> {
        let batch = Batch::new(lines, ARRIVAL_MS);
        let began = Instant::now();
        let matching = self.worker.match_events(&batch)?;
        let took = began.elapsed();
        let is_given_up = |line: &&Unjudged| line.cause == NotJudged::Work && !line.rules.is_empty();
        let given_up = matching.unjudged.iter().filter(is_given_up).count();
        let other = matching.unjudged.len() - given_up;
        ensure!(other == 0, "{other} lines were not judged");
        Ok((took, given_up))
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn kib(bytes: usize) -> f64 {
    bytes.max(BYTES_MIN) as f64 / 1024.0
}
