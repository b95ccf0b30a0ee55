//! Elasticsearch takes every alert, whatever the event is.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use firstseen_tests::data;
use firstseen_tests::events::files_of_events;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::corpus;
use serde_json::Value;

use crate::elasticsearch::{Elasticsearch, with_elasticsearch};
use crate::mappings::{ALERTS, LOGS, ecs_logs, kibana_alerts};

/// The form of alerts, and where they go.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    /// Which member is the id.
    id: &'static str,
    target: &'static str,
    prepare: fn(&Elasticsearch) -> Result<bool>,
}

const KIBANA: Form = Form { name: "kibana", id: "kibana.alert.uuid", target: ALERTS, prepare: kibana_alerts };
const ECS: Form = Form { name: "ecs", id: "event.id", target: LOGS, prepare: ecs_logs };

#[test]
fn the_alerts_index_takes_an_alert_on_every_event_of_the_corpus() -> Result<()> {
    let Some(events) = corpus("events")? else { return Ok(()) };
    takes_all(KIBANA, &files_of_events(&events)?)
}

#[test]
fn a_data_stream_takes_an_ecs_alert_on_every_event_of_the_corpus() -> Result<()> {
    let Some(events) = corpus("events")? else { return Ok(()) };
    takes_all(ECS, &files_of_events(&events)?)
}

#[test]
fn no_event_has_its_alert_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let large = folder.path().join("large.ndjson");
    fs::write(&large, large_events().join("\n"))?;
    let files = [data("alerts/nasty.ndjson"), large];
    takes_all(KIBANA, &files)?;
    takes_all(ECS, &files)?;
    some_events_themselves_are_refused(&files)
}

/// Stores an alert on each event, and makes sure that every one is taken: as many
/// as there are events, but for those that are there twice.
fn takes_all(form: Form, files: &[PathBuf]) -> Result<()> {
    with_elasticsearch(|node| {
        if !(form.prepare)(node)? {
            return Ok(());
        }
        let filter = Firstseen::filter()?.args(["--only-alerts", "--format", form.name, "--rules"]);
        let ran = filter.arg(data("alerts/every-event.json")).args(files).run(b"")?.expect_code(0)?;
        let alerts = ran.text()?.lines().map(|alert| Ok((id_of(form, alert)?, alert))).collect::<Result<Vec<_>>>()?;
        let ids: BTreeSet<&str> = alerts.iter().map(|(id, _)| id.as_str()).collect();
        let (events, count, distinct) = (ran.count("events")?, alerts.len() as u64, ids.len() as u64);

        let stored = node.create(form.target, alerts.iter().map(|(id, alert)| (id.clone(), *alert)))?;
        println!(
            "{} alerts: {events} events, {count} alerts, {distinct} distinct ids, {} created, {} known, {} refused",
            form.name,
            stored.created,
            stored.known,
            stored.refused.len()
        );
        ensure!(stored.refused.is_empty(), "refused: {:#?}", stored.refused.iter().take(10).collect::<Vec<_>>());
        ensure!(count > 0 && distinct == distinct_lines(files)?, "not every event has its alert");
        ensure!((stored.created, stored.known) == (distinct, count - distinct), "not every alert is there");
        ensure!(node.count(form.target)? == distinct, "a search does not find all alerts");

        // Once more: all of them are known.
        let again = node.create(form.target, alerts.iter().take(100).map(|(id, alert)| (id.clone(), *alert)))?;
        ensure!(again.created == 0 && again.refused.is_empty(), "an alert is stored twice: {again:?}");
        Ok(())
    })
}

/// Makes sure that the index takes by no means everything: stored as they are, some
/// of the events are refused.
fn some_events_themselves_are_refused(files: &[PathBuf]) -> Result<()> {
    with_elasticsearch(|node| {
        if !kibana_alerts(node)? {
            return Ok(());
        }
        let events = files.iter().map(|file| Ok(fs::read_to_string(file)?)).collect::<Result<Vec<_>>>()?;
        let events = events.iter().flat_map(|text| text.lines()).enumerate();
        let stored = node.create(ALERTS, events.map(|(number, event)| (number.to_string(), event)))?;
        println!("the events themselves: {} created, {} refused", stored.created, stored.refused.len());
        ensure!(stored.refused.len() > 10, "nearly all are taken: {stored:?}");
        Ok(())
    })
}

/// Events that are too long for a line of a data file: terms beyond what an index
/// takes, numbers beyond what is read, more documents in one than it may have, and
/// more fields.
fn large_events() -> Vec<String> {
    let objects = vec![r#"{"x":1}"#; 12_000].join(",");
    let fields: Vec<String> = (0..6_000).map(|number| format!("\"x{number}\":{number}")).collect();
    let fields = fields.join(",");
    let text = "x".repeat(40_000);
    vec![
        format!(r#"{{"threat":{{"enrichments":[{objects}]}}}}"#),
        format!(r#"{{"threat.enrichments":[{objects}],"data_stream":{{"type":"{text}"}}}}"#),
        format!(r#"{{"message":"{text}","process":{{"name":"{text}","command_line":"{text}"}},"event.id":"{text}"}}"#),
        format!(r#"{{"host":{{"name":"{text}","id":["{text}"]}},"user.name":"{text}","rule.name":"{text}"}}"#),
        format!(r#"{{"event":{{"kind":"{text}","action":"{text}","module":["{text}"]}}}}"#),
        format!(r#"{{"x":{},"process.pid":{},"y":-0.{}}}"#, "9".repeat(1001), "9".repeat(309), "9".repeat(1000)),
        format!(r#"{{"event":{{{fields}}},"agent":{{{fields}}}}}"#),
        format!(r#"{{{fields}}}"#),
        format!(r#"{{"{text}":1,"event":{{"{text}":{{"a":1}}}}}}"#),
        format!("{}1{}", r#"{"a":"#.repeat(90), "}".repeat(90)),
        format!(r#"{{"agent":{}1{}}}"#, r#"{"a":"#.repeat(30), "}".repeat(30)),
    ]
}

/// The number of lines that differ. An event that is there twice is one alert.
fn distinct_lines(files: &[PathBuf]) -> Result<u64> {
    let mut lines = BTreeSet::new();
    for file in files {
        lines.extend(fs::read_to_string(file)?.lines().map(str::to_owned));
    }
    Ok(lines.len() as u64)
}

/// The id of an alert.
fn id_of(form: Form, alert: &str) -> Result<String> {
    let document: Value = serde_json::from_str(alert).with_context(|| alert.to_owned())?;
    let id = document.get(form.id).and_then(Value::as_str);
    Ok(id.with_context(|| format!("without {}: {alert}", form.id))?.to_owned())
}
