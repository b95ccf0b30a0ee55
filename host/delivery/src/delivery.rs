//! A thread that hands alerts over, and what others hold of it.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use firstseen::ledger::OutboxMax;
use firstseen::{Detector, Error};

use crate::courier::Courier;
use crate::fill::EventFate;
use crate::sink::Sink;

/// How long a sink may take nothing before events are no longer held for it, and
/// before it is given up at the end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Takes a line at a time that the operator should know.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// Hands alerts over until it is finished.
pub struct Delivery {
    shared: Arc<Shared>,
    detector: Detector,
    /// Alerts that waited at the start.
    earlier_alerts: u64,
    /// When events wait for the alerts, if the sink is well.
    held_at: OutboxMax,
    thread: Option<JoinHandle<()>>,
}

/// How alerts are handed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryOptions {
    /// The bound of the outbox, as the detector has it.
    pub outbox_max: OutboxMax,
    /// For how long an alert waits at most until somebody says what became of its
    /// events; none: it leaves at once.
    pub hold: Option<Duration>,
}

/// What others hold of a delivery.
#[derive(Clone)]
pub struct DeliveryHandle(Arc<Shared>);

/// What ends a delivery before its time.
#[derive(Debug)]
pub enum DeliveryError {
    /// The outbox cannot be read.
    Outbox(Error),
    /// What was handed over cannot be struck off, so it may come again.
    Acknowledgement(Error),
}

/// How the sink is.
#[derive(Clone, Debug)]
pub(crate) enum SinkState {
    /// It takes what it is given, the last time at this moment.
    Writing(Instant),
    /// It took nothing, for this reason.
    Failing { cause: String, retry_at: Instant },
}

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Something was asked for, or done.
    pub(crate) moved: Condvar,
}

pub(crate) struct State {
    pub(crate) has_news: bool,
    pub(crate) must_reopen: bool,
    pub(crate) ending_since: Option<Instant>,
    pub(crate) sink: SinkState,
    /// What became of events, to be noted.
    pub(crate) settled: Vec<(u64, Vec<EventFate>)>,
    /// What the thread has ended with before its time.
    pub(crate) failure: Option<DeliveryError>,
    pub(crate) is_through: bool,
    /// Alerts that were handed over.
    pub(crate) delivered: u64,
    /// Since when the alert has waited that came first.
    pub(crate) oldest: Option<Instant>,
}

impl Delivery {
    /// Starts to hand over what waits in the outbox.
    ///
    /// # Errors
    ///
    /// When no thread can be had.
    pub fn start(detector: &Detector, sink: Box<dyn Sink>, options: DeliveryOptions, tell: Tell) -> io::Result<Self> {
        let DeliveryOptions { outbox_max, hold } = options;
        let earlier_alerts = detector.stats().map_or(0, |stats| stats.outbox.alerts);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                has_news: true,
                must_reopen: false,
                ending_since: None,
                sink: SinkState::Writing(Instant::now()),
                settled: Vec::new(),
                failure: None,
                is_through: false,
                delivered: 0,
                oldest: None,
            }),
            moved: Condvar::new(),
        });
        let courier = Courier::new(Arc::clone(&shared), detector.clone(), sink, hold, earlier_alerts, tell);
        let thread = thread::Builder::new().name("firstseen-alerts".to_owned()).spawn(move || courier.run())?;
        let held_at = OutboxMax { alerts: outbox_max.alerts / 4, bytes: outbox_max.bytes / 4 };
        Ok(Self { shared, detector: detector.clone(), earlier_alerts, held_at, thread: Some(thread) })
    }

    /// How many alerts an earlier run had left.
    #[must_use]
    pub fn earlier_alerts(&self) -> u64 {
        self.earlier_alerts
    }

    /// What others hold of it.
    #[must_use]
    pub fn handle(&self) -> DeliveryHandle {
        DeliveryHandle(Arc::clone(&self.shared))
    }

    /// Says that new alerts wait. Where the sink is well but slower than the events,
    /// this waits for it, lest the outbox fill up.
    pub fn notify(&self) {
        let mut state = self.shared.lock();
        state.has_news = true;
        self.shared.moved.notify_all();
        while !state.is_through && state.sink.is_well() && self.is_behind() {
            state = self.shared.wait(state, PATIENCE);
        }
    }

    fn is_behind(&self) -> bool {
        let waiting = self.detector.stats().map(|stats| stats.outbox);
        waiting.is_ok_and(|waiting| waiting.alerts > self.held_at.alerts || waiting.bytes > self.held_at.bytes)
    }

    /// What has ended the handing over, once.
    #[must_use]
    pub fn take_failure(&self) -> Option<DeliveryError> {
        self.handle().take_failure()
    }

    /// Hands over what waits, as far as the sink takes it, and ends. Answers with
    /// why alerts were left, if any were, and with [`Delivery::take_failure`].
    #[must_use]
    pub fn finish(mut self) -> (Option<String>, Option<DeliveryError>) {
        self.end();
        (self.handle().trouble(), self.take_failure())
    }

    fn end(&mut self) {
        let mut state = self.shared.lock();
        state.ending_since.get_or_insert_with(Instant::now);
        // What is held leaves then.
        state.has_news = true;
        drop(state);
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
    /// Says that new alerts wait.
    pub fn notify(&self) {
        self.0.lock().has_news = true;
        self.0.moved.notify_all();
    }

    /// Says what became of the events of an alert, in the order of its sources, so
    /// that it leaves. Without a word it does when its time is up.
    pub fn settle(&self, number: u64, fates: Vec<EventFate>) {
        let mut state = self.0.lock();
        state.settled.push((number, fates));
        state.has_news = true;
        self.0.moved.notify_all();
    }

    /// Has the sink opened anew, by its name.
    pub fn reopen(&self) {
        let mut state = self.0.lock();
        (state.must_reopen, state.has_news) = (true, true);
        if let SinkState::Failing { retry_at, .. } = &mut state.sink {
            *retry_at = Instant::now();
        }
        self.0.moved.notify_all();
    }

    /// Why alerts are not taken, if they are not.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        match &self.0.lock().sink {
            SinkState::Failing { cause, .. } => Some(cause.clone()),
            SinkState::Writing(_) => None,
        }
    }

    /// How many alerts were handed over.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.0.lock().delivered
    }

    /// For how long the alert has waited that came first, of those that wait; the time
    /// before this process does not count.
    #[must_use]
    pub fn waiting_for(&self) -> Option<Duration> {
        self.0.lock().oldest.map(|since| since.elapsed())
    }

    /// What has ended the handing over, once.
    #[must_use]
    pub fn take_failure(&self) -> Option<DeliveryError> {
        self.0.lock().failure.take()
    }
}

impl SinkState {
    /// Whether it is worth waiting for.
    fn is_well(&self) -> bool {
        matches!(self, Self::Writing(at) if at.elapsed() < PATIENCE)
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wait<'a>(&self, state: MutexGuard<'a, State>, for_at_most: Duration) -> MutexGuard<'a, State> {
        self.moved.wait_timeout(state, for_at_most).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outbox(error) => write!(f, "the outbox cannot be read: {error}"),
            Self::Acknowledgement(error) => write!(f, "alerts cannot be struck off the outbox: {error}"),
        }
    }
}

impl std::error::Error for DeliveryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // It speaks for itself in the message above.
        match self {
            Self::Outbox(error) | Self::Acknowledgement(error) => error.source(),
        }
    }
}
