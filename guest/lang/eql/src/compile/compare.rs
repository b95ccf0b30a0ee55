//! `==`, `!=`, `<` and their kin, and `in`.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use firstseen_query::{Clause, Comparison, Condition, RangeOp, ScriptExpr, ScriptPattern, ScriptValue, Span};

use super::error::{Kind, VerificationError, VerificationErrorKind};
use super::field::FieldRef;
use super::operand::Operand;
use super::truth::Truth;
use super::{Compiler, not, of_field};
use crate::ast::{CompareOp, Expr, ExprKind, Literal};

impl Compiler<'_> {
    pub(super) fn compare(
        self,
        op: CompareOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Result<Truth, VerificationError> {
        for (condition, other) in [(left, right), (right, left)] {
            if let Some(wanted) = flag_wanted(op, condition, other) {
                let truth = self.truth(condition)?;
                return Ok(if wanted { truth } else { truth.not() });
            }
        }
        let (one, other) = (self.operand(left)?, self.operand(right)?);
        // The constant stands on the right.
        let swaps = matches!(one, Operand::Constant(_)) && !matches!(other, Operand::Constant(_));
        let (op, left, one, right, other) =
            if swaps { (flipped(op), right, other, left, one) } else { (op, left, one, right, other) };
        if one.is_null() || other.is_null() {
            let (value, place) = if other.is_null() { (one, left) } else { (other, right) };
            return null_check(op, value, place.span, span);
        }
        let Operand::Constant(constant) = other else {
            return Err(VerificationError::new(VerificationErrorKind::NotConstant, right.span));
        };
        match (one, &constant) {
            (Operand::Field(field), _) => compare_field(op, &field, &constant, span),
            // A condition that is compared with `true` or `false` is a condition.
            (Operand::Computed(_, Kind::Bool), ScriptValue::Bool(wanted))
                if matches!(op, CompareOp::Eq | CompareOp::Ne) =>
            {
                let truth = self.truth(left)?;
                Ok(if *wanted == (op == CompareOp::Eq) { truth } else { truth.not() })
            }
            (one, _) => {
                let left = one.into_script(left.span)?;
                let right = ScriptExpr::Constant(constant);
                let expr = ScriptExpr::Compare { op: op.into(), left: left.into(), right: right.into() };
                Ok(of_script(expr, span))
            }
        }
    }

    pub(super) fn is_in(
        self,
        value: &Expr,
        list: &[Expr],
        ignore_case: bool,
        span: Span,
    ) -> Result<Truth, VerificationError> {
        let (operand, constants) = self.operands_in(value, list, ignore_case)?;
        if operand.is_null() || constants.is_empty() {
            return Ok(Truth::Null);
        }
        let Operand::Field(field) = operand else {
            return Ok(of_script(in_script(operand.into_script(value.span)?, constants, ignore_case), span));
        };
        let whole = field.whole(value.span)?;
        let term = |(constant, place): (ScriptValue, Span)| {
            let value = constant.text().unwrap_or_default();
            of_field(whole, Condition::Term { value, ignore_case }, place)
        };
        Ok(Truth::Clause(Clause::Or(constants.into_iter().map(term).collect())))
    }

    /// What is looked for in a list, and the constants of that with their places. A `null` is none.
    pub(super) fn operands_in(
        self,
        value: &Expr,
        list: &[Expr],
        ignore_case: bool,
    ) -> Result<(Operand, Vec<(ScriptValue, Span)>), VerificationError> {
        let operand = self.operand(value)?;
        if ignore_case {
            operand.must_be(Kind::Text, value.span)?;
        }
        let mut constants = Vec::with_capacity(list.len());
        for item in list {
            let found = self.operand(item)?;
            if ignore_case {
                found.must_be(Kind::Text, item.span)?;
            }
            match found {
                Operand::Constant(ScriptValue::Null) => {}
                Operand::Constant(constant) => constants.push((constant, item.span)),
                Operand::Field(_) | Operand::Computed(..) => {
                    return Err(VerificationError::new(VerificationErrorKind::NotConstant, item.span));
                }
            }
        }
        Ok((operand, constants))
    }
}

