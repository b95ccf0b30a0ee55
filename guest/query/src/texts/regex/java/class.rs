//! Classes of characters, in brackets.

use alloc::vec::Vec;

use crate::limit::MAX_DEPTH;

use super::super::chars::{Chars, Span};
use super::super::error::{RegexError, RegexErrorKind};
use super::escape::{Escape, either_case, escape};
use super::reader::Reader;

/// Reads what follows the `[` at `place`.
pub(super) fn class(reader: &mut Reader, place: usize, depth: usize, ignore_case: bool) -> Result<Chars, RegexError> {
    Class { place, depth, ignore_case }.inner(place)?.read(reader, true)
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
    joined: Option<Vec<Span>>,
    /// What was read last, unless that was one of those.
    last: Option<Chars>,
    /// Those single characters.
    singles: Option<Chars>,
    /// Some were intersected with something already.
    singles_are_used: bool,
    /// How much was intersected.
    work: usize,
}

impl Parts {
    fn join(&mut self, chars: Chars) {
        self.joined.get_or_insert_default().extend(chars.spans());
        self.last = Some(chars);
    }

    fn add_single(&mut self, chars: &Chars) {
        self.singles = Some(self.singles.take().unwrap_or_default().or(chars));
        self.last = None;
    }

    /// Takes what was read together with what follows `&&`; none if a side is missing.
    fn intersect(&mut self, right: Option<Chars>) -> Option<()> {
        if let Some(singles) = self.singles.take() {
            self.singles_are_used = true;
            if self.joined.is_none() {
                self.last = Some(singles.clone());
            }
            self.joined.get_or_insert_default().extend(singles.spans());
        }
        let left = self.joined.take().map(Chars::from_iter);
        // Without anything behind it, what came last is intersected once more.
        self.last = right.or(self.last.take());
        let both = match (left, &self.last) {
            (Some(left), Some(right)) => {
                self.work += left.spans().len() + right.spans().len();
                left.and(right)
            }
            (None, Some(right)) => right.clone(),
            (_, None) => return None,
        };
        self.joined = Some(both.spans().to_vec());
        Some(())
    }

    /// All that was read.
    fn all(self) -> Chars {
        let singles = self.singles.unwrap_or_default();
        self.joined.unwrap_or_default().iter().chain(singles.spans()).copied().collect()
    }

    const fn is_empty(&self) -> bool {
        self.joined.is_none() && self.singles.is_none()
    }
}

/// How many spans of characters the intersections of one class may take together.
const MAX_WORK: usize = 1 << 20;

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
                    parts.intersect(right).ok_or(RegexErrorKind::BadClass.at(self.place))?;
                    if parts.work > MAX_WORK {
                        return Err(RegexErrorKind::TooComplex.at(self.place));
                    }
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

    /// One that stands in this one, or is the first.
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
        let mut right: Option<Vec<Span>> = None;
        loop {
            let place = reader.place();
            let more = match reader.peek() {
                Some(']' | '&') => return Ok(right.map(Chars::from_iter)),
                None if reader.is_at_end() => return Err(self.unclosed()),
                Some('[') => {
                    reader.take();
                    self.inner(place)?.read(reader, true)?
                }
                _ => self.inner(place)?.read(reader, false)?,
            };
            right.get_or_insert_default().extend(more.spans());
        }
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
            parts.add_single(&either_case(first, first, self.ignore_case));
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
