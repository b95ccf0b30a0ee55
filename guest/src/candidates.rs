//! Which rules an event could match, told without asking each of them.

use std::collections::BTreeMap;

use firstseen_query::{Requirement, Scalar, Slot, TextMap, folded};
use fixedbitset::FixedBitSet;

use crate::event::Slots;
use crate::rule::Rule;

/// Most slots by whose values rules are told apart: each costs memory, a set of
/// rules for every text that rules name.
const INDEXED_SLOTS_MAX: usize = 24;

/// So few rules may as well be asked, one by one, what they require.
const RULES_TO_ASK: u32 = 12;

/// After so many slots the rules that are left are counted.
const SLOTS_A_COUNT: usize = 4;

/// How many values, and how long ones, are looked at for a single rule.
const VALUES_TO_ASK: usize = 4;
const BYTES_TO_ASK: usize = 256;

/// A slot that fewer than one in so many rules ask for is not worth a look-up.
const RULES_A_SLOT_MIN: usize = 100;

/// An index over rules by what an event must have to match them: in some
/// fields one of some values, in others any value.
///
/// Sets of rules by the values of the most asked fields leave few of them; those
/// are asked for the rest of what they require.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// Those that most rules ask for first.
    indexed: Vec<OfSlot>,
    /// What each rule requires, what is rarest first.
    required: Vec<Vec<Required>>,
    /// The rules that require something that no indexed slot tells.
    require_more: FixedBitSet,
}

/// The rules by what a slot holds.
#[derive(Debug)]
struct OfSlot {
    slot: Slot,
    /// Rules that do not ask for the slot.
    without: FixedBitSet,
    /// Those, and the ones for which any value will do.
    with_any: FixedBitSet,
    /// For each text that rules name: those, and the ones that name it.
    with_text: TextMap<FixedBitSet>,
    /// For each text that rules name whose case makes no difference, in lower
    /// case: the ones that name it.
    with_folded: TextMap<FixedBitSet>,
}

/// What a rule requires in a slot.
#[derive(Debug)]
struct Required {
    slot: Slot,
    /// The place of the slot among the indexed ones; beyond them if it is none.
    place: usize,
    /// The texts of which there must be one; none if any value will do.
    texts: Option<TextMap<()>>,
    /// Whether the case of ASCII letters makes no difference.
    ignore_case: bool,
}

/// Memory that is used again for the next event.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    rules: FixedBitSet,
    of_slot: FixedBitSet,
}

impl Candidates {
    /// Without an index: any rule could match.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut asking: BTreeMap<Slot, usize> = BTreeMap::new();
        let requirements = rules.iter().flat_map(|rule| rule.program.requirements());
        requirements.for_each(|requirement| *asking.entry(requirement.slot).or_default() += 1);
        let mut slots: Vec<_> = asking.into_iter().collect();
        slots.sort_by_key(|&(slot, rules)| (std::cmp::Reverse(rules), slot));
        slots.retain(|&(_, asking)| asking * RULES_A_SLOT_MIN >= rules.len());
        slots.truncate(INDEXED_SLOTS_MAX);

        let place = |slot| slots.iter().position(|&(indexed, _)| indexed == slot).unwrap_or(usize::MAX);
        let required = |rule: &Rule| {
            let mut required: Vec<_> = rule.program.requirements().iter().collect();
            required.sort_by_key(|one| (one.texts.is_empty(), one.texts.len()));
            required.into_iter().map(|one| Required::new(one, place(one.slot))).collect()
        };
        let required: Vec<Vec<Required>> = rules.iter().map(required).collect();
        let requires_more =
            |&rule: &usize| required.get(rule).is_some_and(|all| all.iter().any(|one| one.place >= slots.len()));
        Self {
            indexed: slots.iter().map(|&(slot, _)| OfSlot::new(slot, rules)).collect(),
            require_more: of_length(rules.len(), (0..rules.len()).filter(requires_more)),
            required,
        }
    }

    /// Finds those of `rules` that could match.
    pub(crate) fn of<'f>(
        &self,
        event: &'f Slots<'_, '_>,
        rules: &FixedBitSet,
        memory: &'f mut Memory,
    ) -> impl Iterator<Item = usize> + use<'_, 'f> {
        memory.rules.clone_from(rules);
        let mut told = 0;
        for of_slot in &self.indexed {
            // Counting them costs as much as being told more of them by a slot.
            if told % SLOTS_A_COUNT == 0 && are_few(&memory.rules) {
                break;
            }
            of_slot.narrow(event, memory);
            told += 1;
        }
        let is_met = move |one: &Required| one.place < told || one.is_met(event);
        let are_all_met = move |rule: usize| self.required.get(rule).is_none_or(|all| all.iter().all(is_met));
        let is_told = told == self.indexed.len();
        memory.rules.ones().filter(move |&rule| is_told && !self.require_more.contains(rule) || are_all_met(rule))
    }
}

