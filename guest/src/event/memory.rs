//! What one scan leaves to the next.

use firstseen_query::Slot;

use super::shapes::Shapes;

/// What a scanner needs besides the line, kept from line to line. What it finds
/// does not depend on it. It belongs to one projection.
#[derive(Debug, Default)]
pub struct Memory {
    pub(super) shapes: Shapes,
    pub(super) dotted: Vec<Dotted>,
}

/// The value of a dotted key that lies below the path of a whole text.
#[derive(Debug)]
pub(super) struct Dotted {
    pub(super) slot: Slot,
    /// Path of the value below that of the slot.
    pub(super) below: String,
    /// How many containers are open around the value.
    pub(super) depth: usize,
    pub(super) start: usize,
}
