//! How much a script may cost.

/// It would cost more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// Units of work that are left for a script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    left: u64,
}

/// What a step of a script costs, of which reading a byte costs one.
const STEP: u64 = 32;

impl Meter {
    pub(crate) const fn new(units: u64) -> Self {
        Self { left: units }
    }

    /// Without an end.
    pub(crate) const fn endless() -> Self {
        Self { left: u64::MAX }
    }

    pub(crate) const fn left(self) -> u64 {
        self.left
    }

    /// Counts a step that reads or writes so many bytes.
    #[inline]
    pub(crate) fn step(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let left = self.left.checked_sub(STEP + bytes as u64);
        self.left = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Exhausted)
    }

    /// Counts as many steps as that is for each of so many characters.
    pub(crate) fn steps(&mut self, each: usize, of: usize) -> Result<(), Exhausted> {
        self.step(each.saturating_mul(of))
    }
}
