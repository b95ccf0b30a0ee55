//! History windows that the store may forget.
//!
//! What was seen is kept for twice the length that the window has then, counted
//! from its last sighting, and at least a day, however long the window is. A
//! window that always has one length can so never outlast it, nor can one that
//! begins at a date, whose length counts as endless. One that begins with the
//! week is short at first: what is seen in its first hours is kept for a day,
//! while the window goes on reaching back to it.

use firstseen::rule_files::FileRule;
use firstseen::{RuleSummary, printable};
use serde_json::Value;

/// What the author should know of the window of a rule that runs.
pub(super) fn warning(rule: &FileRule, summary: &RuleSummary) -> Option<String> {
    if summary.rule_type != "new_terms" || summary.window_ms.is_some() {
        return None;
    }
    let object = rule.object().ok()?;
    let start = object.get("history_window_start").and_then(Value::as_str)?;
    may_outlast(start).then(|| {
        format!(
            "the history window ({}) is short at first, and what is seen then is forgotten before it ends (it is kept \
             for twice the length of that moment, at least a day) and alerts again; write now-7d, for example",
            printable(start)
        )
    })
}

/// Whether a window that begins at `start` can reach back further than what it
/// saw is kept. What cannot be told is said to.
fn may_outlast(start: &str) -> bool {
    let Some(offset) = start.trim().strip_prefix("now") else { return false };
    let Some((offset, rounding)) = offset.split_once('/') else { return false };
    // Less than a day is always kept.
    let rounding = days(rounding).unwrap_or(f64::INFINITY);
    // At its shortest the window has the length of what is subtracted; the
    // longest it then has to remember is the unit that it is rounded to.
    let shortest = match offset.strip_prefix('-') {
        Some(offset) => {
            let digits = offset.bytes().take_while(u8::is_ascii_digit).count();
            let (number, unit) = offset.split_at(digits);
            number.parse::<u32>().ok().zip(days(unit)).map_or(0.0, |(number, days)| f64::from(number) * days)
        }
        None => 0.0,
    };
    rounding > 1.0 && shortest * 2.0 < rounding
}

/// Length of a unit of date math, about.
fn days(unit: &str) -> Option<f64> {
    Some(match unit {
        "s" => 1.0 / 86_400.0,
        "m" => 1.0 / 1_440.0,
        "h" | "H" => 1.0 / 24.0,
        "d" => 1.0,
        "w" => 7.0,
        "M" => 30.0,
        "y" => 365.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_begin_with_nothing() {
        for start in ["now/w", "now/M", "now/y", "now-1d/w", "now-1w/M", "now+1d-3d/w"] {
            assert!(may_outlast(start), "{start}");
        }
        for start in [
            "now-7d",
            "now-1M",
            "now/d",
            "now-12h/d",
            "now-7d/d",
            "now-1w/w",
            "now-1M/M",
            "2026-01-01",
            "2026-01-01||/M",
        ] {
            assert!(!may_outlast(start), "{start}");
        }
    }
}
