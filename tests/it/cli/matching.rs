//! `firstseen match`, and the rules, exceptions and mappings that `filter`
//! takes too.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context, Result};
use firstseen_tests::firstseen::{Firstseen, NOW};
use firstseen_tests::{data, repository};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The built-in rule's event, with another host, user and parent.
fn install(host: &str, user: &str, parent: &str) -> String {
    json!({
        "@timestamp": NOW, "event": {"category": ["process"], "type": ["start"], "action": "exec"},
        "host": {"name": host, "os": {"type": "linux"}}, "user": {"name": user},
        "process": {"name": "dpkg", "args": ["dpkg", "-i", "x.deb"], "parent": {"executable": parent}},
    })
    .to_string()
}

fn written(scratch: &TempDir, name: &str, content: &str) -> Result<PathBuf> {
    let path = scratch.path().join(name);
    fs::write(&path, content)?;
    Ok(path)
}

fn query_rule(rule_id: &str, query: &str, more: &Value) -> String {
    let mut rule = json!({
        "rule_id": rule_id, "name": format!("rule {rule_id}"), "type": "query", "query": query,
        "severity": "low", "risk_score": 1,
    });
    if let (Some(rule), Some(more)) = (rule.as_object_mut(), more.as_object()) {
        rule.extend(more.clone());
    }
    format!("{rule}\n")
}

