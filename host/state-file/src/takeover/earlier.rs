//! The earlier form of a state, formats 1 and 2, to be read only.
//!
//! A file of the database library's own form, with a table for each kind of row:
//!
//! | table       | key                                | value                                       |
//! |-------------|------------------------------------|---------------------------------------------|
//! | `meta`      | name                               | number                                      |
//! | `rules`     | rule key                           | rule number                                 |
//! | `sightings` | rule number, term                  | expiry, then spans, each first and last     |
//! | `quotas`    | rule number, interval ms, interval | used, expiry                                |
//! | `since`     | rule number                        | arrival, sighted (0/1), first sighting or 0 |
//! | `outbox`    | number                             | rule id, term, id, document                 |
//!
//! Beside it its journal, `STATE.journal-1` and so on, whose segments are those of
//! today with records of another form, and `STATE.sums`, which is not needed when
//! everything is read and verified. Format 1 had neither. Numbers are
//! little-endian; a text stands after its length, a u32.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use firstseen_ledger::{History, QuotaUse, Since, Span, StoredAlert};
use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition,
    TableError,
};

use crate::error::Cause;
use crate::files::with_suffix;
use crate::journal::{Form, replay};
use crate::rows::{Key, Value};

/// What a file of the library begins with.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";
/// The latest of the earlier formats.
const FORMAT: u64 = 2;

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const RULES: TableDefinition<'_, &str, u32> = TableDefinition::new("rules");
pub(super) const SIGHTINGS: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("sightings");
pub(super) const QUOTAS: TableDefinition<'_, (u32, u64, i64), (u32, i64)> = TableDefinition::new("quotas");
pub(super) const SINCE: TableDefinition<'_, u32, (i64, u8, i64)> = TableDefinition::new("since");
pub(super) const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");

/// Where the journal of the state at `path` is, but for numbers.
pub(super) fn journal(path: &Path) -> PathBuf {
    with_suffix(path, ".journal")
}

pub(super) fn sums(path: &Path) -> PathBuf {
    with_suffix(path, ".sums")
}

/// Fails unless a file begins like one of these.
pub(super) fn check(file: &File) -> Result<(), Cause> {
    let mut magic = [0; MAGIC.len()];
    match file.read_exact_at(&mut magic, 0) {
        Ok(()) if magic == *MAGIC => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error.into()),
        _ => Err(Cause::NotAState("it is a file, and does not begin like one".to_owned())),
    }
}

/// A state of the earlier form.
pub(super) struct Earlier {
    tables: ReadTransaction,
    /// What the journal says, as rows of today.
    journal: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    next_alert: u64,
    /// After what it holds.
    _database: Database,
}

impl Earlier {
    /// Opens the state whose file at `path` is `file`, and verifies all of it.
    pub(super) fn open(path: &Path, file: &File) -> Result<Self, Cause> {
        let mut builder = Database::builder();
        builder.set_check_integrity_on_open(true);
        let database = builder.create_with_backend(Unwritten::new(file.try_clone()?)?)?;
        let tables = database.begin_read()?;
        let meta = match tables.open_table(META) {
            Err(TableError::Storage(error)) => return Err(error.into()),
            table => table.map_err(|_| Cause::NotAState("it is another program's database".to_owned()))?,
        };
        let number = |name| number(&meta, name);
        match number("format")? {
            Some(1..=FORMAT) => {}
            Some(format) if format > FORMAT => return Err(Cause::Newer { format, supported: FORMAT }),
            Some(_) => return Err(Cause::malformed("its format number")),
            None => return Err(Cause::NotAState("it is another program's database".to_owned())),
        }
        let mut next_alert = number("next-alert")?.unwrap_or_default();
        let mut rows = BTreeMap::new();
        if let (Some(id), Some(first)) = (number("id")?, number("journal")?) {
            replay(&journal(path), Form::Earlier, id, first, |record| {
                let mut rest = Bytes(record);
                while !rest.0.is_empty() {
                    let (key, value) = entry(&mut rest).ok_or_else(|| Cause::malformed("an entry of its journal"))?;
                    if let Some(Key::Alert(number)) = Key::read(&key) {
                        next_alert = next_alert.max(number.saturating_add(1));
                    }
                    rows.insert(key, value);
                }
                Ok(())
            })?;
        }
        Ok(Self { tables, journal: rows, next_alert, _database: database })
    }

