//! Broken files and failing disks: errors, never panics, never wrong answers.

use std::sync::atomic::{AtomicBool, Ordering};

use firstseen_ledger::Span;
use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::*;
use crate::rows::{Key, Numbers, Value};

/// What is wrong, if a ledger cannot be used because of it.
fn cause(error: &LedgerError) -> &Cause {
    match error {
        LedgerError::Unavailable { source } | LedgerError::Failed { source } => {
            &source.downcast_ref::<StateFileError>().unwrap().cause
        }
        other => panic!("{other}"),
    }
}

fn put(table: &mut redb::Table<'_, &[u8], &[u8]>, key: Key<'_>, value: &[u8]) {
    table.insert(&*key.bytes(), value).unwrap();
}

#[test]
fn malformed_values_are_damage() {
    let (_folder, path) = folder();
    furnish(&path, 1);
    edit(&path, |transaction| {
        let mut table = transaction.open_table(STATE).unwrap();
        put(&mut table, Key::History(0, "short"), &[0x80, 0x80]);
        put(&mut table, Key::Alert(9), &[255, 0, 0, 0]);
        let mut numbers = Vec::new();
        Numbers { id: 1, first_segment: 9, next_alert: 10, terms: 2 }.put(&mut numbers);
        put(&mut table, Key::Numbers, &numbers);
    });

    let store = open_with(&path, PATIENT);
    let damaged =
        |cause: &Cause| assert!(matches!(cause, Cause::Damaged(what) if what.contains("malformed")), "{cause:?}");
    damaged(cause(&store.history("rule", "short").unwrap_err()));
    damaged(cause(&store.outbox(None, usize::MAX).unwrap_err()));
    assert_eq!(last(&store, "term 0000"), Some(0), "the rest can be read");
    store.commit(&sighted("a", 0, 0, true)).unwrap();
    for error in [store.flush().unwrap_err(), store.commit(&sighted("b", 0, 0, false)).unwrap_err()] {
        assert!(matches!(&error, LedgerError::Failed { .. }), "{error}");
        assert!(error.to_string().contains("malformed"), "{error}");
    }
    drop(store);

    edit(&path, |transaction| {
        put(&mut transaction.open_table(STATE).unwrap(), Key::Since(0), &[1, 7, 0]);
    });
    damaged(&StateFile::open(&path).unwrap_err().cause);
}

/// Reads all of a store; every answer must be right or an error.
fn read_everything(store: &StateFile, terms: usize) {
    for term in 0..terms {
        if let Ok(Some(history)) = store.history("rule", &format!("term {term:04}")) {
            let expected = Span { first: term as i64, last: term as i64 };
            assert_eq!(history.spans().collect::<Vec<_>>(), [expected]);
        }
    }
    let _ = store.since("rule");
    let _ = store.quota("rule", 100, -1);
    let _ = store.outbox(None, usize::MAX);
    let _ = store.stats();
    let _ = store.commit(&sighted("new", 0, 0, true));
}

/// Where the pages of the database begin: behind the head and the first checksums.
const HEADER: usize = 8192;

