//! `firstseen_backtest` beyond what the corpus has cases for.

use anyhow::{Context, Result};
use firstseen::{Detector, Document, Module};
use firstseen_backtest::{AlertsIndex, Execution, Schedule, ScheduledAlert, StoredEvent, Warning};
use serde_json::{Value, json};

/// 2026-11-24T12:00:00Z.
const NOON: i64 = 1_795_521_600_000;
const MINUTE: i64 = 60_000;

fn detector(rules: &[Value], exceptions: &[Value]) -> Result<Detector> {
    let lines = |values: &[Value]| values.iter().map(|value| format!("{value}\n")).collect::<String>();
    let document = |name: &str, content| Document { name: name.to_owned(), content };
    Ok(Detector::builder(Module::built_in()?)
        .rules([document("rules.ndjson", lines(rules))])
        .exceptions((!exceptions.is_empty()).then(|| document("exceptions.ndjson", lines(exceptions))))
        .build()?)
}

fn rule(id: &str, members: Value) -> Value {
    let mut rule = json!({
        "rule_id": id, "name": id, "type": "new_terms", "new_terms_fields": ["host.name"], "query": "event.action:exec",
        "from": "now-9m", "interval": "5m", "history_window_start": "now-1h", "severity": "low", "risk_score": 1,
    });
    if let (Some(rule), Some(members)) = (rule.as_object_mut(), members.as_object()) {
        rule.extend(members.clone());
        rule.retain(|_, value| !value.is_null());
    }
    rule
}

/// An event of a host, so many minutes after noon.
fn event(id: &str, host: &str, minutes: i64) -> StoredEvent {
    let event = json!({"@timestamp": NOON + minutes * MINUTE, "event": {"action": "exec"}, "host": {"name": host}});
    StoredEvent { index: Some("logs-a-b".to_owned()), id: id.to_owned(), ..StoredEvent::new(event.to_string()) }
}

fn summary(alerts: &[ScheduledAlert]) -> Vec<(usize, &str, i64)> {
    let minute = |alert: &ScheduledAlert| (alert.created_ms - NOON) / MINUTE;
    alerts
        .iter()
        .map(|alert| (alert.event, alert.stored.rule_id.as_deref().unwrap_or_default(), minute(alert)))
        .collect()
}

#[test]
fn a_query_rule_alerts_on_each_event_of_its_interval_once() -> Result<()> {
    let query =
        rule("q", json!({"type": "query", "new_terms_fields": null, "history_window_start": null, "max_signals": 2}));
    let detector = detector(&[query], &[])?;
    // Both ends count, and there is no history that could know a host.
    let events = [event("d", "h", 0), event("b", "h", -9), event("c", "h", -5), event("a", "h", -10)];
    let mut schedule = Schedule::new(&detector, &events)?;
    let mut alerts = AlertsIndex::default();
    let first = schedule.run(0, &Execution::at(NOON), &mut alerts)?;
    assert_eq!(summary(alerts.alerts()), [(1, "q", 0), (2, "q", 0)], "the oldest two");
    assert_eq!((first.created, first.duplicates, first.warnings), (2, 0, vec![Warning::MaxSignalsReached]));
    let second = schedule.run(0, &Execution::at(NOON + MINUTE), &mut alerts)?;
    assert_eq!(summary(alerts.alerts()), [(1, "q", 0), (2, "q", 0), (0, "q", 1)]);
    assert_eq!((second.created, second.duplicates, second.warnings), (1, 1, vec![]));
    Ok(())
}

#[test]
fn an_eql_rule_alerts_on_the_latest_events_of_its_interval_once() -> Result<()> {
    let query = json!({
        "type": "eql", "query": "any where event.action == \"exec\"", "new_terms_fields": null,
        "history_window_start": null, "max_signals": 2,
    });
    let detector = detector(&[rule("q", query)], &[])?;
    let events = [event("d", "h", 0), event("b", "h", -9), event("c", "h", -5), event("a", "h", -10)];
    let mut schedule = Schedule::new(&detector, &events)?;
    let mut alerts = AlertsIndex::default();
    let first = schedule.run(0, &Execution::at(NOON), &mut alerts)?;
    assert_eq!(summary(alerts.alerts()), [(2, "q", 0), (0, "q", 0)]);
    assert_eq!((first.created, first.duplicates, first.warnings), (2, 0, vec![Warning::MaxSignalsReached]));
    let second = schedule.run(0, &Execution::at(NOON + 6 * MINUTE), &mut alerts)?;
    assert_eq!((second.created, second.duplicates, second.warnings), (0, 1, vec![]));
    Ok(())
}

#[test]
fn rules_do_not_see_each_others_history() -> Result<()> {
    let detector = detector(&[rule("a", json!({})), rule("b", json!({"query": "host.name:x"}))], &[])?;
    let events = [event("1", "y", -30), event("2", "y", -5), event("3", "x", -5)];
    let mut schedule = Schedule::new(&detector, &events)?;
    let mut alerts = AlertsIndex::default();
    for rule in [0, 1] {
        schedule.run(rule, &Execution::at(NOON), &mut alerts)?;
    }
    assert_eq!(summary(alerts.alerts()), [(2, "a", 0), (2, "b", 0)]);
    assert_eq!(schedule.survey().occurrences(0).len(), 3);
    assert_eq!(schedule.survey().occurrences(1).len(), 1);
    let nothing = schedule.run(2, &Execution::at(NOON), &mut alerts)?;
    assert_eq!(nothing.looked_at.ranges, [], "there is no third rule");
    Ok(())
}

