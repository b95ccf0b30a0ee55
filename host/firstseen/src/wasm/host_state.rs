//! What a sandbox keeps: its limits, and what the module said.

use std::time::Duration;

use super::limits::{Guard, Limits};
use super::printable::printable;

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
    /// The time of the thread at which the present call is over.
    pub(super) over_at: Duration,
    messages: Vec<LogMessage>,
    dropped_messages: usize,
}

impl HostState {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { guard: Guard::new(limits), over_at: Duration::ZERO, messages: Vec::new(), dropped_messages: 0 }
    }

    /// Takes a message of the module.
    pub(super) fn take_message(&mut self, level: LogLevel, context: &str, message: &str) {
        // A critical message explains the trap that follows, so it has room.
        if self.messages.len() >= MESSAGES_MAX && level != LogLevel::Critical {
            self.dropped_messages += 1;
        } else if self.messages.len() < 2 * MESSAGES_MAX {
            self.messages.push(LogMessage { level, context: printable(context), text: printable(message) });
        }
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
