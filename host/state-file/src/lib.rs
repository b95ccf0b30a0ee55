//! The durable ledger: what was seen, in one directory that survives the process.
//!
//! [`StateFile`] is a [`Backend`] of [`firstseen_ledger`]. What it promises, why it
//! exists and what is in the directory is in the README of this crate.
//!
//! ```
//! use std::sync::Arc;
//!
//! use firstseen_ledger::Ledger;
//! use firstseen_state_file::StateFile;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("state");
//! // What the builder of a detector takes.
//! let ledger: Arc<dyn Ledger> = Arc::new(StateFile::open(&path)?);
//! assert_eq!(ledger.stats()?.terms, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is written late
//!
//! A commit with news, which is an unseen term, an alert, a quota counter or a
//! rule met for the first time, is on disk when it returns: it is appended to a
//! journal. Most commits bring no news: they only move the time at which a known
//! term was last sighted. Such refreshes are kept in memory, where reads see them.
//! A thread merges both into the table, in its order and without stopping commits:
//! a minute after the oldest of them, sooner when 131,072 terms, 32 MiB of
//! their text or 64 MiB of journal are waiting, and at [`Backend::flush`] and on
//! drop. So after a crash the time a term was last sighted can lag by the refreshes
//! of the last minute and of the merge under way.

mod directory;
mod error;
mod files;
#[doc(hidden)]
pub mod fuzzing;
mod generation;
mod journal;
mod live;
mod merge;
mod opening;
mod outbox;
mod pages;
mod rows;
mod table;
mod takeover;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use firstseen_ledger::{
    Backend, Changes, Entry, History, KnownRule, KnownTerm, LedgerError, Page, QuotaUse, Since, Stats, StoredAlert,
    Term,
};
use redb::Database;

use self::generation::Bounds;
use self::journal::{Form, Journal};
use self::live::Live;
use self::pages::caught;
use self::table::{Known, Snapshot};
pub use directory::{SEED, SOCKET};
pub use error::{Cause, StateFileError};

/// A state in a directory, which belongs to one process at a time.
///
/// Everything in it is verified when it is first read. Dropping the state merges
/// what is waiting, as far as that is possible; call [`Backend::flush`] first to
/// hear of an error.
pub struct StateFile {
    turn: Mutex<()>,
    shared: Arc<Shared>,
    merging: Option<JoinHandle<()>>,
    earlier: Option<PathBuf>,
    is_new: bool,
    /// The directory, and which file the table in it was.
    place: (PathBuf, Option<(u64, u64)>),
}

/// What commits and merges share.
struct Shared {
    /// As it was given.
    path: PathBuf,
    /// See [`Journal::new`].
    journal: PathBuf,
    bounds: Bounds,
    /// Why an earlier write failed.
    failed: OnceLock<String>,
    live: Mutex<Live>,
    /// Something is to be merged, or has been.
    moved: Condvar,
    /// After `live`, which holds a read transaction: fields drop in order.
    database: Database,
}

