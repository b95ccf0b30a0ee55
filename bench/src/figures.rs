//! What was measured, and what follows from it.

use anyhow::{Result, ensure};
use firstseen_bench_common::numbers::median;

use crate::contenders::Ran;

/// Who or what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Component,
    Native,
    ProjectionComponent,
    ProjectionNative,
    TwoWorkers,
    /// The command on so many cores.
    Command(Build, usize),
    /// The same over an empty input.
    CommandStart(Build, usize),
    /// The command between two `cat`.
    Piped,
    /// Two `cat` alone.
    Pipe,
    Vrl,
    VrlParse,
    Rsigma,
    SigmaRust,
    Jq,
    Newlines,
    Literal,
}

/// A build of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// That of this checkout.
    Own,
    /// One to compare with.
    Other,
}

impl What {
    pub(crate) fn name(self) -> String {
        let name = match self {
            Self::Command(build, cores) => return command_name(build, "", cores),
            Self::CommandStart(build, cores) => return command_name(build, ", empty input", cores),
            Self::Component => "Firstseen, component",
            Self::Native => "Firstseen, native",
            Self::ProjectionComponent => "projection alone, component",
            Self::ProjectionNative => "projection alone, native",
            Self::TwoWorkers => "Firstseen, component, two workers",
            Self::Piped => "pipe: cat, firstseen filter, cat; two cores",
            Self::Pipe => "pipe: cat, cat; two cores",
            Self::Vrl => "VRL, parse and filter",
            Self::VrlParse => "VRL, parse alone",
            Self::Rsigma => "rsigma-eval",
            Self::SigmaRust => "sigma-rust",
            Self::Jq => "jq -c",
            Self::Newlines => "floor: newlines",
            Self::Literal => "floor: one word",
        };
        name.to_owned()
    }

    /// How many cores it may use.
    pub(crate) fn cores(self) -> usize {
        match self {
            Self::Command(_, cores) | Self::CommandStart(_, cores) => cores,
            Self::TwoWorkers | Self::Piped | Self::Pipe => 2,
            _ => 1,
        }
    }

    /// Is it Firstseen?
    pub(crate) fn is_ours(self) -> bool {
        matches!(
            self,
            Self::Component
                | Self::Native
                | Self::ProjectionComponent
                | Self::ProjectionNative
                | Self::TwoWorkers
                | Self::Command(..)
                | Self::CommandStart(..)
                | Self::Piped
        )
    }
}

/// `one core` or `two cores`.
pub(crate) fn cores_name(cores: usize) -> &'static str {
    if cores == 1 { "one core" } else { "two cores" }
}

fn command_name(build: Build, input: &str, cores: usize) -> String {
    let build = match build {
        Build::Own => "",
        Build::Other => ", the other build",
    };
    format!("`firstseen filter`{build}{input}, {}", cores_name(cores))
}

/// The runs of one contender.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) what: What,
    /// How many rules it was given.
    pub(crate) rules: usize,
    /// What must be known to read it rightly.
    pub(crate) note: String,
    /// What each run did.
    pub(crate) ran: Ran,
    /// One for each round.
    pub(crate) seconds: Vec<f64>,
}

/// Which of a contender's rounds counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Median,
    /// The one that others who use the machine disturbed least.
    Fastest,
}

impl Figure {
    pub(crate) fn median_s(&self) -> f64 {
        median(&self.seconds)
    }

    pub(crate) fn seconds(&self, by: By) -> f64 {
        match by {
            By::Median => self.median_s(),
            By::Fastest => self.seconds.iter().copied().fold(f64::MAX, f64::min),
        }
    }

    /// Gigabytes a second.
    pub(crate) fn gigabytes(&self, by: By) -> f64 {
        self.ran.bytes as f64 / self.seconds(by) / 1e9
    }

    pub(crate) fn events_per_second(&self) -> f64 {
        self.ran.events as f64 / self.median_s()
    }

    /// Half of the way from the fastest to the slowest run, as a part of the
    /// median.
    pub(crate) fn spread(&self) -> f64 {
        let slowest = self.seconds.iter().copied().fold(f64::MIN, f64::max);
        (slowest - self.seconds(By::Fastest)) / 2.0 / self.median_s()
    }
}

/// The command's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) rules: usize,
    pub(crate) small_input_bytes: u64,
    pub(crate) small_peak_bytes: u64,
    pub(crate) large_input_bytes: u64,
    pub(crate) large_peak_bytes: u64,
}

