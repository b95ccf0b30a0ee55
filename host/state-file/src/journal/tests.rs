//! What is read of a journal, whole, cut and broken.

use proptest::prelude::*;

use super::super::entry::tests::samples;
use super::segment::HEAD_BYTES;
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
    for name in ["state.journal-", "state.journal-01", "state.journal-+1", "state.journal-1.bak", "xstate.journal-1"] {
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