    pub(super) fn next_alert(&self) -> u64 {
        self.next_alert
    }

    /// Hands all rows to `each`, as they are today.
    pub(super) fn each(&self, mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Cause>) -> Result<(), Cause> {
        let mut of_tables = |key: Key<'_>, value: Option<Vec<u8>>| {
            let key = key.bytes();
            let value = value.ok_or_else(|| Cause::malformed("a value"))?;
            // Said again, or taken back, by the journal.
            if self.journal.contains_key(&key) { Ok(()) } else { each(&key, &value) }
        };
        let tables = &self.tables;
        for row in ReadableTable::range::<&str>(&tables.open_table(RULES)?, ..)? {
            let (text, rule) = row?;
            of_tables(Key::Rule(rule.value()), Some(written(&text.value().to_owned())))?;
        }
        for row in ReadableTable::range::<u32>(&tables.open_table(SINCE)?, ..)? {
            let (rule, value) = row?;
            let (arrival_ms, sighted, first_at_ms) = value.value();
            of_tables(Key::Since(rule.value()), since(arrival_ms, sighted, first_at_ms))?;
        }
        for row in ReadableTable::range::<(u32, u64, i64)>(&tables.open_table(QUOTAS)?, ..)? {
            let (key, value) = row?;
            let ((rule, per_ms, interval), (used, expires_ms)) = (key.value(), value.value());
            of_tables(Key::Quota(rule, per_ms, interval), Some(written(&QuotaUse { used, expires_ms })))?;
        }
        for row in ReadableTable::range::<(u32, &str)>(&tables.open_table(SIGHTINGS)?, ..)? {
            let (key, value) = row?;
            let (rule, term) = key.value();
            let value = value.value();
            of_tables(Key::History(rule, term), Bytes(value).history(value.len().saturating_sub(8) / 16))?;
        }
        for row in ReadableTable::range::<u64>(&tables.open_table(OUTBOX)?, ..)? {
            let (number, value) = row?;
            of_tables(Key::Alert(number.value()), Bytes(value.value()).alert())?;
        }
        for (key, value) in &self.journal {
            if let Some(value) = value {
                each(key, value)?;
            }
        }
        Ok(())
    }
}

fn number(meta: &ReadOnlyTable<&'static str, u64>, name: &str) -> Result<Option<u64>, Cause> {
    Ok(ReadableTable::get(meta, name)?.map(|number| number.value()))
}

fn written(value: &impl Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    bytes
}

fn since(arrival_ms: i64, sighted: u8, first_at_ms: i64) -> Option<Vec<u8>> {
    let first_at_ms = match (sighted, first_at_ms) {
        (0, 0) => None,
        (1, first_at_ms) => Some(first_at_ms),
        _ => return None,
    };
    Some(written(&Since { arrival_ms, first_at_ms }))
}

/// The key of a row, and its value unless it is gone.
type OwnedRow = (Vec<u8>, Option<Vec<u8>>);

/// The next entry of a record of the journal, as a row of today.
fn entry(bytes: &mut Bytes<'_>) -> Option<OwnedRow> {
    let [kind] = bytes.take()?;
    if matches!(kind, 4 | 5) {
        let key = Key::Alert(bytes.u64()?).bytes();
        return Some((key, if kind == 4 { Some(bytes.alert()?) } else { None }));
    }
    let rule = u32::from_le_bytes(bytes.take()?);
    let (key, value) = match kind {
        0 => (Key::Rule(rule), written(&bytes.text()?.to_owned())),
        1 => {
            let (arrival_ms, [sighted]) = (bytes.i64()?, bytes.take()?);
            (Key::Since(rule), since(arrival_ms, sighted, bytes.i64()?)?)
        }
        2 => {
            let key = Key::Quota(rule, bytes.u64()?, bytes.i64()?);
            let used = u32::from_le_bytes(bytes.take()?);
            (key, written(&QuotaUse { used, expires_ms: bytes.i64()? }))
        }
        3 => {
            let (term, [spans]) = (bytes.text()?, bytes.take()?);
            (Key::History(rule, term), bytes.history(spans.into())?)
        }
        _ => return None,
    };
    Some((key.bytes(), Some(value)))
}

