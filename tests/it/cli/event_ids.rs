//! `--event-id-field`: a field of the event is its `_id`.

use anyhow::Result;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::Ran;
use serde_json::{Value, json};

const NEW_TERMS: &str = r#"{"rule_id":"n","name":"N","description":"","type":"new_terms","language":"kuery",
    "query":"user.name:*","new_terms_fields":["user.name"],"history_window_start":"now-7d","from":"now-9m",
    "severity":"low","risk_score":1}"#;
const QUERY: &str = r#"{"rule_id":"q","name":"Q","description":"","type":"query","language":"kuery",
    "query":"user.name:*","from":"now-9m","severity":"low","risk_score":1}"#;

fn event(user: &str, metadata: &Value) -> String {
    json!({"@timestamp": "2026-11-24T12:00:00Z", "user": {"name": user}, "@metadata": metadata}).to_string()
}

fn filter(rule: &str, arguments: &[&str], events: &[String]) -> Result<Ran> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rule.json");
    std::fs::write(&path, rule)?;
    let filter = Firstseen::filter()?.arg("--rules").arg(&path).args(["--only-alerts", "--clock", "event"]);
    filter.args(arguments).run(events.join("\n").as_bytes())?.expect_code(0)
}

fn texts<'a>(alerts: &'a [Value], pointer: &str) -> Vec<&'a str> {
    alerts.iter().filter_map(|alert| alert.pointer(pointer).and_then(Value::as_str)).collect()
}

#[test]
fn an_id_names_its_event_and_hides_no_other() -> Result<()> {
    let events = ["a", "b", "a"].map(|user| event(user, &json!({"_id": "same"})));
    for rule in [NEW_TERMS, QUERY] {
        let alerts = filter(rule, &["--event-id-field", "@metadata._id"], &events)?.alerts()?;
        // The two are two, though they have one id; the third is the first, come again.
        assert_eq!(texts(&alerts, "/kibana.alert.ancestors/0/id"), ["same", "same"]);
        let ids = texts(&alerts, "/kibana.alert.uuid");
        assert!(ids.len() == 2 && ids.first() != ids.last(), "{ids:?}");
        // Without the field alerts name them by their bytes.
        let by_bytes = filter(rule, &[], &events)?.alerts()?;
        let names = texts(&by_bytes, "/kibana.alert.ancestors/0/id");
        assert!(names.len() == 2 && names.iter().all(|name| name.len() == 32), "{names:?}");
    }
    Ok(())
}

#[test]
fn only_a_text_that_elasticsearch_would_take_is_an_id() -> Result<()> {
    let long = "i".repeat(513);
    let fits = "i".repeat(512);
    let cases = [
        (json!({"_id": "x"}), Some("x")),
        (json!({"_id": ["é"]}), Some("é")),
        (json!({"_id": &fits}), Some(fits.as_str())),
        (json!({"_id": long}), None),
        (json!({"_id": ""}), None),
        (json!({"_id": 7}), None),
        (json!({"_id": ["x", "y"]}), None),
        (json!({"_id": {"a": "x"}}), None),
        (json!({}), None),
    ];
    for (metadata, expected) in cases {
        let ran = filter(QUERY, &["--event-id-field", "@metadata._id"], &[event("a", &metadata)])?;
        let alerts = ran.alerts()?;
        let names = texts(&alerts, "/kibana.alert.ancestors/0/id");
        let name = names.first().copied().unwrap_or_default();
        match expected {
            Some(expected) => assert_eq!(name, expected, "{metadata}"),
            None => assert_eq!(name.len(), 32, "{metadata}: {name}"),
        }
    }
    Ok(())
}

#[test]
fn an_event_that_is_not_judged_has_its_id_too() -> Result<()> {
    let cut_off = event("a", &json!({"_id": "x"})).replace("\"@timestamp\"", "\"@metadata\":{\"_id\":\"x\"},\"t\"");
    let cut_off = cut_off.split("\"user\"").next().unwrap_or_default().to_owned() + "\"user\":{\"name\":\"a\"";
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rule.json");
    std::fs::write(&path, QUERY)?;
    let filter = Firstseen::filter()?.arg("--rules").arg(&path).args(["--event-id-field", "@metadata._id"]);
    let alerts = filter.run(cut_off.as_bytes())?.expect_code(1)?.alerts()?;
    assert_eq!(texts(&alerts, "/kibana.alert.ancestors/0/id"), ["x"]);
    Ok(())
}
