//! Cutting streams into batches of whole lines.
//!
//! A thread reads one stream after the other, the pipeline takes. Whatever whole
//! lines have come while a batch was evaluated make the next one: a slow stream
//! is passed on line by line, a fast one in large batches. No batch is of two
//! streams.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use self::reader::StreamReader;
use crate::stream::{BYTE_ORDER_MARK, Stream};

mod reader;

/// When the reader pauses: enough for a batch is waiting.
const BATCH_BYTES: usize = 256 << 10;

/// A piece of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Which of the streams it is of, from 0.
    pub(crate) stream: usize,
    pub(crate) chunk: Chunk,
}

/// What a piece holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Whole lines; the last line of a stream may lack its newline.
    Lines(Vec<u8>),
    /// A part of a line that is too long to be an event. `ends` says whether it
    /// is the line's last part.
    Overlong { bytes: Vec<u8>, ends: bool },
    /// A byte order mark at the beginning of a stream, which is no part of its
    /// first line.
    Mark(Vec<u8>),
}

/// A stream cannot be opened, or not be read any further.
#[derive(Debug)]
pub(crate) struct ReadError {
    /// Which of the streams, from 0.
    pub(crate) stream: usize,
    pub(crate) cause: io::Error,
}

/// The receiving side of streams.
pub(crate) struct Intake {
    shared: Arc<Shared>,
    line_bytes_max: usize,
    /// The stream of the last piece.
    stream: usize,
    within_overlong: bool,
    /// Nothing of the stream was taken yet.
    at_beginning: bool,
}

/// Ends an intake from outside, for example on a signal: what was read by then,
/// or lies ready to be read, is still delivered, to the end of its last line.
pub(crate) struct Stopper(OwnedFd);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something was taken.
    has_room: Condvar,
    bytes_read: AtomicU64,
    source_bytes: AtomicU64,
}

#[derive(Default)]
struct State {
    /// What was read and not taken yet, of one stream.
    buffer: Vec<u8>,
    has_newline: bool,
    /// Which stream it is of, from 0.
    stream: usize,
    /// Nothing more will come of this stream.
    stream_ended: bool,
    /// Nothing more will come at all.
    ended: bool,
    error: Option<io::Error>,
    /// Who waits for something to come.
    waiting: Option<Waiting>,
}

struct Waiting {
    waker: Waker,
    least: Least,
}

/// How much must have come to make a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Least {
    /// A line.
    Line,
    /// As much as a batch holds: nobody has time for less.
    Batch,
}

impl Intake {
    /// Starts reading streams, each opened when the one before it has ended. `tell`
    /// is told, by a thread of the intake's, which of them seems to be something else
    /// than events, and what.
    ///
    /// # Errors
    ///
    /// When no thread or pipe can be had.
    pub(crate) fn start(
        streams: impl Iterator<Item = io::Result<Stream>> + Send + 'static,
        line_bytes_max: usize,
        tell: impl FnMut(usize, &str) + Send + 'static,
    ) -> io::Result<(Self, Stopper)> {
        let shared = Arc::new(Shared::default());
        let (wake, stopper) = rustix::pipe::pipe()?;
        let reader = StreamReader::new(streams, wake, Arc::clone(&shared), line_bytes_max, tell);
        std::thread::Builder::new().name("firstseen-reader".to_owned()).spawn(move || reader.run())?;
        let intake = Self { shared, line_bytes_max, stream: 0, within_overlong: false, at_beginning: true };
        Ok((intake, Stopper(stopper)))
    }

    /// Bytes of the streams' sources so far: of compressed files as they lie there.
    pub(crate) fn source_bytes(&self) -> u64 {
        self.shared.source_bytes.load(Ordering::Relaxed)
    }

