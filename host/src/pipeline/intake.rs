//! Cutting a stream into batches of whole lines.
//!
//! A thread reads, the pipeline takes. Whatever whole lines have come while a
//! batch was evaluated make the next one: a slow stream is passed on line by
//! line, a fast one in large batches.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};

/// When the reader pauses: enough for a batch is waiting.
const BATCH_BYTES: usize = 256 << 10;

/// Bytes of one read.
const READ_BYTES: usize = 128 << 10;

/// A piece of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Whole lines; the last line of the stream may lack its newline.
    Lines(Vec<u8>),
    /// A part of a line that is too long to be an event. `ends` says whether it
    /// is the line's last part.
    Overlong { bytes: Vec<u8>, ends: bool },
}

/// The receiving side of a stream.
pub(crate) struct Intake {
    shared: Arc<Shared>,
    line_bytes_max: usize,
    within_overlong: bool,
    /// The buffer that was handed back last.
    spare: Vec<u8>,
}

/// Ends an intake from outside, for example on a signal: what was read by then
/// is still delivered, nothing more is read.
pub(crate) struct Stopper(OwnedFd);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    bytes_read: AtomicU64,
}

#[derive(Default)]
struct State {
    buffer: Vec<u8>,
    has_newline: bool,
    ended: bool,
    error: Option<io::Error>,
}

impl Intake {
    /// Starts reading a stream.
    ///
    /// # Errors
    ///
    /// When no thread or pipe can be had.
    pub(crate) fn start(
        stream: impl Read + AsFd + Send + 'static,
        line_bytes_max: usize,
    ) -> io::Result<(Self, Stopper)> {
        let shared = Arc::new(Shared::default());
        let (wake, stopper) = rustix::pipe::pipe()?;
        let reader = Reader { stream, wake, shared: Arc::clone(&shared), line_bytes_max };
        std::thread::Builder::new().name("firstseen-reader".to_owned()).spawn(move || reader.run())?;
        let intake = Self { shared, line_bytes_max, within_overlong: false, spare: Vec::new() };
        Ok((intake, Stopper(stopper)))
    }

    /// Bytes read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.shared.bytes_read.load(Ordering::Relaxed)
    }

    /// Waits for the next piece; `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// What reading the stream gave, after all that came before it.
    pub(crate) fn next(&mut self) -> io::Result<Option<Chunk>> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        while !(state.has_newline || state.ended || state.buffer.len() > self.line_bytes_max) {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.buffer.is_empty() {
            return state.error.take().map_or(Ok(None), Err);
        }
        let chunk = self.cut(&mut state);
        drop(state);
        shared.changed.notify_all();
        Ok(Some(chunk))
    }

    /// Gives a buffer back for use by a later piece.
    pub(crate) fn recycle(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > self.spare.capacity() {
            buffer.clear();
            self.spare = buffer;
        }
    }

    fn cut(&mut self, state: &mut State) -> Chunk {
        if self.within_overlong {
            let end = memchr::memchr(b'\n', &state.buffer).map(|newline| newline + 1);
            self.within_overlong = end.is_none() && !state.ended;
            let bytes = self.take(state, end.unwrap_or(state.buffer.len()));
            return Chunk::Overlong { bytes, ends: !self.within_overlong };
        }
        match memchr::memrchr(b'\n', &state.buffer) {
            Some(newline) => Chunk::Lines(self.take(state, newline + 1)),
            None if state.ended => Chunk::Lines(self.take(state, state.buffer.len())),
            None => {
                self.within_overlong = true;
                Chunk::Overlong { bytes: self.take(state, state.buffer.len()), ends: false }
            }
        }
    }

    /// Takes the first `end` bytes; the rest, a part of a line as a rule, is
    /// copied, not the batch.
    fn take(&mut self, state: &mut State, end: usize) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.spare);
        rest.clear();
        rest.extend_from_slice(state.buffer.get(end..).unwrap_or_default());
        state.has_newline = memchr::memchr(b'\n', &rest).is_some();
        let mut taken = std::mem::replace(&mut state.buffer, rest);
        taken.truncate(end);
        taken
    }
}

