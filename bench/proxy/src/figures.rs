//! What was measured, and what follows from it.

use firstseen_bench_common::numbers::{median, percentile};

use crate::bodies::Kind;
use crate::load::Window;

/// Which rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// The built-in one.
    One,
    /// All KQL rules.
    All,
}

/// Who or what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Clients with nobody between them and the upstream.
    Direct,
    Nginx,
    Serve(Rules),
    Library(Rules),
}

/// How much passed a contender.
#[derive(Clone, Debug)]
pub(crate) struct Throughput {
    pub(crate) what: What,
    pub(crate) kind: Kind,
    /// Length of a body before it was packed, on average.
    pub(crate) plain_bytes: f64,
    /// One for each round.
    pub(crate) windows: Vec<Window>,
}

/// By what a throughput is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The time that passed.
    Wall,
    /// The time that the contender took of its core: what it would do if it had nobody to
    /// wait for.
    Core,
}

/// How long requests took.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    pub(crate) what: What,
    pub(crate) kind: Kind,
    /// Requests a second; none: one at a time.
    pub(crate) per_second: Option<f64>,
    /// One for each round.
    pub(crate) rounds: Vec<Percentiles>,
}

/// Percentiles of a round, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Percentiles {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// How fast Elasticsearch indexes.
#[derive(Clone, Debug)]
pub(crate) struct Indexing {
    pub(crate) kind: Kind,
    /// Whether Elasticsearch and the proxy have the same cores.
    pub(crate) is_shared: bool,
    /// Documents a second, one for each round: directly, and through the proxy.
    pub(crate) direct: Vec<f64>,
    pub(crate) proxied: Vec<f64>,
}

/// All of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) kinds: Vec<Kind>,
    /// How many rules all are; none if they are not there.
    pub(crate) all_rules: Option<usize>,
    pub(crate) throughputs: Vec<Throughput>,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) indexing: Vec<Indexing>,
    /// The most memory that the proxy took with most rules.
    pub(crate) peak_bytes: u64,
}

impl Throughput {
    /// Requests a second.
    pub(crate) fn requests(&self, by: By) -> f64 {
        let requests = |window: &Window| match by {
            By::Wall => window.requests / window.seconds,
            By::Core => window.requests / window.core_s,
        };
        median(&self.windows.iter().map(requests).collect::<Vec<_>>())
    }

    pub(crate) fn documents_per_second(&self) -> f64 {
        self.requests(By::Wall) * self.kind.documents as f64
    }

    /// Gigabytes a second, of bodies before they were packed.
    pub(crate) fn gigabytes(&self) -> f64 {
        self.requests(By::Wall) * self.plain_bytes / 1e9
    }

    /// Half of the way from the fastest to the slowest round, as a part of the median.
    pub(crate) fn spread(&self) -> f64 {
        let rates = || self.windows.iter().map(|window| window.requests / window.seconds);
        let (least, most) = (rates().fold(f64::MAX, f64::min), rates().fold(0.0, f64::max));
        (most - least) / 2.0 / self.requests(By::Wall)
    }

    /// How much of its core the contender took.
    pub(crate) fn core_share(&self) -> f64 {
        median(&self.windows.iter().map(|window| window.core_s / window.seconds).collect::<Vec<_>>())
    }
}

impl Percentiles {
    pub(crate) fn of(took_ms: &[f64]) -> Self {
        Self { p50_ms: percentile(took_ms, 0.5), p99_ms: percentile(took_ms, 0.99) }
    }
}

impl Latency {
    pub(crate) fn p50_ms(&self) -> f64 {
        median(&self.rounds.iter().map(|round| round.p50_ms).collect::<Vec<_>>())
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        median(&self.rounds.iter().map(|round| round.p99_ms).collect::<Vec<_>>())
    }
}

impl Indexing {
    /// What remains of the direct rate.
    pub(crate) fn ratio(&self) -> f64 {
        median(&self.proxied) / median(&self.direct)
    }
}

impl Figures {
    pub(crate) fn throughput(&self, what: What, kind: Kind) -> Option<&Throughput> {
        self.throughputs.iter().find(|throughput| throughput.what == what && throughput.kind == kind)
    }

    pub(crate) fn latency(&self, what: What, kind: Kind) -> Option<&Latency> {
        self.latencies.iter().find(|latency| latency.what == what && latency.kind == kind)
    }

    /// How many times as fast the first is as the second.
    pub(crate) fn ratio(&self, what: What, other: What, kind: Kind, by: By) -> Option<f64> {
        Some(self.throughput(what, kind)?.requests(by) / self.throughput(other, kind)?.requests(by))
    }

