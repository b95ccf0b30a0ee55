//! Records one by one.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const QUERY: &str = r#"{"type":"query","rule_id":"q","name":"A query","risk_score":1,"severity":"low","description":"d","query":"a: *","index":["logs-*"],"max_signals":2}"#;
const NEW_TERMS: &str = r#"{"type":"new_terms","rule_id":"n","name":"New terms","risk_score":1,"severity":"low","description":"d","query":"b: *","index":["logs-*"],"new_terms_fields":["b"],"history_window_start":"now-5d"}"#;

fn baked(rules: &[&str], settings: &str) -> Vec<u8> {
    let rules: Vec<Value> = rules.iter().map(|rule| json!({"name": "r", "content": rule})).collect();
    format!("{}\n{settings}\n", json!({ "rules": rules })).into_bytes()
}

/// Records that have said that they started.
fn records(rules: &[&str], settings: &str) -> Records {
    let mut records = Records::new(&baked(rules, settings));
    let started = said(&records.judge(b"{}", 0).unwrap())["started"].take();
    assert_eq!(started["rules"], rules.len());
    records
}

fn said(answer: &[u8]) -> Value {
    serde_json::from_str::<Value>(&String::from_utf8_lossy(answer)).unwrap()["firstseen"].take()
}

#[test]
fn an_alert_comes_in_its_record() {
    let mut records = records(&[QUERY, NEW_TERMS], "{}");
    let record = br#"{ "a":1, "@timestamp":1, "b":["x","y"] }"#;
    let answer = records.judge(record, 1).unwrap();
    assert!(answer.starts_with(br#"{ "a":1, "@timestamp":1, "b":["x","y"] ,"firstseen":{"alerts":[{"id":""#));
    let said = said(&answer);
    let parts = |alert: &Value| json!([alert["rule_id"], alert["rule"], alert["terms"], alert.get("earlier")]);
    let alerts: Vec<Value> = said["alerts"].as_array().unwrap().iter().map(parts).collect();
    assert_eq!(
        alerts,
        [
            json!(["q", "A query", [], null]),
            json!(["n", "New terms", ["x"], null]),
            json!(["n", "New terms", ["y"], null])
        ]
    );
    assert_eq!(said.as_object().unwrap().len(), 1);
    // It was seen.
    assert_eq!(records.judge(record, 2), None);
    assert_eq!(records.judge(br#"{"b":"y"}"#, 3), None);
}

#[test]
fn what_is_put_off_and_cannot_be_timed_is_told() {
    let timed = QUERY.replace(
        r#""max_signals":2"#,
        r#""max_signals":1,"timestamp_override":"when","timestamp_override_fallback_disabled":true"#,
    );
    let mut records = records(&[&timed], "{}");
    let at = |second: &str, a: u8| format!(r#"{{"a":{a},"when":"2026-11-24T12:00:0{second}Z"}}"#);
    assert_eq!(said(&records.judge(at("1", 1).as_bytes(), 0).unwrap())["alerts"][0]["rule_id"], "q");
    assert_eq!(said(&records.judge(at("2", 2).as_bytes(), 0).unwrap()), json!({"deferred": 1}));
    let remark = said(&records.judge(br#"{"a":3}"#, 0).unwrap());
    assert!(remark["remarks"][0].as_str().unwrap().starts_with("rule q: the event "), "{remark}");
}

#[test]
fn what_is_bound_elsewhere_is_left_alone() {
    let record = br#"{"a":1}"#;
    assert!(records(&[QUERY], r#"{"index":"logs-a-b"}"#).judge(record, 0).is_some());
    assert_eq!(records(&[QUERY], r#"{"index":"metrics-a-b"}"#).judge(record, 0), None);
    let mut unknown = records(&[QUERY], "{}");
    assert!(unknown.judge(record, 0).is_some());
    assert_eq!(unknown.judge(br#"{"a":1,"data_stream":{"type":"metrics","dataset":"a","namespace":"b"}}"#, 0), None);
}

#[test]
fn a_record_without_a_time_has_that_of_its_host() {
    let id =
        |record: &str| said(&records(&[QUERY], "{}").judge(record.as_bytes(), 7).unwrap())["alerts"][0]["id"].clone();
    let timed = id(r#"{"@timestamp":"1970-01-01T00:00:00.007Z","a":1}"#);
    for record in [r#"{"a":1}"#, r#" { "a":1}"#] {
        assert_eq!(id(record), timed);
    }
    assert_ne!(id(r#"{"\u0040timestamp":7,"a":1}"#), timed);
    assert_eq!(records(&[QUERY], "{}").judge(b"{/**/}", 0), None);
    // It is no time, and the event's own.
    let remark = said(&records(&[QUERY], "{}").judge(br#"{"@timestamp":null,"a":1}"#, 0).unwrap());
    assert!(remark["remarks"][0].as_str().unwrap().contains("@timestamp"), "{remark}");
    // Text that looks like it is none.
    id(r#"{"a":"\"@timestamp\":1","b":{"@timestamp":1}}"#);
}

#[test]
fn learning_goes_by_arrival() {
    let mut records = records(&[NEW_TERMS], r#"{"learn-ms":1000}"#);
    assert_eq!(records.judge(br#"{"b":"x"}"#, 999), None);
    assert_eq!(records.judge(br#"{"b":"x"}"#, 1000), None);
    assert!(records.judge(br#"{"b":"y"}"#, 1000).is_some());
}

#[test]
fn no_record_goes_unseen_without_a_word() {
    let mut records = records(&[QUERY], r#"{"line-bytes-max":300,"line-work-max":2000}"#);
    let mut reason = |record: &[u8]| {
        let said = said(&records.judge(record, 0).unwrap());
        let alert = &said["alerts"][0];
        assert_eq!((&alert["rule_id"], &alert["rule"]), (&Value::Null, &json!("Event Not Fully Judged")));
        alert["terms"][1].as_str().unwrap().to_owned()
    };
    let long = format!(r#"{{"c":"{}"}}"#, "c".repeat(300));
    let deep = format!(r#"{{"a":1,"c":{}{}}}"#, "[".repeat(120), "]".repeat(120));
    assert_eq!(reason(long.as_bytes()), "too-long");
    assert_eq!(reason(b"{\"c\":\"\xff\"}"), "not-utf8");
    assert_eq!(reason(deep.as_bytes()), "too-deep");
    assert_eq!(reason(br#"{"a":[1,2]}"#.as_slice()), "work");
}

#[test]
fn what_cannot_carry_an_alert_leaves_it_to_the_next_record() {
    let mut records = records(&[QUERY], "{}");
    for record in [&b"{\"a\":"[..], b"{\"a\":1}/**/", b"{\"a\0\"}"] {
        assert_eq!(records.judge(record, 0), None);
    }
    let said = said(&records.judge(b"{}", 0).unwrap());
    let alerts = said["alerts"].as_array().unwrap();
    assert!(alerts.len() == 3 && alerts.iter().all(|alert| alert["earlier"] == true), "{said}");
    assert_eq!(records.judge(b"{}", 0), None);
    // Nothing that could be a document.
    for record in [&b""[..], b" ", b"[]", b"\0\0", b"text"] {
        assert_eq!(records.judge(record, 0), None);
    }
    assert_eq!(records.judge(b"{}", 0), None);
}

#[test]
fn no_event_forges_what_is_said() {
    let mut records = records(&[QUERY], "{}");
    let answer = records.judge(br#"{"firstseen":{"alerts":[]},"c":1}"#, 0).unwrap();
    assert_eq!(answer, br#"{"c":1,"firstseen":{"event_had":["\"firstseen\":{\"alerts\":[]}"]}}"#);
    let said = said(&records.judge(br#"{"a":1,"firstseen.stopped":"x"}"#, 0).unwrap());
    assert_eq!(
        (&said["alerts"][0]["rule_id"], &said["event_had"]),
        (&json!("q"), &json!([r#""firstseen.stopped":"x""#]))
    );
    assert_eq!(records.judge(br#"{"c":"firstseen","d":"\u00e4"}"#, 0), None);
}

#[test]
fn the_terminator_and_newlines_are_no_part_of_the_event() {
    let id = |record: &[u8]| said(&records(&[QUERY], "{}").judge(record, 0).unwrap())["alerts"][0]["id"].clone();
    assert_eq!(id(b"{\"a\":1}"), id(b"{\"a\":1}\0"));
    assert_eq!(id(b"{\"a\":\n1}"), id(b"{\"a\": 1}"));
}

#[test]
fn the_first_record_says_what_runs() {
    let wrong = QUERY.replace("a: *", "a: (").replace(r#""rule_id":"q""#, r#""rule_id":"wrong""#);
    let off = QUERY.replace(r#""rule_id":"q""#, r#""enabled":false,"rule_id":"off""#);
    let mut records = Records::new(&baked(&[QUERY, &wrong, &off], "{}"));
    // It must come in one that can say it.
    assert_eq!(records.judge(b"text", 0), None);
    let said = said(&records.judge(b"{}", 0).unwrap());
    let started = &said["started"];
    assert_eq!(
        (&started["rules"], &started["not_run"], &started["version"]),
        (&json!(1), &json!(1), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(started["refused"][0]["rule_id"], "wrong");
    assert!(started["refused"][0]["cause"].as_str().unwrap().starts_with("query: "), "{started}");
    let many = Started::new(0, &{
        let (_, reports) = firstseen_guest::Engine::new(
            &firstseen_guest::engine::Documents::of_rules(vec![(
                "r".to_owned(),
                format!("[{}]", vec![&*wrong; 50].join(",")),
            )]),
            Default::default(),
        );
        reports
    });
    let many = serde_json::to_value(many).unwrap();
    assert_eq!((many["refused"].as_array().unwrap().len(), &many["more_refused"]), (20, &json!(30)));
}

#[test]
fn nothing_that_runs_is_told_with_every_record() {
    let wrong = QUERY.replace("a: *", "a: (");
    for (baked, stopped) in [
        (baked(&[&wrong], "{}"), "no rule is loaded"),
        (b"{\"rule\":1}\n".to_vec(), "its configuration cannot be read"),
        (b"{}\n{\"learn\":1}\n".to_vec(), "its configuration cannot be read"),
        (b"{}\n{}\n{}\n".to_vec(), "its configuration cannot be read"),
        (b"\xff".to_vec(), "its configuration cannot be read"),
    ] {
        let mut records = Records::new(&baked);
        let first = said(&records.judge(b"{}", 0).unwrap());
        assert_eq!(
            (&first["started"]["rules"], &first["started"]["refused"].as_array().unwrap().len()),
            (&json!(0), &1)
        );
        for _ in 0..2 {
            assert_eq!(said(&records.judge(b"{}", 0).unwrap()), json!({"stopped": stopped}));
        }
        assert_eq!(records.judge(b"text", 0), None);
    }
    assert_eq!(said(&not_judged(b"{}").unwrap()).as_object().unwrap().len(), 1);
    assert_eq!(not_judged(b"["), None);
}

#[test]
fn a_record_that_was_lost_raises_an_alert() {
    let mut first = records(&[NEW_TERMS], r#"{"learn-ms":1000}"#);
    assert_eq!(first.start_ms(), Some(0));
    assert_eq!(first.judge(b"{}", 7), None);
    let lost = br#"{"b":"lost"}"#.to_vec();
    let mut records = Records::after_failure(&baked(&[NEW_TERMS], r#"{"learn-ms":1000}"#), lost, Some(-1));
    // Nothing learns anew.
    let said = said(&records.judge(br#"{"b":"x"}"#, 999).unwrap());
    assert_eq!(said["alerts"][0]["terms"][1], "failed");
    assert_eq!((&said["alerts"][0]["earlier"], &said["alerts"][1]["terms"]), (&json!(true), &json!(["x"])));
    assert!(said["warnings"][0].as_str().unwrap().contains("dropped"), "{said}");
}

#[test]
fn a_full_memory_is_told_once() {
    let mut records = records(&[&NEW_TERMS.replace(r#""type""#, r#""max_signals":10000,"type""#)], "{}");
    records.sightings = Sightings::new(0, 3);
    let mut warnings = 0;
    for number in 0..10 {
        let said = said(&records.judge(json!({ "b": number.to_string() }).to_string().as_bytes(), 0).unwrap());
        assert_eq!(said["alerts"].as_array().unwrap().len(), 1);
        warnings += said["warnings"].as_array().map_or(0, Vec::len);
    }
    assert_eq!(warnings, 1);
}

#[test]
fn the_configuration_is_the_first_line() {
    assert_eq!(configuration_of(b"{}\n{\"learn-ms\":1}\n"), b"{}");
    assert_eq!(configuration_of(b""), b"");
}

proptest! {
    /// Whatever comes in comes out: as it was, or with something said in it.
    #[test]
    fn any_record_comes_back(
        all in prop::collection::vec(prop_oneof![
            "[{}\\[\\]\",:ab1 \\\\u0066irstseen.]{0,40}",
            "\\{\"(a|b|firstseen|\\\\u0066irstseen)\":(1|\"x\"|\\[\\{\\}\\]),\"c\":[0-9]{1,3}\\}",
        ], 1..12),
    ) {
        let mut records = Records::new(&baked(&[QUERY, NEW_TERMS], r#"{"line-bytes-max":38}"#));
        for record in all {
            if let Some(answer) = records.judge(record.as_bytes(), 0) {
                let mut given: Value = serde_json::from_slice(&answer).unwrap();
                let given = given.as_object_mut().unwrap();
                prop_assert!(given.remove("firstseen").unwrap().is_object());
                let mut expected: Value = serde_json::from_str(&record).unwrap();
                let expected = expected.as_object_mut().unwrap();
                expected.retain(|key, _| key != "firstseen" && !key.starts_with("firstseen."));
                prop_assert_eq!(&*given, &*expected);
            }
        }
    }
}
