//! The times of a rule: what a run looks at, the history window, the interval.

use crate::time::DateMath;

/// What a run looks at: a rule's `from` and `to`.
#[derive(Clone, Debug)]
pub struct LookBack {
    from: DateMath,
    to: DateMath,
}

impl LookBack {
    pub(super) fn new(from: DateMath, to: DateMath) -> Self {
        Self { from, to }
    }

    pub(super) fn from(&self) -> &DateMath {
        &self.from
    }

    /// `from` and `to` in epoch milliseconds for a run that starts at `now_ms`;
    /// `None` if one of them leaves the calendar.
    pub fn range_ms(&self, now_ms: i64) -> Option<(i64, i64)> {
        Some((self.from.evaluate(now_ms)?, self.to.evaluate(now_ms)?))
    }
}

/// How far back a sighting keeps a term known: from `history_window_start` to
/// now. `now-5d` is the same length at any time, `now-1M` and absolute dates
/// are not.
#[derive(Clone, Debug)]
pub struct Window {
    start: DateMath,
}

impl Window {
    /// A window that begins at `start`; `None` if that is not before the
    /// rule's `from` (Kibana refuses such a rule). Where one of them is an
    /// absolute date it depends on when the rule runs, so any pair will do.
    pub(super) fn new(start: DateMath, from: &DateMath) -> Option<Self> {
        let any_now = 0;
        let comparable = start.is_relative() && from.is_relative();
        let before = !comparable || start.evaluate(any_now)? < from.evaluate(any_now)?;
        before.then_some(Self { start })
    }

    /// The window of a rule without a history: a query rule takes an event for
    /// the same as long as its runs could see it twice.
    pub(super) fn of(look_back: &LookBack) -> Self {
        Self { start: look_back.from.clone() }
    }

    /// Where the window that ends at `at_ms` begins, in epoch milliseconds;
    /// `None` if it leaves the calendar.
    pub fn start_ms(&self, at_ms: i64) -> Option<i64> {
        self.start.evaluate(at_ms)
    }

    /// Length in milliseconds of the window that ends at `at_ms`: how long a
    /// sighting then keeps its term known. A window that begins at a date has no
    /// end to that. `None` for a time before such a window, which no run would
    /// look at, and if the window leaves the calendar.
    pub fn length_ms(&self, at_ms: i64) -> Option<u64> {
        let start_ms = self.start_ms(at_ms)?;
        match self.start.is_relative() {
            true => Some(at_ms.saturating_sub(start_ms).max(0) as u64),
            false => (at_ms >= start_ms).then_some(u64::MAX),
        }
    }

    /// Its length in milliseconds if that is the same at any time.
    pub fn fixed_length_ms(&self) -> Option<u64> {
        self.start.is_fixed_distance().then(|| self.length_ms(0)).flatten()
    }
}

/// Length of a rule interval (`5m`; units `s m h d`) in milliseconds, at
/// least 1.
pub(super) fn interval_ms(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit_ms).filter(|&ms| ms >= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: &str, from: &str) -> Option<Window> {
        Window::new(DateMath::parse(start).unwrap(), &DateMath::parse(from).unwrap())
    }

    #[test]
    fn lengths() {
        let at_ms = 1_795_490_051_876;
        assert_eq!(window("now-5d", "now-9m").unwrap().length_ms(at_ms), Some(5 * 86_400_000));
        assert_eq!(window("now-1M", "now-9m").unwrap().length_ms(at_ms), Some(31 * 86_400_000));
        let absolute = window("2026-01-01T00:00:00Z", "now-9m").unwrap();
        assert_eq!(absolute.length_ms(1_767_225_600_000), Some(u64::MAX));
        assert_eq!(absolute.length_ms(1_767_225_600_000 - 1), None);
        assert_eq!(absolute.fixed_length_ms(), None);
        assert_eq!(window("now-1M", "now-9m").unwrap().fixed_length_ms(), None);
        assert_eq!(window("now-5d", "now-9m").unwrap().fixed_length_ms(), Some(5 * 86_400_000));
    }

    #[test]
    fn a_run_looks_from_one_time_to_another() {
        let look_back = |from, to| LookBack::new(DateMath::parse(from).unwrap(), DateMath::parse(to).unwrap());
        let now_ms = 1_795_521_600_000;
        assert_eq!(look_back("now-9m", "now").range_ms(now_ms), Some((now_ms - 540_000, now_ms)));
        assert_eq!(look_back("now-2h", "now-1h").range_ms(now_ms), Some((now_ms - 7_200_000, now_ms - 3_600_000)));
        assert_eq!(
            look_back("2026-01-01||+1d", "now/d").range_ms(now_ms),
            Some((1_767_312_000_000, 1_795_478_400_000))
        );
        assert_eq!(look_back("now-99999y", "now").range_ms(now_ms), None);
    }

    #[test]
    fn the_history_starts_before_from() {
        assert!(window("now-7m", "now-6m").is_some());
        assert!(window("now-7m", "now-7m").is_none());
        assert!(window("now-7m", "now-8m").is_none());
    }

    #[test]
    fn intervals() {
        assert_eq!(interval_ms("5m"), Some(300_000));
        assert_eq!(interval_ms("1d"), Some(86_400_000));
        for wrong in ["", "m", "5", "5M", "0m", "5 m", "-5m", "99999999999999999999s"] {
            assert_eq!(interval_ms(wrong), None, "{wrong}");
        }
    }
}
