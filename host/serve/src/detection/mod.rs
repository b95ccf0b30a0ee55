//! Detection beside the documents: rules, state and the way of alerts, and what
//! happens when one of them fails.

mod keeper;
mod verdict;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use firstseen::ledger::{Ledger, OutboxMax};
use firstseen::{Detector, Pool, RuleSummary};
use firstseen_delivery::{DeliveryHandle, Sink};

use crate::documents::Documents;
use crate::metrics::Metrics;
pub(crate) use keeper::Command;
use keeper::Keeper;
pub(crate) use verdict::{Document, Judging, Verdict};

/// Where rules and state come from.
pub trait DetectorSource: Send {
    /// Opens the state. Asked again, after everything that was opened before is
    /// gone, when the state has failed.
    ///
    /// # Errors
    ///
    /// Why it cannot be opened, fit to be shown.
    fn open_state(&mut self) -> Result<Arc<dyn Ledger>, String>;

    /// Reads the rules, and puts them over a state.
    ///
    /// # Errors
    ///
    /// Why they cannot be used, fit to be shown.
    fn read_rules(&mut self, state: Arc<dyn Ledger>) -> Result<Detector, String>;

    /// Looks whether the state is still where it was opened.
    ///
    /// # Errors
    ///
    /// What became of it, fit to be shown.
    fn check_state(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// Makes what alerts are given to. Asked again when the state was opened again.
pub(crate) type MakeSink = Box<dyn FnMut() -> std::io::Result<Box<dyn Sink>> + Send>;

/// How detection is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DetectionOptions {
    pub(crate) workers: NonZeroUsize,
    pub(crate) outbox_max: OutboxMax,
    /// For how long an alert waits to hear what became of its event.
    pub(crate) link_timeout: Duration,
}

/// How long an answer waits at most for alerts to be taken.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether they are.
const ROOM_EVERY: Duration = Duration::from_millis(5);

/// Detection, which may be off for a while.
pub(crate) struct Detection {
    shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<Vec<String>>>>,
}

pub(crate) struct Shared {
    state: RwLock<State>,
    commands: Mutex<Sender<Command>>,
    metrics: Arc<Metrics>,
    /// The worker of the last batch left the module alone.
    module_is_off: AtomicBool,
    /// How many remarks on documents were told.
    remarks_told: AtomicUsize,
}

/// Why a worker does not ask the module.
const MODULE_IS_OFF: &str = "the detection module failed too often, and is left alone for 30 s";

/// What documents are given to.
enum State {
    On(Arc<Engine>),
    /// Off, for this reason.
    Off(String),
}

/// Rules over a state, with workers.
pub(crate) struct Engine {
    /// How many there were before it.
    number: u64,
    detector: Detector,
    /// The ids of its rules, in order.
    rule_ids: Arc<[String]>,
    pool: Pool,
    delivery: DeliveryHandle,
    /// From how much in the outbox on answers wait for alerts to be taken.
    held_at: OutboxMax,
}

/// Why detection cannot be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum DetectionError {
    /// The state cannot be opened.
    State(String),
    /// The rules cannot be used.
    Rules(String),
    /// The module cannot be started.
    Workers(firstseen::Error),
    /// Alerts have no place to go.
    Alerts(std::io::Error),
    /// No thread can be had.
    Thread(std::io::Error),
}

impl Detection {
    /// Opens the state, reads the rules, and starts to hand over alerts.
    pub(crate) fn start(
        source: Box<dyn DetectorSource>,
        make_sink: MakeSink,
        options: DetectionOptions,
        metrics: Arc<Metrics>,
    ) -> Result<Self, DetectionError> {
        let (commands, received) = mpsc::channel();
        let off = State::Off("it is starting".to_owned());
        let shared = Arc::new(Shared {
            state: RwLock::new(off),
            commands: Mutex::new(commands),
            metrics,
            module_is_off: AtomicBool::new(false),
            remarks_told: AtomicUsize::new(0),
        });
        let keeper = Keeper::start(Arc::clone(&shared), source, make_sink, options, received)?;
        Ok(Self { shared, keeper: Mutex::new(Some(keeper)) })
    }

    /// Gives documents to the rules.
    ///
    /// # Errors
    ///
    /// Why detection is off.
    pub(crate) fn judge(&self, documents: Documents, arrival_ms: i64) -> Result<Judging, String> {
        self.with_engine(|engine| Judging::submit(engine, &self.shared, documents, arrival_ms))
    }

