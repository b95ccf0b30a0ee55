//! What making an automaton may cost.

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
