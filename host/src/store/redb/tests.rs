//! The file: what survives and what is refused.

mod damage;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use ::redb::TableDefinition;
use tempfile::TempDir;

use super::super::{Learning, Quota, Session, Sighting, Verdict};
use super::entry::Entry;
use super::tables::{FORMAT, FORMAT_KEY, ID_KEY, JOURNAL_KEY, META, OUTBOX, SIGHTINGS};
use super::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    (folder, path)
}

fn alert(id: &str) -> StoredAlert {
    StoredAlert { rule_id: "rule".into(), term: "[\"t\"]".into(), id: id.into(), document: "{}".into() }
}

fn sighted(term: &str, at_ms: i64, now_ms: i64, news: bool) -> Changes {
    let mut changes = Changes { now_ms, ..Changes::default() };
    let history = History::new(at_ms, 10, now_ms);
    changes.set_history("rule", term, history, news);
    changes
}

fn last(store: &RedbStore, term: &str) -> Option<i64> {
    let history = store.history("rule", term).unwrap()?;
    history.spans().map(|span| span.last).max()
}

/// The files of a state, copied as they would be found had the process been
/// killed now. The thread of the store may go on meanwhile.
fn crash(path: &Path) -> PathBuf {
    let folder = path.with_extension("crashed");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        let from = entry.unwrap();
        if from.file_type().unwrap().is_file() {
            fs::copy(from.path(), folder.join(from.file_name())).unwrap();
        }
    }
    folder.join(path.file_name().unwrap())
}

fn after_crash(path: &Path) -> RedbStore {
    RedbStore::open(crash(path)).unwrap()
}

/// How many files of a state there are beside it.
fn journal(path: &Path) -> usize {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().contains(".journal-")).count()
}

/// A store that merges when it is told to, or closed.
const PATIENT: Bounds =
    Bounds { terms: usize::MAX, term_bytes: usize::MAX, journal_bytes: u64::MAX, age: Duration::from_secs(3600) };

fn open_with(path: &Path, bounds: Bounds) -> RedbStore {
    let (db, keeping) = open::database(path).unwrap();
    let store = RedbStore::with_database(path, db, bounds).unwrap();
    keeping.start();
    store
}

/// Waits, for a minute at most, until the thread of the store has come so far.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never {what}");
}

/// A store with a bit of everything in it.
fn furnish(path: &Path, terms: usize) {
    let store = RedbStore::open(path).unwrap();
    let mut changes = Changes::default();
    let rule = changes.rule("rule");
    rule.since = Some(Since::met(5).after_sighting(-3));
    rule.quotas.insert((100, -1), QuotaUse { used: 3, expires_ms: 9 });
    for term in 0..terms {
        let history = History::new(term as i64, 10, 0);
        changes.set_history("rule", &format!("term {term:04}"), history, true);
    }
    changes.alerts = vec![alert("1"), alert("2")];
    store.commit(&changes).unwrap();
}

#[test]
fn everything_survives_reopening() {
    let (_folder, path) = folder();
    furnish(&path, 3);
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.since("rule").unwrap(), Some(Since { arrival_ms: 5, first_at_ms: Some(-3) }));
    assert_eq!(store.since("other").unwrap(), None);
    let quota = store.quota("rule", 100, -1).unwrap().unwrap();
    assert_eq!((quota.used, quota.expires_ms), (3, 9));
    assert_eq!(store.quota("rule", 99, -1).unwrap(), None);
    assert_eq!(last(&store, "term 0002"), Some(2));
    assert_eq!(store.stats().unwrap(), Stats { terms: 3, outbox: 2 });

    store.acknowledge(&[0]).unwrap();
    let crashed = after_crash(&path);
    assert_eq!(crashed.outbox().unwrap(), [(1, alert("2"))]);
    crashed.acknowledge(&[1]).unwrap();
    let more = Changes { alerts: vec![alert("3")], ..Changes::default() };
    assert_eq!(crashed.commit(&more).unwrap(), [2], "no number comes twice");
}