    /// The lock is held for as long: what is off when it is let go of is unused.
    fn with_engine<T>(&self, take: impl FnOnce(&Engine) -> T) -> Result<T, String> {
        match &*self.shared.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::On(engine) => Ok(take(engine)),
            State::Off(cause) => Err(cause.clone()),
        }
    }

    /// Why detection is off, if it is.
    pub(crate) fn trouble(&self) -> Option<String> {
        match &*self.shared.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::On(_) if self.shared.module_is_off.load(Ordering::Relaxed) => Some(MODULE_IS_OFF.to_owned()),
            State::On(_) => None,
            State::Off(cause) => Some(cause.clone()),
        }
    }

    /// Why alerts are not taken, if they are not.
    pub(crate) fn alerts_trouble(&self) -> Option<String> {
        self.engine()?.delivery.trouble()
    }

    /// For how long the alert has waited that came first; none if none waits.
    pub(crate) fn alerts_waiting_for(&self) -> Option<Duration> {
        self.engine()?.delivery.waiting_for()
    }

    /// The size of the state and of the outbox; none while detection is off.
    pub(crate) fn stats(&self) -> Option<firstseen::ledger::Stats> {
        self.engine()?.detector.stats().ok()
    }

    /// The rules that run, each with until when it only learns, in epoch milliseconds, if
    /// it does; none while detection is off.
    pub(crate) fn rules(&self, now_ms: i64) -> Vec<(RuleSummary, Option<i64>)> {
        let Some(engine) = self.engine() else { return Vec::new() };
        let rules = engine.detector.rules().iter();
        rules.map(|rule| (rule.clone(), learning_until_ms(&engine.detector, rule, now_ms))).collect()
    }

    /// Waits while alerts are taken, but more slowly than they come.
    pub(crate) async fn wait_for_room(&self) {
        self.shared.wait_for_room().await;
    }

    /// Has the rules read again, and the alerts' file opened anew.
    pub(crate) fn reload(&self) {
        self.shared.command(Command::Reload);
    }

    /// Hands over what waits, as far as it can, and ends. It takes as long as that
    /// takes, so not on a thread that others need. Answers with what was left undone.
    pub(crate) fn end(&self) -> Vec<String> {
        self.shared.command(Command::End);
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        // It does not panic.
        keeper.and_then(|keeper| keeper.join().ok()).unwrap_or_default()
    }

    fn engine(&self) -> Option<Arc<Engine>> {
        match &*self.shared.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::On(engine) => Some(Arc::clone(engine)),
            State::Off(_) => None,
        }
    }
}

/// Until when a rule only learns, if it does.
fn learning_until_ms(detector: &Detector, rule: &RuleSummary, now_ms: i64) -> Option<i64> {
    let until_ms = detector.learning_until_ms(rule, now_ms).ok().flatten();
    until_ms.filter(|until_ms| *until_ms > now_ms)
}

impl Shared {
    fn command(&self, command: Command) {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a keeper it has ended.
        drop(commands.send(command));
    }

    /// Waits while alerts are taken, but more slowly than they come, lest the outbox fill
    /// up. Not for long: some wait for what clients send next.
    async fn wait_for_room(&self) {
        let until = Instant::now() + PATIENCE;
        while self.is_behind() && Instant::now() < until {
            tokio::time::sleep(ROOM_EVERY).await;
        }
    }

    fn is_behind(&self) -> bool {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::On(engine) => engine.is_behind(),
            State::Off(_) => false,
        }
    }

    /// The state that is in use, if one is.
    fn ledger(&self) -> Option<Arc<dyn Ledger>> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::On(engine) => Some(engine.detector.ledger()),
            State::Off(_) => None,
        }
    }

    /// Puts something in the place of what documents are given to.
    fn set(&self, state: State) -> State {
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, state)
    }
}

impl Engine {
    fn new(
        number: u64,
        detector: Detector,
        options: DetectionOptions,
        delivery: DeliveryHandle,
    ) -> Result<Arc<Self>, firstseen::Error> {
        let DetectionOptions { workers, outbox_max, .. } = options;
        let pool = Pool::new(&detector, workers)?;
        let held_at = OutboxMax { alerts: outbox_max.alerts / 4, bytes: outbox_max.bytes / 4 };
        let rule_ids = detector.rules().iter().map(|rule| rule.rule_id.clone()).collect();
        Ok(Arc::new(Self { number, detector, rule_ids, pool, delivery, held_at }))
    }

    fn is_behind(&self) -> bool {
        let waiting = self.detector.stats().map(|stats| stats.outbox).unwrap_or_default();
        let is_much = waiting.alerts > self.held_at.alerts || waiting.bytes > self.held_at.bytes;
        is_much && self.delivery.trouble().is_none()
    }
}

impl std::fmt::Display for DetectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::State(cause) | Self::Rules(cause) => f.write_str(cause),
            Self::Workers(error) => error.fmt(f),
            Self::Alerts(error) => write!(f, "alerts have no place to go: {error}"),
            Self::Thread(error) => write!(f, "no thread can be had: {error}"),
        }
    }
}

impl std::error::Error for DetectionError {}
