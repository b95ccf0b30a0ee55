//! Calls of functions, as filters where Elasticsearch has one for them.

use alloc::format;
use alloc::vec::Vec;

use firstseen_query::{Arithmetic, Clause, Condition, Function, ScriptExpr, Span};

use super::compare::of_script;
use super::error::{Kind, VerificationError, VerificationErrorKind};
use super::field::FieldRef;
use super::function::{Called, Named, named, parameter, result};
use super::matching::{lucene, prefix, text_of};
use super::operand::{Operand, refused};
use super::truth::Truth;
use super::{Compiler, of_field};
use crate::ast::{ArithmeticOp, Expr};

/// A function with its arguments, all of which it takes.
pub(super) struct Call {
    function: Function,
    arguments: Vec<(Operand, Span)>,
    span: Span,
}

impl Compiler<'_> {
    /// A call that is a condition.
    pub(super) fn call_condition(
        self,
        name: &str,
        ignore_case: bool,
        arguments: &[Expr],
        span: Span,
    ) -> Result<Truth, VerificationError> {
        match self.call(name, ignore_case, arguments, span)? {
            Called::Arithmetic(operand) => Err(refused(Kind::Bool, operand.kind(), span)),
            Called::Null => Ok(Truth::Null),
            Called::Function(call) => match (call.filter()?, result(&call.function)) {
                (Some(clause), _) => Ok(Truth::Clause(clause)),
                (None, Kind::Bool) => Ok(of_script(call.into_script()?, span)),
                (None, found) => Err(refused(Kind::Bool, found, span)),
            },
        }
    }

    /// A call, checked.
    pub(super) fn call(
        self,
        name: &str,
        ignore_case: bool,
        arguments: &[Expr],
        span: Span,
    ) -> Result<Called, VerificationError> {
        let error = |kind| VerificationError::new(kind, span);
        let (function, has_insensitive_form) = match named(name, ignore_case) {
            None => return Err(error(VerificationErrorKind::UnknownFunction)),
            Some(Named::Function(function, has_insensitive_form)) => (function, has_insensitive_form),
            Some(Named::Arithmetic(_)) if ignore_case => return Err(error(VerificationErrorKind::NoInsensitiveForm)),
            Some(Named::Arithmetic(op)) => match arguments {
                [left, right] => return Ok(Called::Arithmetic(self.arithmetic(op, left, right)?)),
                _ => return Err(error(VerificationErrorKind::Arguments { least: 2, most: Some(2) })),
            },
        };
        if ignore_case && !has_insensitive_form {
            return Err(error(VerificationErrorKind::NoInsensitiveForm));
        }
        let (least, most) = function.arity();
        if !(least..=most).contains(&arguments.len()) {
            let most = (most < usize::MAX).then_some(most);
            return Err(error(VerificationErrorKind::Arguments { least, most }));
        }
        let mut operands = Vec::with_capacity(arguments.len());
        for (place, argument) in arguments.iter().enumerate() {
            let operand = self.operand(argument)?;
            if let Some(kind) = parameter(&function, place) {
                operand.must_be(kind, argument.span)?;
            }
            operands.push((operand, argument.span));
        }
        if operands.iter().take(function.strict_arguments()).any(|(operand, _)| operand.is_null()) {
            return Ok(Called::Null);
        }
        if function == Function::CidrMatch
            && let Some((_, place)) = operands.iter().skip(1).find(|(operand, _)| text_of(operand).is_none())
        {
            return Err(VerificationError::new(VerificationErrorKind::NotConstant, *place));
        }
        Ok(Called::Function(Call { function, arguments: operands, span }))
    }

    pub(super) fn arithmetic(self, op: Arithmetic, left: &Expr, right: &Expr) -> Result<Operand, VerificationError> {
        let (one, other) = (self.operand(left)?, self.operand(right)?);
        one.must_be(Kind::Number, left.span)?;
        other.must_be(Kind::Number, right.span)?;
        if one.is_null() || other.is_null() {
            return Ok(Operand::NULL);
        }
        let has_decimals = [&one, &other].iter().any(|side| side.kind() == Kind::Number);
        let kind = if has_decimals { Kind::Number } else { Kind::Whole };
        let (left, right) = (one.into_script(left.span)?, other.into_script(right.span)?);
        let expr = ScriptExpr::Arithmetic { op, left: left.into(), right: right.into() };
        Ok(Operand::of_script(expr, kind))
    }
}

impl Call {
    /// The filter that Elasticsearch has for it; none where it is computed.
    fn filter(&self) -> Result<Option<Clause>, VerificationError> {
        let [(Operand::Field(field), place), rest @ ..] = &*self.arguments else { return Ok(None) };
        let Some(texts) = rest.iter().map(|(operand, _)| text_of(operand)).collect::<Option<Vec<&str>>>() else {
            return Ok(None);
        };
        let condition = match (&self.function, &*texts) {
            (Function::CidrMatch, blocks) => return Ok(self.blocks(field, blocks)),
            (Function::StartsWith { ignore_case }, [text]) => prefix(text, *ignore_case),
            // Elasticsearch does not escape what is wild in these.
            (Function::EndsWith { ignore_case }, [text]) => lucene(&format!("*{text}"), *ignore_case),
            (Function::StringContains { ignore_case }, [text]) => lucene(&format!("*{text}*"), *ignore_case),
            _ => return Ok(None),
        };
        Ok(Some(of_field(field.whole(*place)?, condition, self.span)))
    }

    fn blocks(&self, field: &FieldRef, blocks: &[&str]) -> Option<Clause> {
        if field.kind != Kind::Address {
            return None;
        }
        let places = self.arguments.iter().skip(1).map(|(_, place)| *place);
        let block = |(block, place): (&&str, Span)| {
            of_field(&field.name, Condition::Term { value: (*block).into(), ignore_case: false }, place)
        };
        Some(Clause::Or(blocks.iter().zip(places).map(block).collect()))
    }

    /// It as a part of a script.
    pub(super) fn into_script(self) -> Result<ScriptExpr, VerificationError> {
        let argument = |(operand, place): (Operand, Span)| operand.into_script(place);
        let arguments = self.arguments.into_iter().map(argument).collect::<Result<_, _>>()?;
        Ok(ScriptExpr::Call { function: self.function, arguments })
    }

    /// Its value.
    pub(super) fn into_operand(self) -> Result<Operand, VerificationError> {
        let kind = result(&self.function);
        Ok(Operand::of_script(self.into_script()?, kind))
    }
}

impl From<ArithmeticOp> for Arithmetic {
    fn from(op: ArithmeticOp) -> Self {
        match op {
            ArithmeticOp::Add => Self::Add,
            ArithmeticOp::Subtract => Self::Subtract,
            ArithmeticOp::Multiply => Self::Multiply,
            ArithmeticOp::Divide => Self::Divide,
            ArithmeticOp::Modulo => Self::Modulo,
        }
    }
}
