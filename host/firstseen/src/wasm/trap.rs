//! Traps: how a call of a module can fail other than by its own answer.

use std::fmt;

/// A call that did not return. The instance is gone; what the call recorded is
/// dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What kind of failure it was.
    pub kind: TrapKind,
    /// The details: the runtime's message and the module's own, if it left one.
    pub message: String,
}

/// Kinds of traps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrapKind {
    /// The call took longer than [`Limits::call_timeout`](super::Limits).
    Timeout,
    /// The module asked for more memory or table space than it may have.
    Memory,
    /// The module's stack overflowed.
    Stack,
    /// The module panicked.
    Panic,
    /// Any other trap, or an answer that breaks the contract.
    Other,
}

impl Trap {
    /// Classifies what a guest call returned as its outer error.
    pub(super) fn new(error: &wasmtime::Error, panic_message: Option<String>) -> Self {
        let root = error.root_cause().to_string();
        let kind = match error.downcast_ref::<wasmtime::Trap>() {
            Some(wasmtime::Trap::Interrupt) => TrapKind::Timeout,
            Some(wasmtime::Trap::StackOverflow) => TrapKind::Stack,
            Some(wasmtime::Trap::UnreachableCodeReached) => TrapKind::Panic,
            Some(_) => TrapKind::Other,
            // A limiter refuses with a plain error that says what grew.
            None if root.contains("forcing trap when growing") => TrapKind::Memory,
            None => TrapKind::Other,
        };
        let message = match panic_message {
            Some(panic) => panic,
            None => root,
        };
        Self { kind, message }
    }

    /// Rounds that take too long together.
    pub(super) fn timeout(message: impl Into<String>) -> Self {
        Self { kind: TrapKind::Timeout, message: message.into() }
    }

    /// An answer that breaks the contract.
    pub(crate) fn contract(message: impl Into<String>) -> Self {
        Self { kind: TrapKind::Other, message: message.into() }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            TrapKind::Timeout => "the module took too long",
            TrapKind::Memory => "the module used too much memory",
            TrapKind::Stack => "the module's stack overflowed",
            TrapKind::Panic => "the module panicked",
            TrapKind::Other => "the module failed",
        };
        write!(f, "{kind}: {}", self.message)
    }
}

impl std::error::Error for Trap {}
