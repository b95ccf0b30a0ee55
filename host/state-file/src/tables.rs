//! The tables of the state file, format 2, and how they are read and written.
//!
//! | table       | key                                | value                                       |
//! |-------------|------------------------------------|---------------------------------------------|
//! | `meta`      | name                               | number                                      |
//! | `rules`     | rule key                           | rule number                                 |
//! | `sightings` | rule number, term                  | history, see `codec`                        |
//! | `quotas`    | rule number, interval ms, interval | used, expiry                                |
//! | `since`     | rule number                        | arrival, sighted (0/1), first sighting or 0 |
//! | `outbox`    | number                             | alert, see `codec`                          |
//!
//! `meta` has the format, the identity of the state, the number of the first
//! segment of the journal that is not in the tables, and the number of the next
//! alert. Format 1 had no journal.
//!
//! A rule key is long and in every key of the large table, so a number stands
//! for it there; the term stays as it is, to be readable in the file.

use std::ops::Bound;

use ::redb::{
    Database, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table, TableDefinition,
    WriteTransaction,
};

use super::codec::{SinceValue, decode_alert, decode_expiry, decode_history, encode_alert, encode_since, put_history};
use super::fault::Fault;
use super::generation::Generation;
use firstseen::ledger::{History, QuotaUse, StoredAlert, sweep_slices};

/// The format that is written, and the latest that can be read.
pub(super) const FORMAT: u64 = 2;
/// Where `meta` keeps the format, in this and every later one.
pub(super) const FORMAT_KEY: &str = "format";
/// Where `meta` keeps the number that tells this state from others.
pub(super) const ID_KEY: &str = "id";
/// Where `meta` keeps the number of the first segment of the journal that is not
/// in the tables.
pub(super) const JOURNAL_KEY: &str = "journal";
/// Where `meta` keeps the next number of the outbox.
pub(super) const NEXT_ALERT_KEY: &str = "next-alert";

type TermKey = (u32, &'static str);
/// Rule number, length of the interval in milliseconds, number of the interval.
pub(super) type QuotaKey = (u32, u64, i64);

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const RULES: TableDefinition<'_, &str, u32> = TableDefinition::new("rules");
pub(super) const SIGHTINGS: TableDefinition<'_, TermKey, &[u8]> = TableDefinition::new("sightings");
pub(super) const QUOTAS: TableDefinition<'_, QuotaKey, (u32, i64)> = TableDefinition::new("quotas");
pub(super) const SINCE: TableDefinition<'_, u32, SinceValue> = TableDefinition::new("since");
pub(super) const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");

/// The tables that are read while the store is in use, as of one merge.
pub(super) struct Snapshot {
    sightings: ReadOnlyTable<TermKey, &'static [u8]>,
    quotas: ReadOnlyTable<QuotaKey, (u32, i64)>,
    outbox: ReadOnlyTable<u64, &'static [u8]>,
}

impl Snapshot {
    pub(super) fn open(db: &Database) -> Result<Self, Fault> {
        let transaction = db.begin_read()?;
        Ok(Self {
            sightings: transaction.open_table(SIGHTINGS)?,
            quotas: transaction.open_table(QUOTAS)?,
            outbox: transaction.open_table(OUTBOX)?,
        })
    }

    pub(super) fn terms(&self) -> Result<u64, Fault> {
        Ok(self.sightings.len()?)
    }

    pub(super) fn history(&self, rule: u32, term: &str) -> Result<Option<History>, Fault> {
        let Some(value) = ReadableTable::get(&self.sightings, (rule, term))? else {
            return Ok(None);
        };
        let history = decode_history(value.value());
        history.map(Some).ok_or(MALFORMED_HISTORY)
    }

    pub(super) fn quota(&self, key: QuotaKey) -> Result<Option<QuotaUse>, Fault> {
        let value = ReadableTable::get(&self.quotas, key)?;
        Ok(value.map(|value| {
            let (used, expires_ms) = value.value();
            QuotaUse { used, expires_ms }
        }))
    }

    pub(super) fn alert(&self, number: u64) -> Result<Option<StoredAlert>, Fault> {
        let Some(value) = ReadableTable::get(&self.outbox, number)? else {
            return Ok(None);
        };
        let alert = decode_alert(value.value());
        alert.map(Some).ok_or(Fault::Malformed("an alert in the outbox"))
    }
}

const MALFORMED_HISTORY: Fault = Fault::Malformed("the history of a term");

/// So many commits count for the sweep after a generation: what they add counts
/// in any case, and a large state is not to be read through without end.
const SWEEP_COMMITS_MAX: usize = 256;

/// The last entries that the sweep has looked at; at the end it starts over.
#[derive(Default)]
pub(super) struct Cursors {
    sightings: Option<(u32, String)>,
    quotas: Option<QuotaKey>,
}

/// All tables, in one write transaction.
pub(super) struct WriteTables<'t> {
    meta: Table<'t, &'static str, u64>,
    rules: Table<'t, &'static str, u32>,
    sightings: Table<'t, TermKey, &'static [u8]>,
    quotas: Table<'t, QuotaKey, (u32, i64)>,
    since: Table<'t, u32, SinceValue>,
    outbox: Table<'t, u64, &'static [u8]>,
}

