//! Text to syntax tree.
//!
//! The grammar is Elasticsearch's. One token tells what comes next, so reading once from left to
//! right gives the same trees, and the first token that cannot stand where it does is the place
//! of an error. Loops stand where a tree grows to the left or by single tokens: only what opens
//! is read by recursion.

mod condition;
mod operand;
mod pipe;
mod sequence;

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use firstseen_query::{Limit, MAX_DEPTH, MAX_LEAVES, MAX_QUERY_BYTES, Span, forbidden};

use crate::ast::{EventFilter, Query, QueryKind};
use crate::check::check;
use crate::error::{Error, ErrorKind, Expected, Found};
use crate::lex::Lexer;
use crate::token::{Fixed, Token, TokenKind};

/// Parses a query as Elasticsearch does, and makes the checks that need no mapping.
///
/// # Errors
///
/// Text that Elasticsearch's grammar does not allow, sequences, samples and pipes that it refuses,
/// invisible characters (see [`ErrorKind::ForbiddenCharacter`]), or a query beyond
/// [`MAX_QUERY_BYTES`], [`MAX_DEPTH`] or [`MAX_LEAVES`]. A syntax error starts at the token where
/// Elasticsearch's parser reports it. Fields, functions and types are not looked at.
pub fn parse(query: &str) -> Result<Query, Error> {
    if query.len() > MAX_QUERY_BYTES {
        let span = Span::new(MAX_QUERY_BYTES, query.len());
        return Err(Error::new(ErrorKind::Limit(Limit::Length), span));
    }
    if let Some((at, c)) = forbidden(query) {
        let span = Span::new(at, at + c.len_utf8());
        return Err(Error::new(ErrorKind::ForbiddenCharacter(c), span));
    }
    Parser::new(query)?.query()
}

type Read<T> = Result<T, Error>;

