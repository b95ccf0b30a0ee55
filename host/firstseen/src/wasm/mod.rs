//! Running a detection module: the only place that names wasmtime.
//!
//! The generated bindings are private to [`v0_2`]; everything else sees the types
//! of this library. [`Module`] is compiled once, or found in a [`ModuleCache`]; [`Instance`] is
//! one sandbox with one store. What comes out of an instance is unchecked;
//! `worker` checks it.

mod cache;
mod host_state;
mod instance;
mod limits;
mod module;
mod printable;
mod runtime;
mod size;
mod thread_time;
mod trap;
mod v0_2;

pub use cache::ModuleCache;
pub use host_state::{LogLevel, LogMessage};
pub use limits::Limits;
pub use module::{Description, Module, ModuleError};
pub use printable::{is_printable, printable};
pub use trap::{Trap, TrapKind};

pub(crate) use instance::{CallError, Instance};
pub(crate) use thread_time::thread_time;

use crate::set_apart::SetApart;

/// What a batch, or a part of one, is evaluated with. What goes by line is empty,
/// or one for each line.
pub(crate) struct CallContext<'a> {
    pub(crate) targets: &'a [String],
    /// Places in `targets`.
    pub(crate) target_of: &'a [u32],
    pub(crate) arrival_ms: i64,
    pub(crate) ids: &'a [String],
    /// Lines that are not in the batch; an empty one stands for each.
    pub(crate) set_apart: &'a [SetApart],
    /// Units of work that a line may cost.
    pub(crate) line_work_max: u64,
}
