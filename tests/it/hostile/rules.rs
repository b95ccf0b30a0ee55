//! Rules, exceptions and mappings that mean harm: each is an error with a place
//! and a cause, and the good rule beside it runs.

#![allow(clippy::indexing_slicing, reason = "a missing member is null, or a failed test")]

use std::fs;

use anyhow::{Context, Result, ensure};
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
    let numbers = |open: &str, close: &str| format!("{open}{}{close}", vec!["1"; million].join(","));
    let toml = |line: &str| format!("[rule]\nrule_id = \"bad\"\nname = \"bad\"\ntype = \"query\"\n{line}\n");
    vec![
        ("long-query.json", rule(&format!("a:{}", "b".repeat(10 << 20))).to_string()),
        ("long-query.toml", toml(&format!("query = \"a:{}\"", "b".repeat(10 << 20)))),
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
