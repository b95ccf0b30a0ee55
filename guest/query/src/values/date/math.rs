//! Date math: `+1M`, `-d`, `/d`.

use super::calendar::{civil_date, day_number, days_in_month};
use super::scale::{DAY_NS, HOUR_NS, MILLISECOND_NS, MINUTE_NS, Rounding, SECOND_NS};
use super::text::TextReader;

/// Takes the steps of date math.
pub(super) fn calculate(start_ns: i128, steps: &str, rounding: Rounding) -> Option<i128> {
    let mut time_ns = start_ns;
    let mut reader = TextReader { rest: steps };
    while !reader.rest.is_empty() {
        let sign = if reader.take('+') {
            1
        } else if reader.take('-') {
            -1
        } else if reader.take('/') {
            0
        } else {
            return None;
        };
        let count = match reader.count_digits() {
            0 => 1,
            length => i32::try_from(reader.digits(length)?).ok()?,
        };
        let unit = Unit::read(&mut reader)?;
        if sign != 0 {
            time_ns = unit.add(time_ns, sign * i64::from(count))?;
        } else if count == 1 {
            time_ns = unit.round(time_ns)?;
            if rounding == Rounding::Up {
                time_ns = unit.add(time_ns, 1)? - MILLISECOND_NS;
            }
        } else {
            return None;
        }
    }
    Some(time_ns)
}

#[derive(Clone, Copy)]
enum Unit {
    /// Of this length, one of them beginning so long after the epoch.
    Fixed { length_ns: i128, origin_ns: i128 },
    /// That many months, counted from a January.
    Months(i64),
}

impl Unit {
    fn read(reader: &mut TextReader<'_>) -> Option<Self> {
        let mut chars = reader.rest.chars();
        let unit = match chars.next()? {
            's' => Self::fixed(SECOND_NS),
            'm' => Self::fixed(MINUTE_NS),
            'h' | 'H' => Self::fixed(HOUR_NS),
            'd' => Self::fixed(DAY_NS),
            // The first Monday was the fifth day.
            'w' => Self::Fixed { length_ns: 7 * DAY_NS, origin_ns: 4 * DAY_NS },
            'M' => Self::Months(1),
            'y' => Self::Months(12),
            _ => return None,
        };
        reader.rest = chars.as_str();
        Some(unit)
    }

    const fn fixed(length_ns: i128) -> Self {
        Self::Fixed { length_ns, origin_ns: 0 }
    }

    /// Moves by so many units. A day that a month lacks is its last day.
    fn add(self, time_ns: i128, count: i64) -> Option<i128> {
        let sum_ns = match self {
            Self::Fixed { length_ns, .. } => time_ns.checked_add(length_ns * i128::from(count))?,
            Self::Months(months) => {
                let (year, month, day) = civil_date(time_ns)?;
                let sum = year * 12 + (month - 1) + months * count;
                let (year, month) = (sum.div_euclid(12), sum.rem_euclid(12) + 1);
                let day = day.min(days_in_month(year, month));
                i128::from(day_number(year, month, day)) * DAY_NS + time_ns.rem_euclid(DAY_NS)
            }
        };
        in_years(sum_ns)
    }

    /// The begin of the unit in which the time lies.
    fn round(self, time_ns: i128) -> Option<i128> {
        match self {
            Self::Fixed { length_ns, origin_ns } => Some(time_ns - (time_ns - origin_ns).rem_euclid(length_ns)),
            Self::Months(months) => {
                let (year, month, _) = civil_date(time_ns)?;
                let month = month - (month - 1).rem_euclid(months);
                Some(i128::from(day_number(year, month, 1)) * DAY_NS)
            }
        }
    }
}

/// `None` is outside the years that Java has.
pub(super) fn in_years(time_ns: i128) -> Option<i128> {
    (YEARS_BEGIN_NS..YEARS_END_NS).contains(&time_ns).then_some(time_ns)
}

const YEARS_BEGIN_NS: i128 = day_number(-999_999_999, 1, 1) as i128 * DAY_NS;
const YEARS_END_NS: i128 = day_number(1_000_000_000, 1, 1) as i128 * DAY_NS;
