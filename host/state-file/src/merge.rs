//! The thread that takes changes from memory into the tables.
//!
//! A generation at a time, in one transaction and in the order of the file, so
//! that pages which many changes touch are written once. Commits go on meanwhile,
//! into the next generation and its segment of the journal.

use std::ops::Range;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use super::fault::{Fault, caught};
use super::generation::Generation;
use super::live::Live;
use super::open::begin_write;
use super::tables::{Cursors, WriteTables};
use super::{Shared, journal};

/// Merges one generation after the other until the store is closed, or fails.
pub(super) fn run(shared: &Shared) {
    let mut cursors = Cursors::default();
    while let Some(work) = next(shared) {
        match caught(|| work.merge(shared, &mut cursors)) {
            Ok(()) => {
                journal::remove(&shared.path, work.segments);
                shared.live().note_merged(work.number);
            }
            // The journal stays, for the next start.
            Err(fault) => {
                // Whoever has seen that nothing failed is waiting by now.
                let _live = shared.live();
                shared.fail(&fault.into_error(&shared.path));
            }
        }
        shared.moved.notify_all();
    }
}

/// A generation to be merged, and the numbers that hold at its end.
pub(super) struct Work {
    pub(super) generation: Arc<Generation>,
    pub(super) number: u64,
    pub(super) next_alert: u64,
    /// Segments of the journal that are in the tables when it is.
    pub(super) segments: Range<u64>,
}

/// Waits until a generation is due; `None` when there is nothing more to do.
fn next(shared: &Shared) -> Option<Work> {
    let mut live = shared.live();
    loop {
        if shared.failed.get().is_some() {
            return None;
        }
        let now = Instant::now();
        if live.is_due(&shared.bounds, now) {
            break;
        }
        if live.is_closing {
            return None;
        }
        live = wait(shared, live, now);
    }
    let work = live.turn_over();
    drop(live);
    // Commits that found the generation full may go on.
    shared.moved.notify_all();
    Some(work)
}

fn wait<'a>(shared: &'a Shared, live: MutexGuard<'a, Live>, now: Instant) -> MutexGuard<'a, Live> {
    match live.due_at(&shared.bounds) {
        Some(due_at) => {
            let woken = shared.moved.wait_timeout(live, due_at.saturating_duration_since(now));
            woken.unwrap_or_else(PoisonError::into_inner).0
        }
        None => shared.moved.wait(live).unwrap_or_else(PoisonError::into_inner),
    }
}

impl Work {
    fn merge(&self, shared: &Shared, cursors: &mut Cursors) -> Result<(), Fault> {
        let transaction = begin_write(&shared.db)?;
        {
            let mut tables = WriteTables::open(&transaction)?;
            tables.put(&self.generation)?;
            tables.put_numbers(self.next_alert, self.segments.end)?;
            tables.sweep(cursors, &self.generation)?;
        }
        Ok(transaction.commit()?)
    }
}
