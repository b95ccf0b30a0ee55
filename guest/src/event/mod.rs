//! Reading events: one pass over a line that keeps only the fields the rules
//! read.
//!
//! [`Projection`] is the set of those fields, [`scan()`] fills [`Slots`] with
//! borrowed slices of the line. No document is built: an event is looked at
//! once, whatever the number of rules.

mod bytes;
mod grammar;
mod leaves;
mod projection;
mod scan;
mod slots;

pub(crate) use grammar::Cursor;
pub use projection::Projection;
pub use scan::{Fault, MAX_DEPTH, Malformed, scan};
pub use slots::Slots;
