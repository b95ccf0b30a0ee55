//! Events that are written to stay unseen.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::{install, lines};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::corpus;
use firstseen_tests::output::Ran;
use serde_json::{Value, json};

const AT: &str = "2026-11-24T11:59:00.000Z";

/// `kibana.alert.rule.name` of the alert about an event that was not judged.
pub(super) const NOT_FULLY_JUDGED: &str = "Event Not Fully Judged";

/// A script that Elastic's own rules alert on, behind so much padding.
fn script(padding: &str) -> String {
    let text = format!("# {padding}\nInvoke-Mimikatz -DumpCreds");
    let event = json!({
        "@timestamp": AT,
        "event": {"category": ["process"], "type": ["info"], "kind": "event", "code": "4104"},
        "host": {"os": {"type": "windows"}},
        "powershell": {"file": {"script_block_text": text}},
    });
    event.to_string()
}

/// A member of each alert, in order.
pub(super) fn members(ran: &Ran, name: &str) -> Result<Vec<Value>> {
    let alert = |document: &String| -> Result<Value> {
        let alert: Value = serde_json::from_str(document)?;
        Ok(alert.get(name).cloned().unwrap_or_default())
    };
    ran.split().alerts.iter().map(alert).collect()
}

fn filter_of(rules: &Path) -> Result<Firstseen> {
    Ok(Firstseen::filter()?.arg("--rules").arg(rules).args(["--clock", "event", "--only-alerts"]))
}

/// A query rule as Kibana rule JSON.
fn rule(number: usize, query: &str) -> String {
    let rule = json!({
        "rule_id": format!("rule-{number}"), "name": format!("Rule {number}"), "type": "query", "language": "kuery",
        "query": query, "severity": "low", "risk_score": 21,
    });
    rule.to_string()
}

#[test]
fn padding_does_not_hide_a_script() -> Result<()> {
    let Some(rules) = corpus("elastic")? else { return Ok(()) };
    let names = |padding: &str| -> Result<Vec<Value>> {
        let ran = filter_of(&rules)?.run(script(padding).as_bytes())?.expect_code(0)?;
        members(&ran, "kibana.alert.rule.name")
    };
    let plain = names("")?;
    ensure!(plain.contains(&json!("Potential PowerShell HackTool Script by Function Names")), "{plain:?}");
    for padding in ["Get-".repeat(250_000), "Invoke- ".repeat(100_000), "a".repeat(900_000), "-".repeat(900_000)] {
        assert_eq!(names(&padding)?, plain, "{}", padding.get(..10).unwrap_or_default());
    }
    Ok(())
}

#[test]
fn the_same_bytes_come_of_eight_processes_at_once() -> Result<()> {
    let Some(rules) = corpus("elastic")? else { return Ok(()) };
    let input = lines([script(&"Get-".repeat(250_000)), install("/usr/bin/a", AT), script("")]);
    let alone = filter_of(&rules)?.run(&input)?.expect_code(0)?.stdout;
    ensure!(!alone.is_empty());
    let mut running: Vec<_> = (0..8).map(|_| filter_of(&rules)?.spawn()).collect::<Result<_>>()?;
    running.iter_mut().try_for_each(|running| running.write(&input))?;
    for running in running {
        assert_eq!(running.finish()?.expect_code(0)?.stdout, alone);
    }
    Ok(())
}

#[test]
fn many_stars_over_many_values_are_judged() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = scratch.path().join("rules.ndjson");
    let stars = |number: usize| (0..20).map(|place| format!("{}*", (number * 7 + place * 3) % 26)).collect::<String>();
    fs::write(&rules, lines((0..700).map(|number| rule(number, &format!("process.args: *{}", stars(number))))))?;
    let values: Vec<String> = (0..5_000).map(|number| format!("{number} ").repeat(8)).collect();
    let event = json!({"@timestamp": AT, "process": {"args": values}}).to_string();
    let together = filter_of(&rules)?.run(event.as_bytes())?.expect_code(0)?;
    let alone =
        filter_of(&rules)?.env("FIRSTSEEN_NO_INDEX", "1").args(["--call-timeout", "60s"]).run(event.as_bytes())?;
    assert_eq!(together.stdout, alone.expect_code(0)?.stdout);
    Ok(())
}

