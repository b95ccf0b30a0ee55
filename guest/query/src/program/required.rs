//! What an event must contain to match: the ground for a prefilter on bytes, and for an index of
//! many programs by field and value.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::chain::Leaf;
use super::expr::Expr;
use super::layout::Slot;
use super::test::{KeywordTest, Test};
use super::text_test::{OneOf, Set};

/// What an event must have to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Where it must have a value.
    pub slot: Slot,
    /// The texts of which it must have one there; empty if any value will do.
    pub texts: Vec<String>,
    /// Whether the case of ASCII letters makes no difference; then the texts are in lower case.
    pub ignore_case: bool,
}

/// Sets of texts; a matching event contains at least one text of each set. No set is empty, and
/// no text is. Nothing is known where there is no set.
pub(crate) fn literals(expr: &Expr) -> Vec<Vec<String>> {
    match expr {
        Expr::Const(_) | Expr::Not(_) => Vec::new(),
        Expr::Known(_, leaf) => texts_of(leaf).and_then(alternatives).map_or_else(Vec::new, |set| vec![set]),
        Expr::Leaf(leaf) => texts_of(leaf).and_then(alternatives).map_or_else(Vec::new, |set| vec![set]),
        Expr::And(operands) => operands.iter().flat_map(literals).collect(),
        Expr::Or(operands) => {
            // Each alternative has its own sets; one of each, together, is a set of the whole.
            let mut union = BTreeSet::new();
            for operand in operands {
                let Some(best) = literals(operand).into_iter().max_by_key(|set| rank(set)) else {
                    return Vec::new();
                };
                union.extend(best);
            }
            if union.len() > TEXTS_MAX {
                return Vec::new();
            }
            vec![union.into_iter().collect()]
        }
    }
}

/// The texts and patterns of which a value of the leaf's slot meets one, as they stand in events.
fn texts_of(leaf: &Leaf) -> Option<&OneOf> {
    match leaf {
        Leaf::Value { test: Test::Keyword(form, KeywordTest::OneOf(one_of)), .. } if !form.lowercase => Some(one_of),
        _ => None,
    }
}

/// Most texts of a set: a longer one takes more to keep for each program that has it than it
/// spares.
const TEXTS_MAX: usize = 1_024;

fn alternatives(OneOf { exact, folded }: &OneOf) -> Option<Vec<String>> {
    // A text in any case is none that could be looked for.
    if !folded.is_empty() || exact.texts.len() + exact.patterns.len() > TEXTS_MAX {
        return None;
    }
    let texts = exact.texts.iter().map(|text| &**text);
    let pieces = exact.patterns.iter().map(|pattern| pattern.longest());
    let set: BTreeSet<&str> = texts.chain(pieces).collect();
    if set.contains("") {
        return None;
    }
    Some(set.into_iter().map(String::from).collect())
}

/// How much a set is likely to rule out: by its shortest text, then by how few there are.
fn rank(set: &[String]) -> (usize, core::cmp::Reverse<usize>) {
    let shortest = set.iter().map(String::len).min().unwrap_or_default();
    (shortest, core::cmp::Reverse(set.len()))
}

/// All requirements, the best one of each slot, in the order of the slots.
pub(crate) fn requirements(expr: &Expr) -> Vec<Requirement> {
    let requirement = |(slot, Texts { texts, ignore_case }): (Slot, Texts)| Requirement {
        slot,
        texts: texts.into_iter().collect(),
        ignore_case,
    };
    by_slot(expr).into_iter().map(requirement).collect()
}

/// Texts of which there must be one; none: any will do.
#[derive(Default)]
struct Texts {
    texts: BTreeSet<String>,
    ignore_case: bool,
}

impl Texts {
    /// Those of this one and of another.
    fn with(self, other: Self) -> Self {
        if self.texts.is_empty() || other.texts.is_empty() {
            return Self::default();
        }
        let ignore_case = self.ignore_case || other.ignore_case;
        let all = self.texts.into_iter().chain(other.texts);
        let texts = all.map(|text| if ignore_case { text.to_ascii_lowercase() } else { text }).collect();
        Self { texts, ignore_case }
    }

    /// Texts beat none, few of them beat many.
    fn worth(&self) -> (bool, core::cmp::Reverse<usize>) {
        (!self.texts.is_empty(), core::cmp::Reverse(self.texts.len()))
    }
}

type BySlot = BTreeMap<Slot, Texts>;

fn by_slot(expr: &Expr) -> BySlot {
    match expr {
        Expr::Const(_) | Expr::Not(_) => BySlot::new(),
        Expr::Leaf(Leaf::Script(script)) => script.needs().map(|slot| (slot, Texts::default())).collect(),
        Expr::Leaf(leaf) => of_leaf(leaf).into_iter().collect(),
        Expr::Known(_, leaf) => of_leaf(leaf).into_iter().collect(),
        Expr::And(operands) => operands.iter().map(by_slot).fold(BySlot::new(), both),
        Expr::Or(operands) => operands.iter().map(by_slot).reduce(either).unwrap_or_default(),
    }
}

/// What holds if both do.
fn both(mut all: BySlot, others: BySlot) -> BySlot {
    for (slot, texts) in others {
        match all.get_mut(&slot) {
            Some(known) if known.worth() >= texts.worth() => {}
            _ => drop(all.insert(slot, texts)),
        }
    }
    all
}

/// What holds if one of them does: of the slots that both require.
fn either(one: BySlot, mut other: BySlot) -> BySlot {
    let in_common = |(slot, texts): (Slot, Texts)| Some((slot, texts.with(other.remove(&slot)?)));
    one.into_iter().filter_map(in_common).collect()
}

/// Whether a leaf asks for no more than its requirement says.
pub(crate) fn is_told_by_index(leaf: &Leaf) -> bool {
    let any = matches!(leaf, Leaf::Value { test: Test::Any | Test::Keyword(_, KeywordTest::Exists), .. });
    // Where some are in their case and others in any, the index knows less.
    let is_told =
        |one_of: &OneOf| (one_of.exact.is_empty() || one_of.folded.is_empty()) && whole_texts(one_of).is_some();
    any || texts_of(leaf).is_some_and(is_told)
}

fn of_leaf(leaf: &Leaf) -> Option<(Slot, Texts)> {
    let slot = match leaf {
        Leaf::Value { slot, .. } => *slot,
        Leaf::Tree { .. } | Leaf::Object { .. } | Leaf::Script(_) => return None,
    };
    Some((slot, texts_of(leaf).and_then(whole_texts).unwrap_or_default()))
}

/// The whole texts of which a value must be one; none where there are too many, or something else
/// will do.
fn whole_texts(OneOf { exact, folded }: &OneOf) -> Option<Texts> {
    if exact.texts.len() + folded.texts.len() > TEXTS_MAX || !exact.patterns.is_empty() || !folded.patterns.is_empty() {
        return None;
    }
    let texts = |set: &Set| set.texts.iter().map(|text| String::from(&**text)).collect();
    let exact = Texts { texts: texts(exact), ignore_case: false };
    let folded = Texts { texts: texts(folded), ignore_case: true };
    Some(match (exact.texts.is_empty(), folded.texts.is_empty()) {
        (_, true) => exact,
        (true, false) => folded,
        (false, false) => exact.with(folded),
    })
}
