//! Opening a state file: whose it is, which format it has, what it knows.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, TableError};

use super::Rule;
use super::fault::Fault;
use super::pages::{Pages, Trusted};
use super::tables::{FORMAT, FORMAT_KEY, META, OUTBOX, QUOTAS, RULES, SIGHTINGS, SINCE};

/// Memory for pages of the file, in bytes. The system caches them too.
const CACHE_BYTES: usize = 256 * 1024 * 1024;

/// Between the name of a state file and a process id: the file in the making.
const DRAFT: &str = ".new-";

/// How old a draft is that nobody works on any more.
const DRAFT_AGE: Duration = Duration::from_secs(60);

const FOREIGN: Fault = Fault::Foreign("it is another program's database");

/// Opens or creates the database in the file at `path`, for this process alone.
/// What it answers with beside it is to be told when all has been found in order.
pub(super) fn database(path: &Path) -> Result<(Database, Trusted), Fault> {
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
    connect(path)
}

fn connect(path: &Path) -> Result<(Database, Trusted), Fault> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let (pages, found) = Pages::new(file, path)?;
    let trusted = pages.trusted();
    let mut builder = Database::builder();
    // The library may panic, much later, on a broken file that it did not check.
    // It need not if every page is compared with its checksum when it is read. An
    // exclusive lock is its default.
    builder.set_check_integrity_on_open(!found).set_cache_size(CACHE_BYTES);
    Ok((builder.create_with_backend(pages)?, trusted))
}

/// Makes a new state file beside its place and puts it there whole: a crash on
/// the way leaves no file that later starts stumble over.
fn make(path: &Path) -> Result<(), Fault> {
    remove_old_drafts(path);
    let mut name = path.as_os_str().to_owned();
    name.push(format!("{DRAFT}{}", std::process::id()));
    let draft = PathBuf::from(name);
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
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(parent.unwrap_or(Path::new("."))) else { return };
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
    // The name must survive a power cut too. Not every system can sync a
    // directory, and none needs it for the store to be correct.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Ok(directory) = File::open(parent.unwrap_or(Path::new("."))) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// Creates an empty file, for its owner only: terms and alerts come from logs.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Never through a link, never over what is there.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the tables of a new database, or checks those of an old one, and
/// answers with the numbers of the rule keys.
pub(super) fn prepare(db: &Database) -> Result<HashMap<String, Rule>, Fault> {
    let transaction = db.begin_read()?;
    let is_new = transaction.list_tables()?.next().is_none() && transaction.list_multimap_tables()?.next().is_none();
    if is_new {
        drop(transaction);
        make_tables(db)?;
        return Ok(HashMap::new());
    }
    check_format(&transaction)?;
    check_tables(&transaction)?;
    read_rules(&transaction)
}

fn make_tables(db: &Database) -> Result<(), Fault> {
    let transaction = db.begin_write()?;
    transaction.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
    transaction.open_table(RULES)?;
    transaction.open_table(SIGHTINGS)?;
    transaction.open_table(QUOTAS)?;
    transaction.open_table(SINCE)?;
    transaction.open_table(OUTBOX)?;
    Ok(transaction.commit()?)
}

/// Before anything else is looked at: a later format may have other tables.
fn check_format(transaction: &ReadTransaction) -> Result<(), Fault> {
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(_) => return Err(FOREIGN),
    };
    let format = ReadableTable::get(&meta, FORMAT_KEY)?.map(|format| format.value());
    match format {
        Some(FORMAT) => Ok(()),
        Some(format) if format > FORMAT => Err(Fault::Newer { format, supported: FORMAT }),
        Some(_) => Err(Fault::Malformed("its format number")),
        None => Err(FOREIGN),
    }
}

fn check_tables(transaction: &ReadTransaction) -> Result<(), Fault> {
    transaction.open_table(SIGHTINGS)?;
    transaction.open_table(QUOTAS)?;
    transaction.open_table(SINCE)?;
    transaction.open_table(OUTBOX)?;
    Ok(())
}

fn read_rules(transaction: &ReadTransaction) -> Result<HashMap<String, Rule>, Fault> {
    let table = transaction.open_table(RULES)?;
    let mut rules = HashMap::new();
    let mut numbers = HashSet::new();
    for entry in ReadableTable::range::<&str>(&table, ..)? {
        let (rule, number) = entry?;
        if !numbers.insert(number.value()) {
            return Err(Fault::Malformed("its list of rules"));
        }
        rules.insert(rule.value().to_owned(), Rule { number: number.value(), since: None });
    }
    Ok(rules)
}
