//! The time of an event.

use core::fmt;

use firstseen_query::{Layout, Scalar, Slot, is_forbidden};

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
    timestamp_override: Option<TimeField>,
    overridden_by_ingest: bool,
    timestamp: Option<TimeField>,
}

#[derive(Clone, Debug)]
struct TimeField {
    name: Box<str>,
    slot: Slot,
}

/// Why a rule cannot see an event: it has no time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoTime {
    /// These fields have no value.
    Missing(Vec<String>),
    /// A field has a value that is no time.
    Unreadable {
        /// The field.
        field: String,
        /// Its first value, as it is shown.
        value: String,
    },
}

/// Longest value that is shown, in characters.
const SHOWN_CHARS: usize = 100;

impl TimestampSource {
    pub(super) fn new(fields: &Fields, projection: &mut Projection) -> Self {
        let timestamp_override = fields.timestamp_override.as_deref();
        let reads_timestamp = timestamp_override.is_none() || !fields.fallback_disabled;
        Self {
            timestamp_override: timestamp_override.map(|field| TimeField::new(field, projection)),
            overridden_by_ingest: timestamp_override == Some("event.ingested"),
            timestamp: reads_timestamp.then(|| TimeField::new("@timestamp", projection)),
        }
    }

    /// The time of an event in epoch milliseconds.
    ///
    /// # Errors
    ///
    /// Why the rule cannot see the event: it has none of the fields, or what they
    /// hold is no time.
    pub fn time_ms(&self, event: &Slots<'_, '_>, clock: Clock, arrival_ms: i64) -> Result<i64, NoTime> {
        let read = |field: &Option<TimeField>| earliest_ms(event, field.as_ref()?.slot);
        if let Some(time_ms) = read(&self.timestamp_override) {
            return Ok(time_ms);
        }
        if self.overridden_by_ingest && clock == Clock::Arrival {
            return Ok(arrival_ms);
        }
        read(&self.timestamp).ok_or_else(|| self.no_time(event))
    }

    fn no_time(&self, event: &Slots<'_, '_>) -> NoTime {
        let fields = self.timestamp_override.iter().chain(&self.timestamp);
        let unreadable = fields.clone().find_map(|TimeField { name, slot }| {
            let value = shown(event.values(*slot).next()?);
            Some(NoTime::Unreadable { field: name.to_string(), value })
        });
        unreadable.unwrap_or_else(|| NoTime::Missing(fields.map(|field| field.name.to_string()).collect()))
    }
}

impl TimeField {
    fn new(name: &str, projection: &mut Projection) -> Self {
        Self { name: name.into(), slot: projection.values(name) }
    }
}

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(fields) => {
                let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
                write!(f, "has no value in {}, so the rule cannot see it", fields.join(" or "))
            }
            Self::Unreadable { field, value } => {
                write!(f, "has in `{field}` what is no time, `{value}`, so the rule cannot see it")
            }
        }
    }
}

/// The beginning of a value, fit to be shown on one line.
fn shown(value: Scalar<'_>) -> String {
    let text = value.text();
    let fit = |c: char| if c.is_control() || is_forbidden(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(SHOWN_CHARS).map(fit).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// The smallest time in a field, as Kibana's combined timestamp takes it.
pub(super) fn earliest_ms(event: &Slots<'_, '_>, slot: Slot) -> Option<i64> {
    let parse = |value: Scalar<'_>| match value {
        Scalar::String(text) => parse_timestamp(&text.decode()),
        Scalar::Number(text) => parse_timestamp(text),
        Scalar::Bool(_) => None,
    };
    event.values(slot).filter_map(parse).min()
}
