//! Dates as Elasticsearch reads them: `strict_date_optional_time||epoch_millis`, and date math.
//!
//! The calendar is the Gregorian one without end, as Java has it, in nanoseconds since
//! 1970-01-01T00:00:00Z. Time zones are offsets; names of regions (`Europe/Paris`), which
//! Elasticsearch knows from a database, are refused.

mod calendar;
mod math;
mod scale;
mod shown;
mod text;

use math::{calculate, in_years};
use scale::MILLISECOND_NS;
pub(crate) use scale::{Resolution, Rounding};
pub(crate) use shown::iso_8601;
use text::read;

/// Reads an event's date to nanoseconds since the epoch.
///
/// That is ISO 8601 from `2020` to `2020-07-01T12:30:15.123456789+01:00` (missing parts are their
/// first value, a missing zone is UTC), or epoch milliseconds with at most six decimals: digits
/// alone are milliseconds, unless there are four of them, which are a year. `None` for anything
/// else, for which Elasticsearch would refuse the event.
pub fn instant(text: &str) -> Option<i128> {
    read(text, Rounding::Down, Resolution::Milliseconds)
}

impl Resolution {
    /// What a field makes of a string in an event, in nanoseconds. `None` if it refuses it.
    pub(crate) fn of_string(self, text: &str) -> Option<i128> {
        self.keep(read(text, Rounding::Down, self)?)
    }

    /// What a field makes of a number in an event. Whole numbers beyond 32 bits do not pass
    /// through the text, so that they are cut to the range instead of being refused.
    pub(crate) fn of_number(self, text: &str) -> Option<i128> {
        match (text.parse::<i64>(), self) {
            (Ok(time_ms), _) if i32::try_from(time_ms).is_ok() => self.of_string(text),
            (Ok(time_ms), Self::Milliseconds) => Some(i128::from(time_ms) * MILLISECOND_NS),
            (Ok(time_ms), Self::Nanoseconds) => Some(i128::from(time_ms.saturating_mul(1_000_000))),
            (Err(_), _) => self.of_string(text),
        }
    }
}

/// Reads a literal of a query, rounded, to nanoseconds since the epoch, to be compared with what
/// the field keeps. `None` if the whole search would fail.
///
/// It is a date as in an event, or date math: `now` or a date with `||`, then steps such as `+1M`,
/// `-d` and `/d`. Of a date only the time of day is rounded up, to its last nanosecond, so `2020`
/// is the first day of that year. In date math the date is not rounded, but each `/` is, and up
/// means the last millisecond even where the field has nanoseconds.
pub(crate) fn bound(text: &str, now_ns: i128, rounding: Rounding, resolution: Resolution) -> Option<i128> {
    let time_ns = if let Some(steps) = text.strip_prefix("now") {
        let now_ns = in_years(now_ns)?;
        calculate(now_ns - now_ns.rem_euclid(MILLISECOND_NS), steps, rounding)?
    } else if let Some((date, steps)) = text.split_once("||") {
        calculate(read(date, Rounding::Down, resolution)?, steps, rounding)?
    } else {
        read(text, rounding, resolution)?
    };
    resolution.keep(time_ns)
}

