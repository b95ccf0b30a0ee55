//! The event that raised an alert, made ready for the alert document.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Members of an event that would be taken for the alert's own.
const RESERVED: [&str; 3] = ["kibana", "signal", "threshold_result"];

/// A source event: parsed, without reserved members, empty arrays and empty
/// objects (Kibana drops these too).
#[derive(Clone, Debug, Default)]
pub struct Source {
    members: Map<String, Value>,
}

impl Source {
    /// Parses an event that the scanner accepted.
    ///
    /// Lone surrogates, which the JSON grammar allows and no Unicode text can
    /// hold, become U+FFFD. `None` if the line is no JSON object after all.
    pub fn parse(line: &str) -> Option<Self> {
        let mut members: Map<String, Value> =
            serde_json::from_str(line).or_else(|_| serde_json::from_str(&without_lone_surrogates(line))).ok()?;
        members.retain(|key, value| !is_reserved(key) && keep(value));
        Some(Self { members })
    }

    /// The members, in the order of the event.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The value of a field: nested objects or a literal dotted key, or any
    /// mixture.
    pub fn get(&self, field: &str) -> Option<&Value> {
        lookup(&self.members, field)
    }

    /// All leaves below a top-level object, with their dotted names below it:
    /// for `event` the pairs `category`, `agent_id_status`, ….
    pub fn leaves_of(&self, object: &str) -> Vec<(String, &Value)> {
        let mut leaves = Vec::new();
        for (key, value) in &self.members {
            if key == object {
                flatten(value, "", &mut leaves);
            } else if let Some(rest) = key.strip_prefix(object).and_then(|rest| rest.strip_prefix('.')) {
                flatten(value, rest, &mut leaves);
            }
        }
        leaves
    }

    /// The members without one field of a top-level object, for example
    /// `event` and `kind`.
    pub fn members_without(&self, object: &str, field: &str) -> Map<String, Value> {
        let mut members = self.members.clone();
        members.shift_remove(&format!("{object}.{field}"));
        if let Some(Value::Object(inner)) = members.get_mut(object) {
            inner.shift_remove(field);
            if inner.is_empty() {
                members.shift_remove(object);
            }
        }
        members
    }
}

fn is_reserved(key: &str) -> bool {
    let top = key.split_once('.').map_or(key, |(top, _)| top);
    RESERVED.contains(&top)
}

/// Takes empty arrays and objects out of a value; says whether something is
/// left of it.
fn keep(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| keep(value));
            !members.is_empty()
        }
        Value::Array(elements) => {
            elements.retain_mut(keep);
            !elements.is_empty()
        }
        _ => true,
    }
}

fn lookup<'a>(members: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    if let Some(value) = members.get(field) {
        return Some(value);
    }
    field.match_indices('.').find_map(|(dot, _)| {
        let (head, tail) = (field.get(..dot)?, field.get(dot + 1..)?);
        lookup(members.get(head)?.as_object()?, tail)
    })
}

fn flatten<'a>(value: &'a Value, path: &str, leaves: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(value, &path, leaves);
            }
        }
        _ => leaves.push((path.to_owned(), value)),
    }
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
    use serde_json::json;

    fn source(value: Value) -> Source {
        Source::parse(&value.to_string()).unwrap()
    }

    #[test]
    fn what_is_reserved_or_empty_goes() {
        let source = source(json!({
            "kibana": {"alert": 1}, "kibana.version": 1, "signal": 1, "signals": 1,
            "tags": [], "labels": {"a": {}}, "process": {"args": [], "name": "dpkg"}
        }));
        assert_eq!(Value::Object(source.members), json!({"signals": 1, "process": {"name": "dpkg"}}));
    }

    #[test]
    fn dotted_and_nested_are_one_field() {
        let source = source(json!({"a": {"b": {"c": 1}}, "d.e": {"f": 2}, "g": {"h.i": 3}}));
        assert_eq!(source.get("a.b.c"), Some(&json!(1)));
        assert_eq!(source.get("d.e.f"), Some(&json!(2)));
        assert_eq!(source.get("g.h.i"), Some(&json!(3)));
        assert_eq!(source.get("a.b.x"), None);
    }

    #[test]
    fn leaves_keep_their_values() {
        let source = source(json!({"event": {"kind": "event", "x": {"y": [1, 2]}}, "event.z": true}));
        let (one, two, three) = (json!("event"), json!([1, 2]), json!(true));
        let expected = vec![("kind".to_owned(), &one), ("x.y".to_owned(), &two), ("z".to_owned(), &three)];
        assert_eq!(source.leaves_of("event"), expected);
    }

    #[test]
    fn numbers_keep_their_text() {
        let line = r#"{"a":1.0,"b":123456789012345678901234567890,"c":1e+400}"#;
        assert_eq!(Value::Object(Source::parse(line).unwrap().members).to_string(), line);
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        let line = r#"{"a":"\ud800x","b":"\ud83d\ude00","c":"\\ud800","d":"\udc00"}"#;
        let source = Source::parse(line).unwrap();
        assert_eq!(source.get("a"), Some(&json!("\u{fffd}x")));
        assert_eq!(source.get("b"), Some(&json!("😀")));
        assert_eq!(source.get("c"), Some(&json!("\\ud800")));
        assert_eq!(source.get("d"), Some(&json!("\u{fffd}")));
    }
}
