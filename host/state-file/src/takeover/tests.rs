//! Whatever happens on the way, nothing that the earlier form knew is lost.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use firstseen_ledger::{Backend, Changes, History, Since, StoredAlert};
use redb::{Database, ReadableDatabase, ReadableTableMetadata};
use tempfile::TempDir;

use super::*;
use crate::StateFile;
use crate::journal::Journal;
use crate::tests::records_end;

const ID: u64 = 77;

/// Makes a state of the earlier form: so many terms in its table and ten more in
/// its journal, which also takes an alert back.
fn furnish(path: &Path, terms: u32) {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(earlier::META).unwrap();
        for (name, number) in [("format", 2), ("id", ID), ("journal", 3), ("next-alert", 2)] {
            meta.insert(name, number).unwrap();
        }
        transaction.open_table(earlier::RULES).unwrap().insert("rule", 0).unwrap();
        transaction.open_table(earlier::SINCE).unwrap().insert(0, (5, 1, -3)).unwrap();
        transaction.open_table(earlier::QUOTAS).unwrap().insert((0, 100, -1), (3, 9)).unwrap();
        let mut sightings = transaction.open_table(earlier::SIGHTINGS).unwrap();
        for term in 0..terms {
            let value = numbers(&[1 << 50, i64::from(term), i64::from(term)]);
            sightings.insert((0, &*format!("term {term:05}")), &*value).unwrap();
        }
        let mut outbox = transaction.open_table(earlier::OUTBOX).unwrap();
        for number in 0..2 {
            outbox.insert(number, &*texts(&["rule", "[\"t\"]", &number.to_string(), "{}"])).unwrap();
        }
    }
    transaction.commit().unwrap();
    drop(database);

    let mut journal = Journal::new(&earlier::journal(path), ID, 3);
    for term in terms..terms + 10 {
        let entry = [&[3, 0, 0, 0, 0][..], &texts(&[&format!("term {term:05}")]), &[1], &numbers(&[1 << 50, 0, 7])];
        journal.append(&entry.concat()).unwrap();
    }
    let rule = [&[0, 1, 0, 0, 0][..], &texts(&["other"])].concat();
    let since = [&[1, 1, 0, 0, 0][..], &numbers(&[8]), &[0], &numbers(&[0])].concat();
    let quota = [&[2, 0, 0, 0, 0][..], &numbers(&[100, -1]), &[4, 0, 0, 0], &numbers(&[10])].concat();
    let alert = [&[4][..], &numbers(&[2]), &texts(&["rule", "[\"t\"]", "2", "{}"])].concat();
    let acknowledged = [&[5][..], &numbers(&[0])].concat();
    journal.append(&[rule, since, quota, alert, acknowledged].concat()).unwrap();
    make_earlier(&journal::path(&earlier::journal(path), 3));
    fs::write(earlier::sums(path), "sums").unwrap();
}

/// Gives a segment the form that version 0.1 wrote: another magic, no zeros at the end.
fn make_earlier(segment: &Path) {
    let bytes = fs::read(segment).unwrap();
    let head = [b"1stjrnl2", &bytes[8..32]].concat();
    let sum = crc32fast::hash(&head).to_le_bytes();
    fs::write(segment, [&head[..], &sum, &bytes[36..records_end(&bytes)]].concat()).unwrap();
}

