//! A line of an export: what is known of a term, or since when a rule is known.
//!
//! Keys and terms are texts, though they hold JSON, and times are numbers: so no
//! program that writes the line anew can change them.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};
use firstseen::ledger::{History, Record, Since, Span};
use serde::{Deserialize, Serialize};

use crate::printing::json_line;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    rule: Cow<'a, str>,
    /// Of a rule: arrival of the batch at which the state met it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    met_ms: Option<i64>,
    /// Of a rule: the time of its first sighting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_event_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    term: Option<Cow<'a, str>>,
    /// Of a term: the first and the last sighting of each stretch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spans_ms: Option<Vec<(i64, i64)>>,
    /// Of a term: the arrival time after which it may be forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_ms: Option<i64>,
}

/// Since when a rule is known, as a line without newline.
pub(super) fn of_rule(rule: &str, since: Since) -> String {
    let Since { arrival_ms, first_at_ms } = since;
    write(&Line { rule: rule.into(), met_ms: Some(arrival_ms), first_event_ms: first_at_ms, ..Line::default() })
}

/// What is known of a term, as a line without newline.
pub(super) fn of_term(rule: &str, term: &str, history: &History) -> String {
    write(&Line {
        rule: rule.into(),
        term: Some(term.into()),
        spans_ms: Some(history.spans().map(|span| (span.first, span.last)).collect()),
        expires_ms: Some(history.expires_ms()),
        ..Line::default()
    })
}

fn write(line: &Line<'_>) -> String {
    // Nothing of it can fail: texts and numbers.
    let json = serde_json::to_string(line).unwrap_or_default();
    json_line(&json).into_owned()
}

/// Reads a line.
///
/// # Errors
///
/// What is wrong with it, in a sentence that goes on from its place.
pub(super) fn read(line: &[u8]) -> Result<Record> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| anyhow::anyhow!(without_line(&error)))?;
    let Line { rule, met_ms, first_event_ms, term, spans_ms, expires_ms } = line;
    let rule = rule.into_owned();
    let record = match (term, met_ms) {
        (Some(term), None) if first_event_ms.is_none() => {
            let spans = spans_ms.context("`spans_ms` is missing")?;
            let expires_ms = expires_ms.context("`expires_ms` is missing")?;
            Record::Term { rule, term: term.into_owned(), history: history(spans, expires_ms)?, window_ms: 0 }
        }
        (None, Some(arrival_ms)) if spans_ms.is_none() && expires_ms.is_none() => {
            Record::Rule { rule, since: Since { arrival_ms, first_at_ms: first_event_ms } }
        }
        (None, None) => bail!("neither `term` nor `met_ms`: a line is about a term, or about a rule"),
        _ => bail!("members of a term and of a rule together: a line is about one of them"),
    };
    record.validate()?;
    Ok(record)
}

fn history(spans: Vec<(i64, i64)>, expires_ms: i64) -> Result<History> {
    let mut spans: Vec<Span> = spans.into_iter().map(|(first, last)| Span { first, last }).collect();
    let latest = spans.pop().context("`spans_ms` is empty")?;
    History::from_parts(spans, latest, expires_ms)
        .context("`spans_ms` has more than 16 spans, or they are not in order, each from its first to its last")
}

/// What is wrong with a text of one line, and in which column.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what}, in column {}", error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: i64, last: i64) -> Span {
        Span { first, last }
    }

    #[test]
    fn what_is_written_is_read() {
        let rules = [
            Since { arrival_ms: 1, first_at_ms: Some(-2) },
            Since { arrival_ms: i64::MIN, first_at_ms: None },
            Since { arrival_ms: i64::MAX, first_at_ms: Some(i64::MAX) },
        ];
        for since in rules {
            let record = Record::Rule { rule: "[\"r\u{202e}\"]".to_owned(), since };
            assert_eq!(read(of_rule("[\"r\u{202e}\"]", since).as_bytes()).unwrap(), record);
        }
        let histories = [
            History::new(0, 10, 5),
            History::from_parts(vec![span(-9, -5), span(1, 1)], span(4, i64::MAX), i64::MIN).unwrap(),
        ];
        for (history, term) in histories.into_iter().zip(["[\"/usr/bin/bash\"]", "[\"a\\n\u{9b}\u{e0041}\",1.50]"]) {
            let line = of_term("r", term, &history);
            assert!(!line.contains('\n') && line.chars().all(firstseen::is_printable), "{line}");
            let record = Record::Term { rule: "r".to_owned(), term: term.to_owned(), history, window_ms: 0 };
            assert_eq!(read(line.as_bytes()).unwrap(), record);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, cause) in [
            ("", "EOF while parsing a value, in column 0"),
            ("[]", "invalid length 0"),
            ("{}", "missing field `rule`"),
            (r#"{"rule":1}"#, "invalid type: integer `1`"),
            (r#"{"rule":"r"}"#, "neither `term` nor `met_ms`"),
            (r#"{"rule":"r","met_ms":1,"rule":"s"}"#, "duplicate field `rule`"),
            (r#"{"rule":"r","met_ms":1,"window":2}"#, "unknown field `window`"),
            (r#"{"rule":"r","met_ms":1,"term":"t"}"#, "members of a term and of a rule together"),
            (r#"{"rule":"r","met_ms":1,"expires_ms":1}"#, "members of a term and of a rule together"),
            (r#"{"rule":"r","met_ms":1.5}"#, "invalid type: floating point `1.5`"),
            (r#"{"rule":"r","met_ms":"2026-11-24"}"#, "invalid type: string"),
            (r#"{"rule":"r","met_ms":9223372036854775808}"#, "invalid value: integer"),
            (r#"{"rule":"r","term":["t"]}"#, "invalid type: sequence"),
            (r#"{"rule":"r","term":"t"}"#, "`spans_ms` is missing"),
            (r#"{"rule":"r","term":"t","spans_ms":[[1,2]]}"#, "`expires_ms` is missing"),
            (r#"{"rule":"r","term":"t","spans_ms":[],"expires_ms":1}"#, "`spans_ms` is empty"),
            (r#"{"rule":"r","term":"t","spans_ms":[[1]],"expires_ms":1}"#, "invalid length 1"),
            (r#"{"rule":"r","term":"t","spans_ms":[[2,1]],"expires_ms":1}"#, "not in order"),
            (r#"{"rule":"r","term":"t","spans_ms":[[1,2],[2,3]],"expires_ms":1}"#, "not in order"),
        ] {
            let error = read(line.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(cause) && !error.contains("line 1"), "{line}: {error}");
        }
        let long = format!(r#"{{"rule":"{}","met_ms":1}}"#, "r".repeat(1025));
        assert!(read(long.as_bytes()).unwrap_err().to_string().contains("a rule key of 1025 bytes"));
    }
}
