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
use super::text_test::OneOf;

/// What an event must have to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Where it must have a value.
    pub slot: Slot,
    /// The texts of which it must have one there; empty if any value will do.
    pub texts: Vec<String>,
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

fn alternatives(values: &OneOf) -> Option<Vec<String>> {
    if values.texts.len() + values.patterns.len() > TEXTS_MAX {
        return None;
    }
    let texts = values.texts.iter().map(|text| &**text);
    let pieces = values.patterns.iter().map(|pattern| pattern.longest());
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
    by_slot(expr).into_iter().map(|(slot, texts)| Requirement { slot, texts: texts.into_iter().collect() }).collect()
}

type BySlot = BTreeMap<Slot, BTreeSet<String>>;

fn by_slot(expr: &Expr) -> BySlot {
    match expr {
        Expr::Const(_) | Expr::Not(_) => BySlot::new(),
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
            Some(known) if worth(known) >= worth(&texts) => {}
            _ => drop(all.insert(slot, texts)),
        }
    }
    all
}

/// What holds if one of them does: of the slots that both require.
fn either(one: BySlot, mut other: BySlot) -> BySlot {
    let in_common = |(slot, mut texts): (Slot, BTreeSet<String>)| {
        let more = other.remove(&slot)?;
        if texts.is_empty() || more.is_empty() {
            texts.clear();
        } else {
            texts.extend(more);
        }
        Some((slot, texts))
    };
    one.into_iter().filter_map(in_common).collect()
}

/// Whether a leaf asks for no more than its requirement says.
pub(crate) fn is_told_by_index(leaf: &Leaf) -> bool {
    let any = matches!(leaf, Leaf::Value { test: Test::Any | Test::Keyword(_, KeywordTest::Exists), .. });
    any || texts_of(leaf).is_some_and(|one_of| one_of.patterns.is_empty() && one_of.texts.len() <= TEXTS_MAX)
}

fn of_leaf(leaf: &Leaf) -> Option<(Slot, BTreeSet<String>)> {
    let slot = match leaf {
        Leaf::Value { slot, .. } => *slot,
        Leaf::Tree { .. } | Leaf::Object { .. } => return None,
    };
    let texts = match texts_of(leaf) {
        Some(OneOf { texts, patterns }) if patterns.is_empty() && texts.len() <= TEXTS_MAX => {
            texts.iter().map(|text| String::from(&**text))
        }
        _ => return Some((slot, BTreeSet::new())),
    };
    Some((slot, texts.collect()))
}

/// Texts beat none, few of them beat many.
fn worth(texts: &BTreeSet<String>) -> (bool, core::cmp::Reverse<usize>) {
    (!texts.is_empty(), core::cmp::Reverse(texts.len()))
}
