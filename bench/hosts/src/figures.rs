//! What was measured, and what follows from it.

use anyhow::{Result, ensure};
use firstseen_bench_common::numbers::median;

use crate::said::Said;

/// A module in a host, with one load.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) shape: &'static str,
    /// One for each round.
    pub(crate) rounds: Vec<Said>,
}

/// By what a host is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The time that passed.
    Wall,
    /// The time that the host took of its core: what it would do if it had the core for
    /// itself.
    Core,
}

/// All hosts with the same rules, the library first.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) rules: usize,
    pub(crate) figures: Vec<Figure>,
}

impl Figure {
    fn rates(&self, by: By) -> Vec<f64> {
        let rate = |said: &Said| match by {
            By::Wall => said.events_per_second,
            By::Core => said.events_per_second / said.core_share,
        };
        self.rounds.iter().map(rate).collect()
    }

    /// Events a second in the round that was disturbed least.
    pub(crate) fn best(&self, by: By) -> f64 {
        self.rates(by).into_iter().fold(0.0, f64::max)
    }

    /// Half of the way from the fastest to the slowest round, as a part of the median.
    pub(crate) fn spread(&self) -> f64 {
        let rates = self.rates(By::Wall);
        let least = rates.iter().copied().fold(f64::MAX, f64::min);
        (self.best(By::Wall) - least) / 2.0 / median(&rates)
    }

    /// From the start of its work to its first batch, in the fastest round, in seconds.
    pub(crate) fn ready_s(&self) -> f64 {
        self.rounds.iter().map(|said| said.ready_ms).fold(f64::MAX, f64::min) / 1e3
    }
}

impl Figures {
    /// How many times as fast a host is as the library.
    pub(crate) fn of_library(&self, figure: &Figure, by: By) -> f64 {
        figure.best(by) / self.figures.first().map_or(f64::NAN, |library| library.best(by))
    }

    /// All rules run in all hosts, and all have the same alerts of the first pass.
    pub(crate) fn agree(&self) -> Result<()> {
        let rounds =
            || self.figures.iter().flat_map(|figure| figure.rounds.iter().map(move |said| (figure.shape, said)));
        let expected = rounds().next().map_or(0, |(_, said)| said.alerts);
        ensure!(expected > 0, "nothing alerts with {} rules", self.rules);
        for (shape, said) in rounds() {
            let (rules, alerts) = (said.rules, said.alerts);
            ensure!(rules == self.rules, "{}, {shape}: {rules} of {} rules run", said.host, self.rules);
            ensure!(alerts == expected, "{}, {shape}: {alerts} alerts, not {expected}", said.host);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn figure(host: &str, shape: &'static str, rates: [f64; 3], core_share: f64) -> Figure {
        let said = |events_per_second| Said {
            host: host.to_owned(),
            runtime: "1.0".to_owned(),
            rules: 3,
            events_per_second,
            core_share,
            alerts: 7,
            ready_ms: events_per_second / 10.0,
        };
        Figure { shape, rounds: rates.map(said).into() }
    }

    pub(crate) fn figures() -> Figures {
        let library = figure("`firstseen`", "component", [80e3, 100e3, 90e3], 0.5);
        Figures { rules: 3, figures: vec![library, figure("Go", "plain", [20e3, 25e3, 20e3], 1.0)] }
    }

    #[test]
    fn the_best_rounds_are_compared() {
        let figures = figures();
        let [library, go] = &*figures.figures else { panic!("two figures") };
        assert_eq!((go.best(By::Wall), go.spread(), go.ready_s()), (25e3, 0.125, 2.0));
        assert_eq!(library.best(By::Core), 200e3);
        assert_eq!(figures.of_library(go, By::Wall), 0.25);
        assert_eq!(figures.of_library(go, By::Core), 0.125);
    }

    #[test]
    fn hosts_that_do_not_agree_are_named() {
        let mut others = figures();
        others.agree().unwrap();
        others.figures[1].rounds[2].alerts = 8;
        assert_eq!(others.agree().unwrap_err().to_string(), "Go, plain: 8 alerts, not 7");
        others.figures[1].rounds[2].rules = 2;
        assert_eq!(others.agree().unwrap_err().to_string(), "Go, plain: 2 of 3 rules run");
        let mut none = figures();
        none.figures.iter_mut().flat_map(|figure| &mut figure.rounds).for_each(|said| said.alerts = 0);
        assert!(none.agree().is_err());
    }
}
