//! `firstseen state seed`.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::Result;
use firstseen::ledger::Ledger;
use firstseen::{Clock, Detector, LogLevel, RuleSummary, printable};
use firstseen_delivery::Tell;

use super::cluster::ClusterArgs;
use super::open;
use super::seeding::{Seeding, Tally};
use crate::args::{self, EvaluationArgs, EventIdArgs, Input, ModuleArgs, RuleArgs};
use crate::message;
use crate::pipeline::{Filter, FilterOptions, Intake, Output, Status, exit_code};

/// Record what rules see in old events, and raise nothing.
///
/// A state that begins with the past does not alert on what is normal: what the rules
/// see in these events, at the events' own time, is known from then on. A rule is
/// known since its first sighting in them, so it need not learn by --learn any more; one
/// that sees nothing there is not met, and learns when it is run.
///
/// Events are NDJSON, as for `filter`, and may come in any order: a history takes
/// late events in. With --from they are the documents of a cluster. To seed a state
/// twice with the same events does no harm, and after an error what was read before it
/// is recorded. The state is made if there is none; one that `serve` or `filter` use is
/// seeded through them. Alerts that wait in it stay there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The state.
    #[arg(value_name = "DIR")]
    pub(super) state: PathBuf,
    /// Files of events, in gzip or zstd too; `-` is standard input, and so are none.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Workers that evaluate events side by side. What is recorded does not depend on
    /// it. One for each core by default.
    #[arg(short, long, value_name = "N", value_parser = args::workers)]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    pub(super) evaluation: EvaluationArgs,
    #[command(flatten)]
    event_ids: EventIdArgs,
    #[command(flatten)]
    module: ModuleArgs,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen state seed seen last-month/*.ndjson.gz
  firstseen state seed --rules detection-rules/rules --strict seen events.ndjson
  zcat old.json.gz | jq -c ._source | firstseen state seed seen
  firstseen state seed --rules detection-rules/rules --from 'http://localhost:9200/logs-*' seen

Environment:
  FIRSTSEEN_SEED_API_KEY  the API key with which documents are read, else
  FIRSTSEEN_SEED_BASIC    user:password

Exit status:
  0  all is well      1  there were events that were not judged in full      2  an error";

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match &self.cluster.from {
            Some(from) => super::cluster::run(&self, from),
            None => self.run_on_files(),
        }
    }

    fn run_on_files(&self) -> Result<ExitCode> {
        let started = Instant::now();
        let inputs = args::inputs(&self.files);
        inputs.iter().try_for_each(Input::ensure_readable)?;
        let seeding = Arc::new(Seeding::new(open(&self.state)?));
        let detector = self.detector(&seeding)?;
        let status = Arc::new(Status::new(&detector, None, started));
        let tell: Tell = Arc::new(message::warn);
        let options = FilterOptions {
            workers: self.workers(),
            index: self.evaluation.index.clone(),
            now_ms: self.evaluation.now_ms,
            streams: inputs.iter().map(|input| input.path().map(|path| path.display().to_string())).collect(),
            has_state: true,
        };
        let output = Output::new(Box::new(io::sink()), false);
        let mut filter = Filter::new(&detector, options, output, None, status, tell)?;
        let named = inputs.clone();
        let tell = move |stream: usize, text: &str| {
            message::warn(&format!("{}: {text}", named.get(stream).unwrap_or(&Input::Stdin)));
        };
        let streams = inputs.clone().into_iter().map(|input| input.open());
        let (mut intake, _stopper) = Intake::start(streams, self.evaluation.line_bytes_max, tell)?;
        let result = filter.run(&mut intake, |_| {});
        if result.is_ok() && filter.failures().is_empty() {
            seeding.finish()?;
        }
        write(&seeding.tally(), detector.rules(), filter.counts().events)?;
        Ok(exit_code(&filter, &inputs, &result))
    }

    pub(super) fn workers(&self) -> NonZeroUsize {
        self.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
    }

    /// The rules, over what records their sightings.
    pub(super) fn detector(&self, seeding: &Arc<Seeding>) -> Result<Detector> {
        let (module, rule_set) = self.rules.load(&self.module)?;
        let builder = Detector::builder(module)
            .clock(Clock::Event)
            .ledger(Arc::clone(seeding) as Arc<dyn Ledger>)
            .limits(self.module.limits())
            .line_bytes_max(self.evaluation.line_bytes_max)
            .log(|logged| {
                if logged.level >= LogLevel::Warn {
                    message::warn(&logged.text);
                }
            });
        let builder = self.event_ids.apply(builder);
        rule_set.build(rule_set.apply(builder), self.rules.strict)
    }
}

/// Says how many sightings there were, by rule.
pub(super) fn write(tally: &Tally, rules: &[RuleSummary], events: u64) -> Result<()> {
    let mut out = anstream::stdout().lock();
    let mut sightings = 0;
    for (key, of_rule) in &tally.rules {
        sightings += of_rule;
        let name = match rules.iter().find(|rule| rule.history == *key) {
            Some(rule) => format!("{} ({})", rule.name, rule.rule_id),
            // Of the module's own.
            None => key.clone(),
        };
        writeln!(out, "{of_rule:>9}  {}", printable(&name))?;
    }
    let new = tally.new;
    writeln!(out, "{sightings} sightings in {events} events recorded, {new} terms were not known")?;
    Ok(())
}
