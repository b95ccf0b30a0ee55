//! What is read of a journal, whole, cut and broken.

use proptest::prelude::*;

use super::segment::{FRAME_BYTES, HEAD_BYTES, STEP};
use super::*;

const ID: u64 = 0x0123_4567_89ab_cdef;

/// Records of various lengths.
fn samples() -> Vec<Vec<u8>> {
    ["rule", "", "a since", "[\"ü\"]", "history", "alert", "5"].map(|text| text.as_bytes().to_vec()).into()
}

fn append(journal: &mut Journal, records: &[Vec<u8>]) {
    records.iter().for_each(|record| journal.append(record).unwrap());
}

fn replayed(stem: &Path, first: u64) -> Result<(Vec<Vec<u8>>, u64), Cause> {
    let mut records = Vec::new();
    let replayed = replay(stem, Form::Padded, ID, first, |record| {
        records.push(record.to_vec());
        Ok(())
    })?;
    Ok((records, replayed.next))
}

#[test]
fn records_are_replayed_over_segments() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("journal");
    let samples = samples();
    let mut journal = Journal::new(&stem, ID, 4);
    assert_eq!(replayed(&stem, 4).unwrap(), (vec![], 4));
    append(&mut journal, &samples[..2]);
    append(&mut journal, &samples[2..3]);
    assert_eq!(journal.cut(), 5);
    assert_eq!(journal.cut(), 5, "there is no empty segment");
    append(&mut journal, &samples[3..]);
    assert_eq!(replayed(&stem, 4).unwrap(), (samples.clone(), 6));
    assert_eq!(replayed(&stem, 5).unwrap(), (samples[3..].to_vec(), 6));

    remove_before(&stem, 5).unwrap();
    assert!(!path(&stem, 4).exists() && path(&stem, 5).exists());
    let error = replayed(&stem, 4).unwrap_err();
    assert!(matches!(&error, Cause::Journal(text) if text.contains("is missing")), "{error:?}");
}

#[test]
fn names_that_are_none_of_ours_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("journal");
    for name in ["journal-", "journal-01", "journal-+1", "journal-1.bak", "xjournal-1"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    assert!(numbers(&stem).unwrap().is_empty());
    fs::write(folder.path().join("journal-1"), "x").unwrap();
    assert_eq!(numbers(&stem).unwrap(), [1]);
}

#[test]
fn names_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join(OsStr::from_bytes(b"st\xff"));
    append(&mut Journal::new(&stem, ID, 1), &samples());
    assert_eq!(replayed(&stem, 1).unwrap(), (samples(), 2));
}

/// What a later segment proves to have been there is missed.
#[test]
fn the_end_of_an_earlier_segment_is_not_lost_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("journal");
    let samples = samples();
    let mut journal = Journal::new(&stem, ID, 1);
    append(&mut journal, &samples[..1]);
    append(&mut journal, &samples[1..2]);
    journal.cut();
    append(&mut journal, &samples[2..]);
    let intact = fs::read(path(&stem, 1)).unwrap();
    let end = HEAD_BYTES + 2 * FRAME_BYTES + samples[0].len() + samples[1].len();
    for length in 0..end {
        fs::write(path(&stem, 1), torn(&intact, length)).unwrap();
        let error = replayed(&stem, 1).unwrap_err();
        assert!(matches!(&error, Cause::Journal(text) if text.contains("broken")), "{error:?}");
    }
    let intact = torn(&intact, end - FRAME_BYTES - samples[1].len() + 3);
    fs::write(path(&stem, 1), intact).unwrap();

    // A torn end is one for good, whatever follows it.
    fs::remove_file(path(&stem, 2)).unwrap();
    let mut journal = Journal::new(&stem, ID, 1);
    journal.go_on_after(replay(&stem, Form::Padded, ID, 1, |_| Ok(())).unwrap());
    append(&mut journal, &samples[2..]);
    let expected = [&samples[..1], &samples[2..]].concat();
    assert_eq!(replayed(&stem, 1).unwrap(), (expected, 3));
}

#[test]
fn another_state_s_journal_is_not_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("journal");
    append(&mut Journal::new(&stem, ID + 1, 1), &samples());
    for first in [1, 2] {
        let error = replayed(&stem, first).unwrap_err();
        assert!(matches!(&error, Cause::Journal(text) if text.contains("another state")), "{error:?}");
    }
    remove(&stem, 0..3);
    assert_eq!(replayed(&stem, 1).unwrap(), (vec![], 1));
}

