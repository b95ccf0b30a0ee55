//! Samples: events of one key in any order.

use std::sync::Arc;

use super::digests::Digests;
use super::{Completed, EventDigest, Meeting, Place, Taken};

/// What there is of the sample of a rule for one key.
///
/// Of each item the last events are kept, as many as there are items: so many are
/// enough to tell whether each item can have one of its own. Elasticsearch does not
/// say which events of several a sample has (`SampleIterator`); here it has the last
/// ones, and the next sample is made of later events alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sampled {
    pub(super) arrivals: u64,
    /// By item, in the order of their places.
    pub(super) items: Vec<Vec<Arc<Taken>>>,
    pub(super) digests: Digests,
}

impl Sampled {
    /// Takes an event, and answers with the sample if there is one for each of
    /// `item_count` items, each at most `window_ms` from the event.
    pub fn advance(&mut self, item_count: usize, window_ms: u64, meeting: &Meeting<'_>) -> Option<Completed> {
        if !self.digests.note(meeting.event) {
            return None;
        }
        self.items.resize(item_count, Vec::new());
        let place = Place { at_ms: meeting.at_ms, tiebreaker: meeting.tiebreaker.clone(), arrival: self.arrivals };
        self.arrivals += 1;
        let taken = Arc::new(Taken { place, event: meeting.event, kept: Arc::clone(meeting.kept) });
        for &item in meeting.items {
            let Some(events) = self.items.get_mut(usize::from(item)) else { continue };
            events.insert(events.partition_point(|other| other.place < taken.place), Arc::clone(&taken));
            let surplus = events.len().saturating_sub(item_count);
            events.drain(..surplus);
        }
        let sample = self.sample(&taken, window_ms)?;
        self.items.iter_mut().for_each(Vec::clear);
        Some(sample.into_iter().map(Some).collect())
    }

    /// Whether no event waits for others.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.items.iter().all(Vec::is_empty)
    }

    /// An event for each item, no two items the same, the last ones first, all of them
    /// within a window with `with`, which is one of them.
    fn sample(&self, with: &Taken, window_ms: u64) -> Option<Vec<Arc<Taken>>> {
        let is_near = |event: &&Arc<Taken>| event.place.at_ms.abs_diff(with.place.at_ms) <= window_ms;
        let mut given: Vec<Option<Arc<Taken>>> = vec![None; self.items.len()];
        for item in 0..self.items.len() {
            let mut asked = Vec::new();
            if !self.give(item, &is_near, &mut given, &mut asked) {
                return None;
            }
        }
        given.into_iter().collect()
    }

    /// Finds an event for an item, if need be one that another item gives up for
    /// another one (an augmenting path of a bipartite matching).
    fn give(
        &self,
        item: usize,
        is_near: &impl Fn(&&Arc<Taken>) -> bool,
        given: &mut Vec<Option<Arc<Taken>>>,
        asked: &mut Vec<EventDigest>,
    ) -> bool {
        let Some(events) = self.items.get(item) else { return false };
        for event in events.iter().rev().filter(is_near) {
            if asked.contains(&event.event) {
                continue;
            }
            asked.push(event.event);
            let holder = given.iter().position(|other| other.as_ref().is_some_and(|other| other.event == event.event));
            let is_free = holder.is_none_or(|holder| self.give(holder, is_near, given, asked));
            if let Some(place) = given.get_mut(item).filter(|_| is_free) {
                *place = Some(Arc::clone(event));
                return true;
            }
        }
        false
    }
}
