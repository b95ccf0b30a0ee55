//! The tree of a computed condition.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::function::Function;
use super::pattern::ScriptPattern;
use super::value::ScriptValue;
use crate::range::RangeOp;

/// Something that is computed from the values of fields.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ScriptExpr {
    /// A constant.
    Constant(ScriptValue),
    /// The value of a field, by its name.
    Field(Arc<str>),
    /// `left op right`; `null` if one of them is.
    Compare {
        /// The comparison.
        op: Comparison,
        /// Its left side.
        left: Box<ScriptExpr>,
        /// Its right side.
        right: Box<ScriptExpr>,
    },
    /// Whether something is `null`.
    IsNull(Box<ScriptExpr>),
    /// Whether something equals one of others; `null` if it is `null`.
    In {
        /// What is looked for.
        value: Box<ScriptExpr>,
        /// Where it is looked for.
        list: Vec<ScriptExpr>,
    },
    /// Whether a text matches one of some patterns; `null` if it is `null`.
    Matches {
        /// What is matched.
        value: Box<ScriptExpr>,
        /// What it is matched with.
        patterns: Vec<ScriptPattern>,
    },
    /// All hold.
    And(Vec<ScriptExpr>),
    /// One holds.
    Or(Vec<ScriptExpr>),
    /// The opposite; `null` of `null`.
    Not(Box<ScriptExpr>),
    /// `left op right` of numbers; `null` if one of them is.
    Arithmetic {
        /// The operation.
        op: Arithmetic,
        /// Its left side.
        left: Box<ScriptExpr>,
        /// Its right side.
        right: Box<ScriptExpr>,
    },
    /// `-value`.
    Negate(Box<ScriptExpr>),
    /// A function of arguments.
    Call {
        /// The function.
        function: Function,
        /// Its arguments, as many as [`Function::arity`] allows.
        arguments: Vec<ScriptExpr>,
    },
}

/// A comparison of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<` and its kin.
    Range(RangeOp),
}

/// An operation on numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, of whole numbers towards zero.
    Divide,
    /// `%`, with the sign of the dividend.
    Modulo,
}

impl ScriptExpr {
    /// Calls `visit` with the name of each field, perhaps more than once.
    pub fn for_each_field<'e>(&'e self, visit: &mut impl FnMut(&'e Arc<str>)) {
        match self {
            Self::Constant(_) => {}
            Self::Field(name) => visit(name),
            Self::Compare { left, right, .. } | Self::Arithmetic { left, right, .. } => {
                left.for_each_field(visit);
                right.for_each_field(visit);
            }
            Self::IsNull(value) | Self::Not(value) | Self::Negate(value) | Self::Matches { value, .. } => {
                value.for_each_field(visit);
            }
            Self::In { value, list } => {
                value.for_each_field(visit);
                list.iter().for_each(|item| item.for_each_field(visit));
            }
            Self::And(all) | Self::Or(all) | Self::Call { arguments: all, .. } => {
                all.iter().for_each(|one| one.for_each_field(visit));
            }
        }
    }

    /// Feeds a hasher with what most of them differ in.
    pub(crate) fn hash_most<H: Hasher>(&self, state: &mut H) {
        core::mem::discriminant(self).hash(state);
        match self {
            Self::Constant(constant) => constant.text().hash(state),
            Self::Field(name) => name.hash(state),
            Self::Compare { op, left, right } => {
                op.hash(state);
                left.hash_most(state);
                right.hash_most(state);
            }
            Self::Arithmetic { op, left, right } => {
                op.hash(state);
                left.hash_most(state);
                right.hash_most(state);
            }
            Self::IsNull(value) | Self::Not(value) | Self::Negate(value) => value.hash_most(state),
            Self::Matches { value, patterns } => {
                value.hash_most(state);
                patterns.iter().for_each(|pattern| pattern.hash_most(state));
            }
            Self::In { value, list } => {
                value.hash_most(state);
                list.iter().for_each(|item| item.hash_most(state));
            }
            Self::And(all) | Self::Or(all) => all.iter().for_each(|one| one.hash_most(state)),
            Self::Call { function, arguments } => {
                function.hash(state);
                arguments.iter().for_each(|argument| argument.hash_most(state));
            }
        }
    }

    /// The fields without a value of which it cannot be true.
    pub(crate) fn needs(&self) -> BTreeSet<&str> {
        match self {
            Self::And(all) => all.iter().flat_map(Self::needs).collect(),
            Self::Or(all) => {
                let each = all.iter().map(Self::needs);
                each.reduce(|one, other| one.intersection(&other).copied().collect()).unwrap_or_default()
            }
            Self::Not(value) => value.is_null_without(),
            other => other.is_null_without(),
        }
    }

    /// The fields without a value of which it is `null`.
    fn is_null_without(&self) -> BTreeSet<&str> {
        match self {
            Self::Field(name) => BTreeSet::from([&**name]),
            Self::Compare { left, right, .. } | Self::Arithmetic { left, right, .. } => {
                &left.is_null_without() | &right.is_null_without()
            }
            Self::Not(value) | Self::Negate(value) | Self::In { value, .. } | Self::Matches { value, .. } => {
                value.is_null_without()
            }
            Self::Call { function, arguments } => {
                let counted = arguments.iter().take(function.strict_arguments());
                counted.flat_map(Self::is_null_without).collect()
            }
            Self::Constant(_) | Self::IsNull(_) | Self::And(_) | Self::Or(_) => BTreeSet::new(),
        }
    }
}
