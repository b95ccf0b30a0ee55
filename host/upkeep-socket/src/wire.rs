//! Lines on a connection, within limits of length and time.

use std::io::{self, BufRead, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Longest line.
pub(crate) const LINE_BYTES_MAX: usize = 16 << 20;

/// Longest line that says a version.
const GREETING_BYTES_MAX: usize = 256;

/// The version of what is said.
const VERSION: u32 = 1;

/// What each side says first. More may be in it later.
#[derive(Serialize, Deserialize)]
struct Greeting {
    firstseen_upkeep: u32,
}

/// A stream on which all has to be through at a time.
pub(crate) struct Timed<'s> {
    stream: &'s UnixStream,
    until: Instant,
}

impl<'s> Timed<'s> {
    pub(crate) fn new(stream: &'s UnixStream, time: Duration) -> Self {
        Self { stream, until: Instant::now() + time }
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        match self.until.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(bytes).map_err(timed_out)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the system calls a time that has passed differs.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

/// What was said, as two lines.
///
/// # Errors
///
/// What cannot be said, being too long.
pub(crate) fn lines_of(said: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut lines = serde_json::to_vec(&Greeting { firstseen_upkeep: VERSION })?;
    lines.push(b'\n');
    let greeting_bytes = lines.len();
    serde_json::to_writer(&mut lines, said)?;
    lines.push(b'\n');
    match lines.len() - greeting_bytes {
        ..=LINE_BYTES_MAX => Ok(lines),
        bytes => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{bytes} bytes at once are too many"))),
    }
}

/// Why lines were not read.
pub(crate) enum ReadError {
    Io(io::Error),
    /// They are none of this protocol; the text says why.
    NotUnderstood(String),
}

/// Reads both lines, and answers with the second one.
pub(crate) fn read_lines(mut stream: impl BufRead) -> Result<Vec<u8>, ReadError> {
    let greeting = read_line(&mut stream, GREETING_BYTES_MAX)?;
    let not_understood = |error: serde_json::Error| ReadError::NotUnderstood(error.to_string());
    let Greeting { firstseen_upkeep: version } = serde_json::from_slice(&greeting).map_err(not_understood)?;
    if version != VERSION {
        let cause = format!("the other side speaks version {version}, this one version {VERSION}");
        return Err(ReadError::NotUnderstood(cause));
    }
    read_line(&mut stream, LINE_BYTES_MAX)
}

fn read_line(stream: &mut impl BufRead, bytes_max: usize) -> Result<Vec<u8>, ReadError> {
    let mut line = Vec::new();
    // One byte more shows that it is longer.
    stream.by_ref().take(bytes_max as u64 + 1).read_until(b'\n', &mut line).map_err(ReadError::Io)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        Some(_) if line.len() >= bytes_max => {
            Err(ReadError::NotUnderstood(format!("a line of more than {bytes_max} bytes")))
        }
        // It breaks off.
        _ => Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into())),
    }
}
