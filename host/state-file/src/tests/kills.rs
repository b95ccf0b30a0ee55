//! What a killed process leaves, and what a start makes of it.

use std::io::Write;

use super::super::entry::Entry;
use super::*;

/// Every commit fills a generation, so most wait for the one before.
#[test]
fn commits_wait_for_room_and_are_all_kept() {
    let (_folder, path) = folder();
    let store = open_with(&path, Bounds { terms: 1, ..PATIENT });
    for number in 0..200 {
        let mut changes = sighted(&format!("term {number}"), number, 0, number % 3 != 0);
        changes.alerts = vec![alert(&number.to_string())];
        assert_eq!(store.commit(&changes).unwrap(), [number as u64]);
        if number % 2 == 0 {
            store.acknowledge(&[number as u64]).unwrap();
        }
        assert!(journal(&path) <= 3);
    }
    drop(store);
    let store = StateFile::open(&path).unwrap();
    assert_eq!(store.stats().unwrap(), Stats { terms: 200, outbox: 100 });
    assert!((0..200).all(|number| last(&store, &format!("term {number}")) == Some(number)));
    let outbox = store.outbox().unwrap();
    assert!(outbox.iter().all(|(number, alert)| number % 2 == 1 && alert.id == number.to_string()));
    assert_eq!(store.commit(&alerting("")).unwrap(), [200]);
}

/// Between two merges, in one and after one: whenever a process is killed, what
/// was committed is there.
#[test]
fn whenever_it_is_killed_what_was_committed_is_there() {
    let (_folder, path) = folder();
    let store = open_with(&path, Bounds { terms: 40, ..PATIENT });
    for number in 0..400 {
        let term = format!("term {number}");
        let mut changes = sighted(&term, number, 0, true);
        changes.rule("rule").quotas.insert((100, number), QuotaUse { used: 1, expires_ms: i64::MAX });
        changes.alerts = vec![alert(&number.to_string())];
        let numbers = store.commit(&changes).unwrap();
        if number >= 5 {
            store.acknowledge(&[numbers[0] - 5]).unwrap();
        }
        if number % 7 != 0 {
            continue;
        }
        let copy = crash(&path);
        let crashed = StateFile::open(&copy).unwrap();
        let again = StateFile::open(crash(&copy)).unwrap();
        for store in [crashed, again] {
            assert!((0..=number).all(|number| last(&store, &format!("term {number}")) == Some(number)));
            assert!((0..=number).all(|number| store.quota("rule", 100, number).unwrap().is_some()));
            let outbox: Vec<u64> = store.outbox().unwrap().iter().map(|(number, _)| *number).collect();
            let number = number as u64;
            assert_eq!(outbox, (number.saturating_sub(4)..=number).collect::<Vec<_>>());
            assert_eq!(store.commit(&alerting("")).unwrap(), [number + 1]);
        }
    }
}

#[test]
fn a_journal_is_part_of_its_state_and_of_no_other() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    let killed = crash(&path);
    drop(store);

    // Another state under the same name.
    fs::remove_file(&killed).unwrap();
    fs::remove_file(sums::path(&killed)).unwrap();
    furnish(&path.with_extension("other"), 1);
    fs::copy(path.with_extension("other"), &killed).unwrap();
    let refused = |cause: &str| {
        let error = StateFile::open(&killed).unwrap_err();
        assert!(matches!(error, LedgerError::Journal { .. }), "{error}");
        assert!(error.to_string().contains(cause), "{error}");
        assert_eq!(journal(&killed), 1, "it may be all that is left");
    };
    refused("belongs to another state file");

    // None: it may come back.
    fs::rename(&killed, path.with_extension("away")).unwrap();
    refused("without its state file");
    fs::remove_file(journal::path(&killed, 1)).unwrap();
    let store = StateFile::open(&killed).unwrap();
    assert_eq!(last(&store, "a"), None);
}

