//! A state of the earlier form becomes one of this form.
//!
//! The earlier form is a file, with its journal and checksums beside it (see
//! [`earlier`]). The directory is made beside it, read back and compared; then the
//! file and what belongs to it are given other names, and the directory takes
//! their place. Nothing of the earlier form is changed or deleted, and it is locked
//! meanwhile.
//!
//! | there is                        | after a kill, the next start                  |
//! |---------------------------------|-----------------------------------------------|
//! | `STATE`, perhaps the draft      | begins again: nobody knows how far that is    |
//! | `STATE.before-0.2`, the draft   | gives the other names and puts it in place    |
//! | `STATE.before-0.2`, `STATE`     | has nothing to do                             |
//!
//! The draft is `STATE.takeover-0.2`, a name that nobody gives to a state.

mod earlier;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::earlier::Earlier;
use crate::directory::{self, has_table, lock};
use crate::error::Cause;
use crate::files::{open_regular, sync_directory, with_suffix};
use crate::journal;
use crate::pages::{begin_write, caught};
use crate::rows::{Key, Numbers};
use crate::table::{Known, Snapshot, WriteTable};

/// Where the earlier form of a state is afterwards.
fn before(path: &Path) -> PathBuf {
    with_suffix(path, ".before-0.2")
}

/// Where the directory is made.
fn draft(path: &Path) -> PathBuf {
    with_suffix(path, ".takeover-0.2")
}

/// Takes over the file at `path`, and answers with where it is then.
pub(crate) fn take_over(path: &Path) -> Result<PathBuf, Cause> {
    let (before, draft) = (before(path), draft(path));
    let file = open_regular(path)?;
    earlier::check(&file)?;
    lock(&file)?;
    if fs::symlink_metadata(&before).is_ok() {
        let there = format!("{} is there already, and is not to be replaced: move it away", before.display());
        return Err(Cause::NotTakenOver(there));
    }
    let earlier = caught(|| Earlier::open(path, &file))?;
    let made = remove(&draft).and_then(|()| directory::make_private(&draft));
    made.map_err(|error| Cause::NotTakenOver(format!("{}: {error}", draft.display())))?;
    directory::make(&draft)?;
    caught(|| copy(&earlier, &draft))?;
    caught(|| compare(&earlier, &draft))?;
    put_in_place(path)?;
    Ok(before)
}

/// Finishes what a killed process has begun, if only names are left to be given.
/// Answers with where the earlier form is, if there was something to do.
pub(crate) fn finish(path: &Path) -> Result<Option<PathBuf>, Cause> {
    let is_half_done = || fs::symlink_metadata(path).is_err() && has_table(&draft(path));
    let before = before(path);
    if !is_half_done() || !before.is_file() {
        return Ok(None);
    }
    // Whoever is at it has locked it.
    let file = open_regular(&before)?;
    lock(&file)?;
    if !is_half_done() {
        return Ok(None);
    }
    put_in_place(path)?;
    Ok(Some(before))
}

/// Whether another process is giving names at this moment.
pub(crate) fn is_under_way(path: &Path) -> bool {
    before(path).is_file() && has_table(&draft(path))
}

/// Gives the earlier form its other name, and the directory that of the state.
fn put_in_place(path: &Path) -> Result<(), Cause> {
    let before = before(path);
    rename(path, &before)?;
    let (from, to) = (earlier::journal(path), earlier::journal(&before));
    for number in journal::numbers(&from)? {
        rename(&journal::path(&from, number), &journal::path(&to, number))?;
    }
    rename(&earlier::sums(path), &earlier::sums(&before))?;
    sync_directory(path)?;
    rename(&draft(path), path)?;
    Ok(sync_directory(path)?)
}

/// What is not there has been renamed before.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        renamed => renamed,
    }
}

/// Removes a directory that a killed process has begun, and nothing else: whatever
/// has a directory in it, or a name that is none of ours, stays and is an error.
fn remove(draft: &Path) -> io::Result<()> {
    match fs::symlink_metadata(draft) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_dir() => return Err(io::Error::other("it is no directory; move it away")),
        Ok(_) => {}
    }
    let names: Vec<_> = fs::read_dir(draft)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    let is_ours = |name: &OsString| name.to_str().is_some_and(directory::is_table_or_draft);
    if let Some(other) = names.iter().find(|name| !is_ours(name)) {
        let cause = format!("it has {} in it; move it away", other.display());
        return Err(io::Error::other(cause));
    }
    names.iter().try_for_each(|name| fs::remove_file(draft.join(name)))?;
    fs::remove_dir(draft)
}

/// Writes all rows of the earlier form to the new one.
fn copy(earlier: &Earlier, draft: &Path) -> Result<(), Cause> {
    let database = directory::database(draft)?;
    let numbers = Known::read(&database)?.numbers;
    let transaction = begin_write(&database)?;
    {
        let mut table = WriteTable::open(&transaction)?;
        let mut terms = 0;
        earlier.each(|key, value| {
            terms += u64::from(matches!(Key::read(key), Some(Key::History(..))));
            table.put_row(key, value)
        })?;
        table.put_numbers(&Numbers { next_alert: earlier.next_alert(), terms, ..numbers })?;
    }
    Ok(transaction.commit()?)
}

/// Makes sure that the new form has the rows of the earlier one and no others.
fn compare(earlier: &Earlier, draft: &Path) -> Result<(), Cause> {
    let database = directory::database(draft)?;
    let known = Known::read(&database)?;
    let table = Snapshot::open(&database)?;
    // The row of what a state says of itself.
    let mut rows = 1;
    earlier.each(|key, value| {
        rows += 1;
        match table.has(key, value)? {
            true => Ok(()),
            false => Err(Cause::NotTakenOver("a row that was written is not the same when it is read".to_owned())),
        }
    })?;
    if rows != table.rows()? || known.numbers.next_alert != earlier.next_alert() {
        return Err(Cause::NotTakenOver("it has not as many rows as were written".to_owned()));
    }
    Ok(())
}
