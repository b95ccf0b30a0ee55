//! EQL that means harm, and events that mean harm to EQL: rules are refused at a
//! place or run, events are judged or named, and the good rule beside them
//! judges everything.

#![allow(clippy::indexing_slicing, reason = "a missing member is null, or a failed test")]

use std::fs;

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::lines;
use firstseen_tests::firstseen::Firstseen;
use serde_json::{Value, json};

use super::events::{NOT_FULLY_JUDGED, members};

const GOOD: &str = r#"process where process.name == "good""#;

fn rule(rule_id: &str, query: &str) -> Value {
    json!({
        "rule_id": rule_id, "name": rule_id, "type": "eql", "language": "eql", "query": query,
        "severity": "low", "risk_score": 1,
    })
}

/// What a query must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is wrong, and said where.
    Refused,
    /// It is right; whether it is too large is a matter of limits.
    Either,
}

/// Conditions with large regular expressions, each its own.
fn regexes(first: usize, count: usize) -> String {
    let conditions: Vec<_> =
        (first..first + count).map(|number| format!("process.name regex~ \"[a-z]{{1,900}}{number}\"")).collect();
    format!("any where {}", conditions.join(" or "))
}

/// Conditions with regular expressions that take work and are small in the end.
fn costly(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("process.name regex \"{number}&~(.*a.{{12}})\"")).collect()
}

fn hostile_queries() -> Vec<(&'static str, String, Fate)> {
    let regex = |pattern: &str| format!("process where process.name regex \"\"\"{pattern}\"\"\"");
    let within = |open: &str, count: usize, inner: &str, close: &str| {
        format!("any where {}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let words = |separator: &str, count: usize| {
        (0..count).map(|number| format!("w{number}")).collect::<Vec<_>>().join(separator)
    };
    vec![
        ("deep parentheses", within("(", 10_000, "true", ")"), Fate::Refused),
        ("unclosed parentheses", within("(", 60_000, "", ""), Fate::Refused),
        ("nots", within("not ", 15_000, "true", ""), Fate::Refused),
        ("deep calls", within("concat(", 8_000, "process.name", ")") + " == \"x\"", Fate::Refused),
        ("signs", within("-", 60_000, "1", "") + " == 1", Fate::Refused),
        ("unclosed comments", within("/* ", 15_000, "true", ""), Fate::Refused),
        ("an unclosed text", within("\"", 1, &"\\\\".repeat(30_000), ""), Fate::Refused),
        ("quotes", within("\"", 60_001, "", ""), Fate::Refused),
        ("lists in lists", within("true in (", 6_000, "true", ")"), Fate::Refused),
        ("counted in counted", regex("((a{1,1000}){1,1000})"), Fate::Refused),
        ("counted thrice", regex("((a{1,1000}){1,1000}){1,1000}"), Fate::Refused),
        ("a state for each of so many bits", regex(".*a.{30}"), Fate::Refused),
        ("a pattern in parentheses", regex(&format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000))), Fate::Refused),
        ("complements", regex(&format!("{}a{}", "~(".repeat(10_000), ")".repeat(10_000))), Fate::Refused),
        ("an interval", regex("<0-99999999999999999999999>"), Fate::Either),
        ("alternatives", regex(&words("|", 9_000)), Fate::Either),
        ("classes", regex(&"[a-z]".repeat(12_000)), Fate::Either),
        ("intersections", regex(&words("&", 5_000)), Fate::Either),
        ("many regexes", regexes(0, 1_300), Fate::Refused),
        ("costly regexes", format!("any where {}", costly(1_000).join(" or ")), Fate::Refused),
        (
            "costly regexes in stages",
            format!("sequence by host.id [any where {}]", costly(1_000).join("] [any where ")),
            Fate::Refused,
        ),
        ("a long list", format!("any where process.name in (\"{}\")", words("\",\"", 6_000)), Fate::Either),
        ("long alternatives", format!("any where process.name : (\"{}*\")", words("*\",\"*", 5_000)), Fate::Either),
        ("many comments", format!("any where {}true", "/*/".repeat(10_000) + &"*/".repeat(10_000)), Fate::Either),
        ("a regex of Java's", "any where concat(process.name, \"\") regex \"((a*)*)*b\"".to_owned(), Fate::Either),
        ("stages", format!("sequence by host.id {}", "[any where true]".repeat(3_500)), Fate::Either),
        ("runs", "sequence by host.id [any where true] with runs=99999999999".to_owned(), Fate::Either),
    ]
}