#[test]
fn news_is_on_disk_at_once_and_refreshes_by_and_by() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    assert_eq!(last(&after_crash(&path), "a"), Some(1));
    assert_eq!(journal(&path), 1);

    store.commit(&sighted("a", 2, 0, false)).unwrap();
    assert_eq!(last(&store, "a"), Some(2), "reads see it");
    assert_eq!(last(&after_crash(&path), "a"), Some(1), "the disk does not");
    store.commit(&sighted("b", 3, 0, true)).unwrap();
    let crashed = after_crash(&path);
    assert_eq!((last(&crashed, "a"), last(&crashed, "b")), (Some(1), Some(3)));

    store.flush().unwrap();
    assert_eq!((journal(&path), last(&after_crash(&path), "a")), (0, Some(2)), "all is in the file");
    store.flush().unwrap();

    store.commit(&sighted("a", 5, 0, false)).unwrap();
    drop(store);
    assert_eq!(journal(&path), 0);
    assert_eq!(last(&after_crash(&path), "a"), Some(5), "as does closing");
}

#[test]
fn what_waits_is_merged_within_its_bounds() {
    let is_merged = |bounds: Bounds, changes: &[Changes]| {
        let (_folder, path) = folder();
        let store = open_with(&path, bounds);
        let (last_one, earlier) = changes.split_last().unwrap();
        for changes in earlier {
            store.commit(changes).unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(journal(&path), 1, "not yet");
        store.commit(last_one).unwrap();
        eventually("merged", || journal(&path) == 0);
        assert_eq!(last(&after_crash(&path), "a"), Some(2));
    };
    let changes = [sighted("a", 1, 0, true), sighted("a", 2, 0, false), sighted("b", 1, 0, true)];
    is_merged(Bounds { terms: 2, ..PATIENT }, &changes);
    is_merged(Bounds { term_bytes: 2, ..PATIENT }, &changes);
    is_merged(Bounds { journal_bytes: 130, ..PATIENT }, &changes);

    let (_folder, path) = folder();
    let store = open_with(&path, Bounds { age: Duration::from_millis(1), ..PATIENT });
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    store.commit(&sighted("a", 2, 0, false)).unwrap();
    eventually("old enough", || last(&after_crash(&path), "a") == Some(2));
}

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
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.stats().unwrap(), Stats { terms: 200, outbox: 100 });
    assert!((0..200).all(|number| last(&store, &format!("term {number}")) == Some(number)));
    let outbox = store.outbox().unwrap();
    assert!(outbox.iter().all(|(number, alert)| number % 2 == 1 && alert.id == number.to_string()));
    assert_eq!(store.commit(&Changes { alerts: vec![alert("")], ..Changes::default() }).unwrap(), [200]);
}

