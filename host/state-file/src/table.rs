//! The table: all rows in order, in one file.

use std::collections::HashMap;
use std::ops::Bound;

use firstseen_ledger::{Entry, History, Since, sweep_slices};
use redb::{
    Database, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table, TableDefinition,
    TableError, WriteTransaction,
};

use crate::error::Cause;
use crate::generation::Generation;
use crate::outbox::Outbox;
use crate::pages::begin_write;
use crate::rows::{ALERT, HISTORY, Key, Numbers, QUOTA, RULE, SINCE, Value, read_expiry};

const STATE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("state");

/// The table as of one merge, to be read while the state is in use.
pub(crate) struct Snapshot(ReadOnlyTable<&'static [u8], &'static [u8]>);

impl Snapshot {
    pub(crate) fn open(database: &Database) -> Result<Self, Cause> {
        match database.begin_read()?.open_table(STATE) {
            Ok(table) => Ok(Self(table)),
            Err(TableError::Storage(error)) => Err(error.into()),
            Err(_) => Err(Cause::NotAState("it is another program's database".to_owned())),
        }
    }

    /// The value of a row.
    pub(crate) fn get<V: Value>(&self, key: Key<'_>) -> Result<Option<V>, Cause> {
        let Some(value) = ReadableTable::get(&self.0, &*key.bytes())? else {
            return Ok(None);
        };
        V::read(value.value()).map(Some).ok_or_else(|| malformed(key))
    }

    /// The histories of a rule in order, `max` at most, behind the term `after`.
    pub(crate) fn histories(
        &self,
        rule: u32,
        after: Option<&str>,
        max: usize,
    ) -> Result<Vec<(String, History)>, Cause> {
        let first = Key::History(rule, after.unwrap_or_default()).bytes();
        let start = if after.is_some() { Bound::Excluded(&*first) } else { Bound::Included(&*first) };
        let end = rule.checked_add(1).map_or_else(|| vec![HISTORY + 1], |next| Key::History(next, "").bytes());
        let rows = ReadableTable::range::<&[u8]>(&self.0, (start, Bound::Excluded(&*end)))?;
        let history = |row: Result<_, redb::StorageError>| {
            let (key, value): (redb::AccessGuard<'_, &[u8]>, redb::AccessGuard<'_, &[u8]>) = row?;
            match Key::read(key.value()) {
                Some(key @ Key::History(_, term)) => {
                    Ok((term.to_owned(), Value::read(value.value()).ok_or_else(|| malformed(key))?))
                }
                _ => Err(Cause::malformed("a key")),
            }
        };
        rows.take(max).map(history).collect()
    }

    /// The rows from a key on and before another one, in order.
    pub(crate) fn range(&self, first: &[u8], end: &[u8]) -> Result<impl Iterator<Item = Result<Entry, Cause>>, Cause> {
        let rows = ReadableTable::range::<&[u8]>(&self.0, (Bound::Included(first), Bound::Excluded(end)))?;
        Ok(rows.map(|row| {
            let (key, value) = row?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        }))
    }

    /// Whether there is a row of this key and this value.
    pub(crate) fn has(&self, key: &[u8], value: &[u8]) -> Result<bool, Cause> {
        Ok(ReadableTable::get(&self.0, key)?.is_some_and(|found| found.value() == value))
    }

    /// How many rows there are, of all kinds.
    pub(crate) fn rows(&self) -> Result<u64, Cause> {
        Ok(self.0.len()?)
    }

    /// Hands the rows of one kind to `each`, in order.
    fn each<V: Value>(&self, kind: u8, mut each: impl FnMut(Key<'_>, V)) -> Result<(), Cause> {
        for row in ReadableTable::range::<&[u8]>(&self.0, &[kind][..]..&[kind + 1][..])? {
            let (key, value) = row?;
            let key = Key::read(key.value()).ok_or_else(|| Cause::malformed("a key"))?;
            each(key, V::read(value.value()).ok_or_else(|| malformed(key))?);
        }
        Ok(())
    }
}

fn malformed(key: Key<'_>) -> Cause {
    Cause::malformed(match key {
        Key::Numbers => "what it says of itself",
        Key::Rule(_) => "the key of a rule",
        Key::Since(_) => "the start of a rule",
        Key::Quota(..) => "a quota counter",
        Key::History(..) => "the history of a term",
        Key::Alert(_) => "an alert in the outbox",
        Key::Entry(..) => "an entry of a rule",
    })
}

/// What is small enough of a state to be kept in memory.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) numbers: Numbers,
    /// Rule keys and the numbers that stand for them.
    pub(crate) rules: HashMap<String, u32>,
    pub(crate) sinces: HashMap<u32, Since>,
    pub(crate) outbox: Outbox,
}

impl Known {
    pub(crate) fn read(database: &Database) -> Result<Self, Cause> {
        let table = Snapshot::open(database)?;
        let numbers = table.get(Key::Numbers)?.ok_or_else(|| malformed(Key::Numbers))?;
        let mut known = Self { numbers, ..Self::default() };
        table.each(RULE, |key, text: String| {
            if let Key::Rule(rule) = key {
                known.rules.insert(text, rule);
            }
        })?;
        table.each(SINCE, |key, since: Since| {
            if let Key::Since(rule) = key {
                known.sinces.insert(rule, since);
            }
        })?;
        // Only how long they are: they may be many.
        for row in ReadableTable::range::<&[u8]>(&table.0, &[ALERT][..]..&[ALERT + 1][..])? {
            let (key, value) = row?;
            match Key::read(key.value()) {
                Some(Key::Alert(number)) if number < numbers.next_alert => {
                    known.outbox.insert(number, value.value().len());
                }
                _ => return Err(Cause::malformed("the number of the next alert")),
            }
        }
        Ok(known)
    }
}

