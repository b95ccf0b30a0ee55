//! What is kept of the sequences of a key, as bytes.
//!
//! Unfinished sequences share events, so each event is written once, and a number
//! stands for it elsewhere.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::digests::Digests;
use super::late::Waiting;
use super::progress::{Held, Intruders, Partial};
use super::{Place, Progress, Sampled, Taken, Tiebreaker};

/// What is kept for one key of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stages {
    /// Of a sequence.
    Sequence(Progress),
    /// Of a sample.
    Sample(Sampled),
}

#[derive(Serialize, Deserialize)]
enum Stored {
    Sequence {
        arrivals: u64,
        events: Vec<Arc<Taken>>,
        partials: Vec<Option<StoredPartial>>,
        until: Option<Place>,
        intruders: Vec<Intruders>,
        held: Vec<(StoredPartial, i64, i64)>,
        digests: Digests,
        waiting: Vec<Waiting>,
        through: Option<(i64, Tiebreaker)>,
    },
    Sample {
        arrivals: u64,
        events: Vec<Arc<Taken>>,
        items: Vec<Vec<u32>>,
        digests: Digests,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredPartial {
    events: Vec<u32>,
    led_by_ms: Option<i64>,
    is_spoilt: bool,
}

impl Stages {
    /// As it is written.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut events = Events::default();
        let stored = match self {
            Self::Sequence(progress) => {
                let partials = progress.partials.iter().map(|partial| partial.as_ref().map(|one| events.partial(one)));
                let partials = partials.collect();
                let held = progress.held.iter().map(|held| (events.partial(&held.partial), held.until_ms, held.due_ms));
                let held = held.collect();
                Stored::Sequence {
                    arrivals: progress.arrivals,
                    partials,
                    until: progress.until.clone(),
                    intruders: progress.intruders.clone(),
                    held,
                    digests: progress.digests.clone(),
                    waiting: progress.waiting.clone(),
                    through: progress.through.clone(),
                    events: events.0,
                }
            }
            Self::Sample(sampled) => {
                let items = sampled.items.iter().map(|item| item.iter().map(|taken| events.number(taken)).collect());
                let items = items.collect();
                Stored::Sample { arrivals: sampled.arrivals, items, digests: sampled.digests.clone(), events: events.0 }
            }
        };
        // Nothing of it can fail: a vector grows, and no value has an unknown length.
        postcard::to_allocvec(&stored).unwrap_or_default()
    }

    /// Reads what [`Stages::to_bytes`] wrote; none for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (stored, rest) = postcard::take_from_bytes(bytes).ok()?;
        if !rest.is_empty() {
            return None;
        }
        Some(match stored {
            Stored::Sequence { arrivals, events, partials, until, intruders, held, digests, waiting, through } => {
                let held = held.into_iter().map(|(partial, until_ms, due_ms)| {
                    Some(Held { partial: partial.read(&events)?, until_ms, due_ms })
                });
                let partial = |partial: Option<StoredPartial>| match partial {
                    Some(partial) => partial.read(&events).map(Some),
                    None => Some(None),
                };
                Self::Sequence(Progress {
                    arrivals,
                    held: held.collect::<Option<_>>()?,
                    partials: partials.into_iter().map(partial).collect::<Option<_>>()?,
                    until,
                    intruders,
                    digests,
                    waiting,
                    through,
                })
            }
            Stored::Sample { arrivals, events, items, digests } => {
                let item = |numbers: Vec<u32>| numbers.into_iter().map(|number| at(&events, number)).collect();
                let items = items.into_iter().map(item).collect::<Option<_>>()?;
                Self::Sample(Sampled { arrivals, items, digests })
            }
        })
    }
}

fn at(events: &[Arc<Taken>], number: u32) -> Option<Arc<Taken>> {
    events.get(number as usize).cloned()
}

impl StoredPartial {
    fn read(self, events: &[Arc<Taken>]) -> Option<Partial> {
        let events: Vec<Arc<Taken>> =
            self.events.into_iter().map(|number| at(events, number)).collect::<Option<_>>()?;
        let (first_ms, last) = (events.first()?.place.at_ms, events.last()?.place.clone());
        Some(Partial { first_ms, last, events, led_by_ms: self.led_by_ms, is_spoilt: self.is_spoilt })
    }
}

/// The events of a key, each once. No two of them are the same arrival.
#[derive(Default)]
struct Events(Vec<Arc<Taken>>);

impl Events {
    fn number(&mut self, taken: &Arc<Taken>) -> u32 {
        let known = self.0.iter().position(|known| known.place.arrival == taken.place.arrival);
        known.unwrap_or_else(|| {
            self.0.push(Arc::clone(taken));
            self.0.len() - 1
        }) as u32
    }

    fn partial(&mut self, partial: &Partial) -> StoredPartial {
        let events = partial.events.iter().map(|taken| self.number(taken)).collect();
        StoredPartial { events, led_by_ms: partial.led_by_ms, is_spoilt: partial.is_spoilt }
    }
}
