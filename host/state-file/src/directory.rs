//! The directory of a state: how it is made, found and locked.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use redb::Database;

use crate::error::Cause;
use crate::files::{create_private, open_regular_to_write, sync_directory};
use crate::{pages, table};

/// The file in it that has the table.
const TABLE: &str = "table";
/// Between that name and a process id: the file in the making.
const DRAFT: &str = "table.new-";
/// The name in a state's directory that is left to a socket of the process that has
/// the state open; the same with `.new` behind it is that of one in the making.
pub const SOCKET: &str = "socket";

/// The name in a state's directory of the file in which whoever fills it says how far
/// that is.
pub const SEED: &str = "seed.json";
/// What the names of the journal's segments begin with.
pub(crate) const JOURNAL: &str = "journal";

/// How old a draft is that nobody works on any more.
const DRAFT_AGE: Duration = Duration::from_secs(60);

/// Makes a directory, for its owner only. That it is there already is no error.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_directory(path),
    }
}

/// Whether a state is in a directory.
pub(crate) fn has_table(directory: &Path) -> bool {
    fs::symlink_metadata(directory.join(TABLE)).is_ok()
}

/// Opens the database in a directory, for this process alone.
pub(crate) fn database(directory: &Path) -> Result<Database, Cause> {
    let file = open_regular_to_write(&directory.join(TABLE))?;
    lock(&file)?;
    if file.metadata()?.len() == 0 {
        return Err(Cause::Damaged("its table is empty".to_owned()));
    }
    // Nobody is making another one.
    for entry in fs::read_dir(directory)?.filter_map(Result::ok) {
        if is_draft(&entry.file_name().to_string_lossy()) {
            // It takes room, and does no other harm.
            let _ = fs::remove_file(entry.path());
        }
    }
    pages::database(file)
}

/// Which file the table in a directory is: its device and inode; none if there is none,
/// or nothing in it.
pub(crate) fn table_identity(directory: &Path) -> Option<(u64, u64)> {
    let metadata = fs::symlink_metadata(directory.join(TABLE)).ok()?;
    (metadata.is_file() && metadata.len() > 0).then(|| (metadata.dev(), metadata.ino()))
}

/// Takes a file for this process, until it is closed.
pub(crate) fn lock(file: &File) -> Result<(), Cause> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Cause::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Makes a new state in an empty directory. Its file is made beside its place and
/// put there whole: a crash on the way leaves none that later starts stumble over.
pub(crate) fn make(directory: &Path) -> Result<(), Cause> {
    match remove_old_drafts(directory) {
        // Somebody else was faster, and what is there is its journal.
        Err(_) if has_table(directory) => return Ok(()),
        checked => checked?,
    }
    let draft = directory.join(format!("{DRAFT}{}", std::process::id()));
    // What an earlier process of this number left.
    let _ = fs::remove_file(&draft);
    let made = create_private(&draft).map_err(Cause::from).and_then(|file| {
        // Seeded by chance, which is all that is asked of its identity.
        table::make(&pages::database(file)?, RandomState::new().hash_one(()))?;
        Ok(put_in_place(&draft, &directory.join(TABLE))?)
    });
    // Gone already if it was renamed.
    let _ = fs::remove_file(&draft);
    made
}

/// Whether a name in a state's directory is that of its table, or of one in the
/// making.
pub(crate) fn is_table_or_draft(name: &str) -> bool {
    name == TABLE || is_draft(name)
}

fn is_draft(name: &str) -> bool {
    let id = name.strip_prefix(DRAFT).unwrap_or_default();
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes what killed processes left behind, and fails if there is anything else.
/// A draft of a living process is young.
fn remove_old_drafts(directory: &Path) -> Result<(), Cause> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_draft(&name) {
            let age = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()?.elapsed().ok());
            if age.is_some_and(|age| age > DRAFT_AGE) {
                // Somebody else may have been faster.
                let _ = fs::remove_file(entry.path());
            }
        } else if name.strip_prefix(JOURNAL).is_some_and(|rest| rest.starts_with('-')) {
            return Err(Cause::Journal(format!(
                "{} is there without its table: put that back, or move the journal away to start without history",
                entry.path().display()
            )));
        } else if name != "lost+found" && ![SOCKET, SEED].contains(&name.strip_suffix(".new").unwrap_or(&name)) {
            // The first is what an empty file system has.
            return Err(Cause::NotAState(format!("it is a directory with {name} in it")));
        }
    }
    Ok(())
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
