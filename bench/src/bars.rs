//! What Firstseen wants to reach, and whether it does.

use firstseen_bench_common::numbers::grouped;

use crate::figures::{Build, By, Counts, Figures, What, cores_name};

/// Peak memory that the command must stay below, in bytes.
const MEMORY_BYTES: f64 = 150e6;

/// How much more memory a large input may take: the jitter of threads.
const SAME_MEMORY: f64 = 1.1;

/// How much longer events may be on their way through a pipe with the command in
/// it.
const PIPED: f64 = 1.1;

/// How much longer an event may take with the EQL rules too.
const WITH_EQL: f64 = 1.8;

/// How long loading all rules may take.
const LOADING_S: f64 = 1.0;

/// What must remain of another build's speed.
const OF_OTHER_BUILD: f64 = 0.97;

/// Something to reach.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) what: String,
    pub(crate) bar: String,
    /// None: not measured.
    pub(crate) measured: Option<String>,
    /// The same by each contender's fastest round, where there are rounds.
    pub(crate) fastest: Option<String>,
    pub(crate) reached: bool,
}

/// The bars, those that cannot be judged included.
pub(crate) fn of(figures: &Figures) -> Vec<Bar> {
    let new_terms = figures.corpus.map(|Counts { new_terms, .. }| new_terms);
    let kql = figures.corpus.map(|Counts { kql, .. }| kql);
    let all = figures.corpus.map(|Counts { all, .. }| all);
    let mut bars = Bars { figures, bars: Vec::new() };

    let one = (What::Component, 1);
    bars.at_least("one rule, component", 25.0, "VRL", Some(one), (What::Vrl, 1));
    bars.at_least("one rule, component", 0.75, "native", Some(one), (What::Native, 1));

    let projection = kql.map(|kql| (What::ProjectionComponent, kql));
    let title = "projection alone, component";
    bars.at_least(title, 8.0, "VRL's parse", projection, (What::VrlParse, 1));
    bars.at_least(title, 0.85, "native", projection, (What::ProjectionNative, kql.unwrap_or_default()));

    let set = new_terms.map(|count| (What::Component, count));
    let title = rules_title(new_terms, "new_terms");
    bars.at_least(&title, 5.0, "VRL with one filter", set, (What::Vrl, 1));
    let peer = (What::Rsigma, new_terms.unwrap_or_default());
    bars.at_least(&title, 8.0, "rsigma-eval with as many", set, peer);

    let set = kql.map(|count| (What::Component, count));
    let title = rules_title(kql, "KQL");
    bars.at_least(&title, 4.0, "VRL with one filter", set, (What::Vrl, 1));
    bars.at_least(&title, 0.6, "the projection alone", set, (What::ProjectionComponent, kql.unwrap_or_default()));

    let set = all.map(|count| (What::Component, count));
    let fewer = (What::Component, kql.unwrap_or_default());
    let of = format!("the time of an event with {}", kql.map_or("KQL rules alone".to_owned(), rules));
    bars.at_most(&rules_title(all, "KQL and EQL"), WITH_EQL, &of, set, fewer);
    bars.loading(all);

    for count in [Some(1), kql] {
        let rules = count.map_or("all rules".to_owned(), rules);
        let of = |what| count.map(|count| (what, count));
        let alone = (What::Component, count.unwrap_or_default());
        bars.at_least(&format!("two workers, {rules}"), 1.8, "one worker", of(What::TwoWorkers), alone);
    }
    for count in [Some(1), kql] {
        let rules = count.map_or("all rules".to_owned(), rules);
        let of = |what| count.map(|count| (what, count));
        let title = format!("`filter`, one core, start-up taken off, {rules}");
        let library = (What::Component, count.unwrap_or_default());
        bars.at_least(&title, 0.8, "the library", of(What::Command(Build::Own, 1)), library);
    }
    let title = "`filter` in a pipe between two `cat`, two cores, start-up included, 1 rule";
    bars.at_most(title, PIPED, "the time without it", Some((What::Piped, 1)), (What::Pipe, 0));
    bars.other_build(&figures.sizes());
    bars.memory();
    bars.bars
}

