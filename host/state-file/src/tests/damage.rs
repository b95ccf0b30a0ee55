//! Broken files and failing disks: errors, never panics, never wrong answers.

use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use ::redb::StorageBackend;
use ::redb::backends::InMemoryBackend;

use super::super::tables::{NEXT_ALERT_KEY, SINCE};
use super::*;
use firstseen::ledger::Span;

#[test]
fn malformed_values_are_damage() {
    let (_folder, path) = folder();
    furnish(&path, 1);
    let db = Database::create(&path).unwrap();
    let transaction = db.begin_write().unwrap();
    {
        let mut sightings = transaction.open_table(SIGHTINGS).unwrap();
        sightings.insert((0, "short"), &[1, 2, 3][..]).unwrap();
        let mut outbox = transaction.open_table(OUTBOX).unwrap();
        outbox.insert(9, &[255, 0, 0, 0][..]).unwrap();
        let mut meta = transaction.open_table(META).unwrap();
        meta.insert(NEXT_ALERT_KEY, 10).unwrap();
    }
    transaction.commit().unwrap();
    drop(db);

    let store = open_with(&path, PATIENT);
    let damaged = |error: LedgerError| {
        let text = error.to_string();
        assert!(matches!(error, LedgerError::Damaged { .. }), "{text}");
        assert!(text.contains("malformed"), "{text}");
    };
    damaged(store.history("rule", "short").unwrap_err());
    damaged(store.outbox().unwrap_err());
    assert_eq!(last(&store, "term 0000"), Some(0), "the rest can be read");
    store.commit(&sighted("a", 0, 0, true)).unwrap();
    for error in [store.flush().unwrap_err(), store.commit(&sighted("b", 0, 0, false)).unwrap_err()] {
        let text = error.to_string();
        assert!(matches!(error, LedgerError::Failed { .. }), "{text}");
        assert!(text.contains("malformed"), "{text}");
    }
    drop(store);

    let db = Database::create(&path).unwrap();
    let transaction = db.begin_write().unwrap();
    transaction.open_table(SINCE).unwrap().insert(0, (1, 7, 0)).unwrap();
    transaction.commit().unwrap();
    drop(db);
    damaged(StateFile::open(&path).unwrap_err());
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
    let _ = store.outbox();
    let _ = store.stats();
    let _ = store.commit(&sighted("new", 0, 0, true));
}

