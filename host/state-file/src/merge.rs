//! The thread that takes changes from memory into the table.
//!
//! A generation at a time and in the order of the file, so that pages which many
//! changes touch are written once. Commits go on meanwhile, into the next generation
//! and its segment of the journal.
//!
//! A transaction writes changed pages anew beside those that it replaces, so a large
//! one needs as much room again. Therefore a generation goes in parts: first the rules
//! and all histories but the last part of them, then that and everything else. After a
//! kill in between the journal brings all of it again, which changes nothing.

use std::ops::Range;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::Cause;
use crate::generation::Generation;
use crate::live::Live;
use crate::pages::{begin_write, caught};
use crate::rows::Numbers;
use crate::table::{Cursors, WriteTable};
use crate::{Shared, journal};

/// Histories that are put into the table in one transaction: each may be in a page of
/// its own.
const PART: usize = 8_192;

/// Merges one generation after the other until the store is closed, or fails.
pub(crate) fn run(shared: &Shared) {
    let mut cursors = Cursors::default();
    while let Some(work) = next(shared) {
        match caught(|| work.merge(shared, &mut cursors)) {
            Ok(terms) => {
                journal::remove(&shared.journal, work.segments);
                shared.live().note_merged(work.number, terms);
            }
            // The journal stays, for the next start.
            Err(cause) => {
                // Whoever has seen that nothing failed is waiting by now.
                let _live = shared.live();
                shared.fail(&cause);
            }
        }
        shared.moved.notify_all();
    }
}

/// A generation to be merged, and the numbers that hold at its end.
pub(crate) struct Work {
    pub(crate) generation: Arc<Generation>,
    pub(crate) number: u64,
    pub(crate) id: u64,
    pub(crate) next_alert: u64,
    /// How many the table has before.
    pub(crate) terms: u64,
    /// Segments of the journal that are in the table when it is.
    pub(crate) segments: Range<u64>,
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
    /// Answers with how many terms the table has then.
    fn merge(&self, shared: &Shared, cursors: &mut Cursors) -> Result<u64, Cause> {
        let histories = self.generation.sorted();
        let mut parts = histories.chunks(PART).peekable();
        let mut terms = self.terms;
        while let Some(part) = parts.next().filter(|_| parts.peek().is_some()) {
            let transaction = begin_write(&shared.database)?;
            {
                let mut table = WriteTable::open(&transaction)?;
                table.put_rules(&self.generation)?;
                terms = terms.saturating_add_signed(table.put_histories(part)?);
                table.put_terms(terms)?;
            }
            transaction.commit()?;
            // What it reads of the table is kept for it, and takes room.
            shared.live().renew_snapshot();
        }
        let last = histories.chunks(PART).last().unwrap_or_default();
        let transaction = begin_write(&shared.database)?;
        {
            let mut table = WriteTable::open(&transaction)?;
            table.put_rows(&self.generation)?;
            let grown = table.put_histories(last)? - table.sweep(cursors, &self.generation)?;
            terms = terms.saturating_add_signed(grown);
            let (id, next_alert, first_segment) = (self.id, self.next_alert, self.segments.end);
            table.put_numbers(&Numbers { id, first_segment, next_alert, terms })?;
        }
        transaction.commit()?;
        Ok(terms)
    }
}
