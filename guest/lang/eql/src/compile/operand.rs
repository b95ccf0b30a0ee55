//! The parts that comparisons and functions are made of.

use firstseen_query::{ScriptExpr, ScriptValue, Span};

use super::Compiler;
use super::error::{Kind, VerificationError, VerificationErrorKind};
use super::field::FieldRef;
use super::function::Called;
use super::of_field;
use super::truth::Truth;
use crate::ast::{Expr, ExprKind, Literal};
use firstseen_query::Condition;

/// A part of a condition that has a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// The same for every event.
    Constant(ScriptValue),
    /// The values of a field.
    Field(FieldRef),
    /// What is computed of fields.
    Computed(ScriptExpr, Kind),
}

impl Operand {
    pub(super) const NULL: Self = Self::Constant(ScriptValue::Null);

    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Constant(ScriptValue::Null) => Kind::Null,
            Self::Constant(ScriptValue::Bool(_)) => Kind::Bool,
            Self::Constant(ScriptValue::Whole(_) | ScriptValue::Unsigned(_)) => Kind::Whole,
            Self::Constant(ScriptValue::Decimal(_)) => Kind::Number,
            Self::Constant(ScriptValue::Text(_)) => Kind::Text,
            Self::Field(field) => field.kind,
            Self::Computed(_, kind) => *kind,
        }
    }

    /// Refuses what is not of a kind. What may be anything passes.
    pub(super) fn must_be(&self, needed: Kind, span: Span) -> Result<(), VerificationError> {
        match (needed, self.kind()) {
            (_, Kind::Null | Kind::Any) | (Kind::Number, Kind::Whole) => Ok(()),
            (needed, found) if found == needed => Ok(()),
            (needed, found) => Err(refused(needed, found, span)),
        }
    }

    /// It as a part of a script.
    pub(super) fn into_script(self, span: Span) -> Result<ScriptExpr, VerificationError> {
        Ok(match self {
            Self::Constant(constant) => ScriptExpr::Constant(constant),
            Self::Field(field) => ScriptExpr::Field(field.whole(span)?.clone()),
            Self::Computed(expr, _) => expr,
        })
    }

    /// What a script comes to: a constant where it has no fields.
    pub(super) fn of_script(expr: ScriptExpr, kind: Kind) -> Self {
        match expr.constant() {
            Some(constant) => Self::Constant(constant),
            None => Self::Computed(expr, kind),
        }
    }

    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Constant(ScriptValue::Null))
    }
}

impl Compiler<'_> {
    /// The value of a part of a condition.
    pub(super) fn operand(self, expr: &Expr) -> Result<Operand, VerificationError> {
        match &expr.kind {
            ExprKind::Literal(literal) => Ok(Operand::Constant(constant(literal))),
            ExprKind::Field(field) => Ok(self.field(field)?.map_or(Operand::NULL, Operand::Field)),
            ExprKind::Arithmetic { op, left, right } => self.arithmetic((*op).into(), left, right),
            ExprKind::Negate(value) => {
                let operand = self.operand(value)?;
                operand.must_be(Kind::Number, value.span)?;
                if operand.is_null() {
                    return Ok(Operand::NULL);
                }
                let kind = operand.kind();
                let expr = ScriptExpr::Negate(operand.into_script(value.span)?.into());
                Ok(Operand::of_script(expr, kind))
            }
            ExprKind::Call { name, ignore_case, arguments } => {
                match self.call(name, *ignore_case, arguments, expr.span)? {
                    Called::Null => Ok(Operand::NULL),
                    Called::Function(call) => call.into_operand(),
                    Called::Arithmetic(operand) => Ok(operand),
                }
            }
            ExprKind::Or(_)
            | ExprKind::And(_)
            | ExprKind::Not(_)
            | ExprKind::Compare { .. }
            | ExprKind::In { .. }
            | ExprKind::Match { .. } => Ok(Operand::of_script(self.script_condition(expr)?, Kind::Bool)),
        }
    }

    /// A field that is a condition by itself; anything else is refused.
    pub(super) fn flag(self, expr: &Expr) -> Result<Truth, VerificationError> {
        let operand = self.operand(expr)?;
        operand.must_be(Kind::Bool, expr.span)?;
        match operand {
            Operand::Field(field) => {
                let is_true = Condition::Term { value: "true".into(), ignore_case: false };
                Ok(Truth::Clause(of_field(field.whole(expr.span)?, is_true, expr.span)))
            }
            _ => Ok(Truth::Null),
        }
    }
}

/// Something is not of the kind that is needed.
pub(super) fn refused(needed: Kind, found: Kind, span: Span) -> VerificationError {
    // That it is whole says nothing: where a number is needed it would do.
    let found = if found == Kind::Whole { Kind::Number } else { found };
    VerificationError::new(VerificationErrorKind::Needs { needed, found }, span)
}

/// The value of a literal.
pub(super) fn constant(literal: &Literal) -> ScriptValue {
    match literal {
        Literal::Null => ScriptValue::Null,
        Literal::Bool(value) => ScriptValue::Bool(*value),
        Literal::Int(number) => ScriptValue::Whole(i64::from(*number)),
        Literal::Long(number) => ScriptValue::Whole(*number),
        Literal::UnsignedLong(number) => ScriptValue::Unsigned(*number),
        Literal::Double(number) => ScriptValue::Decimal(*number),
        Literal::String(text) => ScriptValue::Text(text.as_str().into()),
    }
}