#[test]
fn broken_files_are_errors_not_panics() {
    const TERMS: usize = 300;
    let (_folder, path) = folder();
    furnish(&path, TERMS);
    let intact = fs::read(&path).unwrap();
    let broken = path.with_extension("broken");

    let (mut refused, mut opened) = (0, 0);
    let mut check = |bytes: &[u8]| {
        fs::write(&broken, bytes).unwrap();
        match StateFile::open(&broken) {
            Ok(store) => {
                opened += 1;
                read_everything(&store, TERMS);
            }
            Err(LedgerError::Damaged { .. } | LedgerError::NotAState { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    };
    for length in (1..intact.len()).step_by(intact.len() / 60) {
        check(&intact[..length]);
    }
    let header = 0..320;
    let body = (320..intact.len()).step_by(intact.len() / 150);
    for position in header.chain(body) {
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

/// As after a clean end, when nothing has read the whole file.
#[test]
fn broken_pages_are_noticed_when_they_are_read() {
    const TERMS: usize = 2000;
    let (_folder, path) = folder();
    furnish(&path, TERMS);
    let intact = fs::read(&path).unwrap();
    let sums = fs::read(sums::path(&path)).unwrap();
    let broken = path.with_extension("broken");
    let open = |bytes: &[u8], sums: &[u8]| {
        fs::write(&broken, bytes).unwrap();
        fs::write(sums::path(&broken), sums).unwrap();
        StateFile::open(&broken)
    };
    let known = |store: &StateFile| -> Result<usize, LedgerError> {
        let terms = (0..TERMS).map(|term| store.history("rule", &format!("term {term:04}")));
        terms.map(|history| Ok(usize::from(history?.is_some()))).sum()
    };
    assert_eq!(known(&open(&intact, &sums).unwrap()).unwrap(), TERMS);

    let (mut at_open, mut later, mut unharmed) = (0, 0, 0);
    let mut check = |result: Result<StateFile, LedgerError>| match result {
        Ok(store) => match known(&store) {
            Ok(known) => {
                assert_eq!(known, TERMS, "none may be taken for unknown");
                unharmed += 1;
            }
            Err(LedgerError::Damaged { .. }) => later += 1,
            Err(other) => panic!("{other}"),
        },
        Err(LedgerError::Damaged { .. } | LedgerError::NotAState { .. }) => at_open += 1,
        Err(other) => panic!("{other}"),
    };
    for position in (0..320).step_by(7).chain((320..intact.len()).step_by(intact.len() / 300)) {
        let mut bytes = intact.clone();
        bytes[position] ^= 1 << (position % 8);
        check(open(&bytes, &sums));
    }
    for position in (0..sums.len()).step_by(sums.len() / 50) {
        let mut sums = sums.clone();
        sums[position] ^= 1;
        check(open(&intact, &sums));
        check(open(&intact, &sums[..position]));
    }
    assert!(at_open > 10 && later > 10 && unharmed > 10, "{at_open} at open, {later} later, {unharmed} unharmed");
}

#[test]
fn checksums_of_other_content_are_not_used() {
    let (_folder, path) = folder();
    furnish(&path, 300);
    let sums = sums::path(&path);
    let earlier = fs::read(&sums).unwrap();
    let store = StateFile::open(&path).unwrap();
    store.commit(&sighted("another", 1, 0, true)).unwrap();
    drop(store);
    assert_ne!(fs::read(&sums).unwrap(), earlier);
    fs::write(&sums, earlier).unwrap();
    let store = StateFile::open(&path).unwrap();
    assert_eq!((last(&store, "another"), last(&store, "term 0299")), (Some(1), Some(299)));
}

/// A page that nothing reads at a start is broken, so that only reading the
/// whole file at the start can tell.
fn reads_everything_at_start(path: &Path) -> bool {
    let mut bytes = fs::read(path).unwrap();
    let needle = b"term 0150";
    let place = bytes.windows(needle.len()).rposition(|window| window == needle).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
    match StateFile::open(path) {
        Ok(store) => {
            assert!((0..300).any(|term| store.history("rule", &format!("term {term:04}")).is_err()));
            false
        }
        Err(LedgerError::Damaged { .. }) => true,
        Err(other) => panic!("{other}"),
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

    let without = crash(&path);
    fs::remove_file(sums::path(&without)).unwrap();
    assert!(reads_everything_at_start(&without));
}

#[test]
fn checksums_are_made_where_none_are() {
    let (_folder, path) = folder();
    furnish(&path, 300);
    let sums = sums::path(&path);
    for left in [None, Some(&b""[..]), Some(&[0; 5000]), Some(b"1stsums\n of an earlier version"), Some(b"1stsums2")] {
        fs::remove_file(&sums).unwrap();
        if let Some(left) = left {
            fs::write(&sums, left).unwrap();
        }
        drop(StateFile::open(&path).unwrap());
        assert!(!reads_everything_at_start(&crash(&path)), "{left:?}");
    }
    let mut longer = fs::read(&sums).unwrap();
    longer.extend([0xa5; 100_001]);
    fs::write(&sums, longer).unwrap();
    assert!(!reads_everything_at_start(&crash(&path)), "what is beyond the pages is not looked at");
    fs::write(&sums, "somebody's").unwrap();
    let store = StateFile::open(&path).unwrap();
    store.commit(&sighted("a", 1, 0, true)).unwrap();
    drop(store);
    assert_eq!(fs::read(&sums).unwrap(), b"somebody's", "left alone");
    StateFile::open(&path).unwrap();
}

#[test]
fn damage_while_open_is_an_error_not_a_panic() {
    const TERMS: usize = 300;
    let (_folder, path) = folder();
    furnish(&path, TERMS);
    for byte in [0, 1, 2, 0xff] {
        let broken = path.with_extension(byte.to_string());
        fs::copy(&path, &broken).unwrap();
        let store = StateFile::open(&broken).unwrap();
        let length = fs::metadata(&broken).unwrap().len();
        let mut file = fs::OpenOptions::new().write(true).open(&broken).unwrap();
        file.seek(SeekFrom::Start(4096)).unwrap();
        file.write_all(&vec![byte; length as usize - 4096]).unwrap();
        let error = store.history("rule", "term 0000").unwrap_err();
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
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
    let db = Database::builder().create_with_backend(disk).unwrap();
    let store = StateFile::with_database(&path, db, PATIENT).unwrap();
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
    fs::create_dir(journal::path(&path, 2)).unwrap();
    let error = store.commit(&sighted("b", 1, 0, true)).unwrap_err();
    assert!(matches!(error, LedgerError::Journal { .. }), "{error}");
    fs::remove_dir(journal::path(&path, 2)).unwrap();
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
        store.outbox().map(drop),
    ];
    for result in later {
        let error = result.unwrap_err();
        assert!(matches!(error, LedgerError::Failed { .. }), "{error}");
        assert!(error.to_string().contains(cause), "{error}");
    }
}