/// What is still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = u32::from_le_bytes(self.take()?);
        let (text, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        str::from_utf8(text).ok()
    }

    fn history(&mut self, spans: usize) -> Option<Vec<u8>> {
        let expires_ms = self.i64()?;
        let spans = (0..spans).map(|_| Some(Span { first: self.i64()?, last: self.i64()? }));
        let mut spans = spans.collect::<Option<Vec<_>>>()?;
        let latest = spans.pop()?;
        Some(written(&History::from_parts(spans, latest, expires_ms)?))
    }

    fn alert(&mut self) -> Option<Vec<u8>> {
        let [rule_id, term, id, document] = [self.text()?, self.text()?, self.text()?, self.text()?].map(str::to_owned);
        Some(written(&StoredAlert { rule_id: Some(rule_id), term, id, document, sources: Vec::new() }))
    }
}

/// A file that stays as it is: what the library writes to it when it opens one, or
/// puts one in order after a kill, stays in memory.
#[derive(Debug)]
struct Unwritten(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    file: File,
    /// How much of it counts.
    from_file: u64,
    length: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

const PAGE: usize = 4096;

impl Unwritten {
    fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self(Mutex::new(Kept { file, from_file: length, length, pages: BTreeMap::new() })))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    /// Hands page by page to `each`, and the part of it and of a buffer that are
    /// meant by `length` bytes from `offset`.
    fn each(
        &mut self,
        offset: u64,
        length: usize,
        mut each: impl FnMut(&mut Self, u64, std::ops::Range<usize>, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut done = 0;
        while done < length {
            let at = offset + done as u64;
            let start = (at % PAGE as u64) as usize;
            let part = start..PAGE.min(start + length - done);
            let count = part.len();
            each(self, at / PAGE as u64, part, done)?;
            done += count;
        }
        Ok(())
    }

    fn page(&self, number: u64) -> io::Result<Vec<u8>> {
        if let Some(page) = self.pages.get(&number) {
            return Ok(page.clone());
        }
        let mut page = vec![0; PAGE];
        let start = number * PAGE as u64;
        let there = usize::try_from(self.from_file.saturating_sub(start)).unwrap_or(PAGE).min(PAGE);
        self.file.read_exact_at(page.get_mut(..there).unwrap_or_default(), start)?;
        Ok(page)
    }
}

/// Fills as much of `room` as there is for it.
fn put(room: Option<&mut [u8]>, bytes: Option<&[u8]>) {
    if let (Some(room), Some(bytes)) = (room, bytes) {
        room.iter_mut().zip(bytes).for_each(|(byte, new)| *byte = *new);
    }
}

impl StorageBackend for Unwritten {
    fn len(&self) -> io::Result<u64> {
        self.with(|kept| Ok(kept.length))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(|kept| {
            if offset.saturating_add(out.len() as u64) > kept.length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            kept.each(offset, out.len(), |kept, number, part, done| {
                let page = kept.page(number)?;
                put(out.get_mut(done..), page.get(part));
                Ok(())
            })
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.with(|kept| {
            kept.length = length;
            kept.from_file = kept.from_file.min(length);
            kept.pages.retain(|number, _| number * (PAGE as u64) < length);
        });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(|kept| {
            kept.each(offset, data.len(), |kept, number, part, done| {
                let mut page = kept.page(number)?;
                put(page.get_mut(part), data.get(done..));
                kept.pages.insert(number, page);
                Ok(())
            })
        })
    }
}