/// What a condition is to be, where it is compared with `true` or `false`: then it is a condition
/// by itself.
fn flag_wanted(op: CompareOp, condition: &Expr, other: &Expr) -> Option<bool> {
    let is_condition = matches!(
        condition.kind,
        ExprKind::Or(_)
            | ExprKind::And(_)
            | ExprKind::Not(_)
            | ExprKind::Compare { .. }
            | ExprKind::In { .. }
            | ExprKind::Match { .. }
    );
    match (op, &other.kind) {
        (CompareOp::Eq, ExprKind::Literal(Literal::Bool(wanted))) if is_condition => Some(*wanted),
        (CompareOp::Ne, ExprKind::Literal(Literal::Bool(wanted))) if is_condition => Some(!*wanted),
        _ => None,
    }
}

/// `in` as a part of a script.
pub(super) fn in_script(value: ScriptExpr, constants: Vec<(ScriptValue, Span)>, ignore_case: bool) -> ScriptExpr {
    let constants = constants.into_iter().map(|(constant, _)| constant);
    if ignore_case {
        let text = |constant| match constant {
            ScriptValue::Text(text) => Some(ScriptPattern::Text { text: (*text).into(), ignore_case: true }),
            _ => None,
        };
        return ScriptExpr::Matches { value: value.into(), patterns: constants.filter_map(text).collect() };
    }
    ScriptExpr::In { value: value.into(), list: constants.map(ScriptExpr::Constant).collect() }
}

/// A comparison of one side with `null`: equality asks whether it is that, any other is `null`.
fn null_check(op: CompareOp, value: Operand, place: Span, span: Span) -> Result<Truth, VerificationError> {
    let is_equal = match op {
        CompareOp::Eq => true,
        CompareOp::Ne => false,
        CompareOp::Lt | CompareOp::Lte | CompareOp::Gt | CompareOp::Gte => return Ok(Truth::Null),
    };
    Ok(match value {
        Operand::Constant(constant) => Truth::Const((constant == ScriptValue::Null) == is_equal),
        Operand::Field(field) => {
            let exists = of_field(&field.name, Condition::Exists, span);
            Truth::Clause(if is_equal { not(exists) } else { exists })
        }
        computed @ Operand::Computed(..) => {
            let is_null = ScriptExpr::IsNull(computed.into_script(place)?.into());
            let truth = of_script(is_null, span);
            if is_equal { truth } else { truth.not() }
        }
    })
}

fn compare_field(
    op: CompareOp,
    field: &FieldRef,
    constant: &ScriptValue,
    span: Span,
) -> Result<Truth, VerificationError> {
    let value: String = constant.text().unwrap_or_default();
    let range = |op, value| {
        // Of texts without a keyword the words are compared.
        let name = field.whole.as_ref().unwrap_or(&field.name);
        Truth::Clause(of_field(name, Condition::Range(vec![(op, value)]), span))
    };
    Ok(match op.into() {
        Comparison::Range(op) => range(op, value),
        Comparison::Equal | Comparison::NotEqual => {
            let equals = of_field(field.whole(span)?, Condition::Term { value, ignore_case: false }, span);
            Truth::Clause(if op == CompareOp::Eq { equals } else { not(equals) })
        }
    })
}

/// What a script comes to.
pub(super) fn of_script(expr: ScriptExpr, span: Span) -> Truth {
    match expr.constant() {
        Some(ScriptValue::Bool(value)) => Truth::Const(value),
        Some(_) => Truth::Null,
        None => Truth::Clause(Clause::Script { expr: Arc::new(expr), span }),
    }
}

/// The comparison that holds of both sides exchanged.
const fn flipped(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Eq,
        CompareOp::Ne => CompareOp::Ne,
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Lte => CompareOp::Gte,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Gte => CompareOp::Lte,
    }
}

impl From<CompareOp> for Comparison {
    fn from(op: CompareOp) -> Self {
        match op {
            CompareOp::Eq => Self::Equal,
            CompareOp::Ne => Self::NotEqual,
            CompareOp::Lt => Self::Range(RangeOp::Lt),
            CompareOp::Lte => Self::Range(RangeOp::Lte),
            CompareOp::Gt => Self::Range(RangeOp::Gt),
            CompareOp::Gte => Self::Range(RangeOp::Gte),
        }
    }
}
