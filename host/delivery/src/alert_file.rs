//! A file that alerts are appended to.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use crate::sink::{Handed, Outgoing, Sink, SinkTrouble};

/// How long a reader is waited for before it is asked again whether to go on.
const READER_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// A file that alerts are appended to, each on a line of its own. What has its name
/// now is what is written, whoever renames or removes it.
pub struct AlertFile {
    path: PathBuf,
    /// None while a pipe has no reader, or what had the name cannot be opened.
    opened: Option<Opened>,
}

struct Opened {
    file: File,
    /// Device and inode.
    identity: (u64, u64),
    /// Its last byte may not be a newline, so the next alert has to begin with one.
    mid_line: bool,
}

impl AlertFile {
    /// Opens a file, a pipe or a device; a file that is not there is made, for
    /// its owner only. That nobody reads a pipe yet is no error.
    ///
    /// # Errors
    ///
    /// When it cannot be opened for writing.
    pub fn open(path: &Path) -> io::Result<Self> {
        let opened = match Opened::open(path) {
            Err(error) if is_unread_pipe(path, &error) => None,
            opened => Some(opened?),
        };
        Ok(Self { path: path.to_owned(), opened })
    }

    /// The next alert begins a line, whatever an earlier process has left in a pipe. Of
    /// a file that is known.
    fn begin_line(&mut self) {
        if let Some(opened) = &mut self.opened {
            opened.mid_line |= opened.file.metadata().is_ok_and(|metadata| !metadata.is_file());
        }
    }

    /// Appends whole lines. When it returns, they are on the disk, in a file that
    /// had the name and has a name still. `go_on` is asked from time to time, with how
    /// many bytes are left, while the reader of a pipe takes nothing.
    ///
    /// # Errors
    ///
    /// What opening or writing gave; [`io::ErrorKind::WouldBlock`] if a reader was
    /// given up. A part may have been written; the next line begins on a line of its
    /// own all the same.
    pub fn append(&mut self, lines: &[u8], mut go_on: impl FnMut(usize) -> bool) -> io::Result<()> {
        loop {
            if self.is_elsewhere() {
                self.opened = None;
            }
            let opened = match &mut self.opened {
                Some(opened) => opened,
                None => self.opened.insert(Opened::open(&self.path).map_err(|error| told(&self.path, error))?),
            };
            opened.append(lines, &mut go_on)?;
            if !opened.is_removed() {
                return Ok(());
            }
            // What was written is gone with it.
            self.opened = None;
        }
    }

    /// Whether the name is another file's by now, or nobody's.
    fn is_elsewhere(&self) -> bool {
        let identity_now = || Some(identity(&self.path.metadata().ok()?));
        self.opened.as_ref().is_some_and(|opened| identity_now() != Some(opened.identity))
    }
}

impl Sink for AlertFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// All of them or none; a part of them may be written twice where that failed.
    fn take(&mut self, alerts: &[Outgoing], go_on: &mut dyn FnMut(usize) -> bool) -> Handed {
        let mut lines = Vec::with_capacity(alerts.iter().map(|alert| alert.document.len() + 1).sum());
        for alert in alerts {
            lines.extend_from_slice(alert.document.as_bytes());
            lines.push(b'\n');
        }
        match self.append(&lines, go_on) {
            Ok(()) => Handed::all(alerts),
            Err(error) => {
                let cause = match error.kind() {
                    io::ErrorKind::WouldBlock => "its reader takes nothing".to_owned(),
                    _ => error.to_string(),
                };
                Handed { taken: Vec::new(), trouble: Some(SinkTrouble { cause, is_unclear: true }) }
            }
        }
    }

    fn begin(&mut self, has_earlier: bool) {
        if has_earlier {
            self.begin_line();
        }
    }

    fn reopen(&mut self) {
        self.opened = None;
    }

    fn is_pipe(&self) -> bool {
        is_pipe(&self.path)
    }
}

impl Opened {
    fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(flags).open(path)?;
        let metadata = file.metadata()?;
        // A crash may have torn a line. If nobody can say, an empty line does
        // less harm than two alerts glued together.
        let mid_line = metadata.is_file() && metadata.len() > 0 && last_byte(path).map_or(true, |last| last != b'\n');
        Ok(Self { file, identity: identity(&metadata), mid_line })
    }

    fn append(&mut self, lines: &[u8], go_on: &mut impl FnMut(usize) -> bool) -> io::Result<()> {
        if self.mid_line {
            self.write_all(b"\n", go_on)?;
        }
        self.write_all(lines, go_on)?;
        match self.file.sync_data() {
            // Pipes and devices hold nothing that could be synced.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            result => result,
        }
    }

    /// As the standard library's, but waits for readers, and remembers how a part of
    /// it ended.
    fn write_all(&mut self, mut bytes: &[u8], go_on: &mut impl FnMut(usize) -> bool) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    let (written, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
                    self.mid_line = !written.ends_with(b"\n");
                    bytes = rest;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && go_on(bytes.len()) => {
                    let room = &mut [PollFd::new(&self.file, PollFlags::OUT)];
                    // Whatever it says, writing tells more.
                    let _ = poll(room, Some(&READER_WAIT));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether it has no name any more. Of what never had one, such as a pipe between
    /// processes, nobody can say.
    fn is_removed(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.nlink() == 0)
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Whether opening failed because nobody has a named pipe open for reading.
fn is_unread_pipe(path: &Path, error: &io::Error) -> bool {
    let no_reader = error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error());
    no_reader && is_pipe(path)
}

/// Whether a named pipe has this name.
fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// An error that says what the matter is with a pipe that nobody reads.
fn told(path: &Path, error: io::Error) -> io::Error {
    match is_unread_pipe(path, &error) {
        true => io::Error::new(error.kind(), "nobody reads this pipe"),
        false => error,
    }
}

/// The last byte of a file. It is read through another descriptor: a pipe that
/// was opened for both would never lose its reader.
fn last_byte(path: &Path) -> io::Result<u8> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    let [byte] = byte;
    Ok(byte)
}

#[cfg(test)]
mod tests;
