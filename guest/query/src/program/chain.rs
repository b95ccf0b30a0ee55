//! Tests of slots, one after the other.
//!
//! Each test says where to go on when it holds and when not, so `and`, `or` and `not` are gone,
//! and evaluation takes the shortest way to the verdict without recursion.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::event::Event;
use super::layout::Slot;
use super::test::Test;
use super::tree::TreeTest;
use crate::joint::{Brief, LeafNumber};
use crate::script::{Meter, Script};

/// About how much a byte costs that a script reads, where it is not counted as it goes.
const SCRIPT_WEIGHT: u64 = 64;

/// A test of what is in slots.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Leaf {
    /// A value at a path.
    Value { slot: Slot, test: Test },
    /// A value at or below a path.
    Tree { slot: Slot, test: Box<TreeTest> },
    /// A nested object.
    Object { slot: Slot, chain: Box<Chain> },
    /// Something that is computed from the values at several paths.
    Script(Box<Script>),
}

/// Tests one after the other, as far as needed.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Chain {
    /// The targets of a step have lower numbers than it has.
    pub(crate) steps: Vec<Step>,
    pub(crate) start: Target,
}

/// One test and where to go after it.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Step {
    pub(crate) leaf: Arc<Leaf>,
    /// Its number among the leaves of several programs.
    pub(crate) number: LeafNumber,
    /// None if it is never answered for itself among those.
    pub(crate) brief: Option<Brief>,
    pub(crate) holds: Target,
    pub(crate) fails: Target,
}

/// A step by its number, or a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target(pub(crate) u32);

impl Target {
    pub(crate) const MATCH: Self = Self(u32::MAX);
    pub(crate) const NO_MATCH: Self = Self(u32::MAX - 1);
}

impl Chain {
    pub(crate) fn matches<E: Event>(&self, event: &E) -> bool {
        self.run(|step| Some(step.leaf.holds(event))) == Some(true)
    }

    /// The verdict, where `holds` answers for each step that is taken; none where it gives none.
    #[inline]
    pub(crate) fn run(&self, mut holds: impl FnMut(&Step) -> Option<bool>) -> Option<bool> {
        let mut at = self.start;
        // Each step leads to one with a lower number or to a verdict, which is none.
        while let Some(step) = self.steps.get(at.0 as usize) {
            at = if holds(step)? { step.holds } else { step.fails };
        }
        Some(at == Target::MATCH)
    }
}

impl Leaf {
    /// The slot that it reads; none if there may be several.
    pub(crate) const fn slot(&self) -> Option<Slot> {
        match self {
            Self::Value { slot, .. } | Self::Tree { slot, .. } | Self::Object { slot, .. } => Some(*slot),
            Self::Script(_) => None,
        }
    }

    /// About how much a byte costs that it reads.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Value { test, .. } => test.weight(),
            // Paths are put together and looked up besides.
            Self::Tree { test, .. } => 8 + test.weight(),
            Self::Object { chain, .. } => {
                chain.steps.iter().fold(8, |weight, step| step.leaf.weight().saturating_add(weight))
            }
            Self::Script(_) => SCRIPT_WEIGHT,
        }
    }

    pub(crate) fn holds<E: Event>(&self, event: &E) -> bool {
        match self {
            Self::Value { slot, test } => event.any(*slot, |value| test.holds(value, event.now_ms())),
            Self::Tree { slot, test } => event.any_leaf(*slot, |path, value| test.holds(path, value, event.now_ms())),
            Self::Object { slot, chain } => event.any_object(*slot, |object| chain.matches(object)),
            Self::Script(script) => script.holds(event, &mut Meter::endless()) == Ok(true),
        }
    }
}
