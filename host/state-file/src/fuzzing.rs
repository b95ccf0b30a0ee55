//! For the fuzz target: whatever is read, nothing panics and nothing is made up.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Instant;

use crate::journal::{self, Form, Journal, replay};
use crate::live::Live;
use crate::rows::{Key, take_row};
use crate::table::Known;

const ID: u64 = 0x0123_4567_89ab_cdef;
/// So many bytes in the place of as many others cannot have a right checksum. What
/// is longer can, since a fuzzer finds out what it is compared with.
const DAMAGE_BYTES: usize = 4;
const RECORDS: [&[u8]; 3] = [b"one", b"", b"the last record"];

/// Reads `data` as a record of the journal, and as what stands in place of a part
/// of a segment: its first two bytes say where that begins, the third how long it
/// is. Panics if anything is read that was not written, unless it may be forged.
pub fn check(data: &[u8]) {
    check_rows(data);
    // What is in a record may be anything: its checksum does not say that it fits.
    let mut live = Live::new(Known::default(), Journal::new(&STEM, ID, 1));
    let _ = live.apply(data, Instant::now());
    if let [low, high, length, noise @ ..] = data {
        check_segment(u16::from_le_bytes([*low, *high]).into(), (*length).into(), noise);
    }
}

/// The key of a row says one thing, and that thing has one key.
fn check_rows(data: &[u8]) {
    let mut rest = data;
    while let Some(((key, value), behind)) = take_row(rest) {
        assert_eq!(8 + key.len() + value.map_or(0, <[u8]>::len) + behind.len(), rest.len());
        if let Some(read) = Key::read(key) {
            assert_eq!(read.bytes(), key, "{read:?} has two keys");
        }
        rest = behind;
    }
}

/// A journal of this process.
static STEM: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("firstseen-fuzzing-{}", std::process::id()));
    let _ = fs::create_dir_all(&folder);
    folder.join("journal")
});

static SEGMENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    journal::remove(&STEM, 1..2);
    let mut journal = Journal::new(&STEM, ID, 1);
    let written = RECORDS.iter().try_for_each(|record| journal.append(record));
    assert!(written.is_ok(), "the journal cannot be written: {written:?}");
    fs::read(journal::path(&STEM, 1)).unwrap_or_default()
});

fn check_segment(place: usize, length: usize, noise: &[u8]) {
    let mut segment = SEGMENT.clone();
    let start = place.min(segment.len());
    let end = start.saturating_add(length).min(segment.len());
    segment.splice(start..end, noise.iter().copied());
    let _ = fs::write(journal::path(&STEM, 1), segment);
    let mut records = Vec::new();
    let replayed = replay(&STEM, Form::Padded, ID, 1, |record| {
        records.push(record.to_vec());
        Ok(())
    });
    let is_damage = noise.len() == end - start && noise.len() <= DAMAGE_BYTES;
    if replayed.is_ok() && (is_damage || noise.is_empty()) {
        assert!(RECORDS.iter().zip(&records).all(|(written, read)| written == read), "{records:?}");
        assert!(records.len() <= RECORDS.len(), "{records:?}");
    }
}
