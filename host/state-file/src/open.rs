//! Opening a state file: whose it is, which format it has, what it knows.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::time::Duration;

use ::redb::{Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, TableError, WriteTransaction};

use super::codec::decode_since;
use super::fault::Fault;
use super::files::{create_private, directory, sync_directory, with_suffix};
use super::journal;
use super::pages::Pages;
use super::sums::Keeping;
use super::tables::{
    FORMAT, FORMAT_KEY, ID_KEY, JOURNAL_KEY, META, NEXT_ALERT_KEY, OUTBOX, QUOTAS, RULES, SIGHTINGS, SINCE,
};
use firstseen::ledger::Since;

/// Memory for pages of the file, in bytes. The system caches them too.
const CACHE_BYTES: usize = 256 * 1024 * 1024;

/// Between the name of a state file and a process id: the file in the making.
const DRAFT: &str = ".new-";

/// How old a draft is that nobody works on any more.
const DRAFT_AGE: Duration = Duration::from_secs(60);

const FOREIGN: Fault = Fault::Foreign("it is another program's database");

/// Opens or creates the database in the file at `path`, for this process alone.
/// What it answers with beside it is to be told when all has been found in order.
pub(super) fn database(path: &Path) -> Result<(Database, Keeping), Fault> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(Fault::Foreign("it is a directory")),
        // Opening a pipe could wait for ever.
        Ok(metadata) if !metadata.is_file() => {
            return Err(Fault::Foreign("it is not a regular file"));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path)?,
        Err(error) => return Err(error.into()),
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let (pages, found) = Pages::new(file, path)?;
    let keeping = pages.keeping();
    let mut builder = Database::builder();
    // The library may panic, much later, on a broken file that it did not check.
    // It need not if every page is compared with its checksum when it is read. An
    // exclusive lock is its default.
    builder.set_check_integrity_on_open(!found).set_cache_size(CACHE_BYTES);
    Ok((builder.create_with_backend(pages)?, keeping))
}

/// Makes a new state file beside its place and puts it there whole: a crash on
/// the way leaves no file that later starts stumble over.
fn make(path: &Path) -> Result<(), Fault> {
    remove_old_drafts(path);
    match journal::refuse_orphans(path) {
        // Somebody else was faster, and its journal is no orphan.
        Err(_) if path.exists() => return Ok(()),
        checked => checked?,
    }
    let draft = with_suffix(path, &format!("{DRAFT}{}", std::process::id()));
    // What an earlier process of this number left.
    let _ = fs::remove_file(&draft);
    let made = create_private(&draft).map_err(Fault::from).and_then(|_| {
        make_tables(&Database::builder().create(&draft)?)?;
        put_in_place(&draft, path).map_err(Fault::from)
    });
    // Gone already if it was renamed.
    let _ = fs::remove_file(&draft);
    made
}

