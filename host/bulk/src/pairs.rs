//! Cutting a body into actions and sources.

use crate::action::Action;

/// An action, and the source behind it.
pub(crate) struct Pair<'b> {
    /// Where the line of the action begins in the body.
    pub(crate) start: usize,
    /// The line of the action.
    pub(crate) line: &'b [u8],
    pub(crate) action: Action<'b>,
    /// None for a `delete`.
    pub(crate) source: Option<&'b [u8]>,
}

/// The pairs of a body, until a line is no action where one should be, or has no source
/// behind it.
pub(crate) struct Pairs<'b> {
    lines: Lines<'b>,
    malformed: Option<Malformed<'b>>,
}

/// Where a body is no bulk.
#[derive(Clone, Copy)]
pub(crate) struct Malformed<'b> {
    /// The line, from 1.
    pub(crate) at: usize,
    /// From that line on.
    pub(crate) rest: &'b [u8],
}

impl<'b> Pairs<'b> {
    pub(crate) fn of(body: &'b [u8]) -> Self {
        Self { lines: Lines::of(body), malformed: None }
    }

    pub(crate) fn malformed(&self) -> Option<Malformed<'b>> {
        self.malformed
    }
}

impl<'b> Iterator for Pairs<'b> {
    type Item = Pair<'b>;

    fn next(&mut self) -> Option<Pair<'b>> {
        if self.malformed.is_some() {
            return None;
        }
        loop {
            let rest = self.lines.rest;
            let start = self.lines.body_bytes - rest.len();
            let line = self.lines.next()?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let Some(action) = Action::read(line) else {
                self.malformed = Some(Malformed { at: self.lines.number, rest });
                return None;
            };
            if !action.verb.has_source() {
                return Some(Pair { start, line, action, source: None });
            }
            let source = self.lines.next();
            if source.is_none() {
                self.malformed = Some(Malformed { at: self.lines.number + 1, rest: &[] });
                return None;
            }
            return Some(Pair { start, line, action, source });
        }
    }
}

/// The lines of a body, without their newlines.
pub(crate) struct Lines<'b> {
    rest: &'b [u8],
    body_bytes: usize,
    /// That of the last one, from 1.
    number: usize,
}

impl<'b> Lines<'b> {
    pub(crate) fn of(body: &'b [u8]) -> Self {
        Self { rest: body, body_bytes: body.len(), number: 0 }
    }
}

impl<'b> Iterator for Lines<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..).unwrap_or_default();
        Some(line)
    }
}
