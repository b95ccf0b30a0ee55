//! The scanner against a naive projection over `serde_json::Value`.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use firstseen_guest::event::{Fault, MAX_DEPTH, Projection, Slots, check, scan};
use firstseen_query::{Event, Layout, Scalar, Slot};
use proptest::prelude::*;
use serde_json::{Map, Value};

const FIELDS: [&str; 8] = ["a", "a.b", "a.b.c", "b.a", "c", "c.c.c", "é.b", "a.a"];

/// What the scanner is to find: values as text, with a mark for their kind, in
/// the order of the text.
fn naive(members: &Map<String, Value>, field: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&Value::Object(members.clone()), None, &mut |path, text| {
        if path == field {
            found.push(text);
        }
    });
    found
}

/// The same for all values at a path and below, with their paths.
fn naive_leaves(members: &Map<String, Value>, object: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&Value::Object(members.clone()), None, &mut |path, text| {
        let below = path.strip_prefix(object).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if object.is_empty() || below {
            found.push(format!("{path} {text}"));
        }
    });
    found.sort();
    found
}

fn walk(value: &Value, path: Option<&str>, keep: &mut impl FnMut(&str, String)) {
    let mut keep_here = |text: String| keep(path.unwrap_or_default(), text);
    match value {
        Value::Null => {}
        Value::Bool(flag) => keep_here(format!("bool {flag}")),
        Value::Number(number) => keep_here(format!("number {number}")),
        Value::String(text) => keep_here(format!("string {text}")),
        Value::Array(elements) => elements.iter().for_each(|element| walk(element, path, keep)),
        Value::Object(members) => {
            for (key, value) in members {
                let key = key.trim_end_matches('.');
                let below = path.map_or_else(|| key.to_owned(), |path| format!("{path}.{key}"));
                walk(value, Some(&below), keep);
            }
        }
    }
}

fn projection() -> (Projection, Vec<Slot>) {
    let mut projection = Projection::default();
    let slots = FIELDS.iter().map(|field| projection.values(field)).collect();
    (projection, slots)
}

fn text_of(value: Scalar<'_>) -> String {
    match value {
        Scalar::Bool(flag) => format!("bool {flag}"),
        Scalar::Number(number) => format!("number {number}"),
        Scalar::String(text) => format!("string {}", text.decode()),
    }
}

fn scanned_leaves(line: &str, object: &str) -> Option<Vec<String>> {
    let (mut projection, _) = projection();
    let slot = projection.leaves(object);
    let mut event = Slots::new(&projection, 0);
    scan(line, &mut event).ok()?;
    Some(leaves_of(&event, slot))
}

fn leaves_of(event: &Slots<'_, '_>, slot: Slot) -> Vec<String> {
    let mut found = Vec::new();
    event.any_leaf(slot, |path, value| {
        found.push(format!("{path} {}", text_of(value)));
        false
    });
    found.sort();
    found
}

