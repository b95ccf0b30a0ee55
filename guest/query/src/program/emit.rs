//! From an expression to a chain.

use alloc::vec::Vec;

use super::chain::{Chain, Leaf, Step, Target};
use super::expr::Expr;
use crate::joint::Leaves;

/// The chain that says what an expression says. Its leaves are counted among those of others.
pub(crate) fn chain_of(expr: Expr, leaves: &mut Leaves) -> Chain {
    let mut steps = Vec::new();
    let start = emit(expr, Target::MATCH, Target::NO_MATCH, &mut steps, leaves);
    Chain { steps, start }
}

/// Adds the steps of `expr`, last ones first, and gives its first one.
fn emit(expr: Expr, holds: Target, fails: Target, steps: &mut Vec<Step>, leaves: &mut Leaves) -> Target {
    match expr {
        Expr::Const(true) => holds,
        Expr::Const(false) => fails,
        Expr::Not(negated) => emit(*negated, fails, holds, steps, leaves),
        Expr::And(operands) => {
            operands.into_iter().rev().fold(holds, |next, operand| emit(operand, next, fails, steps, leaves))
        }
        Expr::Or(operands) => {
            operands.into_iter().rev().fold(fails, |next, operand| emit(operand, holds, next, steps, leaves))
        }
        Expr::Leaf(mut leaf) => {
            if let Leaf::Value { test, .. } = &mut leaf {
                test.seal();
            }
            let (number, leaf) = leaves.number(leaf);
            push(Step { leaf, number, brief: leaves.brief(number), holds, fails }, steps)
        }
        Expr::Known(number, leaf) => push(Step { leaf, number, brief: leaves.brief(number), holds, fails }, steps),
    }
}

fn push(step: Step, steps: &mut Vec<Step>) -> Target {
    // There are no more leaves than `MAX_LEAVES`, each for no more fields than are mapped.
    let place = u32::try_from(steps.len()).unwrap_or(Target::NO_MATCH.0);
    steps.push(step);
    Target(place)
}
