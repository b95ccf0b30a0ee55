//! Telling when alerts are not taken, and when they are again.

use std::time::{Duration, Instant};

use crate::delivery::{Shared, SinkState, Tell};

/// For how long an outage that follows another of its kind is not told again.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// What was told of a sink.
pub(crate) struct Outages {
    /// What the sink is.
    name: String,
    tell: Tell,
    /// Which outage was told of last, and when.
    told: Option<(String, Instant)>,
    is_told: bool,
}

impl Outages {
    /// Nothing was told yet.
    pub(crate) fn new(name: String, tell: Tell) -> Self {
        Self { name, tell, told: None, is_told: false }
    }

    /// The sink takes nothing until it is tried again.
    pub(crate) fn begin(&mut self, shared: &Shared, cause: &str, retry_at: Instant) {
        let cause = format!("{}: {cause}", self.name);
        shared.lock().sink = SinkState::Failing { cause: cause.clone(), retry_at };
        shared.moved.notify_all();
        let is_other = self.told.as_ref().is_none_or(|(told, _)| *told != cause);
        let is_again = !self.is_told && self.told.as_ref().is_some_and(|(_, at)| at.elapsed() > TOLD_AGAIN);
        if is_other || is_again {
            (self.tell)(&format!("ALERTS ARE NOT WRITTEN: {cause}; they wait and are tried again, events pass on"));
            (self.told, self.is_told) = (Some((cause, Instant::now())), true);
        }
    }

    /// The sink took what it was given.
    pub(crate) fn end(&mut self, shared: &Shared) {
        shared.lock().sink = SinkState::Writing(Instant::now());
        if std::mem::take(&mut self.is_told) {
            (self.tell)(&format!("alerts are written again: {}", self.name));
        }
    }
}
