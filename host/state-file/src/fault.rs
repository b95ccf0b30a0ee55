//! What goes wrong below the store, and what that is called above it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use firstseen::ledger::LedgerError;

/// An error that does not know the file's path yet.
#[derive(Debug)]
pub(super) enum Fault {
    Database(::redb::Error),
    /// A value that no version of the store writes.
    Malformed(&'static str),
    /// What is wrong with the journal, and the way out.
    Journal(String),
    /// The database library panicked.
    Panicked(String),
    /// A database, but not one of ours.
    Foreign(&'static str),
    Newer {
        format: u64,
        supported: u64,
    },
    Invalid(&'static str),
}

macro_rules! from_database_errors {
    ($($error:ident),*) => {
        $(impl From<::redb::$error> for Fault {
            fn from(error: ::redb::$error) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}

from_database_errors!(CommitError, DatabaseError, SetDurabilityError, StorageError, TableError, TransactionError);

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Database(::redb::Error::Io(error))
    }
}

/// Runs `work`, and turns a panic in it into a fault.
///
/// The library is known to panic rather than fail on some broken files. The
/// caller must not trust what `work` was changing when it panicked.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Fault::Panicked(text.unwrap_or("no message").to_owned()))
    })
}

impl Fault {
    /// The error of an operation on an open store.
    pub(super) fn into_error(self, path: &Path) -> LedgerError {
        use ::redb::Error;

        let path = path.to_owned();
        match self {
            Self::Database(Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch) => LedgerError::InUse { path },
            // The library stops after an I/O error that it cannot undo.
            Self::Database(error @ (Error::PreviousIo | Error::DatabaseClosed)) => {
                LedgerError::Failed { path, cause: error.to_string() }
            }
            Self::Database(Error::Io(source)) if !is_about_content(&source) => LedgerError::Io { path, source },
            Self::Database(error) => LedgerError::Damaged { path, cause: error.to_string() },
            Self::Malformed(what) => LedgerError::Damaged { path, cause: format!("{what} is malformed") },
            Self::Journal(cause) => LedgerError::Journal { path, cause },
            Self::Panicked(text) => LedgerError::Damaged { path, cause: format!("reading it failed: {text}") },
            Self::Foreign(cause) => LedgerError::NotAState { path, cause: cause.to_owned() },
            Self::Newer { format, supported } => LedgerError::Newer { path, format, supported },
            Self::Invalid(text) => LedgerError::Invalid(text.to_owned()),
        }
    }

    /// The error of opening a store, where a wrong file is the likelier cause.
    pub(super) fn into_open_error(self, path: &Path) -> LedgerError {
        use ::redb::Error;

        match self {
            // How the library says that its magic number is missing.
            Self::Database(Error::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Foreign("it does not begin like one").into_error(path)
            }
            Self::Database(Error::UpgradeRequired(_)) => {
                Self::Foreign("its database format is too old").into_error(path)
            }
            other => other.into_error(path),
        }
    }
}

/// Whether an I/O error says that the file ends early or holds nonsense, rather
/// than that the system refused.
fn is_about_content(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}

/// The bare cause of an error, without the path.
pub(super) fn cause(error: &LedgerError) -> String {
    match error {
        LedgerError::Damaged { cause, .. } | LedgerError::Journal { cause, .. } => cause.clone(),
        LedgerError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