#[test]
fn a_long_text_of_a_rule_does_not_slow_the_search_for_it() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = scratch.path().join("rules.ndjson");
    fs::write(&rules, rule(0, &format!("process.command_line: *{}*", "a".repeat(3_000))))?;
    let event = json!({"@timestamp": AT, "process": {"command_line": "a".repeat(1_000_000)}}).to_string();
    let with = filter_of(&rules)?.run(event.as_bytes())?.expect_code(0)?;
    let without = filter_of(&rules)?.env("FIRSTSEEN_NO_INDEX", "1").run(event.as_bytes())?.expect_code(0)?;
    assert_eq!(with.count("alerts")?, 1);
    assert_eq!(with.stdout, without.stdout);
    Ok(())
}

/// Every way in which an event can pass without being judged in full. Each raises
/// an alert of its own, is counted and gives an exit status; the others are
/// judged.
#[test]
fn an_event_that_is_not_judged_raises_an_alert() -> Result<()> {
    let event = install("/usr/bin/b", AT);
    let inner = event.strip_prefix('{').context("no object")?;
    let deep = format!("{{\"deep\":{}1{},{inner}", "{\"a\":".repeat(120), "}".repeat(120));
    let cut_off = event.strip_suffix('}').context("no object")?;
    let not_utf8 = [b"{\"x\":\"\xff\",", inner.as_bytes()].concat();
    let parents: Vec<String> = (0..10_001).map(|number| format!("/p/{number}")).collect();
    let many_terms = event.replace("\"/usr/bin/b\"", &json!(parents).to_string());
    ensure!(many_terms != event);
    let ways: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("incomplete", cut_off.into(), &[]),
        ("not-json", format!("{{/* no end {inner}").into(), &[]),
        ("not-json", format!("{{# no comment\r{inner}").into(), &[]),
        ("not-json", format!("{event} {event}").into(), &[]),
        ("too-deep", deep.into(), &[]),
        ("not-utf8", not_utf8, &[]),
        ("too-long", format!("{event}{}", " ".repeat(5_000)).into(), &["--max-line", "4KiB"]),
        ("too-long", format!("{event}{}", " ".repeat(2 << 20)).into(), &[]),
        ("terms", many_terms.into(), &[]),
        ("work", event.clone().into(), &["--max-work", "1000"]),
        ("work", event.clone().into(), &["--max-work", "300"]),
        (
            "failed",
            format!("{{\"x\":\"{}\",{inner}", "x".repeat(12 << 20)).into(),
            &["--max-line", "16MiB", "--call-memory", "16MiB"],
        ),
    ];
    for (reason, line, arguments) in ways {
        let shown = String::from_utf8_lossy(&line).chars().take(100).collect::<String>();
        let stream = [install("/usr/bin/a", AT).as_bytes(), &line, b"{}", b""].join(&b'\n');
        let run = || Firstseen::filter()?.args(["--clock", "event"]).args(arguments).run(&stream);
        let ran = run()?.expect_code(1).with_context(|| shown.clone())?;
        assert_eq!(ran.count("events")?, 3, "{reason}: {shown}");
        let names = members(&ran, "kibana.alert.rule.name")?;
        let own = names.iter().filter(|name| **name == NOT_FULLY_JUDGED).count() as u64;
        assert_eq!(ran.count("unjudged")?, own, "{reason}: {shown}: {}", ran.stderr);
        ensure!(own > 0, "{reason}: {shown}: {}", ran.stderr);
        let reasons = members(&ran, "firstseen.unjudged.reason")?;
        ensure!(reasons.contains(&json!(reason)), "{reason}: {reasons:?}: {shown}");
        let ids = members(&ran, "kibana.alert.uuid")?;
        assert_eq!(members(&run()?, "kibana.alert.uuid")?, ids, "{reason}: {shown}");
        assert_eq!(ran.split().events, stream, "{reason}: {shown}");
    }
    Ok(())
}

