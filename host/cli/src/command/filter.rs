//! `firstseen filter`.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;
use firstseen::{Detector, LogLevel, LogMessage};
use firstseen_state_file::StateFile;
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::{self, AlertArgs, EvaluationArgs, Input, ModuleArgs, RuleArgs};
use crate::pipeline::{AlertFile, Filter, FilterOptions, Intake, Output, StopReason, Stopper, Summary};
use crate::{EXIT_ERROR, EXIT_FOUND, message};

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
/// them cannot be read, none is.
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
    /// it is not there, for its owner only.
    #[arg(long, value_name = "FILE")]
    alerts: Option<PathBuf>,
    /// Keep what was seen in this directory, made if it is not there. One process
    /// uses it at a time. Without it, it is forgotten at the end.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// For this long after the state first meets a rule, record what is
    /// seen but hold its alerts back (they are counted): 1d, 12h.
    #[arg(long, value_name = "DURATION", value_parser = args::duration, default_value = "0s")]
    learn: Duration,
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
  zcat old.ndjson.gz | firstseen filter --clock event --state seen - today.ndjson > /dev/null

Exit status:
  0  all is well
  1  events passed that were not judged in full
  2  an error, also if detection was off for a while";

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
        let detector = self.detector(&bar)?;
        let output = Output::new(Box::new(io::stdout()), !self.only_alerts, self.alert_file()?);
        let options = FilterOptions {
            workers: self.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
            index: self.evaluation.index.clone(),
            now_ms: self.evaluation.now_ms,
            streams: inputs.iter().map(|input| input.path().map(|path| path.display().to_string())).collect(),
        };
        let mut filter = Filter::new(&detector, options, output, |text| warn(&bar, text))?;
        // Before anything is read, so that a signal cannot lose it.
        let signals = Signals::new([SIGINT, SIGTERM]).context("cannot watch signals")?;
        let streams = inputs.clone().into_iter().map(|input| input.open());
        let (mut intake, stopper) =
            Intake::start(streams, self.evaluation.line_bytes_max).context("cannot start to read the events")?;
        stop_on_signals(signals, stopper)?;

        let result = filter.run(&mut intake, |bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        let summary = Summary { counts: filter.counts(), bytes: intake.bytes_read(), elapsed: started.elapsed() };
        match self.summary {
            SummaryFormat::Text => message::say(&summary.to_string()),
            SummaryFormat::Json => message::raw(&summary.to_json().to_string()),
            SummaryFormat::None => {}
        }
        Ok(exit_code(&filter, &inputs, &result))
    }

    fn detector(&self, bar: &ProgressBar) -> Result<Detector> {
        let (module, rule_set) = self.rules.load(&self.module)?;
        let builder = self
            .alert
            .apply(Detector::builder(module))
            .learn(self.learn)
            .limits(self.module.limits())
            .line_bytes_max(self.evaluation.line_bytes_max)
            .log(module_messages(bar.clone()));
        let builder = match &self.state {
            Some(path) => builder.ledger(Arc::new(open_state(path, bar)?)),
            None => builder,
        };
        let detector = rule_set.apply(builder).build()?;
        bar.suspend(|| rule_set.report(detector.refusals(), detector.unusable(), self.rules.strict))?;
        Ok(detector)
    }

    fn alert_file(&self) -> Result<Option<AlertFile>> {
        let path = self.alerts.as_deref().filter(|path| *path != Path::new("-"));
        let open =
            |path: &Path| AlertFile::open(path).with_context(|| format!("cannot write alerts to {}", path.display()));
        path.map(open).transpose()
    }
}

/// Says what went wrong, and how the process ends. The summary came before.
fn exit_code(filter: &Filter<'_>, inputs: &[Input], result: &Result<(), StopReason>) -> ExitCode {
    let mut is_success = !filter.was_disabled();
    let mut error = |text: String| {
        is_success = false;
        message::error(&text);
    };
    filter.failures().iter().for_each(|failure| error(failure.to_string()));
    match result {
        // A reader that has seen enough, such as `head`, is no error.
        Ok(()) | Err(StopReason::OutputClosed) => {}
        Err(StopReason::Input(failure)) => {
            let input = inputs.get(failure.stream).unwrap_or(&Input::Stdin);
            error(format!("cannot read {input}: {}", failure.cause));
        }
        Err(StopReason::Output(cause)) => error(format!("cannot write the output: {cause}")),
    }
    match is_success {
        false => ExitCode::from(EXIT_ERROR),
        true if filter.counts().unjudged > 0 => ExitCode::from(EXIT_FOUND),
        true => ExitCode::SUCCESS,
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

/// A warning that does not tear the progress bar.
fn warn(bar: &ProgressBar, text: &str) {
    bar.suspend(|| message::warn(text));
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
