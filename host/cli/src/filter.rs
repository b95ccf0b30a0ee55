//! `firstseen filter`.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::matching::tell;
use super::module::load;
use super::rule_args::RuleArgs;
use super::{EXIT_ERROR, say, stderr_is_terminal, values};
use crate::pipeline::{AlertFile, Filter, Intake, Output, StopReason, Stopper, Summary};
use firstseen::{AlertFormat, Clock, Detector, Limits, LogLevel, LogMessage};
use firstseen_state_file::StateFile;

/// Longest line that `--max-line` may allow; some of them are in memory at
/// once, in the module too.
const LINE_BYTES_MAX: usize = 32 << 20;

/// How many of the module's messages are shown.
const MESSAGES_SHOWN: usize = 20;

/// Pass events from standard input to standard output, with alerts.
///
/// Events are NDJSON. They pass byte for byte and in order; an alert is a line
/// of its own right after the event that raised it. A line that is no event
/// passes too and is counted. A summary goes to standard error at the end.
///
/// Events come out whatever becomes of detection: if it fails, for example
/// because the disk is full, a warning says so, the remaining events only pass
/// through, and the exit status is 2.
///
/// With a state, a restart goes on where the last run ended: known terms stay
/// known, and an alert that was raised but not yet written comes first. A state of
/// an earlier version, which was one file, is taken over; the file stays, as
/// DIR.before-0.2.
///
/// The first start compiles the component and keeps the result for the next
/// ones: in $FIRSTSEEN_CACHE_DIR (nowhere if that is empty), else in
/// $XDG_CACHE_HOME/firstseen or ~/.cache/firstseen. A directory that others can
/// write to is not used.
///
/// With FIRSTSEEN_NO_INDEX=1 every rule is asked about every event, which is slow
/// and must give the same alerts: for whoever suspects that a shortcut hides one.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    rules: RuleArgs,
    /// Do not start if any rule that should run does not, or anything else that
    /// was given cannot be used.
    #[arg(long)]
    strict: bool,
    /// Write only alerts to standard output, no events.
    #[arg(long)]
    only_alerts: bool,
    /// Append alerts to this file instead of standard output. It is made if it
    /// is not there, for its owner only.
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// Keep what was seen in this directory, made if it is not there. One process
    /// uses it at a time. Without it, it is forgotten at the end.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where the time of an event comes from if the rule's timestamp_override
    /// field is absent.
    #[arg(long, value_enum, default_value_t)]
    clock: ClockArg,
    /// Take this as the arrival time of all events instead of the system's
    /// clock, so that runs can be repeated: 2026-11-24T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = values::time_ms)]
    now: Option<i64>,
    /// The index or data stream the events are bound for, matched with the
    /// rules' index patterns. Else an event's data_stream.* fields say it; with
    /// neither it is unknown and passes any pattern.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    index: Option<String>,
    /// For this long after the state first meets a rule, record what is
    /// seen but hold its alerts back (they are counted): 1d, 12h.
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "0s")]
    learn: Duration,
    /// Form of the alerts.
    #[arg(long, value_enum, default_value_t)]
    format: FormatArg,
    /// Kibana space of the alerts; it is part of their ids.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), default_value = "default")]
    space: String,
    /// Greatest length of a line, at most 32MiB; a longer one passes without
    /// being judged.
    #[arg(long, value_name = "BYTES", value_parser = line_bytes, default_value = "1MiB")]
    max_line: usize,
    /// Workers that evaluate events side by side. What comes out does not depend
    /// on it. One for each core by default.
    #[arg(short, long, value_name = "N", value_parser = values::workers)]
    jobs: Option<NonZeroUsize>,
    /// Form of the summary.
    #[arg(long, value_enum, default_value_t)]
    summary: SummaryArg,
    /// Run this component instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Longest time one call of the component may take.
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "2s")]
    call_timeout: Duration,
    /// Most memory the component may use.
    #[arg(long, value_name = "BYTES", value_parser = values::bytes, default_value = "256MiB")]
    call_memory: usize,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ClockArg {
    /// A live pipeline: arrival stands for event.ingested, which Elasticsearch
    /// would set; for another field, @timestamp.
    #[default]
    Arrival,
    /// A recording: @timestamp.
    Event,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FormatArg {
    /// The document Kibana itself would write to its alerts index.
    #[default]
    Kibana,
    /// A small ECS document.
    Ecs,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum SummaryArg {
    /// A line for people.
    #[default]
    Text,
    /// A JSON object on one line.
    Json,
    /// None.
    None,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let started = Instant::now();
        let bar = progress_bar();
        let detector = self.detector(&bar)?;
        let alerts = self
            .alerts
            .as_ref()
            .map(|path| AlertFile::open(path).with_context(|| format!("cannot write alerts to {}", path.display())));
        let output = Output::new(Box::new(io::stdout()), !self.only_alerts, alerts.transpose()?);
        let note = |line: &str| warn(&bar, line);
        let workers = self.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        let mut filter = Filter::new(&detector, workers, output, self.index.clone(), self.now, note)?;
        // Before anything is read, so that a signal cannot lose it.
        let signals = Signals::new([SIGINT, SIGTERM]).context("cannot watch signals")?;
        let (mut intake, stopper) = Intake::start(io::stdin(), self.max_line).context("cannot read standard input")?;
        stop_on_signals(signals, stopper)?;

        let result = filter.run(&mut intake, |bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        let summary =
            Summary { counts: filter.counts(), bytes: intake.meter().bytes_read(), elapsed: started.elapsed() };
        match self.summary {
            SummaryArg::Text => say(&summary.to_string()),
            SummaryArg::Json => eprintln_json(&summary),
            SummaryArg::None => {}
        }
        Ok(exit_code(&filter, &result))
    }

    fn detector(&self, bar: &ProgressBar) -> Result<Detector> {
        let (module, loaded) = self.rules.load(|| load(self.module.as_ref()))?;
        loaded.ensure_rules(&self.rules.rules)?;
        let mut limits = Limits::default();
        limits.call_timeout = self.call_timeout;
        limits.memory_bytes = self.call_memory;
        let builder = Detector::builder(module)
            .clock(match self.clock {
                ClockArg::Arrival => Clock::Arrival,
                ClockArg::Event => Clock::Event,
            })
            .format(match self.format {
                FormatArg::Kibana => AlertFormat::Kibana,
                FormatArg::Ecs => AlertFormat::Ecs,
            })
            .space(self.space.as_str())
            .learn(self.learn)
            .limits(limits)
            .line_bytes_max(self.max_line)
            .log(module_messages(bar.clone()));
        let builder = match &self.state {
            Some(path) => builder.ledger(Arc::new(open_state(path, bar)?)),
            None => builder,
        };
        let detector = loaded.apply(builder).build()?;
        bar.suspend(|| tell(&loaded, &detector, self.strict))?;
        Ok(detector)
    }
}

/// Opens the state, and says so if it had an earlier form.
fn open_state(path: &Path, bar: &ProgressBar) -> Result<StateFile> {
    let state = StateFile::open(path)?;
    if let Some(earlier) = state.earlier_form() {
        let (path, earlier) = (path.display(), earlier.display());
        warn(bar, &format!("the state {path} was taken over; what an earlier version wrote is {earlier} now"));
    }
    Ok(state)
}

/// Says what went wrong, and how the process ends. The summary came before.
fn exit_code(filter: &Filter<'_>, result: &Result<(), StopReason>) -> ExitCode {
    let mut is_success = !filter.is_disabled();
    let mut error = |line: String| {
        is_success = false;
        say(&format!("error: {line}"));
    };
    filter.failures().iter().for_each(|failure| error(failure.to_string()));
    match result {
        // A reader that has seen enough, such as `head`, is no error.
        Ok(()) | Err(StopReason::OutputClosed) => {}
        Err(StopReason::Input(cause)) => error(format!("cannot read standard input: {cause}")),
        Err(StopReason::Output(cause)) => error(format!("cannot write the output: {cause}")),
        Err(StopReason::Thread(cause)) => error(format!("cannot start a thread: {cause}; try a smaller --jobs")),
    }
    if is_success { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ERROR) }
}

/// A warning that does not tear the progress bar.
fn warn(bar: &ProgressBar, line: &str) {
    bar.suspend(|| say(&format!("warning: {line}")));
}

/// Shows the module's warnings, the first of them: a module may have one for
/// every event.
fn module_messages(bar: ProgressBar) -> impl Fn(&LogMessage) + Send + Sync + 'static {
    let shown = AtomicUsize::new(0);
    move |message| {
        if message.level < LogLevel::Warn || shown.load(Ordering::Relaxed) > MESSAGES_SHOWN {
            return;
        }
        match shown.fetch_add(1, Ordering::Relaxed) {
            ..MESSAGES_SHOWN => warn(&bar, &message.text),
            MESSAGES_SHOWN => warn(&bar, "further messages of the module are not shown"),
            _ => {}
        }
    }
}