fn fail<T>(kind: ErrorKind, span: Span) -> Read<T> {
    Err(Error::new(kind, span))
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// The token that is to be read next.
    token: Token,
    /// Where the one before it stands.
    previous: Span,
    /// What could have stood at the token, of all that was asked for there.
    expected: Expected,
    /// Parentheses that are open.
    open: usize,
    leaves: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Read<Self> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next()?;
        let previous = Span::default();
        Ok(Self { text, lexer, token, previous, expected: Expected::default(), open: 0, leaves: 0 })
    }

    fn query(&mut self) -> Read<Query> {
        let kind = match self.token.kind {
            TokenKind::Fixed(Fixed::Sequence) => QueryKind::Sequence(self.sequence()?),
            TokenKind::Fixed(Fixed::Sample) => QueryKind::Sample(self.sample()?),
            TokenKind::Fixed(Fixed::Join) => return fail(ErrorKind::Join, self.token.span),
            _ => QueryKind::Event(self.event()?),
        };
        let mut pipes = Vec::new();
        while let Some(start) = self.take(Fixed::Pipe, Expected::PIPE)? {
            pipes.push(self.pipe(start)?);
        }
        if self.token.kind != TokenKind::End {
            return self.unexpected(Expected::END);
        }
        // Elasticsearch looks at the whole text before it asks what it means.
        check(&kind)?;
        Ok(Query { kind, pipes })
    }

    fn event(&mut self) -> Read<EventFilter> {
        let start = self.token.span.start;
        let category = self.category()?;
        self.need(Fixed::Where, Expected::WHERE)?;
        let condition = self.condition()?;
        let span = Span::new(start, condition.outer.end);
        Ok(EventFilter { category, condition: condition.expr, span })
    }

    fn category(&mut self) -> Read<Option<String>> {
        if self.take(Fixed::Any, Expected::CATEGORY)?.is_some() {
            return Ok(None);
        }
        if !matches!(self.token.kind, TokenKind::Name | TokenKind::String(_)) {
            return self.unexpected(Expected::CATEGORY);
        }
        let token = self.bump()?;
        match token.kind {
            TokenKind::String(category) => Ok(Some(category)),
            _ => Ok(Some(String::from(self.cut(token.span)))),
        }
    }

    /// The text at a place.
    fn cut(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Goes on to the next token, and gives the one that was to be read.
    fn bump(&mut self) -> Read<Token> {
        let next = self.lexer.next()?;
        self.previous = self.token.span;
        self.expected = Expected::default();
        Ok(mem::replace(&mut self.token, next))
    }

    /// Is it this one? `expected` says what it is called.
    fn is(&mut self, fixed: Fixed, expected: Expected) -> bool {
        self.expected = self.expected.and(expected);
        self.token.kind == TokenKind::Fixed(fixed)
    }

    /// Reads it if it is this one: where it stood.
    fn take(&mut self, fixed: Fixed, expected: Expected) -> Read<Option<Span>> {
        if self.is(fixed, expected) { self.bump().map(|token| Some(token.span)) } else { Ok(None) }
    }

    /// Reads it, which must be this one: where it stood.
    fn need(&mut self, fixed: Fixed, expected: Expected) -> Read<Span> {
        match self.take(fixed, expected)? {
            Some(span) => Ok(span),
            None => self.unexpected(expected),
        }
    }

    /// Goes into parentheses that open at `at`.
    fn open(&mut self, at: Span) -> Read<()> {
        if self.open == MAX_DEPTH {
            return fail(ErrorKind::Limit(Limit::Depth), at);
        }
        self.open += 1;
        Ok(())
    }

    /// Leaves them. Where reading fails they stay open, which nobody sees.
    const fn close(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    fn count_leaf(&mut self, span: Span) -> Read<()> {
        if self.leaves == MAX_LEAVES {
            return fail(ErrorKind::Limit(Limit::Leaves), span);
        }
        self.leaves += 1;
        Ok(())
    }

    /// The token cannot stand here.
    fn unexpected<T>(&mut self, expected: Expected) -> Read<T> {
        let span = self.token.span;
        let miscased = |span: Span| Fixed::miscased(self.cut(span)).map(|keyword| (keyword, span));
        let before = self.text.get(self.previous.start..span.end).unwrap_or_default();
        if let Some((keyword, span)) = miscased(span) {
            return fail(ErrorKind::KeywordCase { keyword }, span);
        }
        if let Some((found, instead)) = foreign(before, &self.token.kind) {
            return fail(ErrorKind::WriteInstead { found, instead }, span);
        }
        if before == "/*" {
            return fail(ErrorKind::UnclosedComment, span);
        }
        // What follows a keyword has followed a name here.
        if let Some((keyword, span)) = miscased(self.previous) {
            return fail(ErrorKind::KeywordCase { keyword }, span);
        }
        let found = match &self.token.kind {
            TokenKind::Fixed(fixed) if fixed.is_keyword() => Found::Keyword(fixed.text()),
            TokenKind::Fixed(fixed) => Found::Symbol(fixed.text()),
            TokenKind::Name | TokenKind::QuotedName(_) => Found::Name,
            TokenKind::FunctionName => Found::FunctionName,
            TokenKind::String(_) => Found::String,
            TokenKind::Integer | TokenKind::Decimal => Found::Number,
            TokenKind::End => Found::End,
        };
        let expected = self.expected.and(expected);
        fail(ErrorKind::Unexpected { found, expected }, span)
    }
}

/// An operator of other languages that ends with a token, and what EQL has instead. `before` is
/// the text from the token before it on.
fn foreign(before: &str, token: &TokenKind) -> Option<(&'static str, &'static str)> {
    match (before, token) {
        ("===", _) => Some(("===", "==")),
        ("<>", _) => Some(("<>", "!=")),
        ("||", _) => Some(("||", "or")),
        (_, TokenKind::Fixed(Fixed::Assign)) => Some(("=", "==")),
        _ => None,
    }
}