fn scanned(line: &str, field: usize) -> Option<Vec<String>> {
    let (projection, slots) = projection();
    let mut event = Slots::new(&projection, 0);
    scan(line, &mut event).ok()?;
    Some(event.values(slots[field]).map(text_of).collect())
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
        "[a-z\\[\\]{}]{10,70}".prop_map(Value::String),
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

/// What engines take for white space, beside white space.
const COMMENTS: [&str; 11] =
    ["/**/", "/*\"*/", "/*,*/", "/*}*/", "/*{[*/", "/***/", "/*/*/", "//\r", "//\"\r", "//,\"a\":1}\r", "/*,\"a\":1*/"];

/// Writes comments, by their numbers in turn, on both sides of what is between
/// strings, numbers and words.
fn commented(text: &str, numbers: &[usize]) -> String {
    let mut out = String::new();
    let mut numbers = numbers.iter().cycle();
    let mut comment = || numbers.next().and_then(|&number| COMMENTS.get(number)).copied().unwrap_or_default();
    let (mut within, mut is_escaped) = (false, false);
    for character in text.chars() {
        let is_between = !within && "{}[]:,".contains(character);
        if is_between {
            out.push_str(comment());
        }
        out.push(character);
        if is_between {
            out.push_str(comment());
        }
        within ^= character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
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
        for object in ["", "a", "a.b", "c.c", "b.a.c", "x"] {
            prop_assert_eq!(scanned_leaves(&line, object), Some(naive_leaves(&event, object)), "{}", object);
        }
    }

    #[test]
    fn comments_are_white_space(
        event in object(value()), field in 0..FIELDS.len(), numbers in proptest::collection::vec(0..20_usize, 1..8),
        mark: bool,
    ) {
        let line = commented(&Value::Object(event.clone()).to_string(), &numbers);
        let line = if mark { format!("\u{feff}{line}") } else { line };
        prop_assert_eq!(check(&line), Ok(()), "{}", line);
        prop_assert_eq!(scanned(&line, field), Some(naive(&event, FIELDS[field])), "{}", line);
        for object in ["", "a", "a.b", "c.c", "b.a.c", "x"] {
            prop_assert_eq!(scanned_leaves(&line, object), Some(naive_leaves(&event, object)), "{} of {}", object, line);
        }
    }

    #[test]
    fn what_came_before_changes_nothing(
        events in proptest::collection::vec((object(value()), any::<bool>()), 1..8),
        order in proptest::collection::vec(0..8_usize, 8..24), with_texts: bool,
    ) {
        let (mut projection, slots) = projection();
        let texts: Vec<&str> = if with_texts { vec!["a.b", "b"] } else { Vec::new() };
        let text_slots: Vec<Slot> = texts.iter().map(|object| projection.leaves(object)).collect();
        let write = |(event, pretty): &(Map<String, Value>, bool)| {
            let event = Value::Object(event.clone());
            if *pretty { format!("{event:#}") } else { event.to_string() }
        };
        let lines: Vec<String> = events.iter().map(write).collect();
        let mut slots_of_all = Slots::new(&projection, 0);
        for place in order {
            let place = place % lines.len();
            let (event, _) = &events[place];
            scan(&lines[place], &mut slots_of_all).unwrap();
            for (&slot, field) in slots.iter().zip(FIELDS) {
                let values: Vec<String> = slots_of_all.values(slot).map(text_of).collect();
                prop_assert_eq!(values, naive(event, field), "{}", field);
            }
            for (&slot, object) in text_slots.iter().zip(&texts) {
                prop_assert_eq!(leaves_of(&slots_of_all, slot), naive_leaves(event, object), "{}", object);
            }
        }
    }

    #[test]
    fn a_check_accepts_just_what_is_json(event in object(value()), at in any::<proptest::sample::Index>(), with in "[ -.0-~]{0,2}", cut in 0..3_usize) {
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
            error.contains("surrogate") || error.contains("end of hex escape") || error.contains("out of range")
        });
        prop_assert!(check(&damaged).is_ok() == is_object.is_ok() || beyond_serde, "{}", damaged);
        // A scan may overlook what is wrong, but refuses nothing that is right.
        prop_assert!(scanned(&damaged, 0).is_some() || is_object.is_err(), "{}", damaged);
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
        ("{/\"a\":1}", 1, Fault::Syntax),
        ("{/*/\"a\":1}", 1, Fault::Syntax),
        ("{\"a\":1/*}", 6, Fault::Syntax),
        ("{\"a\":1//}", 9, Fault::Incomplete),
        ("{\"a\":1/**/2}", 10, Fault::Syntax),
        ("{}/", 2, Fault::Syntax),
        ("{#x\r}", 1, Fault::Syntax),
        ("{\u{feff}}", 1, Fault::Syntax),
        (" \u{feff}{}", 1, Fault::Syntax),
        ("\u{feff}\u{feff}{}", 3, Fault::Syntax),
        ("\u{feff}[]", 3, Fault::NotAnObject),
        (&deep, 500, Fault::TooDeep),
        (&deep_unread, 104, Fault::TooDeep),
    ];
    for (line, offset, fault) in cases {
        let malformed = check(line).unwrap_err();
        assert_eq!((malformed.offset, malformed.fault), (offset, fault), "{line}");
    }
}

