//! The contenders in turn, round after round.

use anyhow::{Context, Result, ensure};
use firstseen_bench_common::cores::Cores;

use crate::bars::rules;
use crate::clock::Clock;
use crate::contenders::{Contender, Ran};
use crate::events::Events;
use crate::figures::{Figure, What};

/// Events with which a contender's speed is found out, at first.
const FIRST_EVENTS: usize = 250;

/// A contender, and what it is measured as.
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) rules: usize,
    pub(crate) note: String,
    pub(crate) contender: Box<dyn Contender>,
}

/// Runs each contender once a round.
pub(crate) struct Rounds<'a> {
    pub(crate) events: &'a Events,
    pub(crate) rounds: usize,
    /// About how long a slow contender runs.
    pub(crate) seconds: f64,
    /// Which time counts where one core is used.
    pub(crate) clock: Clock,
    /// Told of each step, one line.
    pub(crate) progress: &'a dyn Fn(&str),
}

impl Rounds<'_> {
    pub(crate) fn run(&self, mut entries: Vec<Entry>) -> Result<Vec<Figure>> {
        let cores = Cores::of_process()?;
        let mut portions = Vec::new();
        for entry in &mut entries {
            (self.progress)(&format!("warming up: {}, {}", entry.what.name(), rules(entry.rules)));
            portions.push(self.portion(entry, &cores).with_context(|| entry.what.name())?);
        }
        let mut figures: Vec<Figure> = entries.iter().map(Entry::figure).collect();
        for round in 1..=self.rounds {
            (self.progress)(&format!("round {round} of {}", self.rounds));
            for ((entry, &events), figure) in entries.iter_mut().zip(&portions).zip(&mut figures) {
                let (ran, seconds) = self.once(entry, events, &cores).with_context(|| entry.what.name())?;
                figure.add(ran, seconds)?;
            }
        }
        cores.keep_to(usize::MAX)?;
        Ok(figures)
    }

    /// How many events a contender judges in a round.
    fn portion(&self, entry: &mut Entry, cores: &Cores) -> Result<usize> {
        let all = self.events.all().len();
        let mut events = FIRST_EVENTS.min(all);
        loop {
            let (_, seconds) = self.once(entry, events, cores)?;
            if events == all || seconds >= self.seconds / 8.0 {
                let enough = (events as f64 * self.seconds / seconds.max(1e-9)) as usize;
                return Ok(enough.clamp(FIRST_EVENTS.min(all), all));
            }
            events = (events * 4).min(all);
        }
    }

    fn once(&self, entry: &mut Entry, events: usize, cores: &Cores) -> Result<(Ran, f64)> {
        let events = self.events.first(events);
        cores.keep_to(entry.what.cores())?;
        entry.contender.prepare(events)?;
        // What two cores gain shows only on the wall.
        let clock = if entry.what.cores() == 1 { self.clock } else { Clock::Wall };
        let start = clock.start()?;
        let ran = entry.contender.run(events)?;
        Ok((ran, start.elapsed_s()?))
    }
}

impl Entry {
    fn figure(&self) -> Figure {
        Figure { what: self.what, rules: self.rules, note: self.note.clone(), ran: Ran::default(), seconds: Vec::new() }
    }
}

impl Figure {
    /// The same input gives the same matches, every time.
    fn add(&mut self, ran: Ran, seconds: f64) -> Result<()> {
        ensure!(self.seconds.is_empty() || self.ran == ran, "{ran:?} after {:?}", self.ran);
        self.ran = ran;
        self.seconds.push(seconds);
        Ok(())
    }
}
