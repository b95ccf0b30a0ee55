//! The conditions of many programs, answered together.
//!
//! A program by itself reads a value anew for each of its conditions, so what an event costs would
//! grow with the programs, and whoever writes events could make it cost as much as they like. Here
//! the values of a field are read once for the conditions of all programs: whole texts are looked up
//! in one map, patterns and phrases are found by one automaton, numbers are read once. What an event
//! costs is linear in its size, and hardly depends on how many programs there are.
//!
//! Most events are small, and most of their fields are asked for little. So conditions are first
//! answered one by one, until that has cost about as much as reading the event has; from then on a
//! field is read for all at once. Both ways give the same answers, and which one is taken depends
//! on the event and the programs alone.

mod alone;
mod brief;
mod findings;
mod keywords;
mod leaves;
mod ordinals;
mod patterns;
mod texts;
mod values;
mod words;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub(crate) use brief::Brief;
pub use findings::Findings;
pub(crate) use leaves::LeafNumber;
pub use leaves::Leaves;

use self::alone::Alone;
use self::findings::Answer;
use self::values::{ValueTests, ValueTestsBuilder};
use crate::program::Program;
use crate::program::chain::{Leaf, Step};
use crate::program::event::Event;
use crate::program::layout::Slot;
use crate::script::Exhausted;

/// The conditions of many programs, by what they read of an event.
#[derive(Debug, Default)]
pub struct Joint {
    /// By slot.
    slots: Vec<OfSlot>,
    alone: Alone,
}

/// What is asked of a slot.
#[derive(Debug, Default)]
enum OfSlot {
    #[default]
    Nothing,
    Values(Box<ValueTests>),
    /// Each for itself, and once for an event: conditions on values below a path, and on objects.
    OneByOne(Vec<(LeafNumber, Arc<Leaf>)>),
}

impl Joint {
    /// That of the programs that were compiled with `leaves`.
    #[must_use]
    pub fn new(leaves: &Leaves) -> Self {
        let mut by_slot: BTreeMap<Slot, Vec<(LeafNumber, Arc<Leaf>)>> = BTreeMap::new();
        for (number, leaf) in leaves.all() {
            if let Some(slot) = leaf.slot() {
                by_slot.entry(slot).or_default().push((number, Arc::clone(leaf)));
            }
        }
        let mut joint = Self { slots: Vec::new(), alone: Alone::new(leaves) };
        for (slot, leaves) in by_slot {
            joint.slots.resize_with(slot.0 as usize, OfSlot::default);
            joint.slots.push(OfSlot::new(leaves));
        }
        joint
    }

    /// Does a program match an event, of which `findings` have what is known? They are of this
    /// event alone. None if it would cost more than may be spent.
    pub fn judge<E: Event>(&self, program: &Program, event: &E, findings: &mut Findings) -> Option<bool> {
        program.chain.run(|step| self.holds(step, event, findings))
    }

    #[inline]
    fn holds<E: Event>(&self, step: &Step, event: &E, findings: &mut Findings) -> Option<bool> {
        if let Some(brief) = &step.brief
            && !findings.is_read(brief.slot)
            && let Some(holds) = self.alone.holds(brief, step, event, findings)
        {
            return Some(holds);
        }
        self.holds_among_others(step, event, findings)
    }

    /// Answers a condition with all others of its field.
    fn holds_among_others<E: Event>(&self, step: &Step, event: &E, findings: &mut Findings) -> Option<bool> {
        let Some(slot) = step.leaf.slot() else { return script_holds(step, event, findings) };
        if !findings.is_read(slot) {
            findings.note_read(slot);
            if let Some(asked) = self.slots.get(slot.0 as usize) {
                asked.read(slot, event, findings);
            }
        }
        match findings.answers.answer(step.number) {
            Answer::Holds => Some(true),
            Answer::Fails => Some(false),
            Answer::Unknown => None,
        }
    }
}

impl OfSlot {
    fn new(leaves: Vec<(LeafNumber, Arc<Leaf>)>) -> Self {
        let mut tests = ValueTestsBuilder::default();
        for (number, leaf) in &leaves {
            match &**leaf {
                Leaf::Value { test, .. } => tests.add(test, *number),
                Leaf::Tree { .. } | Leaf::Object { .. } | Leaf::Script(_) => return Self::OneByOne(leaves),
            }
        }
        // It takes more than a gibibyte of patterns that no automaton holds them.
        tests.build().map_or(Self::OneByOne(leaves), |tests| Self::Values(Box::new(tests)))
    }

    /// Finds out which conditions hold.
    fn read<E: Event>(&self, slot: Slot, event: &E, findings: &mut Findings) {
        match self {
            Self::Nothing => {}
            Self::Values(tests) => tests.read(event.now_ms(), findings, |test| {
                event.any(slot, test);
            }),
            Self::OneByOne(leaves) => {
                for (number, leaf) in leaves {
                    let answer = match leaf_holds(leaf, event, findings) {
                        Some(true) => Answer::Holds,
                        Some(false) => Answer::Fails,
                        None => Answer::Unknown,
                    };
                    findings.answers.note(*number, answer);
                }
            }
        }
    }
}

/// Whether the script of a step holds, which is found out once for an event; none if that would cost
/// more than may be spent.
fn script_holds<E: Event>(step: &Step, event: &E, findings: &mut Findings) -> Option<bool> {
    let Leaf::Script(script) = &*step.leaf else { return None };
    let answer = findings.answers.known(step.number).unwrap_or_else(|| {
        let answer = match findings.work.metered(|meter| script.holds(event, meter)) {
            Ok(true) => Answer::Holds,
            Ok(false) => Answer::Fails,
            Err(Exhausted) => Answer::Unknown,
        };
        findings.answers.note(step.number, answer);
        answer
    });
    match answer {
        Answer::Holds => Some(true),
        Answer::Fails => Some(false),
        Answer::Unknown => None,
    }
}

/// Whether a leaf holds; none if that would cost more than may be spent.
fn leaf_holds<E: Event>(leaf: &Leaf, event: &E, findings: &mut Findings) -> Option<bool> {
    let bytes = match leaf {
        Leaf::Value { slot, .. } => {
            let mut bytes = 0_u64;
            event.any(*slot, |value| {
                bytes += 1 + value.raw_len() as u64;
                false
            });
            bytes
        }
        Leaf::Tree { slot, .. } | Leaf::Object { slot, .. } => event.bytes_below(*slot) as u64,
        // Its slots are several, so it is asked by itself.
        Leaf::Script(_) => return None,
    };
    findings.work.spend_share(bytes.saturating_mul(leaf.weight())).then(|| leaf.holds(event))
}
