//! The date math of rules: `now-5d`, `now-1d/d`, `2026-01-01||+1M`.

use core::fmt;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Span, Timestamp, ToSpan};

use super::timestamp::parse_timestamp;

/// A date-math expression, as Kibana's `@kbn/datemath` reads it: `now` or a
/// date with `||`, then steps `+`, `-` or `/` with an optional number and one
/// of the units `ms s m h d w M y`. `/` rounds down. The calendar is UTC,
/// where Kibana has its server's time zone; weeks begin on Sunday there and
/// here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateMath {
    /// `None` is `now`.
    base_ms: Option<i64>,
    steps: Vec<Step>,
}

/// Why a text is no date math.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateMathError {
    /// Byte of the text at which it stops making sense, from 0.
    pub offset: usize,
}

impl fmt::Display for DateMathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not date math; write `now`, `now-5d`, `now-1d/d` or an ISO date (units: ms s m h d w M y)")
    }
}

impl core::error::Error for DateMathError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Add(i64, Unit),
    Round(Unit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl DateMath {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// [`DateMathError`] with the position of what is not understood.
    pub fn parse(text: &str) -> Result<Self, DateMathError> {
        if let Some(steps) = text.strip_prefix("now") {
            return Ok(Self { base_ms: None, steps: parse_steps(steps, 3)? });
        }
        let (date, steps, offset) = match text.split_once("||") {
            Some((date, steps)) => (date, steps, date.len() + 2),
            None => (text, "", text.len()),
        };
        let base_ms = Some(parse_timestamp(date).ok_or(DateMathError { offset: 0 })?);
        Ok(Self { base_ms, steps: parse_steps(steps, offset)? })
    }

    /// Whether it counts from `now`.
    pub fn is_relative(&self) -> bool {
        self.base_ms.is_none()
    }

    /// Whether it is always as far from `now`: no date, no calendar unit, no
    /// rounding.
    pub fn is_fixed_distance(&self) -> bool {
        let fixed = |step: &Step| matches!(step, Step::Add(_, unit) if !matches!(unit, Unit::Month | Unit::Year));
        self.is_relative() && self.steps.iter().all(fixed)
    }

    /// The time it stands for, in epoch milliseconds, where `now_ms` is now.
    /// `None` if it leaves the calendar (years -9999 to 9999).
    pub fn evaluate(&self, now_ms: i64) -> Option<i64> {
        let start_ms = self.base_ms.unwrap_or(now_ms);
        let start = Offset::UTC.to_datetime(Timestamp::from_millisecond(start_ms).ok()?);
        let end = self.steps.iter().try_fold(start, |time, step| step.apply(time))?;
        Some(Offset::UTC.to_timestamp(end).ok()?.as_millisecond())
    }
}

fn parse_steps(text: &str, offset: usize) -> Result<Vec<Step>, DateMathError> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(operator) = rest.chars().next() {
        let error = DateMathError { offset: offset + text.len() - rest.len() };
        let tail = rest.get(operator.len_utf8()..).unwrap_or_default();
        let number_end = tail.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = tail.split_at(number_end);
        let unit_end = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(unit_end);
        let count: i64 = match number {
            "" => 1,
            digits => digits.parse().map_err(|_| error.clone())?,
        };
        let unit = Unit::parse(unit).ok_or_else(|| error.clone())?;
        steps.push(match (operator, count) {
            ('+', count) => Step::Add(count, unit),
            ('-', count) => Step::Add(-count, unit),
            ('/', 1) => Step::Round(unit),
            _ => return Err(error),
        });
        rest = tail;
    }
    Ok(steps)
}

