//! What an event costs.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use firstseen::{Batch, Detector, Document, Module, NotJudged, Unjudged, Worker};
use firstseen_tests::endpoint_events::{Mix, write_events};

use crate::events::Nasty;
use crate::rules::Rules;

/// Arrival of all events, in epoch milliseconds.
const ARRIVAL_MS: i64 = 1_795_500_000_000;

/// How many ordinary events are judged at a time.
const ORDINARY: u64 = 400;

/// A shorter event costs as much as one of this length: each has some cost of its own.
const BYTES_MIN: usize = 1024;

/// Judges events with all rules, as a host does.
pub(crate) struct Meter {
    worker: Worker,
    ordinary: Vec<u8>,
    rules: usize,
}

/// What an event costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Microseconds for each KiB.
    pub(crate) us_a_kib: f64,
    /// The same as a multiple of what ordinary events cost in the same moments.
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
    pub(crate) fn cost(&mut self, Nasty { line, combines, .. }: &Nasty, tries: u32) -> Result<Cost> {
        let kib = |bytes: usize| bytes.max(BYTES_MIN) as f64 / 1024.0;
        // Short events are repeated until there is something to measure.
        let repeated = [line.as_str(), "\n"].concat().repeat(64 * 1024 / (line.len() + 1) + 1);
        let count = repeated.len() / (line.len() + 1);
        let ordinary = std::mem::take(&mut self.ordinary);
        let ordinary_kib = ORDINARY as f64 * kib(ordinary.len() / ORDINARY as usize);
        let (mut us_a_kib, mut beside_us_a_kib) = (f64::MAX, f64::MAX);
        let mut is_in_full = true;
        for _ in 0..tries {
            let [event, beside] = [repeated.as_bytes(), &ordinary].map(|lines| self.time(lines));
            let ((event, given_up), (beside, none)) = (event?, beside?);
            is_in_full &= given_up == 0;
            ensure!((*combines || is_in_full) && none == 0, "{} lines were not judged in full", given_up + none);
            us_a_kib = us_a_kib.min(micros(event) / (count as f64 * kib(line.len())));
            beside_us_a_kib = beside_us_a_kib.min(micros(beside) / ordinary_kib);
        }
        self.ordinary = ordinary;
        Ok(Cost { us_a_kib, ratio: us_a_kib / beside_us_a_kib, is_in_full })
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
