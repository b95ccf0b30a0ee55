//! Broken files and failing disks: errors, never panics, never wrong answers.

use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use ::redb::StorageBackend;
use ::redb::backends::InMemoryBackend;

use super::super::super::Span;
use super::super::tables::SINCE;
use super::*;

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
        let mut since = transaction.open_table(SINCE).unwrap();
        since.insert(0, (1, 7, 0)).unwrap();
    }
    transaction.commit().unwrap();
    drop(db);

    let store = RedbStore::open(&path).unwrap();
    let damaged = |error: StoreError| {
        let text = error.to_string();
        assert!(matches!(error, StoreError::Damaged { .. }), "{text}");
        assert!(text.contains("malformed"), "{text}");
    };
    damaged(store.history("rule", "short").unwrap_err());
    damaged(store.outbox().unwrap_err());
    damaged(store.since("rule").unwrap_err());
    assert_eq!(last(&store, "term 0000"), Some(0), "the rest can be read");
    damaged(store.commit(&sighted("a", 0, 0, true)).unwrap_err());
    let error = store.commit(&sighted("b", 0, 0, false)).unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
}

/// Reads all of a store; every answer must be right or an error.
fn read_everything(store: &RedbStore, terms: usize) {
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
        match RedbStore::open(&broken) {
            Ok(store) => {
                opened += 1;
                read_everything(&store, TERMS);
            }
            Err(StoreError::Damaged { .. } | StoreError::NotAStore { .. }) => refused += 1,
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
    let sums = fs::read(pages::sums_path(&path)).unwrap();
    let broken = path.with_extension("broken");
    let open = |bytes: &[u8], sums: &[u8]| {
        fs::write(&broken, bytes).unwrap();
        fs::write(pages::sums_path(&broken), sums).unwrap();
        RedbStore::open(&broken)
    };
    let known = |store: &RedbStore| -> Result<usize, StoreError> {
        let terms = (0..TERMS).map(|term| store.history("rule", &format!("term {term:04}")));
        terms.map(|history| Ok(usize::from(history?.is_some()))).sum()
    };
    assert_eq!(known(&open(&intact, &sums).unwrap()).unwrap(), TERMS);

    let (mut at_open, mut later, mut unharmed) = (0, 0, 0);
    let mut check = |result: Result<RedbStore, StoreError>| match result {
        Ok(store) => match known(&store) {
            Ok(known) => {
                assert_eq!(known, TERMS, "none may be taken for unknown");
                unharmed += 1;
            }
            Err(StoreError::Damaged { .. }) => later += 1,
            Err(other) => panic!("{other}"),
        },
        Err(StoreError::Damaged { .. } | StoreError::NotAStore { .. }) => at_open += 1,
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
    let sums = pages::sums_path(&path);
    let earlier = fs::read(&sums).unwrap();
    let store = RedbStore::open(&path).unwrap();
    store.commit(&sighted("another", 1, 0, true)).unwrap();
    let crashed = after_crash(&path);
    assert_eq!(last(&crashed, "another"), Some(1));
    drop(store);
    assert_ne!(fs::read(&sums).unwrap(), earlier);
    fs::write(&sums, earlier).unwrap();
    let store = RedbStore::open(&path).unwrap();
    assert_eq!((last(&store, "another"), last(&store, "term 0299")), (Some(1), Some(299)));
}

#[test]
fn damage_while_open_is_an_error_not_a_panic() {
    const TERMS: usize = 300;
    let (_folder, path) = folder();
    furnish(&path, TERMS);
    for byte in [0, 1, 2, 0xff] {
        let broken = path.with_extension(byte.to_string());
        fs::copy(&path, &broken).unwrap();
        let store = RedbStore::open(&broken).unwrap();
        let length = fs::metadata(&broken).unwrap().len();
        let mut file = fs::OpenOptions::new().write(true).open(&broken).unwrap();
        file.seek(SeekFrom::Start(4096)).unwrap();
        file.write_all(&vec![byte; length as usize - 4096]).unwrap();
        let error = store.history("rule", "term 0000").unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        store.commit(&sighted("a", 0, 0, true)).unwrap_err();
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
fn a_failed_write_fails_the_store() {
    let disk = Disk::default();
    let full = Arc::clone(&disk.full);
    let db = Database::builder().create_with_backend(disk).unwrap();
    let store = RedbStore::with_database(Path::new("state"), db, Bounds::DEFAULT).unwrap();
    store.commit(&sighted("a", 1, 0, true)).unwrap();

    full.store(true, Ordering::SeqCst);
    let error = store.commit(&sighted("b", 1, 0, true)).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(error.to_string().contains("free some space"), "{error}");

    full.store(false, Ordering::SeqCst);
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
        assert!(matches!(error, StoreError::Failed { .. }), "{error}");
        assert!(error.to_string().contains("no storage space"), "{error}");
    }
}