#[cfg(unix)]
#[test]
fn a_journal_is_beside_its_file_however_that_is_called() {
    let (folder, path) = folder();
    let link = folder.path().join("link");
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(elsewhere.join("state"), &link).unwrap();
    let error = StateFile::open(&link).unwrap_err();
    assert!(matches!(error, LedgerError::Io { .. }), "a link to nothing: {error}");

    furnish(&elsewhere.join("state"), 1);
    let store = open_with(&files::resolve(&link).unwrap(), PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    assert_eq!((journal(&path), journal(&elsewhere.join("state"))), (0, 1));
    assert_eq!(last(&after_crash(&elsewhere.join("state")), "a"), Some(1));
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_to_is_refused_at_the_start() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path) = folder();
    furnish(&path, 1);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let is_superuser = fs::write(folder.path().join("x"), "").is_ok();
    let opened = StateFile::open(&path);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    if !is_superuser {
        let error = opened.unwrap_err();
        assert!(matches!(error, LedgerError::Journal { .. }), "{error}");
        assert!(error.to_string().contains("make files beside it"), "{error}");
    }
}

/// Whatever a crash left of a segment that no commit returned from.
#[test]
fn segments_without_a_record_go_with_the_next_merge() {
    for left in [&b""[..], b"1stj", &[0; 36], &[0; 5000]] {
        let (_folder, path) = folder();
        furnish(&path, 3);
        let store = open_with(&path, PATIENT);
        store.commit(&sighted("a", 1, 0, true)).unwrap();
        let killed = crash(&path);
        let first = (1..10).find(|number| journal::path(&killed, *number).exists()).unwrap();
        fs::write(journal::path(&killed, first + 1), left).unwrap();
        let again = crash(&killed);
        for path in [&killed, &again] {
            let store = StateFile::open(path).unwrap();
            assert_eq!((last(&store, "a"), last(&store, "term 0002")), (Some(1), Some(2)));
            drop(store);
            assert_eq!(journal(path), 0, "after {left:?}");
        }

        // No record at all.
        fs::write(journal::path(&killed, first + 2), left).unwrap();
        let store = StateFile::open(&killed).unwrap();
        assert_eq!(last(&store, "a"), Some(1));
        drop(store);
        assert_eq!(journal(&killed), 0);
    }
}

#[test]
fn what_was_replayed_is_merged_at_once() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    let killed = crash(&path);
    let _store = open_with(&killed, PATIENT);
    eventually("merged", || journal(&killed) == 0);
}

#[test]
fn entries_that_do_not_go_on_from_the_state_are_refused() {
    let alerts = |number| Entry::Alert { number, alert: std::borrow::Cow::Owned(alert("")) };
    let since = Since::met(0);
    for (entry, fits) in [
        (Entry::Rule { number: 1, key: "new" }, true),
        (Entry::Rule { number: 0, key: "new" }, false),
        (Entry::Rule { number: 2, key: "new" }, false),
        (Entry::Since { rule: 0, since }, true),
        (Entry::Since { rule: 1, since }, false),
        (alerts(2), true),
        (alerts(1), false),
        (alerts(3), false),
        (Entry::Acknowledged { number: 1 }, true),
        (Entry::Acknowledged { number: 2 }, false),
    ] {
        let (_folder, path) = folder();
        furnish(&path, 1);
        let (db, _) = open::database(&path).unwrap();
        let id = open::prepare(&db).unwrap();
        drop(db);
        let mut journal = Journal::new(&path, id.id, id.first_segment);
        journal.append([&entry]).unwrap();
        assert_eq!(StateFile::open(&path).is_ok(), fits, "{entry:?}");
    }
}

#[test]
fn segments_that_are_merged_are_not_replayed() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    let segment = fs::read(journal::path(&path, 1)).unwrap();
    store.commit(&sighted("a", 2, 0, false)).unwrap();
    drop(store);
    fs::write(journal::path(&path, 1), segment).unwrap();
    let store = StateFile::open(&path).unwrap();
    assert_eq!((last(&store, "a"), journal(&path)), (Some(2), 0));
}

#[test]
fn a_record_in_pieces_is_dropped_and_what_follows_is_kept() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    let killed = crash(&path);
    let mut segment = fs::OpenOptions::new().append(true).open(journal::path(&killed, 1)).unwrap();
    segment.write_all(&[9, 0, 0, 0, 1, 2, 3]).unwrap();
    let store = open_with(&killed, PATIENT);
    store.commit(&sighted("b", 2, 0, true)).unwrap();
    store.flush().unwrap();
    let store = after_crash(&killed);
    assert_eq!((last(&store, "a"), last(&store, "b")), (Some(1), Some(2)));
}