fn numbers(numbers: &[i64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn texts(texts: &[&str]) -> Vec<u8> {
    let text = |text: &&str| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    texts.iter().flat_map(text).collect()
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

/// Checks that a state knows all that [`furnish`] wrote.
fn knows_all(state: &StateFile, terms: u32) {
    let spans = |term: u32| -> Option<Vec<(i64, i64)>> {
        let history: History = state.history("rule", &format!("term {term:05}")).unwrap()?;
        Some(history.spans().map(|span| (span.first, span.last)).collect())
    };
    for term in 0..terms {
        assert_eq!(spans(term), Some(vec![(i64::from(term), i64::from(term))]), "term {term}");
    }
    for term in terms..terms + 10 {
        assert_eq!(spans(term), Some(vec![(0, 7)]), "term {term}");
    }
    assert_eq!(state.stats().unwrap().terms, u64::from(terms) + 10);
    assert_eq!(state.since("rule").unwrap(), Some(Since { arrival_ms: 5, first_at_ms: Some(-3) }));
    assert_eq!(state.since("other").unwrap(), Some(Since::met(8)));
    let quota = state.quota("rule", 100, -1).unwrap().unwrap();
    assert_eq!((quota.used, quota.expires_ms), (4, 10));
    assert_eq!(state.outbox(None, usize::MAX).unwrap(), [(1, alert("1")), (2, alert("2"))]);
    let mut changes = Changes::default();
    changes.alerts = vec![alert("3")];
    assert_eq!(state.commit(&changes).unwrap(), [3], "no number comes twice");
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seen.redb");
    (folder, path)
}

/// All files in a folder, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let mut files: Vec<_> =
        files.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn all_is_known_and_nothing_is_changed() {
    let (folder, path) = folder();
    furnish(&path, 300);
    let earlier = files(folder.path());
    let state = StateFile::open(&path).unwrap();
    assert_eq!(state.earlier_form(), Some(&*before(&path)));
    knows_all(&state, 300);
    drop(state);
    let renamed = earlier.into_iter().map(|(name, bytes)| (name.replace("seen.redb", "seen.redb.before-0.2"), bytes));
    assert_eq!(files(folder.path()), renamed.collect::<Vec<_>>());

    let state = StateFile::open(&path).unwrap();
    assert_eq!((state.earlier_form(), state.outbox(None, usize::MAX).unwrap().len()), (None, 3));
}

#[test]
fn a_file_of_format_1_or_reached_by_a_link_is_taken_over() {
    let (folder, path) = folder();
    let elsewhere = folder.path().join("elsewhere");
    furnish(&elsewhere, 3);
    journal::remove(&earlier::journal(&elsewhere), 0..9);
    let database = Database::create(&elsewhere).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(earlier::META).unwrap();
        meta.insert("format", 1).unwrap();
        meta.remove("id").unwrap();
        meta.remove("journal").unwrap();
    }
    transaction.commit().unwrap();
    drop(database);
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let state = StateFile::open(&path).unwrap();
    assert_eq!(state.stats().unwrap().terms, 3);
    assert!(elsewhere.is_dir() && path.is_symlink());
}

#[test]
fn what_cannot_be_taken_over_is_refused_and_left_alone() {
    let (folder, path) = folder();
    let refused = |expected: &str| {
        let there = files(folder.path());
        let error = StateFile::open(&path).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(files(folder.path()) == there, "{error}");
    };
    furnish(&path, 300);
    let in_use = Database::create(&path).unwrap();
    let error = StateFile::open(&path).unwrap_err();
    assert!(matches!(error.cause, Cause::InUse), "{error}");
    drop(in_use);

    fs::write(before(&path), "somebody's").unwrap();
    refused("is there already");
    fs::remove_file(before(&path)).unwrap();
    fs::create_dir(draft(&path)).unwrap();
    fs::write(draft(&path).join("notes.txt"), "somebody's").unwrap();
    refused("seen.redb.takeover-0.2");
    fs::remove_dir_all(draft(&path)).unwrap();

    let intact = fs::read(&path).unwrap();
    for place in (4096..intact.len()).step_by(intact.len() / 40) {
        let mut bytes = intact.clone();
        bytes[place] ^= 1;
        fs::write(&path, bytes).unwrap();
        let there = files(folder.path());
        match StateFile::open(&path) {
            // What no row is in.
            Ok(state) => {
                knows_all(&state, 300);
                drop(state);
                fs::remove_dir_all(&path).unwrap();
                fs::remove_file(before(&path)).unwrap();
                for number in journal::numbers(&earlier::journal(&before(&path))).unwrap() {
                    let from = journal::path(&earlier::journal(&before(&path)), number);
                    fs::rename(from, journal::path(&earlier::journal(&path), number)).unwrap();
                }
            }
            Err(error) => {
                assert!(matches!(error.cause, Cause::Damaged(_)), "{error}");
                assert!(files(folder.path()) == there);
            }
        }
    }
    fs::write(&path, &intact).unwrap();
    let segment = journal::path(&earlier::journal(&path), 3);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[60] ^= 1;
    fs::write(&segment, bytes).unwrap();
    refused("journal-3 is broken");
    for number in journal::numbers(&earlier::journal(&path)).unwrap() {
        fs::remove_file(journal::path(&earlier::journal(&path), number)).unwrap();
    }

    let other = Database::create(&path).unwrap();
    let transaction = other.begin_write().unwrap();
    transaction.delete_table(earlier::META).unwrap();
    transaction.commit().unwrap();
    drop(other);
    refused("another program's");
}

/// After each of the names that are given at the end.
#[test]
fn a_takeover_that_was_stopped_between_two_names_is_finished() {
    for names in 0..=4 {
        let (_folder, path) = folder();
        furnish(&path, 30);
        let file = open_regular(&path).unwrap();
        let earlier = Earlier::open(&path, &file).unwrap();
        directory::make_private(&draft(&path)).unwrap();
        directory::make(&draft(&path)).unwrap();
        copy(&earlier, &draft(&path)).unwrap();
        compare(&earlier, &draft(&path)).unwrap();
        drop(earlier);
        let segment = |path: &Path| journal::path(&earlier::journal(path), 3);
        let pairs = [
            (path.clone(), before(&path)),
            (segment(&path), segment(&before(&path))),
            (earlier::sums(&path), earlier::sums(&before(&path))),
            (draft(&path), path.clone()),
        ];
        for (from, to) in pairs.iter().take(names) {
            fs::rename(from, to).unwrap();
        }
        if (1..4).contains(&names) {
            file.lock().unwrap();
            let error = StateFile::open(&path).unwrap_err();
            assert!(matches!(error.cause, Cause::InUse), "somebody is at it: {error}");
            // A process that is being made by another test may have the file as well.
            file.unlock().unwrap();
        }
        drop(file);
        let state = StateFile::open(&path).unwrap();
        knows_all(&state, 30);
        assert!(before(&path).is_file() && segment(&before(&path)).is_file() && !draft(&path).exists());
    }
}

#[test]
fn a_row_that_was_not_written_is_missed() {
    let (_folder, path) = folder();
    furnish(&path, 30);
    let file = open_regular(&path).unwrap();
    let earlier = Earlier::open(&path, &file).unwrap();
    directory::make_private(&draft(&path)).unwrap();
    directory::make(&draft(&path)).unwrap();
    compare(&earlier, &draft(&path)).unwrap_err();
    copy(&earlier, &draft(&path)).unwrap();
    compare(&earlier, &draft(&path)).unwrap();
    let database = directory::database(&draft(&path)).unwrap();
    let transaction = begin_write(&database).unwrap();
    WriteTable::open(&transaction).unwrap().put_row(&Key::Rule(9).bytes(), b"x").unwrap();
    transaction.commit().unwrap();
    drop(database);
    compare(&earlier, &draft(&path)).unwrap_err();
}

/// Names the state to a child process that runs [`child`].
const CHILD_PATH: &str = "FIRSTSEEN_TEST_EARLIER_STATE";

/// Not a test of its own: the process that is killed in the next one.
#[test]
fn child() {
    if let Some(path) = std::env::var_os(CHILD_PATH) {
        println!("\nready");
        std::io::stdout().flush().unwrap();
        drop(StateFile::open(path).unwrap());
    }
}

fn run(path: &Path, kill_after: Option<Duration>) -> Duration {
    use std::io::{BufRead, BufReader};

    let (_, module) = module_path!().split_once("::").unwrap();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("{module}::child")])
        .env(CHILD_PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap() == "ready"));
    let start = Instant::now();
    if let Some(moment) = kill_after {
        std::thread::sleep(moment);
        process.kill().unwrap();
    }
    output.for_each(drop);
    process.wait().unwrap();
    start.elapsed()
}

