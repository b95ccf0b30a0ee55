//! Values on the command line.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use firstseen::DataView;
use firstseen::ledger::OutboxMax;
use jiff::{Span, SpanRelativeTo, Timestamp};

/// Most workers: each has an instance of the module.
const WORKERS_MAX: usize = 256;

/// A length of time: `30s`, `5m`, `1h30m`, `5d`. A day has 24 hours.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    let span: Span = text.parse().context("write a length of time such as 30s, 5m, 1h30m or 5d")?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours())?;
    Duration::try_from(duration).context("a length of time is not negative")
}

/// A time in epoch milliseconds: `2026-11-24T12:00:00Z`.
pub(crate) fn time_ms(text: &str) -> Result<i64> {
    let time: Timestamp = text.parse().context("write a time such as 2026-11-24T12:00:00Z")?;
    Ok(time.as_millisecond())
}

/// A number of bytes: `4096`, `64KiB`, `1MiB`, `1GiB`.
pub(crate) fn bytes(text: &str) -> Result<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_start() {
        "" | "B" => 1,
        "k" | "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => anyhow::bail!("write a number of bytes such as 4096, 64KiB or 1MiB"),
    };
    let number: usize = number.parse().context("write a number of bytes such as 4096, 64KiB or 1MiB")?;
    number.checked_mul(factor).context("too large")
}

/// How much may wait in the outbox: `100000`, `256MiB`, or both with a comma. What is
/// not said is as by default.
pub(crate) fn outbox_max(text: &str) -> Result<OutboxMax> {
    let mut max = OutboxMax::default();
    for part in text.split(',').map(str::trim) {
        match part.parse() {
            Ok(alerts) => max.alerts = alerts,
            Err(_) => max.bytes = bytes(part).context("write alerts, a size, or both: 100000,256MiB")? as u64,
        }
    }
    Ok(max)
}

/// A data view: `security=logs-*,auditbeat-*`.
pub(super) fn data_view(text: &str) -> Result<DataView> {
    const WANTED: &str = "write the id of a data view and its index patterns, such as security=logs-*,auditbeat-*";
    let (id, patterns) = text.split_once('=').context(WANTED)?;
    let patterns: Vec<String> = patterns.split(',').map(|pattern| pattern.trim().to_owned()).collect();
    ensure!(!id.is_empty() && patterns.iter().all(|pattern| !pattern.is_empty()), WANTED);
    Ok(DataView { id: id.to_owned(), patterns })
}

/// A number of workers: at least one.
pub(crate) fn workers(text: &str) -> Result<NonZeroUsize> {
    let number: NonZeroUsize = text.parse().context("write a number of at least 1")?;
    ensure!(number.get() <= WORKERS_MAX, "at most {WORKERS_MAX}");
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("30s").unwrap(), Duration::from_secs(30));
        assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(duration("5d").unwrap(), Duration::from_secs(5 * 86_400));
        assert_eq!(duration("1w").unwrap(), Duration::from_secs(7 * 86_400));
        for wrong in ["", "5", "-5s", "5 parsecs", "1mo"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn outboxes() {
        let max = |text: &str| outbox_max(text).map(|max| (max.alerts, max.bytes)).ok();
        assert_eq!(max("10"), Some((10, 256 << 20)));
        assert_eq!(max("1MiB"), Some((100_000, 1 << 20)));
        assert_eq!([max("5, 2KiB"), max("2KiB,5")], [Some((5, 2048)); 2]);
        assert_eq!([max(""), max("5,"), max("many")], [None; 3]);
    }

    #[test]
    fn data_views() {
        let read = data_view("security=logs-*, -logs-x,a:b").unwrap();
        assert_eq!(
            (read.id.as_str(), read.patterns),
            ("security", ["logs-*", "-logs-x", "a:b"].map(str::to_owned).into())
        );
        for wrong in ["", "security", "security=", "=logs-*", "security=logs-*,"] {
            assert!(data_view(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_and_sizes() {
        assert_eq!(time_ms("1970-01-01T00:00:01Z").unwrap(), 1000);
        assert!(time_ms("yesterday").is_err());
        assert_eq!(bytes("64KiB").unwrap(), 65_536);
        assert_eq!(bytes("1MiB").unwrap(), 1 << 20);
        assert!(bytes("MiB").is_err());
        assert!(bytes("99999999999G").is_err());
    }
}
