//! The characters of a pattern, one after the other.

use alloc::vec::Vec;

use super::super::error::{RegexError, RegexErrorKind};

/// A character of a pattern.
#[derive(Clone, Copy, Debug)]
struct Unit {
    c: char,
    place: usize,
    /// It stands between `\Q` and `\E`, so it is never more than itself.
    quoted: bool,
}

/// Reads a pattern. Quoted characters are handed out by [`literal`](Self::literal) only.
#[derive(Debug)]
pub(super) struct Reader {
    units: Vec<Unit>,
    at: usize,
    /// The length of the pattern.
    end: usize,
}

impl Reader {
    pub(super) fn new(pattern: &str) -> Self {
        Self { units: units(pattern), at: 0, end: pattern.len() }
    }

    /// The next character, if it may mean something.
    pub(super) fn peek(&self) -> Option<char> {
        self.nth(0)
    }

    /// The one behind it.
    pub(super) fn peek_second(&self) -> Option<char> {
        self.nth(1)
    }

    fn nth(&self, ahead: usize) -> Option<char> {
        self.units.get(self.at + ahead).filter(|unit| !unit.quoted).map(|unit| unit.c)
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        self.at += usize::from(is_next);
        is_next
    }

    /// Steps over a digit, if one is next.
    pub(super) fn digit(&mut self, radix: u32) -> Option<u32> {
        let digit = self.peek()?.to_digit(radix)?;
        self.at += 1;
        Some(digit)
    }

    /// Steps over a character that means what it may.
    pub(super) fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// Steps over any character.
    pub(super) fn literal(&mut self) -> Result<char, RegexError> {
        let unit = self.units.get(self.at).ok_or(RegexErrorKind::UnexpectedEnd.at(self.end))?;
        self.at += 1;
        Ok(unit.c)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.units.len()
    }

    /// Where in the pattern the next character stands.
    pub(super) fn place(&self) -> usize {
        self.units.get(self.at).map_or(self.end, |unit| unit.place)
    }
}

/// Java takes quotes away ahead of everything else. One that is open at the end is no error.
fn units(pattern: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(pattern.len());
    let mut chars = pattern.char_indices().peekable();
    let mut quoted = false;
    while let Some((place, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next).filter(|_| c == '\\');
        match next {
            Some('E') if quoted => quoted = false,
            Some('Q') if !quoted => quoted = true,
            Some(_) if !quoted => {
                units.push(Unit { c, place, quoted });
                units.extend(chars.next().map(|(place, c)| Unit { c, place, quoted }));
                continue;
            }
            _ => {
                units.push(Unit { c, place, quoted });
                continue;
            }
        }
        chars.next();
    }
    units
}
