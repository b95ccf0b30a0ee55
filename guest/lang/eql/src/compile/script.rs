//! Conditions within scripts, where `null` is a third value.

use firstseen_query::ScriptExpr;

use super::Compiler;
use super::compare::in_script;
use super::error::{Kind, VerificationError};
use crate::ast::{CompareOp, Expr, ExprKind};

impl Compiler<'_> {
    /// A condition as a part of a script.
    pub(super) fn script_condition(self, expr: &Expr) -> Result<ScriptExpr, VerificationError> {
        match &expr.kind {
            ExprKind::Or(all) => Ok(ScriptExpr::Or(self.script_conditions(all)?)),
            ExprKind::And(all) => Ok(ScriptExpr::And(self.script_conditions(all)?)),
            ExprKind::Not(negated) => Ok(ScriptExpr::Not(self.script_condition(negated)?.into())),
            ExprKind::Compare { op, left, right } => self.script_comparison(*op, left, right),
            ExprKind::In { value, list, ignore_case } => {
                let (operand, constants) = self.operands_in(value, list, *ignore_case)?;
                Ok(in_script(operand.into_script(value.span)?, constants, *ignore_case))
            }
            ExprKind::Match { op, value, patterns } => self.matches_script(*op, value, patterns),
            _ => {
                let operand = self.operand(expr)?;
                operand.must_be(Kind::Bool, expr.span)?;
                operand.into_script(expr.span)
            }
        }
    }

    fn script_conditions(self, all: &[Expr]) -> Result<alloc::vec::Vec<ScriptExpr>, VerificationError> {
        all.iter().map(|expr| self.script_condition(expr)).collect()
    }

    fn script_comparison(self, op: CompareOp, left: &Expr, right: &Expr) -> Result<ScriptExpr, VerificationError> {
        let (one, other) = (self.operand(left)?, self.operand(right)?);
        let is_null_check = matches!(op, CompareOp::Eq | CompareOp::Ne) && (one.is_null() || other.is_null());
        if is_null_check {
            let (value, place) = if other.is_null() { (one, left.span) } else { (other, right.span) };
            let is_null = ScriptExpr::IsNull(value.into_script(place)?.into());
            return Ok(if op == CompareOp::Eq { is_null } else { ScriptExpr::Not(is_null.into()) });
        }
        let (left, right) = (one.into_script(left.span)?, other.into_script(right.span)?);
        Ok(ScriptExpr::Compare { op: op.into(), left: left.into(), right: right.into() })
    }
}
