//! The pieces on their way through a filter, in the order of the streams.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::intake::{Chunk, Intake, Least, Piece, ReadError};

/// Pieces that have come and are not written yet; `J` judges one of them.
pub(super) struct Queue<J: Future> {
    pieces: VecDeque<(usize, QueuedChunk<J>)>,
    /// How many can be judged side by side.
    workers: usize,
    /// How many may be on their way.
    pieces_max: usize,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    /// What the intake has ended with.
    end: Option<Result<(), ReadError>>,
}

/// What a piece on its way holds.
pub(super) enum QueuedChunk<J: Future> {
    /// Lines that are being judged.
    Judging(J),
    /// What may be written when its turn comes.
    Passed(PassedChunk<J::Output>),
}

/// What a piece holds that may be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PassedChunk<T> {
    /// Lines, and what came of them.
    Judged(T),
    /// A line that is too long, or lines after detection failed.
    Unjudged(Chunk),
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Next<T> {
    /// Put a piece that has come into the queue.
    Queue(Piece),
    /// Write what the first piece holds; it is of this stream.
    Write(usize, PassedChunk<T>),
    /// Nothing: all is written, and no more will come.
    End(Result<(), ReadError>),
}

impl<J: Future + Unpin> Queue<J> {
    /// An empty queue in front of so many workers.
    pub(super) fn new(workers: usize) -> Self {
        // For each worker the one it judges, the next one, and one that waits for
        // its place in the output; the first waits for nobody.
        let pieces_max = (3 * workers).saturating_sub(1);
        Self { pieces: VecDeque::new(), workers, pieces_max, spare: Vec::new(), end: None }
    }

    /// Puts lines of a stream that are being judged behind all others.
    pub(super) fn push_judging(&mut self, stream: usize, judging: J) {
        self.pieces.push_back((stream, QueuedChunk::Judging(judging)));
    }

    /// The same with a piece that is not judged.
    pub(super) fn push_unjudged(&mut self, piece: Piece) {
        self.pieces.push_back((piece.stream, QueuedChunk::Passed(PassedChunk::Unjudged(piece.chunk))));
    }

    /// Takes the buffer of a piece that was written.
    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        self.spare.push(buffer);
    }

    /// All that was not written.
    pub(super) fn into_rest(self) -> impl Iterator<Item = QueuedChunk<J>> {
        self.pieces.into_iter().map(|(_, chunk)| chunk)
    }

    /// What is next. What has come goes first: workers are to have something to
    /// do while something else is written.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, intake: &mut Intake) -> Poll<Next<J::Output>> {
        let judging = self.poll_judging(context);
        if self.end.is_none() && self.pieces.len() < self.pieces_max {
            // While all workers are busy, a small piece may as well grow.
            let least = if judging < self.workers { Least::Line } else { Least::Batch };
            let mut spare = self.spare.pop().unwrap_or_default();
            match intake.poll_next(context, least, &mut spare) {
                Poll::Ready(Ok(Some(piece))) => return Poll::Ready(Next::Queue(piece)),
                Poll::Ready(Ok(None)) => self.end = Some(Ok(())),
                Poll::Ready(Err(error)) => self.end = Some(Err(error)),
                Poll::Pending => self.spare.push(spare),
            }
        }
        match self.pieces.pop_front() {
            Some((stream, QueuedChunk::Passed(chunk))) => Poll::Ready(Next::Write(stream, chunk)),
            Some(judging) => {
                self.pieces.push_front(judging);
                Poll::Pending
            }
            None => self.end.take().map_or(Poll::Pending, |end| Poll::Ready(Next::End(end))),
        }
    }

    /// Answers with how many pieces are still being judged.
    fn poll_judging(&mut self, context: &mut Context<'_>) -> usize {
        let mut pending = 0;
        for (_, chunk) in &mut self.pieces {
            if let QueuedChunk::Judging(judging) = chunk {
                match Pin::new(judging).poll(context) {
                    Poll::Ready(judged) => *chunk = QueuedChunk::Passed(PassedChunk::Judged(judged)),
                    Poll::Pending => pending += 1,
                }
            }
        }
        pending
    }
}
