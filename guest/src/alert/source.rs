//! The event that raised an alert, made ready for alert documents once,
//! however many it raises.

use std::borrow::Cow;

use serde_json::Value;

use super::conform::{Removed, conform};
use super::original::original_json;
use super::parent::Parent;
use super::reason::Subject;
use super::tree::{Members, Node, write_key};
use crate::time::parse_timestamp;

/// Members of an event that would be taken for the alert's own.
const RESERVED: [&str; 4] = ["kibana", "signal", "threshold_result", "firstseen"];

/// Fields of the event worth seeing beside an alert that does not hold all of
/// it.
const CONTEXT: [&str; 16] = [
    "host.name",
    "host.id",
    "host.os.type",
    "user.name",
    "user.id",
    "process.name",
    "process.executable",
    "process.command_line",
    "process.pid",
    "process.entity_id",
    "process.parent.name",
    "process.parent.executable",
    "source.ip",
    "destination.ip",
    "agent.id",
    "data_stream.dataset",
];

/// Longest value of a context field, in bytes of JSON.
const CONTEXT_BYTES_MAX: usize = 8 * 1024;

/// What alert documents take from their event. JSON parts are members without
/// braces.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The event without `@timestamp`, `event.kind`, members reserved for
    /// alerts, empty arrays and objects, and what was removed (Kibana drops these
    /// too).
    pub(super) event_json: String,
    /// `event.*` and `data_stream.*` under the names alerts keep them by.
    pub(super) original_json: String,
    /// A few telling fields under their full names.
    pub(super) context_json: String,
    /// The same, one scalar each: the first of an array, nothing for an object.
    pub(super) context_scalars_json: String,
    /// `@timestamp` of the event, in epoch milliseconds.
    pub(super) original_time_ms: Option<i64>,
    /// `event.id` as text, the first one of several.
    pub(super) event_id: Option<String>,
    /// The event as an alert, if it is one.
    pub(super) parent: Option<Parent>,
    /// What no alert can have.
    pub(super) removed: Removed,
    /// What the reason speaks of.
    pub(super) subject: Subject,
}

impl Source {
    /// Reads an event that the scanner accepted.
    ///
    /// Lone surrogates, which the JSON grammar allows and no Unicode text can
    /// hold, become U+FFFD.
    pub fn read(line: &str) -> Self {
        let line = without_lone_surrogates(line);
        // The scanner reads the same grammar, so it parses.
        let mut members = Members::parse(&line).unwrap_or_default();
        let parent = Parent::of(&members);
        members.retain(|key, node| !is_reserved(key) && node.prune());
        // Kibana reads these before it takes anything out.
        let subject = Subject::of(&members);
        let original_time_ms = members.get("@timestamp").and_then(earliest_ms);
        let event_id = members.get("event.id").and_then(short_text);
        let removed = conform(&mut members);
        let context_json = context(&members, short_json);
        let first_scalar = |node: &Node<'_>| node.first_scalar().and_then(short).map(str::to_owned);
        let context_scalars_json = context(&members, first_scalar);
        let original_json = original_json(&members);
        members.retain(|key, node| match key.trim_end_matches('.') {
            "@timestamp" | "event.kind" => false,
            "event" => without_kind(node),
            _ => true,
        });
        let mut event_json = String::with_capacity(line.len());
        members.write_inner(&mut event_json);
        Self {
            event_json,
            original_json,
            context_json,
            context_scalars_json,
            original_time_ms,
            event_id,
            parent,
            removed,
            subject,
        }
    }
}

/// Calls `ask` with a function that gives the JSON value of a field in an event
/// as it came.
pub(super) fn with_fields(line: &str, ask: impl FnOnce(&dyn Fn(&str) -> Option<Value>)) {
    let line = without_lone_surrogates(line);
    let members = Members::parse(&line).unwrap_or_default();
    ask(&|field| {
        let mut json = String::new();
        members.get(field)?.write(&mut json);
        serde_json::from_str(&json).ok()
    });
}