/// Fifty kills, at moments that are spread over all that a takeover does.
#[test]
fn a_takeover_that_is_killed_is_finished_by_the_next_start() {
    const TERMS: u32 = 5000;
    const KILLS: u32 = 50;
    let (_folder, source) = folder();
    furnish(&source, TERMS);
    let fresh = || {
        let (folder, path) = folder();
        for (name, bytes) in files(source.parent().unwrap()) {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        (folder, path)
    };
    let (_first, path) = fresh();
    let whole = run(&path, None);
    let (mut before_the_end, mut half_done) = (0, 0);
    for kill in 0..KILLS {
        let (folder, path) = fresh();
        run(&path, Some(whole * kill / KILLS));
        before_the_end += u32::from(!path.is_dir());
        half_done += u32::from(draft(&path).exists());
        let state = StateFile::open(&path).unwrap();
        knows_all(&state, TERMS);
        assert!(!draft(&path).exists());
        let earlier = files(folder.path());
        let expected = files(source.parent().unwrap());
        assert!(
            earlier.iter().map(|(_, bytes)| bytes).eq(expected.iter().map(|(_, bytes)| bytes)),
            "the earlier form is as it was"
        );
    }
    assert!(before_the_end > 5 && half_done > 0, "{before_the_end} before the end, {half_done} half done");
}

/// The state that a release left is read as it is.
#[test]
fn an_unclean_file_is_put_in_order_in_memory_alone() {
    let (folder, path) = folder();
    furnish(&path, 300);
    // As a killed process leaves it: open for writing, with a commit after that.
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(earlier::RULES).unwrap().insert("third", 2).unwrap();
    transaction.commit().unwrap();
    let killed = folder.path().join("killed");
    fs::copy(&path, &killed).unwrap();
    drop(database);
    let bytes = fs::read(&killed).unwrap();
    let file = OpenOptions::new().read(true).open(&killed).unwrap();
    let earlier = Earlier::open(&killed, &file).unwrap();
    let mut rows = 0;
    earlier
        .each(|_, _| {
            rows += 1;
            Ok(())
        })
        .unwrap();
    // Rules, starts, a counter, terms and alerts.
    assert_eq!(rows, 2 + 1 + 1 + 300 + 2);
    drop(earlier);
    assert!(fs::read(&killed).unwrap() == bytes, "it was not written to");
    let again = Database::create(&killed).unwrap();
    assert_eq!(again.begin_read().unwrap().open_table(earlier::RULES).unwrap().len().unwrap(), 2);
}
