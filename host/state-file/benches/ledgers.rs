//! How fast the stores judge, how much memory they take and how long they stop.
//!
//! `cargo bench --package firstseen-state-file --bench ledgers` prints a table for 1 million
//! terms; `FIRSTSEEN_BENCH_TERMS` chooses another number. Only the calls of
//! [`Transaction`] are timed, not the making of sightings. Rates stand twice: per
//! second on the clock, and per second of processor time, which others on the
//! machine disturb less but which leaves out the waiting for the disk. Every
//! part runs in a process of its own, so that its memory is its own too.

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use firstseen_ledger::{
    AlertSource, Answer, Ledger, MemoryLedger, OutboxMax, Question, Quota, Settings, Sighting, StoredAlert,
    Transaction, Verdict,
};
use firstseen_state_file::StateFile;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Sightings in a batch, which is one call of `answer` and one of `commit`.
const BATCH: u64 = 1000;
/// Sightings in a batch of those that only fill a store.
const FILL_BATCH: u64 = 50_000;
/// Sightings timed together; the median of the runs is printed.
const RUN: u64 = 200_000;
const RUNS: usize = 5;
/// Terms are spread over so many rules.
const RULES: u64 = 200;
const NOW_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

const PARTS: [(&str, &str); 6] = [
    ("memory", "MemoryLedger"),
    ("redb", "StateFile"),
    ("start", "StateFile, started on that file"),
    ("killed", "StateFile, stopped in the middle of a merge"),
    ("start", "StateFile, started after that"),
    ("sweep", "StateFile, commits while all those terms expire"),
];

fn main() -> Outcome {
    let terms = std::env::var("FIRSTSEEN_BENCH_TERMS").map_or(Ok(1_000_000), |text| text.parse())?;
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [part, path] = &*arguments {
        return run_part(part, Path::new(path), terms);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state");
    println!("{terms} terms of {RULES} rules, batches of {BATCH} sightings");
    for (part, title) in PARTS {
        println!("\n{title}");
        let status = Command::new(std::env::current_exe()?).arg(part).arg(&path).status()?;
        if !status.success() {
            return Err(format!("{part} failed").into());
        }
    }
    Ok(())
}

fn run_part(part: &str, path: &Path, terms: u64) -> Outcome {
    match part {
        "memory" => {
            let store: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
            rates(&store, terms)?;
            sweep(&store)
        }
        "redb" => {
            let store: Arc<dyn Ledger> = Arc::new(StateFile::open(path)?);
            rates(&store, terms)?;
            let start = Instant::now();
            drop(store);
            row("closed in", &millis(start.elapsed()));
            row("size of the table", &mebibytes(fs::metadata(path.join("table"))?.len()));
            Ok(())
        }
        "start" => start(path, terms),
        "killed" => killed(path, terms),
        "sweep" => sweep(&(Arc::new(StateFile::open(path)?) as Arc<dyn Ledger>)),
        other => Err(format!("no part is called {other}").into()),
    }
}

/// Which terms are sighted.
struct Mix {
    name: &'static str,
    /// One in so many is new.
    new_in: u64,
    /// So many in 100 of the others are of the most popular 1 %.
    popular: u64,
}

/// Observes per second of a store that is filled with `terms` first.
fn rates(store: &Arc<dyn Ledger>, terms: u64) -> Outcome {
    let mut random = Random(1);
    let mut next = 0;
    let fill = rate(store, NOW_MS, FILL_BATCH, || {
        next += 1;
        (next <= terms).then_some(next - 1)
    })?;
    row("filled by large batches", &fill.to_string());
    next = terms;
    let mixes = [
        Mix { name: "known, evenly", new_in: u64::MAX, popular: 0 },
        Mix { name: "known, 9/10 of 1/100", new_in: u64::MAX, popular: 90 },
        Mix { name: "  1 in 1000 new", new_in: 1000, popular: 90 },
        Mix { name: "  1 in 100 new", new_in: 100, popular: 90 },
        Mix { name: "all new", new_in: 1, popular: 0 },
    ];
    for Mix { name, new_in, popular } in mixes {
        let mut rates = Vec::new();
        for run in 0..RUNS {
            let mut left = RUN;
            // As fast as it is, the runs lie seconds apart by their events.
            let now_ms = NOW_MS + 1000 * run as i64;
            rates.push(rate(store, now_ms, BATCH, || {
                left = left.checked_sub(1)?;
                if random.below(new_in) == 0 {
                    next += 1;
                    Some(next)
                } else if random.below(100) < popular {
                    Some(random.below(terms / 100 + 1))
                } else {
                    Some(random.below(terms))
                }
            })?);
        }
        row(name, &median(rates));
    }
    row("terms", &store.stats()?.terms.to_string());
    row("resident now", &resident("VmRSS")?);
    row("resident at most", &resident("VmHWM")?);
    Ok(())
}

/// Opens the file, and looks at a few terms.
fn start(path: &Path, terms: u64) -> Outcome {
    let before = Instant::now();
    let store: Arc<dyn Ledger> = Arc::new(StateFile::open(path)?);
    row("opened in", &millis(before.elapsed()));
    row("resident then", &resident("VmRSS")?);
    let first = Instant::now();
    let mut random = Random(7);
    let mut one = Some(random.below(terms));
    rate(&store, NOW_MS, BATCH, || one.take())?;
    row("first verdict after", &millis(first.elapsed()));
    let mut left = RUN;
    let cold = rate(&store, NOW_MS, BATCH, || {
        left = left.checked_sub(1)?;
        Some(random.below(terms))
    })?;
    row("known terms, at first", &cold.to_string());
    row("resident at most", &resident("VmHWM")?);
    Ok(())
}

/// Sights terms until a merge is under way, and ends without closing the store.
fn killed(path: &Path, terms: u64) -> Outcome {
    let store: Arc<dyn Ledger> = Arc::new(StateFile::open(path)?);
    let mut random = Random(9);
    let mut left = 2 * RUN;
    rate(&store, NOW_MS + DAY_MS, BATCH, || {
        left = left.checked_sub(1)?;
        Some(if left.is_multiple_of(2) { NEW_BEFORE_KILL + left } else { random.below(terms) })
    })?;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        row(&entry.file_name().to_string_lossy(), &mebibytes(entry.metadata()?.len()));
    }
    // As a kill does: no destructor runs, and the merge stops where it is.
    std::process::exit(0);
}

