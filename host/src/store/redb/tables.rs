//! The tables of the state file, format 1, and how they are read and written.
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
//! A rule key is long and in every key of the large table, so a number stands
//! for it there; the term stays as it is, to be readable in the file.

use std::collections::HashMap;
use std::ops::Bound;

use ::redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction};

use super::super::{History, QuotaUse, RuleChanges, Since, StoredAlert, sweep_slices};
use super::Rule;
use super::codec::{
    SinceValue, decode_expiry, decode_history, decode_since, encode_alert, encode_history, encode_since,
};
use super::fault::Fault;

/// The format that is written, and the latest that can be read.
pub(super) const FORMAT: u64 = 1;
/// Where `meta` keeps the format, in this and every later one.
pub(super) const FORMAT_KEY: &str = "format";
/// Where `meta` keeps the next number of the outbox.
const NEXT_ALERT_KEY: &str = "next-alert";

type TermKey = (u32, &'static str);
type QuotaKey = (u32, u64, i64);

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const RULES: TableDefinition<'_, &str, u32> = TableDefinition::new("rules");
pub(super) const SIGHTINGS: TableDefinition<'_, TermKey, &[u8]> = TableDefinition::new("sightings");
pub(super) const QUOTAS: TableDefinition<'_, QuotaKey, (u32, i64)> = TableDefinition::new("quotas");
pub(super) const SINCE: TableDefinition<'_, u32, SinceValue> = TableDefinition::new("since");
pub(super) const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");

/// The tables that judging reads, as of one commit.
pub(super) struct Snapshot {
    sightings: ReadOnlyTable<TermKey, &'static [u8]>,
    quotas: ReadOnlyTable<QuotaKey, (u32, i64)>,
    since: ReadOnlyTable<u32, SinceValue>,
}

impl Snapshot {
    pub(super) fn open(db: &Database) -> Result<Self, Fault> {
        let transaction = db.begin_read()?;
        Ok(Self {
            sightings: transaction.open_table(SIGHTINGS)?,
            quotas: transaction.open_table(QUOTAS)?,
            since: transaction.open_table(SINCE)?,
        })
    }

    pub(super) fn history(&self, rule: u32, term: &str) -> Result<Option<History>, Fault> {
        let Some(value) = ReadableTable::get(&self.sightings, (rule, term))? else {
            return Ok(None);
        };
        let history = decode_history(value.value());
        history.map(Some).ok_or(MALFORMED_HISTORY)
    }

    pub(super) fn quota(&self, rule: u32, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, Fault> {
        let value = ReadableTable::get(&self.quotas, (rule, per_ms, interval))?;
        Ok(value.map(|value| {
            let (used, expires_ms) = value.value();
            QuotaUse { used, expires_ms }
        }))
    }

    pub(super) fn since(&self, rule: u32) -> Result<Option<Since>, Fault> {
        let Some(value) = ReadableTable::get(&self.since, rule)? else {
            return Ok(None);
        };
        let since = decode_since(value.value());
        since.map(Some).ok_or(Fault::Malformed("the start of a rule"))
    }
}

const MALFORMED_HISTORY: Fault = Fault::Malformed("the history of a term");

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

    /// The number of a rule key, a new one if it has none. `known` holds all
    /// the file's numbers.
    pub(super) fn rule_number(&mut self, known: &mut HashMap<String, Rule>, rule: &str) -> Result<u32, Fault> {
        if let Some(rule) = known.get(rule) {
            return Ok(rule.number);
        }
        let number = match known.values().map(|rule| rule.number).max() {
            Some(number) => number.checked_add(1).ok_or(Fault::Malformed("its list of rules"))?,
            None => 0,
        };
        self.rules.insert(rule, number)?;
        known.insert(rule.to_owned(), Rule { number, since: None });
        Ok(number)
    }

    pub(super) fn put_history(&mut self, rule: u32, term: &str, history: &History) -> Result<(), Fault> {
        let value = encode_history(history);
        self.sightings.insert((rule, term), &*value)?;
        Ok(())
    }

    pub(super) fn put_rule(&mut self, rule: u32, changes: &RuleChanges) -> Result<(), Fault> {
        if let Some(since) = changes.since {
            self.since.insert(rule, encode_since(since))?;
        }
        for (&(per_ms, interval), quota) in &changes.quotas {
            self.quotas.insert((rule, per_ms, interval), (quota.used, quota.expires_ms))?;
        }
        Ok(())
    }

    /// Puts alerts into the outbox and answers with their numbers.
    pub(super) fn put_alerts(&mut self, alerts: &[StoredAlert]) -> Result<Vec<u64>, Fault> {
        if alerts.is_empty() {
            return Ok(Vec::new());
        }
        let mut next = self.meta.get(NEXT_ALERT_KEY)?.map_or(0, |next| next.value());
        let mut numbers = Vec::with_capacity(alerts.len());
        for alert in alerts {
            self.outbox.insert(next, &*encode_alert(alert)?)?;
            numbers.push(next);
            next = next.checked_add(1).ok_or(Fault::Malformed("the number of the next alert"))?;
        }
        self.meta.insert(NEXT_ALERT_KEY, next)?;
        Ok(numbers)
    }

    /// Looks at the slices that are next after a commit that touched so many
    /// histories and quota counters, and removes what expired.
    pub(super) fn sweep(
        &mut self,
        cursors: &mut Cursors,
        now_ms: i64,
        histories: usize,
        quotas: usize,
    ) -> Result<(), Fault> {
        for slice in sweep_slices(histories) {
            self.sweep_histories(&mut cursors.sightings, slice, now_ms)?;
            if cursors.sightings.is_none() {
                break;
            }
        }
        for slice in sweep_slices(quotas) {
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
