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

    /// Finds the rules that could match.
    pub(crate) fn of(&self, event: &Slots<'_, '_>, found: &mut Found) {
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
        found.rules.sort_unstable();
    }
}

/// Rules that an event could match. The memory is used again for the next one.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Their places, in order.
    pub(crate) rules: Vec<usize>,
    /// For each rule, whether it is among them: a field may have a value very
    /// many times.
    taken: Vec<bool>,
}

impl Found {
    fn clear(&mut self) {
        for rule in self.rules.drain(..) {
            if let Some(taken) = self.taken.get_mut(rule) {
                *taken = false;
            }
        }
    }

    fn extend<'r>(&mut self, rules: impl IntoIterator<Item = &'r usize>) {
        for &rule in rules {
            if self.taken.len() <= rule {
                self.taken.resize(rule + 1, false);
            }
            if let Some(taken) = self.taken.get_mut(rule).filter(|taken| !**taken) {
                *taken = true;
                self.rules.push(rule);
            }
        }
    }
}
