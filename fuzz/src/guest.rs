//! Events, rules and what comes with rules, as they come from outside.

use firstseen_guest::Engine;
use firstseen_guest::engine::{Context, Documents, EvaluateError, Evaluation, Settings};
use firstseen_guest::event::{Fault, Projection, Slots, check, scan};
use firstseen_guest::rule::BUILT_IN;
use firstseen_guest::state::{Answer, Question, Verdict};
use firstseen_query::{Layout, Scalar};
use serde_json::{Map, Value};

/// The check accepts what serde_json accepts once comments are taken out; the scan
/// refuses nothing of it, and finds what a walk over the parsed tree finds.
pub fn check_scan(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let plain = without_comments(line);
    let parsed = serde_json::from_str::<Map<String, Value>>(&plain);
    match (check(line), &parsed) {
        (Ok(()), Ok(_)) => {}
        // The grammar allows these: half a surrogate pair, a number of any size.
        (Ok(()), Err(error)) => {
            let error = error.to_string();
            let is_half = error.contains("surrogate") || error.contains("end of hex escape");
            assert!(is_half || error.contains("out of range"), "accepted {line:?}: {error}");
        }
        (Err(malformed), parsed) => {
            assert!(malformed.offset <= line.len());
            assert!(parsed.is_err() || malformed.fault == Fault::TooDeep, "refused {line:?}: {malformed:?}");
        }
    }
    let mut projection = Projection::default();
    let fields = ["a", "a.b", "process.args", "event.category"].map(|field| (field, projection.values(field)));
    projection.leaves("process");
    projection.objects("a").1.values("b");
    let mut slots = Slots::new(&projection, 0);
    // Twice: the second time it remembers what came where.
    for _ in 0..2 {
        let scanned = scan(line, &mut slots);
        assert!(scanned.is_ok() || check(line).is_err(), "refused {line:?}: {scanned:?}");
        // Of a key that comes twice a parsed tree has but the last value.
        let has_one_of_each = parsed.as_ref().is_ok_and(|members| is_written(&plain, members));
        if !has_one_of_each || scanned.is_err() {
            continue;
        }
        for (field, slot) in fields {
            let mut found: Vec<String> = slots.values(slot).map(text_of).collect();
            let mut expected = Vec::new();
            walk(parsed.iter().flatten(), "", field, &mut expected);
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{field} of {line:?}");
        }
    }
}

/// A line without its byte order mark, and with a space in place of each comment.
fn without_comments(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line.strip_prefix('\u{feff}').unwrap_or(line);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '/' => comment_length(rest),
            _ => None,
        };
        let (token, behind) = rest.split_at(length.unwrap_or(first.len_utf8()));
        plain.push_str(if first == '/' && length.is_some() { " " } else { token });
        rest = behind;
    }
    plain
}

fn string_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let is_end = |&(_, byte): &(usize, u8)| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    };
    text.bytes().enumerate().skip(1).find(is_end).map(|(end, _)| end + 1)
}

fn comment_length(text: &str) -> Option<usize> {
    match text.get(..2)? {
        "/*" => text.get(2..)?.find("*/").map(|length| length + 4),
        "//" => Some(text.find(['\r', '\n']).unwrap_or(text.len())),
        _ => None,
    }
}

/// The text of a value, numbers as serde_json writes them.
fn text_of(value: Scalar<'_>) -> String {
    match value {
        Scalar::Number(number) => {
            serde_json::from_str::<Value>(number).map_or_else(|_| number.to_owned(), |number| number.to_string())
        }
        other => other.text().into_owned(),
    }
}

/// Whether the line holds as much as the parsed tree: no key twice.
fn is_written(line: &str, members: &Map<String, Value>) -> bool {
    let length = |text: &str| text.bytes().filter(|&byte| byte == b':').count();
    let written = serde_json::to_string(members).expect("a tree of JSON can be written");
    length(line) == length(&written)
}

