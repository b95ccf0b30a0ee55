//! Times as Java shows them.

use alloc::format;
use alloc::string::String;

use super::calendar::civil_date;
use super::scale::{DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS};

/// A time in nanoseconds as `ZonedDateTime.toString` writes it in UTC: seconds where there are any,
/// of their fraction three, six or nine digits.
pub(crate) fn iso_8601(time_ns: i128) -> String {
    let (year, month, day) = civil_date(time_ns).unwrap_or_default();
    let of_day = time_ns.rem_euclid(DAY_NS);
    let (hour, minute) = (of_day / HOUR_NS, of_day % HOUR_NS / MINUTE_NS);
    let (second, fraction) = (of_day % MINUTE_NS / SECOND_NS, of_day % SECOND_NS);
    let seconds = match (second, fraction) {
        (0, 0) => String::new(),
        (second, 0) => format!(":{second:02}"),
        (second, ns) if ns % 1_000_000 == 0 => format!(":{second:02}.{:03}", ns / 1_000_000),
        (second, ns) if ns % 1_000 == 0 => format!(":{second:02}.{:06}", ns / 1_000),
        (second, ns) => format!(":{second:02}.{ns:09}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}{seconds}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_java_does() {
        for (time_ns, shown) in [
            (0, "1970-01-01T00:00Z"),
            (1_767_323_045_678_000_000, "2026-01-02T03:04:05.678Z"),
            (1_767_323_045_000_000_000, "2026-01-02T03:04:05Z"),
            (1_767_323_045_000_001_000, "2026-01-02T03:04:05.000001Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
        ] {
            assert_eq!(iso_8601(time_ns), shown);
        }
    }
}