#[test]
fn hostile_queries_are_refused_at_a_place_or_run() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let good = scratch.path().join("good.json");
    fs::write(&good, rule("good", GOOD).to_string())?;
    let path = scratch.path().join("hostile.json");
    for (name, query, fate) in hostile_queries() {
        fs::write(&path, rule("hostile", &query).to_string())?;
        let ran = Firstseen::new("check")?.args(["--format", "json"]).arg(&good).arg(&path).run(b"")?;
        ensure!([0, 1].contains(&ran.code()?), "{name}: exit code {}: {}", ran.code()?, ran.stderr);
        let found: Vec<Value> = ran.text()?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let of = |rule_id: &str| found.iter().find(|finding| finding["rule_id"] == rule_id).context("it is not named");
        ensure!(of("good")?["status"] == "runs", "{name}: the good rule does not run: {}", of("good")?);
        let hostile = of("hostile").context(name)?;
        let is_refused = hostile["status"] == "invalid" || hostile["status"] == "unsupported";
        let has_place = hostile["field"] == "query" && hostile["column"].is_u64();
        let has_cause = hostile["cause"].as_str().is_some_and(|cause| !cause.is_empty());
        ensure!(!is_refused || has_place && has_cause, "{name}: {hostile}");
        ensure!(is_refused || fate == Fate::Either, "{name} should be refused: {hostile}");
        ensure!(ran.text()?.len() < 100_000, "{name}: {} bytes of output", ran.text()?.len());
    }
    Ok(())
}

#[test]
fn regexes_of_many_rules_leave_room_for_others() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("rules.ndjson");
    let mut rules: Vec<Value> =
        (0..40).map(|number| rule(&format!("many-{number:02}"), &regexes(number * 1_000, 200))).collect();
    rules.push(rule("small", r#"process where process.name regex "go+d""#));
    rules.push(rule("good", GOOD));
    fs::write(&path, rules.iter().map(|rule| format!("{rule}\n")).collect::<String>())?;
    let ran = Firstseen::new("check")?.args(["--format", "json"]).arg(&path).run(b"")?.expect_code(1)?;
    let found: Vec<Value> = ran.text()?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let runs = found.iter().map(|finding| finding["status"] == "runs").collect::<Vec<_>>();
    ensure!(runs.first() == Some(&true) && runs.ends_with(&[true, true]), "{runs:?}");
    let refused = found.iter().find(|finding| finding["status"] != "runs").context("all of them run")?;
    let cause = refused["cause"].as_str().unwrap_or_default();
    ensure!(cause.contains("or of all rules, are too complex together"), "{refused}");
    Ok(())
}

/// Whether a rule judges an event that means harm to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Yes,
    No,
    /// As its limits are.
    Either,
}

