//! Errors of the library.

use std::fmt;
use std::io;

use crate::ledger::LedgerError;
use crate::reports::Refusal;
use crate::wasm::{ModuleError, Trap};

/// Why a detector cannot be built, or a batch not be evaluated.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The module cannot be used.
    Module(ModuleError),
    /// The module failed while it was started or configured.
    Start(Trap),
    /// The module failed during a call.
    Call(Trap),
    /// No rule runs.
    NoRules {
        /// Why each was refused.
        refusals: Vec<Refusal>,
        /// Exceptions, value lists and mappings that cannot be used, which may be
        /// the cause.
        unusable: Vec<Refusal>,
    },
    /// The state cannot be read or written. Nothing of the batch is kept.
    Ledger(LedgerError),
    /// A batch has ids or targets, but not one a line.
    Lines {
        /// `ids` or `targets`.
        what: &'static str,
        /// How many it has.
        count: usize,
        /// How many lines.
        lines: usize,
    },
    /// The outcome of a batch was no longer wanted. Nothing of it is kept.
    GivenUp,
    /// No thread can be had.
    Thread(io::Error),
    /// The host itself failed, which is a fault of this library or of a ledger.
    /// Nothing of the batch is kept.
    Panicked,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(error) => error.fmt(f),
            Self::Start(trap) => write!(f, "the detection module could not be started: {trap}"),
            Self::Call(trap) => write!(f, "the detection module failed: {trap}"),
            Self::NoRules { refusals, unusable } => {
                f.write_str("no rule runs")?;
                unusable.iter().chain(refusals).try_for_each(|refusal| write!(f, "\n  {refusal}"))
            }
            Self::Ledger(error) => error.fmt(f),
            Self::Lines { what, count, lines } => {
                write!(f, "the batch has {count} {what} for {lines} lines; give one a line, or none")
            }
            Self::GivenUp => f.write_str("the batch was given up"),
            Self::Thread(error) => write!(f, "no thread can be had: {error}"),
            Self::Panicked => f.write_str("a worker panicked, which is a fault of this program: please report it"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Both speak for themselves in the message above.
            Self::Module(error) => error.source(),
            Self::Ledger(error) => error.source(),
            Self::Start(_)
            | Self::Call(_)
            | Self::NoRules { .. }
            | Self::Lines { .. }
            | Self::GivenUp
            | Self::Thread(_)
            | Self::Panicked => None,
        }
    }
}

impl From<ModuleError> for Error {
    fn from(error: ModuleError) -> Self {
        Self::Module(error)
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}
