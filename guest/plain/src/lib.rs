//! The detection module for hosts without the component model: a core module
//! without imports, bytes in and out.
//!
//! `wit/README.md` describes what a host sees; the words in the JSON are those of the
//! WIT. Here, from the outside to the inside: `exports` are the functions, [`Memory`]
//! is what a host may write to and read from, [`Module`] is the order of calls, and
//! `words` are the forms of what goes in and out. [`Records`] stands beside [`Module`],
//! for hosts that only pass records through.

#[cfg(target_family = "wasm")]
mod baked;
#[cfg(target_family = "wasm")]
mod exports;
mod memory;
mod module;
#[cfg(target_family = "wasm")]
mod record_export;
mod records;
mod reply;
mod words;

pub use memory::Memory;
pub use module::Module;
pub use records::{Records, configuration_of, not_judged};
pub use reply::{Reply, Status};