#[test]
fn a_late_run_catches_up_range_by_range() -> Result<()> {
    let detector = detector(&[rule("a", json!({"max_signals": 1}))], &[])?;
    let events = [event("1", "x", -1), event("2", "y", -12), event("3", "z", -14)];
    let mut schedule = Schedule::new(&detector, &events)?;
    let mut alerts = AlertsIndex::default();
    let late = Execution { previous_ms: Some(NOON - 15 * MINUTE), ..Execution::at(NOON) };
    let run = schedule.run(0, &late, &mut alerts)?;
    // Each range has a `max_signals` of its own; of equals the first by value
    // comes first. The history of the earlier range begins an hour before its end.
    assert_eq!(summary(alerts.alerts()), [(1, "a", 0), (0, "a", 0)]);
    let history = run.looked_at.ranges.iter().map(|range| (NOON - range.history_start_ms) / MINUTE);
    assert_eq!(history.collect::<Vec<_>>(), [70, 65, 60]);
    assert_eq!(run.looked_at.gap_ms, 0);
    Ok(())
}

#[test]
fn a_manual_run_looks_at_what_it_is_told_to() -> Result<()> {
    let detector = detector(&[rule("a", json!({}))], &[])?;
    let events = [event("1", "x", -200), event("2", "y", -250), event("3", "y", -195)];
    let mut schedule = Schedule::new(&detector, &events)?;
    let mut alerts = AlertsIndex::default();
    let from_to = (NOON - 210 * MINUTE, NOON - 190 * MINUTE);
    let run = schedule.run(0, &Execution { manual_ms: Some(from_to), ..Execution::at(NOON) }, &mut alerts)?;
    // y is in the hour before the range's end, so it is known.
    assert_eq!(summary(alerts.alerts()), [(0, "a", 0)]);
    assert_eq!(run.looked_at.ranges.first().map(|range| range.history_start_ms), Some(NOON - 250 * MINUTE));
    Ok(())
}

#[test]
fn an_exception_that_expires_ends_between_runs() -> Result<()> {
    let list = json!({"list_id": "l", "name": "l", "description": "", "type": "detection", "namespace_type": "single"});
    let item = json!({
        "item_id": "i", "list_id": "l", "name": "i", "description": "", "type": "simple", "namespace_type": "single",
        "expire_time": "2026-11-24T12:02:00.000Z",
        "entries": [{"field": "host.name", "operator": "included", "type": "match", "value": "x"}],
    });
    let lists = json!([{"id": "l", "list_id": "l", "type": "detection", "namespace_type": "single"}]);
    let detector = detector(&[rule("a", json!({"exceptions_list": lists}))], &[list, item])?;
    let events = [event("1", "x", -1)];
    let mut schedule = Schedule::new(&detector, &events)?;
    let mut alerts = AlertsIndex::default();
    for execution in Execution::every(5 * MINUTE as u64, NOON, NOON + 5 * MINUTE) {
        schedule.run(0, &execution, &mut alerts)?;
    }
    assert_eq!(summary(alerts.alerts()), [(0, "a", 5)]);
    Ok(())
}

#[test]
fn what_is_no_event_is_named_by_its_place() -> Result<()> {
    let detector = detector(&[rule("a", json!({}))], &[])?;
    let pretty =
        StoredEvent::new("{\n\"@timestamp\": 1795521540000,\n\"event.action\": \"exec\", \"host.name\": \"x\"}");
    let events = [event("1", "x", -1), StoredEvent::new("{"), pretty, StoredEvent::new("")];
    let mut schedule = Schedule::new(&detector, &events)?;
    let malformed: Vec<usize> = schedule.survey().malformed().iter().map(|line| line.line).collect();
    assert_eq!(malformed, [1]);
    let seen: Vec<usize> = schedule.survey().occurrences(0).iter().map(|occurrence| occurrence.event).collect();
    assert_eq!(seen, [0, 2], "equal times in the order of the events");
    let mut alerts = AlertsIndex::default();
    schedule.run(0, &Execution::at(NOON), &mut alerts)?;
    let alert = alerts.alerts().first().context("no alert")?;
    let document: Value = serde_json::from_str(&alert.stored.document)?;
    assert_eq!(document.get("@timestamp"), Some(&json!("2026-11-24T12:00:00.000Z")), "the run's");
    assert_eq!(document.get("kibana.alert.uuid"), Some(&json!(alert.stored.id)));
    let source = json!([{"id": "1", "type": "event", "depth": 0, "index": "logs-a-b"}]);
    assert_eq!(document.get("kibana.alert.ancestors"), Some(&source));
    assert!(alerts.contains(&alert.stored.id) && !alerts.contains("another"));
    Ok(())
}
