//! The state in one file, transactional: the default of a long-lived process.

mod codec;
mod fault;
mod open;
mod pages;
mod pending;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use ::redb::{Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use self::fault::{Fault, caught};
use self::pending::{Bounds, Pending, SLICE};
use self::tables::{Cursors, OUTBOX, SIGHTINGS, Snapshot, WriteTables};
use super::{Changes, Gate, History, QuotaUse, Since, Stats, Store, StoreError, StoredAlert};

/// A store in one file.
///
/// The file belongs to one process at a time. A commit with news is on disk
/// when it returns; see the [module](super) for what may be written late.
/// Everything the file holds is verified, either when it is opened or when it is
/// first read; see [`RedbStore::open`].
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
    rules: HashMap<String, Rule>,
    pending: Pending,
    /// The tables as of the last commit, kept open because opening them costs
    /// more than a lookup.
    snapshot: Option<Snapshot>,
    cursors: Cursors,
}

/// What is known of a rule that the file has.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// What stands for its key in the keys of the file.
    number: u32,
    /// Since when it is known, once that was read.
    since: Option<Since>,
}

impl RedbStore {
    /// Opens the state file, or creates it if there is none (or an empty one).
    /// The directory must exist. On Unix a new file is for its owner only.
    ///
    /// After a store was closed the file is read page by page as it is needed, and
    /// each page is verified then. After a crash, or if its `.sums` file is not
    /// beside it, the whole file is read and verified first, at about the speed of
    /// the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`], [`StoreError::Damaged`], [`StoreError::Newer`],
    /// [`StoreError::NotAStore`] or [`StoreError::Io`]. Never panics, whatever
    /// the file holds.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let (db, trusted) = caught(|| open::database(path)).map_err(|fault| fault.into_open_error(path))?;
        let store = Self::with_database(path, db, Bounds::DEFAULT)?;
        trusted.set();
        Ok(store)
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

    /// Writes so many of the refreshes that wait, and then the news of `changes`,
    /// in one transaction.
    fn write(&self, live: &mut Live, changes: &Changes, refreshes: usize) -> Result<Vec<u64>, Fault> {
        // An open snapshot would keep the pages of the state it shows.
        live.snapshot = None;
        let now = Instant::now();
        let mut transaction = self.db.begin_write()?;
        let numbers = {
            let mut tables = WriteTables::open(&transaction)?;
            let mut rules = Vec::with_capacity(changes.rules().count());
            for (rule, changes) in changes.rules() {
                let number = tables.rule_number(&mut live.rules, rule)?;
                tables.put_rule(number, changes)?;
                rules.push(number);
            }
            let mut news = Vec::new();
            for (rule, term, change) in changes.histories() {
                let rule = *rules.get(rule).ok_or(Fault::Malformed("the list of rules of a batch"))?;
                if change.news {
                    live.pending.replace(rule, term, &change.history);
                    news.push((rule, term, &change.history));
                } else {
                    live.pending.add(rule, term, &change.history, now);
                }
            }
            // In the order of the file, in which neighbours share pages.
            news.sort_unstable_by_key(|(rule, term, _)| (*rule, *term));
            for (rule, term, history) in &news {
                tables.put_history(*rule, term, history)?;
            }
            for _ in 0..refreshes {
                let Some((rule, term, history)) = live.pending.next(now) else { break };
                tables.put_history(rule, term, history)?;
            }
            let numbers = tables.put_alerts(&changes.alerts)?;
            // Nothing could have expired for a flush, which has no arrival.
            if changes.now_ms > i64::MIN {
                let touched = news.len() + refreshes.min(SLICE);
                tables.sweep(&mut live.cursors, changes.now_ms, touched, changes.quota_count())?;
            }
            numbers
        };
        if !changes.has_news() && live.pending.is_leaving() {
            // The last slice of them takes the others to the disk.
            transaction.set_durability(Durability::None)?;
        }
        transaction.commit()?;
        for (rule, changes) in changes.rules() {
            if let (Some(rule), Some(since)) = (live.rules.get_mut(rule), changes.since) {
                rule.since = Some(since);
            }
        }
        Ok(numbers)
    }