/// The texts of the values at a path.
fn walk<'v>(members: impl Iterator<Item = (&'v String, &'v Value)>, above: &str, field: &str, found: &mut Vec<String>) {
    for (key, value) in members {
        let path = format!("{above}{}", key.trim_end_matches('.'));
        let mut values = vec![value];
        while let Some(value) = values.pop() {
            match value {
                Value::Array(elements) => values.extend(elements),
                Value::Object(members) => walk(members.iter(), &format!("{path}."), field, found),
                Value::String(text) if path == field => found.push(text.clone()),
                Value::Bool(_) | Value::Number(_) if path == field => found.push(value.to_string()),
                _ => {}
            }
        }
    }
}

/// Evaluates a batch; everything is unseen.
fn evaluate(engine: &mut Engine, batch: &str) -> Result<Evaluation, EvaluateError> {
    let unseen = |questions: &[Question]| Ok(vec![Answer::Sighting(Verdict::Unseen); questions.len()]);
    engine.evaluate_with(batch, Context::at(1_767_225_600_000), unseen)
}

/// A batch never panics, alerts are one JSON object on one line each, and the
/// same batch gives the same bytes.
pub fn check_evaluate(data: &[u8]) {
    let Ok(batch) = std::str::from_utf8(data) else { return };
    let (mut engine, _) = Engine::new(&Documents::default(), Settings::default());
    let first = evaluate(&mut engine, batch).expect("a batch evaluates");
    for alert in &first.alerts {
        assert!(!alert.document.contains('\n'));
        serde_json::from_str::<Map<String, Value>>(&alert.document).expect("an alert is a JSON object");
    }
    let second = evaluate(&mut engine, batch).expect("a batch evaluates");
    assert_eq!(first.alerts, second.alerts);
}

fn documents(rule: String) -> Documents {
    Documents::of_rules(vec![("fuzz".to_owned(), rule)])
}

/// Documents that come with rules never panic. Those of one input are parted
/// by blank lines: exceptions, a value list, a mapping.
pub fn check_documents(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let document = |part: &str| (!part.is_empty()).then(|| ("list".to_owned(), part.to_owned()));
    let mut parts = text.splitn(3, "\n\n").map(|part| document(part).into_iter().collect::<Vec<_>>());
    let mut next = || parts.next().unwrap_or_default();
    let (exceptions, value_lists, mappings) = (next(), next(), next());
    let mut rule: Map<String, Value> = serde_json::from_str(BUILT_IN).expect("the built-in rule is JSON");
    let list = serde_json::json!({"id": "x", "list_id": "list", "type": "detection", "namespace_type": "single"});
    rule.insert("exceptions_list".to_owned(), Value::Array(vec![list]));
    let rules = vec![("fuzz".to_owned(), Value::Object(rule).to_string())];
    let (mut engine, _) = Engine::new(
        &Documents { rules, exceptions, value_lists, mappings, ..Documents::default() },
        Settings::default(),
    );
    let event = r#"{"event":{"category":"process","type":"start","action":"exec"},"host":{"os":{"type":"linux"}},
        "process":{"name":"dpkg","args":["dpkg","-i"],"parent":{"executable":"/a"}}}"#;
    let _ = evaluate(&mut engine, &event.replace('\n', ""));
}

/// Rule documents never panic; the built-in rule with one member replaced
/// either loads or is refused.
pub fn check_rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    Engine::new(&documents(text.to_owned()), Settings::default());
    let Some((member, value)) = text.split_once('=') else { return };
    let mut rule: Map<String, Value> = serde_json::from_str(BUILT_IN).expect("the built-in rule is JSON");
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    rule.insert(member.to_owned(), value);
    let (engine, reports) = Engine::new(&documents(Value::Object(rule).to_string()), Settings::default());
    assert_eq!(engine.rules().len(), reports.rules.iter().filter(|report| report.is_ok()).count());
}
