//! Pipes.

use firstseen_query::Span;

use super::{Parser, Read, fail};
use crate::ast::{ExprKind, Literal, Pipe};
use crate::error::{ErrorKind, Expected};
use crate::token::{Fixed, TokenKind};

/// Pipes that Elasticsearch knows by name and refuses.
const UNSUPPORTED: [&str; 5] = ["count", "filter", "sort", "unique", "unique_count"];

impl Parser<'_> {
    /// What follows the `|` at `start`.
    pub(super) fn pipe(&mut self, start: Span) -> Read<Pipe> {
        if self.token.kind != TokenKind::Name {
            return self.unexpected(Expected::PIPE_NAME);
        }
        let name = self.token.span;
        let span = Span::new(start.start, name.end);
        let pipe: fn(u64) -> Pipe = match self.cut(name) {
            "head" => Pipe::Head,
            "tail" => Pipe::Tail,
            other => match UNSUPPORTED.into_iter().find(|known| *known == other) {
                Some(name) => return fail(ErrorKind::UnsupportedPipe { name }, span),
                None => return fail(ErrorKind::UnknownPipe, name),
            },
        };
        self.bump()?;
        self.count_of_results(span).map(pipe)
    }

    fn count_of_results(&mut self, pipe: Span) -> Read<u64> {
        if matches!(self.token.kind, TokenKind::End | TokenKind::Fixed(Fixed::Pipe)) {
            return fail(ErrorKind::PipeArguments, pipe);
        }
        let argument = self.condition()?;
        if self.is(Fixed::Comma, Expected::default()) {
            return fail(ErrorKind::PipeArguments, pipe);
        }
        let count = match argument.expr.kind {
            ExprKind::Literal(Literal::Int(count)) => u64::try_from(count).ok(),
            _ => None,
        };
        match count {
            Some(count) => Ok(count),
            None => fail(ErrorKind::PipeCount, argument.outer),
        }
    }
}
