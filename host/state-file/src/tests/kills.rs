//! What a killed process leaves, and what a start makes of it.

use super::*;
use crate::generation::Generation;
use crate::pages::begin_write;
use crate::rows::{Key, Rows, Value};
use crate::table::WriteTable;

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
    assert_eq!(size(&store), (200, 100));
    assert!((0..200).all(|number| last(&store, &format!("term {number}")) == Some(number)));
    let outbox = store.outbox(None, usize::MAX).unwrap();
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
            let outbox: Vec<u64> = store.outbox(None, usize::MAX).unwrap().iter().map(|(number, _)| *number).collect();
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

    // Another table in the directory.
    let other = path.with_extension("other");
    furnish(&other, 1);
    let table = killed.join("table");
    fs::rename(&table, killed.with_extension("away")).unwrap();
    fs::copy(other.join("table"), &table).unwrap();
    let refused = |cause: &str| {
        let error = StateFile::open(&killed).unwrap_err();
        assert!(matches!(error.cause, Cause::Journal(_)), "{error}");
        assert!(error.to_string().contains(cause), "{error}");
        assert_eq!(journal(&killed), 1, "it may be all that is left");
    };
    refused("belongs to another state");

    // None: it may come back.
    fs::remove_file(&table).unwrap();
    refused("without its table");
    fs::rename(killed.with_extension("away"), &table).unwrap();
    assert_eq!(last(&StateFile::open(&killed).unwrap(), "a"), Some(1));
}

#[test]
fn a_state_may_be_reached_by_a_link() {
    let (folder, path) = folder();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let error = StateFile::open(&link).unwrap_err();
    assert!(matches!(error.cause, Cause::Io(_)), "a link to nothing: {error}");
    furnish(&path, 1);
    assert_eq!(last(&StateFile::open(&link).unwrap(), "term 0000"), Some(0));
}

#[test]
fn a_directory_that_cannot_be_written_to_is_refused_at_the_start() {
    let (_folder, path) = folder();
    furnish(&path, 1);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o500)).unwrap();
    let is_superuser = fs::write(path.join("x"), "").is_ok();
    let opened = StateFile::open(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    if !is_superuser {
        let error = opened.unwrap_err();
        assert!(matches!(error.cause, Cause::Journal(_)), "{error}");
        assert!(error.to_string().contains("make files beside it"), "{error}");
    }
}

