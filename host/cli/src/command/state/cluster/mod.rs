//! `firstseen state seed --from`: old documents of a cluster.

mod page;
mod position;
mod search;

use std::future::IntoFuture;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use firstseen::ledger::Ledger;
use firstseen::{Batch, Counts, Judged, Outcome, Pool, RuleSummary, printable};
use firstseen_serve::{ClusterClient, Upstream};
use firstseen_state_file::SEED;
use jiff::Timestamp;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use self::position::{Position, rules_digest};
use self::search::Search;
use super::seeding::Seeding;
use super::{open, seed, time};
use crate::args;
use crate::{EXIT_FOUND, message};

/// The window of a rule where that depends on the day: the longest month.
const LONGEST_MONTH_MS: u64 = 31 * 24 * 60 * 60 * 1000;

/// How many documents that were not judged are named; more are only counted.
const NAMED: u64 = 5;

/// How long a point in time may take to be closed at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Documents of a cluster.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Documents of a cluster")]
pub(super) struct ClusterArgs {
    /// Read the documents of these indices, data streams or aliases, as they are in
    /// the cluster now, in the order of @timestamp: http://host:9200/logs-*. One without
    /// @timestamp is left out. Ended before its end, the same command goes on where it was.
    #[arg(long, value_name = "URL", conflicts_with_all = ["files", "index", "event_id_field"])]
    pub(super) from: Option<String>,
    /// Documents since this time only: 30d back from now, or 2026-11-01T00:00:00Z. By
    /// default as long as the longest history window of the rules.
    #[arg(long, value_name = "TIME", value_parser = since, requires = "from")]
    since: Option<Since>,
    /// Certificates of those that may sign for the cluster (PEM), instead of the
    /// system's.
    #[arg(long, value_name = "FILE", requires = "from")]
    ca: Option<PathBuf>,
    /// The file that says how far it is, removed at the end: seed.json in the state's
    /// directory by default.
    #[arg(long, value_name = "FILE", requires = "from")]
    resume: Option<PathBuf>,
}

/// The value of `--since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Time(i64),
    Ago(Duration),
}

fn since(text: &str) -> Result<Since> {
    let ago = |_| args::duration(text).map(Since::Ago);
    let wanted = "write a length of time such as 30d, or a time such as 2026-11-01T00:00:00Z";
    args::time_ms(text).map(Since::Time).or_else(ago).context(wanted)
}

/// Where the documents are: a node, and what is asked of it.
fn node_and_index(from: &str) -> Result<(&str, &str)> {
    const WANTED: &str = "write an address with indices behind it, such as http://localhost:9200/logs-*";
    ensure!(
        !from.contains('@'),
        "credentials do not belong into an address: set FIRSTSEEN_SEED_API_KEY or FIRSTSEEN_SEED_BASIC"
    );
    let (scheme, rest) = from.split_once("://").context(WANTED)?;
    let (node, index) = rest.rsplit_once('/').context(WANTED)?;
    let is_index = |index: &str| {
        let is_plain = |c: char| c.is_ascii_graphic() && !"?#\"<>\\^`{|}".contains(c);
        !index.is_empty() && !index.starts_with('_') && index.chars().all(is_plain)
    };
    ensure!(!node.is_empty() && is_index(index), WANTED);
    // Rules would not know its indices by their names.
    ensure!(!index.contains(':'), "an index of another cluster is to be asked for there");
    Ok((from.get(..scheme.len() + 3 + node.len()).unwrap_or_default(), index))
}

/// Seeds a state from a cluster.
pub(super) fn run(args: &seed::Args, from: &str) -> Result<ExitCode> {
    let (node, index) = node_and_index(from)?;
    let mut cluster = Upstream::of(vec![node.to_owned()]);
    cluster.ca.clone_from(&args.cluster.ca);
    let client = ClusterClient::new(&cluster, args::authorization("FIRSTSEEN_SEED")?)?;
    // What carries requests has a thread of its own: this one judges between them.
    let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.context("cannot start")?.block_on(async {
        let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        let [terminate, interrupt] = &mut ends;
        let mut search = Search::new(client, index.to_owned());
        let mut reached_ms = None;
        let result = tokio::select! {
            biased;
            _ = terminate.recv() => Err(anyhow!("it was ended by a signal")),
            _ = interrupt.recv() => Err(anyhow!("it was ended by a signal")),
            result = read(args, from, &mut search, &mut reached_ms) => result,
        };
        // What is not closed is gone some minutes later.
        drop(tokio::time::timeout(CLOSE_TIMEOUT, search.close()).await);
        result.map_err(|error| match reached_ms {
            Some(reached_ms) => anyhow!(
                "{error:#}; what is from before {} is recorded, and the same command goes on there",
                time::show(reached_ms)
            ),
            None => error,
        })
    })
}