/// What killed processes left behind. A draft of a living one is young.
fn remove_old_drafts(path: &Path) {
    let Some(name) = path.file_name() else { return };
    let Ok(entries) = fs::read_dir(directory(path)) else { return };
    let prefix = format!("{}{DRAFT}", name.to_string_lossy());
    for entry in entries.flatten() {
        let is_old = || entry.metadata().ok()?.modified().ok()?.elapsed().ok().map(|age| age > DRAFT_AGE);
        if entry.file_name().to_string_lossy().starts_with(&prefix) && is_old() == Some(true) {
            // Somebody else may have been faster.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A link never replaces: if somebody else was faster, theirs is the file.
fn put_in_place(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        // Not every file system has links.
        Err(_) => fs::rename(draft, path)?,
    }
    // The name must survive a power cut too.
    sync_directory(path)
}

/// What a database says of itself, and what is small enough to be kept in memory.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What tells this state from others.
    pub(super) id: u64,
    /// The first segment of the journal that is not in the tables.
    pub(super) first_segment: u64,
    pub(super) next_alert: u64,
    /// Rule keys and the numbers that stand for them.
    pub(super) rules: HashMap<String, u32>,
    pub(super) sinces: HashMap<u32, Since>,
    /// Numbers of the alerts in the outbox.
    pub(super) outbox: BTreeSet<u64>,
}

/// Makes the tables of a new database, or checks those of an old one, and reads
/// what is kept in memory of them.
pub(super) fn prepare(db: &Database) -> Result<Known, Fault> {
    let transaction = db.begin_read()?;
    let is_new = transaction.list_tables()?.next().is_none() && transaction.list_multimap_tables()?.next().is_none();
    if is_new {
        drop(transaction);
        make_tables(db)?;
        return read_known(&db.begin_read()?);
    }
    if check_format(&transaction)? == FORMAT {
        return read_known(&transaction);
    }
    drop(transaction);
    upgrade(db)?;
    read_known(&db.begin_read()?)
}

fn make_tables(db: &Database) -> Result<(), Fault> {
    let transaction = begin_write(db)?;
    transaction.open_table(RULES)?;
    transaction.open_table(SIGHTINGS)?;
    transaction.open_table(QUOTAS)?;
    transaction.open_table(SINCE)?;
    transaction.open_table(OUTBOX)?;
    put_format(&transaction)?;
    Ok(transaction.commit()?)
}

/// Makes format 1 this one, which is the same with a journal.
fn upgrade(db: &Database) -> Result<(), Fault> {
    let transaction = begin_write(db)?;
    put_format(&transaction)?;
    Ok(transaction.commit()?)
}

fn put_format(transaction: &WriteTransaction) -> Result<(), Fault> {
    let mut meta = transaction.open_table(META)?;
    // Seeded by chance, which is all that is asked of it.
    meta.insert(ID_KEY, RandomState::new().hash_one(()))?;
    meta.insert(JOURNAL_KEY, 1)?;
    meta.insert(FORMAT_KEY, FORMAT)?;
    Ok(())
}

/// A transaction after which a start need not look at the whole file, even if
/// the process is killed.
pub(super) fn begin_write(db: &Database) -> Result<WriteTransaction, Fault> {
    let mut transaction = db.begin_write()?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// The format, 1 or the present one. Before anything else is looked at: a later
/// format may have other tables.
fn check_format(transaction: &ReadTransaction) -> Result<u64, Fault> {
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(_) => return Err(FOREIGN),
    };
    match number(&meta, FORMAT_KEY)? {
        Some(format @ 1..=FORMAT) => Ok(format),
        Some(format) if format > FORMAT => Err(Fault::Newer { format, supported: FORMAT }),
        Some(_) => Err(Fault::Malformed("its format number")),
        None => Err(FOREIGN),
    }
}

fn read_known(transaction: &ReadTransaction) -> Result<Known, Fault> {
    transaction.open_table(SIGHTINGS)?;
    transaction.open_table(QUOTAS)?;
    let meta = transaction.open_table(META)?;
    let mut known = Known {
        id: number(&meta, ID_KEY)?.ok_or(Fault::Malformed("its identity"))?,
        first_segment: number(&meta, JOURNAL_KEY)?.ok_or(Fault::Malformed("the number of its journal"))?,
        next_alert: number(&meta, NEXT_ALERT_KEY)?.unwrap_or_default(),
        ..Known::default()
    };
    let mut numbers = HashSet::new();
    for entry in ReadableTable::range::<&str>(&transaction.open_table(RULES)?, ..)? {
        let (rule, number) = entry?;
        if !numbers.insert(number.value()) {
            return Err(Fault::Malformed("its list of rules"));
        }
        known.rules.insert(rule.value().to_owned(), number.value());
    }
    for entry in ReadableTable::range::<u32>(&transaction.open_table(SINCE)?, ..)? {
        let (rule, since) = entry?;
        let since = decode_since(since.value()).ok_or(Fault::Malformed("the start of a rule"))?;
        known.sinces.insert(rule.value(), since);
    }
    for entry in ReadableTable::range::<u64>(&transaction.open_table(OUTBOX)?, ..)? {
        known.outbox.insert(entry?.0.value());
    }
    if known.outbox.last().is_some_and(|last| *last >= known.next_alert) {
        return Err(Fault::Malformed("the number of the next alert"));
    }
    Ok(known)
}

fn number(meta: &ReadOnlyTable<&'static str, u64>, key: &str) -> Result<Option<u64>, Fault> {
    Ok(ReadableTable::get(meta, key)?.map(|number| number.value()))
}