/// The latency of commits, from the one on at which all terms have expired to
/// the one that has removed the last of them.
fn sweep(store: &Arc<dyn Ledger>) -> Outcome {
    let now_ms = NOW_MS + 10 * DAY_MS;
    let expired = store.stats()?.terms;
    let mut latencies = Vec::new();
    let mut random = Random(3);
    let mut sighted = 0;
    while store.stats()?.terms > sighted {
        let first = sighted;
        // One in ten is new, the others are of those just made.
        let mut numbers = (0..BATCH).map(|n| {
            if n < BATCH / 10 {
                sighted += 1;
                NEW_AFTER_EXPIRY + sighted
            } else {
                NEW_AFTER_EXPIRY + 1 + random.below(first + BATCH / 10)
            }
        });
        let batch: Vec<Question> = numbers.by_ref().map(|number| sighting(number, now_ms)).collect();
        latencies.push(answer_and_commit(store, now_ms, &batch)?.clock);
    }
    latencies.sort_unstable();
    let at = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).or(latencies.last()).copied();
    row("expired terms removed", &expired.to_string());
    row("commits for that", &latencies.len().to_string());
    row("  median latency", &at(0.5).map_or_else(String::new, millis));
    row("  99 %", &at(0.99).map_or_else(String::new, millis));
    row("  the worst", &at(1.0).map_or_else(String::new, millis));
    Ok(())
}

/// Above all numbers of terms that were made before.
const NEW_BEFORE_KILL: u64 = 1 << 39;
const NEW_AFTER_EXPIRY: u64 = 1 << 40;

