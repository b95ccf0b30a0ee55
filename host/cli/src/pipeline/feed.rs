//! The feed of a filter: pieces of the stream into the pool, and on to the output
//! in the order of the stream.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{SystemTime, UNIX_EPOCH};

use super::intake::{Chunk, Intake};
use firstseen::{Batch, Judging, Pool};

/// Takes pieces of a stream and has them judged.
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

/// A piece of the stream, on its way to the output.
pub(super) enum Piece {
    /// Lines that are being judged.
    Judging(Judging),
    /// Lines that are not, because detection failed before.
    Unjudged(Vec<u8>),
    /// A part of a line that is too long to be an event.
    Overlong { bytes: Vec<u8>, ends: bool },
    /// The stream cannot be read any further.
    Unread(io::Error),
}

impl Feed<'_> {
    /// Hands pieces on, to the end of the stream or until nobody wants them.
    /// `buffers` has as many as pieces may be on their way: each one needs one.
    pub(super) fn run(mut self, buffers: &Receiver<Vec<u8>>, pieces: &SyncSender<Piece>) {
        while let Ok(buffer) = buffers.recv() {
            let piece = match self.intake.next(buffer) {
                Ok(Some(Chunk::Lines(lines))) => self.piece(lines),
                Ok(Some(Chunk::Overlong { bytes, ends })) => Piece::Overlong { bytes, ends },
                Ok(None) => return,
                Err(error) => Piece::Unread(error),
            };
            let is_last = matches!(piece, Piece::Unread(_));
            if pieces.send(piece).is_err() || is_last {
                return;
            }
        }
    }

    fn piece(&mut self, lines: Vec<u8>) -> Piece {
        if self.is_off.load(Ordering::Relaxed) {
            return Piece::Unjudged(lines);
        }
        let batch = Batch::new(lines, self.now_ms.unwrap_or_else(system_now_ms));
        let batch = match self.index {
            Some(index) => batch.bound_for(index),
            None => batch,
        };
        Piece::Judging(self.pool.submit(batch))
    }
}

fn system_now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
