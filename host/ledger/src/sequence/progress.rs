//! How far the sequences of a rule have come for one key.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::digests::Digests;
use super::late::Waiting;
use super::{EventDigest, Kept, Place, SequencePlan, Taken, Tiebreaker};

/// Most sequences of a key that wait for what must not come.
const HELD_MAX: usize = 1_000;

/// How far the sequences of a rule have come for one key.
///
/// Of the unfinished sequences that end at the same stage only the latest is kept.
/// That is enough as long as events come in order: whichever event goes on with it
/// would also remove all older ones (Elasticsearch's `SequenceMatcher`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub(super) arrivals: u64,
    /// By stage, that is by items that are events.
    pub(super) partials: Vec<Option<Partial>>,
    /// The latest event that ends what is unfinished.
    pub(super) until: Option<Place>,
    /// By item, of the missing ones: when such events were.
    pub(super) intruders: Vec<Intruders>,
    /// In the order in which they were completed.
    pub(super) held: Vec<Held>,
    pub(super) digests: Digests,
    /// Events that wait for those before them, in order.
    pub(super) waiting: Vec<Waiting>,
    /// The last place of those that have waited.
    pub(super) through: Option<(i64, Tiebreaker)>,
}

/// A sequence that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partial {
    /// Time of its first event.
    pub(super) first_ms: i64,
    /// Where its last event stands.
    pub(super) last: Place,
    pub(super) events: Vec<Arc<Taken>>,
    /// The last event ahead of it that a leading missing item means.
    pub(super) led_by_ms: Option<i64>,
    /// Whether something stands between its events that must not.
    pub(super) is_spoilt: bool,
}

/// The last two different times of events that must not be there, the later one
/// first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intruders(pub(super) [Option<i64>; 2]);

/// A sequence that is complete, unless what must not come behind it still comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) partial: Partial,
    /// The last time of an event that spoils it.
    pub(super) until_ms: i64,
    /// The arrival time from which on none is waited for.
    pub(super) due_ms: i64,
}

/// An event, and what it is for a key.
#[derive(Debug, Clone, Copy)]
pub struct Meeting<'m> {
    /// Time of the event in epoch milliseconds.
    pub at_ms: i64,
    /// What decides between events of one time.
    pub tiebreaker: &'m Tiebreaker,
    /// Which event it is.
    pub event: EventDigest,
    /// What is kept of it if it is taken.
    pub kept: &'m Arc<Kept>,
    /// The items that it meets, in ascending order.
    pub items: &'m [u16],
    /// Whether it ends what is unfinished.
    pub is_until: bool,
}

/// The events of a complete sequence, by item; none for a missing one.
pub type Completed = Vec<Option<Arc<Taken>>>;

impl Progress {
    /// Goes on with an event of a batch that arrived at `arrival_ms`, and answers with
    /// the sequences that are complete. An event that it has met already changes
    /// nothing.
    pub fn advance(&mut self, plan: &SequencePlan, meeting: &Meeting<'_>, arrival_ms: i64) -> Vec<Completed> {
        if !self.digests.note(meeting.event) {
            return Vec::new();
        }
        self.partials.resize(plan.stage_count(), None);
        self.intruders.resize(plan.items().len(), Intruders::default());
        let place = Place { at_ms: meeting.at_ms, tiebreaker: meeting.tiebreaker.clone(), arrival: self.arrivals };
        self.arrivals += 1;
        let mut completed = self.settle(plan, place.at_ms, |item| meeting.meets(item));
        let stages: Vec<usize> = plan.stages().collect();
        // From the last stage to the first: no event follows itself.
        for (stage, item) in stages.into_iter().enumerate().rev() {
            if !meeting.meets(item) {
                continue;
            }
            let taken =
                || Arc::new(Taken { place: place.clone(), event: meeting.event, kept: Arc::clone(meeting.kept) });
            let partial = match stage.checked_sub(1) {
                None => Some(self.begin(plan, taken())),
                Some(before) => self.go_on(plan, before, item, &place, taken),
            };
            let Some(partial) = partial else { continue };
            if stage + 1 == plan.stage_count() {
                completed.extend(self.complete(plan, partial, arrival_ms));
            } else if let Some(latest) = self.partials.get_mut(stage)
                && latest.as_ref().is_none_or(|latest| latest.last < partial.last)
            {
                *latest = Some(partial);
            }
        }
        for item in plan.items().iter().enumerate().filter(|(item, _)| meeting.meets(*item)).map(|(item, _)| item) {
            if let Some(intruders) = self.intruders.get_mut(item) {
                intruders.note(place.at_ms);
            }
        }
        if meeting.is_until && self.until.as_ref().is_none_or(|until| *until < place) {
            self.until = Some(place);
        }
        completed
    }

    /// The sequences that were held back until now, and are complete as nothing is
    /// waited for any longer: by arrival, or by a time that events have passed, or
    /// because nothing follows.
    pub fn release(&mut self, plan: &SequencePlan, is_over: impl Fn(Deadline) -> bool) -> Vec<Completed> {
        // What waits to be judged may still be what must not come.
        let waits_ms = self.waiting.first().map(|first| first.at_ms);
        let over = |held: &mut Held| {
            waits_ms.is_none_or(|at_ms| at_ms > held.until_ms)
                && is_over(Deadline { due_ms: held.due_ms, until_ms: held.until_ms })
        };
        self.held.extract_if(.., over).map(|held| held.partial.completed(plan)).collect()
    }

