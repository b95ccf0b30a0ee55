//! A query reduced to tests of slots, and how parts of it come together: what is constant is worked
//! out, and alternatives for one field become one test.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::chain::Leaf;
use super::layout::Slot;
use crate::joint::LeafNumber;

/// A query, reduced to tests of slots. `Const` stands alone, `And` and `Or` have two or more
/// operands and none of their own kind, `Not` holds a leaf, an `And` or an `Or`.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Const(bool),
    Leaf(Leaf),
    /// A leaf that is counted already.
    Known(LeafNumber, Arc<Leaf>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

pub(crate) fn not(expr: Expr) -> Expr {
    match expr {
        Expr::Const(value) => Expr::Const(!value),
        Expr::Not(inner) => *inner,
        other => Expr::Not(Box::new(other)),
    }
}

pub(crate) fn and(operands: Vec<Expr>) -> Expr {
    let mut flat = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand {
            Expr::Const(true) => {}
            Expr::Const(false) => return Expr::Const(false),
            Expr::And(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    if flat.len() > 1 {
        return Expr::And(flat);
    }
    flat.pop().unwrap_or(Expr::Const(true))
}

pub(crate) fn or(operands: Vec<Expr>) -> Expr {
    let mut flat = Alternatives::default();
    for operand in operands {
        match operand {
            Expr::Const(false) => {}
            Expr::Const(true) => return Expr::Const(true),
            Expr::Or(inner) => inner.into_iter().for_each(|inner| flat.add(inner)),
            other => flat.add(other),
        }
    }
    flat.into_expr()
}

/// The operands of an `or`, with one test for each slot where tests can be joined.
#[derive(Default)]
struct Alternatives {
    exprs: Vec<Expr>,
    by_slot: BTreeMap<Slot, Vec<usize>>,
}

impl Alternatives {
    fn add(&mut self, expr: Expr) {
        let Expr::Leaf(Leaf::Value { slot, mut test }) = expr else {
            return self.exprs.push(expr);
        };
        let places = self.by_slot.entry(slot).or_default();
        for &place in places.iter() {
            if let Some(Expr::Leaf(Leaf::Value { test: known, .. })) = self.exprs.get_mut(place) {
                match known.join(test) {
                    None => return,
                    Some(back) => test = back,
                }
            }
        }
        places.push(self.exprs.len());
        self.exprs.push(Expr::Leaf(Leaf::Value { slot, test }));
    }

    fn into_expr(mut self) -> Expr {
        if self.exprs.len() > 1 {
            return Expr::Or(self.exprs);
        }
        self.exprs.pop().unwrap_or(Expr::Const(false))
    }
}
