//! Units of time, and how finely a time is kept.

pub(super) const MILLISECOND_NS: i128 = 1_000_000;
pub(super) const SECOND_NS: i128 = 1_000 * MILLISECOND_NS;
pub(super) const MINUTE_NS: i128 = 60 * SECOND_NS;
pub(super) const HOUR_NS: i128 = 60 * MINUTE_NS;
pub(super) const DAY_NS: i128 = 24 * HOUR_NS;

/// The end of the time a text leaves open: `2020-07-01T12` is an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// For `gte` and `lt`.
    Down,
    /// For `lte` and `gt`.
    Up,
}

/// What a field keeps of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// Of type `date`.
    Milliseconds,
    /// Of type `date_nanos`, which ends in the year 2262 and wants seconds where there are hours.
    Nanoseconds,
}

impl Resolution {
    /// Cuts off what the field does not keep; `None` is out of its range.
    pub(super) fn keep(self, time_ns: i128) -> Option<i128> {
        match self {
            Self::Milliseconds => {
                let time_ms = i64::try_from(time_ns.div_euclid(MILLISECOND_NS)).ok()?;
                Some(i128::from(time_ms) * MILLISECOND_NS)
            }
            Self::Nanoseconds => (0..=i128::from(i64::MAX)).contains(&time_ns).then_some(time_ns),
        }
    }
}
