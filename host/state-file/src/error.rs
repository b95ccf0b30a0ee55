//! Why a state cannot be opened, read or written.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use firstseen_ledger::LedgerError;

/// Why a state cannot be opened, read or written.
///
/// Its text is one clear sentence with the path, the cause and, where there is
/// one, the way out. The text of the cause is in it, so there is no
/// [`source`](std::error::Error::source) to print beside it.
#[derive(Debug)]
#[non_exhaustive]
pub struct StateFileError {
    /// The state, as it was given.
    pub path: PathBuf,
    /// What is the matter with it.
    pub cause: Cause,
}

/// What is the matter with a state.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// Another process, or another part of this one, has it open.
    InUse,
    /// There is no state, and none was to be made.
    Absent,
    /// It was removed, replaced or emptied while it was in use.
    Replaced,
    /// It is a state, but its content is broken; the text says what.
    Damaged(String),
    /// The journal is broken, not that of this state, or cannot be written; the
    /// text says which part of it, and the way out.
    Journal(String),
    /// It was written by a later version of this program.
    Newer {
        /// The format of the state.
        format: u64,
        /// The latest format this version can read.
        supported: u64,
    },
    /// The path holds something other than a state; the text says what.
    NotAState(String),
    /// It is a state of the earlier form, in one file, and the text says why the
    /// present form cannot take its place.
    NotTakenOver(String),
    /// The operating system refused.
    Io(io::Error),
    /// An earlier write failed, for the reason in the text, so that the state takes
    /// no further ones.
    Failed(String),
    /// What was to be written is over a limit; the text says which. Nothing was.
    Invalid(String),
}

impl Cause {
    pub(crate) fn at(self, path: &Path) -> StateFileError {
        StateFileError { path: path.to_owned(), cause: self }
    }

    /// A part of the state is nothing that any version writes.
    pub(crate) fn malformed(what: &str) -> Self {
        Self::Damaged(format!("{what} is malformed"))
    }

    /// The bare reason, without a way out.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Damaged(text) | Self::Journal(text) | Self::Failed(text) => text.clone(),
            Self::Io(error) => error.to_string(),
            other => format!("{other:?}"),
        }
    }
}

impl fmt::Display for StateFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.cause {
            Cause::InUse => write!(f, "the state {path} is in use by another process: only one may open it at a time"),
            Cause::Absent => write!(f, "there is no state in {path}, and none is to be made: look for it elsewhere"),
            Cause::Replaced => write!(
                f,
                "the state {path} was removed, replaced or emptied while in use: what is seen from now on is not kept; \
                 stop, put it back or move away what is there, then start again"
            ),
            Cause::Damaged(what) => write!(
                f,
                "the state {path} is damaged ({what}): restore it from a backup, or move it away to start without \
                 history"
            ),
            Cause::Journal(what) => write!(f, "the journal of the state {path} cannot be used: {what}"),
            Cause::Newer { format, supported } => write!(
                f,
                "the state {path} has format {format}, and this version reads up to {supported}: upgrade, or use \
                 another directory"
            ),
            Cause::NotAState(what) => {
                write!(f, "{path} is not a state ({what}): choose another path, or move it away")
            }
            Cause::NotTakenOver(why) => {
                write!(f, "the state {path} has an earlier form and cannot be taken over: {why}")
            }
            Cause::Io(source) => write!(f, "the state {path} cannot be used: {source}{}", hint(source)),
            Cause::Failed(reason) => write!(
                f,
                "the state {path} takes no further writes, for an earlier one failed ({reason}): restart once the \
                 cause is gone"
            ),
            Cause::Invalid(text) => f.write_str(text),
        }
    }
}

// Without a source: a chain would print its text a second time.
impl std::error::Error for StateFileError {}

/// The way out of the errors that operators meet most.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => " (create its directory first)",
        io::ErrorKind::PermissionDenied => " (this user must be able to read and write it)",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => " (free some space, then restart)",
        io::ErrorKind::ReadOnlyFilesystem => " (choose a path that can be written)",
        _ => "",
    }
}

impl From<StateFileError> for LedgerError {
    fn from(error: StateFileError) -> Self {
        match error.cause {
            Cause::Invalid(text) => Self::Invalid(text),
            Cause::Failed(_) => Self::Failed { source: Box::new(error) },
            _ => Self::Unavailable { source: Box::new(error) },
        }
    }
}

macro_rules! from_database_errors {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for Cause {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

from_database_errors!(CommitError, DatabaseError, SetDurabilityError, StorageError, TableError, TransactionError);

impl From<redb::Error> for Cause {
    fn from(error: redb::Error) -> Self {
        use redb::Error;

        match error {
            Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch => Self::InUse,
            // The library stops after an I/O error that it cannot undo.
            Error::PreviousIo | Error::DatabaseClosed => Self::Failed(error.to_string()),
            Error::Io(source) => source.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};

        match error.kind() {
            // The file ends early or holds nonsense; the system did not refuse.
            InvalidData | InvalidInput | UnexpectedEof => Self::Damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn the_text_is_complete_and_a_chain_repeats_nothing() {
        let source = io::Error::new(io::ErrorKind::StorageFull, "the disk is full");
        let error = LedgerError::from(Cause::Io(source).at(Path::new("/var/state")));
        let text = error.to_string();
        for part in ["/var/state", "the disk is full", "free some space"] {
            assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
        }
        assert!(error.source().is_none());
    }

    #[test]
    fn a_failure_that_is_known_already_can_be_told_from_others() {
        let path = Path::new("state");
        let told = |cause: Cause| LedgerError::from(cause.at(path));
        assert!(matches!(told(Cause::Failed("full".into())), LedgerError::Failed { .. }));
        assert!(matches!(told(Cause::Damaged("a page".into())), LedgerError::Unavailable { .. }));
        assert!(matches!(told(Cause::Invalid("too long".into())), LedgerError::Invalid(text) if text == "too long"));
    }
}
