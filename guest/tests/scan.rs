//! The scanner against a naive projection over `serde_json::Value`.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use firstseen_guest::event::{Fault, MAX_DEPTH, Projection, Slots, scan};
use firstseen_kql::{Scalar, Slot};
use proptest::prelude::*;
use serde_json::{Map, Value};

const FIELDS: [&str; 8] = ["a", "a.b", "a.b.c", "b.a", "c", "c.c.c", "é.b", "a.a"];

/// What the scanner is to find: values as text, with a mark for their kind,
/// sorted.
fn naive(members: &Map<String, Value>, field: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&Value::Object(members.clone()), None, field, &mut found);
    found.sort();
    found
}

/// Says whether the value holds a value.
fn walk(value: &Value, path: Option<&str>, field: &str, found: &mut Vec<String>) -> bool {
    let mut keep = |text: String| {
        if path == Some(field) {
            found.push(text);
        }
    };
    match value {
        Value::Null => return false,
        Value::Bool(flag) => keep(format!("bool {flag}")),
        Value::Number(number) => keep(format!("number {number}")),
        Value::String(text) => keep(format!("string {text}")),
        Value::Array(elements) => {
            let has_values: Vec<bool> = elements.iter().map(|element| walk(element, path, field, found)).collect();
            return has_values.contains(&true);
        }
        Value::Object(members) => {
            let mut any = false;
            for (key, value) in members {
                let below = path.map_or(key.clone(), |path| format!("{path}.{key}"));
                let has_value = walk(value, Some(&below), field, found);
                let parent = path.map_or(0, |path| path.len() + 1);
                let is_on_the_way = below.strip_prefix(field).is_some_and(|rest| rest.starts_with('.'));
                if has_value && is_on_the_way && field.len() > parent {
                    found.push("object".to_owned());
                }
                any |= has_value;
            }
            if any {
                keep_object(path == Some(field), found);
            }
            return any;
        }
    }
    true
}

fn keep_object(is_field: bool, found: &mut Vec<String>) {
    if is_field {
        found.push("object".to_owned());
    }
}

fn projection() -> (Projection, Vec<Slot>) {
    let mut projection = Projection::default();
    let slots = FIELDS.iter().map(|field| projection.slot(field)).collect();
    (projection, slots)
}

fn scanned(line: &str, field: usize) -> Option<Vec<String>> {
    let (projection, slots) = projection();
    let mut event = Slots::new(projection.len());
    scan(line, &projection, &mut event).ok()?;
    let text = |value| match value {
        Scalar::Bool(flag) => format!("bool {flag}"),
        Scalar::Number(number) => format!("number {number}"),
        Scalar::String(text) => format!("string {}", text.decode()),
        Scalar::Object => "object".to_owned(),
    };
    let mut values: Vec<String> = event.values(slots[field]).map(text).collect();
    values.sort();
    Some(values)
}

fn key() -> impl Strategy<Value = String> {
    let segment = prop_oneof![4 => "[abc]", 1 => Just("é".to_owned()), 1 => "[a-c\"\\\\\u{1}. ]{0,3}"];
    proptest::collection::vec(segment, 1..3).prop_map(|segments| segments.join("."))
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |number| number.is_finite().then(|| Value::from(number))),
        "[ -~é😀\\\\\"\n\u{0}]{0,20}".prop_map(Value::String),
    ];
    scalar.prop_recursive(6, 60, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::vec((key(), inner), 0..5).prop_map(|members| members.into_iter().collect())
}

/// Writes every character of every string as an escape.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    let mut within = false;
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                within = !within;
                out.push('"');
            }
            '\\' => {
                out.push('\\');
                out.extend(characters.next());
            }
            _ if within => {
                let mut units = [0; 2];
                character.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            other => out.push(other),
        }
    }
    out
}