#[test]
fn comments_hide_nothing_and_show_nothing() -> Result<()> {
    let event = install("/usr/bin/b", AT);
    let inner = event.strip_prefix('{').context("no object")?;
    let other = r#""host":{"os":{"type":"windows"}}"#;
    for line in [
        format!("\u{feff}{event}"),
        format!("{{/* a comment */{inner}"),
        format!("{event}// a comment"),
        // The quotes in it turn what is between them inside out.
        format!("{{\"x\":{{/*\"*/}},{inner}").replacen("}}", "},\"y\":{/*\"*/}}", 1),
        format!("{{\"x\":[1,/*\"*/2],{}", inner.replace("}}", "},\"y\":[/*\"*/]}")),
        format!("{{\"x\":1//,{other}\r,{inner}"),
        format!("{{\"x\":true/*,{other}*/,{inner}"),
    ] {
        let ran = Firstseen::filter()?.args(["--clock", "event", "--only-alerts"]).run(line.as_bytes())?;
        let alerts = ran.expect_code(0).with_context(|| line.clone())?.split().alerts;
        assert_eq!(alerts.len(), 1, "{line}");
    }
    for line in [format!("{{//{inner}\r}}"), format!("{{/*{inner}*/}}"), format!("{{\"x\":1//,{inner}\r}}")] {
        let ran = Firstseen::filter()?.args(["--clock", "event", "--only-alerts"]).run(line.as_bytes())?;
        assert_eq!(ran.expect_code(0)?.count("alerts")?, 0, "{line}");
    }
    Ok(())
}

#[test]
fn a_rule_that_is_too_dear_does_not_stop_the_others() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = scratch.path().join("rules.ndjson");
    let dear = json!({
        "rule_id": "dear", "name": "Dear", "type": "query", "language": "kuery", "query": "*:*", "severity": "low",
        "risk_score": 21,
        "filters": [{"query": {"wildcard": {"process.command_line": {"value": format!("*{}*", "a?".repeat(2_000))}}}}],
    });
    fs::write(&rules, lines([dear.to_string(), rule(1, "process.command_line: *needle*")]))?;
    let line = format!("{}needle", "a".repeat(500_000));
    let event = json!({"@timestamp": AT, "process": {"command_line": line}}).to_string();
    let ran = filter_of(&rules)?.args(["--max-work", "10000000"]).run(event.as_bytes())?.expect_code(1)?;
    let names = members(&ran, "kibana.alert.rule.name")?;
    assert_eq!(names, [json!("Rule 1"), json!(NOT_FULLY_JUDGED)]);
    assert_eq!(members(&ran, "firstseen.unjudged.rules")?.last(), Some(&json!(["dear"])));
    Ok(())
}

#[test]
fn an_event_that_is_not_judged_alerts_once() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let run = || {
        let filter = Firstseen::filter()?.args(["--only-alerts", "--state"]).arg(scratch.path().join("seen"));
        filter.run(&lines(["{\"a\":", "{\"a\":", "{\"b\":"]))
    };
    // What no rule can match is not looked at, so it is not seen that it is no event.
    assert_eq!(run()?.expect_code(0)?.count("alerts")?, 0);
    let scratch = tempfile::tempdir()?;
    let run = || {
        let filter = Firstseen::filter()?.args(["--only-alerts", "--state"]);
        filter.arg(scratch.path().join("seen")).run(&lines(["{\"dpkg\":", "{\"dpkg\":", "{\"b\":\"dpkg"]))
    };
    assert_eq!(run()?.expect_code(1)?.count("alerts")?, 2);
    assert_eq!(run()?.expect_code(1)?.count("alerts")?, 0);
    Ok(())
}
