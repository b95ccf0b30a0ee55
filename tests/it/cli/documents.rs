//! Complete alert documents.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::{Firstseen, NOW};
use firstseen_tests::{data, golden};
use serde_json::Value;

/// Every field that Kibana's detection engine writes to each alert of a
/// new-terms rule, whatever the rule sets. Left out: `kibana.version` and
/// `kibana.alert.url`, which only a Kibana has.
const KIBANA_FIELDS: [&str; 53] = [
    "@timestamp",
    "event.kind",
    "kibana.space_ids",
    "kibana.alert.ancestors",
    "kibana.alert.depth",
    "kibana.alert.intended_timestamp",
    "kibana.alert.last_detected",
    "kibana.alert.new_terms",
    "kibana.alert.original_event.action",
    "kibana.alert.original_event.category",
    "kibana.alert.original_event.kind",
    "kibana.alert.original_event.type",
    "kibana.alert.original_time",
    "kibana.alert.reason",
    "kibana.alert.risk_score",
    "kibana.alert.rule.actions",
    "kibana.alert.rule.author",
    "kibana.alert.rule.category",
    "kibana.alert.rule.consumer",
    "kibana.alert.rule.description",
    "kibana.alert.rule.enabled",
    "kibana.alert.rule.exceptions_list",
    "kibana.alert.rule.execution.timestamp",
    "kibana.alert.rule.execution.type",
    "kibana.alert.rule.execution.uuid",
    "kibana.alert.rule.false_positives",
    "kibana.alert.rule.from",
    "kibana.alert.rule.immutable",
    "kibana.alert.rule.indices",
    "kibana.alert.rule.interval",
    "kibana.alert.rule.max_signals",
    "kibana.alert.rule.name",
    "kibana.alert.rule.parameters",
    "kibana.alert.rule.producer",
    "kibana.alert.rule.references",
    "kibana.alert.rule.revision",
    "kibana.alert.rule.risk_score",
    "kibana.alert.rule.risk_score_mapping",
    "kibana.alert.rule.rule_id",
    "kibana.alert.rule.rule_type_id",
    "kibana.alert.rule.severity",
    "kibana.alert.rule.severity_mapping",
    "kibana.alert.rule.tags",
    "kibana.alert.rule.threat",
    "kibana.alert.rule.to",
    "kibana.alert.rule.type",
    "kibana.alert.rule.uuid",
    "kibana.alert.rule.version",
    "kibana.alert.severity",
    "kibana.alert.start",
    "kibana.alert.status",
    "kibana.alert.uuid",
    "kibana.alert.workflow_status",
];

/// The recorded install's alert.
fn alert(arguments: &[&str]) -> Result<Value> {
    only_alert("dpkg-i-recorded.ndjson", arguments)
}

/// The alert of a rule in EQL that is a building block, has exceptions, and takes
/// the category of events from another field.
fn eql_alert(arguments: &[&str]) -> Result<Value> {
    let [rules, exceptions] =
        ["shell-by-a-web-server.toml", "exceptions.ndjson"].map(|name| data("eql").join(name).display().to_string());
    let own = ["--strict", "--rules", &rules, "--exceptions", &exceptions];
    only_alert("eql/the-category-is-the-type-of-the-event/events.ndjson", &[&own, arguments].concat())
}

/// The only alert on the events of a file.
fn only_alert(events: &str, arguments: &[&str]) -> Result<Value> {
    let events = fs::read(data(events))?;
    let ran = Firstseen::filter()?.arg("--only-alerts").args(arguments).run(&events)?.expect_code(0)?;
    ensure!(ran.text()?.lines().count() == 1, "not one line: {}", ran.text()?);
    Ok(serde_json::from_str(ran.text()?)?)
}

#[test]
fn kibana() -> Result<()> {
    golden::check("kibana", &alert(&[])?)
}

#[test]
fn ecs() -> Result<()> {
    golden::check("ecs", &alert(&["--format", "ecs"])?)
}

#[test]
fn kibana_of_a_rule_in_eql() -> Result<()> {
    let alert = eql_alert(&[])?;
    for (field, value) in [
        ("kibana.alert.building_block_type", "default"),
        ("kibana.alert.rule.category", "Event Correlation Rule"),
        ("kibana.alert.rule.rule_type_id", "siem.eqlRule"),
        ("kibana.alert.rule.type", "eql"),
    ] {
        assert_eq!(alert.get(field).and_then(Value::as_str), Some(value), "{field}");
    }
    let parameter = |name: &str| alert.get("kibana.alert.rule.parameters")?.get(name)?.as_str();
    assert_eq!(parameter("language"), Some("eql"));
    assert_eq!(parameter("event_category_override"), Some("event.type"));
    assert!(alert.get("kibana.alert.new_terms").is_none());
    golden::check("kibana-eql", &alert)
}

#[test]
fn ecs_of_a_rule_in_eql() -> Result<()> {
    golden::check("ecs-eql", &eql_alert(&["--format", "ecs"])?)
}

#[test]
fn kibana_has_every_field_kibana_writes() -> Result<()> {
    let alert = alert(&[])?;
    let written: BTreeSet<&str> = alert.as_object().context("not an object")?.keys().map(String::as_str).collect();
    let missing: Vec<_> = KIBANA_FIELDS.into_iter().filter(|field| !written.contains(field)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    // These two hold empty arrays.
    for field in ["kibana.alert.workflow_tags", "kibana.alert.workflow_assignee_ids"] {
        assert_eq!(alert.get(field), Some(&serde_json::json!([])), "{field}");
    }
    Ok(())
}

#[test]
fn kibana_constants_and_times() -> Result<()> {
    let alert = alert(&[])?;
    for (field, value) in [
        ("@timestamp", "2026-11-24T12:00:00.000Z"),
        ("event.kind", "signal"),
        ("kibana.alert.original_event.kind", "event"),
        ("kibana.alert.original_time", "2026-11-24T03:14:11.884Z"),
        ("kibana.alert.rule.category", "New Terms Rule"),
        ("kibana.alert.rule.consumer", "siem"),
        ("kibana.alert.rule.producer", "siem"),
        ("kibana.alert.rule.rule_type_id", "siem.newTermsRule"),
        ("kibana.alert.rule.type", "new_terms"),
        ("kibana.alert.status", "active"),
        ("kibana.alert.workflow_status", "open"),
    ] {
        assert_eq!(alert.get(field).and_then(Value::as_str), Some(value), "{field}");
    }
    assert_eq!(NOW, "2026-11-24T12:00:00Z");
    let kind = alert.pointer("/event/kind");
    assert!(kind.is_none(), "event.kind stands twice: {kind:?}");
    Ok(())
}

#[test]
fn kibana_keeps_the_event() -> Result<()> {
    let alert = alert(&[])?;
    let events = fs::read_to_string(data("dpkg-i-recorded.ndjson"))?;
    let event: Value = serde_json::from_str(events.lines().nth(1).context("too short")?)?;
    for object in ["host", "process"] {
        assert_eq!(alert.get(object), event.get(object), "{object}");
    }
    Ok(())
}
