//! Conditions: what operators make of operands.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use firstseen_query::{Limit, MAX_DEPTH, Span};

use super::{Parser, Read, fail};
use crate::ast::{ArithmeticOp, CompareOp, Expr, ExprKind, MatchOp};
use crate::error::{ErrorKind, Expected};
use crate::token::{Fixed, TokenKind};

/// A part of a condition.
pub(super) struct Part {
    pub(super) expr: Expr,
    /// Where it stands with the parentheses and signs around it that leave no trace.
    pub(super) outer: Span,
    /// How many levels of the tree are below it.
    pub(super) height: usize,
}

impl Part {
    pub(super) const fn leaf(kind: ExprKind, span: Span) -> Self {
        Self { expr: Expr { kind, span }, outer: span, height: 0 }
    }
}

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Read<Part> {
        self.chain(Fixed::Or, Expected::OR, Self::and)
    }

    fn and(&mut self) -> Read<Part> {
        self.chain(Fixed::And, Expected::AND, Self::not)
    }

    /// One operand, or several joined by a keyword.
    fn chain(&mut self, word: Fixed, expected: Expected, operand: fn(&mut Self) -> Read<Part>) -> Read<Part> {
        let first = operand(self)?;
        let Some(joint) = self.take(word, expected)? else { return Ok(first) };
        let mut span = first.outer;
        let (mut operands, mut height) = flattened(first, word);
        loop {
            let next = operand(self)?;
            span.end = next.outer.end;
            height = height.max(next.height + 1);
            operands.push(next.expr);
            if self.take(word, expected)?.is_none() {
                break;
            }
        }
        let kind = if word == Fixed::Or { ExprKind::Or(operands) } else { ExprKind::And(operands) };
        self.node(kind, span, height, joint)
    }

    fn not(&mut self) -> Read<Part> {
        let mut nots = Vec::new();
        while let Some(at) = self.take(Fixed::Not, Expected::NOT)? {
            self.push_prefix(&mut nots, at)?;
        }
        let operand = self.comparison()?;
        self.prefixed(nots, operand, ExprKind::Not)
    }

    fn comparison(&mut self) -> Read<Part> {
        let left = self.sum()?;
        let Some((op, at)) = self.operator(compare_op, Expected::OPERATOR)? else { return Ok(left) };
        let right = self.sum()?;
        if let TokenKind::Fixed(fixed) = self.token.kind
            && compare_op(fixed).is_some()
        {
            return fail(ErrorKind::ChainedComparison, self.token.span);
        }
        self.binary(at, left, right, |left, right| ExprKind::Compare { op, left, right })
    }

    fn sum(&mut self) -> Read<Part> {
        self.arithmetic(additive_op, Self::product)
    }

    fn product(&mut self) -> Read<Part> {
        self.arithmetic(multiplicative_op, Self::sign)
    }

    /// Operands of one level, from the left: each operator makes the tree one level higher.
    fn arithmetic(
        &mut self,
        op: fn(Fixed) -> Option<ArithmeticOp>,
        operand: fn(&mut Self) -> Read<Part>,
    ) -> Read<Part> {
        let mut left = operand(self)?;
        while let Some((op, at)) = self.operator(op, Expected::OPERATOR)? {
            let right = operand(self)?;
            left = self.binary(at, left, right, |left, right| ExprKind::Arithmetic { op, left, right })?;
        }
        Ok(left)
    }

    fn sign(&mut self) -> Read<Part> {
        let start = self.token.span.start;
        let mut minuses = Vec::new();
        loop {
            if let Some(at) = self.take(Fixed::Minus, Expected::OPERAND)? {
                self.push_prefix(&mut minuses, at)?;
            } else if self.take(Fixed::Plus, Expected::OPERAND)?.is_none() {
                break;
            }
        }
        let operand = self.predicated()?;
        let mut signed = self.prefixed(minuses, operand, ExprKind::Negate)?;
        signed.outer.start = start;
        Ok(signed)
    }

    /// An operand, and what may be asked of it: lists and patterns.
    fn predicated(&mut self) -> Read<Part> {
        let value = self.operand()?;
        if let Some(at) = self.take(Fixed::Not, Expected::OPERATOR)? {
            let start = value.outer.start;
            let Some((ignore_case, _)) = self.operator(in_op, Expected::IN)? else {
                return self.not_in_wanted();
            };
            let found = self.within(value, ignore_case, at)?;
            let span = Span::new(start, found.outer.end);
            return self.node(ExprKind::Not(Box::new(found.expr)), span, found.height + 1, at);
        }
        if let Some((ignore_case, at)) = self.operator(in_op, Expected::OPERATOR)? {
            return self.within(value, ignore_case, at);
        }
        match self.operator(match_op, Expected::OPERATOR)? {
            Some((op, at)) => self.matched(value, op, at),
            None => Ok(value),
        }
    }

    fn not_in_wanted<T>(&mut self) -> Read<T> {
        match self.token.kind {
            TokenKind::Fixed(fixed) if match_op(fixed).is_some() => {
                fail(ErrorKind::NotBeforeMatch { op: fixed.text() }, self.token.span)
            }
            _ => self.unexpected(Expected::IN),
        }
    }

    /// The list of `in`; `at` is the operator.
    fn within(&mut self, value: Part, ignore_case: bool, at: Span) -> Read<Part> {
        let open = self.need(Fixed::OpenParen, Expected::OPEN_PAREN)?;
        let (list, below, end) = self.conditions(open)?;
        let span = Span::new(value.outer.start, end);
        let height = below.max(value.height) + 1;
        self.node(ExprKind::In { value: Box::new(value.expr), list, ignore_case }, span, height, at)
    }

    /// Conditions and commas up to a parenthesis, at least one; how high they are; where they end.
    pub(super) fn conditions(&mut self, open: Span) -> Read<(Vec<Expr>, usize, usize)> {
        self.open(open)?;
        let (mut list, mut height) = (Vec::new(), 0);
        loop {
            let part = self.condition()?;
            height = height.max(part.height);
            list.push(part.expr);
            if self.take(Fixed::Comma, Expected::COMMA)?.is_none() {
                break;
            }
        }
        let close = self.need(Fixed::CloseParen, Expected::CLOSE_PAREN)?;
        self.close();
        Ok((list, height, close.end))
    }

    /// The constants that are matched with.
    fn matched(&mut self, value: Part, op: MatchOp, at: Span) -> Read<Part> {
        let mut patterns = Vec::new();
        let end = if self.take(Fixed::OpenParen, Expected::OPEN_PAREN)?.is_some() {
            loop {
                patterns.push(self.pattern(op)?);
                if self.take(Fixed::Comma, Expected::COMMA)?.is_none() {
                    break;
                }
            }
            self.need(Fixed::CloseParen, Expected::CLOSE_PAREN)?.end
        } else {
            let pattern = self.pattern(op)?;
            let end = pattern.span.end;
            patterns.push(pattern);
            end
        };
        let span = Span::new(value.outer.start, end);
        let height = value.height + 1;
        self.node(ExprKind::Match { op, value: Box::new(value.expr), patterns }, span, height, at)
    }

    /// Reads an operator of a kind: which one, and where.
    fn operator<T>(&mut self, of: fn(Fixed) -> Option<T>, expected: Expected) -> Read<Option<(T, Span)>> {
        self.expected = self.expected.and(expected);
        let TokenKind::Fixed(fixed) = self.token.kind else { return Ok(None) };
        match of(fixed) {
            Some(op) => self.bump().map(|token| Some((op, token.span))),
            None => Ok(None),
        }
    }

    /// One more `not` or `-` ahead of an operand. They are counted at once: there may be many.
    fn push_prefix(&self, prefixes: &mut Vec<Span>, at: Span) -> Read<()> {
        if prefixes.len() == MAX_DEPTH {
            return fail(ErrorKind::Limit(Limit::Depth), at);
        }
        prefixes.push(at);
        Ok(())
    }

    fn prefixed(&self, prefixes: Vec<Span>, operand: Part, kind: fn(Box<Expr>) -> ExprKind) -> Read<Part> {
        prefixes.into_iter().rev().try_fold(operand, |operand, at| {
            let span = Span::new(at.start, operand.outer.end);
            self.node(kind(Box::new(operand.expr)), span, operand.height + 1, at)
        })
    }

    fn binary(
        &self,
        at: Span,
        left: Part,
        right: Part,
        kind: impl FnOnce(Box<Expr>, Box<Expr>) -> ExprKind,
    ) -> Read<Part> {
        let span = Span::new(left.outer.start, right.outer.end);
        let height = left.height.max(right.height) + 1;
        self.node(kind(Box::new(left.expr), Box::new(right.expr)), span, height, at)
    }

    /// A node of so many levels; `at` is what makes it one.
    pub(super) fn node(&self, kind: ExprKind, span: Span, height: usize, at: Span) -> Read<Part> {
        if height > MAX_DEPTH {
            return fail(ErrorKind::Limit(Limit::Depth), at);
        }
        Ok(Part { expr: Expr { kind, span }, outer: span, height })
    }
}

