//! The state in one file, transactional: the default of a long-lived process.

mod codec;
mod fault;
mod open;
mod pending;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use ::redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use self::fault::{Fault, caught};
use self::pending::{Bounds, Pending};
use self::tables::{Cursors, OUTBOX, SIGHTINGS, Snapshot, WriteTables};
use super::{Changes, Gate, History, QuotaUse, Since, Stats, Store, StoreError, StoredAlert};

/// A store in one file.
///
/// The file belongs to one process at a time. A commit with news is on disk
/// when it returns; see the [module](super) for what may be written late.
/// Everything the file holds is verified when it is opened.
///
/// Dropping the store writes what is waiting, as far as that is possible; call
/// [`Store::flush`] first to hear of an error.
pub struct RedbStore {
    gate: Arc<Gate>,
    path: PathBuf,
    bounds: Bounds,
    /// Why an earlier write failed.
    failed: OnceLock<String>,
    live: Mutex<Live>,
    /// After `live`, which holds a read transaction: fields drop in order.
    db: Database,
}

/// What is in memory of the file.
struct Live {
    /// The number that stands for a rule key in the keys of the file.
    rules: BTreeMap<String, u32>,
    pending: Pending,
    /// The tables as of the last commit, kept open because opening them costs
    /// more than a lookup.
    snapshot: Option<Snapshot>,
    cursors: Cursors,
}

impl RedbStore {
    /// Opens the state file, or creates it if there is none (or an empty one).
    /// The directory must exist. On Unix a new file is for its owner only.
    ///
    /// The whole file is read and verified, at about the speed of the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`], [`StoreError::Damaged`], [`StoreError::Newer`],
    /// [`StoreError::NotAStore`] or [`StoreError::Io`]. Never panics, whatever
    /// the file holds.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let db = caught(|| open::database(path)).map_err(|fault| fault.into_open_error(path))?;
        Self::with_database(path, db, Bounds::DEFAULT)
    }

    fn with_database(path: &Path, db: Database, bounds: Bounds) -> Result<Self, StoreError> {
        let rules = caught(|| open::prepare(&db)).map_err(|fault| fault.into_open_error(path))?;
        Ok(Self {
            gate: Gate::new(),
            path: path.to_owned(),
            bounds,
            failed: OnceLock::new(),
            live: Mutex::new(Live { rules, pending: Pending::default(), snapshot: None, cursors: Cursors::default() }),
            db,
        })
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        // A panic while it was held has set `failed`, or happened in a read.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading<T>(&self, read: impl FnOnce() -> Result<T, Fault>) -> Result<T, StoreError> {
        if let Some(cause) = self.failed.get() {
            return Err(StoreError::Failed { path: self.path.clone(), cause: cause.clone() });
        }
        caught(read).map_err(|fault| fault.into_error(&self.path))
    }

    fn writing<T>(&self, write: impl FnOnce() -> Result<T, Fault>) -> Result<T, StoreError> {
        let result = self.reading(write);
        match &result {
            Ok(_) | Err(StoreError::Failed { .. } | StoreError::Invalid(_)) => {}
            Err(error) => {
                // The first cause is the one to tell.
                let _ = self.failed.set(fault::cause(error));
            }
        }
        result
    }

    /// Writes what is waiting and then `changes`, in one transaction.
    fn write(&self, live: &mut Live, changes: &Changes) -> Result<Vec<u64>, Fault> {
        // An open snapshot would keep the pages of the state it shows.
        live.snapshot = None;
        let transaction = self.db.begin_write()?;
        let numbers = {
            let mut tables = WriteTables::open(&transaction)?;
            for (rule, histories) in live.pending.rules() {
                let rule = tables.rule_number(&mut live.rules, rule)?;
                for (term, history) in histories {
                    tables.put_history(rule, term, history)?;
                }
            }
            for (rule, changes) in &changes.rules {
                let rule = tables.rule_number(&mut live.rules, rule)?;
                tables.put_rule(rule, changes)?;
            }
            let numbers = tables.put_alerts(&changes.alerts)?;
            // Nothing could have expired for a flush, which has no arrival.
            if changes.now_ms > i64::MIN {
                let histories = live.pending.len() + changes.history_count();
                tables.sweep(&mut live.cursors, changes.now_ms, histories, changes.quota_count())?;
            }
            numbers
        };
        transaction.commit()?;
        live.pending = Pending::default();
        Ok(numbers)
    }

    /// Runs `read` on the tables as of the last commit.
    fn lookup<T>(
        &self,
        rule: &str,
        read: impl FnOnce(&Live, &Snapshot, u32) -> Result<Option<T>, Fault>,
    ) -> Result<Option<T>, StoreError> {
        self.reading(|| {
            let mut live = self.live();
            let Some(&number) = live.rules.get(rule) else {
                return Ok(None);
            };
            let snapshot = match live.snapshot.take() {
                Some(snapshot) => snapshot,
                None => Snapshot::open(&self.db)?,
            };
            let result = read(&live, &snapshot, number);
            live.snapshot = Some(snapshot);
            result
        })
    }
}

