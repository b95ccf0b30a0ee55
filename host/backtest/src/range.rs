//! When a rule runs, and what a run looks at.

use firstseen::RunRange;

/// Most ranges that a run catches up on, beside its own.
const CATCH_UP_MAX: i64 = 4;

/// One execution of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execution {
    /// When it starts, in epoch milliseconds. Its alerts are of this time, and
    /// it sees the events that are visible by then.
    pub now_ms: i64,
    /// When the execution before it started; none: it is the first, with
    /// nothing to catch up on.
    pub previous_ms: Option<i64>,
    /// What a manual run looks at instead of the rule's `from` and `to`, in
    /// epoch milliseconds.
    pub manual_ms: Option<(i64, i64)>,
}

impl Execution {
    /// A scheduled execution, the first or as good as that: nothing to catch up
    /// on.
    pub fn at(now_ms: i64) -> Self {
        Self { now_ms, previous_ms: None, manual_ms: None }
    }

    /// The executions of a rule that starts at `first_ms` and then every
    /// `interval_ms` milliseconds (0 counts as 1), up to and including `last_ms`.
    pub fn every(interval_ms: u64, first_ms: i64, last_ms: i64) -> impl Iterator<Item = Self> {
        let step_ms = i64::try_from(interval_ms.max(1)).unwrap_or(i64::MAX);
        let times = std::iter::successors(Some(first_ms), move |now_ms| now_ms.checked_add(step_ms));
        times
            .take_while(move |&now_ms| now_ms <= last_ms)
            .map(move |now_ms| Self { previous_ms: (now_ms > first_ms).then(|| now_ms - step_ms), ..Self::at(now_ms) })
    }
}

/// The ranges of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunRanges {
    /// Oldest first; the last one is the execution's own. Each has its own
    /// `max_signals`.
    pub ranges: Vec<RunRange>,
    /// Milliseconds since the previous execution that none of them covers.
    /// Kibana reports them as a gap and does not look at them by itself.
    pub gap_ms: u64,
}

/// `from` and `to` of the ranges of an execution whose own is `own`, oldest
/// first, and the milliseconds they leave uncovered (Kibana, `utils.ts`).
///
/// Where more time has passed since the previous execution than the rule looks
/// back, up to four further ranges are run, each an interval before the next.
pub(super) fn with_catch_up(own: &RunRange, execution: &Execution) -> (Vec<(i64, i64)>, u64) {
    let interval_ms = i64::try_from(own.interval_ms).unwrap_or(i64::MAX);
    let elapsed_ms = execution.previous_ms.map_or(0, |previous_ms| execution.now_ms.saturating_sub(previous_ms));
    let drift_ms = match execution.previous_ms {
        Some(_) => elapsed_ms.saturating_sub(own.to_ms.saturating_sub(own.from_ms)).max(0),
        None => 0,
    };
    let missed = drift_ms / interval_ms + i64::from(drift_ms % interval_ms > 0);
    let further = missed.min(CATCH_UP_MAX);
    let shifted = |number: i64| {
        let by_ms = interval_ms.saturating_mul(number);
        (own.from_ms.saturating_sub(by_ms), own.to_ms.saturating_sub(by_ms))
    };
    let covered_ms = interval_ms.saturating_mul(further);
    ((0..=further).rev().map(shifted).collect(), drift_ms.saturating_sub(covered_ms).max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn own() -> RunRange {
        RunRange {
            from_ms: -9 * MINUTE,
            to_ms: 0,
            history_start_ms: -60 * MINUTE,
            interval_ms: 300_000,
            max_signals: 1,
        }
    }

    #[test]
    fn catches_up_four_intervals_at_most() {
        for (previous, ranges, gap) in [
            (None, 1, 0),
            (Some(-5), 1, 0),
            (Some(-9), 1, 0),
            (Some(-12), 2, 0),
            (Some(-29), 5, 0),
            (Some(-60), 5, 31),
            (Some(5), 1, 0),
        ] {
            let execution = Execution { previous_ms: previous.map(|minutes| minutes * MINUTE), ..Execution::at(0) };
            let (found, gap_ms) = with_catch_up(&own(), &execution);
            assert_eq!((found.len(), gap_ms), (ranges, gap * MINUTE as u64), "{previous:?}");
            let oldest = -5 * MINUTE * (ranges as i64 - 1);
            assert_eq!(found.first(), Some(&(oldest - 9 * MINUTE, oldest)));
            assert_eq!(found.last(), Some(&(-9 * MINUTE, 0)));
        }
    }

    #[test]
    fn total_at_the_extremes() {
        let wide = RunRange { from_ms: i64::MIN, to_ms: i64::MAX, interval_ms: u64::MAX, ..own() };
        let execution = Execution { previous_ms: Some(i64::MIN), ..Execution::at(i64::MAX) };
        assert_eq!(with_catch_up(&wide, &execution), (vec![(i64::MIN, i64::MAX)], 0));
        let empty = RunRange { from_ms: i64::MAX, to_ms: i64::MIN, interval_ms: 1, ..own() };
        assert_eq!(with_catch_up(&empty, &execution).0.len(), 5);
    }

    #[test]
    fn executions_follow_each_other() {
        let found: Vec<(i64, Option<i64>)> =
            Execution::every(5, 10, 21).map(|execution| (execution.now_ms, execution.previous_ms)).collect();
        assert_eq!(found, [(10, None), (15, Some(10)), (20, Some(15))]);
        assert_eq!(Execution::every(u64::MAX, 0, i64::MAX).count(), 2);
        assert_eq!(Execution::every(5, 10, 9).count(), 0);
    }
}
