//! Conditions, with the parentheses they need.

use core::fmt::{self, Display, Formatter};

use crate::ast::{Constant, Expr, ExprKind, Field};
use crate::token::Fixed;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_expr(f, self, Place::Or)
    }
}

/// What may stand at a place without parentheses: this, and what binds closer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Primary,
    Predicated,
    Sign,
    Product,
    Sum,
    Comparison,
    Not,
    And,
    Or,
}

/// The narrowest place where an expression needs no parentheses.
fn place_of(expr: &Expr) -> Place {
    match &expr.kind {
        ExprKind::Or(_) => Place::Or,
        ExprKind::And(_) => Place::And,
        ExprKind::Not(negated) if is_in(negated) => Place::Predicated,
        ExprKind::Not(_) => Place::Not,
        ExprKind::Compare { .. } => Place::Comparison,
        ExprKind::Arithmetic { op, .. } if op.is_additive() => Place::Sum,
        ExprKind::Arithmetic { .. } => Place::Product,
        ExprKind::Negate(_) => Place::Sign,
        ExprKind::In { .. } | ExprKind::Match { .. } => Place::Predicated,
        ExprKind::Call { .. } | ExprKind::Field(_) | ExprKind::Literal(_) => Place::Primary,
    }
}

/// The `not` of it is written as `not in`.
const fn is_in(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::In { .. })
}

fn write_expr(f: &mut Formatter<'_>, expr: &Expr, place: Place) -> fmt::Result {
    if place_of(expr) > place {
        f.write_str("(")?;
        write_kind(f, &expr.kind)?;
        return f.write_str(")");
    }
    write_kind(f, &expr.kind)
}

fn write_kind(f: &mut Formatter<'_>, kind: &ExprKind) -> fmt::Result {
    match kind {
        ExprKind::Or(operands) => write_joined(f, operands, " or ", Place::And),
        ExprKind::And(operands) => write_joined(f, operands, " and ", Place::Not),
        ExprKind::Not(negated) => match &negated.kind {
            ExprKind::In { value, list, ignore_case } => write_in(f, value, list, *ignore_case, "not "),
            _ => {
                f.write_str("not ")?;
                write_expr(f, negated, Place::Not)
            }
        },
        ExprKind::Compare { op, left, right } => {
            write_expr(f, left, Place::Sum)?;
            write!(f, " {} ", op.symbol())?;
            write_expr(f, right, Place::Sum)
        }
        ExprKind::In { value, list, ignore_case } => write_in(f, value, list, *ignore_case, ""),
        ExprKind::Match { op, value, patterns } => {
            write_expr(f, value, Place::Primary)?;
            write!(f, " {} ", op.symbol())?;
            write_patterns(f, patterns)
        }
        ExprKind::Arithmetic { op, left, right } => {
            let (left_place, right_place) =
                if op.is_additive() { (Place::Sum, Place::Product) } else { (Place::Product, Place::Sign) };
            write_expr(f, left, left_place)?;
            write!(f, " {} ", op.symbol())?;
            write_expr(f, right, right_place)
        }
        ExprKind::Negate(value) => {
            f.write_str("-")?;
            write_expr(f, value, Place::Sign)
        }
        ExprKind::Call { name, ignore_case, arguments } => {
            write!(f, "{name}{}(", if *ignore_case { "~" } else { "" })?;
            write_joined(f, arguments, ", ", Place::Or)?;
            f.write_str(")")
        }
        ExprKind::Field(field) => Field::fmt(field, f),
        ExprKind::Literal(literal) => literal.fmt(f),
    }
}

fn write_in(f: &mut Formatter<'_>, value: &Expr, list: &[Expr], ignore_case: bool, not: &str) -> fmt::Result {
    let op = if ignore_case { Fixed::InInsensitive } else { Fixed::In };
    write_expr(f, value, Place::Primary)?;
    write!(f, " {not}{} (", op.text())?;
    write_joined(f, list, ", ", Place::Or)?;
    f.write_str(")")
}

fn write_patterns(f: &mut Formatter<'_>, patterns: &[Constant]) -> fmt::Result {
    if let [pattern] = patterns {
        return pattern.fmt(f);
    }
    f.write_str("(")?;
    patterns.iter().enumerate().try_for_each(|(number, pattern)| {
        let joint = if number == 0 { "" } else { ", " };
        write!(f, "{joint}{pattern}")
    })?;
    f.write_str(")")
}

fn write_joined(f: &mut Formatter<'_>, all: &[Expr], joint: &str, place: Place) -> fmt::Result {
    all.iter().enumerate().try_for_each(|(number, one)| {
        if number > 0 {
            f.write_str(joint)?;
        }
        write_expr(f, one, place)
    })
}
