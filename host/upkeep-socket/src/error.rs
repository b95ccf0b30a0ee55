//! Why nobody can be asked, or nobody is listened to.

use std::fmt;
use std::io;
use std::path::PathBuf;

use firstseen_ledger::LedgerError;

/// Why the process that has a state open did not do what it was asked for.
///
/// Its text is one clear sentence with the socket, so there is no
/// [`source`](std::error::Error::source) to print beside it.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpkeepSocketError {
    /// The process has ended, or ended the connection: what was asked may have been
    /// done.
    Gone {
        /// Where it listened.
        path: PathBuf,
    },
    /// It did not answer in time: what was asked may have been done, or still be.
    Silent {
        /// Where it listens.
        path: PathBuf,
    },
    /// It cannot be connected to.
    Refused {
        /// Where it listens.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// It says something that this version does not understand; the text says what.
    NotUnderstood {
        /// Where it listens.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// It could not do it, for the reason in the text.
    Told(String),
}

/// Why a server cannot be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The path is longer than that of a socket can be.
    TooLong(PathBuf),
    /// Another process listens there.
    Taken(PathBuf),
    /// Something that is no socket has the name.
    NotASocket(PathBuf),
    /// The operating system refused.
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl fmt::Display for UpkeepSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone { path } => write!(
                f,
                "the process behind {} ended before it had answered: what it was asked for may be done or not",
                path.display()
            ),
            Self::Silent { path } => write!(
                f,
                "the process behind {} does not answer: what it was asked for may be done or not",
                path.display()
            ),
            Self::Refused { path, cause } => write!(f, "{} cannot be connected to: {cause}", path.display()),
            Self::NotUnderstood { path, cause } => {
                write!(f, "the process behind {} is not understood: {cause}", path.display())
            }
            Self::Told(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(path) => write!(
                f,
                "the path of the socket {} has {} bytes, more than there is room for (101 on Linux)",
                path.display(),
                path.as_os_str().len()
            ),
            Self::Taken(path) => write!(f, "another process listens at {}", path.display()),
            Self::NotASocket(path) => write!(f, "{} is there, and is no socket", path.display()),
            Self::Io { path, cause } => write!(f, "{}: {cause}", path.display()),
        }
    }
}

// Without sources: a chain would print their texts a second time.
impl std::error::Error for UpkeepSocketError {}

impl std::error::Error for StartError {}

impl From<UpkeepSocketError> for LedgerError {
    fn from(error: UpkeepSocketError) -> Self {
        Self::Unavailable { source: Box::new(error) }
    }
}
