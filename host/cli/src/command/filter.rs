//! `firstseen filter`.

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
use firstseen::ledger::OutboxMax;
use firstseen::{Detector, LogLevel, LogMessage};
use firstseen_delivery::{AlertFile, Delivery, DeliveryHandle, DeliveryOptions, Tell};
use firstseen_state_file::StateFile;
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::args::{self, AlertArgs, EvaluationArgs, Input, ModuleArgs, RuleArgs};
use crate::door::Door;
use crate::pipeline::{
    Check, Filter, FilterOptions, Intake, Output, StatsPlace, Status, Stopper, Summary, Watch, WatchOptions, exit_code,
};
use crate::{EXIT_ERROR, message};

/// How many of the module's messages are shown.
const MESSAGES_SHOWN: usize = 20;

/// Pass events from files or standard input to standard output, with alerts.
///
/// Events are NDJSON. They pass byte for byte and in order; an alert is a line
/// of its own right after the event that raised it. A line that is no event
/// passes too and is counted. A summary goes to standard error at the end.
///
/// Files are read one after the other, as if they were one, so give them in the
/// order of time. A file whose last line is unfinished is finished with a newline
/// if there is more to come: nothing else is ever put in or changed. If one of
/// them cannot be read, none is. A file in gzip or zstd, whatever its name, is
/// read decompressed, and its events come out so.
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
// What it prints are alerts, beside the events.
#[command(after_long_help = AFTER_HELP, mut_arg("alert_format", |format| format.long("format")))]
pub(crate) struct Args {
    /// Files of events, one after the other; `-` is standard input, and so are
    /// none.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write only alerts to standard output, no events.
    #[arg(long)]
    only_alerts: bool,
    /// Append alerts to this file instead of standard output (`-`). It is made if
    /// it is not there, for its owner only, and made anew when it was renamed or
    /// removed. What cannot be written waits and is tried again.
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// How much may wait for the alerts' file: a number of alerts, a size, or both.
    /// Beyond it new terms are put off until they come again, and alerts of queries
    /// are lost and counted.
    #[arg(long, value_name = "MAX", value_parser = args::outbox_max, default_value = "100000,256MiB")]
    outbox_max: OutboxMax,
    /// Keep what was seen in this directory, made if it is not there. One process
    /// uses it at a time, and `firstseen state` through it. Without it, it is
    /// forgotten at the end.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Do not start without a state that is there: none is made.
    #[arg(long, requires = "state")]
    require_state: bool,
    /// For this long after the state first meets a rule, record what is
    /// seen but hold its alerts back (they are counted): 1d, 12h.
    #[arg(long, value_name = "DURATION", value_parser = args::duration, default_value = "0s")]
    learn: Duration,
    /// Say in a line on standard error, so often, what is not as it should be, if
    /// anything is: 0s for never.
    #[arg(long, value_name = "DURATION", value_parser = args::duration, default_value = "1m")]
    report_every: Duration,
    /// Keep the counts in this file as JSON, or answer with them on a Unix socket:
    /// unix:PATH. They are printed on SIGUSR1 in any case.
    #[arg(long, value_name = "PLACE", value_parser = stats_place)]
    stats: Option<StatsPlace>,
    /// Workers that evaluate events side by side. What comes out does not depend
    /// on it. One for each core by default.
    #[arg(short, long, value_name = "N", value_parser = args::workers)]
    jobs: Option<NonZeroUsize>,
    /// Form of the summary.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    summary: SummaryFormat,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    evaluation: EvaluationArgs,
    #[command(flatten)]
    alert: AlertArgs,
    #[command(flatten)]
    module: ModuleArgs,
}

const AFTER_HELP: &str = "\
Examples:
  shipper | firstseen filter --state seen | next-stage
  firstseen filter --only-alerts --clock event monday.ndjson tuesday.ndjson
  firstseen filter --clock event --state seen old.ndjson.gz today.ndjson > /dev/null

