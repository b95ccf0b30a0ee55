//! What making automata may cost.

use core::cell::Cell;

use super::Regex;
use super::error::RegexErrorKind;

/// The largest automaton, in states and transitions together. Lucene has no such limit, but what is
/// within its effort is seldom beyond.
const MAX_SIZE: usize = 1 << 20;

/// All states and transitions that are made for one regular expression, on the way to its automaton
/// too. Should none of them be given back before the end, they take some 100 MB.
const MAX_MADE: usize = 1 << 21;

/// All states and transitions that are looked at for one.
const MAX_WORK: usize = 1 << 25;

/// How much determinizing may cost, counted as Lucene does: the sizes of all sets of states. That is
/// ten times Elasticsearch's `max_determinized_states`.
const MAX_EFFORT: usize = 100_000;

/// All states and transitions that are looked at for the regular expressions of a query.
const MAX_WORK_OF_QUERY: u64 = 1 << 27;

/// What the automata of a query take, in bytes.
const MAX_BYTES_OF_QUERY: usize = 16 << 20;

/// What the automata of all rules take, in bytes.
const MAX_BYTES_OF_RULES: usize = 64 << 20;

/// What is left of what several regular expressions may take together: the memory of their automata,
/// and the work of making them.
#[derive(Debug)]
pub struct RegexBudget {
    work: Cell<u64>,
    bytes: Cell<usize>,
}

impl RegexBudget {
    /// What those of one query may take.
    #[must_use]
    pub const fn of_query() -> Self {
        Self { work: Cell::new(MAX_WORK_OF_QUERY), bytes: Cell::new(MAX_BYTES_OF_QUERY) }
    }

    /// What those of all rules may take, of which none is beyond that of its query.
    #[must_use]
    pub const fn of_rules() -> Self {
        Self { work: Cell::new(u64::MAX), bytes: Cell::new(MAX_BYTES_OF_RULES) }
    }

    /// Takes off what one more has taken.
    ///
    /// # Errors
    ///
    /// [`TooMany`](RegexErrorKind::TooMany), where less is left.
    pub fn take(&self, regex: &Regex) -> Result<(), RegexErrorKind> {
        let work = self.work.get().checked_sub(regex.made.work);
        let bytes = self.bytes.get().checked_sub(regex.bytes());
        let (Some(work), Some(bytes)) = (work, bytes) else { return Err(RegexErrorKind::TooMany) };
        self.work.set(work);
        self.bytes.set(bytes);
        Ok(())
    }
}

/// A limit was reached.
#[derive(Debug)]
pub(super) struct TooComplex;

/// What is left of what one regular expression may take.
#[derive(Debug)]
pub(super) struct Budget {
    made: usize,
    work: usize,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self { made: MAX_MADE, work: MAX_WORK }
    }

    /// How much was looked at.
    pub(super) const fn spent(&self) -> usize {
        MAX_WORK - self.work
    }

    /// For what is looked at.
    pub(super) fn spend(&mut self, work: usize) -> Result<(), TooComplex> {
        self.work = self.work.checked_sub(work).ok_or(TooComplex)?;
        Ok(())
    }

    /// For what is about to be made.
    pub(super) fn make(&mut self, size: usize) -> Result<(), TooComplex> {
        self.made = self.made.checked_sub(size).ok_or(TooComplex)?;
        Ok(())
    }
}

/// The size of one automaton that is being made.
#[derive(Debug, Default)]
pub(super) struct Size(usize);

impl Size {
    pub(super) fn grow(&mut self, by: usize, budget: &mut Budget) -> Result<(), TooComplex> {
        budget.make(by)?;
        self.0 = self.0.saturating_add(by);
        if self.0 > MAX_SIZE { Err(TooComplex) } else { Ok(()) }
    }
}

/// What determinizing one automaton has cost.
#[derive(Debug, Default)]
pub(super) struct Effort(usize);

impl Effort {
    pub(super) fn add(&mut self, states: usize) -> Result<(), TooComplex> {
        self.0 = self.0.saturating_add(states);
        if self.0 >= MAX_EFFORT { Err(TooComplex) } else { Ok(()) }
    }
}