#[test]
fn a_scan_refuses_what_it_comes_across() {
    let deep = format!("{}1{}", "{\"a\":".repeat(MAX_DEPTH + 1), "}".repeat(MAX_DEPTH + 1));
    let cases = [
        ("", Fault::Incomplete),
        ("[1]", Fault::NotAnObject),
        ("hello", Fault::Syntax),
        ("{\"a\":1", Fault::Incomplete),
        ("{\"a\":01}", Fault::Syntax),
        ("{\"a\":tru}", Fault::Syntax),
        ("{\"a\":\"b", Fault::Incomplete),
        ("{\"x\":[1,{\"y\":nul", Fault::Incomplete),
        ("{\"x\":\"b", Fault::Incomplete),
        ("{} x", Fault::Syntax),
        ("{\"x\":[]", Fault::Incomplete),
        (&deep, Fault::TooDeep),
    ];
    let mut projection = Projection::default();
    projection.values(&["a"; MAX_DEPTH + 2].join("."));
    projection.values("a");
    for (line, fault) in cases {
        let malformed = scan(line, &mut Slots::new(&projection, 0)).unwrap_err();
        assert_eq!(malformed.fault, fault, "{line}");
        assert!(check(line).is_err());
    }
    // Nobody reads these, so nobody sees what is wrong.
    for line in ["{\"x\":[{]}}", "{\"x\":\"\t\"}", "{\"x\":\"\\x\"}", "{\"x\":tru}"] {
        assert!(scan(line, &mut Slots::new(&projection, 0)).is_ok(), "{line}");
        assert!(check(line).is_err());
    }
}

#[test]
fn nested_objects_are_looked_at_one_by_one() {
    let mut projection = Projection::default();
    let (slot, inner) = projection.objects("n.m");
    let x = inner.values("x");
    let mut event = Slots::new(&projection, 0);
    let line = r#"{"n":[{"m":[{"x":1},[{"x":[2,3]}],null,4]},{"m":{"y":0}}],"n.m":{"x":5},"n.m.x":[6,[7]]}"#;
    scan(line, &mut event).unwrap();
    let mut objects = Vec::new();
    event.any_object(slot, |object| {
        objects.push(object.values(x).map(text_of).collect::<Vec<_>>());
        false
    });
    objects.sort();
    assert_eq!(
        objects,
        [
            vec![],
            vec!["number 1".to_owned()],
            vec!["number 2".to_owned(), "number 3".to_owned()],
            vec!["number 5".to_owned()],
            vec!["number 6".to_owned(), "number 7".to_owned()]
        ]
    );
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let line = format!("{}1{}", "{\"a\":".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
    assert!(scanned(&line, 0).is_some());
    assert!(serde_json::from_str::<Value>(&line).is_ok());
}

#[test]
fn what_was_stepped_over_is_walked_no_deeper_than_events_nest() {
    let (mut projection, _) = projection();
    let slot = projection.leaves("a");
    for depth in [MAX_DEPTH - 3, 200_000] {
        for (opening, closing) in [("[", "]"), ("{\"k\":", "}")] {
            let line = format!("{{\"a\":{{\"x\":{}1{}}}}}", opening.repeat(depth), closing.repeat(depth));
            let line = line.as_str();
            let mut event = Slots::new(&projection, 0);
            scan(line, &mut event).unwrap();
            let mut count = 0;
            event.any_leaf(slot, |_, _| {
                count += 1;
                false
            });
            assert_eq!(count, usize::from(depth < MAX_DEPTH), "{depth}");
            assert_eq!(check(line).is_ok(), depth < MAX_DEPTH);
        }
    }
}
