//! Timestamps as Elasticsearch reads them
//! (`strict_date_optional_time||epoch_millis`), cut to milliseconds.

use jiff::Timestamp;
use jiff::tz::Offset;

/// Parses a timestamp to milliseconds since 1970-01-01T00:00:00Z, as a `date`
/// field does; see [`firstseen_query::instant`]. Fractions are cut, not rounded.
/// `None` for what is none.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    i64::try_from(firstseen_query::instant(text)?.div_euclid(1_000_000)).ok()
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
            ("1.", Some(1)),
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
