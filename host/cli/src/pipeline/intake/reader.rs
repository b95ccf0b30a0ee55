//! The reading side: a thread that waits for a stream or a stop.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Shared;
use crate::stream::{Beginning, Stream};

/// Bytes of one read.
const READ_BYTES: usize = 128 << 10;

/// After a stop, most bytes to take of what lies ready; a stream that never
/// pauses must end too.
const DRAIN_BYTES_MAX: usize = 1 << 20;

/// After a stop, how long to wait for more of a line that was begun.
const REST_OF_LINE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

const NO_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Reads streams into what it shares with an intake.
///
/// It reads the descriptors itself: a buffer on the way could hold bytes back
/// that `poll` knows nothing of.
pub(super) struct StreamReader<S, T> {
    streams: S,
    tell: T,
    wake: OwnedFd,
    /// Whether somebody holds the other end of `wake`.
    stoppable: bool,
    shared: Arc<Shared>,
    line_bytes_max: usize,
    /// The last byte that was read is not a newline.
    mid_line: bool,
    /// The stream that is read, from 0.
    stream: usize,
    beginning: Beginning,
    /// Bytes of the sources of streams that have ended.
    source_bytes: u64,
}

/// What a read gave.
enum ReadResult {
    Bytes(usize),
    /// Nothing, at the moment.
    Nothing,
    End,
}

/// Why nothing more is read of a stream.
#[derive(PartialEq, Eq)]
enum StreamEnd {
    EndOfStream,
    /// The intake was stopped.
    Stopped,
}

impl<S: Iterator<Item = io::Result<Stream>>, T: FnMut(usize, &str)> StreamReader<S, T> {
    /// A reader that stops when there is something to read on `wake`.
    pub(super) fn new(streams: S, wake: OwnedFd, shared: Arc<Shared>, line_bytes_max: usize, tell: T) -> Self {
        let (stream, beginning) = (0, Beginning::default());
        Self {
            streams,
            tell,
            wake,
            stoppable: true,
            shared,
            line_bytes_max,
            mid_line: false,
            stream,
            beginning,
            source_bytes: 0,
        }
    }

    /// Reads to the end of the last stream, or to a stop.
    pub(super) fn run(mut self) {
        let result = self.read_all();
        self.shared.end(result);
    }

    fn read_all(&mut self) -> io::Result<()> {
        let mut bytes = vec![0; READ_BYTES];
        while let Some(stream) = self.streams.next() {
            self.mid_line = false;
            self.beginning = Beginning::default();
            let mut stream = stream?;
            let end = self.read_stream(&mut stream, &mut bytes);
            if let Some(impression) = self.beginning.end() {
                (self.tell)(self.stream, &impression.to_string());
            }
            if end? == StreamEnd::Stopped {
                break;
            }
            self.source_bytes += stream.source_bytes();
            self.stream += 1;
            self.shared.end_stream();
        }
        Ok(())
    }

    fn read_stream(&mut self, stream: &mut Stream, bytes: &mut [u8]) -> io::Result<StreamEnd> {
        while self.wait_for_input(stream)? {
            match read(stream, bytes)? {
                ReadResult::Bytes(length) => {
                    let so_far = self.source_bytes + stream.source_bytes();
                    self.shared.source_bytes.store(so_far, Ordering::Relaxed);
                    self.hand_over(bytes.get(..length).unwrap_or_default());
                }
                ReadResult::Nothing => {}
                ReadResult::End => return Ok(StreamEnd::EndOfStream),
            }
        }
        self.drain(stream, bytes)?;
        let mut rest = Vec::new();
        let result = self.read_rest_of_line(stream, &mut rest);
        self.hand_over(&rest);
        result.map(|()| StreamEnd::Stopped)
    }

    /// Waits until there is something to read (or the end of it); false if the
    /// intake was stopped.
    fn wait_for_input(&mut self, stream: &Stream) -> io::Result<bool> {
        loop {
            let mut fds = [PollFd::new(stream, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
            let watched = if self.stoppable { 2 } else { 1 };
            match poll(fds.get_mut(..watched).unwrap_or_default(), None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [input, wake] = fds.map(|fd| fd.revents());
            if wake.contains(PollFlags::IN) {
                return Ok(false);
            }
            if !wake.is_empty() {
                // The other end is gone. That is no reason to stop, but poll
                // would report it again and again.
                self.stoppable = false;
            }
            if !input.is_empty() {
                return Ok(true);
            }
        }
    }

    /// Takes what lies ready.
    fn drain(&mut self, stream: &mut Stream, bytes: &mut [u8]) -> io::Result<()> {
        let mut left = DRAIN_BYTES_MAX;
        while left > 0 && is_ready(stream, &NO_TIME)? {
            let most = left.min(bytes.len());
            match read(stream, bytes.get_mut(..most).unwrap_or_default())? {
                ReadResult::Bytes(length) => {
                    self.hand_over(bytes.get(..length).unwrap_or_default());
                    left -= length;
                }
                ReadResult::Nothing | ReadResult::End => break,
            }
        }
        Ok(())
    }

    /// Reads to the end of the line and not a byte further, so that what comes
    /// after it is left to whoever reads the stream next.
    fn read_rest_of_line(&mut self, stream: &mut Stream, rest: &mut Vec<u8>) -> io::Result<()> {
        let mut byte = [0];
        while self.mid_line && rest.len() < self.line_bytes_max && is_ready(stream, &REST_OF_LINE)? {
            match read(stream, &mut byte)? {
                ReadResult::Bytes(_) => {
                    rest.extend_from_slice(&byte);
                    self.mid_line = byte != *b"\n";
                }
                ReadResult::Nothing | ReadResult::End => break,
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, bytes: &[u8]) {
        if let Some(&last) = bytes.last() {
            self.mid_line = last != b'\n';
            if let Some(impression) = self.beginning.push(bytes) {
                (self.tell)(self.stream, &impression.to_string());
            }
            self.shared.hand_over(bytes, self.line_bytes_max);
        }
    }
}

/// Whether there is something to read (or the end of it) within a time.
fn is_ready(stream: &Stream, timeout: &Timespec) -> io::Result<bool> {
    loop {
        match poll(&mut [PollFd::new(stream, PollFlags::IN)], Some(timeout)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn read(stream: &mut Stream, bytes: &mut [u8]) -> io::Result<ReadResult> {
    loop {
        match stream.read(bytes) {
            Ok(0) => return Ok(ReadResult::End),
            Ok(length) => return Ok(ReadResult::Bytes(length)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody made the stream non-blocking and reads it too.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(ReadResult::Nothing),
            Err(error) => return Err(error),
        }
    }
}
