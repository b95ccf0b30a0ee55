//! Timestamps as Elasticsearch reads them
//! (`strict_date_optional_time||epoch_millis`), cut to milliseconds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Parses a timestamp to milliseconds since 1970-01-01T00:00:00Z.
///
/// Accepts ISO 8601 from `2026` to `2026-11-24T03:14:11.876990123+01:00`
/// (missing parts are their first value, a missing zone is UTC, fractions
/// are cut, not rounded) and digits alone: four are a year, any other number
/// is epoch milliseconds. `None` for anything else.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    if let Some(time_ms) = parse_epoch_millis(text) {
        return Some(time_ms);
    }
    let mut reader = Reader { rest: text };
    let (date_time, offset_seconds) = reader.date_time()?;
    // Not by way of a timestamp, which ends before the calendar does.
    let nanoseconds = date_time.duration_since(EPOCH).as_nanos();
    let local_ms = i64::try_from(nanoseconds.div_euclid(1_000_000)).ok()?;
    local_ms.checked_sub(i64::from(offset_seconds) * 1000)
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Digits, a fraction of them cut. Four digits are a year.
fn parse_epoch_millis(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = [digits, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let is_year = text.len() == 4 && digits.len() == 4 && whole.len() == 4;
    if !is_number || is_year {
        return None;
    }
    let time_ms: i64 = whole.parse().ok()?;
    let below_zero = text.starts_with('-') && fraction.bytes().any(|digit| digit != b'0');
    time_ms.checked_sub(i64::from(below_zero))
}

/// Writes a time as JavaScript's `toISOString` does: UTC, milliseconds.
/// A time outside the years -9999 to 9999 is cut to the nearest in range.
pub fn format_iso(time_ms: i64) -> String {
    let nearest = if time_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let timestamp = Timestamp::from_millisecond(time_ms).unwrap_or(nearest);
    let utc = Offset::UTC.to_datetime(timestamp);
    let (date, time) = (utc.date(), utc.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// Java's `ZoneOffset` ends at 18 hours.
const OFFSET_SECONDS_MAX: i32 = 18 * 3600;

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn date_time(&mut self) -> Option<(DateTime, i32)> {
        let year = self.digits(4)? as i16;
        let (mut month, mut day) = (1, 1);
        if self.take('-') {
            month = self.digits(2)?;
            if self.take('-') {
                day = self.digits(2)?;
            }
        }
        let (mut hour, mut minute, mut second, mut nanosecond) = (0, 0, 0, 0);
        let mut offset_seconds = 0;
        if self.take('T') && !self.rest.is_empty() {
            hour = self.digits(2)?;
            if self.take(':') {
                minute = self.digits(2)?;
                if self.take(':') {
                    second = self.digits(2)?;
                    if self.take('.') || self.take(',') {
                        nanosecond = self.fraction()?;
                    }
                }
            }
            offset_seconds = self.zone()?;
        }
        if !self.rest.is_empty() {
            return None;
        }
        let date_time =
            DateTime::new(year, month as i8, day as i8, hour as i8, minute as i8, second as i8, nanosecond).ok()?;
        Some((date_time, offset_seconds))
    }

    /// `Z`, `±hh`, `±hhmm`, `±hh:mm` or nothing, in seconds east of UTC.
    fn zone(&mut self) -> Option<i32> {
        let sign = match self.rest.chars().next() {
            None => return Some(0),
            Some('Z') => {
                self.take('Z');
                return Some(0);
            }
            Some('+') => 1,
            Some('-') => -1,
            Some(_) => return None,
        };
        self.rest = self.rest.get(1..)?;
        let hours = self.digits(2)?;
        let minutes = if self.take(':') || !self.rest.is_empty() { self.digits(2)? } else { 0 };
        let seconds = hours * 3600 + minutes * 60;
        (minutes < 60 && seconds <= OFFSET_SECONDS_MAX).then_some(sign * seconds)
    }

    /// One to nine digits after the decimal point, in nanoseconds.
    fn fraction(&mut self) -> Option<i32> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&length) {
            return None;
        }
        let value = self.digits(length)?;
        Some(value * 10_i32.pow(9 - length as u32))
    }

    fn digits(&mut self, length: usize) -> Option<i32> {
        let (head, tail) = self.rest.split_at_checked(length)?;
        if !head.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        self.rest = tail;
        head.parse().ok()
    }

    fn take(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(tail) => {
                self.rest = tail;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_elasticsearch_reads() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01T00:00:00.001999Z", Some(1)),
            ("1969-12-31T23:59:59.999999Z", Some(-1)),
            ("1970-01-01T01:00:00+01:00", Some(0)),
            ("1970-01-01T01:00:00+0100", Some(0)),
            ("1970-01-01T01+01", Some(0)),
            ("2026-11-24T03:14:11.876990Z", Some(1_795_490_051_876)),
            ("2026-11-24", Some(1_795_478_400_000)),
            ("2026-11", Some(1_793_491_200_000)),
            ("2026", Some(1_767_225_600_000)),
            ("1795490051876", Some(1_795_490_051_876)),
            ("-1", Some(-1)),
            ("1795490051876.9", Some(1_795_490_051_876)),
            ("-1.5", Some(-2)),
            ("1.", None),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799_000)),
            ("2020-01-01T00:00:00+18:00", Some(1_577_772_000_000)),
            ("2020-01-01T00:00:00+18:01", None),
            ("0", Some(0)),
            ("2020-7-1", None),
            ("2020-02-30", None),
            ("2020-07-01 12:00:00", None),
            ("2020-07-01T12:00:00z", None),
            ("2020-07-01T12:00:00Zx", None),
            ("2020-07-01T25:00:00Z", None),
            ("", None),
            ("-", None),
            ("now", None),
            ("99999999999999999999", None),
            ("2020-01-01T00:00:00.1234567890Z", None),
            ("é020-01-01", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_timestamp(text), expected, "{text}");
        }
    }

    #[test]
    fn writes_javascript_iso() {
        assert_eq!(format_iso(1_795_490_051_876), "2026-11-24T03:14:11.876Z");
        assert_eq!(format_iso(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(format_iso(i64::MAX), "9999-12-30T22:00:00.999Z");
    }
}