/// `1 rule`, `239 rules`.
pub(crate) fn rules(count: usize) -> String {
    format!("{} {}", grouped(count as u64), if count == 1 { "rule" } else { "rules" })
}

fn rules_title(count: Option<usize>, kind: &str) -> String {
    match count {
        Some(count) => format!("{} {kind} rules, component", grouped(count as u64)),
        None => format!("all {kind} rules, component"),
    }
}

struct Bars<'a> {
    figures: &'a Figures,
    bars: Vec<Bar>,
}

impl Bars<'_> {
    fn at_least(&mut self, what: &str, bar: f64, of: &str, ours: Option<(What, usize)>, theirs: (What, usize)) {
        let ratio = |by| ours.and_then(|ours| self.figures.ratio(ours, theirs, by));
        let text = |by| ratio(by).map(|ratio| format!("{ratio:.2}"));
        let (measured, fastest, ratio) = (text(By::Median), text(By::Fastest), ratio(By::Median));
        self.bars.push(Bar {
            what: what.to_owned(),
            bar: format!("≥ {bar} × {of}"),
            measured,
            fastest,
            reached: ratio.is_some_and(|ratio| ratio >= bar),
        });
    }

    /// Of the time that the same events take.
    fn at_most(&mut self, what: &str, bar: f64, of: &str, ours: Option<(What, usize)>, theirs: (What, usize)) {
        let slower = |by| ours.and_then(|ours| self.figures.ratio(theirs, ours, by));
        let text = |by| slower(by).map(|slower| format!("{slower:.2}"));
        self.bars.push(Bar {
            what: what.to_owned(),
            bar: format!("≤ {bar} × {of}"),
            measured: text(By::Median),
            fastest: text(By::Fastest),
            reached: slower(By::Median).is_some_and(|slower| slower <= bar),
        });
    }

    /// The command without events does nothing else.
    fn loading(&mut self, all: Option<usize>) {
        let figure = all.and_then(|all| self.figures.get(What::CommandStart(Build::Own, 1), all));
        let text = |by| figure.map(|figure| format!("{:.2} s", figure.seconds(by)));
        self.bars.push(Bar {
            what: format!("loading {}, the module compiled before", all.map_or("all rules".to_owned(), rules)),
            bar: format!("< {LOADING_S} s"),
            measured: text(By::Median),
            fastest: text(By::Fastest),
            reached: figure.is_some_and(|figure| figure.median_s() < LOADING_S),
        });
    }

    /// Only where another build was measured.
    fn other_build(&mut self, sizes: &[usize]) {
        for &count in sizes {
            for cores in [1, 2] {
                let [ours, theirs] = [Build::Own, Build::Other].map(|build| What::Command(build, cores));
                if self.figures.get(theirs, count).is_some() {
                    let title = format!("`filter`, {}, start-up taken off, {}", cores_name(cores), rules(count));
                    self.at_least(&title, OF_OTHER_BUILD, "the other build", Some((ours, count)), (theirs, count));
                }
            }
        }
    }

    fn memory(&mut self) {
        let memory = self.figures.memory;
        let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
        let rules = memory.map_or("all rules".to_owned(), |memory| rules(memory.rules));
        self.bars.push(Bar {
            what: format!("peak memory of `filter`, two cores, {rules}"),
            bar: "< 150 MB".to_owned(),
            measured: memory.map(|memory| megabytes(memory.large_peak_bytes)),
            fastest: None,
            reached: memory.is_some_and(|memory| (memory.large_peak_bytes as f64) < MEMORY_BYTES),
        });
        self.bars.push(Bar {
            what: match memory {
                Some(memory) => format!(
                    "the same for {} and {} of input",
                    megabytes(memory.small_input_bytes),
                    megabytes(memory.large_input_bytes)
                ),
                None => "the same for a small and a large input".to_owned(),
            },
            bar: format!("≤ {SAME_MEMORY} ×"),
            measured: memory.map(|memory| {
                format!("{} and {}", megabytes(memory.small_peak_bytes), megabytes(memory.large_peak_bytes))
            }),
            fastest: None,
            reached: memory
                .is_some_and(|memory| memory.large_peak_bytes as f64 <= memory.small_peak_bytes as f64 * SAME_MEMORY),
        });
    }
}