    /// Until when those that are held back are, and events that wait.
    pub fn deadlines(&self) -> impl Iterator<Item = Deadline> + '_ {
        let held = self.held.iter().map(|held| Deadline { due_ms: held.due_ms, until_ms: held.until_ms });
        held.chain(self.waiting.iter().map(|waiting| waiting.deadline))
    }

    /// Takes a complete sequence back, to be released from `now_ms` on.
    pub fn hold(&mut self, events: Completed, now_ms: i64) {
        let events: Vec<Arc<Taken>> = events.into_iter().flatten().collect();
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
        let (first_ms, last) = (first.place.at_ms, last.place.clone());
        let partial = Partial { first_ms, last, events, led_by_ms: None, is_spoilt: false };
        self.held.push(Held { partial, until_ms: i64::MIN, due_ms: now_ms });
    }

    /// Whether nothing is under way, and nothing that is known could matter for what
    /// comes later in order.
    #[must_use]
    pub fn is_idle(&self, plan: &SequencePlan) -> bool {
        let is_led = |item: usize| self.intruders.get(item).is_some_and(|intruders| intruders.0[0].is_some());
        self.waiting.is_empty()
            && self.partials.iter().all(Option::is_none)
            && self.held.is_empty()
            && !plan.leading().any(is_led)
    }

    /// What the time of an event of the key, and what it is, decide about sequences
    /// that are held back.
    fn settle(&mut self, plan: &SequencePlan, at_ms: i64, meets: impl Fn(usize) -> bool) -> Vec<Completed> {
        let is_unwanted = plan.trailing().any(meets);
        let completed = self.release(plan, |deadline| at_ms > deadline.until_ms);
        if is_unwanted {
            // At the same millisecond it is not behind the last event.
            self.held.retain(|held| at_ms <= held.partial.last.at_ms);
        }
        completed
    }

    fn begin(&self, plan: &SequencePlan, taken: Arc<Taken>) -> Partial {
        let at_ms = taken.place.at_ms;
        let led_by_ms = plan.leading().filter_map(|item| self.intruders.get(item)?.last_before(at_ms)).max();
        Partial { first_ms: at_ms, last: taken.place.clone(), events: vec![taken], led_by_ms, is_spoilt: false }
    }

    /// Takes the partial of the stage before, and older ones with it: what may not go
    /// on is gone too.
    fn go_on(
        &mut self,
        plan: &SequencePlan,
        before: usize,
        item: usize,
        place: &Place,
        taken: impl FnOnce() -> Arc<Taken>,
    ) -> Option<Partial> {
        let slot = self.partials.get_mut(before)?;
        if slot.as_ref()?.last >= *place {
            return None;
        }
        let mut partial = slot.take()?;
        if place.at_ms.abs_diff(partial.first_ms) > plan.maxspan_ms() {
            return None;
        }
        if self.until.as_ref().is_some_and(|until| partial.last <= *until && until < place) {
            return None;
        }
        let last_ms = partial.last.at_ms;
        let mut missing = plan.missing_before(item).filter_map(|item| self.intruders.get(item));
        partial.is_spoilt |=
            missing.any(|intruders| intruders.last_before(place.at_ms).is_some_and(|at_ms| at_ms > last_ms));
        partial.last = place.clone();
        partial.events.push(taken());
        Some(partial)
    }

    /// What a sequence that has all its events comes to.
    fn complete(&mut self, plan: &SequencePlan, partial: Partial, arrival_ms: i64) -> Option<Completed> {
        let (first_ms, last_ms) = (partial.first_ms, partial.last.at_ms);
        if partial.is_spoilt {
            return None;
        }
        let since_ms = match (plan.leading().is_empty(), plan.trailing().is_empty()) {
            (_, true) => {
                let is_led =
                    partial.led_by_ms.is_some_and(|led_by_ms| last_ms.abs_diff(led_by_ms) <= plan.maxspan_ms());
                return (!is_led).then(|| partial.completed(plan));
            }
            (true, false) => Some(first_ms),
            // The gap between what leads and what trails is what counts.
            (false, false) => partial.led_by_ms,
        };
        let Some(until_ms) = since_ms.map(|since_ms| since_ms.saturating_add_unsigned(plan.maxspan_ms())) else {
            return Some(partial.completed(plan));
        };
        if until_ms <= last_ms {
            return Some(partial.completed(plan));
        }
        if self.held.len() >= HELD_MAX {
            self.held.remove(0);
        }
        let due_ms = arrival_ms.saturating_add_unsigned(until_ms.abs_diff(last_ms));
        self.held.push(Held { partial, until_ms, due_ms });
        None
    }
}

/// Until when something is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// By arrival: the time of a batch from which on it is over, in epoch milliseconds.
    pub due_ms: i64,
    /// By the time of events: the last one that counts.
    pub until_ms: i64,
}

impl Meeting<'_> {
    fn meets(&self, item: usize) -> bool {
        u16::try_from(item).is_ok_and(|item| self.items.binary_search(&item).is_ok())
    }
}

impl Partial {
    fn completed(self, plan: &SequencePlan) -> Completed {
        let mut completed = vec![None; plan.items().len()];
        for (item, taken) in plan.stages().zip(self.events) {
            if let Some(place) = completed.get_mut(item) {
                *place = Some(taken);
            }
        }
        completed
    }
}

impl Intruders {
    fn note(&mut self, at_ms: i64) {
        let Self([last, before]) = self;
        match *last {
            Some(known) if known == at_ms => {}
            Some(known) if known > at_ms => *before = (*before).max(Some(at_ms)),
            known => (*last, *before) = (Some(at_ms), known),
        }
    }

    /// The last one before a time, as far as it is known.
    fn last_before(&self, at_ms: i64) -> Option<i64> {
        self.0.into_iter().flatten().find(|&time_ms| time_ms < at_ms)
    }
}
