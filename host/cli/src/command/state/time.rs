//! Times for people.

use jiff::Timestamp;

/// A time in epoch milliseconds as ISO 8601, always as long; one that no calendar has
/// stays a number.
pub(super) fn show(time_ms: i64) -> String {
    match Timestamp::from_millisecond(time_ms) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => format!("{time_ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_with_their_milliseconds() {
        assert_eq!(show(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(show(1_795_521_600_120), "2026-11-24T12:00:00.120Z");
        assert_eq!(show(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(show(i64::MAX), "9223372036854775807 ms");
    }
}
