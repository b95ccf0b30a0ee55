//! What an event must contain to match: the ground for a prefilter on bytes, and for an index of
//! many programs by field and value.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::expr::{Expr, Leaf};
use crate::program::Slot;
use crate::test::{KeywordTest, OneOf, Test};

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

fn alternatives(values: &OneOf) -> Option<Vec<String>> {
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

/// The best single requirement: one of few long texts where there is one, else some value.
pub(crate) fn requirement(expr: &Expr) -> Option<Requirement> {
    match expr {
        Expr::Const(_) | Expr::Not(_) => None,
        Expr::Leaf(leaf) => of_leaf(leaf),
        Expr::And(operands) => operands.iter().filter_map(requirement).max_by_key(worth),
        Expr::Or(operands) => {
            // Only alternatives on one slot have a requirement in common.
            let mut all = operands.iter().map(requirement);
            let mut joined = all.next()??;
            for one in all {
                let one = one.filter(|one| one.slot == joined.slot)?;
                if joined.texts.is_empty() || one.texts.is_empty() {
                    joined.texts.clear();
                } else {
                    joined.texts.extend(one.texts);
                }
            }
            joined.texts.sort_unstable();
            joined.texts.dedup();
            Some(joined)
        }
    }
}

fn of_leaf(leaf: &Leaf) -> Option<Requirement> {
    let slot = match leaf {
        Leaf::Value { slot, .. } => *slot,
        Leaf::Tree { .. } | Leaf::Object { .. } => return None,
    };
    let mut texts: Vec<String> = match texts_of(leaf) {
        Some(OneOf { texts, patterns }) if patterns.is_empty() => {
            texts.iter().map(|text| String::from(&**text)).collect()
        }
        _ => Vec::new(),
    };
    texts.sort_unstable();
    texts.dedup();
    Some(Requirement { slot, texts })
}

/// Texts beat none; few long ones beat many short ones.
fn worth(one: &Requirement) -> (bool, core::cmp::Reverse<usize>, usize) {
    let shortest = one.texts.iter().map(String::len).min().unwrap_or_default();
    (!one.texts.is_empty(), core::cmp::Reverse(one.texts.len()), shortest)
}
