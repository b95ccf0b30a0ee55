//! The thread that keeps detection on: it reads rules again, and opens a state again
//! that failed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use firstseen::Detector;
use firstseen::ledger::{Ledger, MemoryLedger};
use firstseen_delivery::{Delivery, DeliveryHandle, DeliveryOptions, Tell};

use super::{DetectionError, DetectionOptions, DetectorSource, Engine, MakeSink, Shared, State, learning_until_ms};
use crate::clock::now_ms;

/// How long the first pause is after a state could not be opened, and the longest one.
const PAUSE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// How often it is looked whether all is well.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether the state is in its place.
const CHECK_STATE_EVERY: Duration = Duration::from_secs(30);

/// What a keeper is asked to do.
pub(crate) enum Command {
    /// The engine of this number failed.
    Failed { engine: u64, cause: String },
    /// Read the rules again.
    Reload,
    /// End.
    End,
}

pub(super) struct Keeper {
    shared: Arc<Shared>,
    source: Box<dyn DetectorSource>,
    make_sink: MakeSink,
    options: DetectionOptions,
    /// The rules, over no state to speak of.
    rules: Detector,
    engines: u64,
    delivery: Option<Delivery>,
    state_checked: Instant,
    state_is_told: bool,
}

impl Keeper {
    pub(super) fn start(
        shared: Arc<Shared>,
        mut source: Box<dyn DetectorSource>,
        make_sink: MakeSink,
        options: DetectionOptions,
        commands: Receiver<Command>,
    ) -> Result<JoinHandle<Vec<String>>, DetectionError> {
        let state = source.open_state().map_err(DetectionError::State)?;
        let detector = source.read_rules(state).map_err(DetectionError::Rules)?;
        let rules = detector.with_ledger(Arc::new(MemoryLedger::new()));
        let mut keeper = Self {
            shared,
            source,
            make_sink,
            options,
            rules,
            engines: 0,
            delivery: None,
            state_checked: Instant::now(),
            state_is_told: false,
        };
        keeper.turn_on(detector)?;
        let thread = thread::Builder::new().name("firstseen-keeper".to_owned());
        thread.spawn(move || keeper.run(&commands)).map_err(DetectionError::Thread)
    }

    /// Answers with what was left undone at the end.
    fn run(mut self, commands: &Receiver<Command>) -> Vec<String> {
        loop {
            match commands.recv_timeout(CHECK_EVERY) {
                Ok(Command::Failed { engine, cause }) if engine == self.engines && self.delivery.is_some() => {
                    self.turn_off(&cause);
                }
                Ok(Command::Failed { .. }) => {}
                Ok(Command::Reload) => self.reload(),
                Ok(Command::End) | Err(RecvTimeoutError::Disconnected) => return self.end(),
                Err(RecvTimeoutError::Timeout) => self.check(),
            }
            if self.delivery.is_none() && !self.open_again(commands) {
                return vec!["detection was off at the end".to_owned()];
            }
        }
    }

    /// Documents are given to this detector from now on.
    fn turn_on(&mut self, detector: Detector) -> Result<(), DetectionError> {
        let DetectionOptions { outbox_max, link_timeout, .. } = self.options;
        let sink = (self.make_sink)().map_err(DetectionError::Alerts)?;
        let tell: Tell = Arc::new(|text: &str| tracing::warn!("{text}"));
        let options = DeliveryOptions { outbox_max, hold: Some(link_timeout) };
        let delivery = Delivery::start(&detector, sink, options, tell).map_err(DetectionError::Thread)?;
        self.give(detector, delivery.handle()).map_err(DetectionError::Workers)?;
        self.delivery = Some(delivery);
        Ok(())
    }

    /// Gives documents to a detector from now on. What the one before was given is judged
    /// when this returns.
    fn give(&mut self, detector: Detector, delivery: DeliveryHandle) -> Result<(), firstseen::Error> {
        let engine = Engine::new(self.engines + 1, detector.clone(), self.options, delivery)?;
        tell_of_learning(&detector);
        self.engines += 1;
        self.rules = detector.with_ledger(Arc::new(MemoryLedger::new()));
        self.shared.module_is_off.store(false, Ordering::Relaxed);
        drop(self.shared.set(State::On(engine)));
        Ok(())
    }

    fn turn_off(&mut self, cause: &str) {
        tracing::error!("DETECTION IS OFF: {cause}; it is tried again");
        self.shared.metrics.detection_failures.inc();
        // What waits for verdicts gets them, and all that holds the state lets go of it.
        drop(self.shared.set(State::Off(cause.to_owned())));
        drop(self.delivery.take());
    }

