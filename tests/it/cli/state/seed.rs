//! `seed`.

use super::*;

#[test]
fn what_was_seeded_does_not_alert() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [path, old] = ["seen", "old.ndjson"].map(|name| scratch.path().join(name));
    fs::write(&old, installs(&[("/usr/bin/a", "2026-11-20T00:00:00Z"), ("/usr/bin/b", AT), ("/usr/bin/a", AT)]))?;
    for new in [2, 0] {
        let ran = state("seed")?.args(["--now", NOW]).arg(&path).arg(&old).run(b"")?.expect_code(0)?;
        let expected = [
            format!("        3  DPKG Package Installed by Unusual Parent Process ({RULE})"),
            format!("3 sightings in 3 events recorded, {new} terms were not known"),
        ];
        assert_eq!(written(&ran)?, expected);
    }
    let stats = run("stats", &["--format", "json"], &path, &[])?.expect_code(0)?;
    let stats: Value = serde_json::from_str(stats.text()?)?;
    assert_eq!(stats.pointer("/outbox/alerts"), Some(&json!(0)));
    let first_ms = Some(&json!(1_795_132_800_000_i64));
    assert_eq!([stats.pointer("/rules/0/met_ms"), stats.pointer("/rules/0/first_event_ms")], [first_ms; 2]);

    let again = filter(&path, &[], &fs::read(&old)?)?.expect_code(0)?;
    assert_eq!((again.count("events")?, again.count("alerts")?), (3, 0));
    // It has a past, so it need not learn.
    let next = installs(&[("/usr/bin/a", AT), ("/usr/bin/c", AT)]);
    let later = Firstseen::filter()?.args(["--learn", "1d", "--only-alerts"]).arg("--state").arg(&path).run(&next)?;
    assert_eq!(alerted(&later.expect_code(0)?)?, ["[\"/usr/bin/c\"]"]);
    Ok(())
}

#[test]
fn alerts_that_wait_stay_and_none_is_added() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let events = installs(&[("/usr/bin/a", AT)]);
    filter(&path, &["--alerts", "/dev/full"], &events)?.expect_code(2)?;
    let ran = state("seed")?.args(["--now", NOW]).arg(&path).run(&installs(&[("/usr/bin/b", AT)]))?.expect_code(0)?;
    assert_eq!(ran.stderr, "");
    let ran = filter(&path, &[], &installs(&[("/usr/bin/b", AT)]))?.expect_code(0)?;
    assert_eq!(alerted(&ran)?, ["[\"/usr/bin/a\"]"], "what waited, and nothing else");
    Ok(())
}

#[test]
fn rules_are_counted_apart_and_one_without_a_past_learns() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [path, rules] = ["seen", "rules.ndjson"].map(|name| scratch.path().join(name));
    let rule = |id: &str, query: &str| {
        json!({"rule_id": id, "name": id, "description": "", "type": "new_terms", "language": "kuery", "query": query,
            "new_terms_fields": ["process.parent.executable"], "history_window_start": "now-7d", "from": "now-9m",
            "severity": "low", "risk_score": 1})
    };
    let event_query = json!({"rule_id": "events", "name": "events", "description": "", "type": "query",
        "language": "kuery", "query": "process.name: dpkg", "from": "now-9m", "severity": "low", "risk_score": 1});
    let none = rule("none", "host.name: nowhere");
    fs::write(&rules, format!("{}\n{none}\n{event_query}\n", rule("some", "process.name: *")))?;
    let events = installs(&[("/usr/bin/a", AT), ("/usr/bin/b", AT)]);
    let seed = || state("seed")?.args(["--now", NOW, "--rules"]).arg(&rules).arg(&path).run(&events)?.expect_code(0);
    let ran = seed()?;
    let expected = [
        "        2  events (events)",
        "        2  some (some)",
        "4 sightings in 2 events recorded, 4 terms were not known",
    ];
    assert_eq!(written(&ran)?, expected);
    let stats = run("stats", &["--format", "json"], &path, &[])?.expect_code(0)?;
    let stats: Value = serde_json::from_str(stats.text()?)?;
    assert_eq!(stats.pointer("/rules").and_then(Value::as_array).map(Vec::len), Some(2), "{stats}");
    let rules = rules.to_string_lossy();
    let ran = filter(&path, &["--rules", &rules], &events)?.expect_code(0)?;
    assert_eq!((ran.count("matched")?, ran.count("alerts")?), (4, 0));
    Ok(())
}

#[test]
fn what_cannot_be_judged_or_read_is_told() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let cut = install("/usr/bin/b", AT).replace("}}}", "");
    let unjudged = lines([&install("/usr/bin/a", AT), &cut]);
    let ran = state("seed")?.args(["--now", NOW]).arg(&path).run(&unjudged)?.expect_code(1)?;
    assert!(ran.stderr.contains("line 2"), "{}", ran.stderr);
    let missing = scratch.path().join("missing.ndjson");
    let new = scratch.path().join("new");
    let ran = state("seed")?.arg(&new).arg(&missing).run(b"")?.expect_code(2)?;
    assert!(ran.stderr.contains("missing.ndjson"), "{}", ran.stderr);
    assert!(!new.exists(), "a state was made for nothing");
    Ok(())
}