/// A condition, members of the process that are written against it, and whether it
/// is judged all the same.
fn hostile_events() -> Vec<(&'static str, String, Value, Judged)> {
    let many = |prefix: &str| (0..5_000).map(|number| format!("{prefix}{number}")).collect::<Vec<_>>();
    let texts = json!({"args": many("a"), "env_vars": many("b")});
    let line = json!({"command_line": "a".repeat(900_000)});
    let args = |text: &str| json!({"args": text});
    let [needle, between] = [30_000, 20_000].map(|count| "a".repeat(count));
    let stars = "*a".repeat(500);
    let growing = vec!["process.command_line"; 2_500].join(",");
    let events: [(&str, &str, &Value, Judged); 18] = [
        ("combinations", r#"concat(process.args, process.env_vars) == "x""#, &texts, Judged::No),
        ("their opposite", r#"not concat(process.args, process.env_vars) == "x""#, &texts, Judged::No),
        ("one field", r#"concat(process.args, process.args, process.args) == "x""#, &texts, Judged::Either),
        ("growth", &format!("length(concat({growing})) == 1"), &line, Judged::Either),
        ("a text in it", &format!(r#"stringContains(process.command_line, "{needle}b")"#), &line, Judged::Either),
        (
            "a text in what is computed",
            &format!(r#"stringContains(concat(process.command_line, ""), "{needle}b")"#),
            &line,
            Judged::Either,
        ),
        (
            "between",
            &format!(r#"between(process.command_line, "{between}", "{between}b") == "a""#),
            &line,
            Judged::Either,
        ),
        ("a regex", r#"process.command_line regex "(a|aa|aaa)*b""#, &line, Judged::Either),
        ("a computed regex", r#"concat(process.command_line, "") regex "((a*)*)*b""#, &line, Judged::Either),
        ("stars", &format!(r#"process.command_line : "{stars}b""#), &line, Judged::Either),
        ("computed stars", &format!(r#"concat(process.command_line, "") : "{stars}b""#), &line, Judged::Either),
        ("far ends", r#"substring(process.command_line, -2147483647, 2147483647) == "b""#, &line, Judged::Yes),
        ("division by zero", "10 / process.pid == 1", &json!({}), Judged::Yes),
        ("its rest", "10 % process.pid == 1", &json!({}), Judged::Yes),
        ("a negated division", "not 10 / process.pid == 1", &json!({}), Judged::Yes),
        ("the least number", "process.exit_code / -1 == 1 or -process.exit_code - 1 == 1", &json!({}), Judged::Yes),
        ("no number", "number(process.args) == 1", &args("0x"), Judged::Yes),
        ("a long number", "number(process.args) == 1", &args(&"9".repeat(900)), Judged::Yes),
    ];
    events.map(|(name, condition, members, judged)| (name, condition.to_owned(), members.clone(), judged)).into()
}

#[test]
fn hostile_events_stop_no_other_rule() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = scratch.path().join("rules.ndjson");
    let event = |members: &Value| {
        let mut process = json!({"name": "good", "pid": 0, "exit_code": i64::MIN});
        process
            .as_object_mut()
            .into_iter()
            .for_each(|process| process.extend(members.as_object().cloned().into_iter().flatten()));
        json!({"@timestamp": "2026-11-24T11:59:00.000Z", "event": {"category": ["process"]}, "process": process})
            .to_string()
    };
    for (name, condition, members_of_it, judged) in hostile_events() {
        let hostile = rule("hostile", &format!("process where {condition}"));
        fs::write(&rules, lines([hostile.to_string(), rule("good", GOOD).to_string()]))?;
        let input = lines([event(&members_of_it), event(&json!({"title": "another"}))]);
        let filter = Firstseen::filter()?.args(["--strict", "--clock", "event", "--only-alerts", "--rules"]);
        let ran = filter.arg(&rules).run(&input)?;
        ensure!([0, 1].contains(&ran.code()?), "{name}: exit code {}: {}", ran.code()?, ran.stderr);
        let names = members(&ran, "kibana.alert.rule.name")?;
        let alerts_of = |rule: &str| names.iter().filter(|name| *name == rule).count();
        ensure!(alerts_of("good") == 2, "{name}: {} alerts of the good rule: {}", alerts_of("good"), ran.stderr);
        let unjudged = alerts_of(NOT_FULLY_JUDGED);
        ensure!(ran.count("unjudged")? == unjudged as u64, "{name}: {}", ran.stderr);
        // Only by the rule that it is written against.
        let by = members(&ran, "firstseen.unjudged.rules")?;
        ensure!(by.iter().filter(|rules| !rules.is_null()).all(|rules| *rules == json!(["hostile"])), "{name}: {by:?}");
        let is_right = match judged {
            Judged::Yes => unjudged == 0,
            Judged::No => unjudged == 1,
            Judged::Either => unjudged <= 2,
        };
        ensure!(is_right, "{name}: {unjudged} events were not judged: {}", ran.stderr);
    }
    Ok(())
}
