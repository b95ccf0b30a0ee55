//! `kibana.alert.original_event.*` and `kibana.alert.original_data_stream.*`.

use std::collections::BTreeMap;

use super::fields::is_blank;
use super::source::push_member;
use super::tree::{Members, Node};

/// Longest name of a copy in bytes, and their number: names and numbers no index
/// would take are left out.
const NAME_BYTES_MAX: usize = 512;
const COPIES_MAX: usize = 1000;

/// The objects that are copied, and what the copies are called.
const COPIED: [(&str, &str); 2] =
    [("event", "kibana.alert.original_event"), ("data_stream", "kibana.alert.original_data_stream")];

/// What an alert lays its own members over, under the names it keeps them by:
/// what is in objects under its dotted name, and an array whole, be it one of
/// objects. Of several that have the same name, the last one wins (Kibana,
/// `traverse_and_mutate_doc.ts`, where they are members of one object).
pub(super) fn original_json(members: &Members<'_>) -> String {
    let mut copies = Copies::default();
    for (key, node) in members.iter() {
        let copied = COPIED.into_iter().find_map(|(object, name)| match key.strip_prefix(object)? {
            rest if rest.is_empty() || rest.starts_with('.') => Some(format!("{name}{rest}")),
            _ => None,
        });
        if let Some(name) = copied {
            copies.name = name;
            copies.walk(node);
        }
    }
    let mut out = String::new();
    let mut json = String::new();
    for (name, node) in copies.values {
        json.clear();
        node.write(&mut json);
        push_member(&name, &json, &mut out);
    }
    out
}

#[derive(Default)]
struct Copies<'n, 'a> {
    /// The name so far.
    name: String,
    values: Vec<(String, &'n Node<'a>)>,
    places: BTreeMap<String, usize>,
}

impl<'n, 'a> Copies<'n, 'a> {
    fn walk(&mut self, node: &'n Node<'a>) {
        if self.name.len() > NAME_BYTES_MAX {
            return;
        }
        match node {
            Node::Object(members) => {
                for (key, node) in members.iter() {
                    let length = self.name.len();
                    self.name.push('.');
                    self.name.push_str(key.get(..=NAME_BYTES_MAX).unwrap_or(key));
                    self.walk(node);
                    self.name.truncate(length);
                }
            }
            _ => self.copy(node),
        }
    }

    fn copy(&mut self, node: &'n Node<'a>) {
        // Below an object that is not mapped there may be any name, but now it is
        // a part of one at the root.
        if self.name.trim_end_matches('.').split('.').any(is_blank) {
            return;
        }
        if let Some((_, copied)) = self.places.get(&self.name).and_then(|&place| self.values.get_mut(place)) {
            *copied = node;
        } else if self.values.len() < COPIES_MAX {
            self.places.insert(self.name.clone(), self.values.len());
            self.values.push((self.name.clone(), node));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn originals(line: &str) -> Value {
        let json = original_json(&Members::parse(line).unwrap());
        serde_json::from_str(&format!("{{{json}}}")).unwrap()
    }

    /// What is copied, into one object as Kibana has it.
    fn copied_by_kibana(event: &Map<String, Value>) -> Value {
        fn flatten(name: String, value: &Value, copies: &mut Map<String, Value>) {
            match value {
                Value::Object(members) => {
                    members.iter().for_each(|(key, value)| flatten(format!("{name}.{key}"), value, copies));
                }
                _ => drop(copies.insert(name, value.clone())),
            }
        }
        let mut copies = Map::new();
        for (key, value) in event {
            for (object, name) in [("event", "original_event"), ("data_stream", "original_data_stream")] {
                if key.split('.').next() == Some(object) {
                    flatten(key.replacen(object, &format!("kibana.alert.{name}"), 1), value, &mut copies);
                }
            }
        }
        Value::Object(copies)
    }

    fn event() -> impl Strategy<Value = Map<String, Value>> {
        let name = prop::collection::vec(prop::sample::select(vec!["event", "x", "y", "data_stream"]), 1..4);
        let name = name.prop_map(|parts| parts.join("."));
        let object = move |value: BoxedStrategy<Value>| prop::collection::vec((name.clone(), value), 0..6);
        let members = object.clone();
        let value = prop_oneof![Just(json!(null)), any::<u8>().prop_map(Value::from)];
        let value = value.prop_recursive(3, 20, 5, move |value| {
            prop_oneof![
                prop::collection::vec(value.clone(), 0..3).prop_map(Value::from),
                members(value.boxed()).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        object(value.boxed()).prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #[test]
        fn copies_are_those_of_kibana(event in event()) {
            prop_assert_eq!(originals(&Value::Object(event.clone()).to_string()), copied_by_kibana(&event));
        }
    }

    #[test]
    fn originals_have_dotted_names() {
        let line = json!({
            "event": {"kind": "event", "x": {"y": [1, 2]}}, "event.z": true, "eventual": 1,
            "data_stream": {"type": "logs"}, "data_stream.x": {"y": 5},
        });
        let expected = json!({
            "kibana.alert.original_event.kind": "event", "kibana.alert.original_event.x.y": [1, 2],
            "kibana.alert.original_event.z": true, "kibana.alert.original_data_stream.type": "logs",
            "kibana.alert.original_data_stream.x.y": 5,
        });
        assert_eq!(originals(&line.to_string()), expected);
    }

    #[test]
    fn the_last_of_several_values_wins() {
        let cases = [
            (r#"{"event":{"action":"a"},"event.action":"b"}"#, json!({"kibana.alert.original_event.action": "b"})),
            (r#"{"event.action":"b","event":{"action":["a"]}}"#, json!({"kibana.alert.original_event.action": ["a"]})),
            (r#"{"event":{"x.y":1,"x":{"y":2}}}"#, json!({"kibana.alert.original_event.x.y": 2})),
            (
                r#"{"event":{"x":{"y":2}},"\u0065vent.x":{"y":3},"event.x.y.":4}"#,
                json!({"kibana.alert.original_event.x.y": 3, "kibana.alert.original_event.x.y.": 4}),
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(originals(line), expected, "{line}");
        }
    }

    #[test]
    fn arrays_stay_whole() {
        let line = r#"{"event":[{"action":"a"},{"action":"b"}],"event.x":[{"y":1},[2]]}"#;
        let expected = json!({
            "kibana.alert.original_event": [{"action": "a"}, {"action": "b"}],
            "kibana.alert.original_event.x": [{"y": 1}, [2]],
        });
        assert_eq!(originals(line), expected);
    }

    #[test]
    fn names_that_no_index_takes_are_left_out() {
        assert_eq!(originals(r#"{"event":{"x":{"":{"y":1}," ":2,".a":3}}}"#), json!({}));
    }

    #[test]
    fn very_long_names_are_left_out() {
        let leaves: Vec<String> = (0..5_000).map(|number| format!("\"{number}\":1")).collect();
        let leaves = leaves.join(",");
        let line = format!(r#"{{"event":{{"{}":{{{leaves}}},"é":{{{leaves}}}}}}}"#, "k".repeat(100_000));
        assert!(original_json(&Members::parse(&line).unwrap()).len() < 100_000);
    }
}
