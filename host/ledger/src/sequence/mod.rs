//! Sequences: events of one key, one after the other.
//!
//! This is what `advance` means, for one key of one rule and above any store:
//! [`Progress`] for sequences, [`Sampled`] for samples.

mod digests;
mod late;
#[cfg(any(test, feature = "conformance"))]
pub mod model;
mod place;
mod plan;
mod progress;
mod sample;
mod stored;
#[cfg(test)]
mod tests;

pub use digests::DIGESTS_MAX;
pub use late::Arrival;
pub use place::{EventDigest, Kept, Place, Taken, Tiebreaker};
pub use plan::{ITEMS_MAX, Item, SequencePlan};
pub use progress::{Completed, Deadline, Meeting, Progress};
pub use sample::Sampled;
pub use stored::Stages;