impl Required {
    fn new(requirement: &Requirement, place: usize) -> Self {
        let texts = requirement.texts.iter().map(|text| (text.as_str().into(), ())).collect();
        let any_will_do = requirement.texts.is_empty();
        let texts = (!any_will_do).then(|| TextMap::new(texts));
        Self { slot: requirement.slot, place, texts, ignore_case: requirement.ignore_case }
    }

    /// Whether an event has what is required, as far as that is quickly told: each
    /// rule asks anew.
    fn is_met(&self, event: &Slots<'_, '_>) -> bool {
        let mut values = event.values(self.slot);
        let Some(texts) = &self.texts else { return values.next().is_some() };
        let knows = |text: &str| match self.ignore_case {
            true => texts.has_length(text.len()) && folded(text, |text| texts.get(text).is_some()),
            false => texts.get(text).is_some(),
        };
        let is_one = |value: Scalar<'_>| value.raw_len() > BYTES_TO_ASK || knows(&value.text());
        values.by_ref().take(VALUES_TO_ASK).any(is_one) || values.next().is_some()
    }
}

impl OfSlot {
    fn new(slot: Slot, rules: &[Rule]) -> Self {
        let all = || 0..rules.len();
        let requirement = |rule: usize| -> Option<&Requirement> {
            rules.get(rule)?.program.requirements().iter().find(|requirement| requirement.slot == slot)
        };
        let without: FixedBitSet = of_length(rules.len(), all().filter(|&rule| requirement(rule).is_none()));
        let any = all().filter(|&rule| requirement(rule).is_none_or(|requirement| requirement.texts.is_empty()));
        let with_any = of_length(rules.len(), any);
        let mut with_text: BTreeMap<Box<str>, FixedBitSet> = BTreeMap::new();
        let mut with_folded: BTreeMap<Box<str>, FixedBitSet> = BTreeMap::new();
        for rule in all() {
            let Some(requirement) = requirement(rule) else { continue };
            for text in &requirement.texts {
                let of_text = match requirement.ignore_case {
                    true => with_folded
                        .entry(text.as_str().into())
                        .or_insert_with(|| FixedBitSet::with_capacity(rules.len())),
                    false => with_text.entry(text.as_str().into()).or_insert_with(|| with_any.clone()),
                };
                of_text.insert(rule);
            }
        }
        let [with_text, with_folded] = [with_text, with_folded].map(|sets| TextMap::new(sets.into_iter().collect()));
        Self { slot, without, with_any, with_text, with_folded }
    }

    /// The rules that name a text, in its case and in any; of the former also
    /// those for which any value will do.
    fn of_text(&self, text: &str) -> [Option<&FixedBitSet>; 2] {
        let of_folded = match self.with_folded.has_length(text.len()) {
            true => folded(text, |text| self.with_folded.get(text)),
            false => None,
        };
        [self.with_text.get(text), of_folded]
    }

    /// Leaves those in `memory` that what the event holds will do for.
    fn narrow(&self, event: &Slots<'_, '_>, memory: &mut Memory) {
        let mut values = event.values(self.slot);
        let Some(first) = values.next() else { return memory.rules.intersect_with(&self.without) };
        let [of_first, of_folded] = self.of_text(&first.text());
        // Those in `with_any` are in each of the sets.
        let of_first = of_first.unwrap_or(&self.with_any);
        let second = values.next();
        if second.is_none() && of_folded.is_none() {
            return memory.rules.intersect_with(of_first);
        }
        memory.of_slot.clone_from(of_first);
        let of_others = second.into_iter().chain(values).flat_map(|value| self.of_text(&value.text()));
        for of_value in std::iter::once(of_folded).chain(of_others).flatten() {
            memory.of_slot.union_with(of_value);
        }
        memory.rules.intersect_with(&memory.of_slot);
    }
}

/// Whether so few rules are left that they may as well be asked.
fn are_few(rules: &FixedBitSet) -> bool {
    let mut left = 0;
    rules.as_slice().chunks(8).all(|blocks| {
        left += blocks.iter().map(|block| block.count_ones()).sum::<u32>();
        left <= RULES_TO_ASK
    })
}

fn of_length(length: usize, rules: impl Iterator<Item = usize>) -> FixedBitSet {
    let mut set = FixedBitSet::with_capacity(length);
    set.extend(rules);
    set
}
