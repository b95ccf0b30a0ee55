//! Which alerts wait in a state, without their documents.

use std::collections::BTreeMap;
use std::ops::Bound;

use firstseen_ledger::OutboxSize;

/// The numbers of the alerts that wait, and the bytes of their rows.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    rows: BTreeMap<u64, usize>,
    bytes: u64,
}

impl Outbox {
    pub(crate) fn insert(&mut self, number: u64, bytes: usize) {
        self.bytes += bytes as u64;
        self.rows.insert(number, bytes);
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, number: u64) -> bool {
        let bytes = self.rows.remove(&number);
        self.bytes -= bytes.unwrap_or_default() as u64;
        bytes.is_some()
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        self.rows.contains_key(&number)
    }

    /// The numbers above `after`, in order.
    pub(crate) fn behind(&self, after: Option<u64>) -> impl Iterator<Item = u64> + '_ {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range((start, Bound::Unbounded)).map(|(number, _)| *number)
    }

    pub(crate) fn size(&self) -> OutboxSize {
        OutboxSize { alerts: self.rows.len() as u64, bytes: self.bytes }
    }
}
