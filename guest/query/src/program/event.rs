//! Evaluation on one event.

use crate::Slot;
use crate::expr::Leaf;
use crate::program::{Chain, Program, Target};
use crate::value::Scalar;

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

    /// The same for the objects of an [`objects`](crate::Layout::objects) slot.
    fn any_object(&self, slot: Slot, test: impl FnMut(&Self) -> bool) -> bool;
}

impl Program {
    /// Does the event match?
    ///
    /// As in Elasticsearch, a condition holds if any value of its field meets it, and does not
    /// hold if there is none; `not` turns either around.
    pub fn matches<E: Event>(&self, event: &E) -> bool {
        self.chain.matches(event)
    }
}

impl Chain {
    fn matches<E: Event>(&self, event: &E) -> bool {
        let mut at = self.start;
        // Each step leads to one with a lower number or to a verdict, which is none.
        while let Some(step) = self.steps.get(at.0 as usize) {
            at = if step.leaf.holds(event) { step.holds } else { step.fails };
        }
        at == Target::MATCH
    }
}

impl Leaf {
    fn holds<E: Event>(&self, event: &E) -> bool {
        match self {
            Self::Value { slot, test } => event.any(*slot, |value| test.holds(value, event.now_ms())),
            Self::Tree { slot, test } => event.any_leaf(*slot, |path, value| test.holds(path, value, event.now_ms())),
            Self::Object { slot, chain } => event.any_object(*slot, |object| chain.matches(object)),
        }
    }
}