/// Reads to the end. `reached_ms` is the time up to which all is in the state.
async fn read(args: &seed::Args, from: &str, search: &mut Search, reached_ms: &mut Option<i64>) -> Result<ExitCode> {
    // Before a state is made for nothing.
    search.open().await?;
    let seeding = Arc::new(Seeding::new(open(&args.state)?));
    let detector = args.detector(&seeding)?;
    let now_ms = || args.evaluation.now_ms.unwrap_or_else(|| Timestamp::now().as_millisecond());
    let since_ms = match args.cluster.since {
        Some(Since::Time(since_ms)) => since_ms,
        Some(Since::Ago(ago)) => before(now_ms(), u64::try_from(ago.as_millis()).unwrap_or(u64::MAX)),
        None => before(now_ms(), longest_window_ms(detector.rules())),
    };
    let file = args.cluster.resume.clone().unwrap_or_else(|| args.state.join(SEED));
    let mut position = Position::begin(file, from, &args.state, since_ms, rules_digest(detector.rules()))?;
    search.go_to(position.reached_ms());
    seeding.go_on_with(position.first_sightings());
    let pool = Pool::new(&detector, args.workers())?;
    let mut reading = Reading { pool, counts: Counts::default(), named: 0 };
    let mut progress = position::Progress::new();
    loop {
        let page = search.next_page().await?;
        let documents = page.batches.iter().map(|batch| batch.ids.len() as u64).sum();
        reading.judge(page.batches, now_ms()).await?;
        if let Some(last_ms) = page.reached_ms {
            // In this order: what the file says is in the state.
            seeding.flush()?;
            position.move_to(last_ms, documents, &seeding)?;
            *reached_ms = Some(last_ms);
            progress.tell(&position, &seeding);
        }
        if page.is_last {
            break;
        }
    }
    progress.finish();
    seeding.finish()?;
    position.finish()?;
    let counts = reading.counts;
    seed::write(&seeding.tally(), detector.rules(), counts.events)?;
    Ok(if counts.unjudged > 0 { ExitCode::from(EXIT_FOUND) } else { ExitCode::SUCCESS })
}

/// Documents on their way through the rules.
struct Reading {
    pool: Pool,
    counts: Counts,
    named: u64,
}

impl Reading {
    async fn judge(&mut self, batches: Vec<Batch<'static>>, arrival_ms: i64) -> Result<()> {
        let judging = batches.into_iter().map(|mut batch| {
            batch.arrival_ms = arrival_ms;
            self.pool.submit(batch).into_future()
        });
        for judging in judging.collect::<Vec<_>>() {
            let Judged { batch, outcome, is_disabled, .. } = judging.await;
            let outcome = outcome?;
            ensure!(!is_disabled, "the detection module failed too often");
            self.counts += outcome.counts;
            self.name(&batch, &outcome);
        }
        Ok(())
    }

    /// Names documents that were not judged, the first of them.
    fn name(&mut self, batch: &Batch<'_>, outcome: &Outcome) {
        let malformed = outcome.malformed.iter().map(|line| (line.line, line.fault.to_string()));
        let unjudged = outcome.unjudged.iter().map(|line| (line.line, line.cause.to_string()));
        for (line, cause) in malformed.chain(unjudged) {
            self.named += 1;
            if self.named > NAMED {
                return;
            }
            let index = batch.target_of.get(line).and_then(|place| batch.targets.get(*place as usize));
            let id = batch.ids.get(line).map(String::as_str).unwrap_or_default();
            let index = index.map(String::as_str).unwrap_or_default();
            message::warn(&printable(&format!("{index}/_doc/{id}: not judged, or not by all rules: {cause}")));
        }
    }
}

fn before(now_ms: i64, time_ms: u64) -> i64 {
    now_ms.saturating_sub_unsigned(time_ms)
}

fn longest_window_ms(rules: &[RuleSummary]) -> u64 {
    rules.iter().map(|rule| rule.window_ms.unwrap_or(LONGEST_MONTH_MS)).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_node_and_indices() {
        for (from, node, index) in [
            ("http://localhost:9200/logs-*", "http://localhost:9200", "logs-*"),
            ("https://a.example/es/logs-*,-logs-x", "https://a.example/es", "logs-*,-logs-x"),
            ("http://[::1]:9200/%3Clogs-%7Bnow%2Fd%7D%3E", "http://[::1]:9200", "%3Clogs-%7Bnow%2Fd%7D%3E"),
        ] {
            assert_eq!(node_and_index(from).unwrap(), (node, index));
        }
        for from in [
            "",
            "localhost:9200/a",
            "http://localhost:9200",
            "http://localhost:9200/",
            "http:///a",
            "http://a/_all",
            "http://a/b?c=d",
            "http://a/b#c",
            "http://a/b c",
            "http://a/other:b",
            "http://user:secret@a/b",
        ] {
            let error = node_and_index(from).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn since_is_a_time_or_how_long_ago() {
        assert_eq!(since("1970-01-01T00:00:01Z").unwrap(), Since::Time(1000));
        assert_eq!(since("30d").unwrap(), Since::Ago(Duration::from_secs(30 * 86_400)));
        assert!(since("yesterday").is_err() && since("").is_err());
    }
}
