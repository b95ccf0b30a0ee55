//! What can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measure `firstseen serve` beside nginx, and beside the library by itself.
///
/// All get the same `_bulk` bodies of generated Elastic Defend events, and all
/// pass them to an upstream that answers at once. What is measured has one core
/// for itself; clients and upstream share another. The contenders run in turn,
/// round after round.
///
/// Rules of Elastic's repository are read from `elastic` in the corpus; without it
/// only the built-in rule is measured, and the report says so.
///
/// Exit status: 0 it was measured, 2 something is missing, such as nginx.
///
/// Examples:
///
///   firstseen-bench-proxy --firstseen FILE --quick               # a look
///
///   firstseen-bench-proxy --firstseen FILE --documents 100 --rounds 9  # an experiment
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
pub(crate) struct Args {
    /// The command to measure.
    #[arg(long, value_name = "FILE")]
    pub(crate) firstseen: PathBuf,
    /// nginx.
    #[arg(long, value_name = "FILE", default_value = "nginx")]
    pub(crate) nginx: PathBuf,
    /// A node that `tests/servers/elasticsearch/build.sh` has put together; none: nothing
    /// is indexed.
    #[arg(long, value_name = "DIR")]
    pub(crate) elasticsearch: Option<PathBuf>,
    /// The folder that holds `elastic`, a checkout of detection-rules' rules.
    #[arg(long, env = "FIRSTSEEN_CORPUS", value_name = "DIR")]
    pub(crate) corpus: Option<PathBuf>,
    /// How many documents a body has.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [10, 100, 1000])]
    pub(crate) documents: Vec<usize>,
    /// Number of events that bodies are made of.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) events: usize,
    /// The same seed gives the same events.
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub(crate) seed: u64,
    /// How often each contender runs.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) rounds: usize,
    /// How long each runs for its throughput in a round.
    #[arg(long, default_value_t = 1.5, value_name = "S")]
    pub(crate) seconds: f64,
    /// The same for its latencies.
    #[arg(long, default_value_t = 3.0, value_name = "S")]
    pub(crate) latency_seconds: f64,
    /// Connections of clients that send as much as they can.
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub(crate) connections: usize,
    /// How many documents Elasticsearch indexes in each turn.
    #[arg(long, default_value_t = 30_000, value_name = "N")]
    pub(crate) indexed: usize,
    /// A look only: short turns, two rounds. Nothing is written unless --output says
    /// where.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Where states, alerts and indices lie meanwhile.
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Where `results.md` is written; the folder of the benches if not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

impl Args {
    /// The arguments of the process, `--quick` worked in.
    pub(crate) fn read() -> Self {
        let mut args = Self::parse();
        if args.quick {
            args.rounds = args.rounds.min(2);
            args.seconds = args.seconds.min(0.3);
            args.latency_seconds = args.latency_seconds.min(0.5);
            args.indexed = args.indexed.min(10_000);
        }
        args.rounds = args.rounds.max(1);
        args
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    pub(crate) fn latency_duration(&self) -> Duration {
        Duration::from_secs_f64(self.latency_seconds)
    }
}
