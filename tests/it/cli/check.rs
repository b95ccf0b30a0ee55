//! `firstseen check`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use firstseen::is_printable;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::corpus;
use firstseen_tests::output::Ran;
use firstseen_tests::{data, files_below, golden};
use serde_json::{Value, json};

fn check(paths: &[&Path], arguments: &[&str]) -> Result<Ran> {
    Firstseen::new("check")?.args(arguments).args(paths).run(b"")
}

fn objects(ran: &Ran) -> Result<Vec<Value>> {
    ran.text()?.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// The text without the folder that the test data is in.
fn without_folder(text: &str) -> String {
    text.replace(&format!("{}/", data("").join("rules-check").display()), "")
}

/// A rule that runs, but for what is given here.
fn rule(rule_id: &str, members: Value) -> Result<String> {
    let mut rule = json!({
        "rule_id": rule_id, "name": rule_id, "description": "", "type": "query", "language": "kuery",
        "query": "process.name:a", "from": "now-6m", "severity": "low", "risk_score": 1,
    });
    let object = rule.as_object_mut().context("no object")?;
    object.extend(members.as_object().context("no object")?.clone());
    Ok(rule.to_string())
}

fn written(folder: &tempfile::TempDir, name: &str, content: &str) -> Result<PathBuf> {
    let path = folder.path().join(name);
    fs::write(&path, content)?;
    Ok(path)
}

#[test]
fn every_fate_in_text_and_json() -> Result<()> {
    let folder = data("rules-check");
    let text = check(&[&folder], &[])?.expect_code(1)?;
    assert_eq!(text.stderr, "");
    golden::check_text("check.txt", &without_folder(text.text()?))?;
    let json = check(&[&folder], &["--format", "json"])?.expect_code(1)?;
    assert_eq!(json.stderr, "");
    golden::check_text("check.ndjson", &without_folder(json.text()?))
}

#[test]
fn only_problems_leaves_out_what_needs_no_attention() -> Result<()> {
    let folder = data("rules-check");
    let all = objects(&check(&[&folder], &["--format", "json"])?.expect_code(1)?)?;
    let some = objects(&check(&[&folder], &["--format", "json", "--only-problems"])?.expect_code(1)?)?;
    let is_problem = |finding: &&Value| {
        let status = finding.get("status").and_then(Value::as_str);
        let warnings = finding.get("warnings").and_then(Value::as_array);
        matches!(status, Some("unsupported" | "invalid" | "unusable"))
            || warnings.is_some_and(|warnings| !warnings.is_empty())
    };
    assert_eq!(some, all.iter().filter(is_problem).cloned().collect::<Vec<_>>());
    assert!(some.len() < all.len());

    // The summary counts all of them.
    let summary = |ran: Ran| -> Result<Option<String>> { Ok(ran.text()?.lines().last().map(str::to_owned)) };
    assert_eq!(summary(check(&[&folder], &[])?)?, summary(check(&[&folder], &["-p"])?)?);
    Ok(())
}

#[test]
fn a_rule_that_should_not_run_is_no_fault() -> Result<()> {
    let folder = data("rules-check");
    let files = ["runs.toml", "wildcard.toml", "this-week.toml", "eql.toml", "deprecated.toml"];
    for file in files {
        check(&[&folder.join(file)], &[])?.expect_code(0)?;
    }
    for file in ["wrong-query.toml", "broken.toml", "own.ndjson", "missing.toml"] {
        check(&[&folder.join("runs.toml"), &folder.join(file)], &[])?.expect_code(1)?;
    }
    Ok(())
}

#[test]
fn a_fault_is_named_where_it_is_written() -> Result<()> {
    let path = data("rules-check").join("wrong-query.toml");
    let ran = check(&[&path], &[])?.expect_code(1)?;
    let text = fs::read_to_string(&path)?;
    let (before, _) = text.split_once(") and host.os.type").context("the query is another")?;
    let (line, start) = (before.lines().count(), before.rfind('\n').map_or(0, |newline| newline + 1));
    let place = format!("{}:{line}:{}", path.display(), before.len() - start + 1);
    assert!(ran.text()?.contains(&place), "{place} is not in: {}", ran.text()?);
    Ok(())
}

#[test]
fn what_comes_with_rules_is_checked_too() -> Result<()> {
    let runs = data("rules-check").join("runs.toml");
    let scratch = tempfile::tempdir()?;
    let mapping = written(&scratch, "mapping.json", "{\"properties\": 1}")?;
    let missing = scratch.path().join("missing");
    for (option, path) in [("--mapping", &mapping), ("--exceptions", &missing), ("--value-list", &missing)] {
        let ran = Firstseen::new("check")?.arg(&runs).arg(option).arg(path).run(b"")?.expect_code(1)?;
        let text = ran.text()?;
        assert!(text.contains(&format!("unusable  -          {}", path.display())), "{option}: {text}");
        assert!(text.ends_with("1 rule in 1 file, 1 unusable\n"), "{option}: {text}");
    }
    let good = written(&scratch, "good.json", "{\"properties\": {\"a\": {\"type\": \"keyword\"}}}")?;
    Firstseen::new("check")?.arg(&runs).arg("--mapping").arg(&good).run(b"")?.expect_code(0)?;
    Ok(())
}

#[test]
fn what_an_author_may_not_mean_is_said() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = [
        rule("a", json!({"query": "process.name:“dpkg” and process.args:/-i.*/"}))?,
        rule("b", json!({"query": "process.name.keyword:dpkg and my.field.keyword:x"}))?,
        rule("c", json!({"query": "process.name:dpkg"}))?,
    ];
    let path = written(&scratch, "rules.ndjson", &rules.join("\n"))?;
    let list = r#"{"list_id":"c","type":"detection","namespace_type":"single","name":"C"}
{"list_id":"c","item_id":"i","type":"simple","name":"I","entries":[{"field":"file.path","operator":"included",
"type":"wildcard","value":"C:\\Temp\\*"}]}"#;
    let exceptions = written(&scratch, "c.ndjson", &list.replace(",\n", ","))?;
    let hints = [
        "`“dpkg”`: typographic quotes are a part of the text",
        "`/-i.*/`: KQL has no regular expressions",
        "`C:\\Temp\\*` for `file.path`: an escaped star stands for itself",
    ];
    let warning = "`my.field.keyword`, `process.name.keyword` is in no mapping and stands for";
    let options = ["--exceptions", exceptions.to_str().context("not UTF-8")?];
    // They are no faults.
    let checked = check(&[&path], &options)?.expect_code(0)?;
    for said in hints.iter().chain([&warning]) {
        assert!(checked.text()?.contains(said), "{said}: {}", checked.text()?);
    }
    let loaded = Firstseen::filter()?.arg("--rules").arg(&path).args(options).run(b"")?.expect_code(0)?;
    for said in hints {
        assert!(loaded.stderr.contains(said), "{said}: {}", loaded.stderr);
    }
    assert!(loaded.stderr.contains("rule a: `“dpkg”`") && !loaded.stderr.contains(warning), "{}", loaded.stderr);
    Ok(())
}

