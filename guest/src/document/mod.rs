//! Documents: the JSON texts that rules, exceptions and mappings come in.
//!
//! What they have in common is how a member is asked for, where an error stands
//! and how it is told.

mod closest;
mod error;
mod members;
mod place;
mod refusal;

pub(crate) use closest::did_you_mean;
pub use error::{DocumentError, Reason};
pub(crate) use members::{Members, Mismatch};
pub(crate) use place::offset_of;
pub use refusal::Refusal;
