//! What the flags of `filter` change.

use std::fs;

use anyhow::{Context, Result};
use firstseen_tests::events::{install, lines, other};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::{id_of, split};
use serde_json::Value;

const AT: &str = "2026-11-24T11:59:00.000Z";

/// Three events, two of them by parents never seen.
fn three_events() -> Vec<u8> {
    lines([install("/usr/bin/a", AT), other(1), install("/usr/bin/b", AT)])
}

fn alerts_with(arguments: &[&str], events: &[u8]) -> Result<usize> {
    Ok(Firstseen::filter()?.args(arguments).run(events)?.expect_code(0)?.split().alerts.len())
}

#[test]
fn only_alerts_drops_the_events() -> Result<()> {
    let ran = Firstseen::filter()?.arg("--only-alerts").run(&three_events())?.expect_code(0)?;
    let split = ran.split();
    assert_eq!((split.alerts.len(), split.events.len()), (2, 0));
    Ok(())
}

#[test]
fn alerts_to_a_file_are_appended() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let alerts = scratch.path().join("alerts.ndjson");
    fs::write(&alerts, "{\"before\":1}\n")?;
    for parent in ["/usr/bin/a", "/usr/bin/b"] {
        let events = lines([install(parent, AT), other(1)]);
        let ran = Firstseen::filter()?.arg("--alerts").arg(&alerts).run(&events)?.expect_code(0)?;
        assert!(ran.stdout == events, "standard output is not just the events");
    }
    let written = fs::read(&alerts)?;
    assert!(written.starts_with(b"{\"before\":1}\n"));
    assert_eq!(split(&written).alerts.len(), 2);
    Ok(())
}

#[test]
fn alerts_to_a_dash_go_to_standard_output() -> Result<()> {
    let plain = Firstseen::filter()?.run(&three_events())?.expect_code(0)?;
    let dash = Firstseen::filter()?.args(["--alerts", "-"]).run(&three_events())?.expect_code(0)?;
    assert_eq!(dash.split().alerts.len(), 2);
    assert!(dash.stdout == plain.stdout);
    Ok(())
}

#[test]
fn alerts_to_a_file_that_ends_within_a_line_begin_on_their_own() -> Result<()> {
    // What a kill or a full disk can leave behind.
    let scratch = tempfile::tempdir()?;
    let alerts = scratch.path().join("alerts.ndjson");
    fs::write(&alerts, "{\"kibana.alert.uuid\":\"0123")?;
    Firstseen::filter()?.arg("--alerts").arg(&alerts).run(&three_events())?.expect_code(0)?;
    let whole = fs::read_to_string(&alerts)?.lines().filter(|line| id_of(line).is_ok()).count();
    assert_eq!(whole, 2, "an alert was glued to the unfinished line");
    Ok(())
}

#[test]
fn alerts_to_a_file_that_cannot_be_written() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let ran = Firstseen::filter()?.arg("--alerts").arg(scratch.path()).run(&three_events())?.expect_code(2)?;
    assert!(ran.stderr.contains("cannot write alerts to"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&*scratch.path().to_string_lossy()), "{}", ran.stderr);
    Ok(())
}

#[test]
fn index_is_matched_with_the_patterns_of_the_rule() -> Result<()> {
    assert_eq!(alerts_with(&["--index", "logs-endpoint.events.process-default"], &three_events())?, 2);
    assert_eq!(alerts_with(&["--index", "metrics-system.cpu-default"], &three_events())?, 0);
    assert_eq!(alerts_with(&[], &three_events())?, 2);
    Ok(())
}

#[test]
fn index_is_in_the_alert() -> Result<()> {
    let index = "logs-endpoint.events.process-default";
    let ran = Firstseen::filter()?.args(["--index", index]).run(&three_events())?.expect_code(0)?;
    let alerts = ran.alerts()?;
    let ancestor = alerts.first().and_then(|alert| alert.get("kibana.alert.ancestors")?.get(0)?.get("index"));
    assert_eq!(ancestor.and_then(Value::as_str), Some(index));
    Ok(())
}

