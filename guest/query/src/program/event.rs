//! What a query is asked of.

use super::layout::Slot;
use crate::values::scalar::Scalar;

/// The parts of an event, by slot.
///
/// A field with several values, from arrays at any depth or from objects in an array, has all of
/// them in its slot, in no particular order. Missing fields, `null` and empty arrays have none.
pub trait Event {
    /// The time of the search in epoch milliseconds: what `now` means in a query.
    fn now_ms(&self) -> i64;

    /// Calls `test` with each value of a [`values`](crate::Layout::values) slot until it answers
    /// true, and says whether it did.
    fn any(&self, slot: Slot, test: impl FnMut(Scalar<'_>) -> bool) -> bool;

    /// The same for the values of a [`leaves`](crate::Layout::leaves) slot, with their paths.
    fn any_leaf(&self, slot: Slot, test: impl FnMut(&str, Scalar<'_>) -> bool) -> bool;

    /// How many bytes of the event it takes to go through all values of a leaves slot, or all
    /// objects of an objects slot.
    fn bytes_below(&self, slot: Slot) -> usize;

    /// The same for the objects of an [`objects`](crate::Layout::objects) slot.
    fn any_object(&self, slot: Slot, test: impl FnMut(&Self) -> bool) -> bool;
}
