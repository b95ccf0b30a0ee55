//! The workers of a filter: each takes the next piece of the stream, judges it
//! and hands it on, as many pieces at a time as there are workers.
//!
//! Pieces are numbered as they are taken, and look at the state in that order,
//! so what they give does not depend on the number of workers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::intake::{Chunk, Intake};
use firstseen::Batch;
use firstseen::Detector;
use firstseen::Error;
use firstseen::Outcome;
use firstseen::Worker;
use firstseen::ledger::Ticket;

/// What the workers of a filter have in common.
pub(super) struct Workers<'a> {
    detector: &'a Detector,
    /// What the events are bound for.
    index: Option<&'a str>,
    /// The arrival time of every batch; the system's clock if none.
    now_ms: Option<i64>,
    /// Detection failed as a whole; no batch is evaluated any more.
    is_off: &'a AtomicBool,
    input: Mutex<Input<'a>>,
}

struct Input<'a> {
    intake: &'a mut Intake,
    /// As many as pieces may be on their way: who takes one needs a buffer.
    buffers: Receiver<Vec<u8>>,
    taken: u64,
    has_ended: bool,
}

/// A piece of the stream, on its way through a worker.
struct Taken {
    number: u64,
    piece: io::Result<Chunk>,
    arrival_ms: i64,
    ticket: Ticket,
}

/// A piece that is through.
pub(super) struct Passed {
    /// Its place in the stream, from 0.
    pub(super) number: u64,
    pub(super) piece: Piece,
    /// Whether its worker leaves the module alone.
    pub(super) is_disabled: bool,
}

/// What became of a piece.
pub(super) enum Piece {
    /// Lines that were judged.
    Judged(Vec<u8>, Outcome),
    /// Lines that were not, because detection failed then or before.
    Unjudged(Vec<u8>, Option<Error>),
    /// A part of a line that is too long to be an event.
    Overlong { bytes: Vec<u8>, ends: bool },
    /// The stream cannot be read any further.
    Unread(io::Error),
}

impl<'a> Workers<'a> {
    pub(super) fn new(
        detector: &'a Detector,
        index: Option<&'a str>,
        now_ms: Option<i64>,
        is_off: &'a AtomicBool,
        intake: &'a mut Intake,
        buffers: Receiver<Vec<u8>>,
    ) -> Self {
        let input = Mutex::new(Input { intake, buffers, taken: 0, has_ended: false });
        Self { detector, index, now_ms, is_off, input }
    }

    /// Takes pieces and hands them on, to the end of the stream or until nobody
    /// wants them. The worker is made when there is work.
    pub(super) fn run(&self, worker: &mut Option<Worker>, passed: &SyncSender<Passed>) {
        while let Some(taken) = self.take() {
            let number = taken.number;
            let piece = self.pass(taken, worker);
            let is_disabled = worker.as_ref().is_some_and(Worker::disabled);
            if passed.send(Passed { number, piece, is_disabled }).is_err() {
                return;
            }
        }
    }

    fn take(&self) -> Option<Taken> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        if input.has_ended {
            return None;
        }
        let buffer = input.buffers.recv().ok()?;
        let piece = input.intake.next(buffer).transpose();
        input.has_ended = !matches!(piece, Some(Ok(_)));
        let number = input.taken;
        input.taken += 1;
        let arrival_ms = self.now_ms.unwrap_or_else(system_time_ms);
        Some(Taken { number, piece: piece?, arrival_ms, ticket: self.detector.ticket() })
    }

    fn pass(&self, taken: Taken, worker: &mut Option<Worker>) -> Piece {
        let lines = match taken.piece {
            Ok(Chunk::Lines(lines)) => lines,
            Ok(Chunk::Overlong { bytes, ends }) => return Piece::Overlong { bytes, ends },
            Err(error) => return Piece::Unread(error),
        };
        if self.is_off.load(Ordering::Relaxed) {
            return Piece::Unjudged(lines, None);
        }
        let batch = Batch { lines: &lines, arrival_ms: taken.arrival_ms, index: self.index, ids: &[] };
        match self.evaluate(&batch, taken.ticket, worker) {
            Ok(outcome) => Piece::Judged(lines, outcome),
            Err(error) => {
                // The events are not to blame.
                self.is_off.store(true, Ordering::Relaxed);
                Piece::Unjudged(lines, Some(error))
            }
        }
    }

    fn evaluate(&self, batch: &Batch<'_>, ticket: Ticket, worker: &mut Option<Worker>) -> Result<Outcome, Error> {
        let chosen = worker.get_or_insert_with(|| Worker::idle(self.detector.clone()));
        // Others wait for this piece, so it must be handed on whatever happens.
        let evaluate = AssertUnwindSafe(|| chosen.evaluate_in_order(batch, ticket));
        catch_unwind(evaluate).unwrap_or_else(|_| {
            *worker = None;
            Err(Error::Panicked)
        })
    }
}

/// Now, in epoch milliseconds.
fn system_time_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
