//! `firstseen state`: looking into a state, taking out of it, putting into it.

mod cluster;
mod forget;
mod import;
mod list;
mod seed;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use firstseen_tests::events::{install, lines};
use firstseen_tests::firstseen::{Firstseen, NOW};
use firstseen_tests::output::Ran;
use serde_json::{Value, json};

/// Of the built-in rule.
const RULE: &str = "f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee";
const KEY: &str = r#"["f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee","process.parent.executable"]"#;
const AT: &str = "2026-11-24T11:59:00.000Z";

fn state(subcommand: &str) -> Result<Firstseen> {
    Ok(Firstseen::new("state")?.arg(subcommand))
}

/// A run of `state` without input.
fn run(subcommand: &str, options: &[&str], path: &Path, rest: &[&str]) -> Result<Ran> {
    state(subcommand)?.args(options).arg(path).args(rest).run(b"")
}

/// `filter` over a state, alerts only, by the events' own time.
fn filter(path: &Path, options: &[&str], events: &[u8]) -> Result<Ran> {
    let filter = Firstseen::filter()?.args(["--only-alerts", "--clock", "event"]).arg("--state").arg(path);
    filter.args(options).run(events)
}

/// Installs by parents, each at a time.
fn installs(parents: &[(&str, &str)]) -> Vec<u8> {
    lines(parents.iter().map(|(parent, at)| install(parent, at)))
}

/// A state that has seen these parents.
fn seen(path: &Path, parents: &[&str]) -> Result<()> {
    let events: Vec<(&str, &str)> = parents.iter().map(|parent| (*parent, AT)).collect();
    filter(path, &[], &installs(&events))?.expect_code(0)?;
    Ok(())
}

/// The terms of the alerts of a run, in order.
fn alerted(ran: &Ran) -> Result<Vec<String>> {
    let terms = |alert: &Value| alert.get("kibana.alert.new_terms").map(Value::to_string);
    ran.alerts()?.iter().map(|alert| terms(alert).context("an alert without terms")).collect()
}

/// The lines that a run wrote.
fn written(ran: &Ran) -> Result<Vec<&str>> {
    Ok(ran.text()?.lines().collect())
}

#[test]
fn stats_say_how_much_there_is() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let events = installs(&[("/usr/bin/a", AT), ("/usr/bin/b", "2026-11-24T10:00:00Z")]);
    filter(&path, &["--alerts", "/dev/full"], &events)?.expect_code(2)?;
    let ran = run("stats", &["--format", "json"], &path, &[])?.expect_code(0)?;
    let stats: Value = serde_json::from_str(ran.text()?)?;
    assert_eq!(stats.pointer("/terms"), Some(&json!(2)));
    assert_eq!(stats.pointer("/outbox/alerts"), Some(&json!(2)));
    let rule = stats.pointer("/rules/0").context("no rule")?;
    let now_ms = 1_795_521_600_000_i64;
    let expected = json!({
        "rule": KEY, "rule_id": RULE, "terms": 2, "met_ms": now_ms, "first_event_ms": now_ms - 60_000,
        "first_ms": now_ms - 7_200_000, "last_ms": now_ms - 60_000,
    });
    assert_eq!(rule, &expected);
    let text = run("stats", &[], &path, &[])?.expect_code(0)?;
    assert!(text.text()?.starts_with("2 terms of 1 rules; 2 alerts wait in the outbox"), "{}", text.text()?);
    let line = "        2  2026-11-24T12:00:00.000Z  2026-11-24T10:00:00.000Z  2026-11-24T11:59:00.000Z  ";
    assert!(text.text()?.contains(&format!("{line}{KEY}\n")), "{}", text.text()?);
    Ok(())
}

