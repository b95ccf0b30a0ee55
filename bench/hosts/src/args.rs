//! What can be asked for.

use std::path::PathBuf;

use clap::Parser;

/// Measure the module in hosts of other languages beside the library.
///
/// Each host has a small program that judges the same generated events over and over,
/// with the built-in rule and with all rules. The programs run in turn, round after
/// round, on one core; a host that is missing is left out, and the report says so.
///
/// Rules of Elastic's repository are read from `elastic` in the corpus; without it
/// only the built-in rule is measured, and the report says so.
///
/// Exit status: 0 it was measured, 2 something failed, or hosts do not agree.
///
/// Examples:
///
///   firstseen-bench-hosts --firstseen FILE --quick      # a look
///
///   firstseen-bench-hosts --firstseen FILE --rounds 9   # an experiment
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
pub(crate) struct Args {
    /// The command that writes the modules.
    #[arg(long, value_name = "FILE")]
    pub(crate) firstseen: PathBuf,
    /// The folder that holds `elastic`, a checkout of detection-rules' rules.
    #[arg(long, env = "FIRSTSEEN_CORPUS", value_name = "DIR")]
    pub(crate) corpus: Option<PathBuf>,
    /// Number of events.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) events: u64,
    /// The same seed gives the same events.
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub(crate) seed: u64,
    /// How often each host runs.
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) rounds: usize,
    /// A look only: one round. Nothing is written unless --output says where.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Where hosts are built, for the next time too; a folder of this run if not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) built: Option<PathBuf>,
    /// Where `results.md` is written; the folder of the benches if not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

impl Args {
    /// The arguments of the process, `--quick` worked in.
    pub(crate) fn read() -> Self {
        let mut args = Self::parse();
        if args.quick {
            args.rounds = 1;
        }
        args.rounds = args.rounds.max(1);
        args
    }
}