#[test]
fn a_query_finds_events_as_they_are() -> Result<()> {
    let input = "{\"a\": 1 }\n\n{\"a\":2,\"ip\":\"10.1.2.3\"}\nnot an event\n{\"a\":3}";
    let grep = |query: &str| -> Result<_> { Firstseen::new("match")?.args(["--query", query]).run(input.as_bytes()) };
    let ran = grep("a <= 2")?.expect_code(0)?;
    assert_eq!(ran.text()?, "{\"a\": 1 }\n{\"a\":2,\"ip\":\"10.1.2.3\"}\n");
    assert!(ran.stderr.contains("1 line is no event"), "{}", ran.stderr);
    assert_eq!(grep("a:3")?.expect_code(0)?.text()?, "{\"a\":3}\n");
    assert_eq!(grep("a:4")?.expect_code(1)?.text()?, "");
    let ran = grep("a:(1 or")?.expect_code(2)?;
    assert!(ran.stderr.contains('^') && ran.stderr.contains("expected"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn what_is_not_judged_is_said() -> Result<()> {
    let event = |numbers: Range<usize>| {
        let values = |prefix| numbers.clone().map(|number| format!("{prefix}{number}")).collect::<Vec<_>>();
        json!({"process": {"args": values("a"), "env_vars": values("b")}})
    };
    let input = format!("{}\n{}\n", event(0..1), event(1..5_000));
    let query = "any where concat(process.env_vars, process.args) == \"b0a0\"";
    let command = Firstseen::new("match")?.args(["--language", "eql", "--query", query]);
    let ran = command.run(input.as_bytes())?.expect_code(2)?;
    assert_eq!(ran.text()?, format!("{}\n", event(0..1)));
    assert!(ran.stderr.contains("-:2: not judged by rule query: it would cost more work"), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 event was not judged in full"), "{}", ran.stderr);

    // What is too deep or too long for an event is one all the same.
    let deep = format!("{{\"a\":1,\"b\":{}1{}}}", "{\"b\":".repeat(120), "}".repeat(120));
    let long = json!({"a": 1, "b": "b".repeat(2_000)});
    let input = format!("{{\"a\":2}}\n{deep}\n{long}\nnone\n");
    let ran = Firstseen::new("match")?.args(["--max-line", "1000", "--query", "a:1"]).run(input.as_bytes())?;
    let ran = ran.expect_code(2)?;
    for said in ["-:2: not judged: it nests too deep", "-:3: not judged: longer than", "2 events were", "1 line is no"]
    {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    Ok(())
}

#[test]
fn rules_are_named_with_file_and_line() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = [
        query_rule("one", "a:x", &json!({})),
        query_rule("two", "a:*", &json!({"index": ["logs-b-*", "-logs-b-not*"]})),
        query_rule("off", "a:*", &json!({"enabled": false})),
    ];
    let rules = written(&scratch, "rules.ndjson", &rules.concat())?;
    let stream = |dataset: &str| json!({"type": "logs", "dataset": dataset, "namespace": "default"});
    let events = [
        json!({"a": ["y", "x"]}),
        json!({"a": "y", "data_stream": stream("b")}),
        json!({"a": "x", "data_stream": stream("b-not")}),
        json!({"b": "x"}),
    ];
    let events: String = events.iter().map(|event| format!("{event}\n")).collect();
    let events = written(&scratch, "events.ndjson", &events)?;
    let run = |arguments: &[&str]| -> Result<Vec<String>> {
        let command = Firstseen::new("match")?.arg("--rules").arg(&rules).args(arguments).arg(&events);
        Ok(command.run(b"")?.expect_code(0)?.text()?.lines().map(str::to_owned).collect())
    };
    let file = events.display();
    let text = run(&[])?;
    let expected = ["1: rule one (one)", "1: rule two (two)", "2: rule two (two)", "3: rule one (one)"];
    assert_eq!(text, expected.map(|line| format!("{file}:{line}")));
    let objects: Vec<Value> =
        run(&["--format", "json"])?.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
    assert_eq!(objects[2], json!({"file": file.to_string(), "line": 2, "rule_id": "two", "rule_name": "rule two"}));
    assert_eq!(run(&["--index", "logs-c-x"])?.len(), 2);
    Ok(())
}

/// The example in `docs/detection-engineering.md`.
#[test]
fn exceptions_exempt_a_parent_and_a_user() -> Result<()> {
    let events = [
        install("build-07", "packer", "/usr/bin/packer"),
        install("web-1", "packer", "/usr/bin/packer"),
        install("web-1", "root", "/opt/ansible/bin/python"),
        install("web-1", "root", "/usr/bin/bash"),
    ];
    let events: String = events.iter().map(|event| format!("{event}\n")).collect();
    let lines = |now: &str| -> Result<Vec<u64>> {
        let command = Firstseen::new("match")?.args(["--format", "json", "--now", now]).arg("--exceptions");
        let ran = command.arg(data("exceptions/known-installers.ndjson")).run(events.as_bytes())?.expect_code(0)?;
        let found = ran.text()?.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        Ok(found.iter().filter_map(|one| one["line"].as_u64()).collect())
    };
    assert_eq!(lines(NOW)?, [2, 4]);
    assert_eq!(lines("2027-07-01T00:00:00Z")?, [1, 2, 4]);

    let filter = Firstseen::filter()?.args(["--only-alerts", "--exceptions"]);
    let ran = filter.arg(data("exceptions/known-installers.ndjson")).run(events.as_bytes())?.expect_code(0)?;
    let alerts = ran.text()?.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    let terms: Vec<&Value> = alerts.iter().map(|alert| &alert["kibana.alert.new_terms"]).collect();
    assert_eq!(terms, [&json!(["/usr/bin/packer"]), &json!(["/usr/bin/bash"])]);
    Ok(())
}

/// The example as the page has it, in any layout, and as detection-rules keeps
/// lists.
#[test]
fn exceptions_are_found_in_any_layout() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let page = fs::read_to_string(repository("docs/detection-engineering.md"))?;
    let (_, rest) = page.split_once("```\n{\"list_id\"").context("the example is gone")?;
    let (example, _) = rest.split_once("```").context("the example does not end")?;
    let example = format!("{{\"list_id\"{example}");
    let file = fs::read_to_string(data("exceptions/known-installers.ndjson"))?;
    let objects = file.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    let pretty: String = objects.iter().map(|object| format!("{object:#}\n")).collect();
    let glued: String = objects.iter().map(Value::to_string).collect();
    let found = json!({"page": 1, "per_page": 20, "total": 2, "data": objects[1..]}).to_string();
    let lists = [
        ("page.ndjson", example),
        ("pretty.ndjson", pretty.clone()),
        ("pretty.json", pretty),
        ("array.ndjson", format!("{:#}", json!(objects))),
        ("glued.ndjson", glued),
        ("found.json", format!("{}\n{found}\n", objects[0])),
        ("lists.toml", fs::read_to_string(data("exceptions/known-installers.toml"))?),
    ];
    let events = [
        install("build-07", "packer", "/usr/bin/packer"),
        install("web-1", "packer", "/usr/bin/packer"),
        install("web-1", "root", "/opt/ansible/bin/python"),
    ];
    let events: String = events.iter().map(|event| format!("{event}\n")).collect();
    for (name, content) in lists {
        let path = written(&scratch, name, &content)?;
        let command = Firstseen::new("match")?.args(["--strict", "--format", "json", "--now", NOW, "--exceptions"]);
        let ran = command.arg(&path).run(events.as_bytes())?.expect_code(0)?;
        let found = ran.text()?.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        let lines: Vec<&Value> = found.iter().map(|one| &one["line"]).collect();
        assert_eq!(lines, [2], "{name}: {}", ran.stderr);
        assert_eq!(ran.stderr, "", "{name}");
    }
    // Some of the items are on another page, or were not exported.
    let partly = json!({"page": 1, "per_page": 1, "total": 2, "data": [objects[1]]});
    let lacking = json!({"exported_exception_list_count": 1, "missing_exception_lists_count": 2});
    for (content, text) in [(partly, "1 of 2 objects"), (lacking, "lacks some (exception lists: 2)")] {
        let path = written(&scratch, "partly.ndjson", &format!("{}\n{content}\n", objects[0]))?;
        let ran = Firstseen::new("match")?.arg("--exceptions").arg(&path).run(events.as_bytes())?;
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
    }
    Ok(())
}

#[test]
fn value_lists_and_mappings() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let list = json!({"id": "x", "list_id": "known", "type": "detection", "namespace_type": "single"});
    let rules = written(&scratch, "rule.json", &query_rule("one", "src:*", &json!({"exceptions_list": [list]})))?;
    let item = json!({
        "list_id": "known", "item_id": "scanners", "name": "Scanners",
        "entries": [{"field": "src", "type": "list", "operator": "included", "list": {"id": "scanners.txt", "type": "ip"}}],
    });
    let exceptions = written(&scratch, "exceptions.ndjson", &format!("{item}\n"))?;
    let values = written(&scratch, "scanners.txt", "10.0.0.1\n10.0.0.2\n")?;
    let mapping = written(&scratch, "mapping.json", r#"{"mappings":{"properties":{"src":{"type":"ip"}}}}"#)?;
    let events = "{\"src\":\"10.0.0.3\"}\n{\"src\":\"::ffff:10.0.0.2\"}\n{\"src\":\"nowhere\"}\n";
    let command = || -> Result<_> { Ok(Firstseen::new("match")?.args(["--strict", "--rules"]).arg(&rules)) };

    // A rule that names a list alerts on too much without it, so it does not run.
    let ran = command()?.run(events.as_bytes())?.expect_code(2)?;
    assert!(ran.stderr.contains("--exceptions FILE"), "{}", ran.stderr);
    let ran = command()?.arg("--exceptions").arg(&exceptions).run(events.as_bytes())?.expect_code(2)?;
    assert!(ran.stderr.contains("scanners.txt"), "{}", ran.stderr);

    let all = |with_mapping: bool| -> Result<usize> {
        let command = command()?.arg("--exceptions").arg(&exceptions).arg("--value-list").arg(&values);
        let command = if with_mapping { command.arg("--mapping").arg(&mapping) } else { command };
        Ok(command.run(events.as_bytes())?.expect_code(0)?.text()?.lines().count())
    };
    // As keywords the second address is another text, and the third is one too.
    assert_eq!(all(false)?, 3);
    assert_eq!(all(true)?, 1);
    Ok(())
}

/// A rule that does not run for want of a list says so. That its file was given
/// and could not be used comes first: that is the cause.
#[test]
fn what_cannot_be_used_is_told_before_that_no_rule_runs() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let list = json!({"id": "x", "list_id": "known", "type": "detection", "namespace_type": "single"});
    let rule = written(&scratch, "rule.json", &query_rule("one", "a:*", &json!({"exceptions_list": [list]})))?;
    let missing = scratch.path().join("missing.ndjson");
    let no_json = written(&scratch, "no-json.ndjson", "{\"list_id\": \"known\",\n")?;
    let no_list = written(&scratch, "no-list.ndjson", "{\"list_id\": \"known\", \"namespace_type\": \"x\"}\n")?;
    let no_mapping = written(&scratch, "no-mapping.json", "{\"properties\": 1}")?;
    let cases = [
        ("--exceptions", &missing, "missing.ndjson: cannot be read"),
        ("--exceptions", &no_json, "no-json.ndjson:1:"),
        ("--exceptions", &no_list, "no-list.ndjson"),
        ("--value-list", &missing, "missing.ndjson: cannot be read"),
        ("--mapping", &missing, "missing.ndjson: cannot be read"),
        ("--mapping", &no_json, "no-json.ndjson:1:"),
        ("--mapping", &no_mapping, "no-mapping.json"),
    ];
    for (option, file, cause) in cases {
        for (subcommand, strict) in [("match", false), ("filter", false), ("filter", true)] {
            let firstseen = Firstseen::new(subcommand)?.arg("--rules").arg(&rule).arg(option).arg(file);
            let firstseen = if strict { firstseen.arg("--strict") } else { firstseen };
            let ran = firstseen.run(b"")?.expect_code(2)?;
            let said = |text: &str| ran.stderr.find(text).with_context(|| format!("{text} is not in {}", ran.stderr));
            assert!(said(cause)? < said("no document has the exception list")?, "{}", ran.stderr);
        }
    }
    Ok(())
}

/// A rule that is off, in a file of Kibana's or in one of detection-rules.
#[test]
fn a_rule_that_is_off_can_be_tried() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let off = query_rule("off", "a:b", &json!({"enabled": false}));
    let off = written(&scratch, "off.ndjson", &(off + &query_rule("on", "a:c", &json!({}))))?;
    let deprecated = "[metadata]\nmaturity = \"deprecated\"\n[rule]\nrule_id = \"old\"\nname = \"old\"\n\
                      type = \"query\"\nquery = \"a:b\"\nseverity = \"low\"\nrisk_score = 1\nlanguage = \"kuery\"\n";
    let deprecated = written(&scratch, "deprecated.toml", deprecated)?;
    let event = format!("{}\n", json!({"a": "b", "@timestamp": NOW}));
    let run = |subcommand: &str, arguments: &[&str]| -> Result<_> {
        let firstseen = Firstseen::new(subcommand)?.args(arguments);
        match subcommand {
            "check" => firstseen.arg(&off).arg(&deprecated),
            _ => firstseen.arg("--rules").arg(&off).arg("--rules").arg(&deprecated),
        }
        .run(event.as_bytes())
    };
    for (subcommand, arguments, without) in
        [("match", &[][..], 1), ("filter", &["--only-alerts"], 0), ("check", &[], 0)]
    {
        let lines = |text: &str| match subcommand {
            "check" => text.lines().filter(|line| line.starts_with("runs")).count(),
            _ => text.lines().count(),
        };
        let ran = run(subcommand, arguments)?.expect_code(without)?;
        match subcommand {
            "check" => assert_eq!(ran.text()?.matches("off  ").count(), 3, "{}", ran.text()?),
            _ => assert!(ran.stderr.contains("2 switched off (--include-disabled runs them)"), "{}", ran.stderr),
        }
        let ran = run(subcommand, &[arguments, &["--include-disabled"]].concat())?.expect_code(0)?;
        assert_eq!(lines(ran.text()?), if subcommand == "check" { 3 } else { 2 }, "{}", ran.text()?);
        assert!(!ran.stderr.contains("switched off"), "{}", ran.stderr);
    }
    Ok(())
}

#[test]
fn strict_wants_all_that_was_given() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = query_rule("good", "a:b", &json!({})) + &query_rule("bad", "a:(", &json!({}));
    let rules = written(&scratch, "rules.ndjson", &rules)?;
    for subcommand in ["match", "filter"] {
        let ran = Firstseen::new(subcommand)?.arg("--rules").arg(&rules).run(b"{\"a\":\"b\"}\n")?.expect_code(0)?;
        assert!(ran.stderr.contains("not used") && ran.stderr.contains("rules.ndjson:2"), "{}", ran.stderr);
        let strict = Firstseen::new(subcommand)?.arg("--strict").arg("--rules").arg(&rules);
        let ran = strict.run(b"{\"a\":\"b\"}\n")?.expect_code(2)?;
        assert!(ran.stderr.contains("rules.ndjson:2"), "{}", ran.stderr);
        let nothing = Firstseen::new(subcommand)?.arg("--rules").arg(scratch.path().join("missing"));
        assert!(nothing.run(b"{}\n")?.expect_code(2)?.stderr.contains("missing"));
    }
    Ok(())
}

