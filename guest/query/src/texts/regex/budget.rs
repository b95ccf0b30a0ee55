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
/// these. What is made by it is taken off.
#[derive(Debug)]
pub struct RegexBudget {
    work: Cell<u64>,
    bytes: Cell<usize>,
    /// What has been taken.
    work_taken: Cell<u64>,
    bytes_taken: Cell<usize>,
}

impl RegexBudget {
    /// For the queries of all rules.
    #[must_use]
    pub const fn of_rules() -> Self {
        Self::new(MAX_WORK_OF_RULES, MAX_BYTES_OF_RULES)
    }

    /// For a query alone.
    #[must_use]
    pub const fn of_query() -> Self {
        Self::new(MAX_WORK_OF_QUERY, MAX_BYTES_OF_QUERY)
    }

    /// For one query of several: not more than is left for all of them.
    #[must_use]
    pub fn of_one_query(&self) -> Self {
        Self::new(MAX_WORK_OF_QUERY.min(self.work.get()), MAX_BYTES_OF_QUERY.min(self.bytes.get()))
    }

    /// Takes off what those of one query have taken: their work in any case, their memory if the
    /// query is kept.
    pub fn settle(&self, query: &Self, is_kept: bool) {
        let bytes = if is_kept { query.bytes_taken.get() } else { 0 };
        self.work.set(self.work.get().saturating_sub(query.work_taken.get()));
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
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

    const fn new(work: u64, bytes: usize) -> Self {
        Self { work: Cell::new(work), bytes: Cell::new(bytes), work_taken: Cell::new(0), bytes_taken: Cell::new(0) }
    }

    fn make(&self, pattern: &str, dialect: Dialect, ignore_case: bool) -> Result<Regex, RegexError> {
        let mut work = 0;
        let made = Regex::new(pattern, dialect, ignore_case, &mut work);
        let bytes = made.as_ref().map_or(0, Regex::bytes);
        self.work_taken.set(self.work_taken.get().saturating_add(work));
        self.bytes_taken.set(self.bytes_taken.get().saturating_add(bytes));
        let is_within = self.work_taken.get() <= self.work.get() && self.bytes_taken.get() <= self.bytes.get();
        if is_within { made } else { Err(RegexErrorKind::TooMany.at(0)) }
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
