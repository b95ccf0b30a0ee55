//! What a module can reach: the state of sightings, and the log.

use std::time::{Duration, Instant};

use super::bindings::{logging, sightings};
use super::limits::{Guard, Limits};
use super::printable::printable;
use crate::ledger::{LedgerError, Quota, Session, Sighting, Verdict};

/// Most log messages of one call; more are dropped and counted.
const MESSAGES_MAX: usize = 64;

/// A message of the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogMessage {
    /// How serious it is.
    pub level: LogLevel,
    /// The part of the module that speaks.
    pub context: String,
    /// The message: one line, no control characters, at most 4 KiB.
    pub text: String,
}

/// Severity of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

/// The data of one wasmtime store.
pub(super) struct HostState {
    pub(super) guard: Guard,
    /// The batch that is being evaluated; none outside `evaluate`.
    pub(super) session: Option<Session>,
    /// Set when the store failed during the call, whatever the module made of
    /// it.
    pub(super) store_failure: Option<LedgerError>,
    /// When the present call began.
    pub(super) started: Instant,
    /// How long it may take.
    pub(super) timeout: Duration,
    /// How long it waited for its turn at the state: the module is not to blame
    /// for that.
    pub(super) waited: Duration,
    messages: Vec<LogMessage>,
    dropped_messages: usize,
}

impl HostState {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            guard: Guard::new(limits),
            session: None,
            store_failure: None,
            started: Instant::now(),
            timeout: limits.call_timeout,
            waited: Duration::ZERO,
            messages: Vec::new(),
            dropped_messages: 0,
        }
    }

    /// The time that is left to the present call.
    pub(super) fn time_left(&self) -> Duration {
        (self.timeout + self.waited).saturating_sub(self.started.elapsed())
    }

    /// The messages since the last time.
    pub(super) fn take_messages(&mut self) -> Vec<LogMessage> {
        let mut messages = std::mem::take(&mut self.messages);
        if self.dropped_messages > 0 {
            let text = format!("{} more messages were dropped", std::mem::take(&mut self.dropped_messages));
            messages.push(LogMessage { level: LogLevel::Warn, context: "host".to_owned(), text });
        }
        messages
    }
}

impl sightings::Host for HostState {
    fn observe(&mut self, batch: Vec<sightings::Sighting>) -> Result<Vec<sightings::Verdict>, sightings::Error> {
        let Some(session) = &mut self.session else {
            return Err(sightings::Error::Unavailable("observe was called outside of evaluate".to_owned()));
        };
        let batch: Vec<Sighting> = batch.into_iter().map(sighting).collect();
        let waited = session.waited();
        let observed = session.observe(&batch);
        self.waited += session.waited().saturating_sub(waited);
        match observed {
            Ok(verdicts) => Ok(verdicts.into_iter().map(verdict).collect()),
            Err(LedgerError::Invalid(cause)) => Err(sightings::Error::Invalid(cause)),
            Err(error) => {
                let cause = error.to_string();
                self.store_failure = Some(error);
                Err(sightings::Error::Unavailable(cause))
            }
        }
    }
}

impl logging::Host for HostState {
    fn log(&mut self, level: logging::Level, context: String, message: String) {
        // A critical message explains the trap that follows, so it has room.
        if self.messages.len() >= MESSAGES_MAX && level != logging::Level::Critical {
            self.dropped_messages += 1;
            return;
        }
        if self.messages.len() < 2 * MESSAGES_MAX {
            let level = match level {
                logging::Level::Trace => LogLevel::Trace,
                logging::Level::Debug => LogLevel::Debug,
                logging::Level::Info => LogLevel::Info,
                logging::Level::Warn => LogLevel::Warn,
                logging::Level::Error => LogLevel::Error,
                logging::Level::Critical => LogLevel::Critical,
            };
            self.messages.push(LogMessage { level, context: printable(&context), text: printable(&message) });
        }
    }
}

fn sighting(sighting: sightings::Sighting) -> Sighting {
    Sighting {
        rule: sighting.rule,
        term: sighting.term,
        at_ms: sighting.at,
        window_ms: sighting.window_ms,
        event: sighting.event,
        quota: Quota { max: sighting.quota.max, per_ms: sighting.quota.per_ms },
    }
}

fn verdict(verdict: Verdict) -> sightings::Verdict {
    match verdict {
        Verdict::Unseen => sightings::Verdict::Unseen,
        Verdict::Seen => sightings::Verdict::Seen,
        Verdict::Deferred => sightings::Verdict::Deferred,
        Verdict::Replayed => sightings::Verdict::Replayed,
    }
}