#[test]
fn reads_see_the_same_before_while_and_after_a_merge() {
    let (_folder, path) = folder();
    furnish(&path, 2000);
    let store = open_with(&path, Bounds { age: Duration::ZERO, ..PATIENT });
    let term = |number: i64| format!("term {number:04}");
    for round in 1..20 {
        for number in 0..2000 {
            if number % 20 == round {
                store.commit(&sighted(&term(number), 10_000 + number, 0, number % 2 == 0)).unwrap();
            }
            let expected = if number % 20 == round { 10_000 + number } else { number };
            assert_eq!(last(&store, &term(number)), Some(expected));
        }
        for number in (0..2000).filter(|number| number % 20 == round) {
            store.commit(&sighted(&term(number), number, 0, false)).unwrap();
        }
    }
    store.flush().unwrap();
    assert_eq!(store.stats().unwrap(), Stats { terms: 2000, outbox: 2 });
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
        // A copy is not made at one moment: a segment may go between the state and
        // its journal. Nothing else may be wrong with it.
        let crashed = (0..100).find_map(|_| match RedbStore::open(crash(&path)) {
            Ok(store) => (last(&store, &term) == Some(number)).then_some(store),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("is missing") || text.contains("No such file"), "{text}");
                None
            }
        });
        let crashed = crashed.expect("one of 100 copies is whole");
        let once_more = RedbStore::open(crash(&path.with_extension("crashed").join("state")));
        for store in [Some(crashed), once_more.ok()].into_iter().flatten() {
            assert!((0..=number).all(|number| last(&store, &format!("term {number}")) == Some(number)));
            assert!((0..=number).all(|number| store.quota("rule", 100, number).unwrap().is_some()));
            let outbox: Vec<u64> = store.outbox().unwrap().iter().map(|(number, _)| *number).collect();
            let number = number as u64;
            assert_eq!(outbox, (number.saturating_sub(4)..=number).collect::<Vec<_>>());
            assert_eq!(store.commit(&Changes { alerts: vec![alert("")], ..Changes::default() }).unwrap(), [number + 1]);
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
        let error = RedbStore::open(&killed).unwrap_err();
        assert!(matches!(error, StoreError::Journal { .. }), "{error}");
        assert!(error.to_string().contains(cause), "{error}");
        assert_eq!(journal(&killed), 1, "it may be all that is left");
    };
    refused("belongs to another state file");

    // None: it may come back.
    fs::rename(&killed, path.with_extension("away")).unwrap();
    refused("without its state file");
    fs::remove_file(journal::path(&killed, 1)).unwrap();
    let store = RedbStore::open(&killed).unwrap();
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
    let error = RedbStore::open(&link).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "a link to nothing: {error}");

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
    let opened = RedbStore::open(&path);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    if !is_superuser {
        let error = opened.unwrap_err();
        assert!(matches!(error, StoreError::Journal { .. }), "{error}");
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
            let store = RedbStore::open(path).unwrap();
            assert_eq!((last(&store, "a"), last(&store, "term 0002")), (Some(1), Some(2)));
            drop(store);
            assert_eq!(journal(path), 0, "after {left:?}");
        }

        // No record at all.
        fs::write(journal::path(&killed, first + 2), left).unwrap();
        let store = RedbStore::open(&killed).unwrap();
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
        assert_eq!(RedbStore::open(&path).is_ok(), fits, "{entry:?}");
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
    let store = RedbStore::open(&path).unwrap();
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

#[test]
fn format_1_becomes_this_one() {
    let (_folder, path) = folder();
    furnish(&path, 3);
    let db = Database::create(&path).unwrap();
    let transaction = db.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(META).unwrap();
        meta.insert(FORMAT_KEY, 1).unwrap();
        meta.remove(ID_KEY).unwrap();
        meta.remove(JOURNAL_KEY).unwrap();
    }
    transaction.commit().unwrap();
    drop(db);
    for _ in 0..2 {
        let store = RedbStore::open(&path).unwrap();
        assert_eq!((last(&store, "term 0002"), store.outbox().unwrap().len()), (Some(2), 2));
    }
}

#[test]
fn what_a_learning_rule_saw_is_on_disk_at_once() {
    let (_folder, path) = folder();
    let store: Arc<dyn Store> = Arc::new(RedbStore::open(&path).unwrap());
    for term in ["a", "b"] {
        let mut session = Session::new(Arc::clone(&store), 0, Learning::by_arrival(100));
        let sighting = Sighting {
            rule: "rule".into(),
            term: term.into(),
            at_ms: 0,
            window_ms: 10,
            event: String::new(),
            quota: Quota { max: 1, per_ms: 1 },
        };
        assert_eq!(session.observe(&[sighting]).unwrap(), [Verdict::Seen]);
        session.commit(Vec::new()).unwrap();
        assert_eq!(last(&after_crash(&path), term), Some(0));
    }
}

#[test]
fn expired_entries_are_swept_and_touched_ones_kept() {
    let (_folder, path) = folder();
    furnish(&path, 1000);
    let store = RedbStore::open(&path).unwrap();
    for term in 0..600 {
        let touched = sighted(&format!("term {term:04}"), 0, DAY + 1, false);
        store.commit(&touched).unwrap();
    }
    store.flush().unwrap();
    assert_eq!(store.quota("rule", 100, -1).unwrap(), None);
    for at_ms in 0..4 {
        store.commit(&sighted("z", at_ms, DAY + 1, true)).unwrap();
        store.flush().unwrap();
    }
    assert_eq!(store.stats().unwrap().terms, 601);
    assert_eq!(last(&store, "term 0599"), Some(0));
    assert_eq!(last(&store, "term 0600"), None);
}