impl Stopper {
    /// Ends the intake.
    pub(crate) fn stop(&self) {
        // The reader polls the other end; if it is gone, all is read already.
        let _ = rustix::io::write(&self.0, b"x");
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Reader<R> {
    stream: R,
    wake: OwnedFd,
    shared: Arc<Shared>,
    line_bytes_max: usize,
}

impl<R: Read + AsFd> Reader<R> {
    fn run(mut self) {
        let result = self.read_all();
        let mut state = self.shared.lock();
        state.ended = true;
        state.error = result.err();
        drop(state);
        self.shared.changed.notify_all();
    }

    fn read_all(&mut self) -> io::Result<()> {
        let mut bytes = vec![0; READ_BYTES];
        loop {
            if !self.wait_for_input()? {
                return Ok(());
            }
            let length = match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.shared.bytes_read.fetch_add(length as u64, Ordering::Relaxed);
            self.hand_over(bytes.get(..length).unwrap_or_default());
        }
    }

    /// Waits until there is something to read (or the end of it); false if the
    /// intake was stopped. Nothing is read that would then be lost.
    fn wait_for_input(&self) -> io::Result<bool> {
        loop {
            let mut fds = [PollFd::new(&self.stream, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [stream, wake] = &fds;
            // The other end closing is no reason to stop.
            if wake.revents().contains(PollFlags::IN) {
                return Ok(false);
            }
            if !stream.revents().is_empty() {
                return Ok(true);
            }
        }
    }

    fn hand_over(&self, bytes: &[u8]) {
        let mut state = self.shared.lock();
        while state.buffer.len() >= BATCH_BYTES && (state.has_newline || state.buffer.len() > self.line_bytes_max) {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.buffer.extend_from_slice(bytes);
        state.has_newline = state.has_newline || memchr::memchr(b'\n', bytes).is_some();
        drop(state);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write;

    fn pieces(input: &[u8], line_bytes_max: usize) -> Vec<Chunk> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let (mut intake, _stopper) = Intake::start(file, line_bytes_max).unwrap();
        std::iter::from_fn(|| intake.next().unwrap()).collect()
    }

    fn bytes(chunks: &[Chunk]) -> Vec<u8> {
        let bytes = |chunk: &Chunk| match chunk {
            Chunk::Lines(bytes) | Chunk::Overlong { bytes, .. } => bytes.clone(),
        };
        chunks.iter().flat_map(bytes).collect()
    }

    #[test]
    fn nothing_is_lost_and_lines_stay_whole() {
        for length in [0, 1, 100, 5_000, 300_000] {
            for lines in [1, 2, 7] {
                let mut input = Vec::new();
                for line in 0..lines {
                    input.extend(std::iter::repeat_n(b'a' + line, length));
                    input.push(b'\n');
                }
                input.extend_from_slice(b"tail");
                let chunks = pieces(&input, 1 << 20);
                assert_eq!(bytes(&chunks), input);
                let whole = |chunk: &Chunk| matches!(chunk, Chunk::Lines(b) if b.ends_with(b"\n") || b == b"tail");
                assert!(chunks.iter().take(chunks.len() - 1).all(whole));
            }
        }
    }

    #[test]
    fn overlong_lines_come_in_parts() {
        let input = [b"x\n".to_vec(), vec![b'y'; 3 << 20], b"\nz\n".to_vec()].concat();
        let chunks = pieces(&input, 1 << 20);
        assert_eq!(bytes(&chunks), input);
        let parts = chunks.iter().filter(|chunk| matches!(chunk, Chunk::Overlong { .. })).count();
        let ends = chunks.iter().filter(|chunk| matches!(chunk, Chunk::Overlong { ends: true, .. })).count();
        assert!(parts >= 2, "{parts}");
        assert_eq!(ends, 1);
    }

    #[test]
    fn a_stopped_intake_delivers_what_it_has_read() {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut writer = File::from(OwnedFd::from(writer));
        let (mut intake, stopper) = Intake::start(File::from(OwnedFd::from(reader)), 1 << 20).unwrap();
        writer.write_all(b"one\ntwo").unwrap();
        assert_eq!(intake.next().unwrap(), Some(Chunk::Lines(b"one\n".to_vec())));
        stopper.stop();
        assert_eq!(intake.next().unwrap(), Some(Chunk::Lines(b"two".to_vec())));
        assert_eq!(intake.next().unwrap(), None);
    }
}
