//! What Firstseen wants to reach, and whether it does.

use crate::figures::{Build, By, Figures, What, cores_name};

/// Peak memory that the command must stay below, in bytes.
const MEMORY_BYTES: f64 = 150e6;

/// How much more memory a large input may take: the jitter of threads.
const SAME_MEMORY: f64 = 1.1;

/// How much longer events may be on their way through a pipe with the command in
/// it.
const PIPED: f64 = 1.1;

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
    let sizes = figures.sizes();
    let all = sizes.last().copied().filter(|&all| all > 1);
    // Of the sets of the corpus: 10, 100, all new_terms, all.
    let new_terms = sizes.len().checked_sub(2).filter(|&place| place >= 2).map(|place| sizes[place]);
    let mut bars = Bars { figures, bars: Vec::new() };

    let one = (What::Component, 1);
    bars.at_least("one rule, component", 25.0, "VRL", Some(one), (What::Vrl, 1));
    bars.at_least("one rule, component", 0.75, "native", Some(one), (What::Native, 1));

    let projection = all.map(|all| (What::ProjectionComponent, all));
    let title = "projection alone, component";
    bars.at_least(title, 8.0, "VRL's parse", projection, (What::VrlParse, 1));
    bars.at_least(title, 0.85, "native", projection, (What::ProjectionNative, all.unwrap_or_default()));

    let set = new_terms.map(|count| (What::Component, count));
    let title = rules_title(new_terms, "new_terms");
    bars.at_least(&title, 5.0, "VRL with one filter", set, (What::Vrl, 1));
    let peer = (What::Rsigma, new_terms.unwrap_or_default());
    bars.at_least(&title, 8.0, "rsigma-eval with as many", set, peer);

    let set = all.map(|count| (What::Component, count));
    let title = rules_title(all, "KQL");
    bars.at_least(&title, 4.0, "VRL with one filter", set, (What::Vrl, 1));
    bars.at_least(&title, 0.6, "the projection alone", set, (What::ProjectionComponent, all.unwrap_or_default()));

    for count in [Some(1), all] {
        let rules = count.map_or("all rules".to_owned(), rules);
        let of = |what| count.map(|count| (what, count));
        let alone = (What::Component, count.unwrap_or_default());
        bars.at_least(&format!("two workers, {rules}"), 1.8, "one worker", of(What::TwoWorkers), alone);
    }
    for count in [Some(1), all] {
        let rules = count.map_or("all rules".to_owned(), rules);
        let of = |what| count.map(|count| (what, count));
        let title = format!("`filter`, one core, start-up taken off, {rules}");
        let library = (What::Component, count.unwrap_or_default());
        bars.at_least(&title, 0.8, "the library", of(What::Command(Build::Own, 1)), library);
    }
    bars.pipe();
    bars.other_build(&sizes);
    bars.memory();
    bars.bars
}

/// `1 rule`, `239 rules`.
pub(crate) fn rules(count: usize) -> String {
    format!("{count} {}", if count == 1 { "rule" } else { "rules" })
}

fn rules_title(count: Option<usize>, kind: &str) -> String {
    match count {
        Some(count) => format!("{count} {kind} rules, component"),
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

    fn pipe(&mut self) {
        let slower = |by| self.figures.ratio((What::Pipe, 0), (What::Piped, 1), by);
        let text = |by| slower(by).map(|slower| format!("{slower:.2}"));
        self.bars.push(Bar {
            what: "`filter` in a pipe between two `cat`, two cores, start-up included, 1 rule".to_owned(),
            bar: format!("≤ {PIPED} × the time without it"),
            measured: text(By::Median),
            fastest: text(By::Fastest),
            reached: slower(By::Median).is_some_and(|slower| slower <= PIPED),
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