/// Every broken table is refused at the start, or answers rightly or with an error.
#[test]
fn broken_tables_are_errors_not_panics() {
    const TERMS: usize = 300;
    let (_folder, path) = folder();
    furnish(&path, TERMS);
    let table = path.join("table");
    let intact = fs::read(&table).unwrap();

    let (mut refused, mut opened) = (0, 0);
    let mut check = |bytes: &[u8]| {
        let _ = fs::remove_file(segment(&path, 2));
        fs::write(&table, bytes).unwrap();
        match StateFile::open(&path) {
            Ok(store) => {
                opened += 1;
                read_everything(&store, TERMS);
            }
            Err(StateFileError { cause: Cause::Damaged(_) | Cause::NotAState(_) | Cause::Newer { .. }, .. }) => {
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
        journal::remove(&path.join("journal"), 1..9);
    };
    for length in (1..intact.len()).step_by(intact.len() / 60) {
        check(&intact[..length]);
    }
    let heads = (0..32).chain((4096..HEADER).step_by(61)).chain(HEADER..HEADER + 320);
    let body = (HEADER + 320..intact.len()).step_by(intact.len() / 150);
    for position in heads.chain(body) {
        let mut bytes = intact.clone();
        bytes[position] ^= 1 << (position % 8);
        check(&bytes);
        bytes[position] = 0xff;
        check(&bytes);
    }
    for start in (0..intact.len() - 4096).step_by(4096) {
        let mut bytes = intact.clone();
        bytes[start..start + 4096].fill(0xa5);
        check(&bytes);
    }
    assert!(refused > 100, "{refused} refused, {opened} opened");
}

#[test]
fn broken_pages_are_noticed_when_they_are_read() {
    const TERMS: usize = 2000;
    let (_folder, path) = folder();
    furnish(&path, TERMS);
    let table = path.join("table");
    let intact = fs::read(&table).unwrap();
    let known = |store: &StateFile| -> Result<usize, LedgerError> {
        let terms = (0..TERMS).map(|term| store.history("rule", &format!("term {term:04}")));
        terms.map(|history| Ok(usize::from(history?.is_some()))).sum()
    };
    let (mut at_open, mut later, mut unharmed) = (0, 0, 0);
    for position in (HEADER..HEADER + 320).step_by(7).chain((4096..intact.len()).step_by(intact.len() / 350)) {
        let mut bytes = intact.clone();
        bytes[position] ^= 1 << (position % 8);
        fs::write(&table, bytes).unwrap();
        match StateFile::open(&path) {
            Ok(store) => match known(&store) {
                Ok(known) => {
                    assert_eq!(known, TERMS, "none may be taken for unknown");
                    unharmed += 1;
                }
                Err(error) => {
                    assert!(matches!(cause(&error), Cause::Damaged(_)), "{error}");
                    later += 1;
                }
            },
            Err(error) => {
                assert!(matches!(error.cause, Cause::Damaged(_) | Cause::NotAState(_)), "{error}");
                at_open += 1;
            }
        }
    }
    assert!(at_open > 10 && later > 10 && unharmed > 10, "{at_open} at open, {later} later, {unharmed} unharmed");
}

/// The pages are good, and the checksums of the library say so.
#[test]
fn broken_checksums_are_made_anew() {
    const TERMS: usize = 2000;
    let (_folder, path) = folder();
    furnish(&path, TERMS);
    let table = path.join("table");
    let intact = fs::read(&table).unwrap();
    for position in (4096..HEADER).step_by(97) {
        let mut bytes = intact.clone();
        bytes[position] ^= 1 << (position % 8);
        fs::write(&table, bytes).unwrap();
        let store = StateFile::open(&path).unwrap();
        assert!((0..TERMS).all(|term| last(&store, &format!("term {term:04}")) == Some(term as i64)));
        store.commit(&sighted("new", 1, 0, true)).unwrap();
        drop(store);
        // They are right again.
        assert!(!reads_everything_at_start(&crash(&path)), "byte {position}");
    }
    // With a page that is not good it is damage.
    let mut bytes = intact;
    bytes[4096 + 10] ^= 1;
    let needle = b"term 0150";
    let place = bytes.windows(needle.len()).rposition(|window| window == needle).unwrap();
    bytes[place] ^= 1;
    fs::write(&table, bytes).unwrap();
    let error = StateFile::open(&path).unwrap_err();
    assert!(matches!(error.cause, Cause::Damaged(_)), "{error}");
}

#[test]
fn an_emptied_table_is_damage_and_stays_as_it_is() {
    let (_folder, path) = folder();
    furnish(&path, 3);
    fs::write(path.join("table"), "").unwrap();
    let error = StateFile::open(&path).unwrap_err();
    assert!(matches!(&error.cause, Cause::Damaged(what) if what.contains("empty")), "{error}");
    assert!(fs::read(path.join("table")).unwrap().is_empty());
}

/// A page that nothing reads at a start is broken, so that only reading the whole
/// file at the start can tell.
fn reads_everything_at_start(path: &Path) -> bool {
    let table = path.join("table");
    let mut bytes = fs::read(&table).unwrap();
    let needle = b"term 0150";
    let place = bytes.windows(needle.len()).rposition(|window| window == needle).unwrap();
    bytes[place] ^= 1;
    fs::write(&table, bytes).unwrap();
    match StateFile::open(path) {
        Ok(store) => {
            assert!((0..300).any(|term| store.history("rule", &format!("term {term:04}")).is_err()));
            false
        }
        Err(error) => {
            assert!(matches!(error.cause, Cause::Damaged(_)), "{error}");
            true
        }
    }
}

#[test]
fn a_start_after_a_kill_reads_what_it_needs_alone() {
    let (_folder, path) = folder();
    furnish(&path, 300);
    let store = StateFile::open(&path).unwrap();
    assert!(!reads_everything_at_start(&crash(&path)), "opened");
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    assert!(!reads_everything_at_start(&crash(&path)), "with a journal");
    store.flush().unwrap();
    assert!(!reads_everything_at_start(&crash(&path)), "merged");

    // As after a power cut: the header page is neither of the two that are known.
    let unknown = crash(&path);
    let file = fs::OpenOptions::new().write(true).open(unknown.join("table")).unwrap();
    file.write_all_at(&[0xa5; 8], 16).unwrap();
    assert!(reads_everything_at_start(&unknown));
}

#[test]
fn damage_while_open_is_an_error_not_a_panic() {
    const TERMS: usize = 300;
    let (_folder, path) = folder();
    furnish(&path, TERMS);
    for byte in [0, 1, 2, 0xff] {
        let broken = crash(&path);
        let store = StateFile::open(&broken).unwrap();
        let table = broken.join("table");
        let length = fs::metadata(&table).unwrap().len() as usize;
        let file = fs::OpenOptions::new().write(true).open(table).unwrap();
        file.write_all_at(&vec![byte; length - HEADER - 4096], HEADER as u64 + 4096).unwrap();
        let error = store.history("rule", "term 0150").unwrap_err();
        assert!(matches!(cause(&error), Cause::Damaged(_)), "{error}");
        store.commit(&sighted("a", 0, 0, true)).expect("it is in the journal");
        store.flush().unwrap_err();
    }
}

/// A disk that is full from some moment on.
#[derive(Debug, Default)]
struct Disk {
    inner: InMemoryBackend,
    full: Arc<AtomicBool>,
}

impl Disk {
    fn check(&self) -> std::io::Result<()> {
        if self.full.load(Ordering::SeqCst) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        self.inner.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.inner.read(offset, out)
    }
    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.check()?;
        self.inner.set_len(len)
    }
    fn sync_data(&self) -> std::io::Result<()> {
        self.check()?;
        self.inner.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.check()?;
        self.inner.write(offset, data)
    }
}

#[test]
fn a_failed_merge_fails_the_store() {
    let (_folder, path) = folder();
    let disk = Disk::default();
    let full = Arc::clone(&disk.full);
    let database = Database::builder().create_with_backend(disk).unwrap();
    table::make(&database, 1).unwrap();
    fs::create_dir(&path).unwrap();
    let store = StateFile::with_database(&path, database, &path.join("journal"), PATIENT).unwrap();
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    store.flush().unwrap();

    full.store(true, Ordering::SeqCst);
    store.commit(&sighted("b", 1, 0, true)).expect("it is in the journal");
    let error = store.flush().unwrap_err();
    assert!(error.to_string().contains("no storage space"), "{error}");
    full.store(false, Ordering::SeqCst);
    has_failed(&store, "no storage space");
    drop(store);
    assert_eq!(journal(&path), 1, "the journal stays");
}

#[test]
fn a_failed_commit_fails_the_store() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    store.flush().unwrap();
    fs::create_dir(segment(&path, 2)).unwrap();
    let error = store.commit(&sighted("b", 1, 0, true)).unwrap_err();
    assert!(matches!(cause(&error), Cause::Journal(_)), "{error}");
    fs::remove_dir(segment(&path, 2)).unwrap();
    has_failed(&store, "exists");
    drop(store);
    let store = StateFile::open(&path).unwrap();
    assert_eq!((last(&store, "a"), last(&store, "b")), (Some(1), None));
}

/// Nothing works any more, and all say why.
fn has_failed(store: &StateFile, cause: &str) {
    let later = [
        store.commit(&sighted("c", 1, 0, true)).map(drop),
        store.commit(&sighted("a", 2, 0, false)).map(drop),
        store.acknowledge(&[0]),
        store.flush(),
        store.history("rule", "a").map(drop),
        store.outbox(None, usize::MAX).map(drop),
    ];
    for result in later {
        let error = result.unwrap_err();
        assert!(matches!(error, LedgerError::Failed { .. }), "{error}");
        assert!(error.to_string().contains(cause), "{error}");
    }
}