/// The value of `--max-line`.
fn line_bytes(text: &str) -> Result<usize> {
    let bytes = values::bytes(text)?;
    ensure!((1..=LINE_BYTES_MAX).contains(&bytes), "a line has at least 1 byte and at most 32MiB");
    Ok(bytes)
}

/// Shown where a person watches a file go through; else hidden.
fn progress_bar() -> ProgressBar {
    let size = match input_size() {
        Some(size) if stderr_is_terminal() && !io::stdout().is_terminal() => size,
        _ => return ProgressBar::hidden(),
    };
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}");
    ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The size of standard input, if it is a file.
fn input_size() -> Option<u64> {
    use std::os::fd::AsFd;
    let file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok()?;
    metadata.is_file().then_some(metadata.len())
}

/// The first SIGINT or SIGTERM ends the input: what was read is finished, to
/// the end of its last line, and written. A second one ends the process as usual.
fn stop_on_signals(mut signals: Signals, stopper: Stopper) -> Result<()> {
    thread::Builder::new().name("firstseen-signals".to_owned()).spawn(move || {
        let mut signals = signals.forever();
        if signals.next().is_some() {
            stopper.stop();
        }
        if let Some(signal) = signals.next() {
            // This does not come back.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

fn eprintln_json(summary: &Summary) {
    use io::Write;
    // Standard error may be closed; there is no one to tell then.
    let _ = writeln!(io::stderr(), "{}", summary.to_json());
}