/// The operands that the left one of `word` stands for, and how high the tree of them is: those of
/// the same operator are one with those that follow, also from parentheses.
fn flattened(part: Part, word: Fixed) -> (Vec<Expr>, usize) {
    match (part.expr.kind, word) {
        (ExprKind::Or(operands), Fixed::Or) | (ExprKind::And(operands), Fixed::And) => (operands, part.height),
        (kind, _) => (vec![Expr { kind, span: part.expr.span }], part.height + 1),
    }
}

const fn compare_op(fixed: Fixed) -> Option<CompareOp> {
    Some(match fixed {
        Fixed::Eq => CompareOp::Eq,
        Fixed::Ne => CompareOp::Ne,
        Fixed::Lt => CompareOp::Lt,
        Fixed::Lte => CompareOp::Lte,
        Fixed::Gt => CompareOp::Gt,
        Fixed::Gte => CompareOp::Gte,
        _ => return None,
    })
}

const fn match_op(fixed: Fixed) -> Option<MatchOp> {
    Some(match fixed {
        Fixed::Colon => MatchOp::Seq,
        Fixed::Like => MatchOp::Like,
        Fixed::LikeInsensitive => MatchOp::LikeInsensitive,
        Fixed::Regex => MatchOp::Regex,
        Fixed::RegexInsensitive => MatchOp::RegexInsensitive,
        _ => return None,
    })
}

/// Whether it ignores case.
const fn in_op(fixed: Fixed) -> Option<bool> {
    match fixed {
        Fixed::In => Some(false),
        Fixed::InInsensitive => Some(true),
        _ => None,
    }
}

const fn additive_op(fixed: Fixed) -> Option<ArithmeticOp> {
    match fixed {
        Fixed::Plus => Some(ArithmeticOp::Add),
        Fixed::Minus => Some(ArithmeticOp::Subtract),
        _ => None,
    }
}

const fn multiplicative_op(fixed: Fixed) -> Option<ArithmeticOp> {
    match fixed {
        Fixed::Asterisk => Some(ArithmeticOp::Multiply),
        Fixed::Slash => Some(ArithmeticOp::Divide),
        Fixed::Percent => Some(ArithmeticOp::Modulo),
        _ => None,
    }
}
