//! What a sequence is made of.

use crate::LedgerError;

/// Most items of a sequence, `runs` counted out.
pub const ITEMS_MAX: usize = 256;

/// What a sequence is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequencePlan {
    items: Vec<Item>,
    maxspan_ms: u64,
    first: usize,
    last: usize,
}

/// An item of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// There must be such an event.
    Event,
    /// `![ … ]`: there must be none.
    Missing,
}

impl SequencePlan {
    /// A sequence of these items, `runs` counted out, whose last event comes at most
    /// `maxspan_ms` after its first.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Invalid`] for none or more than [`ITEMS_MAX`] items, and if all
    /// of them are missing ones.
    pub fn new(items: Vec<Item>, maxspan_ms: u64) -> Result<Self, LedgerError> {
        if items.len() > ITEMS_MAX {
            let cause = format!("a sequence of {} items, and {ITEMS_MAX} are allowed", items.len());
            return Err(LedgerError::Invalid(cause));
        }
        let is_event = |item: &Item| *item == Item::Event;
        match (items.iter().position(is_event), items.iter().rposition(is_event)) {
            (Some(first), Some(last)) => Ok(Self { items, maxspan_ms, first, last }),
            _ => Err(LedgerError::Invalid("a sequence without an event".to_owned())),
        }
    }

    /// Its items.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The longest time from its first event to its last, in milliseconds.
    #[must_use]
    pub fn maxspan_ms(&self) -> u64 {
        self.maxspan_ms
    }

    /// The places of the items that are events, in order.
    pub(super) fn stages(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.items.iter().enumerate().filter(|(_, item)| **item == Item::Event).map(|(place, _)| place)
    }

    /// How many items are events: at least one.
    pub(super) fn stage_count(&self) -> usize {
        self.stages().count()
    }

    /// The missing items between the event of a stage and the one before it.
    pub(super) fn missing_before(&self, item: usize) -> impl Iterator<Item = usize> + '_ {
        let is_missing = |place: &usize| self.items.get(*place) == Some(&Item::Missing);
        (0..item).rev().take_while(is_missing)
    }

    /// The missing items ahead of the first event.
    pub(super) fn leading(&self) -> std::ops::Range<usize> {
        0..self.first
    }

    /// The missing items behind the last event.
    pub(super) fn trailing(&self) -> std::ops::Range<usize> {
        self.last + 1..self.items.len()
    }
}
