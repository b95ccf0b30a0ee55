//! Why the state cannot be opened, read or written.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the state cannot be opened, read or written.
///
/// Its text is one clear sentence with the path, the cause and, where there is
/// one, the way out. The text of the cause is in it, so there is no
/// [`source`](std::error::Error::source) to print beside it.
#[derive(Debug)]
#[non_exhaustive]
pub enum LedgerError {
    /// Another process, or another part of this one, has the file open.
    InUse {
        /// The state file.
        path: PathBuf,
    },
    /// The file is a state file, but its content is broken.
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What is broken.
        cause: String,
    },
    /// The journal beside the file is broken, not that of this file, or cannot be
    /// written.
    Journal {
        /// The state file.
        path: PathBuf,
        /// Which part of the journal, what is wrong with it, and the way out.
        cause: String,
    },
    /// The file was written by a later version of this program.
    Newer {
        /// The state file.
        path: PathBuf,
        /// The format of the file.
        format: u64,
        /// The latest format this version can read.
        supported: u64,
    },
    /// The path holds something other than a state file.
    NotAState {
        /// What was opened.
        path: PathBuf,
        /// What it is instead.
        cause: String,
    },
    /// The operating system refused.
    Io {
        /// The state file.
        path: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// An earlier write failed, so that the store takes no further ones.
    Failed {
        /// The state file.
        path: PathBuf,
        /// The error of that write.
        cause: String,
    },
    /// A sighting or an alert is over a limit; the text says which. Nothing was
    /// recorded.
    Invalid(String),
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { path } => {
                write!(f, "the state file {} is in use: only one process may open it at a time", path.display())
            }
            Self::Damaged { path, cause } => write!(
                f,
                "the state file {} is damaged ({cause}): restore it from a backup, or move it and \
                 its journal away to start without history",
                path.display()
            ),
            Self::Journal { path, cause } => {
                write!(f, "the journal of the state file {} cannot be used: {cause}", path.display())
            }
            Self::Newer { path, format, supported } => write!(
                f,
                "the state file {} has format {format}, and this version reads up to \
                 {supported}: upgrade, or use another file",
                path.display()
            ),
            Self::NotAState { path, cause } => {
                write!(f, "{} is not a state file ({cause}): choose another path, or move it away", path.display())
            }
            Self::Io { path, source } => {
                write!(f, "the state file {} cannot be used: {source}{}", path.display(), hint(source))
            }
            Self::Failed { path, cause } => write!(
                f,
                "the state file {} takes no further writes, for an earlier one failed \
                 ({cause}): restart once the cause is gone",
                path.display()
            ),
            Self::Invalid(text) => f.write_str(text),
        }
    }
}

// Without a source: a chain would print its text a second time.
impl std::error::Error for LedgerError {}

/// The way out of the errors that operators meet most.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => " (create its directory first)",
        io::ErrorKind::PermissionDenied => " (this user must be able to read and write it)",
        io::ErrorKind::StorageFull => " (free some space, then restart)",
        io::ErrorKind::ReadOnlyFilesystem => " (choose a path that can be written)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn the_text_is_complete_and_a_chain_repeats_nothing() {
        let path = PathBuf::from("/var/state");
        let source = io::Error::new(io::ErrorKind::StorageFull, "the disk is full");
        let error = LedgerError::Io { path, source };
        let text = error.to_string();
        for part in ["/var/state", "the disk is full", "free some space"] {
            assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
        }
        assert!(error.source().is_none());
    }
}
