//! The Gregorian calendar, without end.

use super::scale::DAY_NS;

/// Gregorian years repeat after 400 of them, which are so many days.
const CYCLE_DAYS: i64 = 146_097;

/// From 0000-03-01 to 1970-01-01. Years are counted from March so that a leap day is their last.
const MARCH_0000_DAYS: i64 = 719_468;

/// Days from 1970-01-01 to a date.
pub(super) const fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = days_before_month((month + 9) % 12) + day - 1;
    cycle * CYCLE_DAYS + year * 365 + year / 4 - year / 100 + day_of_year - MARCH_0000_DAYS
}

/// The year, month and day of a time; `None` is out of all reason.
pub(super) fn civil_date(time_ns: i128) -> Option<(i64, i64, i64)> {
    let days = i64::try_from(time_ns.div_euclid(DAY_NS)).ok()?.checked_add(MARCH_0000_DAYS)?;
    let (cycle, day_of_cycle) = (days.div_euclid(CYCLE_DAYS), days.rem_euclid(CYCLE_DAYS));
    // The 365 days a year has if the leap days so far are taken out.
    let leap_days = day_of_cycle / 1_460 - day_of_cycle / 36_524 + day_of_cycle / (CYCLE_DAYS - 1);
    let year = (day_of_cycle - leap_days) / 365;
    let day_of_year = day_of_cycle - (year * 365 + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - days_before_month(month) + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    Some((cycle * 400 + year, month, day))
}

/// Days from March to a month counted from March: 31, 30, 31, 30, 31 over and over.
const fn days_before_month(month: i64) -> i64 {
    (153 * month + 2) / 5
}

pub(super) const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_each_other() {
        for (first_year, years) in [(-801, 1_700), (1_600, 1_000), (-999_999_999, 401), (999_999_500, 401)] {
            let mut days = day_number(first_year, 1, 1);
            for year in first_year..first_year + years {
                for month in 1..=12 {
                    for day in 1..=days_in_month(year, month) {
                        assert_eq!(day_number(year, month, day), days);
                        assert_eq!(civil_date(i128::from(days) * DAY_NS), Some((year, month, day)));
                        days += 1;
                    }
                }
            }
        }
        assert_eq!(day_number(1970, 1, 1), 0);
    }
}
