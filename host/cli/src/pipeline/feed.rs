//! The feed of a filter: pieces of the streams into the pool, and on to the
//! output in the order of the streams.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{SystemTime, UNIX_EPOCH};

use firstseen::{Batch, Judging, Pool};

use super::intake::{Chunk, Intake, ReadError};

/// Takes pieces of streams and has them judged.
pub(super) struct Feed<'a> {
    pub(super) pool: &'a Pool,
    pub(super) intake: &'a mut Intake,
    /// What the events are bound for.
    pub(super) index: Option<&'a str>,
    /// The arrival time of every batch; the system's clock if none.
    pub(super) now_ms: Option<i64>,
    /// Detection failed as a whole; no batch is submitted any more.
    pub(super) is_off: &'a AtomicBool,
}

/// A piece on its way to the output.
pub(super) struct QueuedPiece {
    /// Which of the streams it is of, from 0.
    pub(super) stream: usize,
    pub(super) chunk: QueuedChunk,
}

/// What a queued piece holds.
pub(super) enum QueuedChunk {
    /// Lines that are being judged.
    Judging(Judging),
    /// Lines that are not, because detection failed before.
    Unjudged(Vec<u8>),
    /// A part of a line that is too long to be an event.
    Overlong { bytes: Vec<u8>, ends: bool },
}

impl Feed<'_> {
    /// Hands pieces on, to the end of the streams or until nobody wants them.
    /// `buffers` has as many as pieces may be on their way: each one needs one.
    pub(super) fn run(mut self, buffers: &Receiver<Vec<u8>>, pieces: &SyncSender<Result<QueuedPiece, ReadError>>) {
        while let Ok(buffer) = buffers.recv() {
            let Some(piece) = self.next(buffer).transpose() else { return };
            let is_last = piece.is_err();
            if pieces.send(piece).is_err() || is_last {
                return;
            }
        }
    }

    fn next(&mut self, buffer: Vec<u8>) -> Result<Option<QueuedPiece>, ReadError> {
        let Some(piece) = self.intake.next(buffer)? else { return Ok(None) };
        let chunk = match piece.chunk {
            Chunk::Lines(lines) if self.is_off.load(Ordering::Relaxed) => QueuedChunk::Unjudged(lines),
            Chunk::Lines(lines) => QueuedChunk::Judging(self.pool.submit(self.batch(lines))),
            Chunk::Overlong { bytes, ends } => QueuedChunk::Overlong { bytes, ends },
        };
        Ok(Some(QueuedPiece { stream: piece.stream, chunk }))
    }

    fn batch(&self, lines: Vec<u8>) -> Batch<'static> {
        let batch = Batch::new(lines, self.now_ms.unwrap_or_else(system_now_ms));
        match self.index {
            Some(index) => batch.bound_for(index),
            None => batch,
        }
    }
}

fn system_now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
