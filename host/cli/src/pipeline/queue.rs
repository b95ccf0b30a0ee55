//! The pieces on their way through a filter, in the order of the streams.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use firstseen::{Judged, JudgingFuture};

use super::intake::{Chunk, Intake, Least, Piece, ReadError};

/// Pieces on their way for each worker: one it judges, one that waits for its
/// place in the output, and work for as long as something else is written.
const PIECES_A_WORKER: usize = 4;

/// Pieces that have come and are not written yet.
pub(super) struct Queue {
    pieces: VecDeque<QueuedPiece>,
    /// How many can be judged side by side.
    workers: usize,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    /// What the intake has ended with.
    end: Option<Result<(), ReadError>>,
}

/// A piece on its way.
pub(super) struct QueuedPiece {
    /// Which of the streams it is of, from 0.
    pub(super) stream: usize,
    pub(super) chunk: QueuedChunk,
}

/// What a queued piece holds.
pub(super) enum QueuedChunk {
    /// Lines that are being judged.
    Judging(JudgingFuture),
    /// What is not: a line that is too long, or lines after detection failed.
    Unjudged(Chunk),
}

/// What a piece holds that may be written.
pub(super) enum PassedChunk {
    Judged(Judged),
    Unjudged(Chunk),
}

/// What is next to be done.
pub(super) enum Event {
    /// A piece came, and there is room for it.
    Came(Piece),
    /// The first piece of a stream (named by its place) is through.
    Through(usize, PassedChunk),
    /// All pieces are through, and no more will come.
    End(Result<(), ReadError>),
}

impl Queue {
    /// An empty queue in front of so many workers.
    pub(super) fn new(workers: usize) -> Self {
        Self { pieces: VecDeque::new(), workers, spare: Vec::new(), end: None }
    }

    /// Puts a piece behind the others.
    pub(super) fn push(&mut self, piece: QueuedPiece) {
        self.pieces.push_back(piece);
    }

    /// Takes the buffer of a piece that was written.
    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        self.spare.push(buffer);
    }

    /// What is next. Workers come first: they are to have work while something is
    /// written.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, intake: &mut Intake) -> Poll<Event> {
        if self.end.is_none() && self.pieces.len() < self.workers * PIECES_A_WORKER {
            // While all are at work, a small piece may as well grow.
            let least = if self.pieces.len() < self.workers { Least::Line } else { Least::Batch };
            let mut spare = self.spare.pop().unwrap_or_default();
            match intake.poll_next(context, least, &mut spare) {
                Poll::Ready(Ok(Some(piece))) => return Poll::Ready(Event::Came(piece)),
                Poll::Ready(Ok(None)) => self.end = Some(Ok(())),
                Poll::Ready(Err(error)) => self.end = Some(Err(error)),
                Poll::Pending => self.spare.push(spare),
            }
        }
        if let Some(first) = self.pieces.pop_front() {
            return self.poll_first(context, first);
        }
        match self.end.take() {
            Some(end) => Poll::Ready(Event::End(end)),
            None => Poll::Pending,
        }
    }

    fn poll_first(&mut self, context: &mut Context<'_>, QueuedPiece { stream, chunk }: QueuedPiece) -> Poll<Event> {
        let passed = match chunk {
            QueuedChunk::Unjudged(chunk) => PassedChunk::Unjudged(chunk),
            QueuedChunk::Judging(mut judging) => match Pin::new(&mut judging).poll(context) {
                Poll::Ready(judged) => PassedChunk::Judged(judged),
                Poll::Pending => {
                    let chunk = QueuedChunk::Judging(judging);
                    self.pieces.push_front(QueuedPiece { stream, chunk });
                    return Poll::Pending;
                }
            },
        };
        Poll::Ready(Event::Through(stream, passed))
    }
}
