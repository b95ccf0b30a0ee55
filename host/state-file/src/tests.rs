//! The file: what survives and what is refused.

mod damage;
mod kills;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use ::redb::TableDefinition;
use tempfile::TempDir;

use super::tables::{FORMAT, FORMAT_KEY, ID_KEY, JOURNAL_KEY, META, OUTBOX, SIGHTINGS};
use super::*;
use firstseen::ledger::{Learning, Quota, Session, Sighting, Verdict};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    (folder, path)
}

fn alert(id: &str) -> StoredAlert {
    StoredAlert { rule_id: "rule".into(), term: "[\"t\"]".into(), id: id.into(), document: "{}".into() }
}

fn alerting(id: &str) -> Changes {
    let mut changes = Changes::default();
    changes.alerts = vec![alert(id)];
    changes
}

fn sighted(term: &str, at_ms: i64, now_ms: i64, news: bool) -> Changes {
    let mut changes = Changes::default();
    changes.now_ms = now_ms;
    let history = History::new(at_ms, 10, now_ms);
    changes.set_history("rule", term, history, news);
    changes
}

fn last(store: &StateFile, term: &str) -> Option<i64> {
    let history = store.history("rule", term).unwrap()?;
    history.spans().map(|span| span.last).max()
}

/// The files of a state, copied as they would be found had the process been
/// killed now. The thread of the store may go on meanwhile, no commit.
fn crash(path: &Path) -> PathBuf {
    let folder = path.with_extension("crashed");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let entries = fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).collect();
    // The state after its journal: what is merged in between is in both.
    files.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    for entry in files {
        match fs::copy(entry.path(), folder.join(entry.file_name())) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            copied => drop(copied.unwrap()),
        }
    }
    folder.join(path.file_name().unwrap())
}

fn after_crash(path: &Path) -> StateFile {
    StateFile::open(crash(path)).unwrap()
}

/// How many files of a state there are beside it.
fn journal(path: &Path) -> usize {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().contains(".journal-")).count()
}

/// A store that merges when it is told to, or closed.
const PATIENT: Bounds =
    Bounds { terms: usize::MAX, term_bytes: usize::MAX, journal_bytes: u64::MAX, age: Duration::from_secs(3600) };

fn open_with(path: &Path, bounds: Bounds) -> StateFile {
    let (db, keeping) = open::database(path).unwrap();
    let store = StateFile::with_database(path, db, bounds).unwrap();
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
    let store = StateFile::open(path).unwrap();
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
    let store = StateFile::open(&path).unwrap();
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
    assert_eq!(crashed.commit(&alerting("3")).unwrap(), [2], "no number comes twice");
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
        let store = StateFile::open(&path).unwrap();
        assert_eq!((last(&store, "term 0002"), store.outbox().unwrap().len()), (Some(2), 2));
    }
}

#[test]
fn what_a_learning_rule_saw_is_on_disk_at_once() {
    let (_folder, path) = folder();
    let store: Arc<dyn Backend> = Arc::new(StateFile::open(&path).unwrap());
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
    let store = StateFile::open(&path).unwrap();
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
    let store = StateFile::open(&path).unwrap();
    let error = StateFile::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()));
    drop(store);
    StateFile::open(&path).unwrap();
}

/// Names the state file to a child process that runs [`child`].
const CHILD_PATH: &str = "FIRSTSEEN_TEST_STATE";

/// Not a test of its own: the other process of the next one.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD_PATH) else {
        return;
    };
    let store = StateFile::open(path).unwrap();
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
    let while_running = StateFile::open(&path);
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(ready);
    let error = while_running.unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }), "{error}");

    let store = StateFile::open(&path).unwrap();
    assert_eq!(store.outbox().unwrap(), [(0, alert("1"))]);
    assert_eq!(last(&store, "a"), Some(1));
}

#[test]
fn other_things_are_refused_with_their_reason() {
    let (folder, path) = folder();
    let refused = |path: &Path| StateFile::open(path).unwrap_err();

    let error = refused(folder.path());
    assert!(matches!(error, LedgerError::NotAState { .. }), "{error}");
    assert!(error.to_string().contains("directory"), "{error}");

    let error = refused(&folder.path().join("missing/state"));
    assert!(matches!(error, LedgerError::Io { .. }), "{error}");
    assert!(error.to_string().contains("create its directory"), "{error}");

    let text = folder.path().join("text");
    let content = "{\"not\":\"a state\"}\n".repeat(10_000);
    fs::write(&text, &content).unwrap();
    let error = refused(&text);
    assert!(matches!(error, LedgerError::NotAState { .. }), "{error}");
    assert_eq!(fs::read_to_string(&text).unwrap(), content, "left alone");

    #[cfg(unix)]
    {
        let error = refused(Path::new("/dev/null"));
        assert!(matches!(error, LedgerError::NotAState { .. }), "{error}");
    }

    fs::write(&path, "").unwrap();
    StateFile::open(&path).expect("an empty file is a new store");
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
        StateFile::open(&path).unwrap_err()
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
    assert!(matches!(error, LedgerError::NotAState { .. }), "{error}");

    let error = edited(|transaction| {
        transaction.delete_table(META).unwrap();
    });
    assert!(matches!(error, LedgerError::NotAState { .. }), "{error}");

    let error = edited(|transaction| {
        transaction.delete_table(SIGHTINGS).unwrap();
    });
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");

    let (_folder, path) = folder();
    furnish(&path, 1);
    let db = Database::create(&path).unwrap();
    let transaction = db.begin_write().unwrap();
    set_format(&transaction, FORMAT + 1);
    transaction.commit().unwrap();
    drop(db);
    let error = StateFile::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Newer { format: 3, supported: 2, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let (_folder, path) = folder();
    StateFile::open(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