#[test]
fn a_data_view_is_given_with_the_rules() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let by_view = rule("a", json!({"data_view_id": "my view", "index": ["metrics-*"], "query": "a:b"}))?;
    let path = written(&scratch, "rules.json", &by_view)?;
    let text = check(&[&path], &[])?.expect_code(1)?;
    assert!(text.text()?.contains("give them with `--data-view my view=PATTERN,PATTERN`"), "{}", text.text()?);
    check(&[&path], &["--data-view", "other=logs-*"])?.expect_code(1)?;
    let view = ["--data-view", "my view=logs-*,-logs-x"];
    check(&[&path], &view)?.expect_code(0)?;
    check(&[&path], &["--data-view", "my view="])?.expect_code(64)?;
    // Its patterns stand for the rule's own.
    for (index, code) in [("logs-a", 0), ("logs-x", 1), ("metrics-a", 1)] {
        let matching = Firstseen::new("match")?.arg("--rules").arg(&path).args(view).args(["--index", index]);
        matching.run(b"{\"a\":\"b\"}")?.expect_code(code).with_context(|| index.to_owned())?;
    }
    Ok(())
}

#[test]
fn rules_in_one_line_keep_their_own_fates() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = [
        rule("a", json!({}))?,
        rule("b", json!({"query": "("}))?,
        rule("c", json!({"enabled": false}))?,
        rule("d", json!({}))?,
        rule("e", json!({"query": 5}))?,
    ];
    let path = written(&scratch, "rules.json", &format!("[{}]", rules.join(", ")))?;
    let found = objects(&check(&[&path], &["--format", "json"])?.expect_code(1)?)?;
    let text = |finding: &Value, member: &str| finding.get(member).and_then(Value::as_str).map(str::to_owned);
    let fates: Vec<_> = found.iter().filter_map(|one| text(one, "rule_id").zip(text(one, "status"))).collect();
    let fates: Vec<_> = fates.iter().map(|(rule_id, status)| (rule_id.as_str(), status.as_str())).collect();
    assert_eq!(fates, [("a", "runs"), ("b", "invalid"), ("c", "disabled"), ("d", "runs"), ("e", "invalid")]);
    Ok(())
}

