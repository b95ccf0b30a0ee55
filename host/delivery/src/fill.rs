//! Writing into an alert what became of its events.

use firstseen::ledger::{AlertSource, StoredAlert};
use serde_json::Value;

/// What became of an event that an alert is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EventFate {
    /// Nobody said. The alert names it by what is known of it.
    #[default]
    Unknown,
    /// It is stored.
    Stored {
        /// `_index`.
        index: String,
        /// `_id`.
        id: String,
    },
    /// It was refused for good.
    Refused {
        /// Why, in the words of whoever refused it.
        reason: String,
    },
}

/// Members that say of an alert that its event is not stored.
const STORED: &str = "firstseen.event.stored";
const REASON: &str = "firstseen.event.reason";

/// The document of an alert with what became of its events, in the order of its
/// sources; of events that are missing there nothing is known.
pub(crate) fn filled(alert: StoredAlert, fates: &[EventFate]) -> String {
    let StoredAlert { document, sources, .. } = alert;
    let mut pieces: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    let mut refused = None;
    for (source, fate) in sources.iter().zip(fates) {
        match fate {
            EventFate::Unknown => {}
            EventFate::Stored { index, id } => put(source, index, id, &mut pieces),
            EventFate::Refused { reason } => refused = Some(reason),
        }
    }
    if let Some(reason) = refused {
        let start = document.find('{').map_or(0, |brace| brace + 1);
        let reason = Value::from(reason.as_str());
        pieces.push((start..start, format!("\"{STORED}\":false,\"{REASON}\":{reason},")));
    }
    replaced(document, pieces)
}

fn put(source: &AlertSource, index: &str, id: &str, pieces: &mut Vec<(std::ops::Range<usize>, String)>) {
    pieces.push((source.id.clone(), Value::from(id).to_string()));
    let index = Value::from(index);
    pieces.push(match source.index.is_empty() {
        true => (source.index.clone(), format!("{}{index}", source.index_before)),
        false => (source.index.clone(), index.to_string()),
    });
}

/// The document with pieces of it replaced; as it was where they overlap or lie
/// outside, which those of a checked alert do not.
fn replaced(document: String, mut pieces: Vec<(std::ops::Range<usize>, String)>) -> String {
    pieces.sort_by_key(|(range, _)| (range.start, range.end));
    // Two sources may be the same place.
    pieces.dedup_by(|a, b| a.0 == b.0 && !a.0.is_empty());
    let mut filled = String::with_capacity(document.len() + 256);
    let mut at = 0;
    for (range, text) in &pieces {
        let Some(before) = document.get(at..range.start) else { return document };
        filled.push_str(before);
        filled.push_str(text);
        at = range.end;
    }
    match document.get(at..) {
        Some(rest) => filled + rest,
        None => document,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(document: &str, id: &str, index: Option<&str>) -> StoredAlert {
        let place = |text: &str| {
            let start = document.find(text).unwrap();
            start..start + text.len()
        };
        let id = place(id);
        let (index, index_before) = match index {
            Some(index) => (place(index), String::new()),
            None => (id.end..id.end, ",\"index\":".to_owned()),
        };
        let sources = vec![AlertSource { id, index, index_before }];
        StoredAlert { document: document.to_owned(), sources, ..StoredAlert::default() }
    }

    fn stored() -> EventFate {
        EventFate::Stored { index: ".ds-logs-000001".to_owned(), id: "a\"b".to_owned() }
    }

    #[test]
    fn a_stored_event_is_named() {
        let known = alert(r#"{"a":[{"id":"digest","index":"logs"}]}"#, "\"digest\"", Some("\"logs\""));
        assert_eq!(filled(known, &[stored()]), r#"{"a":[{"id":"a\"b","index":".ds-logs-000001"}]}"#);
        let unknown = alert(r#"{"a":[{"id":"digest"}]}"#, "\"digest\"", None);
        assert_eq!(filled(unknown, &[stored()]), r#"{"a":[{"id":"a\"b","index":".ds-logs-000001"}]}"#);
    }

    #[test]
    fn an_event_of_which_nobody_said_anything_keeps_its_name() {
        let document = r#"{"a":[{"id":"digest"}]}"#;
        for fates in [&[][..], &[EventFate::Unknown]] {
            assert_eq!(filled(alert(document, "\"digest\"", None), fates), document);
        }
    }

    #[test]
    fn a_refused_event_is_said_to_be_none_that_is_stored() {
        let refused = EventFate::Refused { reason: "no \"such\" field".to_owned() };
        let filled = filled(alert(r#"{"a":[{"id":"digest"}]}"#, "\"digest\"", None), &[refused]);
        let filled: Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(filled["firstseen.event.stored"], false);
        assert_eq!(filled["firstseen.event.reason"], "no \"such\" field");
    }
}
