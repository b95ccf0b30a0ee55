//! Sequences and samples.

use alloc::vec::Vec;

use firstseen_query::Span;

use super::{Parser, Read, fail};
use crate::ast::{ExprKind, Field, Item, Literal, Sample, Sequence};
use crate::error::{ErrorKind, Expected};
use crate::token::{Fixed, TokenKind};

/// The most times that an item may be asked for in a row.
const MAX_RUNS: u32 = 100;

impl Parser<'_> {
    pub(super) fn sequence(&mut self) -> Read<Sequence> {
        let keyword = self.bump()?.span;
        let by = self.keys()?;
        let maxspan_ms = match self.take(Fixed::With, Expected::WITH)? {
            Some(_) => Some(self.maxspan_ms()?),
            None => None,
        };
        if maxspan_ms.is_some() && by.is_empty() && self.is(Fixed::By, Expected::default()) {
            return fail(ErrorKind::ByAfterWith, keyword);
        }
        let items = self.items(Self::sequence_item)?;
        let until = match self.take(Fixed::Until, Expected::UNTIL)? {
            Some(_) => Some(self.sequence_item()?),
            None => None,
        };
        let span = Span::new(keyword.start, self.previous.end);
        Ok(Sequence { by, maxspan_ms, items, until, span })
    }

    pub(super) fn sample(&mut self) -> Read<Sample> {
        let keyword = self.bump()?.span;
        let by = self.keys()?;
        let items = self.items(Self::item)?;
        let span = Span::new(keyword.start, self.previous.end);
        Ok(Sample { by, items, span })
    }

    /// One item and any more.
    fn items(&mut self, item: fn(&mut Self) -> Read<Item>) -> Read<Vec<Item>> {
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            let more = self.is(Fixed::OpenBracket, Expected::ITEM) || self.is(Fixed::OpenMissing, Expected::ITEM);
            if !more {
                return Ok(items);
            }
        }
    }

    fn sequence_item(&mut self) -> Read<Item> {
        let mut item = self.item()?;
        if self.take(Fixed::With, Expected::WITH)?.is_some() {
            item.runs = self.runs()?;
            item.span.end = self.previous.end;
        }
        Ok(item)
    }

    /// `[ … ] by …`
    fn item(&mut self) -> Read<Item> {
        let start = self.token.span.start;
        let missing = self.take(Fixed::OpenMissing, Expected::ITEM)?.is_some();
        if !missing {
            self.need(Fixed::OpenBracket, Expected::ITEM)?;
        }
        let filter = self.event()?;
        self.need(Fixed::CloseBracket, Expected::CLOSE_BRACKET)?;
        let by = self.keys()?;
        let span = Span::new(start, self.previous.end);
        Ok(Item { filter, by, missing, runs: 1, span })
    }

    /// `by …`, if it stands here.
    fn keys(&mut self) -> Read<Vec<Field>> {
        let mut keys = Vec::new();
        if self.take(Fixed::By, Expected::BY)?.is_none() {
            return Ok(keys);
        }
        loop {
            let key = self.condition()?;
            match key.expr.kind {
                ExprKind::Field(field) => keys.push(field),
                _ => return fail(ErrorKind::KeyIsNoField, key.outer),
            }
            if self.take(Fixed::Comma, Expected::COMMA)?.is_none() {
                return Ok(keys);
            }
        }
    }

    /// `maxspan=…`
    fn maxspan_ms(&mut self) -> Read<u64> {
        self.need(Fixed::Maxspan, Expected::MAXSPAN)?;
        let (count, at) = self.setting()?;
        let count = match count {
            Literal::Int(count) => i64::from(count),
            Literal::Long(count) => count,
            _ if self.cut(at).bytes().all(|byte| byte.is_ascii_digit()) => return fail(ErrorKind::MaxspanTooLong, at),
            _ => return fail(ErrorKind::MaxspanNumber, at),
        };
        if count == 0 {
            return fail(ErrorKind::MaxspanNumber, at);
        }
        if self.token.kind != TokenKind::Name {
            return fail(ErrorKind::MaxspanUnit, at);
        }
        let unit = self.bump()?.span;
        let unit_ms: i64 = match self.cut(unit) {
            "ms" => 1,
            "s" => 1000,
            "m" => 60 * 1000,
            "h" => 60 * 60 * 1000,
            "d" => 24 * 60 * 60 * 1000,
            _ => return fail(ErrorKind::MaxspanUnit, unit),
        };
        match count.checked_mul(unit_ms).and_then(|span_ms| u64::try_from(span_ms).ok()) {
            Some(span_ms) => Ok(span_ms),
            None => fail(ErrorKind::MaxspanTooLong, at),
        }
    }

    /// `runs=…`
    fn runs(&mut self) -> Read<u32> {
        if self.token.kind != TokenKind::Name {
            return self.unexpected(Expected::RUNS);
        }
        let name = self.bump()?.span;
        let (count, at) = self.setting()?;
        if self.cut(name) != "runs" {
            return fail(ErrorKind::UnknownSetting, name);
        }
        let runs = match count {
            Literal::Int(runs) => u32::try_from(runs).ok().filter(|runs| (1..=MAX_RUNS).contains(runs)),
            _ => None,
        };
        match runs {
            Some(runs) => Ok(runs),
            None => fail(ErrorKind::Runs { most: MAX_RUNS }, at),
        }
    }

    /// `=` and a number: which, and where.
    fn setting(&mut self) -> Read<(Literal, Span)> {
        self.need(Fixed::Assign, Expected::ASSIGN)?;
        if !matches!(self.token.kind, TokenKind::Integer | TokenKind::Decimal) {
            return self.unexpected(Expected::NUMBER);
        }
        let number = self.number()?;
        let span = self.bump()?.span;
        Ok((number, span))
    }
}
