//! Operands: constants, fields, calls and parentheses.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use firstseen_query::Span;

use super::condition::Part;
use super::{Parser, Read, fail};
use crate::ast::{Constant, ExprKind, Field, Literal, MatchOp};
use crate::error::{ErrorKind, Expected};
use crate::token::{Fixed, Token, TokenKind};

impl Parser<'_> {
    pub(super) fn operand(&mut self) -> Read<Part> {
        if let Some(Constant { literal, span }) = self.constant()? {
            return Ok(Part::leaf(ExprKind::Literal(literal), span));
        }
        match self.token.kind {
            TokenKind::Fixed(Fixed::OpenParen) => self.group(),
            TokenKind::Fixed(Fixed::Optional) | TokenKind::QuotedName(_) => self.field(),
            TokenKind::Name => self.named(),
            TokenKind::FunctionName => {
                let name = self.bump()?;
                self.call(&name)
            }
            _ => self.unexpected(Expected::OPERAND),
        }
    }

    fn group(&mut self) -> Read<Part> {
        let open = self.bump()?.span;
        self.open(open)?;
        let mut part = self.condition()?;
        let close = self.need(Fixed::CloseParen, Expected::CLOSE_PAREN)?;
        self.close();
        part.outer = Span::new(open.start, close.end);
        Ok(part)
    }

    /// What starts with a plain name: a call or a field.
    fn named(&mut self) -> Read<Part> {
        let name = self.bump()?;
        if self.is(Fixed::OpenParen, Expected::OPERATOR) {
            return self.call(&name);
        }
        if self.is(Fixed::Of, Expected::default()) {
            return fail(ErrorKind::Relation, name.span);
        }
        let first = String::from(self.cut(name.span));
        self.path(first, false, name.span)
    }

    fn field(&mut self) -> Read<Part> {
        let start = self.token.span;
        let optional = self.take(Fixed::Optional, Expected::OPERAND)?.is_some();
        let first = self.name()?;
        self.path(first, optional, start)
    }

    /// What follows the first part of a field's name. The whole starts where `start` does.
    fn path(&mut self, mut name: String, optional: bool, start: Span) -> Read<Part> {
        while self.take(Fixed::Dot, Expected::OPERATOR)?.is_some() {
            name.push('.');
            name.push_str(&self.name()?);
        }
        let span = Span::new(start.start, self.previous.end);
        if self.is(Fixed::OpenBracket, Expected::default()) && self.lexer.number_follows() {
            self.bump()?;
            return fail(ErrorKind::ArrayIndex, self.token.span);
        }
        self.count_leaf(span)?;
        Ok(Part::leaf(ExprKind::Field(Field { name, optional, span }), span))
    }

    /// One part of a field's name.
    fn name(&mut self) -> Read<String> {
        if !matches!(self.token.kind, TokenKind::Name | TokenKind::QuotedName(_)) {
            return self.unexpected(Expected::NAME);
        }
        let token = self.bump()?;
        match token.kind {
            TokenKind::QuotedName(name) => Ok(name),
            _ => Ok(String::from(self.cut(token.span))),
        }
    }

    /// What follows the name of a function.
    fn call(&mut self, name: &Token) -> Read<Part> {
        let word = self.cut(name.span);
        let (word, ignore_case) = word.strip_suffix('~').map_or((word, false), |word| (word, true));
        let open = self.need(Fixed::OpenParen, Expected::OPEN_PAREN)?;
        let (arguments, below, end) = match self.take(Fixed::CloseParen, Expected::CLOSE_PAREN)? {
            Some(close) => (Vec::new(), 0, close.end),
            None => self.conditions(open)?,
        };
        let span = Span::new(name.span.start, end);
        let kind = ExprKind::Call { name: String::from(word), ignore_case, arguments };
        self.node(kind, span, below + 1, name.span)
    }

    /// What a text is matched with. Nothing but constants.
    pub(super) fn pattern(&mut self, op: MatchOp) -> Read<Constant> {
        if let Some(constant) = self.constant()? {
            return Ok(constant);
        }
        match self.token.kind {
            TokenKind::Name
            | TokenKind::FunctionName
            | TokenKind::QuotedName(_)
            | TokenKind::Fixed(Fixed::Optional | Fixed::Minus | Fixed::Plus | Fixed::OpenParen) => {
                fail(ErrorKind::NoConstant { op: op.symbol() }, self.token.span)
            }
            _ => self.unexpected(Expected::CONSTANT),
        }
    }

    /// Reads a constant, if it is one.
    fn constant(&mut self) -> Read<Option<Constant>> {
        let literal = match &mut self.token.kind {
            TokenKind::Fixed(Fixed::Null) => Literal::Null,
            TokenKind::Fixed(Fixed::True) => Literal::Bool(true),
            TokenKind::Fixed(Fixed::False) => Literal::Bool(false),
            TokenKind::String(text) => Literal::String(mem::take(text)),
            TokenKind::Integer | TokenKind::Decimal => self.number()?,
            _ => return Ok(None),
        };
        let span = self.bump()?.span;
        self.count_leaf(span)?;
        Ok(Some(Constant { literal, span }))
    }

    /// The number that is to be read next; it is not read yet.
    pub(super) fn number(&self) -> Read<Literal> {
        let digits = self.cut(self.token.span);
        let whole = match self.token.kind {
            TokenKind::Integer => whole(digits),
            _ => None,
        };
        match whole.or_else(|| digits.parse().ok().filter(|number: &f64| number.is_finite()).map(Literal::Double)) {
            Some(number) => Ok(number),
            None => fail(ErrorKind::NumberTooLarge, self.token.span),
        }
    }
}

/// A whole number of the first type that holds it; none if it has more than 64 bits.
fn whole(digits: &str) -> Option<Literal> {
    let int = digits.parse().map(Literal::Int);
    let long = || digits.parse().map(Literal::Long);
    let unsigned = || digits.parse().map(Literal::UnsignedLong);
    int.or_else(|_| long()).or_else(|_| unsigned()).ok()
}
