//! What commits have brought since it was last merged into the table.
//!
//! A commit only appends one record here, which is a small write and one sync,
//! however large the state is. The journal is a row of files, its *segments*,
//! `journal-1` and so on: one for each generation of changes, made with the
//! generation's first record and removed when the generation is in the table.
//! After a clean end there is none.
//!
//! ```text
//! segment  magic "1stjrnl3", id of the state u64, number of the segment u64,
//!          records of the segment before it u64, CRC-32 of these u32, then records
//! record   length of the payload u32, CRC-32 u32, (place in the segment ^ id) u64, payload
//! payload  rows, see `rows`
//! ```
//!
//! A record is appended when the one before it is on disk. So only the last one
//! can be in pieces, whose commit has then not returned: it counts as not there.
//! A broken one with others behind it, in its segment or the next one, is damage.
//! Nobody who writes logs knows the id, so no term can look like a record.
//!
//! A segment gets its name when its head is on disk, and is longer than what is in
//! it: a multiple of 64 KiB, zeros at the end. So one that somebody has cut shows,
//! wherever it was cut. Version 0.1 wrote `1stjrnl2`, without that.

mod replay;
mod segment;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub(crate) use self::replay::{Replayed, replay};
pub(crate) use self::segment::Form;
use self::segment::{HEAD_BYTES, RECORD_BYTES_MAX, frame, head, padded};
use crate::error::Cause;
use crate::files::{create_private, directory, sync_directory, with_suffix};

/// The journal of one state, to append to.
#[derive(Debug)]
pub(crate) struct Journal {
    /// Where its segments are, but for `-` and their numbers.
    stem: PathBuf,
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
    /// The journal at `stem`, from segment number `next` on.
    pub(crate) fn new(stem: &Path, id: u64, next: u64) -> Self {
        Self { stem: stem.to_owned(), id, next, before: 0, segment: None }
    }

    /// Makes sure that segments can be made, before anything depends on it.
    pub(crate) fn probe(&self) -> Result<(), Cause> {
        let path = draft(&self.stem);
        let _ = fs::remove_file(&path);
        create_private(&path).and_then(|_| fs::remove_file(&path)).map_err(|error| refused(&path, &error))
    }

    /// Appends one record. It is on disk when this returns.
    ///
    /// After an error nobody knows whether it is there: nothing may be appended.
    pub(crate) fn append(&mut self, payload: &[u8]) -> Result<(), Cause> {
        if payload.len() > RECORD_BYTES_MAX {
            return Err(Cause::Invalid("the changes of a batch take more than 1 GiB".to_owned()));
        }
        let path = path(&self.stem, self.segment.as_ref().map_or(self.next, |segment| segment.number));
        self.write(payload).map_err(|error| refused(&path, &error))
    }

    fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        let segment = match &mut self.segment {
            Some(segment) => segment,
            None => {
                let segment = Segment::create(&self.stem, self.id, self.next, self.before)?;
                self.next += 1;
                self.segment.insert(segment)
            }
        };
        let record = [&frame(self.id, segment.number, segment.records, payload), payload].concat();
        segment.append(&record)?;
        segment.records += 1;
        Ok(())
    }

    /// Bytes of the segment that is being written.
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.segment.as_ref().map_or(0, |segment| segment.bytes)
    }

    /// Goes on behind what was replayed.
    pub(crate) fn go_on_after(&mut self, replayed: Replayed) {
        (self.segment, self.next, self.before) = (None, replayed.next, replayed.records);
    }

    /// Ends the segment that is being written, and answers with the number of
    /// the next one.
    pub(crate) fn cut(&mut self) -> u64 {
        if let Some(segment) = self.segment.take() {
            self.before = segment.records;
        }
        self.next
    }
}

impl Segment {
    /// Makes a segment, whose name is on disk when this returns.
    fn create(stem: &Path, id: u64, number: u64, before: u64) -> io::Result<Self> {
        let draft = draft(stem);
        let _ = fs::remove_file(&draft);
        let file = create_private(&draft)?;
        let head = head(id, number, before);
        file.set_len(padded(HEAD_BYTES as u64))?;
        file.write_all_at(&head, 0)?;
        file.sync_all()?;
        let path = path(stem, number);
        if fs::symlink_metadata(&path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&draft, path)?;
        sync_directory(stem)?;
        Ok(Self { file, number, bytes: HEAD_BYTES as u64, records: 0 })
    }

    /// Appends bytes, which are on disk when this returns.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.bytes + bytes.len() as u64;
        if padded(end) != padded(self.bytes) {
            self.file.set_len(padded(end))?;
            // On disk before the record is, which could get there first.
            self.file.sync_all()?;
        }
        self.file.write_all_at(bytes, self.bytes)?;
        self.file.sync_data()?;
        self.bytes = end;
        Ok(())
    }
}

/// Where a segment is made.
fn draft(stem: &Path) -> PathBuf {
    with_suffix(stem, ".new")
}

/// Where a segment is kept.
pub(crate) fn path(stem: &Path, number: u64) -> PathBuf {
    with_suffix(stem, &format!("-{number}"))
}

/// Removes segments that are in the table. What stays for whatever reason is
/// removed at a later start.
pub(crate) fn remove(stem: &Path, segments: Range<u64>) {
    for number in segments {
        let _ = fs::remove_file(path(stem, number));
    }
}

/// Removes all segments before number `first`, and one that was in the making.
pub(crate) fn remove_before(stem: &Path, first: u64) -> Result<(), Cause> {
    let _ = fs::remove_file(draft(stem));
    for number in numbers(stem)?.into_iter().take_while(|number| *number < first) {
        let path = path(stem, number);
        fs::remove_file(&path).map_err(|error| refused(&path, &error))?;
    }
    Ok(())
}

/// The numbers of the segments there are, in order.
pub(crate) fn numbers(stem: &Path) -> io::Result<Vec<u64>> {
    let prefix = [stem.file_name().unwrap_or_default().as_encoded_bytes(), b"-"].concat();
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory(stem))? {
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
fn refused(path: &Path, error: &io::Error) -> Cause {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => " (free some space, then restart)",
        io::ErrorKind::PermissionDenied => " (this user must be able to read and write it and make files beside it)",
        io::ErrorKind::ReadOnlyFilesystem => " (choose a directory that can be written)",
        _ => "",
    };
    Cause::Journal(format!("{}: {error}{hint}", path.display()))
}
