//! What can be asked for.

use std::path::PathBuf;

use clap::Parser;

use crate::clock::Clock;

/// Measure Firstseen beside its peers, on the same bytes in one run.
///
/// The events are generated Elastic Defend events of 3.1 KB, the same for the
/// same seed, held in memory. Every contender reads whole lines and judges each
/// event. They run in turn, round after round, so that a slow moment of the
/// machine touches all of them; a figure is the median of the rounds. Slow
/// contenders get fewer of the same events. What runs on one core is pinned to
/// one, so that no thread in the background can help it.
///
/// Rules of Elastic's repository are read from `elastic` in the corpus; without
/// it only the built-in rule is measured, and the report says so.
///
/// Examples:
///
///   firstseen-bench --quick            # a look, in under a minute
///
///   firstseen-bench                    # the report: results.md, results.svg
///
///   firstseen-bench --rounds 15 --no-peers --no-command  # an experiment
///
///   firstseen-bench --rounds 15 --no-peers --beside OLD  # faster than OLD?
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
pub(crate) struct Args {
    /// Number of events.
    #[arg(long, default_value_t = 60_000, value_name = "N")]
    pub(crate) events: u64,
    /// The same seed gives the same events.
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub(crate) seed: u64,
    /// How often each contender runs.
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub(crate) rounds: usize,
    /// About how long a slow contender runs in a round, in seconds.
    #[arg(long, default_value_t = 0.5, value_name = "S")]
    pub(crate) seconds: f64,
    /// A look only: few events, three rounds, small inputs. Nothing is written
    /// unless --output says where.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Count the time that a processor spent, not the time that passed, where
    /// one core is used: for a machine that others use too. Processes are
    /// counted to 10 ms.
    #[arg(long)]
    pub(crate) processor_time: bool,
    /// Leave out VRL, the Sigma engines and jq.
    #[arg(long)]
    pub(crate) no_peers: bool,
    /// Leave out the command `firstseen filter`.
    #[arg(long)]
    pub(crate) no_command: bool,
    /// The folder that holds `elastic`, a checkout of detection-rules' rules.
    #[arg(long, env = "FIRSTSEEN_CORPUS", value_name = "DIR")]
    pub(crate) corpus: Option<PathBuf>,
    /// The command to measure.
    #[arg(long, value_name = "FILE")]
    pub(crate) firstseen: Option<PathBuf>,
    /// Another build of the command, to measure beside this one.
    #[arg(long, value_name = "FILE", conflicts_with = "no_command")]
    pub(crate) beside: Option<PathBuf>,
    /// Size of the command's input in megabytes.
    #[arg(long, default_value_t = 600, value_name = "MB")]
    pub(crate) command_megabytes: u64,
    /// Size of the large input in megabytes, for which the command's memory is
    /// compared with that for 100 MB.
    #[arg(long, default_value_t = 10_000, value_name = "MB")]
    pub(crate) memory_megabytes: u64,
    /// Where inputs and outputs of commands lie while they run.
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Where `results.md` and `results.svg` are written; this package's folder
    /// if not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

impl Args {
    /// The arguments of the process, `--quick` worked in.
    pub(crate) fn read() -> Self {
        let mut args = Self::parse();
        if args.quick {
            args.events = args.events.min(10_000);
            args.rounds = args.rounds.min(3);
            args.seconds = args.seconds.min(0.1);
            args.command_megabytes = args.command_megabytes.min(100);
            args.memory_megabytes = args.memory_megabytes.min(300);
        }
        args.rounds = args.rounds.max(1);
        args
    }

    /// Which time counts where one core is used.
    pub(crate) fn clock(&self) -> Clock {
        if self.processor_time { Clock::Processor } else { Clock::Wall }
    }
}