Signals:
  TERM, INT  finish what was read, then end
  HUP        open the alerts' file anew
  USR1       print the counts so far

Exit status:
  0  all is well
  1  events passed that were not judged in full
  2  an error, also if detection was off for a while, alerts were left or lost,
     or standard output was closed before the events of a pipe were written";

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum SummaryFormat {
    /// A line for people.
    #[default]
    Text,
    /// A JSON object on one line.
    Json,
    /// None.
    None,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let started = Instant::now();
        let inputs = args::inputs(&self.files);
        inputs.iter().try_for_each(Input::ensure_readable)?;
        let bar = progress_bar(&inputs);
        // Before anything is opened or read, so that a signal cannot lose it.
        let signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1]).context("cannot watch signals")?;
        let state = self.state.as_deref().map(|path| open_state(path, self.require_state, &bar)).transpose()?;
        let door = Door::default();
        if let (Some(path), Some(state)) = (&self.state, &state) {
            door.open(path.clone(), state).unwrap_or_else(|cause| warn(&bar, &cause));
        }
        let detector = self.detector(&bar, state.clone())?;
        let tell: Tell = Arc::new({
            let bar = bar.clone();
            move |text: &str| warn(&bar, text)
        });
        let output = Output::new(Box::new(io::stdout()), !self.only_alerts);
        let delivery = self.delivery(&detector, &tell)?;
        let handle = delivery.as_ref().map(Delivery::handle);
        let status = Arc::new(Status::new(&detector, handle.clone(), started));
        let options = FilterOptions {
            workers: self.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
            index: self.evaluation.index.clone(),
            now_ms: self.evaluation.now_ms,
            streams: inputs.iter().map(|input| input.path().map(|path| path.display().to_string())).collect(),
            has_state: self.state.is_some(),
        };
        let mut filter = Filter::new(&detector, options, output, delivery, Arc::clone(&status), Arc::clone(&tell))?;
        let check = state.clone().map(|state| -> Check {
            Box::new(move || state.check_in_place().err().map(|error| format!("DETECTION FORGETS: {error}")))
        });
        let watch = WatchOptions { report_every: self.report_every, stats: self.stats.clone(), check };
        let watch = Watch::start(Arc::clone(&status), watch, tell).context("cannot keep the counts (--stats)")?;
        let streams = inputs.clone().into_iter().map(|input| input.open());
        let tell = tell_of_streams(inputs.clone(), bar.clone());
        let (mut intake, stopper) =
            Intake::start(streams, self.evaluation.line_bytes_max, tell).context("cannot start to read the events")?;
        let format = self.summary;
        watch_signals(signals, stopper, handle, move || format.or_text().say(&status.summary()))?;

        let result = filter.run(&mut intake, |bytes| bar.set_position(bytes));
        door.close();
        drop(watch);
        bar.finish_and_clear();
        format.say(&Summary { counts: filter.counts(), bytes: intake.bytes_read(), elapsed: started.elapsed() });
        let code = exit_code(&filter, &inputs, &result);
        if let Some(Err(error)) = state.map(|state| state.check_in_place()) {
            message::error(&error.to_string());
            return Ok(ExitCode::from(EXIT_ERROR));
        }
        Ok(code)
    }

    fn detector(&self, bar: &ProgressBar, state: Option<Arc<StateFile>>) -> Result<Detector> {
        let (module, rule_set) = self.rules.load(&self.module)?;
        let builder = self
            .alert
            .apply(Detector::builder(module))
            .learn(self.learn)
            // What goes to standard output waits for nothing but the events before it.
            .outbox_max(if self.alerts_path().is_some() { self.outbox_max } else { OutboxMax::NONE })
            .limits(self.module.limits())
            .line_bytes_max(self.evaluation.line_bytes_max)
            .log(module_messages(bar.clone()));
        let builder = match state {
            Some(state) => builder.ledger(state),
            None => builder,
        };
        rule_set.build(rule_set.apply(builder), self.rules.strict)
    }

    /// The alerts' own file, if they have one.
    fn alerts_path(&self) -> Option<&Path> {
        self.alerts.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// Hands alerts over to a file of their own, if they have one.
    fn delivery(&self, detector: &Detector, tell: &Tell) -> Result<Option<Delivery>> {
        let Some(path) = self.alerts_path() else { return Ok(None) };
        let options = DeliveryOptions { outbox_max: self.outbox_max, hold: None };
        let start = || Delivery::start(detector, Box::new(AlertFile::open(path)?), options, Arc::clone(tell));
        start().map(Some).with_context(|| format!("cannot write alerts to {}", path.display()))
    }
}