#[test]
fn a_state_that_filter_uses_is_asked_for_through_it() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let mut running = Firstseen::filter()?.args(["--only-alerts", "--clock", "event", "--state"]).arg(&path).spawn()?;
    running.write(&installs(&[("/usr/bin/a", AT)]))?;
    running.wait_for_stdout(|stdout| !stdout.is_empty())?;
    run("get", &["--rule", RULE], &path, &["/usr/bin/a"])?.expect_code(0)?;
    run("forget", &["--rule", RULE], &path, &["/usr/bin/a"])?.expect_code(0)?;
    let ran = run("get", &["--rule", RULE], &path, &["/usr/bin/a"])?.expect_code(1)?;
    assert_eq!(ran.stderr, "");
    running.write(&installs(&[("/usr/bin/a", AT)]))?;
    assert_eq!(alerted(&running.finish()?.expect_code(0)?)?, ["[\"/usr/bin/a\"]"; 2]);
    assert!(!path.join("socket").exists());
    Ok(())
}

#[test]
fn a_state_that_another_command_uses_is_left_alone() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    // It waits for what to import.
    let running = state("import")?.arg(&path).spawn()?;
    running.wait_for_stderr(|said| said.contains("is new"))?;
    for (subcommand, options) in [
        ("stats", &[][..]),
        ("ls", &[]),
        ("get", &["--rule", RULE, "/usr/bin/a"]),
        ("forget", &["--rule", RULE, "--all"]),
        ("export", &[]),
        ("import", &[]),
        ("seed", &[]),
    ] {
        let ran = state(subcommand)?.arg(&path).args(options).run(b"")?.expect_code(2)?;
        assert!(ran.stderr.contains("is in use by another process"), "{subcommand}: {}", ran.stderr);
        assert!(ran.stderr.contains(&*path.to_string_lossy()), "{subcommand}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{subcommand}");
    }
    running.finish()?.expect_code(0)?;
    run("ls", &[], &path, &[])?.expect_code(1)?;
    Ok(())
}

#[test]
fn what_is_no_state_stays_as_it_is() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    for (subcommand, options) in [
        ("stats", &[][..]),
        ("ls", &[]),
        ("get", &["--rule", RULE, "/usr/bin/a"]),
        ("forget", &["--rule", RULE, "--all"]),
        ("export", &[]),
    ] {
        let ran = state(subcommand)?.arg(&path).args(options).run(b"")?.expect_code(2)?;
        assert!(ran.stderr.contains("there is no state in"), "{subcommand}: {}", ran.stderr);
        assert!(!path.exists(), "{subcommand} made one");
    }
    fs::write(&path, "notes")?;
    for subcommand in ["stats", "ls", "export", "import", "seed"] {
        let ran = run(subcommand, &[], &path, &[])?.expect_code(2)?;
        assert!(ran.stderr.contains("is not a state"), "{subcommand}: {}", ran.stderr);
        assert_eq!(fs::read_to_string(&path)?, "notes");
    }
    Ok(())
}

#[test]
fn a_rule_that_is_not_there_is_a_mistake() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    seen(&path, &["/usr/bin/a"])?;
    for (subcommand, rest) in [("ls", &[][..]), ("get", &["/usr/bin/a"]), ("forget", &["/usr/bin/a"])] {
        let ran = run(subcommand, &["--rule", "f4d1"], &path, rest)?.expect_code(2)?;
        assert!(ran.stderr.contains("does not know a rule f4d1"), "{subcommand}: {}", ran.stderr);
    }
    // One id with two histories: the fields of the rule were changed.
    let key = format!(r#"["{RULE}","user.name"]"#);
    let line = json!({"rule": key, "met_ms": 0}).to_string();
    state("import")?.arg(&path).run(line.as_bytes())?.expect_code(0)?;
    let ran = run("get", &["--rule", RULE], &path, &["/usr/bin/a"])?.expect_code(2)?;
    assert!(ran.stderr.contains("has several histories") && ran.stderr.contains(&key), "{}", ran.stderr);
    run("get", &["--rule", KEY], &path, &["/usr/bin/a"])?.expect_code(0)?;
    Ok(())
}
