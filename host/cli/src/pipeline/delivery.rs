//! Handing the alerts that wait to their file, beside the events.
//!
//! A thread takes them from the outbox, the oldest first, writes them and strikes
//! them off. While the file cannot be written they wait there, and the events pass.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use firstseen::ledger::OutboxMax;
use firstseen::{Alert, Detector};

use super::alert_file::AlertFile;
use super::failure::Failure;
use super::tell::Tell;

/// Alerts that are written at a time, at most.
const PAGE: u64 = 1_000;

/// Bytes that are written at a time, about.
const PAGE_BYTES: u64 = 4 << 20;

/// How long the first pause after a failure is, and the longest one.
const PAUSE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// How long a reader may take nothing before events are no longer held for it, and
/// before it is given up at the end.
const READER_PATIENCE: Duration = Duration::from_secs(2);

/// How long it is before a pipe is tried again at the end.
const READER_PAUSE: Duration = Duration::from_millis(100);

/// For how long an outage that follows another of its kind is not told again.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// Hands alerts over until it is finished.
pub(crate) struct Delivery {
    shared: Arc<Shared>,
    detector: Detector,
    /// Alerts that waited at the start.
    earlier_alerts: u64,
    /// When events wait for the alerts' file, if that is well.
    held_at: OutboxMax,
    thread: Option<JoinHandle<()>>,
}

/// What a thread that only says something holds of it.
#[derive(Clone)]
pub(crate) struct DeliveryHandle(Arc<Shared>);

/// How the alerts' file is.
#[derive(Clone, Debug)]
pub(crate) enum Sink {
    /// It takes what it is given, the last time at this moment.
    Writing(Instant),
    /// It could not be written, for this reason.
    Failing { cause: String, retry_at: Instant },
}

struct Shared {
    state: Mutex<State>,
    /// Something was asked for, or done.
    moved: Condvar,
}

struct State {
    has_news: bool,
    must_reopen: bool,
    ending_since: Option<Instant>,
    sink: Sink,
    /// What the thread has ended with before its time.
    failure: Option<Failure>,
    is_through: bool,
}

impl Delivery {
    /// Starts to hand over what waits in the outbox.
    ///
    /// # Errors
    ///
    /// When no thread can be had.
    pub(crate) fn start(
        detector: &Detector,
        file: AlertFile,
        outbox_max: OutboxMax,
        tell: Arc<Tell>,
    ) -> io::Result<Self> {
        let earlier_alerts = detector.stats().map_or(0, |stats| stats.outbox.alerts);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                has_news: true,
                must_reopen: false,
                ending_since: None,
                sink: Sink::Writing(Instant::now()),
                failure: None,
                is_through: false,
            }),
            moved: Condvar::new(),
        });
        let courier = Courier {
            shared: Arc::clone(&shared),
            detector: detector.clone(),
            has_earlier: earlier_alerts > 0,
            outages: Outages { path: file.path().to_owned(), tell, told: None, is_told: false },
            file,
            pause: PAUSE[0],
        };
        let thread = thread::Builder::new().name("firstseen-alerts".to_owned()).spawn(move || courier.run())?;
        let held_at = OutboxMax { alerts: outbox_max.alerts / 4, bytes: outbox_max.bytes / 4 };
        Ok(Self { shared, detector: detector.clone(), earlier_alerts, held_at, thread: Some(thread) })
    }

    /// How many alerts an earlier run had left.
    pub(crate) fn earlier_alerts(&self) -> u64 {
        self.earlier_alerts
    }

    /// What signals and reports hold of it.
    pub(crate) fn handle(&self) -> DeliveryHandle {
        DeliveryHandle(Arc::clone(&self.shared))
    }

    /// Says that new alerts wait. Where the file is well but slower than the events,
    /// this waits for it, lest the outbox fill up.
    pub(crate) fn notify(&self) {
        let mut state = self.shared.lock();
        state.has_news = true;
        self.shared.moved.notify_all();
        while !state.is_through && state.sink.is_well() && self.is_behind() {
            state = self.shared.wait(state, READER_PATIENCE);
        }
    }

    fn is_behind(&self) -> bool {
        let waiting = self.detector.stats().map(|stats| stats.outbox);
        waiting.is_ok_and(|waiting| waiting.alerts > self.held_at.alerts || waiting.bytes > self.held_at.bytes)
    }

    /// What has ended the handing over, once.
    pub(crate) fn take_failure(&self) -> Option<Failure> {
        self.shared.lock().failure.take()
    }

    /// Hands over what waits, as far as the file takes it, and ends. Answers with
    /// why alerts were left, if any were, and with [`Delivery::take_failure`].
    pub(crate) fn finish(mut self) -> (Option<String>, Option<Failure>) {
        self.end();
        (self.handle().trouble(), self.take_failure())
    }

    fn end(&mut self) {
        self.shared.lock().ending_since.get_or_insert_with(Instant::now);
        self.shared.moved.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic.
            drop(thread.join());
        }
    }
}

