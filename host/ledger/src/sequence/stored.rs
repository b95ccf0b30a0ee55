//! What is kept of the sequences of a key, as bytes.
//!
//! Unfinished sequences share events, so each event is written once, and a number
//! stands for it elsewhere.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::late::Waiting;
use super::progress::{Held, Intruders, Partial};
use super::{Deadline, EventDigest, Kept, Place, Progress, Sampled, Taken, Tiebreaker};

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
        events: Vec<StoredEvent>,
        partials: Vec<Option<StoredPartial>>,
        until: Option<Place>,
        intruders: Vec<[Option<i64>; 2]>,
        held: Vec<(StoredPartial, i64, i64)>,
        digests: Vec<EventDigest>,
        waiting: Vec<StoredWaiting>,
        through: Option<(i64, Tiebreaker)>,
    },
    Sample {
        arrivals: u64,
        events: Vec<StoredEvent>,
        items: Vec<Vec<u32>>,
        digests: Vec<EventDigest>,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredWaiting {
    at_ms: i64,
    tiebreaker: Tiebreaker,
    event: EventDigest,
    kept: Kept,
    items: Vec<u16>,
    is_until: bool,
    deadline: Deadline,
}

#[derive(Serialize, Deserialize)]
struct StoredEvent {
    place: Place,
    event: EventDigest,
    kept: Kept,
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
                    intruders: progress.intruders.iter().map(|intruders| intruders.0).collect(),
                    held,
                    digests: progress.digests.iter().copied().collect(),
                    waiting: progress.waiting.iter().map(StoredWaiting::of).collect(),
                    through: progress.through.clone(),
                    events: events.stored(),
                }
            }
            Self::Sample(sampled) => {
                let items = sampled.items.iter().map(|item| item.iter().map(|taken| events.number(taken)).collect());
                let items = items.collect();
                Stored::Sample {
                    arrivals: sampled.arrivals,
                    items,
                    digests: sampled.digests.iter().copied().collect(),
                    events: events.stored(),
                }
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
                let events = taken(events);
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
                    intruders: intruders.into_iter().map(Intruders).collect(),
                    digests: digests.into(),
                    waiting: waiting.into_iter().map(StoredWaiting::read).collect(),
                    through,
                })
            }
            Stored::Sample { arrivals, events, items, digests } => {
                let events = taken(events);
                let item = |numbers: Vec<u32>| numbers.into_iter().map(|number| at(&events, number)).collect();
                let items = items.into_iter().map(item).collect::<Option<_>>()?;
                Self::Sample(Sampled { arrivals, items, digests: digests.into() })
            }
        })
    }
}

fn taken(events: Vec<StoredEvent>) -> Vec<Arc<Taken>> {
    let taken = |StoredEvent { place, event, kept }| Arc::new(Taken { place, event, kept: Arc::new(kept) });
    events.into_iter().map(taken).collect()
}

fn at(events: &[Arc<Taken>], number: u32) -> Option<Arc<Taken>> {
    events.get(number as usize).cloned()
}

impl StoredWaiting {
    fn of(waiting: &Waiting) -> Self {
        let Waiting { at_ms, tiebreaker, event, kept, items, is_until, deadline } = waiting.clone();
        Self { at_ms, tiebreaker, event, kept: Kept::clone(&kept), items, is_until, deadline }
    }

    fn read(self) -> Waiting {
        let Self { at_ms, tiebreaker, event, kept, items, is_until, deadline } = self;
        Waiting { at_ms, tiebreaker, event, kept: Arc::new(kept), items, is_until, deadline }
    }
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
struct Events<'e>(Vec<&'e Taken>);

impl<'e> Events<'e> {
    fn number(&mut self, taken: &'e Taken) -> u32 {
        let known = self.0.iter().position(|known| known.place.arrival == taken.place.arrival);
        known.unwrap_or_else(|| {
            self.0.push(taken);
            self.0.len() - 1
        }) as u32
    }

    fn partial(&mut self, partial: &'e Partial) -> StoredPartial {
        let events = partial.events.iter().map(|taken| self.number(taken)).collect();
        StoredPartial { events, led_by_ms: partial.led_by_ms, is_spoilt: partial.is_spoilt }
    }

    fn stored(self) -> Vec<StoredEvent> {
        let stored = |taken: &Taken| StoredEvent {
            place: taken.place.clone(),
            event: taken.event,
            kept: Kept::clone(&taken.kept),
        };
        self.0.into_iter().map(stored).collect()
    }
}