    /// Runs `read` on the tables as of the last commit.
    fn lookup<T>(&self, read: impl FnOnce(&mut Live, &Snapshot) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.reading(|| {
            let mut live = self.live();
            let snapshot = match live.snapshot.take() {
                Some(snapshot) => snapshot,
                None => Snapshot::open(&self.db)?,
            };
            let result = read(&mut live, &snapshot);
            live.snapshot = Some(snapshot);
            result
        })
    }
}

impl Live {
    fn history(&self, snapshot: &Snapshot, rule: &str, term: &str) -> Result<Option<History>, Fault> {
        match self.waiting(rule, term) {
            Some(history) => Ok(Some(history)),
            None => self.written(snapshot, rule, term),
        }
    }

    fn waiting(&self, rule: &str, term: &str) -> Option<History> {
        self.pending.get(self.rules.get(rule)?.number, term).cloned()
    }

    fn written(&self, snapshot: &Snapshot, rule: &str, term: &str) -> Result<Option<History>, Fault> {
        self.rules.get(rule).map_or(Ok(None), |rule| snapshot.history(rule.number, term))
    }
}

impl Store for RedbStore {
    fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    fn history(&self, rule: &str, term: &str) -> Result<Option<History>, StoreError> {
        self.lookup(|live, snapshot| live.history(snapshot, rule, term))
    }

    fn histories(&self, terms: &[(&str, &str)]) -> Result<Vec<Option<History>>, StoreError> {
        self.lookup(|live, snapshot| {
            // One after the other, so that lookups in memory overlap.
            let waiting: Vec<_> = terms.iter().map(|(rule, term)| live.waiting(rule, term)).collect();
            let all = terms.iter().zip(waiting).map(|((rule, term), waiting)| match waiting {
                Some(history) => Ok(Some(history)),
                None => live.written(snapshot, rule, term),
            });
            all.collect()
        })
    }

    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, StoreError> {
        self.lookup(|live, snapshot| match live.rules.get(rule) {
            Some(rule) => snapshot.quota(rule.number, per_ms, interval),
            None => Ok(None),
        })
    }

    fn since(&self, rule: &str) -> Result<Option<Since>, StoreError> {
        self.lookup(|live, snapshot| match live.rules.get_mut(rule) {
            Some(Rule { since: Some(since), .. }) => Ok(Some(*since)),
            Some(rule) => {
                rule.since = snapshot.since(rule.number)?;
                Ok(rule.since)
            }
            None => Ok(None),
        })
    }

    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, StoreError> {
        self.writing(|| {
            codec::validate_alerts(&changes.alerts)?;
            let mut live = self.live();
            let now = Instant::now();
            let news = changes.histories().filter(|(_, _, change)| change.news).count();
            let refreshes = changes.histories().count() - news;
            if changes.has_news() || changes.rules().any(|(rule, _)| !live.rules.contains_key(rule)) {
                let due = live.pending.due(&self.bounds, refreshes, news.max(1), now);
                return self.write(&mut live, changes, due);
            }
            let rules: Vec<_> = changes.rules().map(|(rule, _)| live.rules.get(rule).copied()).collect();
            for (rule, term, change) in changes.histories() {
                let rule =
                    rules.get(rule).copied().flatten().ok_or(Fault::Malformed("the list of rules of a batch"))?;
                live.pending.add(rule.number, term, &change.history, now);
            }
            let due = live.pending.due(&self.bounds, refreshes, 0, now);
            if due > 0 {
                let tick = Changes { now_ms: changes.now_ms, ..Changes::default() };
                self.write(&mut live, &tick, due)?;
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
            let waiting = live.pending.len();
            if waiting == 0 {
                return Ok(());
            }
            // No arrival, so no time has passed that could make anything expire.
            let tick = Changes { now_ms: i64::MIN, ..Changes::default() };
            self.write(&mut live, &tick, waiting).map(drop)
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
