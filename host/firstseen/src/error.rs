//! Errors of the library.

use std::fmt;

use crate::ledger::LedgerError;
use crate::reports::RuleRefusal;
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
    /// No rule runs; why each was refused.
    NoRules(Vec<RuleRefusal>),
    /// The state cannot be read or written. Nothing of the batch is kept.
    Ledger(LedgerError),
    /// A batch has ids, but not one a line.
    Ids {
        /// How many ids it has.
        ids: usize,
        /// How many lines.
        lines: usize,
    },
    /// The host itself failed, which is a fault of this library or of a store.
    /// Nothing of the batch is kept.
    Panicked,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(error) => error.fmt(f),
            Self::Start(trap) => write!(f, "the detection module could not be started: {trap}"),
            Self::Call(trap) => write!(f, "the detection module failed: {trap}"),
            Self::NoRules(refusals) => {
                f.write_str("no rule runs")?;
                refusals.iter().try_for_each(|refusal| write!(f, "\n  {refusal}"))
            }
            Self::Ledger(error) => error.fmt(f),
            Self::Ids { ids, lines } => {
                write!(f, "the batch has {ids} ids for {lines} lines; give one a line, or none")
            }
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
            Self::Start(_) | Self::Call(_) | Self::NoRules(_) | Self::Ids { .. } | Self::Panicked => None,
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
