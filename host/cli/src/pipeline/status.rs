//! How a run fares, for whoever asks while it goes on.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use firstseen::{Counts, Detector};
use firstseen_delivery::DeliveryHandle;

use super::summary::Summary;

/// The numbers of a run so far, and how its parts are.
pub(crate) struct Status {
    started: Instant,
    detector: Detector,
    delivery: Option<DeliveryHandle>,
    passed: Mutex<Passed>,
}

/// What has passed so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passed {
    pub(crate) counts: Counts,
    /// Bytes that were read.
    pub(crate) bytes: u64,
    /// Batches that passed while their worker left the module alone.
    pub(crate) batches_off: u64,
}

impl Status {
    /// Nothing has passed yet. `delivery` hands over the alerts, if they have a file
    /// of their own.
    pub(crate) fn new(detector: &Detector, delivery: Option<DeliveryHandle>, started: Instant) -> Self {
        Self { started, detector: detector.clone(), delivery, passed: Mutex::default() }
    }

    /// Notes what has passed.
    pub(crate) fn set(&self, passed: Passed) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = passed;
    }

    /// What has passed so far.
    pub(crate) fn passed(&self) -> Passed {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to be shown.
    pub(crate) fn summary(&self) -> Summary {
        let Passed { counts, bytes, .. } = self.passed();
        Summary { counts, bytes, elapsed: self.started.elapsed() }
    }

    /// Alerts that wait for their file; none if the state cannot say.
    pub(crate) fn waiting(&self) -> Option<u64> {
        self.detector.stats().ok().map(|stats| stats.outbox.alerts)
    }

    /// Why alerts are not written, if they are not.
    pub(crate) fn alerts_trouble(&self) -> Option<String> {
        self.delivery.as_ref().and_then(DeliveryHandle::trouble)
    }

    /// All there is to know, for machines.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let mut json = self.summary().to_json();
        let stats = self.detector.stats().unwrap_or_default();
        let more = serde_json::json!({
            "detection_off_batches": self.passed().batches_off,
            "terms": stats.terms,
            "waiting_alerts": stats.outbox.alerts,
            "waiting_bytes": stats.outbox.bytes,
            "alerts_trouble": self.alerts_trouble(),
        });
        if let (Some(json), serde_json::Value::Object(more)) = (json.as_object_mut(), more) {
            json.extend(more);
        }
        json
    }
}

/// Says in a line what is not as it should be, since the last time and in all.
#[derive(Default)]
pub(crate) struct Reporter {
    before: Passed,
    was_off: bool,
}

impl Reporter {
    /// The line of what happened in the time before it; none if nothing did.
    pub(crate) fn report(&mut self, status: &Status, over: Duration) -> Option<String> {
        let now = status.passed();
        let before = std::mem::replace(&mut self.before, now);
        let numbers = |passed: &Passed| {
            let counts = passed.counts;
            [
                (counts.unjudged, "not judged"),
                (counts.malformed, "malformed"),
                (counts.deferred, "deferred by the quota"),
                (counts.deferred_by_outbox, "deferred by the outbox"),
                (counts.lost, "alerts lost"),
            ]
        };
        let mut parts: Vec<String> = Vec::new();
        for ((now, what), (before, _)) in numbers(&now).into_iter().zip(numbers(&before)) {
            if now > before {
                parts.push(format!("{} {what} ({now} in all)", now - before));
            }
        }
        if let Some(cause) = status.alerts_trouble() {
            let waiting = status.waiting().map_or_else(String::new, |alerts| format!("{alerts} "));
            parts.push(format!("{waiting}alerts wait ({cause})"));
        }
        let is_off = now.batches_off > before.batches_off;
        match (is_off, self.was_off) {
            (true, _) => parts.push(format!("DETECTION WAS OFF for {} batches", now.batches_off - before.batches_off)),
            (false, true) => parts.push("detection is on again".to_owned()),
            (false, false) => {}
        }
        self.was_off = is_off;
        let events = now.counts.events - before.counts.events;
        (!parts.is_empty()).then(|| format!("in {} s, of {events} events: {}", over.as_secs(), parts.join(", ")))
    }
}
