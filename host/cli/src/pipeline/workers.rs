//! The workers of a filter: each takes the next piece of the stream, judges it
//! and hands it on, as many pieces at a time as there are workers.
//!
//! Pieces are numbered as they are taken, and look at the state in that order,
//! so what they give does not depend on the number of workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use firstseen::ledger::Ticket;
use firstseen::{Batch, Detector, Error, Outcome, Worker};

use super::intake::{Chunk, Intake, Piece, ReadError};

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
    /// How many pieces were taken.
    count: u64,
    has_ended: bool,
}

/// A piece for a worker.
struct Job {
    number: u64,
    piece: Result<Piece, ReadError>,
    arrival_ms: i64,
    ticket: Ticket,
}

/// A piece after its worker.
pub(super) struct JobResult {
    /// Its place among all pieces, from 0.
    pub(super) number: u64,
    pub(super) result: Result<EvaluatedPiece, ReadError>,
}

/// A piece, and what became of it.
pub(super) struct EvaluatedPiece {
    pub(super) piece: Piece,
    /// None for a part of a line that is too long to be an event, and after
    /// detection failed.
    pub(super) outcome: Option<Result<Outcome, Error>>,
    /// Whether the worker leaves the module alone.
    pub(super) is_disabled: bool,
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
        let input = Mutex::new(Input { intake, buffers, count: 0, has_ended: false });
        Self { detector, index, now_ms, is_off, input }
    }

    /// Takes pieces and hands them on, to the end of the stream or until nobody
    /// wants them. The worker is made when there is work.
    pub(super) fn run(&self, worker: &mut Option<Worker>, results: &SyncSender<JobResult>) {
        while let Some(Job { number, piece, arrival_ms, ticket }) = self.next() {
            let result = piece.map(|piece| {
                let outcome = self.outcome(&piece, arrival_ms, ticket, worker);
                let is_disabled = worker.as_ref().is_some_and(Worker::disabled);
                EvaluatedPiece { piece, outcome, is_disabled }
            });
            if results.send(JobResult { number, result }).is_err() {
                return;
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        if input.has_ended {
            return None;
        }
        let buffer = input.buffers.recv().ok()?;
        let piece = input.intake.next(buffer).transpose();
        input.has_ended = !matches!(piece, Some(Ok(_)));
        let number = input.count;
        input.count += 1;
        let arrival_ms = self.now_ms.unwrap_or_else(system_time_ms);
        Some(Job { number, piece: piece?, arrival_ms, ticket: self.detector.ticket() })
    }

    fn outcome(
        &self,
        piece: &Piece,
        arrival_ms: i64,
        ticket: Ticket,
        worker: &mut Option<Worker>,
    ) -> Option<Result<Outcome, Error>> {
        let Chunk::Lines(lines) = &piece.chunk else { return None };
        if self.is_off.load(Ordering::Relaxed) {
            return None;
        }
        let batch = Batch { lines, arrival_ms, index: self.index, ids: &[] };
        let outcome = self.evaluate(&batch, ticket, worker);
        if outcome.is_err() {
            // The events are not to blame.
            self.is_off.store(true, Ordering::Relaxed);
        }
        Some(outcome)
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