impl<'t> WriteTables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            meta: transaction.open_table(META)?,
            rules: transaction.open_table(RULES)?,
            sightings: transaction.open_table(SIGHTINGS)?,
            quotas: transaction.open_table(QUOTAS)?,
            since: transaction.open_table(SINCE)?,
            outbox: transaction.open_table(OUTBOX)?,
        })
    }

    /// Writes all changes of a generation.
    pub(super) fn put(&mut self, generation: &Generation) -> Result<(), Fault> {
        for (number, rule) in &generation.rules {
            self.rules.insert(&**rule, number)?;
        }
        for (rule, since) in &generation.sinces {
            self.since.insert(rule, encode_since(*since))?;
        }
        for (key, quota) in &generation.quotas {
            self.quotas.insert(key, (quota.used, quota.expires_ms))?;
        }
        let mut value = Vec::new();
        for (rule, term, history) in generation.sorted() {
            value.clear();
            put_history(&mut value, history);
            self.sightings.insert((rule, term), &*value)?;
        }
        for number in &generation.acknowledged {
            self.outbox.remove(number)?;
        }
        for (number, alert) in &generation.alerts {
            self.outbox.insert(number, &*encode_alert(alert)?)?;
        }
        Ok(())
    }

    /// Notes how far the numbers of alerts and of segments of the journal are.
    pub(super) fn put_numbers(&mut self, next_alert: u64, next_segment: u64) -> Result<(), Fault> {
        self.meta.insert(NEXT_ALERT_KEY, next_alert)?;
        self.meta.insert(JOURNAL_KEY, next_segment)?;
        Ok(())
    }

    /// Looks at the slices that are next after a generation, and removes what
    /// expired.
    pub(super) fn sweep(&mut self, cursors: &mut Cursors, generation: &Generation) -> Result<(), Fault> {
        // Without an arrival no time has passed that could make anything expire.
        let Some(now_ms) = generation.now_ms else { return Ok(()) };
        let commits = generation.commits.clamp(1, SWEEP_COMMITS_MAX);
        for slice in sweep_slices(commits, generation.histories_count()) {
            self.sweep_histories(&mut cursors.sightings, slice, now_ms)?;
            if cursors.sightings.is_none() {
                break;
            }
        }
        for slice in sweep_slices(commits, generation.quotas.len()) {
            self.sweep_quotas(&mut cursors.quotas, slice, now_ms)?;
            if cursors.quotas.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn sweep_histories(&mut self, cursor: &mut Option<(u32, String)>, slice: usize, now_ms: i64) -> Result<(), Fault> {
        let mut last = None;
        let mut gone = Vec::new();
        let mut looked_at = 0;
        let start = match cursor {
            Some((rule, term)) => Bound::Excluded((*rule, term.as_str())),
            None => Bound::Unbounded,
        };
        let entries = self.sightings.range::<(u32, &str)>((start, Bound::Unbounded))?;
        for entry in entries.take(slice) {
            let (key, value) = entry?;
            looked_at += 1;
            if decode_expiry(value.value()).ok_or(MALFORMED_HISTORY)? < now_ms {
                let (rule, term) = key.value();
                gone.push((rule, term.to_owned()));
            }
            last = Some(key);
        }
        let last = last.filter(|_| looked_at == slice);
        *cursor = last.map(|key| {
            let (rule, term) = key.value();
            (rule, term.to_owned())
        });
        for (rule, term) in &gone {
            self.sightings.remove((*rule, term.as_str()))?;
        }
        Ok(())
    }

    fn sweep_quotas(&mut self, cursor: &mut Option<QuotaKey>, slice: usize, now_ms: i64) -> Result<(), Fault> {
        let start = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let mut seen = Vec::with_capacity(slice);
        let entries = self.quotas.range::<QuotaKey>((start, Bound::Unbounded))?;
        for entry in entries.take(slice) {
            let (key, value) = entry?;
            let (_, expires_ms) = value.value();
            seen.push((key.value(), expires_ms));
        }
        let last = seen.last().map(|(key, _)| *key);
        *cursor = last.filter(|_| seen.len() == slice);
        for (key, _) in seen.iter().filter(|(_, expires_ms)| *expires_ms < now_ms) {
            self.quotas.remove(key)?;
        }
        Ok(())
    }
}