impl Drop for Delivery {
    /// Waits for what is being written: it is to be struck off.
    fn drop(&mut self) {
        self.end();
    }
}

impl DeliveryHandle {
    /// Has the file opened anew, by its name.
    pub(crate) fn reopen(&self) {
        let mut state = self.0.lock();
        (state.must_reopen, state.has_news) = (true, true);
        if let Sink::Failing { retry_at, .. } = &mut state.sink {
            *retry_at = Instant::now();
        }
        self.0.moved.notify_all();
    }

    /// Why alerts are not written, if they are not.
    pub(crate) fn trouble(&self) -> Option<String> {
        match &self.0.lock().sink {
            Sink::Failing { cause, .. } => Some(cause.clone()),
            Sink::Writing(_) => None,
        }
    }
}

impl Sink {
    /// Whether it is worth waiting for.
    fn is_well(&self) -> bool {
        matches!(self, Self::Writing(at) if at.elapsed() < READER_PATIENCE)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, for_at_most: Duration) -> MutexGuard<'a, State> {
        self.moved.wait_timeout(state, for_at_most).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The thread's side.
struct Courier {
    shared: Arc<Shared>,
    detector: Detector,
    has_earlier: bool,
    file: AlertFile,
    outages: Outages,
    /// After the next failure.
    pause: Duration,
}

impl Courier {
    fn run(mut self) {
        if self.has_earlier {
            // An earlier process may have been stopped within a line.
            self.file.begin_line();
        }
        while self.wait_for_work() {
            if let Err(failure) = self.hand_over() {
                self.shared.lock().failure = Some(failure);
                break;
            }
        }
        self.shared.lock().is_through = true;
        self.shared.moved.notify_all();
    }

    /// Waits until there may be something to write; false at the end.
    fn wait_for_work(&mut self) -> bool {
        let mut state = self.shared.lock();
        loop {
            if std::mem::take(&mut state.must_reopen) {
                self.file.reopen();
            }
            let wait_for = match state.sink {
                Sink::Failing { retry_at, .. } if state.ending_since.is_none() => {
                    retry_at.saturating_duration_since(Instant::now())
                }
                _ if state.has_news => Duration::ZERO,
                // Whoever reads it may only be starting, too.
                Sink::Failing { .. } if is_recent(state.ending_since) && self.file.is_pipe() => {
                    state.has_news = true;
                    READER_PAUSE
                }
                _ if state.ending_since.is_some() => return false,
                _ => Duration::MAX,
            };
            if wait_for.is_zero() {
                state.has_news = false;
                return true;
            }
            state = match wait_for {
                Duration::MAX => self.shared.moved.wait(state).unwrap_or_else(PoisonError::into_inner),
                wait_for => self.shared.wait(state, wait_for),
            };
        }
    }