/// Whatever a crash left of a segment that no commit returned from.
#[test]
fn segments_without_a_record_go_with_the_next_merge() {
    for left in ["journal-3", "journal.new"] {
        let (_folder, path) = folder();
        furnish(&path, 3);
        let store = open_with(&path, PATIENT);
        store.commit(&sighted("a", 1, 0, true)).unwrap();
        let killed = crash(&path);
        let first = (1..10).find(|number| segment(&killed, *number).exists()).unwrap();
        // A segment like the one that would be next, without its record.
        let id = Known::read(&database(&killed).unwrap()).unwrap().numbers.id;
        let stem = killed.join("journal");
        let replayed = journal::replay(&stem, Form::Padded, id, first, |_| Ok(())).unwrap();
        let mut next = Journal::new(&stem, id, first);
        next.go_on_after(replayed);
        next.append(b"record").unwrap();
        let mut bytes = fs::read(segment(&killed, first + 1)).unwrap();
        bytes[36..].fill(0);
        fs::write(segment(&killed, first + 1), &bytes).unwrap();
        if left == "journal.new" {
            fs::rename(segment(&killed, first + 1), killed.join(left)).unwrap();
        }
        let again = crash(&killed);
        for path in [&killed, &again] {
            let store = StateFile::open(path).unwrap();
            assert_eq!((last(&store, "a"), last(&store, "term 0002")), (Some(1), Some(2)));
            drop(store);
            assert_eq!(journal(path), 0, "after {left}");
            assert!(!path.join("journal.new").exists());
        }
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
fn rows_that_do_not_go_on_from_the_state_are_refused() {
    let text = "new".to_owned();
    let since = Since::met(0);
    let put = |key, value: &dyn Fn(Key<'_>, &mut Rows)| {
        let mut rows = Rows::default();
        value(key, &mut rows);
        rows
    };
    let rule = |key: Key<'_>, rows: &mut Rows| rows.put(key, &text).unwrap();
    let sinces = |key: Key<'_>, rows: &mut Rows| rows.put(key, &since).unwrap();
    let alerts = |key: Key<'_>, rows: &mut Rows| rows.put(key, &alert("")).unwrap();
    let gone = |key: Key<'_>, rows: &mut Rows| rows.remove(key).unwrap();
    for (rows, fits) in [
        (put(Key::Rule(1), &rule), true),
        (put(Key::Rule(0), &rule), false),
        (put(Key::Rule(2), &rule), false),
        (put(Key::Since(0), &sinces), true),
        (put(Key::Since(1), &sinces), false),
        (put(Key::Since(0), &alerts), false),
        (put(Key::History(0, "a"), &sinces), false),
        (put(Key::History(1, "a"), &|key, rows| rows.put(key, &History::new(0, 1, 0)).unwrap()), false),
        (put(Key::Quota(1, 1, 1), &sinces), false),
        (put(Key::Alert(2), &alerts), true),
        (put(Key::Alert(1), &alerts), false),
        (put(Key::Alert(3), &alerts), false),
        (put(Key::Alert(1), &gone), true),
        (put(Key::Alert(2), &gone), false),
        (put(Key::Rule(0), &gone), false),
        (put(Key::Numbers, &sinces), false),
    ] {
        let (_folder, path) = folder();
        furnish(&path, 1);
        let numbers = Known::read(&database(&path).unwrap()).unwrap().numbers;
        let mut journal = Journal::new(&path.join("journal"), numbers.id, numbers.first_segment);
        journal.append(rows.bytes()).unwrap();
        assert_eq!(StateFile::open(&path).is_ok(), fits, "{rows:?}");
    }
}

#[test]
fn a_merge_that_was_killed_between_its_parts_begins_again() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    for number in 0..20 {
        store.commit(&sighted(&format!("term {number:04}"), number, 0, true)).unwrap();
    }
    store.commit(&alerting("a")).unwrap();
    let killed = crash(&path);
    let database = database(&killed).unwrap();
    let mut first_part = Generation::default();
    first_part.rows.insert(Key::Rule(0).bytes(), {
        let mut value = Vec::new();
        Value::put(&"rule".to_owned(), &mut value);
        Some(value)
    });
    for number in 0..10 {
        first_part.put(0, Term::new(&format!("term {number:04}")), History::new(number, 10, 0), true);
    }
    let transaction = begin_write(&database).unwrap();
    {
        let mut table = WriteTable::open(&transaction).unwrap();
        table.put_rules(&first_part).unwrap();
        assert_eq!(table.put_histories(&first_part.sorted()).unwrap(), 10);
        table.put_terms(10).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);

    let store = StateFile::open(&killed).unwrap();
    let all_known = || (0..20).all(|number| last(&store, &format!("term {number:04}")) == Some(number));
    assert!(all_known());
    store.flush().unwrap();
    assert!(all_known());
    assert_eq!(size(&store), (20, 1));
}

#[test]
fn segments_that_are_merged_are_not_replayed() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    let merged = fs::read(segment(&path, 1)).unwrap();
    store.commit(&sighted("a", 2, 0, false)).unwrap();
    drop(store);
    fs::write(segment(&path, 1), merged).unwrap();
    let store = StateFile::open(&path).unwrap();
    assert_eq!((last(&store, "a"), journal(&path)), (Some(2), 0));
}

#[test]
fn a_record_in_pieces_is_dropped_and_what_follows_is_kept() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    let killed = crash(&path);
    let mut bytes = fs::read(segment(&killed, 1)).unwrap();
    let end = records_end(&bytes);
    bytes[end..end + 7].copy_from_slice(&[9, 0, 0, 0, 1, 2, 3]);
    fs::write(segment(&killed, 1), bytes).unwrap();
    let store = open_with(&killed, PATIENT);
    store.commit(&sighted("b", 2, 0, true)).unwrap();
    store.flush().unwrap();
    let store = after_crash(&killed);
    assert_eq!((last(&store, "a"), last(&store, "b")), (Some(1), Some(2)));
}