    /// Bytes read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.shared.bytes_read.load(Ordering::Relaxed)
    }

    /// How many lines have come and were not taken yet.
    pub(crate) fn lines_waiting(&self) -> u64 {
        memchr::memchr_iter(b'\n', &self.shared.lock().buffer).count() as u64
    }

    /// Waits for the next piece; `None` at the end of the last stream. `spare` is
    /// the buffer of an earlier piece, to be used again.
    ///
    /// # Errors
    ///
    /// What reading a stream gave, after all that came before it.
    pub(crate) fn next(&mut self, mut spare: Vec<u8>) -> Result<Option<Piece>, ReadError> {
        pollster::block_on(poll_fn(|context| self.poll_next(context, Least::Line, &mut spare)))
    }

    /// The same, without waiting. What is in `spare` is lost if it is used.
    pub(crate) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        least: Least,
        spare: &mut Vec<u8>,
    ) -> Poll<Result<Option<Piece>, ReadError>> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        if !self.is_ready(&state, least) {
            state.waiting = Some(Waiting { waker: context.waker().clone(), least });
            return Poll::Pending;
        }
        Poll::Ready(self.take_next(state, spare))
    }

    fn take_next(&mut self, mut state: MutexGuard<'_, State>, spare: &mut Vec<u8>) -> Result<Option<Piece>, ReadError> {
        let is_through = state.stream != self.stream || state.buffer.is_empty();
        if is_through && std::mem::take(&mut self.within_overlong) {
            // Its last part went out before it was known to be the last.
            let chunk = Chunk::Overlong { bytes: Vec::new(), ends: true };
            return Ok(Some(Piece { stream: self.stream, chunk }));
        }
        self.at_beginning |= self.stream != state.stream;
        self.stream = state.stream;
        if state.buffer.is_empty() {
            let stream = self.stream;
            return state.error.take().map_or(Ok(None), |cause| Err(ReadError { stream, cause }));
        }
        let chunk = self.cut(&mut state, std::mem::take(spare));
        drop(state);
        self.shared.has_room.notify_all();
        Ok(Some(Piece { stream: self.stream, chunk }))
    }

    /// Whether there is a piece, or the end.
    fn is_ready(&self, state: &State, least: Least) -> bool {
        state.holds(least, self.line_bytes_max)
            || (state.stream_ended && !state.buffer.is_empty())
            || (state.stream != self.stream && self.within_overlong)
            || state.ended
    }

    fn cut(&mut self, state: &mut State, spare: Vec<u8>) -> Chunk {
        if std::mem::take(&mut self.at_beginning) && state.buffer.starts_with(BYTE_ORDER_MARK) {
            return Chunk::Mark(take(state, spare, BYTE_ORDER_MARK.len()));
        }
        let is_last = state.stream_ended || state.ended;
        if self.within_overlong {
            let end = memchr::memchr(b'\n', &state.buffer).map(|newline| newline + 1);
            self.within_overlong = end.is_none() && !is_last;
            let bytes = take(state, spare, end.unwrap_or(state.buffer.len()));
            return Chunk::Overlong { bytes, ends: !self.within_overlong };
        }
        match memchr::memrchr(b'\n', &state.buffer) {
            Some(newline) => Chunk::Lines(take(state, spare, newline + 1)),
            None if is_last => Chunk::Lines(take(state, spare, state.buffer.len())),
            None => {
                self.within_overlong = true;
                Chunk::Overlong { bytes: take(state, spare, state.buffer.len()), ends: false }
            }
        }
    }
}

/// Takes the first `end` bytes; the rest, a part of a line as a rule, is copied
/// to `spare`, not the batch.
fn take(state: &mut State, mut spare: Vec<u8>, end: usize) -> Vec<u8> {
    spare.clear();
    spare.extend_from_slice(state.buffer.get(end..).unwrap_or_default());
    state.has_newline = memchr::memchr(b'\n', &spare).is_some();
    let mut taken = std::mem::replace(&mut state.buffer, spare);
    taken.truncate(end);
    taken
}

impl Stopper {
    /// Ends the intake.
    pub(crate) fn stop(&self) {
        // The reader polls the other end; if it is gone, all is read already.
        let _ = rustix::io::write(&self.0, b"x");
    }
}

impl State {
    /// Whether so much has come, or a line that is too long.
    fn holds(&self, least: Least, line_bytes_max: usize) -> bool {
        let is_enough = match least {
            Least::Line => true,
            Least::Batch => self.buffer.len() >= BATCH_BYTES,
        };
        self.has_newline && is_enough || self.buffer.len() > line_bytes_max
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what was read, once there is room for it.
    fn hand_over(&self, bytes: &[u8], line_bytes_max: usize) {
        let mut state = self.lock();
        while state.buffer.len() >= BATCH_BYTES && state.holds(Least::Batch, line_bytes_max) {
            state = self.has_room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.buffer.extend_from_slice(bytes);
        state.has_newline = state.has_newline || memchr::memchr(b'\n', bytes).is_some();
        self.bytes_read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if state.waiting.as_ref().is_some_and(|waiting| state.holds(waiting.least, line_bytes_max)) {
            tell(state);
        }
    }

    /// Notes that nothing more will come of this stream, and waits until what
    /// came is taken.
    fn end_stream(&self) {
        let mut state = self.lock();
        state.stream_ended = true;
        tell(state);
        let mut state = self.lock();
        while !state.buffer.is_empty() {
            state = self.has_room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.stream_ended = false;
        state.stream += 1;
        tell(state);
    }

    /// Notes that nothing more will come.
    fn end(&self, result: io::Result<()>) {
        let mut state = self.lock();
        state.ended = true;
        state.error = result.err();
        tell(state);
    }
}

/// Wakes whoever waits for something to come.
fn tell(mut state: MutexGuard<'_, State>) {
    let waiting = state.waiting.take();
    drop(state);
    if let Some(Waiting { waker, .. }) = waiting {
        waker.wake();
    }
}

#[cfg(test)]
mod tests;