fn is_reserved(key: &str) -> bool {
    let top = key.split_once('.').map_or(key, |(top, _)| top);
    RESERVED.contains(&top)
}

/// Takes `kind` out of an event object, or the objects of an array; says
/// whether something is left.
fn without_kind(node: &mut Node<'_>) -> bool {
    match node {
        Node::Object(members) => {
            members.retain(|key, _| key.trim_end_matches('.') != "kind");
            !members.is_empty()
        }
        Node::Array(elements) => {
            elements.retain_mut(without_kind);
            !elements.is_empty()
        }
        Node::Scalar(_) => true,
    }
}

/// The smallest of the times in a field.
fn earliest_ms(node: &Node<'_>) -> Option<i64> {
    match node {
        Node::Array(elements) => elements.iter().filter_map(earliest_ms).min(),
        Node::Object(_) => None,
        Node::Scalar(text) => parse_timestamp(node.as_string().as_deref().unwrap_or(text)),
    }
}

fn short_json(node: &Node<'_>) -> Option<String> {
    let mut json = String::new();
    node.write(&mut json);
    short(&json).is_some().then_some(json)
}

fn short(json: &str) -> Option<&str> {
    (json.len() <= CONTEXT_BYTES_MAX).then_some(json)
}

/// The first scalar of a value as text.
fn short_text(node: &Node<'_>) -> Option<String> {
    let json = short(node.first_scalar()?)?;
    Some(Node::Scalar(json).as_string().map_or_else(|| json.to_owned(), Cow::into_owned))
}

fn context(members: &Members<'_>, json_of: impl Fn(&Node<'_>) -> Option<String>) -> String {
    let mut out = String::new();
    for field in CONTEXT {
        if let Some(json) = members.get(field).and_then(&json_of) {
            push_member(field, &json, &mut out);
        }
    }
    out
}

/// Writes a member behind others.
pub(super) fn push_member(name: &str, json: &str, out: &mut String) {
    if !out.is_empty() {
        out.push(',');
    }
    write_key(name, out);
    out.push_str(json);
}

/// Replaces `\uD800`…`\uDFFF` escapes that are not part of a pair.
fn without_lone_surrogates(line: &str) -> Cow<'_, str> {
    let surrogate = |at: usize| -> Option<u16> {
        let hex = line.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(hex, 16).ok().filter(|unit| (0xD800..0xE000).contains(unit))
    };
    let mut fixed = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = line.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        let length = match (surrogate(at), surrogate(at + 6)) {
            (Some(0xD800..0xDC00), Some(0xDC00..)) => 12,
            (Some(_), _) => {
                fixed.push_str(line.get(copied..at).unwrap_or_default());
                fixed.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            (None, _) => 2,
        };
        at += length;
    }
    match copied {
        0 => Cow::Borrowed(line),
        _ => Cow::Owned(fixed + line.get(copied..).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn object(inner: &str) -> Value {
        serde_json::from_str(&format!("{{{inner}}}")).unwrap()
    }

    #[test]
    fn what_is_reserved_or_empty_goes() {
        let line = json!({
            "kibana": {"alert": 1}, "kibana.version": 1, "signal": 1, "signals": 1, "@timestamp": "x", "event.kind": "y",
            "tags": [], "labels": {"a": {}}, "process": {"args": [], "name": "dpkg"}, "event": {"kind": "event"},
        });
        assert_eq!(
            object(&Source::read(&line.to_string()).event_json),
            json!({"signals": 1, "process": {"name": "dpkg"}})
        );
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        let line = r#"{"a":"\ud800x","b":"\ud83d\ude00","c":"\\ud800","d":"\udc00"}"#;
        let expected = json!({"a": "\u{fffd}x", "b": "😀", "c": "\\ud800", "d": "\u{fffd}"});
        assert_eq!(object(&Source::read(line).event_json), expected);
    }
}