/// Makes the table of a new state: nothing but its identity.
pub(crate) fn make(database: &Database, id: u64) -> Result<(), Cause> {
    let transaction = begin_write(database)?;
    WriteTable::open(&transaction)?.put_numbers(&Numbers { id, first_segment: 1, ..Numbers::default() })?;
    Ok(transaction.commit()?)
}

/// So many commits count for the sweep after a generation: what they add counts
/// in any case, and a large state is not to be read through without end.
const SWEEP_COMMITS_MAX: usize = 256;

/// The last keys that the sweep has looked at; at the end it starts over.
#[derive(Default)]
pub(crate) struct Cursors {
    histories: Option<Vec<u8>>,
    quotas: Option<Vec<u8>>,
}

/// The table in a write transaction.
pub(crate) struct WriteTable<'t> {
    table: Table<'t, &'static [u8], &'static [u8]>,
}

impl<'t> WriteTable<'t> {
    pub(crate) fn open(transaction: &'t WriteTransaction) -> Result<Self, Cause> {
        Ok(Self { table: transaction.open_table(STATE)? })
    }

    /// Writes all changes of a generation but those of histories.
    pub(crate) fn put_rows(&mut self, generation: &Generation) -> Result<(), Cause> {
        for (key, value) in &generation.rows {
            match value {
                Some(value) => self.put_row(key, value)?,
                None => drop(self.table.remove(&**key)?),
            }
        }
        Ok(())
    }

    /// Writes those that histories depend on.
    pub(crate) fn put_rules(&mut self, generation: &Generation) -> Result<(), Cause> {
        for (key, value) in generation.rows.range(vec![RULE]..vec![RULE + 1]) {
            value.as_ref().map_or(Ok(()), |value| self.put_row(key, value))?;
        }
        Ok(())
    }

    /// Writes histories, removes those that are gone, and answers with how many more
    /// it has then.
    pub(crate) fn put_histories(&mut self, histories: &[(u32, &str, Option<&History>)]) -> Result<i64, Cause> {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        let mut grown = 0;
        for &(rule, term, history) in histories {
            key.clear();
            value.clear();
            Key::History(rule, term).put(&mut key);
            match history {
                Some(history) => {
                    Value::put(history, &mut value);
                    grown += i64::from(self.table.insert(&*key, &*value)?.is_none());
                }
                None => grown -= i64::from(self.table.remove(&*key)?.is_some()),
            }
        }
        Ok(grown)
    }

    /// Writes a row as it is.
    pub(crate) fn put_row(&mut self, key: &[u8], value: &[u8]) -> Result<(), Cause> {
        self.table.insert(key, value)?;
        Ok(())
    }

    /// Writes how many terms there are, and leaves the other numbers.
    pub(crate) fn put_terms(&mut self, terms: u64) -> Result<(), Cause> {
        let numbers = match self.table.get(&*Key::Numbers.bytes())? {
            Some(value) => Numbers::read(value.value()),
            None => None,
        };
        self.put_numbers(&Numbers { terms, ..numbers.ok_or_else(|| malformed(Key::Numbers))? })
    }

    pub(crate) fn put_numbers(&mut self, numbers: &Numbers) -> Result<(), Cause> {
        let mut value = Vec::new();
        Value::put(numbers, &mut value);
        self.table.insert(&*Key::Numbers.bytes(), &*value)?;
        Ok(())
    }

    /// Looks at the slices that are next after a generation, and removes what
    /// expired. Answers with how many histories that were.
    pub(crate) fn sweep(&mut self, cursors: &mut Cursors, generation: &Generation) -> Result<i64, Cause> {
        // Without an arrival no time has passed that could make anything expire.
        let Some(now_ms) = generation.now_ms else { return Ok(0) };
        let mut all_gone = 0;
        let quotas = generation.rows.range(vec![QUOTA]..vec![QUOTA + 1]).count();
        let commits = generation.commits.clamp(1, SWEEP_COMMITS_MAX);
        let histories = (HISTORY, &mut cursors.histories, generation.histories_count());
        for (kind, cursor, touched) in [histories, (QUOTA, &mut cursors.quotas, quotas)] {
            for slice in sweep_slices(commits, touched) {
                let gone = self.sweep_slice(kind, cursor, slice, now_ms)?;
                all_gone += if kind == HISTORY { gone } else { 0 };
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(all_gone)
    }

    /// Removes what expired of the next rows of a kind, and answers with how many
    /// that were.
    fn sweep_slice(&mut self, kind: u8, cursor: &mut Option<Vec<u8>>, slice: usize, now_ms: i64) -> Result<i64, Cause> {
        let (first, end) = ([kind], [kind + 1]);
        let start = cursor.as_deref().map_or(Bound::Included(&first[..]), Bound::Excluded);
        let rows = self.table.range::<&[u8]>((start, Bound::Excluded(&end[..])))?;
        let (mut last, mut gone, mut looked_at) = (None, Vec::new(), 0);
        for row in rows.take(slice) {
            let (key, value) = row?;
            looked_at += 1;
            let expires_ms = read_expiry(value.value()).ok_or_else(|| Cause::malformed("an expiry"))?;
            if expires_ms < now_ms {
                gone.push(key.value().to_vec());
            }
            last = Some(key);
        }
        *cursor = last.filter(|_| looked_at == slice).map(|key| key.value().to_vec());
        for key in &gone {
            self.table.remove(&**key)?;
        }
        Ok(gone.len().try_into().unwrap_or_default())
    }
}