impl Store for RedbStore {
    fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    fn history(&self, rule: &str, term: &str) -> Result<Option<History>, StoreError> {
        self.lookup(rule, |live, snapshot, number| match live.pending.get(rule, term) {
            Some(history) => Ok(Some(history.clone())),
            None => snapshot.history(number, term),
        })
    }

    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, StoreError> {
        self.lookup(rule, |_, snapshot, number| snapshot.quota(number, per_ms, interval))
    }

    fn since(&self, rule: &str) -> Result<Option<Since>, StoreError> {
        self.lookup(rule, |_, snapshot, number| snapshot.since(number))
    }

    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, StoreError> {
        self.writing(|| {
            codec::validate_alerts(&changes.alerts)?;
            let mut live = self.live();
            if changes.has_news() {
                return self.write(&mut live, changes);
            }
            let now = Instant::now();
            live.pending.add(changes, now);
            if live.pending.is_due(&self.bounds, now) {
                let tick = Changes { now_ms: changes.now_ms, ..Changes::default() };
                self.write(&mut live, &tick)?;
            }
            Ok(Vec::new())
        })
    }

    fn outbox(&self) -> Result<Vec<(u64, StoredAlert)>, StoreError> {
        self.reading(|| {
            let table = self.db.begin_read()?.open_table(OUTBOX)?;
            let entries = ReadableTable::range::<u64>(&table, ..)?;
            entries
                .map(|entry| {
                    let (number, alert) = entry?;
                    let alert = codec::decode_alert(alert.value()).ok_or(Fault::Malformed("an alert in the outbox"))?;
                    Ok((number.value(), alert))
                })
                .collect()
        })
    }

    fn acknowledge(&self, numbers: &[u64]) -> Result<(), StoreError> {
        if numbers.is_empty() {
            return Ok(());
        }
        self.writing(|| {
            let transaction = self.db.begin_write()?;
            {
                let mut outbox = transaction.open_table(OUTBOX)?;
                for number in numbers {
                    outbox.remove(number)?;
                }
            }
            Ok(transaction.commit()?)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.writing(|| {
            let mut live = self.live();
            if live.pending.is_empty() {
                return Ok(());
            }
            // No arrival, so no time has passed that could make anything expire.
            let tick = Changes { now_ms: i64::MIN, ..Changes::default() };
            self.write(&mut live, &tick).map(drop)
        })
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        self.reading(|| {
            let transaction = self.db.begin_read()?;
            Ok(Stats {
                terms: transaction.open_table(SIGHTINGS)?.len()?,
                outbox: transaction.open_table(OUTBOX)?.len()?,
            })
        })
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        // There is nobody to tell; what is lost is within the stated bound.
        let _ = self.flush();
    }
}

impl std::fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedbStore")
            .field("path", &self.path)
            .field("failed", &self.failed.get())
            .finish_non_exhaustive()
    }
}
