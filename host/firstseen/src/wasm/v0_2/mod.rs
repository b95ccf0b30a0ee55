//! Track 0.2 of the contract: its bindings, and the way between them and the
//! types of this library.

mod bindings;
mod convert;
mod logging;

pub(super) use bindings::{DetectionModule, DetectionModulePre, exports::firstseen::detection::detector};

pub(super) use self::convert::{Context, answers};
pub(super) use self::logging::add_to_linker;
