//! Reading events: one pass over a line that keeps only the fields the rules
//! read.
//!
//! [`Projection`] is the set of those fields, [`scan()`] fills [`Slots`] with
//! borrowed slices of the line. No document is built: an event is looked at
//! once, whatever the number of rules. What no rule reads is not looked at;
//! [`check()`] does so for the few events that match.

mod answers;
mod bytes;
mod grammar;
mod leaves;
mod malformed;
mod memory;
mod place;
mod projection;
mod scan;
mod shapes;
mod slots;

pub(crate) use grammar::Cursor;
pub use grammar::check;
pub use malformed::{Fault, MAX_DEPTH, Malformed};
pub use memory::Memory;
pub use projection::Projection;
pub use scan::scan;
pub use slots::Slots;
