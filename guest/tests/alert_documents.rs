//! Alert documents about any event: JSON in which no object has a member twice,
//! and nothing in them that an event could hide its alert with.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;
use std::fmt;

use firstseen_guest::alert::{EventIdentity, Format, alert_id};
use firstseen_guest::engine::{Context, Documents, Engine, EvaluateError, Evaluation, Settings};
use firstseen_guest::state::{Answer, Verdict};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

const ARRIVAL_MS: i64 = 1_767_225_600_000;

/// A rule that any event matches.
fn rule() -> Value {
    json!({
        "id": "u", "rule_id": "r", "name": "Any event", "type": "query", "query": "*:*", "risk_score": 47,
        "severity": "medium", "timestamp_override": "event.ingested", "author": ["a"], "output_index": ".x", "note": "n".repeat(40_000),
        "meta": {"from": "1m", "kibana_siem_app_url": {"a": {"b": [{"c": 1}]}, "d": {}}, "x": {"": 1, "y": {" ": 2}}},
    })
}

/// What a rule gives where all is new.
fn evaluate(rule: &Value, format: Format, events: &str) -> Evaluation {
    let documents = Documents::of_rules(vec![("rule.json".to_owned(), rule.to_string())]);
    let (mut engine, reports) = Engine::new(&documents, Settings { format, ..Settings::default() });
    assert!(reports.rules.iter().all(Result::is_ok), "{reports:?}");
    let unseen = |questions: &[_]| Ok::<_, EvaluateError>(vec![Answer::Sighting(Verdict::Unseen); questions.len()]);
    engine.evaluate_with(events, Context::at(ARRIVAL_MS), unseen).expect("a batch")
}

/// The documents of the alerts about events.
fn documents(format: Format, events: &str) -> Vec<String> {
    evaluate(&rule(), format, events).alerts.into_iter().map(|alert| alert.document).collect()
}

fn document(format: Format, event: &str) -> BTreeMap<String, Value> {
    let [document] = documents(format, event).try_into().expect("one alert");
    strict(&document).unwrap_or_else(|error| panic!("{error} in {document}"))
}

/// An object that has no member twice, at any level.
fn strict(json: &str) -> Result<BTreeMap<String, Value>, serde_json::Error> {
    let Strict(value) = serde_json::from_str(json)?;
    match value {
        Value::Object(members) => Ok(members.into_iter().collect()),
        _ => Err(Error::custom("not an object")),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(element)) = elements.next_element()? {
            array.push(element);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = serde_json::Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, _>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name:?} is there twice")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

/// JSON text of a value, its members under names that mean something to alerts
/// and others, written in many ways.
fn json_text() -> impl Strategy<Value = String> {
    let scalar = prop::sample::select(vec![
        "null",
        "true",
        "0",
        "-1.5e3",
        "1e999",
        "443",
        r#""""#,
        r#""x""#,
        r#""127.0.0.1""#,
        r#""\ud800\u0022""#,
        r#""2026-01-01T00:00:00Z""#,
        "[]",
        "{}",
    ]);
    scalar.prop_map(str::to_owned).prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
            object_text(inner),
        ]
    })
}

fn object_text(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec((name_text(), value), 0..6).prop_map(|members| {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn name_text() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "event",
        "kind",
        "action",
        "kibana",
        "alert",
        "uuid",
        "original_event",
        "data_stream",
        "type",
        "@timestamp",
        "firstseen",
        "unjudged",
        "removed",
        "count",
        "host",
        "name",
        "source",
        "ip",
        "port",
        "threat",
        "enrichments",
        "signal",
        "a",
        "",
        " ",
        "_id",
        "\\u0061",
        "k\\u0069nd",
        "ki\\u0062ana",
        "\\ud800",
        "\\udfff",
        "\\\"",
    ]);
    prop::collection::vec(part, 1..4).prop_map(|parts| format!("\"{}\"", parts.join(".")))
}

