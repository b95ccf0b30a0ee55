//! What making an automaton may cost.

/// The largest automaton, in states and transitions together. One takes some 25 MB while it is made.
const MAX_SIZE: usize = 1 << 18;

/// All work for one regular expression: states and transitions made or looked at.
const MAX_WORK: usize = 1 << 23;

/// How much determinizing may cost, counted as Lucene does: the sizes of all sets of states. That is
/// ten times Elasticsearch's `max_determinized_states`.
const MAX_EFFORT: usize = 100_000;

/// A limit was reached.
#[derive(Debug)]
pub(super) struct TooComplex;

/// What is left of the work that one regular expression may be.
#[derive(Debug)]
pub(super) struct Budget {
    work: usize,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self { work: MAX_WORK }
    }

    pub(super) fn spend(&mut self, work: usize) -> Result<(), TooComplex> {
        self.work = self.work.checked_sub(work).ok_or(TooComplex)?;
        Ok(())
    }
}

/// The size of one automaton that is being made.
#[derive(Debug, Default)]
pub(super) struct Size(usize);

impl Size {
    pub(super) fn grow(&mut self, by: usize, budget: &mut Budget) -> Result<(), TooComplex> {
        budget.spend(by)?;
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