/// How many rules the sets of the corpus have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) new_terms: usize,
    pub(crate) kql: usize,
    /// KQL, and EQL on single events.
    pub(crate) all: usize,
}

/// All of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) figures: Vec<Figure>,
    pub(crate) memory: Option<Memory>,
    /// None: there was no corpus.
    pub(crate) corpus: Option<Counts>,
}

impl Figures {
    pub(crate) fn get(&self, what: What, rules: usize) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.what == what && figure.rules == rules)
    }

    /// Throughput in gigabytes a second, of the command less its start-up.
    pub(crate) fn rate(&self, what: What, rules: usize, by: By) -> Option<f64> {
        let figure = self.get(what, rules)?;
        let start = match what {
            What::Command(build, cores) => What::CommandStart(build, cores),
            _ => return Some(figure.gigabytes(by)),
        };
        let start_s = self.get(start, rules)?.seconds(by);
        Some(figure.ran.bytes as f64 / (figure.seconds(by) - start_s) / 1e9)
    }

    /// How many times as fast the first is as the second.
    pub(crate) fn ratio(
        &self,
        (what, rules): (What, usize),
        (other, other_rules): (What, usize),
        by: By,
    ) -> Option<f64> {
        Some(self.rate(what, rules, by)? / self.rate(other, other_rules, by)?)
    }

    /// Makes sure that those who judge by the built-in rule find the same.
    ///
    /// # Errors
    ///
    /// Contenders over all events that found something else.
    pub(crate) fn agree(&self) -> Result<()> {
        let Some(ours) = self.get(What::Component, 1) else { return Ok(()) };
        let judges = [What::Native, What::TwoWorkers, What::Vrl, What::Rsigma, What::Jq];
        for other in judges.into_iter().filter_map(|what| self.get(what, 1)) {
            // Matches are spread evenly: one in a run of events. So a portion
            // has its share, but for one at each end.
            let part = other.ran.events as f64 / ours.ran.events as f64;
            let (share, off_by_max) = (ours.ran.matches as f64 * part, 1.0 + part);
            let same = (other.ran.matches as f64 - share).abs() <= off_by_max;
            ensure!(
                same,
                "{} matches in {} events, ours {:?}: {}",
                other.ran.matches,
                other.ran.events,
                ours.ran,
                other.what.name()
            );
        }
        Ok(())
    }

    /// The sizes of the rule sets, ascending.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> =
            self.figures.iter().filter(|figure| figure.what == What::Component).map(|figure| figure.rules).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure() {
        let figure = Figure {
            what: What::Vrl,
            rules: 1,
            note: String::new(),
            ran: Ran { events: 1_000, bytes: 3_000_000, matches: 0 },
            seconds: vec![0.002, 0.001, 0.004],
        };
        assert_eq!(figure.gigabytes(By::Median), 1.5);
        assert_eq!(figure.gigabytes(By::Fastest), 3.0);
        assert_eq!(figure.events_per_second(), 500_000.0);
        assert_eq!(figure.spread(), 0.75);
    }

    #[test]
    fn judges_agree_on_their_portions() {
        let agree = |native: (u64, u64)| {
            let figure = |what, (events, matches)| Figure {
                what,
                rules: 1,
                note: String::new(),
                ran: Ran { events, bytes: 0, matches },
                seconds: vec![1.0],
            };
            let figures = vec![figure(What::Component, (8_268, 137)), figure(What::Native, native)];
            Figures { figures, ..Figures::default() }.agree().is_ok()
        };
        assert!(agree((8_268, 137)));
        assert!(agree((10_000, 167)));
        assert!(!agree((10_000, 170)));
        assert!(!agree((8_268, 0)));
    }

    #[test]
    fn start_up_is_not_throughput() {
        const COMMAND: What = What::Command(Build::Own, 1);
        let figure = |what, bytes, seconds| Figure {
            what,
            rules: 1,
            note: String::new(),
            ran: Ran { events: bytes / 1_000, bytes, matches: 0 },
            seconds: vec![seconds],
        };
        let figures = Figures {
            figures: vec![
                figure(COMMAND, 1_000_000_000, 1.5),
                figure(What::CommandStart(Build::Own, 1), 0, 0.5),
                figure(What::Component, 1_000_000_000, 0.8),
            ],
            ..Figures::default()
        };
        assert_eq!(figures.rate(COMMAND, 1, By::Median), Some(1.0));
        assert_eq!(figures.ratio((COMMAND, 1), (What::Component, 1), By::Median), Some(0.8));
        assert_eq!(figures.ratio((COMMAND, 1), (What::Vrl, 1), By::Median), None);
    }
}