/// An escape may only be escaped anew where it is no `\u` escape.
fn has_unicode_escape(text: &str) -> bool {
    text.contains("\\u")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn finds_what_a_document_tree_holds(event in object(value()), field in 0..FIELDS.len(), pretty: bool) {
        let event_value = Value::Object(event.clone());
        let line = match pretty {
            true => format!(" {event_value:#}\t"),
            false => event_value.to_string(),
        };
        prop_assert_eq!(scanned(&line, field), Some(naive(&event, FIELDS[field])));
        if !has_unicode_escape(&line) {
            prop_assert_eq!(scanned(&escaped(&line), field), Some(naive(&event, FIELDS[field])));
        }
    }

    #[test]
    fn accepts_just_what_is_json(event in object(value()), at in any::<proptest::sample::Index>(), with in "[ -~]{0,2}", cut in 0..3_usize) {
        let line = Value::Object(event).to_string();
        let mut start = at.index(line.len());
        while !line.is_char_boundary(start) { start -= 1; }
        let mut end = (start + cut).min(line.len());
        while !line.is_char_boundary(end) { end += 1; }
        let damaged = format!("{}{with}{}", &line[..start], &line[end..]);
        let is_object = serde_json::from_str::<Map<String, Value>>(&damaged);
        // The grammar allows lone surrogates and numbers of any size, which
        // serde_json refuses.
        let beyond_serde = is_object.as_ref().is_err_and(|error| {
            let error = error.to_string();
            error.contains("surrogate") || error.contains("out of range")
        });
        prop_assert!(scanned(&damaged, 0).is_some() == is_object.is_ok() || beyond_serde, "{}", damaged);
    }
}

#[test]
fn names_what_is_wrong_and_where() {
    let deep = format!("{}1{}", "{\"a\":".repeat(MAX_DEPTH + 1), "}".repeat(MAX_DEPTH + 1));
    let deep_unread = format!("{{\"x\":{}{}}}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    let cases = [
        ("", 0, Fault::Incomplete),
        ("[1]", 0, Fault::NotAnObject),
        ("\"a\"", 0, Fault::NotAnObject),
        (" null", 1, Fault::NotAnObject),
        ("hello", 0, Fault::Syntax),
        ("{", 1, Fault::Incomplete),
        ("{\"a\"", 4, Fault::Incomplete),
        ("{\"a\":", 5, Fault::Incomplete),
        ("{\"a\":}", 5, Fault::Syntax),
        ("{\"a\":1", 6, Fault::Incomplete),
        ("{\"a\":1,", 7, Fault::Incomplete),
        ("{\"a\":1,}", 7, Fault::Syntax),
        ("{\"a\":01}", 6, Fault::Syntax),
        ("{\"a\":1.}", 7, Fault::Syntax),
        ("{\"a\":-}", 6, Fault::Syntax),
        ("{\"a\":tru}", 8, Fault::Syntax),
        ("{\"x\":[1,{\"y\":nul", 16, Fault::Incomplete),
        ("{\"x\":[1}", 7, Fault::Syntax),
        ("{\"a\":\"\t\"}", 6, Fault::Syntax),
        ("{\"a\":\"\\x\"}", 6, Fault::Syntax),
        ("{\"a\":\"\\u12g4\"}", 6, Fault::Syntax),
        ("{\"a\":\"b", 7, Fault::Incomplete),
        ("{} x", 3, Fault::Syntax),
        ("{}{}", 2, Fault::Syntax),
        ("{}\u{0}", 2, Fault::Syntax),
        (&deep, 500, Fault::TooDeep),
        (&deep_unread, 104, Fault::TooDeep),
    ];
    let (projection, _) = projection();
    for (line, offset, fault) in cases {
        let malformed = scan(line, &projection, &mut Slots::new(projection.len())).unwrap_err();
        assert_eq!((malformed.offset, malformed.fault), (offset, fault), "{line}");
    }
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let line = format!("{}1{}", "{\"a\":".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
    assert!(scanned(&line, 0).is_some());
    assert!(serde_json::from_str::<Value>(&line).is_ok());
}