#[test]
fn a_merge_looks_at_a_slice_for_each_commit() {
    let (_folder, path) = folder();
    furnish(&path, 1000);
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("z", 0, DAY + 1, true)).unwrap();
    store.flush().unwrap();
    let after_one = store.stats().unwrap().terms;
    assert_eq!(after_one, 1001 - 258);
    for at_ms in 1..4 {
        store.commit(&sighted("z", at_ms, DAY + 1, true)).unwrap();
    }
    store.flush().unwrap();
    assert_eq!(store.stats().unwrap().terms, 1, "three commits, one merge");
}

#[test]
fn a_file_belongs_to_one_store() {
    let (_folder, path) = folder();
    let store = RedbStore::open(&path).unwrap();
    let error = RedbStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()));
    drop(store);
    RedbStore::open(&path).unwrap();
}

/// Names the state file to a child process that runs [`child`].
const CHILD_PATH: &str = "FIRSTSEEN_TEST_STATE";

/// Not a test of its own: the other process of the next one.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD_PATH) else {
        return;
    };
    let store = RedbStore::open(path).unwrap();
    let mut changes = sighted("a", 1, 0, true);
    changes.alerts = vec![alert("1")];
    store.commit(&changes).unwrap();
    store.commit(&sighted("a", 2, 0, false)).unwrap();
    println!("\nready");
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_killed_process_loses_only_what_it_may() {
    let (_folder, path) = folder();
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("{module}::child")])
        .env(CHILD_PATH, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let ready = output.lines().any(|line| line.unwrap() == "ready");
    let while_running = RedbStore::open(&path);
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(ready);
    let error = while_running.unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");

    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.outbox().unwrap(), [(0, alert("1"))]);
    assert_eq!(last(&store, "a"), Some(1));
}

#[test]
fn other_things_are_refused_with_their_reason() {
    let (folder, path) = folder();
    let refused = |path: &Path| RedbStore::open(path).unwrap_err();

    let error = refused(folder.path());
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert!(error.to_string().contains("directory"), "{error}");

    let error = refused(&folder.path().join("missing/state"));
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(error.to_string().contains("create its directory"), "{error}");

    let text = folder.path().join("text");
    let content = "{\"not\":\"a state\"}\n".repeat(10_000);
    fs::write(&text, &content).unwrap();
    let error = refused(&text);
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert_eq!(fs::read_to_string(&text).unwrap(), content, "left alone");

    #[cfg(unix)]
    {
        let error = refused(Path::new("/dev/null"));
        assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    }

    fs::write(&path, "").unwrap();
    RedbStore::open(&path).expect("an empty file is a new store");
}

#[test]
fn other_databases_are_refused() {
    const OTHER: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
    let edited = |edit: fn(&::redb::WriteTransaction)| {
        let (_folder, path) = folder();
        furnish(&path, 1);
        let db = Database::create(&path).unwrap();
        let transaction = db.begin_write().unwrap();
        edit(&transaction);
        transaction.commit().unwrap();
        drop(db);
        RedbStore::open(&path).unwrap_err()
    };
    let set_format = |transaction: &::redb::WriteTransaction, format| {
        let mut meta = transaction.open_table(META).unwrap();
        meta.insert(FORMAT_KEY, format).unwrap();
    };

    let error = edited(|transaction| {
        transaction.delete_table(META).unwrap();
        let mut other = transaction.open_table(OTHER).unwrap();
        other.insert("a", "b").unwrap();
    });
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");

    let error = edited(|transaction| {
        transaction.delete_table(META).unwrap();
    });
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");

    let error = edited(|transaction| {
        transaction.delete_table(SIGHTINGS).unwrap();
    });
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");

    let (_folder, path) = folder();
    furnish(&path, 1);
    let db = Database::create(&path).unwrap();
    let transaction = db.begin_write().unwrap();
    set_format(&transaction, FORMAT + 1);
    transaction.commit().unwrap();
    drop(db);
    let error = RedbStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Newer { format: 3, supported: 2, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let (_folder, path) = folder();
    RedbStore::open(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
