//! What making automata may cost.

use core::cell::Cell;

use super::error::{RegexError, RegexErrorKind};
use super::{Dialect, Regex};

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

/// All states and transitions that are looked at for the regular expressions of a query, and of all
/// rules.
const MAX_WORK_OF_QUERY: u64 = 1 << 26;
const MAX_WORK_OF_RULES: u64 = 1 << 28;

/// What the automata of a query take in bytes, and those of all rules.
const MAX_BYTES_OF_QUERY: usize = 16 << 20;
const MAX_BYTES_OF_RULES: usize = 64 << 20;

/// What regular expressions may take together: the work of making their automata, and the memory of
/// these. What is made by it is counted.
#[derive(Debug)]
pub struct RegexBudget {
    max: Taken,
    taken: Cell<Taken>,
}

/// What regular expressions took.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    work: u64,
    bytes: usize,
}

impl RegexBudget {
    /// For the queries of all rules.
    #[must_use]
    pub fn of_rules() -> Self {
        Self::new(MAX_WORK_OF_RULES, MAX_BYTES_OF_RULES)
    }

    /// For a query alone.
    #[must_use]
    pub fn of_query() -> Self {
        Self::new(MAX_WORK_OF_QUERY, MAX_BYTES_OF_QUERY)
    }

    /// For one query of several: not more than is left for all of them.
    #[must_use]
    pub fn of_one_query(&self) -> Self {
        let Taken { work, bytes } = self.taken.get();
        let (work, bytes) = (self.max.work.saturating_sub(work), self.max.bytes.saturating_sub(bytes));
        Self::new(MAX_WORK_OF_QUERY.min(work), MAX_BYTES_OF_QUERY.min(bytes))
    }

    /// Counts what those of one query took: their work in any case, their memory if the query is kept.
    pub fn settle(&self, query: &Self, is_kept: bool) {
        let Taken { work, bytes } = query.taken.get();
        self.count(work, if is_kept { bytes } else { 0 });
    }

    /// A [`Regex::lucene`] within the budget.
    ///
    /// # Errors
    ///
    /// As there, and [`TooMany`](RegexErrorKind::TooMany) if less was left than it takes.
    pub fn lucene(&self, pattern: &str, ignore_case: bool) -> Result<Regex, RegexError> {
        self.make(pattern, Dialect::Lucene, ignore_case)
    }

    /// A [`Regex::java`] within the budget.
    ///
    /// # Errors
    ///
    /// As there, and [`TooMany`](RegexErrorKind::TooMany) if less was left than it takes.
    pub fn java(&self, pattern: &str, ignore_case: bool) -> Result<Regex, RegexError> {
        self.make(pattern, Dialect::Java, ignore_case)
    }

    fn new(work: u64, bytes: usize) -> Self {
        Self { max: Taken { work, bytes }, taken: Cell::default() }
    }

    fn make(&self, pattern: &str, dialect: Dialect, ignore_case: bool) -> Result<Regex, RegexError> {
        let mut work = 0;
        let made = Regex::new(pattern, dialect, ignore_case, &mut work);
        self.count(work, made.as_ref().map_or(0, Regex::bytes));
        let taken = self.taken.get();
        let is_within = taken.work <= self.max.work && taken.bytes <= self.max.bytes;
        made.and_then(|regex| if is_within { Ok(regex) } else { Err(RegexErrorKind::TooMany.at(0)) })
    }

    fn count(&self, work: u64, bytes: usize) {
        let taken = self.taken.get();
        let (work, bytes) = (taken.work.saturating_add(work), taken.bytes.saturating_add(bytes));
        self.taken.set(Taken { work, bytes });
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
