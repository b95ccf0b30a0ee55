//! What a `_bulk` request of Elasticsearch says, and what is answered.
//!
//! A body is read line by line: an action, and behind each but `delete` a line with
//! its source. [`Documents`] goes through what a body would store. The lines are looked
//! at as they lie there; only [`assign_ids`] writes a body anew, and of that only
//! action lines.
//!
//! Whoever sends it is hostile: nothing here panics, and nothing takes more than a few
//! times the room of what is read.

mod action;
mod answer;
mod assign;
mod documents;
mod pairs;
mod update;

pub use answer::{ITEM_BYTES, Item, ItemError};
pub use assign::{ASSIGNING_BYTES, Assigned, ID_MEMORY_BYTES, assign_ids, targets_without_ids};
pub use documents::{Content, Document, Documents};
pub use update::{Upserted, upserted};
