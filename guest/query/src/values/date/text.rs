//! Texts of dates.

use super::calendar::{day_number, days_in_month};
use super::scale::{MILLISECOND_NS, Resolution, Rounding, SECOND_NS};

/// Reads a date without date math, to nanoseconds since the epoch.
pub(super) fn read(text: &str, rounding: Rounding, resolution: Resolution) -> Option<i128> {
    read_iso(text, rounding, resolution).or_else(|| read_epoch_millis(text, rounding))
}

/// Java's `ZoneOffset` ends at 18 hours.
const OFFSET_MAX: i64 = 18 * 3600;

fn read_iso(text: &str, rounding: Rounding, resolution: Resolution) -> Option<i128> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut reader = TextReader { rest };
    let (mut month, mut day, mut offset_seconds) = (1, 1, 0);
    let mut clock = match rounding {
        Rounding::Down => Clock { hour: 0, minute: 0, second: 0, nanosecond: 0 },
        Rounding::Up => Clock { hour: 23, minute: 59, second: 59, nanosecond: 999_999_999 },
    };
    let year = sign * reader.digits(4)?;
    if reader.take('-') {
        month = reader.digits(2)?;
        if reader.take('-') {
            day = reader.digits(2)?;
            if reader.take('T') && !(reader.rest.is_empty() && resolution == Resolution::Milliseconds) {
                clock = reader.clock(clock, resolution)?;
                offset_seconds = reader.zone()?;
            }
        }
    }
    let has_day = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    if !reader.rest.is_empty() || !has_day || clock.hour > 23 || clock.minute > 59 || clock.second > 59 {
        return None;
    }
    let minutes = (day_number(year, month, day) * 24 + clock.hour) * 60 + clock.minute;
    let seconds = minutes * 60 + clock.second - offset_seconds;
    Some(i128::from(seconds) * SECOND_NS + i128::from(clock.nanosecond))
}

#[derive(Clone, Copy)]
struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
}

fn read_epoch_millis(text: &str, rounding: Rounding) -> Option<i128> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut reader = TextReader { rest };
    let length = reader.count_digits();
    if length > 19 {
        return None;
    }
    let time_ns = i128::from(reader.digits(length)?) * MILLISECOND_NS;
    if reader.rest.is_empty() {
        let open_ns = if rounding == Rounding::Up { MILLISECOND_NS - 1 } else { 0 };
        return Some(sign * time_ns + open_ns);
    }
    if !reader.take('.') {
        return None;
    }
    let fraction_ns = if reader.rest.is_empty() { 0 } else { reader.fraction(6)? };
    reader.rest.is_empty().then_some(sign * (time_ns + i128::from(fraction_ns)))
}

/// Takes a text apart from its begin.
pub(super) struct TextReader<'a> {
    pub(super) rest: &'a str,
}

impl TextReader<'_> {
    pub(super) fn take(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn count_digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    /// That many digits, at least one.
    pub(super) fn digits(&mut self, length: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(length)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        digits.parse().ok()
    }

    /// One digit up to `length` ones, in units of the last.
    fn fraction(&mut self, length: usize) -> Option<i64> {
        let written = self.count_digits();
        let missing = length.checked_sub(written)?;
        let value = self.digits(written)?;
        Some(value * 10_i64.pow(u32::try_from(missing).ok()?))
    }

    /// `hh`, `hh:mm` or `hh:mm:ss` with perhaps decimals; the rest is taken from `open`.
    fn clock(&mut self, open: Clock, resolution: Resolution) -> Option<Clock> {
        let is_optional = resolution == Resolution::Milliseconds;
        let mut clock = Clock { hour: self.digits(2)?, ..open };
        if !self.take(':') {
            return is_optional.then_some(clock);
        }
        clock.minute = self.digits(2)?;
        if !self.take(':') {
            return is_optional.then_some(clock);
        }
        clock.second = self.digits(2)?;
        if self.take('.') || self.take(',') {
            clock.nanosecond = self.fraction(9)?;
        }
        Some(clock)
    }

    /// The rest as a zone, in seconds east of UTC.
    fn zone(&mut self) -> Option<i64> {
        for name in ["UTC", "GMT", "UT"] {
            if let Some(rest) = self.rest.strip_prefix(name) {
                self.rest = rest;
                return self.offset(true);
            }
        }
        if self.rest == "Z" {
            self.rest = "";
        }
        self.offset(false)
    }

    /// `±hh`, `±hhmm`, `±hh:mm`, `±hhmmss`, `±hh:mm:ss`, perhaps `±h`, or nothing.
    fn offset(&mut self, allow_short: bool) -> Option<i64> {
        if self.rest.is_empty() {
            return Some(0);
        }
        let sign = if self.take('-') { -1 } else { i64::from(self.take('+')) };
        let hours = self.digits(if allow_short && self.rest.len() == 1 { 1 } else { 2 })?;
        let (mut minutes, mut seconds) = (0, 0);
        if !self.rest.is_empty() {
            let has_colons = self.take(':');
            minutes = self.digits(2)?;
            if !self.rest.is_empty() {
                if self.take(':') != has_colons {
                    return None;
                }
                seconds = self.digits(2)?;
            }
        }
        let offset = hours * 3_600 + minutes * 60 + seconds;
        let in_range = sign != 0 && minutes < 60 && seconds < 60 && offset <= OFFSET_MAX;
        in_range.then_some(sign * offset)
    }
}