    /// Tries to open the state until that works; false at the end.
    fn open_again(&mut self, commands: &Receiver<Command>) -> bool {
        let (mut pause, mut rereads) = (PAUSE[0], false);
        loop {
            let until = Instant::now() + pause;
            loop {
                match commands.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(Command::End) | Err(RecvTimeoutError::Disconnected) => return false,
                    Ok(Command::Reload) => rereads = true,
                    // It is known.
                    Ok(Command::Failed { .. }) => continue,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                break;
            }
            let opened = self.source.open_state().and_then(|state| {
                let read = if rereads { self.read_rules(Arc::clone(&state)) } else { None };
                let detector = read.unwrap_or_else(|| self.rules.with_ledger(state));
                self.turn_on(detector).map_err(|error| error.to_string())
            });
            match opened {
                Ok(()) => {
                    tracing::warn!("detection is on again");
                    return true;
                }
                Err(cause) => {
                    pause = (2 * pause).min(PAUSE[1]);
                    tracing::error!("DETECTION IS OFF: {cause}; it is tried again in {} s", pause.as_secs());
                    self.shared.set(State::Off(cause));
                }
            }
        }
    }

    fn reload(&mut self) {
        let Some(delivery) = self.delivery.as_ref().map(Delivery::handle) else { return };
        delivery.reopen();
        let Some(state) = self.shared.ledger() else { return };
        let Some(detector) = self.read_rules(state) else { return };
        let rules = detector.rules().len();
        match self.give(detector, delivery) {
            Ok(()) => {
                self.shared.metrics.reloads.inc();
                tracing::info!(rules, "the rules were read again");
            }
            Err(error) => {
                self.shared.metrics.reloads_failed.inc();
                tracing::error!("the rules stay as they were: {error}");
            }
        }
    }

    /// Reads the rules again; says so if they cannot be used.
    fn read_rules(&mut self, state: Arc<dyn Ledger>) -> Option<Detector> {
        match self.source.read_rules(state) {
            Ok(detector) => Some(detector),
            Err(cause) => {
                self.shared.metrics.reloads_failed.inc();
                tracing::error!("the rules stay as they were, for those that were read cannot be used: {cause}");
                None
            }
        }
    }

    fn check(&mut self) {
        let failure = self.delivery.as_ref().and_then(Delivery::take_failure);
        if let Some(failure) = failure {
            self.turn_off(&failure.to_string());
            return;
        }
        if self.state_checked.elapsed() >= CHECK_STATE_EVERY {
            self.state_checked = Instant::now();
            let result = self.source.check_state();
            if let (Err(cause), false) = (&result, self.state_is_told) {
                tracing::error!("DETECTION FORGETS: {cause}");
            }
            self.state_is_told = result.is_err();
        }
    }

    fn end(mut self) -> Vec<String> {
        let mut left = Vec::new();
        let state = self.shared.set(State::Off("it has ended".to_owned()));
        let Some(delivery) = self.delivery.take() else { return left };
        let (trouble, failure) = delivery.finish();
        let cause = failure.map(|failure| failure.to_string()).or(trouble);
        let State::On(engine) = state else { return left };
        if let Some(cause) = cause {
            let waiting = engine.detector.stats().map(|stats| stats.outbox.alerts).unwrap_or_default();
            left.push(format!(
                "{waiting} alerts were not handed over; they wait in the state, if there is one: {cause}"
            ));
        }
        if let Err(error) = engine.detector.flush() {
            left.push(format!("the state was not written to the end, so alerts may come again: {error}"));
        }
        left
    }
}

/// Says how many rules only learn, and until when.
fn tell_of_learning(detector: &Detector) {
    let now_ms = now_ms();
    let until: Vec<i64> =
        detector.rules().iter().filter_map(|rule| learning_until_ms(detector, rule, now_ms)).collect();
    if let (Some(first), Some(last)) = (until.iter().min(), until.iter().max()) {
        let of = detector.rules().len();
        let (first, last) = (hours(first - now_ms), hours(last - now_ms));
        tracing::warn!(
            "{} of {of} rules only learn, and raise nothing: the first for {first} h more, the last for {last} h (--learn)",
            until.len()
        );
    }
}

/// Whole hours, and the one that has begun.
fn hours(ms: i64) -> i64 {
    ms.max(0).saturating_add(3_599_999) / 3_600_000
}