impl SummaryFormat {
    /// For who asks for the counts, though none were wanted at the end.
    fn or_text(self) -> Self {
        if matches!(self, Self::None) { Self::Text } else { self }
    }

    fn say(self, summary: &Summary) {
        match self {
            Self::Text => message::say(&summary.to_string()),
            Self::Json => message::raw(&summary.to_json().to_string()),
            Self::None => {}
        }
    }
}

/// The value of `--stats`.
fn stats_place(text: &str) -> Result<StatsPlace> {
    ensure!(!matches!(text, "" | "-" | "unix:"), "write a file, or unix:PATH for a socket");
    Ok(match text.strip_prefix("unix:") {
        Some(path) => StatsPlace::Socket(path.into()),
        None => StatsPlace::File(text.into()),
    })
}

/// Opens the state, and says so if it is new or had an earlier form.
fn open_state(path: &Path, must_be_there: bool, bar: &ProgressBar) -> Result<Arc<StateFile>> {
    let state = if must_be_there { StateFile::open_existing(path)? } else { StateFile::open(path)? };
    if state.is_new() {
        bar.suspend(|| message::say(&format!("the state {} is new: nothing was seen before", path.display())));
    }
    if let Some(earlier) = state.earlier_form() {
        let (path, earlier) = (path.display(), earlier.display());
        warn(bar, &format!("the state {path} was taken over; what an earlier version wrote is {earlier} now"));
    }
    Ok(Arc::new(state))
}

/// A warning that does not tear the progress bar.
fn warn(bar: &ProgressBar, text: &str) {
    bar.suspend(|| message::warn(text));
}

/// Warns of streams that seem to be something else than events.
fn tell_of_streams(inputs: Vec<Input>, bar: ProgressBar) -> impl Fn(usize, &str) + Send + 'static {
    move |stream, text| warn(&bar, &format!("{}: {text}", inputs.get(stream).unwrap_or(&Input::Stdin)))
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

/// Shown where a person watches files go through; else hidden.
fn progress_bar(inputs: &[Input]) -> ProgressBar {
    let bytes: Option<u64> = inputs.iter().map(Input::file_bytes).sum();
    let bytes = match bytes {
        Some(bytes) if io::stderr().is_terminal() && !io::stdout().is_terminal() => bytes,
        _ => return ProgressBar::hidden(),
    };
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The first SIGINT or SIGTERM ends the input: what was read is finished, to
/// the end of its last line, and written. A second one ends the process as usual.
fn watch_signals(
    mut signals: Signals,
    stopper: Stopper,
    alerts: Option<DeliveryHandle>,
    say_counts: impl Fn() + Send + 'static,
) -> Result<()> {
    thread::Builder::new().name("firstseen-signals".to_owned()).spawn(move || {
        let mut is_stopping = false;
        for signal in signals.forever() {
            match signal {
                // Where alerts have no file there is nothing to open anew.
                SIGHUP => alerts.iter().for_each(DeliveryHandle::reopen),
                SIGUSR1 => say_counts(),
                _ if !std::mem::replace(&mut is_stopping, true) => stopper.stop(),
                // This does not come back.
                _ => drop(signal_hook::low_level::emulate_default_handler(signal)),
            }
        }
    })?;
    Ok(())
}
