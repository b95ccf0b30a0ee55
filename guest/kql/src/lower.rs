//! Syntax tree to conditions on slots: what is not supported is refused here, what is constant is
//! worked out, and values that are alternatives for one field come together.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::ast::{Node, NodeKind, Span, Term, TermKind};
use crate::error::{Construct, Error, ErrorKind};
use crate::program::Slot;
use crate::value::bool_text;
use crate::wildcard::Wildcard;

/// A query, reduced to tests of slots. `Const` stands alone, `And` and `Or` have two or more
/// operands and none of their own kind, `Not` holds a leaf, an `And` or an `Or`.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Const(bool),
    Leaf(Leaf),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

/// A test of one slot.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) slot: Slot,
    pub(crate) test: Test,
}

/// What a value of the slot must be.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Exists,
    OneOf(OneOf),
}

/// Texts and patterns, of which a value must meet one.
#[derive(Clone, Debug, Default)]
pub(crate) struct OneOf {
    /// Sorted by length, then bytes, once the set is [sealed](OneOf::seal).
    pub(crate) texts: Vec<Box<str>>,
    pub(crate) patterns: Vec<Wildcard>,
}

impl OneOf {
    fn text(text: &str) -> Self {
        Self { texts: vec![text.into()], patterns: Vec::new() }
    }

    fn pattern(pieces: &[alloc::string::String]) -> Self {
        Self { texts: Vec::new(), patterns: vec![Wildcard::new(pieces)] }
    }

    fn add(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.patterns.extend(other.patterns);
    }

    fn seal(&mut self) {
        self.texts.sort_unstable_by(|a, b| order(a, b));
        self.texts.dedup();
    }

    /// Is one of the texts `text`, or does one of the patterns match it?
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.texts.binary_search_by(|one| order(one, text)).is_ok()
            || self.patterns.iter().any(|pattern| pattern.matches(text))
    }
}

/// Lengths first: most comparisons need no look at the bytes.
fn order(a: &str, b: &str) -> core::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Reduces a tree, asking `slot` for the slot of each field.
pub(crate) fn lower(node: &Node, slot: &mut dyn FnMut(&str) -> Slot) -> Result<Expr, Error> {
    match &node.kind {
        NodeKind::And(nodes) => Ok(and(lower_all(nodes, slot)?)),
        NodeKind::Or(nodes) => Ok(or(lower_all(nodes, slot)?)),
        NodeKind::Not(negated) => Ok(not(lower(negated, slot)?)),
        NodeKind::Is { field, value } => is(field.as_deref(), value, node.span, slot),
        NodeKind::Range { .. } => Err(unsupported(Construct::Range, node.span)),
        NodeKind::Nested { .. } => Err(unsupported(Construct::Nested, node.span)),
    }
}

const fn unsupported(construct: Construct, span: Span) -> Error {
    let kind = ErrorKind::Unsupported(construct);
    Error { kind, span }
}

fn lower_all(nodes: &[Node], slot: &mut dyn FnMut(&str) -> Slot) -> Result<Vec<Expr>, Error> {
    nodes.iter().map(|node| lower(node, slot)).collect()
}

fn is(field: Option<&Term>, value: &Term, span: Span, slot: &mut dyn FnMut(&str) -> Slot) -> Result<Expr, Error> {
    let name = match field.map(|field| (field, &field.kind)) {
        // A field name of unquoted `null` is the same to Kibana as none.
        None | Some((_, TermKind::Null)) => {
            // A bare `*` looks for anything in any field.
            return if value.is_lone_star() {
                Ok(Expr::Const(true))
            } else {
                Err(unsupported(Construct::BareValue, span))
            };
        }
        Some((field, TermKind::Wildcard(_))) => {
            return if field.is_lone_star() && value.is_lone_star() {
                Ok(Expr::Const(true))
            } else {
                Err(unsupported(Construct::FieldWildcard, field.span))
            };
        }
        Some((_, TermKind::Text { text, .. })) => text,
        Some((_, TermKind::Bool(value))) => bool_text(*value),
    };
    let test = match &value.kind {
        TermKind::Text { text, .. } => Test::OneOf(OneOf::text(text)),
        TermKind::Bool(value) => Test::OneOf(OneOf::text(bool_text(*value))),
        TermKind::Wildcard(_) if value.is_lone_star() => Test::Exists,
        TermKind::Wildcard(pieces) => Test::OneOf(OneOf::pattern(pieces)),
        TermKind::Null => return Err(unsupported(Construct::Null, value.span)),
    };
    let slot = slot(name);
    Ok(Expr::Leaf(Leaf { slot, test }))
}

fn not(expr: Expr) -> Expr {
    match expr {
        Expr::Const(value) => Expr::Const(!value),
        Expr::Not(inner) => *inner,
        other => Expr::Not(Box::new(other)),
    }
}

fn and(operands: Vec<Expr>) -> Expr {
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

fn or(operands: Vec<Expr>) -> Expr {
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

/// The operands of an `or`, with one set of values for each slot.
#[derive(Default)]
struct Alternatives {
    exprs: Vec<Expr>,
    sets: BTreeMap<Slot, usize>,
}

impl Alternatives {
    fn add(&mut self, expr: Expr) {
        let Expr::Leaf(Leaf { slot, test: Test::OneOf(values) }) = expr else {
            return self.exprs.push(expr);
        };
        let known = self.sets.get(&slot).and_then(|&at| self.exprs.get_mut(at));
        if let Some(Expr::Leaf(Leaf { test: Test::OneOf(known), .. })) = known {
            known.add(values);
        } else {
            self.sets.insert(slot, self.exprs.len());
            let test = Test::OneOf(values);
            self.exprs.push(Expr::Leaf(Leaf { slot, test }));
        }
    }

    fn into_expr(mut self) -> Expr {
        for expr in &mut self.exprs {
            if let Expr::Leaf(Leaf { test: Test::OneOf(values), .. }) = expr {
                values.seal();
            }
        }
        if self.exprs.len() > 1 {
            return Expr::Or(self.exprs);
        }
        self.exprs.pop().unwrap_or(Expr::Const(false))
    }
}
