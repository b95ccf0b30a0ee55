//! Classes of characters, in brackets.

use crate::limit::MAX_DEPTH;

use super::super::chars::Chars;
use super::super::error::{RegexError, RegexErrorKind};
use super::escape::{Escape, either_case, escape};
use super::reader::Reader;

/// Reads what follows the `[` at `place`.
pub(super) fn class(reader: &mut Reader, place: usize, depth: usize, ignore_case: bool) -> Result<Chars, RegexError> {
    Class { place, depth, ignore_case }.read(reader, true)
}

/// A class that is being read.
#[derive(Clone, Copy, Debug)]
struct Class {
    /// Where it opens.
    place: usize,
    depth: usize,
    ignore_case: bool,
}

/// What of a class was read. Java keeps single characters of Latin-1 apart, and joins them late.
#[derive(Debug, Default)]
struct Parts {
    /// All but those.
    joined: Option<Chars>,
    /// What was read last, unless that was one of those.
    last: Option<Chars>,
    /// Those single characters.
    singles: Option<Chars>,
    /// Some were intersected with something already.
    singles_are_used: bool,
}

impl Parts {
    fn join(&mut self, chars: Chars) {
        self.joined = Some(self.joined.take().unwrap_or_default().or(&chars));
        self.last = Some(chars);
    }

    /// All that was read.
    fn all(self) -> Chars {
        self.joined.unwrap_or_default().or(&self.singles.unwrap_or_default())
    }

    const fn is_empty(&self) -> bool {
        self.joined.is_none() && self.singles.is_none()
    }
}

impl Class {
    /// `whole`: the bracket that closes it is its own. What follows `&&` ends ahead of that of the
    /// class around it.
    fn read(self, reader: &mut Reader, whole: bool) -> Result<Chars, RegexError> {
        let mut parts = Parts::default();
        let negated = whole && reader.eat('^');
        loop {
            let place = reader.place();
            match reader.peek() {
                Some('[') => {
                    reader.take();
                    let inner = self.inner(place)?.read(reader, true)?;
                    parts.join(inner);
                }
                Some('&') if reader.peek_second() == Some('&') => {
                    reader.take();
                    reader.take();
                    let right = self.right(reader)?;
                    self.intersect(&mut parts, right)?;
                }
                Some(']') if !parts.is_empty() => {
                    if whole {
                        reader.take();
                    }
                    let chars = parts.all();
                    return Ok(if negated { chars.inverse() } else { chars });
                }
                None if reader.is_at_end() => return Err(self.unclosed()),
                _ => self.member(reader, &mut parts)?,
            }
        }
    }

    /// One that stands in this one.
    fn inner(self, place: usize) -> Result<Self, RegexError> {
        if self.depth >= MAX_DEPTH {
            return Err(RegexErrorKind::TooDeep.at(place));
        }
        Ok(Self { place, depth: self.depth + 1, ..self })
    }

    const fn unclosed(self) -> RegexError {
        RegexErrorKind::Unclosed('[').at(self.place)
    }

    /// What follows `&&`: classes in brackets and other members, up to a bracket or another `&`.
    fn right(self, reader: &mut Reader) -> Result<Option<Chars>, RegexError> {
        let mut right: Option<Chars> = None;
        loop {
            let place = reader.place();
            let more = match reader.peek() {
                Some(']' | '&') => return Ok(right),
                None if reader.is_at_end() => return Err(self.unclosed()),
                Some('[') => {
                    reader.take();
                    self.inner(place)?.read(reader, true)?
                }
                _ => self.inner(place)?.read(reader, false)?,
            };
            right = Some(right.unwrap_or_default().or(&more));
        }
    }

    fn intersect(self, parts: &mut Parts, right: Option<Chars>) -> Result<(), RegexError> {
        if let Some(singles) = parts.singles.take() {
            parts.singles_are_used = true;
            match parts.joined.take() {
                None => {
                    parts.last = Some(singles.clone());
                    parts.joined = Some(singles);
                }
                Some(joined) => parts.joined = Some(joined.or(&singles)),
            }
        }
        let bad = RegexErrorKind::BadClass.at(self.place);
        if right.is_some() {
            parts.last.clone_from(&right);
        }
        parts.joined = Some(match parts.joined.take() {
            None => right.ok_or(bad)?,
            Some(joined) => joined.and(parts.last.as_ref().ok_or(bad)?),
        });
        Ok(())
    }

    /// A character, a range or an escape.
    fn member(self, reader: &mut Reader, parts: &mut Parts) -> Result<(), RegexError> {
        let place = reader.place();
        let first = if reader.eat('\\') {
            let is_vertical = reader.peek() == Some('v') && reader.peek_second() == Some('-');
            match escape(reader, place, true, self.ignore_case)? {
                // As a bound of a range it is what it was once.
                Escape::Class(_) if is_vertical => '\u{b}',
                Escape::Class(chars) => {
                    parts.join(chars);
                    return Ok(());
                }
                Escape::Char(c) => c,
                Escape::Start | Escape::End | Escape::LineBreak => return Err(RegexErrorKind::BadClass.at(place)),
            }
        } else {
            reader.literal()?
        };
        let is_range = reader.peek() == Some('-') && !matches!(reader.peek_second(), Some('[' | ']'));
        if is_range {
            reader.take();
            let last = self.bound(reader)?.filter(|&last| first <= last);
            let last = last.ok_or(RegexErrorKind::BadRange.at(place))?;
            parts.join(either_case(first, last, self.ignore_case));
        } else if first > '\u{ff}' {
            parts.join(either_case(first, first, self.ignore_case));
        } else if parts.singles_are_used {
            // Java would take all single characters again, those that were intersected included.
            return Err(RegexErrorKind::Unsupported.at(place));
        } else {
            let singles = parts.singles.take().unwrap_or_default();
            parts.singles = Some(singles.or(&either_case(first, first, self.ignore_case)));
            parts.last = None;
        }
        Ok(())
    }

    /// The end of a range; none if it is no single character.
    fn bound(self, reader: &mut Reader) -> Result<Option<char>, RegexError> {
        let place = reader.place();
        if !reader.eat('\\') {
            return reader.literal().map(Some).map_err(|_| self.unclosed());
        }
        let is_vertical = reader.peek() == Some('v');
        match escape(reader, place, true, self.ignore_case)? {
            Escape::Char(c) => Ok(Some(c)),
            Escape::Class(_) if is_vertical => Ok(Some('\u{b}')),
            _ => Ok(None),
        }
    }
}