#[test]
fn learning_holds_alerts_back_and_remembers() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let state = scratch.path().join("seen");
    let run = |now: &str, events: &[u8]| {
        let firstseen = Firstseen::new("filter")?.args(["--learn", "1d", "--summary", "json", "--now", now]);
        firstseen.arg("--state").arg(&state).run(events)?.expect_code(0)
    };
    let first = run("2026-11-24T12:00:00Z", &three_events())?;
    assert_eq!((first.count("alerts")?, first.count("held_back")?), (0, 2));
    assert!(first.split().alerts.is_empty());

    let later = lines([install("/usr/bin/a", AT), install("/usr/bin/c", AT)]);
    let second = run("2026-11-25T12:00:01Z", &later)?;
    assert_eq!((second.count("alerts")?, second.count("held_back")?), (1, 0));
    let alerts = second.alerts()?;
    let terms = alerts.first().and_then(|alert| alert.get("kibana.alert.new_terms"));
    assert_eq!(terms, Some(&serde_json::json!(["/usr/bin/c"])));
    Ok(())
}

#[test]
fn clock_says_whose_time_counts() -> Result<()> {
    let six_days_apart =
        lines([install("/usr/bin/a", "2026-11-01T00:00:00Z"), install("/usr/bin/a", "2026-11-07T00:00:00Z")]);
    assert_eq!(alerts_with(&["--clock", "event"], &six_days_apart)?, 2);
    assert_eq!(alerts_with(&["--clock", "arrival"], &six_days_apart)?, 1);
    assert_eq!(alerts_with(&[], &six_days_apart)?, 1);
    Ok(())
}

#[test]
fn space_is_part_of_the_ids() -> Result<()> {
    let ids = |space: &str| -> Result<Vec<String>> {
        let ran = Firstseen::filter()?.args(["--space", space]).run(&three_events())?.expect_code(0)?;
        let first = ran.alerts()?.into_iter().next().context("no alert")?;
        assert_eq!(first.get("kibana.space_ids"), Some(&serde_json::json!([space])));
        ran.split().alerts.iter().map(|alert| id_of(alert)).collect()
    };
    let (default, ops) = (ids("default")?, ids("ops")?);
    assert_eq!((default.len(), ops.len()), (2, 2));
    assert!(default.iter().all(|id| !ops.contains(id)));
    Ok(())
}

#[test]
fn the_summary_comes_as_asked() -> Result<()> {
    let ran = Firstseen::filter()?.run(&three_events())?.expect_code(0)?;
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    let counts = ["events", "malformed", "matched", "alerts", "held_back", "deferred", "unjudged", "bytes"];
    let counts = counts.into_iter().map(|name| ran.count(name)).collect::<Result<Vec<u64>>>()?;
    assert_eq!(counts, [3, 0, 2, 2, 0, 0, 0, three_events().len() as u64]);
    ran.count("elapsed_ms")?;

    let text = Firstseen::new("filter")?.run(&three_events())?.expect_code(0)?;
    assert!(text.stderr.contains("3 events, 0 malformed, 2 matched, 2 alerts"), "{}", text.stderr);
    let none = Firstseen::new("filter")?.args(["--summary", "none"]).run(&three_events())?.expect_code(0)?;
    assert_eq!(none.stderr, "");
    Ok(())
}

#[test]
fn the_quota_defers() -> Result<()> {
    let events = lines((0..130).map(|number| install(&format!("/opt/{number}/run"), AT)));
    let ran = Firstseen::filter()?.run(&events)?.expect_code(0)?;
    assert_eq!((ran.count("alerts")?, ran.count("deferred")?), (100, 30));
    assert_eq!(ran.split().alerts.len(), 100);
    Ok(())
}
