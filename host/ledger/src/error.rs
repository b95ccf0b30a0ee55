//! Why the state cannot be read or written.

use std::error::Error;
use std::fmt;

/// Why the state cannot be read or written.
///
/// What is the matter with a ledger is told by the ledger's own error, which has
/// the text and can be had by `downcast_ref`.
#[derive(Debug)]
#[non_exhaustive]
pub enum LedgerError {
    /// A sighting or an alert is over a limit; the text says which. Nothing was
    /// recorded.
    Invalid(String),
    /// This ledger cannot do what was asked; the text says what. Nothing was done.
    Unsupported(String),
    /// The state cannot be read or written, or what was read is damaged.
    Unavailable {
        /// The ledger's own error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An earlier write failed, so that the ledger takes no further ones. Nothing
    /// has become worse: that failure has been told.
    Failed {
        /// The ledger's own error.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) | Self::Unsupported(text) => f.write_str(text),
            Self::Unavailable { source } | Self::Failed { source } => source.fmt(f),
        }
    }
}

impl Error for LedgerError {
    /// What is behind the ledger's own error, whose text is the one of this.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(_) | Self::Unsupported(_) => None,
            Self::Unavailable { source } | Self::Failed { source } => source.source(),
        }
    }
}
