//! Reading a journal at the start.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::segment::{
    FRAME_BYTES, Form, HEAD_BYTES, Head, MAGIC_START, RECORD_BYTES_MAX, frame, holds_record, is_cut, length_of,
    parse_head,
};
use super::{numbers, refused};
use crate::error::Cause;
use crate::files::{open_regular, sync_directory};

/// What was replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// The number of the segment to write next.
    pub(crate) next: u64,
    /// How many records the segment before it has.
    pub(super) records: u64,
}

/// Hands the records of all segments from number `first` on to `each`, in order.
/// Earlier ones are in the table.
pub(crate) fn replay(
    stem: &Path,
    form: Form,
    id: u64,
    first: u64,
    mut each: impl FnMut(&[u8]) -> Result<(), Cause>,
) -> Result<Replayed, Cause> {
    let mut replayed = Replayed { next: first, records: 0 };
    for number in numbers(stem)? {
        let path = super::path(stem, number);
        let mut file = open_regular(&path).map_err(|error| refused(&path, &error))?;
        let head = read_head(&mut file, &path, form, (id, number))?;
        if number < first {
            continue;
        }
        if number != replayed.next {
            return Err(broken(&super::path(stem, replayed.next), "is missing"));
        }
        if let Some(head) = head
            && number != first
            && head.before != replayed.records
        {
            return Err(broken(&super::path(stem, number - 1), "is broken"));
        }
        replayed.records = match head {
            Some(head) => read_records(&mut file, &path, form, head, &mut each)?,
            None => 0,
        };
        // The process may have been killed before it was: what is acted on must
        // not be lost in a power cut.
        file.sync_data().map_err(|error| refused(&path, &error))?;
        replayed.next =
            number.checked_add(1).ok_or_else(|| Cause::malformed("the number of a segment of its journal"))?;
    }
    if replayed.next != first {
        sync_directory(stem)?;
    }
    Ok(replayed)
}

/// Reads the head of a segment. `None` if the segment has no records and its head is
/// in pieces, as may be in the earlier form.
fn read_head(file: &mut File, path: &Path, form: Form, (id, number): (u64, u64)) -> Result<Option<Head>, Cause> {
    let bytes = read(file, HEAD_BYTES).map_err(|error| refused(path, &error))?;
    if let Some(head) = parse_head(form, &bytes) {
        if (head.id, head.number) == (id, number) {
            return Ok(Some(head));
        }
        let other = format!("{} belongs to another state: move it away", path.display());
        return Err(Cause::Journal(other));
    }
    if form == Form::Padded {
        return Err(broken(path, "was cut or is broken"));
    }
    let is_whole = bytes.len() == HEAD_BYTES && bytes.starts_with(MAGIC_START);
    let rest = read(file, RECORD_BYTES_MAX).map_err(|error| refused(path, &error))?;
    if is_whole || holds_record(&[bytes, rest].concat(), id, number, 0) {
        Err(broken(path, "is broken"))
    } else {
        Ok(None)
    }
}

/// Reads the records behind the head, and answers with how many there are.
fn read_records(
    file: &mut File,
    path: &Path,
    form: Form,
    head: Head,
    each: &mut impl FnMut(&[u8]) -> Result<(), Cause>,
) -> Result<u64, Cause> {
    let Head { id, number, .. } = head;
    let file_length = file.metadata().map_err(|error| refused(path, &error))?.len();
    let mut end = HEAD_BYTES as u64;
    let mut reader = BufReader::new(file);
    let mut read = |length| read(&mut reader, length).map_err(|error| refused(path, &error));
    let mut place = 0;
    loop {
        let found = read(FRAME_BYTES)?;
        let length = length_of(&found);
        let payload = read(length.unwrap_or_default())?;
        if length != Some(payload.len()) || found != frame(id, number, place, &payload) {
            if form == Form::Padded && is_cut(file_length, end, &found) {
                return Err(broken(path, "was cut, it is shorter than it was written"));
            }
            // The end, or the beginning of a record: fine if nothing follows.
            let mut rest = [found, payload].concat();
            rest.extend(read(RECORD_BYTES_MAX)?);
            let is_broken = holds_record(&rest, id, number, place + 1);
            return if is_broken { Err(broken(path, "is broken")) } else { Ok(place) };
        }
        each(&payload).map_err(|_| broken(path, "does not go on from what is before it"))?;
        place += 1;
        end += (FRAME_BYTES + payload.len()) as u64;
    }
}

/// At most `length` bytes, fewer at the end of the file.
fn read(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn broken(path: &Path, how: &str) -> Cause {
    Cause::Journal(format!(
        "{} {how}: restore it, or move the journal away to go on without the last seconds before the end",
        path.display()
    ))
}