#[test]
fn the_built_in_rule_is_not_among_them() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let ran = check(&[scratch.path()], &[])?.expect_code(1)?;
    assert!(ran.text()?.contains("no rule file in this folder"), "{}", ran.text()?);
    assert!(ran.text()?.ends_with("\n0 rules in 0 files, 1 unusable\n"), "{}", ran.text()?);
    Ok(())
}

#[test]
fn files_cannot_speak_to_the_terminal() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let evil = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{200b}\u{2066}\u{feff}\u{e0041}\u{2028}\r\nruns";
    let rules = [
        rule("a", json!({"name": evil, "type": evil}))?,
        rule(&format!("b{evil}"), json!({"query": format!("{evil} and (")}))?,
        rule("c", json!({"name": evil}))?,
        rule("c", json!({}))?,
    ];
    let path = written(&scratch, "evil\u{1b}[31m.ndjson", &rules.join("\n"))?;
    let toml = written(&scratch, "evil\u{9b}.toml", "[rule]\n\"a\u{9b}31m\" = \u{9b}31m")?;
    for arguments in [&[][..], &["--format", "json"]] {
        let ran = check(&[&path, &toml], arguments)?.expect_code(1)?;
        for text in [ran.text()?, &ran.stderr] {
            let harmful = text.chars().find(|c| !is_printable(*c) && *c != '\n');
            assert!(harmful.is_none(), "{harmful:?} in {text:?}");
        }
    }
    let ran = check(&[&path], &[])?;
    // Nor pass for another rule's line.
    let runs = ran.text()?.lines().filter(|line| line.starts_with("runs")).count();
    assert_eq!(runs, 1, "{}", ran.text()?);
    Ok(())
}

#[test]
fn wrong_usage() -> Result<()> {
    check(&[], &[])?.expect_code(64)?;
    check(&[&data("rules-check")], &["--format", "xml"])?.expect_code(64)?;
    let module = check(&[&data("rules-check")], &["--module", "missing.wasm"])?.expect_code(2)?;
    assert!(module.stderr.contains("missing.wasm"), "{}", module.stderr);
    Ok(())
}

#[test]
fn every_file_of_the_corpus_is_named_and_the_counts_add_up() -> Result<()> {
    let Some(folder) = corpus("elastic")? else { return Ok(()) };
    let expected: Vec<String> = files_below(&folder, "toml")?.iter().map(|path| path.display().to_string()).collect();

    let found = objects(&check(&[&folder], &["--format", "json"])?)?;
    let mut named: Vec<&str> = found.iter().filter_map(|finding| finding.get("file").and_then(Value::as_str)).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(named, expected);

    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for finding in &found {
        let column = match finding.get("status").and_then(Value::as_str) {
            Some("runs") => 0,
            Some("unsupported" | "invalid") => 1,
            Some("disabled") => 2,
            Some("not_ours") => 3,
            _ => continue,
        };
        let kind = finding.get("type").and_then(Value::as_str).context("a rule without a type")?;
        counts.entry(kind).or_default()[column] += 1;
    }
    let total = [0, 1, 2, 3].map(|column| counts.values().map(|row| row[column]).sum::<usize>());

    let ran = check(&[&folder], &[])?;
    let text = ran.text()?;
    for path in &expected {
        assert!(text.contains(path), "{path} is not named");
    }
    let table: Vec<Vec<&str>> = text
        .lines()
        .skip_while(|line| !line.starts_with("type "))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect())
        .collect();
    let mut rows: Vec<Vec<String>> = counts.iter().chain([(&"total", &total)]).map(row).collect();
    if counts.len() == 1 {
        rows.truncate(1);
    }
    assert_eq!(table, rows);
    let sum: usize = total.iter().sum();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let files = expected.len();
    let sentence = format!("\n{sum} rule{} in {files} file{}", plural(sum), plural(files));
    assert!(text.contains(&sentence), "{sentence}");
    Ok(())
}

fn row((kind, counts): (&&str, &[usize; 4])) -> Vec<String> {
    [(*kind).to_owned()].into_iter().chain(counts.iter().map(ToString::to_string)).collect()
}