#[test]
fn a_query_rule_alerts_on_every_event_once() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let more = json!({
        "severity_mapping": [{"field": "level", "operator": "equals", "value": "9", "severity": "critical"}],
        "rule_name_override": "title", "building_block_type": "default", "timestamp_override": "event.ingested",
    });
    let rules = written(&scratch, "rule.json", &query_rule("one", "a:b", &more))?;
    let events = "{\"a\":\"b\",\"n\":1}\n{\"a\":\"b\",\"n\":2,\"level\":9,\"title\":\"T\"}\n{\"a\":\"b\",\"n\":1}\n{\"a\":\"c\"}\n";
    let filter = Firstseen::filter()?.args(["--only-alerts", "--rules"]).arg(&rules);
    let ran = filter.run(events.as_bytes())?.expect_code(0)?;
    let alerts = ran.text()?.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    let said = |member: &str| alerts.iter().map(|alert| alert[member].clone()).collect::<Vec<_>>();
    assert_eq!(said("n"), [1, 2]);
    assert_eq!(said("kibana.alert.severity"), ["low", "critical"]);
    assert_eq!(said("kibana.alert.rule.severity"), ["low", "low"]);
    assert_eq!(said("kibana.alert.rule.name"), ["rule one", "T"]);
    assert_eq!(said("kibana.alert.rule.type"), ["query", "query"]);
    assert_eq!(said("kibana.alert.building_block_type"), ["default", "default"]);
    assert!(alerts.iter().all(|alert| alert["kibana.alert.new_terms"].is_null()));
    Ok(())
}
