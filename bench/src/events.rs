//! The bytes that everyone reads.

use anyhow::Result;
use firstseen_tests::endpoint_events::{Mix, write_events};

/// Size of a batch in bytes, about.
const BATCH_BYTES: usize = 256 << 10;

/// Arrival of the first event, in epoch milliseconds.
const START_MS: i64 = 1_795_500_000_000;

/// Milliseconds from one event to the next.
const STEP_MS: u64 = 10;

/// Generated endpoint events.
pub(crate) struct Events {
    bytes: Vec<u8>,
    /// Where each line ends, after its newline.
    ends: Vec<usize>,
}

/// The first of the events.
#[derive(Clone, Copy)]
pub(crate) struct Portion<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

/// Whole lines that arrive together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lines<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) arrival_ms: i64,
}

impl Events {
    /// The same seed gives the same bytes.
    pub(crate) fn generate(events: u64, seed: u64) -> Result<Self> {
        let mix = Mix { seed, events, install_every: 60, parents: 200, start_ms: START_MS, step_ms: STEP_MS };
        let mut bytes = Vec::new();
        write_events(&mix, &mut bytes)?;
        let ends = memchr::memchr_iter(b'\n', &bytes).map(|newline| newline + 1).collect();
        Ok(Self { bytes, ends })
    }

    /// The first `count` events, all if there are fewer.
    pub(crate) fn first(&self, count: usize) -> Portion<'_> {
        let ends = &self.ends[..count.min(self.ends.len())];
        Portion { bytes: &self.bytes[..ends.last().copied().unwrap_or(0)], ends }
    }

    pub(crate) fn all(&self) -> Portion<'_> {
        self.first(self.ends.len())
    }
}

impl<'a> Portion<'a> {
    /// All lines as they stand.
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Number of events.
    pub(crate) fn len(self) -> usize {
        self.ends.len()
    }

    /// The events, without their newlines.
    pub(crate) fn lines(self) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let line = &self.bytes[start..end - 1];
            start = end;
            line
        })
    }

    /// The events in batches of whole lines.
    pub(crate) fn batches(self) -> impl Iterator<Item = Lines<'a>> {
        let mut start = 0;
        let mut number = 0;
        std::iter::from_fn(move || {
            if start == self.bytes.len() {
                return None;
            }
            let after = self.ends.partition_point(|&end| end <= start + BATCH_BYTES).max(number + 1);
            let lines = Lines {
                bytes: &self.bytes[start..self.ends[after - 1]],
                arrival_ms: START_MS + (number as u64 * STEP_MS) as i64,
            };
            (start, number) = (self.ends[after - 1], after);
            Some(lines)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_all_events_in_whole_lines() {
        let events = Events::generate(1_000, 7).unwrap();
        let batches: Vec<_> = events.all().batches().collect();
        assert!(batches.len() > 10);
        assert!(batches.iter().all(|batch| batch.bytes.len() <= BATCH_BYTES && batch.bytes.ends_with(b"\n")));
        assert_eq!(batches.iter().map(|batch| batch.bytes).collect::<Vec<_>>().concat(), events.all().bytes());
        assert!(batches.is_sorted_by_key(|batch| batch.arrival_ms));
    }

    #[test]
    fn a_portion_is_a_prefix() {
        let events = Events::generate(100, 7).unwrap();
        let portion = events.first(3);
        assert_eq!(portion.len(), 3);
        assert_eq!(portion.lines().count(), 3);
        assert!(events.all().bytes().starts_with(portion.bytes()));
        assert_eq!(portion.lines().map(|line| line.len() + 1).sum::<usize>(), portion.bytes().len());
        assert_eq!(events.first(1_000).len(), 100);
    }
}