    /// Writes what waits, a page at a time, until nothing does or the file fails.
    fn hand_over(&mut self) -> Result<(), Failure> {
        loop {
            let waiting = self.detector.stats().map_err(Failure::Detection)?.outbox;
            let alert_bytes = waiting.bytes / waiting.alerts.max(1);
            let page = (PAGE_BYTES / alert_bytes.max(1)).clamp(1, PAGE);
            let alerts = self.detector.outbox(None, page as usize).map_err(Failure::Detection)?;
            if alerts.is_empty() {
                return Ok(());
            }
            if let Sink::Writing(at) = &mut self.shared.lock().sink {
                *at = Instant::now();
            }
            if let Err(error) = self.write(&alerts) {
                self.note_failure(&error);
                return Ok(());
            }
            self.detector.acknowledge_alerts(&alerts).map_err(Failure::Acknowledgement)?;
            self.note_success();
        }
    }

    fn write(&mut self, alerts: &[Alert]) -> io::Result<()> {
        let mut lines = Vec::with_capacity(alerts.iter().map(|alert| alert.stored.document.len() + 1).sum());
        for alert in alerts {
            lines.extend_from_slice(alert.stored.document.as_bytes());
            lines.push(b'\n');
        }
        let Self { shared, outages, file, .. } = self;
        let (mut last_left, mut since) = (usize::MAX, Instant::now());
        file.append(&lines, |left| {
            if left < last_left {
                (last_left, since) = (left, Instant::now());
            }
            let has_patience = since.elapsed() < READER_PATIENCE;
            if !has_patience {
                outages.begin(shared, "its reader takes nothing", Instant::now());
            }
            let state = shared.lock();
            has_patience || !(state.ending_since.is_some() || state.must_reopen)
        })
    }

    fn note_failure(&mut self, error: &io::Error) {
        let cause = match error.kind() {
            io::ErrorKind::WouldBlock => "its reader takes nothing".to_owned(),
            _ => error.to_string(),
        };
        let retry_at = Instant::now() + self.pause;
        self.pause = (2 * self.pause).min(PAUSE[1]);
        self.outages.begin(&self.shared, &cause, retry_at);
        let mut state = self.shared.lock();
        // There is work until it is written.
        state.has_news = state.ending_since.is_none();
    }

    fn note_success(&mut self) {
        self.pause = PAUSE[0];
        self.outages.end(&self.shared);
        self.shared.moved.notify_all();
    }
}

/// Whether a reader may still be waited for.
fn is_recent(since: Option<Instant>) -> bool {
    since.is_some_and(|since| since.elapsed() < READER_PATIENCE)
}

/// Tells when alerts are not written, and when they are again.
struct Outages {
    path: PathBuf,
    tell: Arc<Tell>,
    /// Which one was told of last, and when.
    told: Option<(String, Instant)>,
    is_told: bool,
}

impl Outages {
    fn begin(&mut self, shared: &Shared, cause: &str, retry_at: Instant) {
        let cause = format!("{}: {cause}", self.path.display());
        shared.lock().sink = Sink::Failing { cause: cause.clone(), retry_at };
        shared.moved.notify_all();
        let is_other = self.told.as_ref().is_none_or(|(told, _)| *told != cause);
        let is_again = !self.is_told && self.told.as_ref().is_some_and(|(_, at)| at.elapsed() > TOLD_AGAIN);
        if is_other || is_again {
            self.tell.warn(&format!("ALERTS ARE NOT WRITTEN: {cause}; they wait and are tried again, events pass on"));
            (self.told, self.is_told) = (Some((cause, Instant::now())), true);
        }
    }

    fn end(&mut self, shared: &Shared) {
        shared.lock().sink = Sink::Writing(Instant::now());
        if std::mem::take(&mut self.is_told) {
            self.tell.warn(&format!("alerts are written again: {}", self.path.display()));
        }
    }
}