/// How fast the numbered terms are observed, in batches.
fn rate(store: &Arc<dyn Ledger>, now_ms: i64, batch: u64, mut numbers: impl FnMut() -> Option<u64>) -> Outcome<Rate> {
    let (mut count, mut took) = (0, Cost::default());
    loop {
        let batch: Vec<Question> = (0..batch).map_while(|_| numbers()).map(|number| sighting(number, now_ms)).collect();
        if batch.is_empty() {
            return Ok(Rate { count, cost: took });
        }
        count += batch.len();
        let cost = answer_and_commit(store, now_ms, &batch)?;
        took.clock += cost.clock;
        took.processor += cost.processor;
    }
}

/// One batch as a worker has it, with an alert for each 100th unseen term.
fn answer_and_commit(store: &Arc<dyn Ledger>, now_ms: i64, batch: &[Question]) -> Outcome<Cost> {
    let (processor, start) = (processor_time(), Instant::now());
    let mut transaction: Box<dyn Transaction + '_> =
        store.begin(now_ms, Settings { outbox_max: OutboxMax::NONE, ..Settings::default() })?;
    let _savepoint = transaction.savepoint();
    let answers = transaction.answer(batch)?;
    let unseen = answers.iter().zip(batch).filter(|(answer, _)| **answer == Answer::Sighting(Verdict::Unseen));
    let alerts = unseen.step_by(100).map(|(_, question)| alert(question)).collect();
    let committed = transaction.commit(alerts)?;
    let numbers: Vec<u64> = committed.alerts.iter().filter_map(|(number, _)| *number).collect();
    store.acknowledge(&numbers)?;
    Ok(Cost { clock: start.elapsed(), processor: processor_time().saturating_sub(processor) })
}

/// What a piece of work took.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    clock: Duration,
    /// Time on a processor, 0 where it is not known.
    processor: Duration,
}

/// How many observations at what cost.
#[derive(Debug, Clone, Copy)]
struct Rate {
    count: usize,
    cost: Cost,
}

impl Rate {
    fn per_second(&self) -> f64 {
        self.count as f64 / self.cost.clock.as_secs_f64()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_processor_second = self.count as f64 / self.cost.processor.as_secs_f64();
        write!(f, "{:.0} k/s  {:8.0} k/s", self.per_second() / 1e3, per_processor_second / 1e3)
    }
}

/// The one in the middle, by the clock.
fn median(mut rates: Vec<Rate>) -> String {
    rates.sort_unstable_by(|a, b| f64::total_cmp(&a.per_second(), &b.per_second()));
    rates.get(rates.len() / 2).map_or_else(String::new, Rate::to_string)
}

/// How long this thread has been on a processor.
fn processor_time() -> Duration {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = statistics.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn sighting(number: u64, now_ms: i64) -> Question {
    let rule = number % RULES;
    Question::Sighting(Sighting {
        history: format!("9bb6a1c0-{rule:04}-4c5a-8c8d-d5c3a0e1f0aa\nprocess.parent.executable"),
        term: format!("[\"/usr/lib/x86_64-linux-gnu/app-{:x}/bin-{number}\"]", number.wrapping_mul(0x9e37_79b9) >> 8),
        at_ms: now_ms - 1000 + (number % 2000) as i64,
        window_ms: 7 * DAY_MS as u64 / 2,
        event: String::new(),
        quota: Quota { max: u32::MAX, per_ms: 60 * 60 * 1000 },
    })
}

fn alert(question: &Question) -> StoredAlert {
    let Question::Sighting(sighting) = question else { return StoredAlert::default() };
    let term = sighting.term.clone();
    StoredAlert {
        rule_id: Some("9bb6a1c0".to_owned()),
        term,
        id: "0123456789abcdef".to_owned(),
        document: "x".repeat(2000),
        sources: vec![AlertSource::default()],
    }
}

fn row(name: &str, value: &str) {
    println!("  {name:<26}{value:>26}");
}

fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// A field of `/proc/self/status`, where there is one.
fn resident(field: &str) -> Outcome<String> {
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        return Ok("unknown".to_owned());
    };
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kibibytes: u64 = line.unwrap_or_default().trim().trim_end_matches(" kB").parse()?;
    Ok(mebibytes(kibibytes << 10))
}

/// A small generator (xorshift64*): the same numbers in every run.
struct Random(u64);

impl Random {
    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let wide = u128::from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)) * u128::from(bound);
        (wide >> 64) as u64
    }
}
