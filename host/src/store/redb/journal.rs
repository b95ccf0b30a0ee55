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

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::codec::{take_u32, take_u64};
use super::entry::Entry;
use super::fault::Fault;
use super::files::{create_private, directory, open_regular_to_write, sync_directory, with_suffix};

const MAGIC: &[u8; 8] = b"1stjrnl2";
/// What it begins with in whatever version.
const MAGIC_START: &[u8] = b"1stjrnl";
const HEAD_BYTES: usize = 36;
const FRAME_BYTES: usize = 16;

/// Longest record, in bytes.
const RECORD_BYTES_MAX: usize = 1 << 30;

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

/// What was replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Replayed {
    /// The number of the segment to write next.
    pub(super) next: u64,
    /// How many records the segment before it has.
    records: u64,
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

/// Hands the entries of all segments from number `first` on to `each`, in order.
/// Earlier ones are removed.
pub(super) fn replay(
    state: &Path,
    id: u64,
    first: u64,
    mut each: impl FnMut(Entry<'_>) -> Result<(), Fault>,
) -> Result<Replayed, Fault> {
    let mut replayed = Replayed { next: first, records: 0 };
    for number in numbers(state)? {
        let path = path(state, number);
        let mut file = open_regular_to_write(&path).map_err(|error| refused(&path, &error))?;
        let head = read_head(&mut file, &path, id, number)?;
        if number < first {
            // Not before it was sure whose it is.
            fs::remove_file(&path).map_err(|error| refused(&path, &error))?;
            continue;
        }
        if number != replayed.next {
            return Err(broken(&self::path(state, replayed.next), "is missing"));
        }
        if let Some(before) = head
            && number != first
            && before != replayed.records
        {
            return Err(broken(&self::path(state, number - 1), "is broken"));
        }
        replayed.records = match head {
            Some(_) => read_records(&mut file, &path, id, number, &mut each)?,
            None => 0,
        };
        // The process may have been killed before it was: what is acted on must
        // not be lost in a power cut.
        file.sync_data().map_err(|error| refused(&path, &error))?;
        replayed.next = number.checked_add(1).ok_or(Fault::Malformed("the number of a segment of its journal"))?;
    }
    if replayed.next != first {
        sync_directory(state)?;
    }
    Ok(replayed)
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

fn broken(path: &Path, how: &str) -> Fault {
    Fault::Journal(format!(
        "{} {how}: restore it, or move the journal away to go on without the last seconds before the end",
        path.display()
    ))
}

/// Reads the head of a segment: how many records the one before it has. `None`
/// if the segment has none itself, and its head may be in pieces.
fn read_head(file: &mut File, path: &Path, id: u64, number: u64) -> Result<Option<u64>, Fault> {
    let bytes = read(file, HEAD_BYTES).map_err(|error| refused(path, &error))?;
    if let Some((found, before)) = parse_head(&bytes) {
        if found == (id, number) {
            return Ok(Some(before));
        }
        let other = format!("{} belongs to another state file: move it away", path.display());
        return Err(Fault::Journal(other));
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
    id: u64,
    number: u64,
    each: &mut impl FnMut(Entry<'_>) -> Result<(), Fault>,
) -> Result<u64, Fault> {
    let mut reader = BufReader::new(file);
    let mut read = |length| read(&mut reader, length).map_err(|error| refused(path, &error));
    let mut place = 0;
    loop {
        let frame = read(FRAME_BYTES)?;
        let length = length_of(&frame);
        let payload = read(length.unwrap_or_default())?;
        if length != Some(payload.len()) || frame != self::frame(id, number, place, &payload) {
            // The end, or the beginning of a record: fine if nothing follows.
            let mut rest = [frame, payload].concat();
            rest.extend(read(RECORD_BYTES_MAX)?);
            let is_broken = holds_record(&rest, id, number, place + 1);
            return if is_broken { Err(broken(path, "is broken")) } else { Ok(place) };
        }
        let mut rest = &*payload;
        while !rest.is_empty() {
            let (entry, behind) = Entry::decode(rest).ok_or_else(|| broken(path, "is broken"))?;
            each(entry).map_err(|_| broken(path, "does not go on from what is before it"))?;
            rest = behind;
        }
        place += 1;
    }
}

/// At most `length` bytes, fewer at the end of the file.
fn read(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a whole record lies somewhere in `bytes`, from place `from` on.
fn holds_record(bytes: &[u8], id: u64, number: u64, from: u64) -> bool {
    let places = from..from.saturating_add(bytes.len() as u64);
    (0..bytes.len()).any(|start| {
        let record = bytes.get(start..).and_then(|bytes| bytes.split_at_checked(FRAME_BYTES));
        let Some((frame, behind)) = record else { return false };
        let Some(place) = place_of(id, frame).filter(|place| places.contains(place)) else { return false };
        let payload = length_of(frame).and_then(|length| behind.get(..length));
        payload.is_some_and(|payload| frame == self::frame(id, number, place, payload))
    })
}

fn head(id: u64, number: u64, before: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for value in [id, number, before] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Reads what [`head`] made: id and number, and the records before.
fn parse_head(bytes: &[u8]) -> Option<((u64, u64), u64)> {
    let (id, rest) = take_u64(bytes.strip_prefix(MAGIC)?)?;
    let (number, rest) = take_u64(rest)?;
    let (before, _) = take_u64(rest)?;
    (bytes == head(id, number, before)).then_some(((id, number), before))
}

/// What stands before a payload. The checksum is of all that a record could be
/// taken for another by.
fn frame(id: u64, number: u64, place: u64, payload: &[u8]) -> Vec<u8> {
    let mut sum = crc32fast::Hasher::new();
    for value in [id, number, place] {
        sum.update(&value.to_le_bytes());
    }
    sum.update(payload);
    // At most `RECORD_BYTES_MAX`.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], &sum.finalize().to_le_bytes(), &(place ^ id).to_le_bytes()].concat()
}

fn length_of(frame: &[u8]) -> Option<usize> {
    let (length, _) = take_u32(frame)?;
    usize::try_from(length).ok().filter(|length| *length <= RECORD_BYTES_MAX)
}

fn place_of(id: u64, frame: &[u8]) -> Option<u64> {
    let (place, _) = take_u64(frame.get(8..)?)?;
    Some(place ^ id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::entry::tests::samples;
    use super::*;

    const ID: u64 = 0x0123_4567_89ab_cdef;

    fn replayed(state: &Path, first: u64) -> Result<(Vec<String>, u64), Fault> {
        let mut entries = Vec::new();
        let replayed = replay(state, ID, first, |entry| {
            entries.push(format!("{entry:?}"));
            Ok(())
        })?;
        Ok((entries, replayed.next))
    }

    fn texts(entries: &[Entry<'_>]) -> Vec<String> {
        entries.iter().map(|entry| format!("{entry:?}")).collect()
    }

    #[test]
    fn records_are_replayed_over_segments() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let samples = samples();
        let mut journal = Journal::new(&state, ID, 4);
        assert_eq!(replayed(&state, 4).unwrap(), (vec![], 4));
        journal.append(&samples[..2]).unwrap();
        journal.append(&samples[2..3]).unwrap();
        assert_eq!(journal.cut(), 5);
        assert_eq!(journal.cut(), 5, "there is no empty segment");
        journal.append(&samples[3..]).unwrap();
        assert_eq!(replayed(&state, 4).unwrap(), (texts(&samples), 6));
        assert_eq!(replayed(&state, 5).unwrap(), (texts(&samples[3..]), 6));

        assert!(!path(&state, 4).exists() && path(&state, 5).exists(), "it was before the first");
        let error = replayed(&state, 4).unwrap_err();
        assert!(matches!(&error, Fault::Journal(text) if text.contains("is missing")), "{error:?}");
    }

    #[test]
    fn names_that_are_none_of_ours_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        for name in
            ["state.journal-", "state.journal-01", "state.journal-+1", "state.journal-1.bak", "xstate.journal-1"]
        {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        assert!(numbers(&state).unwrap().is_empty());
        refuse_orphans(&state).unwrap();
        fs::write(folder.path().join("state.journal-1"), "x").unwrap();
        refuse_orphans(&state).unwrap_err();
    }

    #[cfg(unix)]
    #[test]
    fn names_need_not_be_text() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join(OsStr::from_bytes(b"st\xff"));
        Journal::new(&state, ID, 1).append(&samples()).unwrap();
        assert_eq!(replayed(&state, 1).unwrap(), (texts(&samples()), 2));
    }

    /// What a later segment proves to have been there is missed.
    #[test]
    fn the_end_of_an_earlier_segment_is_not_lost_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let samples = samples();
        let mut journal = Journal::new(&state, ID, 1);
        journal.append(&samples[..1]).unwrap();
        journal.append(&samples[1..2]).unwrap();
        journal.cut();
        journal.append(&samples[2..]).unwrap();
        let intact = fs::read(path(&state, 1)).unwrap();
        for length in 0..intact.len() {
            fs::write(path(&state, 1), &intact[..length]).unwrap();
            let error = replayed(&state, 1).unwrap_err();
            assert!(matches!(&error, Fault::Journal(text) if text.contains("journal-1 is broken")), "{error:?}");
        }

        // A torn end is one for good, whatever follows it.
        fs::remove_file(path(&state, 2)).unwrap();
        let mut journal = Journal::new(&state, ID, 1);
        journal.go_on_after(replay(&state, ID, 1, |_| Ok(())).unwrap());
        journal.append(&samples[2..]).unwrap();
        let expected = [texts(&samples[..1]), texts(&samples[2..])].concat();
        assert_eq!(replayed(&state, 1).unwrap(), (expected, 3));
    }

    #[test]
    fn another_state_s_journal_is_not_replayed() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        Journal::new(&state, ID + 1, 1).append(&samples()).unwrap();
        for first in [1, 2] {
            let error = replayed(&state, first).unwrap_err();
            assert!(matches!(&error, Fault::Journal(text) if text.contains("another state file")), "{error:?}");
        }
        remove(&state, 0..3);
        assert_eq!(replayed(&state, 1).unwrap(), (vec![], 1));
    }

    /// Every cut gives the records before it, and every other change of a byte
    /// is damage or takes the last record with it.
    #[test]
    fn cuts_lose_the_last_record_at_most_and_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let samples = samples();
        let mut journal = Journal::new(&state, ID, 1);
        let mut ends = vec![HEAD_BYTES];
        for (place, entry) in samples.iter().enumerate() {
            journal.append([entry]).unwrap();
            assert_eq!(journal.segment_bytes() as usize, fs::read(path(&state, 1)).unwrap().len(), "{place}");
            ends.push(journal.segment_bytes() as usize);
        }
        let intact = fs::read(path(&state, 1)).unwrap();
        let all = texts(&samples);
        for length in 0..=intact.len() {
            fs::write(path(&state, 1), &intact[..length]).unwrap();
            let whole = ends.iter().filter(|end| **end <= length).count().saturating_sub(1);
            assert_eq!(replayed(&state, 1).unwrap(), (all[..whole].to_vec(), 2), "{length} bytes");
        }
        let last = ends[ends.len() - 2];
        for position in 0..intact.len() {
            let mut bytes = intact.clone();
            bytes[position] ^= 0x40;
            fs::write(path(&state, 1), &bytes).unwrap();
            match replayed(&state, 1) {
                Ok((entries, _)) => {
                    assert!(position >= last, "byte {position}");
                    assert_eq!(entries, all[..all.len() - 1]);
                }
                Err(error) => assert!(position < last && matches!(error, Fault::Journal(_)), "{error:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn noise_is_never_a_panic(noise in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..300, number in 1_u64..3) {
            let folder = tempfile::tempdir().unwrap();
            let state = folder.path().join("state");
            let mut journal = Journal::new(&state, ID, 1);
            journal.append(&samples()).unwrap();
            journal.cut();
            journal.append(&samples()).unwrap();
            let mut bytes = fs::read(path(&state, number)).unwrap();
            let at = at.min(bytes.len());
            bytes.splice(at..bytes.len().min(at + noise.len()), noise);
            fs::write(path(&state, number), bytes).unwrap();
            // Noise that is a record is out of reach: all that is read was written.
            if let Ok((entries, _)) = replayed(&state, 1) {
                let all = [texts(&samples()), texts(&samples())].concat();
                prop_assert!(all.starts_with(&entries));
            }
        }

        #[test]
        fn entries_of_noise_are_no_panic(noise in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some((entry, rest)) = Entry::decode(&noise) {
                let mut bytes = Vec::new();
                entry.encode(&mut bytes).unwrap();
                prop_assert_eq!([&bytes, rest].concat(), noise);
            }
        }
    }

    #[test]
    fn noise_behind_the_last_record_is_no_record() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        Journal::new(&state, ID, 1).append(&samples()).unwrap();
        let intact = fs::read(path(&state, 1)).unwrap();
        for noise in [vec![0; 5000], vec![0xff; 5000], intact.clone(), intact[HEAD_BYTES..].to_vec()] {
            fs::write(path(&state, 1), [&intact[..], &noise].concat()).unwrap();
            assert_eq!(replayed(&state, 1).unwrap().0, texts(&samples()));
        }
    }
}
