//! What a path holds, and how it becomes a state that is open.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use redb::Database;

use crate::directory::{JOURNAL, database, has_table, make, make_private, table_identity};
use crate::error::Cause;
use crate::files::resolve;
use crate::takeover;

/// A state that belongs to this process.
pub(crate) struct Opened {
    pub(crate) database: Database,
    /// See [`Journal::new`](crate::journal::Journal::new).
    pub(crate) journal: PathBuf,
    /// Where its earlier form is now, if it has just been taken over.
    pub(crate) earlier: Option<PathBuf>,
    /// There was none.
    pub(crate) is_new: bool,
    /// The directory that it is in, and which file the table was.
    pub(crate) place: (PathBuf, Option<(u64, u64)>),
}

/// Opens the state at `path`, or makes one if there is nothing, or an empty
/// directory and one `may_be_made`; a state of the earlier form is taken over first.
pub(crate) fn open(path: &Path, may_be_made: bool) -> Result<Opened, Cause> {
    // So that what is named after it is beside it, whatever it is called.
    let path = &resolve(path)?;
    let mut earlier = takeover::finish(path)?;
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => earlier = Some(takeover::take_over(path)?),
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(Cause::NotAState("it is neither a directory nor a file".to_owned())),
        // Between two names that another process gives it has none.
        Err(error) if error.kind() == io::ErrorKind::NotFound && takeover::is_under_way(path) => {
            return Err(Cause::InUse);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !may_be_made => return Err(Cause::Absent),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_private(path)?,
        Err(error) => return Err(error.into()),
    }
    let is_new = !has_table(path);
    if is_new && !may_be_made {
        return Err(Cause::Absent);
    }
    if is_new {
        make(path)?;
    }
    let database = database(path)?;
    let place = (path.clone(), table_identity(path));
    Ok(Opened { database, journal: path.join(JOURNAL), earlier, is_new, place })
}