impl StateFile {
    /// Opens the state in a directory, or makes one if there is none or an empty
    /// one. The directory around it must exist; what is made is for its owner only.
    ///
    /// A state of the earlier form, one file with its journal beside it, is taken
    /// over: the file stays as it was under another name, which
    /// [`StateFile::earlier_form`] tells.
    ///
    /// # Errors
    ///
    /// [`StateFileError`]: the state is in use, damaged, of a later version, or
    /// something else, which is left alone. Never panics, whatever is there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StateFileError> {
        Self::open_or_make(path.as_ref(), true)
    }

    /// The same, but makes none.
    ///
    /// # Errors
    ///
    /// [`Cause::Absent`] if there is none, else as [`StateFile::open`].
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Self, StateFileError> {
        Self::open_or_make(path.as_ref(), false)
    }

    fn open_or_make(path: &Path, may_be_made: bool) -> Result<Self, StateFileError> {
        let opened = caught(|| opening::open(path, may_be_made)).and_then(|opened| {
            let mut state = Self::with_database(path, opened.database, &opened.journal, Bounds::DEFAULT)?;
            (state.earlier, state.is_new, state.place) = (opened.earlier, opened.is_new, opened.place);
            Ok(state)
        });
        opened.map_err(|cause| cause.at(path))
    }

    /// Whether it was made by this very opening.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Looks whether the state is still where it was opened.
    ///
    /// # Errors
    ///
    /// [`Cause::Replaced`] if it was removed, replaced or emptied by somebody else:
    /// what is committed from then on is lost.
    pub fn check_in_place(&self) -> Result<(), StateFileError> {
        let (directory, table) = &self.place;
        match directory::table_identity(directory) == *table {
            true => Ok(()),
            false => Err(Cause::Replaced.at(&self.shared.path)),
        }
    }

    /// Where the file of the earlier form is now, if it was taken over by this
    /// very opening. It can be removed.
    #[must_use]
    pub fn earlier_form(&self) -> Option<&Path> {
        self.earlier.as_deref()
    }

    fn with_database(path: &Path, database: Database, journal: &Path, bounds: Bounds) -> Result<Self, Cause> {
        let live = caught(|| {
            let known = Known::read(&database)?;
            let (id, first) = (known.numbers.id, known.numbers.first_segment);
            let mut live = Live::new(known, Journal::new(journal, id, first));
            let now = Instant::now();
            let replayed = journal::replay(journal, Form::Padded, id, first, |record| live.apply(record, now))?;
            journal::remove_before(journal, first)?;
            live.go_on_after(replayed, now)?;
            Ok(live)
        })?;
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            journal: journal.to_owned(),
            bounds,
            failed: OnceLock::new(),
            live: Mutex::new(live),
            moved: Condvar::new(),
            database,
        });
        let for_thread = Arc::clone(&shared);
        let merging = thread::Builder::new().name("state".to_owned()).spawn(move || merge::run(&for_thread))?;
        Ok(Self {
            turn: Mutex::default(),
            shared,
            merging: Some(merging),
            earlier: None,
            is_new: false,
            place: (path.to_owned(), None),
        })
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

    /// Fails if the state has failed.
    fn check(&self) -> Result<(), Cause> {
        self.failed.get().map_or(Ok(()), |reason| Err(Cause::Failed(reason.clone())))
    }

    /// Fails the state for good.
    fn fail(&self, cause: &Cause) {
        // The first cause is the one to tell.
        let _ = self.failed.set(cause.reason());
        self.moved.notify_all();
    }

    fn told<T>(&self, result: Result<T, Cause>) -> Result<T, LedgerError> {
        result.map_err(|cause| cause.at(&self.path).into())
    }

    fn reading<T>(&self, read: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
        self.check()?;
        caught(read)
    }

    /// Runs `read` on what is in memory and the table as of the last merge.
    fn lookup<T>(&self, read: impl FnOnce(&Live, &Snapshot) -> Result<T, Cause>) -> Result<T, LedgerError> {
        self.told(self.reading(|| {
            let mut live = self.live();
            let snapshot = match live.take_snapshot() {
                Some(snapshot) => snapshot,
                None => Snapshot::open(&self.database)?,
            };
            let result = read(&live, &snapshot);
            live.keep(snapshot);
            result
        }))
    }

    /// Changes what is in memory, once there is room, and has it merged in time.
    fn change<T>(&self, change: impl FnOnce(&mut Live) -> Result<T, Cause>) -> Result<T, LedgerError> {
        let mut live = self.live();
        while live.is_full(&self.bounds) && self.failed.get().is_none() {
            // Memory is bounded: commits wait for the disk.
            live = self.wait(live);
        }
        let waited_for_nothing = live.due_at(&self.bounds).is_none();
        let result = self.reading(|| change(&mut live));
        match &result {
            Ok(_) | Err(Cause::Failed(_) | Cause::Invalid(_)) => {}
            Err(cause) => self.fail(cause),
        }
        if waited_for_nothing || live.is_full(&self.bounds) {
            self.moved.notify_all();
        }
        self.told(result)
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

    fn entries(&self, keys: &[(&str, &[u8])]) -> Result<Vec<Option<Vec<u8>>>, LedgerError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.shared.lookup(|live, snapshot| live.entries(snapshot, keys))
    }

    fn entries_from(&self, rule: &str, first: &[u8], end: &[u8], max: usize) -> Result<Vec<Entry>, LedgerError> {
        self.shared.lookup(|live, snapshot| live.entries_from(snapshot, rule, first, end, max))
    }

    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError> {
        self.shared.told(self.shared.reading(|| Ok(self.shared.live().since(rule))))
    }

    fn rules(&self, after: Option<&str>, max: usize) -> Result<Page<KnownRule>, LedgerError> {
        self.shared.told(self.shared.reading(|| Ok(self.shared.live().rules(after, max))))
    }

    fn terms(&self, rule: &str, after: Option<&str>, max: usize) -> Result<Page<KnownTerm>, LedgerError> {
        self.shared.lookup(|live, snapshot| live.terms(snapshot, rule, after, max))
    }

    fn forget(&self, rule: &str, terms: &[Term<'_>]) -> Result<u64, LedgerError> {
        let mut distinct = HashSet::new();
        let terms = terms.iter().filter(|term| distinct.insert(term.text())).map(|term| (rule, *term));
        let terms: Vec<(&str, Term<'_>)> = terms.collect();
        // Nobody else changes a history meanwhile: the caller has the turn.
        let known = terms.iter().zip(self.histories(&terms)?).filter(|(_, history)| history.is_some());
        let known: Vec<Term<'_>> = known.map(|((_, term), _)| *term).collect();
        self.shared.change(|live| live.forget(rule, &known, Instant::now()))?;
        Ok(known.len() as u64)
    }

    fn forget_since(&self, rule: &str) -> Result<(), LedgerError> {
        self.shared.change(|live| live.forget_since(rule, Instant::now()))
    }

    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError> {
        self.shared.change(|live| live.commit(changes, Instant::now()))
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
            self.shared.told(self.shared.check())?;
            if live.has_merged(last) {
                return Ok(());
            }
            live = self.shared.wait(live);
        }
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        self.shared.lookup(|live, _| Ok(Stats { terms: live.terms_count(), outbox: live.outbox_size() }))
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
