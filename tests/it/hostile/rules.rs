//! Rules, exceptions and mappings that mean harm: each is an error with a place
//! and a cause, and the good rule beside it runs.

#![allow(clippy::indexing_slicing, reason = "a missing member is null, or a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::lines;
use firstseen_tests::firstseen::Firstseen;
use serde_json::{Value, json};

const GOOD: &str = r#"{"rule_id":"good","name":"good","type":"query","query":"a:b","severity":"low","risk_score":1}"#;

fn rule(query: &str) -> Value {
    json!({"rule_id": "bad", "name": "bad", "type": "query", "query": query, "severity": "low", "risk_score": 1})
}

/// A file name and what is in it.
fn hostile_rules() -> Vec<(&'static str, String)> {
    let million = 1_000_000;
    let with = |member: &str, value: Value| {
        let mut rule = rule("a:b");
        rule[member] = value;
        rule.to_string()
    };
    let eql = |query: &str| {
        let mut rule = rule(query);
        rule["type"] = json!("eql");
        rule.to_string()
    };
    let numbers = |open: &str, close: &str| format!("{open}{}{close}", vec!["1"; million].join(","));
    let toml = |line: &str| format!("[rule]\nrule_id = \"bad\"\nname = \"bad\"\ntype = \"query\"\n{line}\n");
    vec![
        ("long-query.json", rule(&format!("a:{}", "b".repeat(10 << 20))).to_string()),
        ("long-query.toml", toml(&format!("query = \"a:{}\"", "b".repeat(10 << 20)))),
        ("long-eql-query.json", eql(&format!("any where a == \"{}\"", "b".repeat(10 << 20)))),
        ("query-beyond-its-limit.json", rule(&format!("a:{}", "b".repeat(100 << 10))).to_string()),
        ("deep-parentheses.json", rule(&format!("{}a:b{}", "(".repeat(10_000), ")".repeat(10_000))).to_string()),
        ("unclosed-parentheses.json", rule(&"(".repeat(60_000)).to_string()),
        ("deep-groups.json", rule(&"n:{".repeat(20_000)).to_string()),
        ("nots.json", rule(&"not ".repeat(15_000)).to_string()),
        ("many-patterns.json", with("index", json!(vec!["*a*b*c*d*"; million]))),
        ("many-filters.json", with("filters", json!(vec![json!({"query": {"match_all": {}}}); 50_000]))),
        (
            "deep-filters.json",
            format!("{{\"rule_id\":\"bad\",\"filters\":{}{}}}", "[".repeat(million), "]".repeat(million)),
        ),
        ("many-nothings.json", numbers("[", "]")),
        ("many-empty-rules.json", format!("[{}]", vec!["{}"; million].join(","))),
        ("deep-arrays.json", "[".repeat(million)),
        ("deep-arrays.toml", format!("a = {}", "[".repeat(million))),
        ("deep-tables.toml", toml(&format!("a = {}", "{ b = ".repeat(100_000)))),
        ("deep-keys.toml", toml(&format!("{} = 1", vec!["a"; 300_000].join(".")))),
        ("many-numbers.toml", toml(&format!("index = {}", numbers("[", "]")))),
        ("zeros.json", "\0".repeat(million)),
        ("not-utf8.json", String::new()),
    ]
}

