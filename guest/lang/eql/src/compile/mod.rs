//! From a condition to a [`Clause`]: what Elasticsearch makes of it for a mapping.
//!
//! Elasticsearch turns a condition into a filter, so it has two values; only [constants](truth) have
//! three. What no filter on one field says becomes a script.

mod call;
mod compare;
mod error;
mod field;
mod function;
mod key;
mod matching;
mod operand;
mod script;
mod truth;

use alloc::boxed::Box;
use alloc::vec::Vec;

use firstseen_query::{Clause, Condition, Mapping, Name, RegexBudget, Span};

pub use error::{Kind, VerificationError, VerificationErrorKind};
pub use key::{Key, keys};

use self::truth::Truth;
use crate::ast::{EventFilter, Expr, ExprKind, Literal};

/// The field of the category, where a rule does not name another.
pub const CATEGORY: &str = "event.category";

/// What an event must meet for a filter, where fields are of the types that `mapping` says. The
/// category is that of the field `category_field`, as a rule [`CATEGORY`]. Its regular expressions are
/// taken off what `regexes` allows, which all filters of a query share.
///
/// A field that `mapping` does not allow is in no mapping: asked with a `?` it is the constant
/// `null`, else an error. One that it allows without a type is taken for mapped.
///
/// # Errors
///
/// What Elasticsearch's verifier refuses: fields in no mapping, of types that cannot be asked or
/// that an operator or function does not take, two fields compared, what is no condition, unknown
/// functions and wrong numbers of arguments; and regular expressions that are wrong or too complex.
/// Literals that mean nothing to the type of their field are refused later, by
/// [`Program::compile`](firstseen_query::Program::compile).
pub fn clause(
    filter: &EventFilter,
    mapping: &Mapping,
    category_field: &str,
    regexes: &RegexBudget,
) -> Result<Clause, VerificationError> {
    let compiler = Compiler { mapping, regexes };
    let condition = match compiler.truth(&filter.condition)? {
        Truth::Null | Truth::Const(false) => Clause::Or(Vec::new()),
        Truth::Const(true) => Clause::All,
        Truth::Clause(clause) => clause,
    };
    let Some(category) = &filter.category else { return Ok(condition) };
    let field = compiler.category(category_field, filter.span)?;
    let category = Condition::Term { value: category.clone(), ignore_case: false };
    Ok(Clause::And(Vec::from([of_field(&field, category, filter.span), condition])))
}

/// Conditions are compiled for a mapping.
#[derive(Clone, Copy)]
struct Compiler<'m> {
    mapping: &'m Mapping,
    regexes: &'m RegexBudget,
}

impl Compiler<'_> {
    /// What a condition comes to.
    fn truth(self, expr: &Expr) -> Result<Truth, VerificationError> {
        match &expr.kind {
            ExprKind::Or(all) => Ok(Truth::or(self.truths(all)?)),
            ExprKind::And(all) => Ok(Truth::and(self.truths(all)?)),
            ExprKind::Not(negated) => Ok(self.truth(negated)?.not()),
            ExprKind::Literal(Literal::Bool(value)) => Ok(Truth::Const(*value)),
            ExprKind::Literal(Literal::Null) => Ok(Truth::Null),
            ExprKind::Compare { op, left, right } => self.compare(*op, left, right, expr.span),
            ExprKind::In { value, list, ignore_case } => self.is_in(value, list, *ignore_case, expr.span),
            ExprKind::Match { op, value, patterns } => self.matches(*op, value, patterns, expr.span),
            ExprKind::Call { name, ignore_case, arguments } => {
                self.call_condition(name, *ignore_case, arguments, expr.span)
            }
            ExprKind::Field(_) | ExprKind::Arithmetic { .. } | ExprKind::Negate(_) | ExprKind::Literal(_) => {
                self.flag(expr)
            }
        }
    }

    fn truths(self, all: &[Expr]) -> Result<Vec<Truth>, VerificationError> {
        all.iter().map(|expr| self.truth(expr)).collect()
    }
}

/// A condition on one field.
fn of_field(name: &str, condition: Condition, span: Span) -> Clause {
    Clause::Field { name: Name::exact(name), condition, span }
}

fn not(clause: Clause) -> Clause {
    Clause::Not(Box::new(clause))
}