proptest! {
    #[test]
    fn no_alert_has_a_member_twice(event in object_text(json_text())) {
        for format in [Format::Kibana, Format::Ecs] {
            let documents = documents(format, &event);
            prop_assert_eq!(documents.len(), 1);
            let document = strict(&documents[0]);
            prop_assert!(document.is_ok(), "{:?} in {}", document, documents[0]);
        }
        let alert = document(Format::Kibana, &event);
        prop_assert_eq!(&alert["event.kind"], &json!("signal"));
        let own = ["kibana", "signal", "threshold_result", "firstseen", "@timestamp.", "event.kind."];
        prop_assert!(own.iter().all(|name| !alert.contains_key(*name)));
    }

    #[test]
    fn an_event_is_one_alert_whatever_else_is_in_it(event in object_text(json_text())) {
        let ids = |events: &str| -> Vec<Value> {
            let documents = documents(Format::Kibana, events);
            documents.iter().map(|document| strict(document).expect("JSON")["kibana.alert.uuid"].clone()).collect()
        };
        let twice = ids(&format!("{event}\n{event}"));
        prop_assert_eq!(twice.len(), 2);
        prop_assert_eq!(&twice[0], &twice[1]);
    }
}

#[test]
fn a_member_that_is_there_twice_is_seen() {
    for json in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"\u0061":2}]}"#, "[]", "{\"a\":1}}"] {
        assert!(strict(json).is_err(), "{json}");
    }
    assert!(strict(r#"{"a":{"b":1},"a.b":2}"#).is_ok());
}

#[test]
fn the_last_value_of_a_field_is_the_original() {
    let alert = document(Format::Kibana, r#"{"event":{"action":"a","kind":"event"},"event.action":"b"}"#);
    assert_eq!(alert["kibana.alert.original_event.action"], json!("b"));
    assert_eq!(alert["kibana.alert.original_event.kind"], json!("event"));
    assert_eq!(alert["event"], json!({"action": "a"}));
    assert_eq!(alert["event.action"], json!("b"));
}

#[test]
fn what_no_alert_can_have_is_told() {
    let alert = document(Format::Kibana, r#"{"agent":"x","host":{"name":{"a":1},"id":"h"},"_id":5,"x":{"y":1}}"#);
    assert_eq!((&alert["host"], &alert["x"]), (&json!({"id": "h"}), &json!({"y": 1})));
    assert!(!alert.contains_key("agent") && !alert.contains_key("_id"));
    assert_eq!(alert["firstseen.removed.count"], json!(3));
    assert_eq!(alert["firstseen.removed.fields"], json!(["agent", "host.name", "_id"]));
    assert!(!document(Format::Kibana, r#"{"agent":{"name":"x"}}"#).contains_key("firstseen.removed.count"));
}

#[test]
fn an_alert_about_an_alert() {
    let event = r#"{"event":{"action":"a"},"data_stream":{"type":"logs","dataset":"x","namespace":"default"}}"#;
    let [first] = documents(Format::Kibana, event).try_into().expect("one alert");
    let [second] = documents(Format::Kibana, &first).try_into().expect("one alert");
    let [third] = documents(Format::Kibana, &second).try_into().expect("one alert");
    let [first, second, third] = [first, second, third].map(|json| strict(&json).expect("JSON"));

    let ancestors = |alert: &BTreeMap<String, Value>| alert["kibana.alert.ancestors"].as_array().expect("some").clone();
    assert_eq!((ancestors(&first).len(), &first["kibana.alert.depth"]), (1, &json!(1)));
    assert_eq!(ancestors(&first)[0]["index"], json!("logs-x-default"));

    let of_second = ancestors(&second);
    let parent = &of_second[1];
    assert_eq!((of_second.len(), &of_second[0], &second["kibana.alert.depth"]), (2, &ancestors(&first)[0], &json!(2)));
    let index = ".alerts-security.alerts-default";
    let id = parent["id"].as_str().expect("an id");
    let expected = json!({"id": id, "type": "signal", "depth": 1, "rule": "u", "index": index});
    assert_eq!(parent, &expected);
    assert_eq!(
        second["kibana.alert.uuid"],
        json!(alert_id(index, &EventIdentity::of_digest(None, id), "default", "u", None))
    );
    // What was the event's own kind is not that of the alert.
    assert_eq!(second["kibana.alert.original_event.kind"], json!("signal"));

    assert_eq!((ancestors(&third)[..2].to_vec(), &third["kibana.alert.depth"]), (of_second, &json!(3)));
    assert_eq!(ancestors(&third)[2]["depth"], json!(2));
}

#[test]
fn what_an_alert_says_of_its_rule() {
    let alert = document(Format::Kibana, "{}");
    let parameters = &alert["kibana.alert.rule.parameters"];
    assert!(parameters.get("output_index").is_none() && parameters.get("meta").is_some());
    let meta: BTreeMap<&str, &Value> =
        alert.iter().filter_map(|(name, value)| Some((name.strip_prefix("kibana.alert.rule.meta.")?, value))).collect();
    // `x.` is `x` to Elasticsearch.
    let expected = [("from", json!("1m")), ("kibana_siem_app_url.a.b", json!([{"c": 1}])), ("x.", json!(1))];
    assert_eq!(meta, expected.iter().map(|(name, value)| (*name, value)).collect());
    // It is longer than a term of the index may be.
    assert!(!alert.contains_key("kibana.alert.rule.note"));
}

#[test]
fn an_ecs_alert_has_one_type_a_field() {
    let event = json!({
        "@timestamp": [1_767_225_600_000_u64, "x"], "event": {"id": 7}, "host": {"name": ["a", "b"], "id": {"x": 1}},
        "process": {"pid": [[4, 5]], "name": null}, "source.ip": ["x", "::1"], "user.name": true,
    });
    let alert = document(Format::Ecs, &event.to_string());
    let expected = [
        ("event.severity", json!(47)),
        ("firstseen.severity", json!("medium")),
        ("firstseen.source.timestamp", json!("2026-01-01T00:00:00.000Z")),
        ("firstseen.source.event_id", json!("7")),
        ("host.name", json!("a")),
        ("process.pid", json!(4)),
        ("source.ip", json!("::1")),
        ("user.name", json!(true)),
    ];
    for (field, value) in expected {
        assert_eq!(alert.get(field), Some(&value), "{field}");
    }
    assert!(!alert.contains_key("host.id") && !alert.contains_key("process.name"));
    let is_text =
        |value: &Value| value.is_string() || value.as_array().is_some_and(|all| all.iter().all(Value::is_string));
    assert!(alert.iter().all(|(name, value)| !name.starts_with("firstseen.") || is_text(value)));
}

#[test]
fn severities_as_numbers() {
    for (severity, number) in [("low", 21), ("medium", 47), ("high", 73), ("critical", 99)] {
        let mut rule = rule();
        rule["severity"] = json!(severity);
        let evaluation = evaluate(&rule, Format::Ecs, "{}");
        assert_eq!(strict(&evaluation.alerts[0].document).expect("JSON")["event.severity"], json!(number));
    }
}

#[test]
fn terms_are_text_in_an_ecs_alert() {
    let rule = json!({
        "id": "u", "rule_id": "r", "name": "N", "type": "new_terms", "query": "*:*", "risk_score": 47,
        "severity": "low", "timestamp_override": "event.ingested", "new_terms_fields": ["process.pid", "user.name"], "history_window_start": "now-7d",
    });
    let event = r#"{"process":{"pid":5},"user":{"name":"x"}}"#;
    let evaluation = evaluate(&rule, Format::Ecs, event);
    assert_eq!(strict(&evaluation.alerts[0].document).expect("JSON")["firstseen.new_terms"], json!(["5", "x"]));
}
