//! What commits have brought since it was last merged into the tables.
//!
//! A commit only appends one record here, which is a small write and one sync,
//! however large the state is. The journal is a row of files, its *segments*,
//! `<state>.journal-1` and so on: one for each generation of changes, made with
//! the generation's first record and removed when the generation is in the
//! tables. After a clean end there is none.
//!
//! ```text
//! segment  magic "1stjrnl2", id of the state u64, number of the segment u64,
//!          records of the segment before it u64, CRC-32 of these u32, then records
//! record   length of the payload u32, CRC-32 u32, (place in the segment ^ id) u64, payload
//! payload  entries, see `entry`
//! ```
//!
//! A record is appended when the one before it is on disk. So only the last one
//! can be in pieces, whose commit has then not returned: it counts as not there.
//! A broken one with others behind it, in its segment or the next one, is damage.
//! Nobody who writes logs knows the id, so no term can look like a record.

mod replay;
mod segment;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

pub(super) use self::replay::{Replayed, replay};
use self::segment::{RECORD_BYTES_MAX, frame, head};
use super::entry::Entry;
use super::fault::Fault;
use super::files::{create_private, directory, sync_directory, with_suffix};

/// Between the name of a state file and the number of a segment.
const SUFFIX: &str = ".journal-";

/// The journal of one state file, to append to.
#[derive(Debug)]
pub(super) struct Journal {
    state: PathBuf,
    id: u64,
    /// Of the segment to make next.
    next: u64,
    /// How many records the segment before that one has.
    before: u64,
    segment: Option<Segment>,
}

#[derive(Debug)]
struct Segment {
    file: File,
    number: u64,
    bytes: u64,
    records: u64,
}

impl Journal {
    /// The journal of the state file at `state`, from segment number `next` on.
    pub(super) fn new(state: &Path, id: u64, next: u64) -> Self {
        Self { state: state.to_owned(), id, next, before: 0, segment: None }
    }

    /// Makes sure that segments can be made, before anything depends on it.
    pub(super) fn probe(&self) -> Result<(), Fault> {
        let path = path(&self.state, self.next);
        create_private(&path).and_then(|_| fs::remove_file(&path)).map_err(|error| refused(&path, &error))
    }

    /// Appends one record. It is on disk when this returns.
    ///
    /// After an error nobody knows whether it is there: nothing may be appended.
    pub(super) fn append<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry<'a>>) -> Result<(), Fault> {
        let mut payload = Vec::new();
        for entry in entries {
            entry.encode(&mut payload)?;
        }
        if payload.len() > RECORD_BYTES_MAX {
            return Err(Fault::Invalid("the changes of a batch take more than 1 GiB"));
        }
        let path = path(&self.state, self.segment.as_ref().map_or(self.next, |segment| segment.number));
        self.write(&payload).map_err(|error| refused(&path, &error))
    }

    fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        let (segment, mut bytes) = match &mut self.segment {
            Some(segment) => (segment, Vec::new()),
            None => {
                let segment = Segment::create(&self.state, self.next)?;
                let head = head(self.id, self.next, self.before);
                self.next += 1;
                (self.segment.insert(segment), head)
            }
        };
        bytes.extend(frame(self.id, segment.number, segment.records, payload));
        bytes.extend(payload);
        segment.file.write_all(&bytes)?;
        segment.file.sync_data()?;
        if segment.records == 0 {
            // Its name must survive a power cut too.
            sync_directory(&self.state)?;
        }
        segment.records += 1;
        segment.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Bytes of the segment that is being written.
    pub(super) fn segment_bytes(&self) -> u64 {
        self.segment.as_ref().map_or(0, |segment| segment.bytes)
    }

    /// Goes on behind what was replayed.
    pub(super) fn go_on_after(&mut self, replayed: Replayed) {
        (self.segment, self.next, self.before) = (None, replayed.next, replayed.records);
    }

    /// Ends the segment that is being written, and answers with the number of
    /// the next one.
    pub(super) fn cut(&mut self) -> u64 {
        if let Some(segment) = self.segment.take() {
            self.before = segment.records;
        }
        self.next
    }
}

impl Segment {
    fn create(state: &Path, number: u64) -> io::Result<Self> {
        let file = create_private(&path(state, number))?;
        Ok(Self { file, number, bytes: 0, records: 0 })
    }
}

/// Where a segment is kept.
pub(super) fn path(state: &Path, number: u64) -> PathBuf {
    with_suffix(state, &format!("{SUFFIX}{number}"))
}

/// Removes segments that are in the tables. What stays for whatever reason is
/// removed at a later start.
pub(super) fn remove(state: &Path, segments: Range<u64>) {
    for number in segments {
        let _ = fs::remove_file(path(state, number));
    }
}

/// Fails if there are segments though there is no state file: with it, or
/// without them, the next start may be another one.
pub(super) fn refuse_orphans(state: &Path) -> Result<(), Fault> {
    match numbers(state)?.first() {
        Some(number) => Err(Fault::Journal(format!(
            "{} is there without its state file: put that back, or move it away to start without history",
            path(state, *number).display()
        ))),
        None => Ok(()),
    }
}

/// The numbers of the segments there are, in order.
fn numbers(state: &Path) -> io::Result<Vec<u64>> {
    let prefix = [state.file_name().unwrap_or_default().as_encoded_bytes(), SUFFIX.as_bytes()].concat();
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory(state))? {
        let name = entry?.file_name();
        let digits = name.as_encoded_bytes().strip_prefix(&*prefix).and_then(|digits| str::from_utf8(digits).ok());
        let number = digits.and_then(|digits| Some((digits, digits.parse::<u64>().ok()?)));
        // Only what this would write: no sign, no zeros before it.
        numbers.extend(number.filter(|(digits, number)| *digits == number.to_string()).map(|(_, number)| number));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The system refused something about a segment.
fn refused(path: &Path, error: &io::Error) -> Fault {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => " (free some space, then restart)",
        io::ErrorKind::PermissionDenied => " (this user must be able to read and write it and make files beside it)",
        io::ErrorKind::ReadOnlyFilesystem => " (choose a directory that can be written)",
        _ => "",
    };
    Fault::Journal(format!("{}: {error}{hint}", path.display()))
}
