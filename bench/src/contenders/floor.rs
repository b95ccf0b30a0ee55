//! What nobody can do without: finding the lines, finding a word.

use anyhow::Result;
use memchr::memmem;

use super::{Contender, Ran};
use crate::events::Portion;

/// Finds the ends of lines.
pub(crate) struct Newlines;

/// Finds a word of the built-in rule.
pub(crate) struct Literal;

impl Contender for Newlines {
    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        Ok(Ran::over(events, memchr::memchr_iter(b'\n', events.bytes()).count() as u64))
    }
}

impl Contender for Literal {
    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        Ok(Ran::over(events, memmem::find_iter(events.bytes(), "dpkg").count() as u64))
    }
}
