//! The time of an event.

use firstseen_query::{Layout, Scalar, Slot};

use super::fields::Fields;
use crate::event::{Projection, Slots};
use crate::time::parse_timestamp;

/// Where the time of an event comes from when it lacks the rule's
/// `timestamp_override` field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// A live pipeline: the arrival time stands for `event.ingested`, which
    /// Elasticsearch would set on arrival.
    #[default]
    Arrival,
    /// A replay: `@timestamp`.
    Event,
}

/// The fields a rule reads an event's time from, in Kibana's order:
/// `timestamp_override`, then `@timestamp` unless the fallback is disabled.
#[derive(Clone, Debug)]
pub struct TimestampSource {
    timestamp_override: Option<Slot>,
    overridden_by_ingest: bool,
    timestamp: Option<Slot>,
}

impl TimestampSource {
    pub(super) fn new(fields: &Fields, projection: &mut Projection) -> Self {
        let timestamp_override = fields.timestamp_override.as_deref();
        let reads_timestamp = timestamp_override.is_none() || !fields.fallback_disabled;
        Self {
            timestamp_override: timestamp_override.map(|field| projection.values(field)),
            overridden_by_ingest: timestamp_override == Some("event.ingested"),
            timestamp: reads_timestamp.then(|| projection.values("@timestamp")),
        }
    }

    /// The time of an event in epoch milliseconds.
    ///
    /// `None` if the rule cannot see the event: it has none of the fields, or
    /// what they hold is no time.
    pub fn time_ms(&self, event: &Slots<'_, '_>, clock: Clock, arrival_ms: i64) -> Option<i64> {
        let read = |slot: Option<Slot>| earliest_ms(event, slot?);
        if let Some(time_ms) = read(self.timestamp_override) {
            return Some(time_ms);
        }
        if self.overridden_by_ingest && clock == Clock::Arrival {
            return Some(arrival_ms);
        }
        read(self.timestamp)
    }
}

/// The smallest time in a field, as Kibana's combined timestamp takes it.
fn earliest_ms(event: &Slots<'_, '_>, slot: Slot) -> Option<i64> {
    let parse = |value: Scalar<'_>| match value {
        Scalar::String(text) => parse_timestamp(&text.decode()),
        Scalar::Number(text) => parse_timestamp(text),
        Scalar::Bool(_) => None,
    };
    event.values(slot).filter_map(parse).min()
}
