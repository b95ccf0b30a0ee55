//! Tests of slots, one after the other.
//!
//! Each test says where to go on when it holds and when not, so `and`, `or` and `not` are gone,
//! and evaluation takes the shortest way to the verdict without recursion.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::event::Event;
use super::layout::Slot;
use super::test::Test;
use super::tree::TreeTest;

/// A test of one slot.
#[derive(Clone, Debug)]
pub(crate) enum Leaf {
    /// A value at a path.
    Value { slot: Slot, test: Test },
    /// A value at or below a path.
    Tree { slot: Slot, test: Box<TreeTest> },
    /// A nested object.
    Object { slot: Slot, chain: Box<Chain> },
}

/// Tests one after the other, as far as needed.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The targets of a step have lower numbers than it has.
    pub(crate) steps: Vec<Step>,
    pub(crate) start: Target,
}

/// One test and where to go after it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) leaf: Leaf,
    pub(crate) holds: Target,
    pub(crate) fails: Target,
}

/// A step by its number, or a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target(pub(crate) u32);

impl Target {
    pub(crate) const MATCH: Self = Self(u32::MAX);
    pub(crate) const NO_MATCH: Self = Self(u32::MAX - 1);
}

impl Chain {
    pub(crate) fn matches<E: Event>(&self, event: &E) -> bool {
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
