//! The state in one file, transactional: the default of a long-lived process.

mod codec;
mod entry;
mod fault;
mod files;
mod generation;
mod journal;
mod live;
mod merge;
mod open;
mod pages;
mod sums;
mod tables;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use ::redb::Database;

use self::fault::{Fault, caught};
use self::generation::Bounds;
use self::journal::Journal;
use self::live::Live;
use self::tables::Snapshot;
use super::{Backend, Changes, History, LedgerError, QuotaUse, Since, Stats, StoredAlert, Term};

/// A store in one file.
///
/// The file belongs to one process at a time. While it is in use, two kinds of
/// file stand beside it: its journal (`<state>.journal-1` and so on), to which
/// commits append and from which a thread of the store merges into the file a
/// few seconds later; and checksums of its pages (`<state>.sums`). A journal is
/// part of the state, and after a clean end there is none. The checksums can be
/// removed at the price of a slower start.
///
/// A commit with news is on disk when it returns; see the [module](super) for
/// what may be written late. Everything the file holds is verified, either when
/// it is opened or when it is first read; see [`StateFile::open`].
///
/// Dropping the store merges what is waiting, as far as that is possible; call
/// [`Backend::flush`] first to hear of an error.
pub struct StateFile {
    turn: Mutex<()>,
    shared: Arc<Shared>,
    merging: Option<JoinHandle<()>>,
}

/// What commits and merges share.
struct Shared {
    path: PathBuf,
    bounds: Bounds,
    /// Why an earlier write failed.
    failed: OnceLock<String>,
    live: Mutex<Live>,
    /// Something is to be merged, or has been.
    moved: Condvar,
    /// After `live`, which holds a read transaction: fields drop in order.
    db: Database,
}