impl Unit {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ms" => Self::Millisecond,
            "s" => Self::Second,
            "m" => Self::Minute,
            "h" => Self::Hour,
            "d" => Self::Day,
            "w" => Self::Week,
            "M" => Self::Month,
            "y" => Self::Year,
            _ => return None,
        })
    }

    fn span(self, count: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Self::Millisecond => span.try_milliseconds(count),
            Self::Second => span.try_seconds(count),
            Self::Minute => span.try_minutes(count),
            Self::Hour => span.try_hours(count),
            Self::Day => span.try_days(count),
            Self::Week => span.try_weeks(count),
            Self::Month => span.try_months(count),
            Self::Year => span.try_years(count),
        }
        .ok()
    }
}

impl Step {
    fn apply(self, time: DateTime) -> Option<DateTime> {
        match self {
            Self::Add(count, unit) => time.checked_add(unit.span(count)?).ok(),
            Self::Round(unit) => round_down(time, unit),
        }
    }
}

fn round_down(time: DateTime, unit: Unit) -> Option<DateTime> {
    let date = time.date();
    let midnight = date.to_datetime(jiff::civil::Time::midnight());
    let clock = |hour, minute, second, millisecond: i16| {
        let nanosecond = i32::from(millisecond) * 1_000_000;
        DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, nanosecond).ok()
    };
    match unit {
        Unit::Millisecond => clock(time.hour(), time.minute(), time.second(), time.millisecond()),
        Unit::Second => clock(time.hour(), time.minute(), time.second(), 0),
        Unit::Minute => clock(time.hour(), time.minute(), 0, 0),
        Unit::Hour => clock(time.hour(), 0, 0, 0),
        Unit::Day => Some(midnight),
        Unit::Week => {
            let days = i64::from(date.weekday().to_sunday_zero_offset());
            midnight.checked_sub(days.days()).ok()
        }
        Unit::Month => Some(midnight.first_of_month()),
        Unit::Year => Some(midnight.first_of_year()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::format_iso;

    #[test]
    fn evaluates() {
        let now = parse_timestamp("2026-11-24T20:46:51.123Z").unwrap();
        let cases = [
            ("now", "2026-11-24T20:46:51.123Z"),
            ("now-5d", "2026-11-19T20:46:51.123Z"),
            ("now-d", "2026-11-23T20:46:51.123Z"),
            ("now-9m", "2026-11-24T20:37:51.123Z"),
            ("now-1M", "2026-10-24T20:46:51.123Z"),
            ("now-9M", "2026-02-24T20:46:51.123Z"),
            ("now+10ms", "2026-11-24T20:46:51.133Z"),
            ("now-1d/d", "2026-11-23T00:00:00.000Z"),
            ("now/h", "2026-11-24T20:00:00.000Z"),
            ("now/m", "2026-11-24T20:46:00.000Z"),
            ("now/s", "2026-11-24T20:46:51.000Z"),
            ("now/w", "2026-11-22T00:00:00.000Z"),
            ("now/M", "2026-11-01T00:00:00.000Z"),
            ("now/1y", "2026-01-01T00:00:00.000Z"),
            ("2026-01-31||+1M", "2026-02-28T00:00:00.000Z"),
            ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ];
        for (text, expected) in cases {
            let evaluated = DateMath::parse(text).unwrap().evaluate(now).unwrap();
            assert_eq!(format_iso(evaluated), expected, "{text}");
        }
    }

    #[test]
    fn names_the_place_of_an_error() {
        let cases = [
            ("now-5min", 3),
            ("now-5D", 3),
            ("now-5", 3),
            ("now-5d -1h", 6),
            ("now/2d", 3),
            ("now*5d", 3),
            ("yesterday", 0),
            ("", 0),
            ("2026-01-01||-5q", 12),
            ("now-99999999999999999999d", 3),
            ("nowé", 3),
        ];
        for (text, offset) in cases {
            assert_eq!(DateMath::parse(text), Err(DateMathError { offset }), "{text}");
        }
    }

    #[test]
    fn leaving_the_calendar_is_none() {
        assert_eq!(DateMath::parse("now-99999y").unwrap().evaluate(0), None);
        assert_eq!(DateMath::parse("now").unwrap().evaluate(i64::MAX), None);
    }
}
