//! When to stop trying a module.

/// Traps in a row, with no success between them, that open the breaker. More
/// than it takes to narrow a large batch down to one line.
const IN_A_ROW: u32 = 24;

/// Traps beyond those that clean batches have made up for.
const STRIKES: u32 = 128;

/// Counts traps. Once open it stays open.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    in_a_row: u32,
    strikes: u32,
}

impl Breaker {
    pub(crate) fn trap(&mut self) {
        self.in_a_row += 1;
        self.strikes += 1;
    }

    /// A call, of a batch or a part of one, that returned.
    pub(crate) fn success(&mut self) {
        if !self.is_open() {
            self.in_a_row = 0;
        }
    }

    /// A batch without a trap.
    pub(crate) fn clean_batch(&mut self) {
        if !self.is_open() {
            self.strikes = self.strikes.saturating_sub(1);
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.in_a_row >= IN_A_ROW || self.strikes >= STRIKES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_on_a_run_of_traps_and_stays_open() {
        let mut breaker = Breaker::default();
        for _ in 0..IN_A_ROW - 1 {
            breaker.trap();
        }
        breaker.success();
        assert!(!breaker.is_open());
        for _ in 0..IN_A_ROW {
            breaker.trap();
        }
        breaker.success();
        breaker.clean_batch();
        assert!(breaker.is_open());
    }

    #[test]
    fn opens_when_traps_outnumber_clean_batches() {
        let mut breaker = Breaker::default();
        for _ in 0..1000 {
            breaker.trap();
            breaker.success();
            breaker.clean_batch();
        }
        assert!(!breaker.is_open());
        for _ in 0..2 * STRIKES {
            breaker.trap();
            breaker.trap();
            breaker.success();
            breaker.clean_batch();
        }
        assert!(breaker.is_open());
    }
}
