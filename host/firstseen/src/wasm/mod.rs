//! Running a detection module: the only place that names wasmtime.
//!
//! [`Module`] is compiled once, or found in a [`ModuleCache`]; [`Instance`] is
//! one sandbox with one store. What comes out of an instance is unchecked;
//! `worker` checks it.

mod bindings;
mod cache;
mod host_state;
mod instance;
mod limits;
mod module;
mod printable;
mod runtime;
mod trap;

pub use cache::ModuleCache;
pub use host_state::{LogLevel, LogMessage};
pub use limits::Limits;
pub use module::{Description, Module, ModuleError};
pub use printable::printable;
pub use trap::{Trap, TrapKind};

pub(crate) use bindings::detector;
pub(crate) use instance::{CallError, Instance};
pub(crate) use printable::printable_lines;