impl StateFile {
    /// Opens the state file, or creates it if there is none (or an empty one).
    /// Its directory must exist, and new files are made in it; on Unix they are for
    /// their owner only.
    ///
    /// The file is read page by page as it is needed, and each page is verified
    /// then, also after the process was killed. After a power cut in a merge, or if
    /// its `.sums` file is not beside it, the whole file is read and verified
    /// first, at about the speed of the disk.
    ///
    /// # Errors
    ///
    /// [`LedgerError::InUse`], [`LedgerError::Damaged`], [`LedgerError::Journal`],
    /// [`LedgerError::Newer`], [`LedgerError::NotAState`] or [`LedgerError::Io`]. Never panics, whatever
    /// the file holds.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let given = path.as_ref();
        let path = &files::resolve(given).map_err(|source| LedgerError::Io { path: given.to_owned(), source })?;
        let (db, keeping) = caught(|| open::database(path)).map_err(|fault| fault.into_open_error(path))?;
        let store = Self::with_database(path, db, Bounds::DEFAULT)?;
        keeping.start();
        Ok(store)
    }

    fn with_database(path: &Path, db: Database, bounds: Bounds) -> Result<Self, LedgerError> {
        let opened = caught(|| {
            let known = open::prepare(&db)?;
            let (id, first) = (known.id, known.first_segment);
            let mut live = Live::new(known, Journal::new(path, id, first));
            let now = Instant::now();
            let replayed = journal::replay(path, id, first, |entry| live.apply(entry, now))?;
            live.go_on_after(replayed, now)?;
            Ok(live)
        });
        let live = opened.map_err(|fault| fault.into_open_error(path))?;
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            bounds,
            failed: OnceLock::new(),
            live: Mutex::new(live),
            moved: Condvar::new(),
            db,
        });
        let for_thread = Arc::clone(&shared);
        let merging = thread::Builder::new().name("state".to_owned()).spawn(move || merge::run(&for_thread));
        let merging = merging.map_err(|source| LedgerError::Io { path: path.to_owned(), source })?;
        Ok(Self { turn: Mutex::default(), shared, merging: Some(merging) })
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, Live> {
        // A panic while it was held has set `failed`, or happened in a read.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&'a self, live: MutexGuard<'a, Live>) -> MutexGuard<'a, Live> {
        self.moved.wait(live).unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if the store has failed.
    fn check(&self) -> Result<(), LedgerError> {
        match self.failed.get() {
            Some(cause) => Err(LedgerError::Failed { path: self.path.clone(), cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Fails the store for good.
    fn fail(&self, error: &LedgerError) {
        // The first cause is the one to tell.
        let _ = self.failed.set(fault::cause(error));
        self.moved.notify_all();
    }

    fn reading<T>(&self, read: impl FnOnce() -> Result<T, Fault>) -> Result<T, LedgerError> {
        self.check()?;
        caught(read).map_err(|fault| fault.into_error(&self.path))
    }

    fn writing<T>(&self, write: impl FnOnce() -> Result<T, Fault>) -> Result<T, LedgerError> {
        let result = self.reading(write);
        match &result {
            Ok(_) | Err(LedgerError::Failed { .. } | LedgerError::Invalid(_)) => {}
            Err(error) => self.fail(error),
        }
        result
    }

    /// Runs `read` on what is in memory and the tables as of the last merge.
    fn lookup<T>(&self, read: impl FnOnce(&Live, &Snapshot) -> Result<T, Fault>) -> Result<T, LedgerError> {
        self.reading(|| {
            let mut live = self.live();
            let snapshot = match live.take_snapshot() {
                Some(snapshot) => snapshot,
                None => Snapshot::open(&self.db)?,
            };
            let result = read(&live, &snapshot);
            live.keep(snapshot);
            result
        })
    }

    /// Changes what is in memory, once there is room, and has it merged in time.
    fn change<T>(&self, change: impl FnOnce(&mut Live) -> Result<T, Fault>) -> Result<T, LedgerError> {
        let mut live = self.live();
        while live.is_full(&self.bounds) && self.failed.get().is_none() {
            // Memory is bounded: commits wait for the disk.
            live = self.wait(live);
        }
        let waited_for_nothing = live.due_at(&self.bounds).is_none();
        let result = self.writing(|| change(&mut live));
        if waited_for_nothing || live.is_full(&self.bounds) {
            self.moved.notify_all();
        }
        result
    }
}

impl Backend for StateFile {
    fn turn(&self) -> &Mutex<()> {
        &self.turn
    }

    fn histories(&self, terms: &[(&str, Term<'_>)]) -> Result<Vec<Option<History>>, LedgerError> {
        self.shared.lookup(|live, snapshot| live.histories(snapshot, terms))
    }

    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, LedgerError> {
        self.shared.lookup(|live, snapshot| live.quota(snapshot, rule, per_ms, interval))
    }

    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError> {
        self.shared.reading(|| Ok(self.shared.live().since(rule)))
    }

    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError> {
        self.shared.change(|live| {
            codec::validate_alerts(&changes.alerts)?;
            live.commit(changes, Instant::now())
        })
    }

    fn outbox(&self, after: Option<u64>, alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        self.shared.lookup(|live, snapshot| live.outbox(snapshot, after, alerts_max))
    }

    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError> {
        self.shared.change(|live| live.acknowledge(numbers, Instant::now()))
    }

    fn flush(&self) -> Result<(), LedgerError> {
        let mut live = self.shared.live();
        let last = live.want_all();
        self.shared.moved.notify_all();
        loop {
            self.shared.check()?;
            if live.has_merged(last) {
                return Ok(());
            }
            live = self.shared.wait(live);
        }
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        self.shared.lookup(|live, snapshot| Ok(Stats { terms: live.terms(snapshot)?, outbox: live.outbox_len() }))
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        self.shared.live().is_closing = true;
        self.shared.moved.notify_all();
        // There is nobody to tell of an error; the journal has what is not merged.
        let _ = self.merging.take().map(JoinHandle::join);
    }
}

impl std::fmt::Debug for StateFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateFile")
            .field("path", &self.shared.path)
            .field("failed", &self.shared.failed.get())
            .finish_non_exhaustive()
    }
}