#[cfg(test)]
mod tests {
    use super::scale::SECOND_NS;
    use super::*;
    use Resolution::{Milliseconds, Nanoseconds};
    use Rounding::{Down, Up};
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn reads_instants() {
        let cases = [
            ("1970", 0),
            ("1970-01", 0),
            ("1970-01-01", 0),
            ("1970-01-01T", 0),
            ("1970-01-01T01", 3_600_000_000_000),
            ("1970-01-01T00:01", 60_000_000_000),
            ("1970-01-01T00:00:01", 1_000_000_000),
            ("1970-01-01T00:00:00.1", 100_000_000),
            ("1970-01-01T00:00:00,12", 120_000_000),
            ("1970-01-01T00:00:00.123456789", 123_456_789),
            ("1969-12-31T23:59:59.999999999", -1),
            ("2020-02-29", 1_582_934_400_000_000_000),
            ("2020-07-01T12:30:15Z", 1_593_606_615_000_000_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999_000_000),
            ("0000", -62_167_219_200_000_000_000),
            ("-2020", -125_912_275_200_000_000_000),
            ("-2020-01-01", -125_912_275_200_000_000_000),
            ("2020", 1_577_836_800_000_000_000),
            ("202", 202_000_000),
            ("02020", 2_020_000_000),
            ("2020.", 2_020_000_000),
            ("2020.0", 2_020_000_000),
            ("-20200", -20_200_000_000),
            ("0", 0),
            ("-0", 0),
            ("1590000000000", 1_590_000_000_000_000_000),
            ("1590000000000.5", 1_590_000_000_000_500_000),
            ("1590000000000.123456", 1_590_000_000_000_123_456),
            ("-1.5", -1_500_000),
            ("9223372036854775807", 9_223_372_036_854_775_807_000_000),
            ("0000000000000000001", 1_000_000),
        ];
        for (text, expected) in cases {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn knows_zones() {
        let cases = [
            ("Z", 0),
            ("UTC", 0),
            ("GMT", 0),
            ("UT", 0),
            ("+01", 3_600),
            ("-0130", -5_400),
            ("+01:30", 5_400),
            ("+01:00:30", 3_630),
            ("-010030", -3_630),
            ("-00:00", 0),
            ("+18", 64_800),
            ("UTC+3", 10_800),
            ("GMT-03:30", -12_600),
            ("UT+0330", 12_600),
        ];
        for (zone, expected) in cases {
            for clock in ["12", "12:00", "12:00:00", "12:00:00.000"] {
                let offset_ns =
                    instant("2020-07-01T12").unwrap() - instant(&format!("2020-07-01T{clock}{zone}")).unwrap();
                assert_eq!(offset_ns, expected * SECOND_NS, "{clock}{zone}");
            }
        }
        for zone in [
            "z", "utc", "+1", "+1:00", "+01:", "+01:0030", "+0100:30", "+01:60", "+18:01", "-19", "UTC0", "ZZ",
            "UTC+03:3",
        ] {
            assert_eq!(instant(&format!("2020-07-01T12:00:00{zone}")), None, "{zone}");
        }
    }

    #[test]
    fn refuses() {
        let texts = [
            "",
            " ",
            "-",
            "--2020",
            "+2020",
            "+12345",
            "12345-01-01",
            " 2020",
            "2020 ",
            "2020Z",
            "2020T12",
            "2020-07T12",
            "2020-07-01Z",
            "2020-07-01T+01:00",
            "2020-7-1",
            "2020-07-",
            "2020-13-01",
            "2020-00-01",
            "2020-01-00",
            "2020-02-30",
            "2021-02-29",
            "1900-02-29",
            "2020-W01",
            "2020-001",
            "2020-07-01 12:00:00",
            "2020-07-01t12:00:00",
            "2020-07-01T24:00:00",
            "2020-07-01T12:60",
            "2020-07-01T12:30:60",
            "2020-07-01T1",
            "2020-07-01T12:",
            "2020-07-01T12:30:15.",
            "2020-07-01T12:30:15.1234567891",
            "true",
            "1e3",
            "1.59E12",
            "1590000000000.1234567",
            ".5",
            "1.-5",
            "9223372036854775808",
            "-9223372036854775808",
            "00000000000000000001",
            "１９９９",
            "é020",
        ];
        for text in texts {
            assert_eq!(instant(text), None, "{text}");
            assert_eq!(bound(text, 0, Up, Milliseconds), None, "{text}");
        }
        for text in ["now", "now/d", "2020||/d"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn fields_keep() {
        let cases: [(&str, Option<i64>, Option<i64>); 12] = [
            ("2020-07-01T12:30:15.123456789", Some(1_593_606_615_123), Some(1_593_606_615_123_456_789)),
            ("2020-07-01T12:30:15Z", Some(1_593_606_615_000), Some(1_593_606_615_000_000_000)),
            ("2020-07-01", Some(1_593_561_600_000), Some(1_593_561_600_000_000_000)),
            ("2020-07-01T", Some(1_593_561_600_000), None),
            ("2020-07-01T12", Some(1_593_604_800_000), None),
            ("2020-07-01T12:30Z", Some(1_593_606_600_000), None),
            ("1969-12-31T23:59:59.9999", Some(-1), None),
            ("-1.5", Some(-2), None),
            ("2262-04-11T23:47:16.854775807", Some(9_223_372_036_854), Some(i64::MAX)),
            ("2262-04-11T23:47:16.854775808", Some(9_223_372_036_854), None),
            ("9223372036855", Some(9_223_372_036_855), None),
            ("9223372036854775807.9", Some(i64::MAX), None),
        ];
        for (text, time_ms, time_ns) in cases {
            let time_ms = time_ms.map(|time_ms| i128::from(time_ms) * MILLISECOND_NS);
            assert_eq!(Milliseconds.of_string(text), time_ms, "{text}");
            assert_eq!(Nanoseconds.of_string(text), time_ns.map(i128::from), "{text}");
        }
    }

    #[test]
    fn fields_keep_numbers() {
        let cases = [
            ("2020", Some(1_577_836_800_000), Some(1_577_836_800_000_000_000)),
            ("2020.0", Some(2_020), Some(2_020_000_000)),
            ("-2020", Some(-125_912_275_200_000), None),
            ("-1", Some(-1), None),
            ("1590000000000", Some(1_590_000_000_000), Some(1_590_000_000_000_000_000)),
            ("1590000000000.5", Some(1_590_000_000_000), Some(1_590_000_000_000_500_000)),
            ("1.59e12", None, None),
            ("-2147483648", Some(-2_147_483_648), None),
            ("-2147483649", Some(-2_147_483_649), Some(-2_147_483_649_000_000)),
            ("9223372036855", Some(9_223_372_036_855), Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN), Some(i64::MIN)),
            ("9223372036854775808", None, None),
        ];
        for (text, time_ms, time_ns) in cases {
            let time_ms = time_ms.map(|time_ms| i128::from(time_ms) * MILLISECOND_NS);
            assert_eq!(Milliseconds.of_number(text), time_ms, "{text}");
            assert_eq!(Nanoseconds.of_number(text), time_ns.map(i128::from), "{text}");
        }
    }

    /// A Tuesday.
    const NOW: &str = "2026-11-24T03:14:11.876543210";

    #[test]
    fn rounds_to_milliseconds() {
        let cases = [
            ("2020", "2020-01-01T00:00:00", "2020-01-01T23:59:59.999"),
            ("2020-07", "2020-07-01T00:00:00", "2020-07-01T23:59:59.999"),
            ("2020-07-01", "2020-07-01T00:00:00", "2020-07-01T23:59:59.999"),
            ("2020-07-01T", "2020-07-01T00:00:00", "2020-07-01T23:59:59.999"),
            ("2020-07-01T12", "2020-07-01T12:00:00", "2020-07-01T12:59:59.999"),
            ("2020-07-01T12+01:00", "2020-07-01T11:00:00", "2020-07-01T11:59:59.999"),
            ("2020-07-01T12:30", "2020-07-01T12:30:00", "2020-07-01T12:30:59.999"),
            ("2020-07-01T12:30:15", "2020-07-01T12:30:15", "2020-07-01T12:30:15.999"),
            ("2020-07-01T12:30:15.1", "2020-07-01T12:30:15.1", "2020-07-01T12:30:15.1"),
            ("2020-07-01T12:30:15.1239", "2020-07-01T12:30:15.123", "2020-07-01T12:30:15.123"),
            ("1590000000000", "2020-05-20T18:40:00", "2020-05-20T18:40:00"),
            ("-1", "1969-12-31T23:59:59.999", "1969-12-31T23:59:59.999"),
            ("now", "2026-11-24T03:14:11.876", "2026-11-24T03:14:11.876"),
            ("now+1H", "2026-11-24T04:14:11.876", "2026-11-24T04:14:11.876"),
            ("now-h", "2026-11-24T02:14:11.876", "2026-11-24T02:14:11.876"),
            ("now-90m", "2026-11-24T01:44:11.876", "2026-11-24T01:44:11.876"),
            ("now-30s", "2026-11-24T03:13:41.876", "2026-11-24T03:13:41.876"),
            ("now/s", "2026-11-24T03:14:11", "2026-11-24T03:14:11.999"),
            ("now/m", "2026-11-24T03:14:00", "2026-11-24T03:14:59.999"),
            ("now/h", "2026-11-24T03:00:00", "2026-11-24T03:59:59.999"),
            ("now/d", "2026-11-24T00:00:00", "2026-11-24T23:59:59.999"),
            ("now/01d", "2026-11-24T00:00:00", "2026-11-24T23:59:59.999"),
            ("now-30d/d", "2026-10-25T00:00:00", "2026-10-25T23:59:59.999"),
            ("now/w", "2026-11-23T00:00:00", "2026-11-29T23:59:59.999"),
            ("now/M", "2026-11-01T00:00:00", "2026-11-30T23:59:59.999"),
            ("now/y", "2026-01-01T00:00:00", "2026-12-31T23:59:59.999"),
            ("now/d+1h", "2026-11-24T01:00:00", "2026-11-25T00:59:59.999"),
            ("now/w+1d/w", "2026-11-23T00:00:00", "2026-12-06T23:59:59.999"),
            ("now+0d", "2026-11-24T03:14:11.876", "2026-11-24T03:14:11.876"),
            ("2020||", "2020-01-01T00:00:00", "2020-01-01T00:00:00"),
            ("2020||/y", "2020-01-01T00:00:00", "2020-12-31T23:59:59.999"),
            ("2020-07||/M", "2020-07-01T00:00:00", "2020-07-31T23:59:59.999"),
            ("2019-12-29||/w", "2019-12-23T00:00:00", "2019-12-29T23:59:59.999"),
            ("2019-12-31||+1d", "2020-01-01T00:00:00", "2020-01-01T00:00:00"),
            ("2020-01-01||+1M/d", "2020-02-01T00:00:00", "2020-02-01T23:59:59.999"),
            ("2020-01-31||+1M", "2020-02-29T00:00:00", "2020-02-29T00:00:00"),
            ("2020-01-31||+1M+1M", "2020-03-29T00:00:00", "2020-03-29T00:00:00"),
            ("2020-02-29||+1y", "2021-02-28T00:00:00", "2021-02-28T00:00:00"),
            ("2020-01-01||-1M", "2019-12-01T00:00:00", "2019-12-01T00:00:00"),
            ("2020-01-01T12:00+13:00||/d", "2019-12-31T00:00:00", "2019-12-31T23:59:59.999"),
            ("1590000000000.5||/d", "2020-05-20T00:00:00", "2020-05-20T23:59:59.999"),
            ("now+2147483647y-2147483647y", "", ""),
            ("now+999999999y", "", ""),
            ("now+300000000y", "", ""),
            ("now+300000000y-300000000y", "2026-11-24T03:14:11.876", "2026-11-24T03:14:11.876"),
            ("now+2147483647s", "2094-12-12T06:28:18.876", "2094-12-12T06:28:18.876"),
            ("now+2147483648s", "", ""),
            ("now/2d", "", ""),
            ("now/0d", "", ""),
            ("now+1", "", ""),
            ("now+", "", ""),
            ("now/", "", ""),
            ("now+1ms", "", ""),
            ("now+1D", "", ""),
            ("now -1d", "", ""),
            ("nowx", "", ""),
            ("Now", "", ""),
            ("now||+1d", "", ""),
            ("||", "", ""),
            ("||/d", "", ""),
            ("2020||+1d||", "", ""),
        ];
        check_bounds(Milliseconds, &cases);
    }

    #[test]
    fn rounds_to_nanoseconds() {
        check_bounds(
            Nanoseconds,
            &[
                ("2020", "2020-01-01T00:00:00", "2020-01-01T23:59:59.999999999"),
                ("2020-07-01T12:30:15", "2020-07-01T12:30:15", "2020-07-01T12:30:15.999999999"),
                ("2020-07-01T12:30:15.1", "2020-07-01T12:30:15.1", "2020-07-01T12:30:15.1"),
                ("2020-07-01T12:30:15.1239", "2020-07-01T12:30:15.1239", "2020-07-01T12:30:15.1239"),
                ("2020-07-01T12", "", ""),
                ("2020-07-01T12:30", "", ""),
                ("2020-07-01T12||/d", "", ""),
                ("1590000000000", "2020-05-20T18:40:00", "2020-05-20T18:40:00.000999999"),
                ("-0", "1970-01-01T00:00:00", "1970-01-01T00:00:00.000999999"),
                ("1590000000000.", "2020-05-20T18:40:00", "2020-05-20T18:40:00"),
                ("1590000000000.5", "2020-05-20T18:40:00.0005", "2020-05-20T18:40:00.0005"),
                ("now", "2026-11-24T03:14:11.876", "2026-11-24T03:14:11.876"),
                ("now/d", "2026-11-24T00:00:00", "2026-11-24T23:59:59.999"),
                (
                    "2020-01-01T12:00:00.123456789||+1M",
                    "2020-02-01T12:00:00.123456789",
                    "2020-02-01T12:00:00.123456789",
                ),
                ("2262-04-11T23:47:16.854775807", "2262-04-11T23:47:16.854775807", "2262-04-11T23:47:16.854775807"),
                ("9223372036854", "2262-04-11T23:47:16.854", ""),
                ("1969-12-31", "", ""),
                ("1969-12-31||+1d", "1970-01-01", "1970-01-01"),
                ("9999", "", ""),
                ("now-100y", "", ""),
            ],
        );
    }

    /// Expects bounds that are written as dates; nothing stands for an error.
    fn check_bounds(resolution: Resolution, cases: &[(&str, &str, &str)]) {
        let now_ns = instant(NOW).unwrap();
        for (text, down, up) in cases {
            assert_eq!(bound(text, now_ns, Down, resolution), instant(down), "{text}");
            assert_eq!(bound(text, now_ns, Up, resolution), instant(up), "{text}");
        }
    }

    #[test]
    fn any_search_time_will_do() {
        for now_ns in [i128::MIN, i128::MAX] {
            assert_eq!(bound("now/w", now_ns, Up, Milliseconds), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reads_what_it_is_given(text in "(now|-?[0-9]{0,20}(\\.[0-9]*)?\\|\\||.{0,9})([-+/][0-9]{0,11}[smhdwMy]){0,5}.?") {
            let down = bound(&text, 0, Down, Milliseconds);
            let up = bound(&text, 0, Up, Milliseconds);
            prop_assert!(down.is_none() || up.is_none() || down <= up);
        }
    }
}
