//! Which rules an event could match, told without asking each of them.

use std::collections::BTreeMap;

use firstseen_kql::Slot;

use crate::event::Slots;
use crate::rule::Rule;

/// An index over rules by what an event must have to match them: one of some
/// values in a field, or any value there.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    by_slot: Vec<(Slot, OfSlot)>,
    /// Rules of which nothing is known.
    always: Vec<usize>,
}

#[derive(Debug, Default)]
struct OfSlot {
    by_text: BTreeMap<Box<str>, Vec<usize>>,
    /// Rules for which any value will do.
    any: Vec<usize>,
}

impl Candidates {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut candidates = Self::default();
        let mut by_slot: BTreeMap<Slot, OfSlot> = BTreeMap::new();
        for (number, rule) in rules.iter().enumerate() {
            if rule.program.never_matches() {
                continue;
            }
            let Some(requirement) = rule.program.requirement() else {
                candidates.always.push(number);
                continue;
            };
            let of_slot = by_slot.entry(requirement.slot).or_default();
            if requirement.texts.is_empty() {
                of_slot.any.push(number);
            }
            for text in &requirement.texts {
                of_slot.by_text.entry(text.as_str().into()).or_default().push(number);
            }
        }
        candidates.by_slot = by_slot.into_iter().collect();
        candidates
    }

    /// Fills `found` with the places of the rules that could match, in order.
    pub(crate) fn of(&self, event: &Slots<'_, '_>, found: &mut Vec<usize>) {
        found.clear();
        found.extend(&self.always);
        for (slot, of_slot) in &self.by_slot {
            let mut values = event.values(*slot).peekable();
            if values.peek().is_some() {
                found.extend(&of_slot.any);
            }
            if of_slot.by_text.is_empty() {
                continue;
            }
            for value in values {
                found.extend(of_slot.by_text.get(&*value.text()).into_iter().flatten());
            }
        }
        found.sort_unstable();
        found.dedup();
    }
}