    /// The same ratio for who would take as much of a core as nginx and the library together:
    /// a proxy like ours that gives nothing away.
    pub(crate) fn ratio_of_both(&self, rules: Rules, other: What, kind: Kind) -> Option<f64> {
        let core_s = |what| Some(1.0 / self.throughput(what, kind)?.requests(By::Core));
        Some(core_s(other)? / (core_s(What::Nginx)? + core_s(What::Library(rules))?))
    }

    /// What a contender adds to a request, p50 and p99 in milliseconds: to the median of one
    /// that goes directly, and of what the library takes for the body alone. Round by round.
    pub(crate) fn added_ms(&self, what: What, kind: Kind) -> Option<(f64, f64)> {
        let direct = self.latency(What::Direct, kind)?;
        let library = match what {
            What::Serve(rules) => Some(self.latency(What::Library(rules), kind)?),
            _ => None,
        };
        let mut added = (Vec::new(), Vec::new());
        for (place, round) in self.latency(what, kind)?.rounds.iter().enumerate() {
            let detection_ms = library.map_or(Some(0.0), |library| Some(library.rounds.get(place)?.p50_ms))?;
            let without_ms = direct.rounds.get(place)?.p50_ms + detection_ms;
            added.0.push(round.p50_ms - without_ms);
            added.1.push(round.p99_ms - without_ms);
        }
        Some((median(&added.0), median(&added.1)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const PLAIN: Kind = Kind { documents: 10, is_packed: false };

    /// A round without spread.
    pub(crate) fn figures() -> Figures {
        let window = |requests, core_s| vec![Window { requests, seconds: 2.0, core_s }; 3];
        let throughput = |what, requests, core_s| Throughput {
            what,
            kind: PLAIN,
            plain_bytes: 31e3,
            windows: window(requests, core_s),
        };
        let latency = |what, p50_ms, p99_ms| {
            let rounds = vec![Percentiles { p50_ms, p99_ms }; 3];
            Latency { what, kind: PLAIN, per_second: Some(100.0), rounds }
        };
        Figures {
            kinds: vec![PLAIN],
            all_rules: Some(693),
            throughputs: vec![
                throughput(What::Direct, 40e3, 0.0),
                throughput(What::Nginx, 20e3, 1.0),
                throughput(What::Serve(Rules::One), 12e3, 2.0),
                throughput(What::Library(Rules::All), 8e3, 2.0),
                throughput(What::Serve(Rules::All), 6e3, 2.0),
            ],
            latencies: vec![
                latency(What::Direct, 0.125, 0.25),
                latency(What::Nginx, 0.25, 0.5),
                latency(What::Library(Rules::All), 0.5, 0.75),
                latency(What::Serve(Rules::All), 1.0, 8.0),
            ],
            indexing: vec![Indexing { kind: PLAIN, is_shared: true, direct: vec![1e4; 3], proxied: vec![9.75e3; 3] }],
            peak_bytes: 80_000_000,
        }
    }

    #[test]
    fn what_nobody_waits_for_does_not_count() {
        let figures = figures();
        assert_eq!(figures.ratio(What::Serve(Rules::One), What::Nginx, PLAIN, By::Wall), Some(0.6));
        assert_eq!(figures.ratio(What::Serve(Rules::One), What::Nginx, PLAIN, By::Core), Some(0.3));
        assert_eq!(figures.throughput(What::Nginx, PLAIN).unwrap().core_share(), 0.5);
        assert_eq!(figures.ratio(What::Library(Rules::One), What::Nginx, PLAIN, By::Wall), None);
    }

    #[test]
    fn nginx_and_the_library_take_their_times_together() {
        let ratio = figures().ratio_of_both(Rules::All, What::Library(Rules::All), PLAIN);
        assert_eq!(ratio.map(|ratio| (ratio * 1e3).round()), Some(833.0));
        assert_eq!(figures().ratio_of_both(Rules::One, What::Nginx, PLAIN), None);
    }

    #[test]
    fn what_is_added_is_beyond_the_way_and_the_detection() {
        let figures = figures();
        assert_eq!(figures.added_ms(What::Serve(Rules::All), PLAIN), Some((0.375, 7.375)));
        assert_eq!(figures.added_ms(What::Nginx, PLAIN), Some((0.125, 0.375)));
        assert_eq!(figures.added_ms(What::Serve(Rules::One), PLAIN), None);
    }
}