#[test]
fn hostile_rules_are_errors_and_the_good_one_runs() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let good = scratch.path().join("good.json");
    fs::write(&good, GOOD)?;
    for (name, content) in hostile_rules() {
        let path = scratch.path().join(name);
        fs::write(
            &path,
            if name == "not-utf8.json" { b"{\"rule_id\":\"\xff\"}".to_vec() } else { content.into_bytes() },
        )?;
        let ran = Firstseen::new("check")?.args(["--format", "json"]).arg(&good).arg(&path).run(b"")?;
        ensure!(ran.code()? == 1, "{name}: exit code {:?}: {}", ran.code(), ran.stderr);
        let lines: Vec<Value> = ran.text()?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let of = |wanted: &str| -> Vec<&Value> {
            let is = |line: &&Value| line["file"].as_str().is_some_and(|file| file.ends_with(wanted));
            lines.iter().filter(is).collect()
        };
        ensure!(of("good.json").iter().all(|line| line["status"] == "runs"), "{name}: the good rule does not run");
        let bad = of(name);
        let first = bad.first().with_context(|| format!("{name} is not named"))?;
        ensure!(first["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{name}: no cause: {first}");
        ensure!(bad.len() <= 30, "{name}: {} lines", bad.len());
        ensure!(ran.text()?.len() < 100_000, "{name}: {} bytes of output", ran.text()?.len());
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn hostile_company_is_an_error_too() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let good = scratch.path().join("good.json");
    fs::write(&good, GOOD)?;
    let deep = |open: &str| open.repeat(1_000_000);
    let items = format!("{{\"list_id\":\"l\",\"item_id\":\"i\",\"entries\":[{}]}}", vec!["{}"; 1_000_000].join(","));
    let fields = format!(
        "{{\"properties\":{{{}}}}}",
        (0..300_000).map(|n| format!("\"f{n}\":{{\"type\":\"ip\"}}")).collect::<Vec<_>>().join(",")
    );
    for (flag, content) in [
        ("--exceptions", deep("[")),
        ("--exceptions", deep("{\"a\":")),
        ("--exceptions", items),
        ("--exceptions", "nothing of the sort".to_owned()),
        ("--mapping", deep("{\"properties\":")),
        ("--mapping", fields),
        ("--mapping", "[1,2]".to_owned()),
    ] {
        let path = scratch.path().join("hostile.json");
        fs::write(&path, &content)?;
        let ran = Firstseen::new("check")?.args(["--format", "json"]).arg(&good).arg(flag).arg(&path).run(b"")?;
        let head = content.get(..20).unwrap_or(&content);
        ensure!(ran.code()? == 1, "{flag} {head}: exit code {:?}: {}", ran.code(), ran.stderr);
        ensure!(ran.text()?.contains("\"runs\""), "{flag} {head}: the good rule does not run");
        ensure!(ran.text()?.contains("hostile.json"), "{flag} {head}: the file is not named");
    }
    Ok(())
}

/// Rules of query type, each with a list of exceptions that names the value list
/// `values`; the same list for all of them, or one for each.
fn rules_with_value_list(scratch: &Path, count: usize, is_shared: bool) -> Result<[PathBuf; 2]> {
    let list = |number: usize| if is_shared { "all".to_owned() } else { format!("l{number}") };
    let [rules, exceptions] = ["rules.ndjson", "exceptions.ndjson"].map(|name| scratch.join(name));
    let rule = |number: usize| {
        let reference = json!({"id": "x", "list_id": list(number), "type": "detection", "namespace_type": "single"});
        let rule = json!({
            "rule_id": format!("r{number}"), "name": format!("R {number}"), "type": "query", "language": "kuery",
            "query": format!("process.name: n{number}"), "severity": "low", "risk_score": 21,
            "exceptions_list": [reference],
        });
        rule.to_string()
    };
    let item = |number: usize| {
        let entry = json!({
            "field": "process.executable", "type": "list", "operator": "included",
            "list": {"id": "values", "type": "keyword"},
        });
        let item = json!({"list_id": list(number), "item_id": list(number), "type": "simple", "entries": [entry]});
        item.to_string()
    };
    fs::write(&rules, lines((0..count).map(rule)))?;
    fs::write(&exceptions, lines((0..if is_shared { 1 } else { count }).map(item)))?;
    Ok([rules, exceptions])
}

#[test]
fn a_large_value_list_may_be_shared_by_all_rules() -> Result<()> {
    for (rule_count, value_count, is_shared) in [(150, 65_536, true), (150, 65_536, false), (700, 10_000, true)] {
        let scratch = tempfile::tempdir()?;
        let [rules, exceptions] = rules_with_value_list(scratch.path(), rule_count, is_shared)?;
        let values = scratch.path().join("values");
        fs::write(&values, lines((0..value_count).map(|number| format!("/opt/agents/{number}/bin/agent"))))?;
        let event = |number: usize, executable: &str| {
            let process = json!({"name": format!("n{number}"), "executable": executable});
            json!({"@timestamp": "2026-11-24T12:00:00Z", "process": process}).to_string()
        };
        let wanted = (0..rule_count).map(|number| event(number, "/opt/other"));
        let excepted = (0..rule_count).map(|number| event(number, "/opt/agents/7/bin/agent"));
        let filter = Firstseen::filter()?.arg("--only-alerts").arg("--rules").arg(rules);
        let filter = filter.arg("--exceptions").arg(exceptions).arg("--value-list").arg(values);
        let ran = filter.run(&lines(wanted.chain(excepted)))?.expect_code(0)?;
        assert_eq!(ran.count("alerts")?, rule_count as u64, "{rule_count} {value_count} {is_shared}: {}", ran.stderr);
    }
    Ok(())
}

#[test]
fn what_is_too_large_to_load_is_named() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [rules, exceptions] = rules_with_value_list(scratch.path(), 1, true)?;
    let values = scratch.path().join("values");
    fs::write(&values, lines((0..60_000).map(|number| format!("{number:0>200}"))))?;
    let filter = Firstseen::filter()?.args(["--call-memory", "24MiB"]).arg("--rules").arg(rules);
    let filter = filter.arg("--exceptions").arg(exceptions).arg("--value-list").arg(values);
    let ran = filter.run(b"{}\n")?.expect_code(2)?;
    for part in ["too much memory", "value lists of 12 MB", "`values` of 12 MB", "--call-memory"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    Ok(())
}