/// A segment of which only the first bytes got to the disk.
fn torn(intact: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = intact.to_vec();
    bytes[length..].fill(0);
    bytes
}

/// A record in pieces gives those before it, every cut is told, and every other change
/// of a byte is damage or takes the last record with it.
#[test]
fn the_last_record_is_lost_at_most_and_damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("journal");
    let samples = samples();
    let mut journal = Journal::new(&stem, ID, 1);
    let mut ends = vec![HEAD_BYTES];
    for (place, entry) in samples.iter().enumerate() {
        journal.append(entry).unwrap();
        let length = fs::metadata(path(&stem, 1)).unwrap().len();
        assert_eq!((length % STEP, length > journal.segment_bytes()), (0, true), "{place}");
        ends.push(journal.segment_bytes() as usize);
    }
    let intact = fs::read(path(&stem, 1)).unwrap();
    let all = samples.clone();
    let (last, end) = (ends[ends.len() - 2], ends[ends.len() - 1]);
    for length in HEAD_BYTES..=end {
        fs::write(path(&stem, 1), torn(&intact, length)).unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count().saturating_sub(1);
        assert_eq!(replayed(&stem, 1).unwrap(), (all[..whole].to_vec(), 2), "{length} bytes");
    }
    for length in (0..end + 9).chain([end + 999, intact.len() - 1]) {
        fs::write(path(&stem, 1), &intact[..length]).unwrap();
        let error = replayed(&stem, 1).unwrap_err();
        assert!(matches!(&error, Cause::Journal(text) if text.contains("cut")), "{length} bytes: {error:?}");
    }
    for position in 0..end {
        let mut bytes = intact.clone();
        bytes[position] ^= 0x40;
        fs::write(path(&stem, 1), &bytes).unwrap();
        match replayed(&stem, 1) {
            Ok((entries, _)) => {
                assert!(position >= last, "byte {position}");
                assert_eq!(entries, all[..all.len() - 1]);
            }
            // A length that is too large for its segment is none that was written.
            Err(error) => assert!(position < last + 4 && matches!(error, Cause::Journal(_)), "{error:?}"),
        }
    }
}

/// Cut where a segment may end, which is within a record.
#[test]
fn a_cut_at_a_step_is_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("journal");
    let long = vec![b'x'; 1000];
    append(&mut Journal::new(&stem, ID, 1), &vec![long; 200]);
    let intact = fs::read(path(&stem, 1)).unwrap();
    assert!(intact.len() as u64 > 3 * STEP);
    assert_eq!(replayed(&stem, 1).unwrap().0.len(), 200);
    for steps in 1..3 {
        fs::write(path(&stem, 1), &intact[..steps * STEP as usize]).unwrap();
        let error = replayed(&stem, 1).unwrap_err();
        assert!(matches!(&error, Cause::Journal(text) if text.contains("was cut")), "{error:?}");
    }
}

proptest! {
    #[test]
    fn noise_is_never_a_panic(noise in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..300, number in 1_u64..3) {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("journal");
        let mut journal = Journal::new(&stem, ID, 1);
        append(&mut journal, &samples());
        journal.cut();
        append(&mut journal, &samples());
        let mut bytes = fs::read(path(&stem, number)).unwrap();
        let at = at.min(bytes.len());
        bytes.splice(at..bytes.len().min(at + noise.len()), noise);
        fs::write(path(&stem, number), bytes).unwrap();
        // Noise that is a record is out of reach: all that is read was written.
        if let Ok((entries, _)) = replayed(&stem, 1) {
            let all = [samples(), samples()].concat();
            prop_assert!(all.starts_with(&entries));
        }
    }
}

#[test]
fn noise_behind_the_last_record_is_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("journal");
    append(&mut Journal::new(&stem, ID, 1), &samples());
    let intact = fs::read(path(&stem, 1)).unwrap();
    let end = intact.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for noise in [vec![0; 5000], vec![0xff; 5000], intact[..end].to_vec(), intact[HEAD_BYTES..end].to_vec()] {
        let mut bytes = intact.clone();
        bytes[end..end + noise.len()].copy_from_slice(&noise);
        fs::write(path(&stem, 1), bytes).unwrap();
        assert_eq!(replayed(&stem, 1).unwrap().0, samples());
    }
}
