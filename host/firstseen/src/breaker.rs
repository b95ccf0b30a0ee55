//! When to leave a module alone, and when to try it again.

use std::time::{Duration, Instant};

/// Traps in a row, with no success between them, that open the breaker. More
/// than it takes to narrow a large batch down to one line.
const IN_A_ROW: u32 = 24;

/// Traps in a batch without any success that open it as well: the time for
/// recovery was up before a line was found that is not to blame.
const IN_A_BATCH: u32 = 12;

/// Batches with lines that could not be judged, beyond those that clean batches
/// have made up for.
const STRIKES: u32 = 32;

/// How long the module is left alone.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// Counts failures. While it is open nothing is tried; after a cool-down one
/// batch is, and decides.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    in_a_row: u32,
    strikes: u32,
    opened: Option<Instant>,
}

impl Breaker {
    /// A call, of a batch or a part of one, that trapped.
    pub(crate) fn trap(&mut self) {
        self.in_a_row += 1;
        if self.in_a_row >= IN_A_ROW {
            self.open();
        }
    }

    /// A call that returned.
    pub(crate) fn success(&mut self) {
        self.in_a_row = 0;
    }

    /// The end of a batch that was tried.
    pub(crate) fn batch(&mut self, clean: bool) {
        // Of a batch that was not tried nothing follows.
        if self.is_open() {
            return;
        }
        if clean {
            self.strikes = self.strikes.saturating_sub(1);
            return;
        }
        self.strikes += 1;
        if self.strikes >= STRIKES || self.in_a_row >= IN_A_BATCH {
            self.open();
        }
    }

    /// Whether to leave the module alone.
    pub(crate) fn is_open(&self) -> bool {
        self.opened.is_some_and(|opened| opened.elapsed() < COOL_DOWN)
    }

    /// To be asked at the start of a batch: once the cool-down is over the
    /// module gets another chance, a short one.
    pub(crate) fn try_again(&mut self) {
        if self.opened.is_some() && !self.is_open() {
            self.opened = None;
            self.in_a_row = IN_A_BATCH / 2;
            self.strikes = STRIKES / 2;
        }
    }

    fn open(&mut self) {
        self.opened = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_cool_down(breaker: &mut Breaker) {
        breaker.opened = breaker.opened.and_then(|opened| opened.checked_sub(COOL_DOWN));
    }

    #[test]
    fn opens_on_a_run_of_traps() {
        let mut breaker = Breaker::default();
        for _ in 0..IN_A_ROW - 1 {
            breaker.trap();
        }
        breaker.success();
        breaker.trap();
        assert!(!breaker.is_open());
        for _ in 0..IN_A_ROW {
            breaker.trap();
        }
        assert!(breaker.is_open());
        breaker.try_again();
        assert!(breaker.is_open());
    }

    #[test]
    fn opens_when_bad_batches_outnumber_clean_ones() {
        let mut breaker = Breaker::default();
        for _ in 0..1000 {
            breaker.batch(false);
            breaker.batch(true);
        }
        assert!(!breaker.is_open());
        for _ in 0..2 * STRIKES {
            breaker.batch(false);
            breaker.batch(false);
            breaker.batch(true);
        }
        assert!(breaker.is_open());
    }

    #[test]
    fn opens_when_a_batch_gives_nothing_at_all() {
        let mut breaker = Breaker::default();
        (0..IN_A_BATCH).for_each(|_| breaker.trap());
        assert!(!breaker.is_open());
        breaker.batch(false);
        assert!(breaker.is_open());
    }

    #[test]
    fn batches_that_are_not_tried_do_not_keep_it_open() {
        let mut breaker = Breaker::default();
        (0..STRIKES).for_each(|_| breaker.batch(false));
        let opened = breaker.opened;
        assert!(breaker.is_open());
        breaker.batch(false);
        assert_eq!(breaker.opened, opened);
    }

    #[test]
    fn closes_after_a_while_and_opens_sooner_then() {
        let mut breaker = Breaker::default();
        (0..IN_A_ROW).for_each(|_| breaker.trap());
        after_cool_down(&mut breaker);
        breaker.try_again();
        assert!(!breaker.is_open());
        (0..IN_A_BATCH / 2).for_each(|_| breaker.trap());
        breaker.batch(false);
        assert!(breaker.is_open());
    }
}
