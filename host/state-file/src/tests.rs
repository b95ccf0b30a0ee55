//! What survives, and what is refused.

mod damage;
mod kills;
mod upkeep;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::Duration;

use firstseen_ledger::conformance;
use redb::TableDefinition;
use tempfile::TempDir;

use super::directory::{database, has_table, make, make_private};
use super::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    (folder, path)
}

fn alert(id: &str) -> StoredAlert {
    StoredAlert {
        rule_id: Some("rule".into()),
        term: "[\"t\"]".into(),
        id: id.into(),
        document: "{}".into(),
        sources: Vec::new(),
    }
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

/// Terms and alerts.
fn size(store: &StateFile) -> (u64, u64) {
    let stats = Backend::stats(store).unwrap();
    (stats.terms, stats.outbox.alerts)
}

fn last(store: &StateFile, term: &str) -> Option<i64> {
    let history = store.history("rule", term).unwrap()?;
    history.spans().map(|span| span.last).max()
}

/// A state, copied as it would be found had the process been killed now. The
/// thread of the state may go on meanwhile, no commit.
fn crash(path: &Path) -> PathBuf {
    let copy = files::with_suffix(path, "+");
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir(&copy).unwrap();
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // The journal before the table: what is merged in between is in both.
    files.sort();
    for name in files {
        match fs::copy(path.join(&name), copy.join(&name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            copied => drop(copied.unwrap()),
        }
    }
    copy
}

fn after_crash(path: &Path) -> StateFile {
    StateFile::open(crash(path)).unwrap()
}

/// How many segments the journal of a state has.
fn journal(path: &Path) -> usize {
    journal::numbers(&path.join("journal")).unwrap().len()
}

/// Where a segment is.
#[test]
fn a_state_that_was_made_says_so_and_is_not_made_where_one_is_wanted() {
    let (_folder, path) = folder();
    let absent = || matches!(StateFile::open_existing(&path).unwrap_err().cause, Cause::Absent);
    assert!(absent() && !path.exists());
    make_private(&path).unwrap();
    assert!(absent() && !has_table(&path));
    assert!(StateFile::open(&path).unwrap().is_new());
    assert!(!StateFile::open(&path).unwrap().is_new());
    assert!(!StateFile::open_existing(&path).unwrap().is_new());
}

#[test]
fn drafts_do_not_stay() {
    let (_folder, path) = folder();
    furnish(&path, 1);
    let left = ["table.new-1", "journal.new"].map(|name| path.join(name));
    left.iter().for_each(|path| fs::write(path, "x").unwrap());
    let store = StateFile::open(&path).unwrap();
    assert!(left.iter().all(|path| !path.exists()));
    assert_eq!(last(&store, "term 0000"), Some(0));
}

#[test]
fn a_state_that_is_taken_away_while_in_use_is_noticed() {
    let is_replaced = |store: &StateFile| match store.check_in_place() {
        Ok(()) => false,
        Err(error) => matches!(error.cause, Cause::Replaced),
    };
    let cases: [fn(&Path); 4] = [
        |path| fs::remove_dir_all(path).unwrap(),
        |path| fs::remove_file(path.join("table")).unwrap(),
        |path| fs::write(path.join("table"), "").unwrap(),
        |path| {
            let other = crash(path);
            fs::rename(path, files::with_suffix(path, ".moved")).unwrap();
            fs::rename(other, path).unwrap();
        },
    ];
    for change in cases {
        let (_folder, path) = folder();
        furnish(&path, 3);
        let store = StateFile::open(&path).unwrap();
        assert!(!is_replaced(&store));
        store.commit(&sighted("a", 1, 0, true)).unwrap();
        store.flush().unwrap();
        assert!(!is_replaced(&store));
        change(&path);
        assert!(is_replaced(&store));
    }
}

/// Where the records of a segment end, in its bytes.
pub(crate) fn records_end(segment: &[u8]) -> usize {
    let mut end = 36;
    while segment[end..end + 16] != [0; 16] {
        let length = u32::from_le_bytes(segment[end..end + 4].try_into().unwrap());
        end += 16 + length as usize;
    }
    end
}

fn segment(path: &Path, number: u64) -> PathBuf {
    journal::path(&path.join("journal"), number)
}

/// A state that merges when it is told to, or closed.
const PATIENT: Bounds =
    Bounds { terms: usize::MAX, term_bytes: usize::MAX, journal_bytes: u64::MAX, age: Duration::from_secs(3600) };

fn open_with(path: &Path, bounds: Bounds) -> StateFile {
    make_private(path).unwrap();
    if !has_table(path) {
        make(path).unwrap();
    }
    StateFile::with_database(path, database(path).unwrap(), &path.join("journal"), bounds).unwrap()
}

/// Changes the table behind the state's back.
fn edit(path: &Path, edit: impl FnOnce(&redb::WriteTransaction)) {
    let database = database(path).unwrap();
    let transaction = database.begin_write().unwrap();
    edit(&transaction);
    transaction.commit().unwrap();
}

const STATE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("state");

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
    assert_eq!(size(&store), (3, 2));

    store.acknowledge(&[0]).unwrap();
    let crashed = after_crash(&path);
    assert_eq!(crashed.outbox(None, usize::MAX).unwrap(), [(1, alert("2"))]);
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
    is_merged(Bounds { journal_bytes: 120, ..PATIENT }, &changes);

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
    assert_eq!(size(&store), (2000, 2));
}

#[test]
fn what_a_learning_rule_saw_is_on_disk_at_once() {
    use firstseen_ledger::{Answer, Learning, Ledger, Question, Quota, Settings, Sighting, Verdict};

    let (_folder, path) = folder();
    let ledger: Arc<dyn Ledger> = Arc::new(StateFile::open(&path).unwrap());
    for term in ["a", "b"] {
        let settings = Settings { learning: Learning::by_arrival(100), ..Settings::default() };
        let mut transaction = ledger.begin(0, settings).unwrap();
        let sighting = Question::Sighting(Sighting {
            history: "rule".into(),
            term: term.into(),
            at_ms: 0,
            window_ms: 10,
            event: String::new(),
            quota: Quota { max: 1, per_ms: 1 },
        });
        assert_eq!(transaction.answer(&[sighting]).unwrap(), [Answer::Sighting(Verdict::Seen)]);
        transaction.commit(Vec::new()).unwrap();
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
    assert!(matches!(error.cause, Cause::InUse), "{error}");
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
    assert!(matches!(error.cause, Cause::InUse), "{error}");

    let store = StateFile::open(&path).unwrap();
    assert_eq!(store.outbox(None, usize::MAX).unwrap(), [(0, alert("1"))]);
    assert_eq!(last(&store, "a"), Some(1));
}

#[test]
fn other_things_are_refused_with_their_reason() {
    let (folder, path) = folder();
    let refused = |path: &Path| StateFile::open(path).unwrap_err();

    let error = refused(&folder.path().join("missing/state"));
    assert!(matches!(error.cause, Cause::Io(_)), "{error}");
    assert!(error.to_string().contains("create its directory"), "{error}");

    let texts = ["", "text", &"{\"not\":\"a state\"}\n".repeat(10_000)];
    for text in texts {
        fs::write(&path, text).unwrap();
        let error = refused(&path);
        assert!(matches!(error.cause, Cause::NotAState(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "left alone");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing beside it");
        fs::remove_file(&path).unwrap();
    }

    fs::create_dir(&path).unwrap();
    for name in ["notes.txt", "journal-1", "table"] {
        fs::write(path.join(name), "text").unwrap();
        let error = refused(&path);
        assert_eq!(matches!(error.cause, Cause::Journal(_)), name == "journal-1", "{error}");
        assert!(matches!(error.cause, Cause::Journal(_) | Cause::NotAState(_)), "{error}");
        assert_eq!(fs::read_to_string(path.join(name)).unwrap(), "text", "left alone");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "nothing beside it");
        fs::remove_file(path.join(name)).unwrap();
    }

    let error = refused(Path::new("/dev/null"));
    assert!(matches!(error.cause, Cause::NotAState(_)), "{error}");

    fs::create_dir(path.join("lost+found")).unwrap();
    fs::write(path.join(SOCKET), "").unwrap();
    fs::create_dir(path.join(format!("{SOCKET}.new"))).unwrap();
    fs::write(path.join("table.new-1"), "in the making").unwrap();
    StateFile::open(&path).expect("a directory with nothing in it but that is a new state");
}

#[test]
fn later_formats_are_refused() {
    let (_folder, path) = folder();
    furnish(&path, 1);
    let file = fs::OpenOptions::new().write(true).open(path.join("table")).unwrap();
    let set = |format: u64| file.write_all_at(&format.to_le_bytes(), pages::MAGIC.len() as u64).unwrap();
    set(pages::FORMAT + 1);
    let error = StateFile::open(&path).unwrap_err();
    assert!(matches!(error.cause, Cause::Newer { format: 4, supported: 3 }), "{error}");
    set(2);
    let error = StateFile::open(&path).unwrap_err();
    assert!(matches!(error.cause, Cause::Damaged(_)), "{error}");
    set(pages::FORMAT);
    StateFile::open(&path).unwrap();

    edit(&path, |transaction| assert!(transaction.delete_table(STATE).unwrap()));
    let error = StateFile::open(&path).unwrap_err();
    assert!(matches!(error.cause, Cause::NotAState(_)), "{error}");
}

#[test]
fn what_is_made_is_for_its_owner_only() {
    let (_folder, path) = folder();
    let store = StateFile::open(&path).unwrap();
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!([mode(&path.join("table")), mode(&segment(&path, 1))], [0o600; 2]);
}

#[test]
fn it_keeps_the_promises_of_every_ledger() {
    conformance::check(&|| {
        let folder = tempfile::tempdir().unwrap();
        Box::new(move || Arc::new(StateFile::open(folder.path().join("state")).unwrap()))
    });
    let (_folder, path) = folder();
    conformance::check_sweep(&StateFile::open(path).unwrap());
    let empty = || -> conformance::OpenBackend {
        let folder = tempfile::tempdir().unwrap();
        Box::new(move || Arc::new(StateFile::open(folder.path().join("state")).unwrap()))
    };
    conformance::check_upkeep(&empty, true);
}
