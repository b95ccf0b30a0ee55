//! `firstseen test`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use firstseen_tests::data;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::Ran;
use serde_json::{Value, json};
use tempfile::TempDir;

fn test(folder: &Path, arguments: &[&str]) -> Result<Ran> {
    Firstseen::new("test")?.arg(folder).args(arguments).run(b"")
}

/// A copy of a case, to be changed: a folder of cases with this one.
fn copied(case: &str) -> Result<TempDir> {
    let scratch = tempfile::tempdir()?;
    let copy = scratch.path().join(case);
    fs::create_dir(&copy)?;
    for entry in fs::read_dir(data("dpkg").join(case))? {
        let entry = entry?;
        fs::copy(entry.path(), copy.join(entry.file_name()))?;
    }
    Ok(scratch)
}

const CASE: &str = "fires-on-a-new-parent";

/// Its second alert is expected with another term.
fn changed() -> Result<TempDir> {
    let scratch = copied(CASE)?;
    let path = scratch.path().join(CASE).join("expected.ndjson");
    let expected = fs::read_to_string(&path)?;
    let mut lines: Vec<Value> = expected.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let last = lines.last_mut().and_then(Value::as_object_mut).context("no alert is expected")?;
    last.insert("kibana.alert.new_terms".to_owned(), json!(["/usr/bin/somebody-else"]));
    fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(scratch)
}

#[test]
fn the_cases_of_the_built_in_rule_pass() -> Result<()> {
    let ran = test(&data("dpkg"), &[])?.expect_code(0)?;
    let cases = fs::read_dir(data("dpkg"))?.count();
    assert!(ran.text()?.ends_with(&format!("{cases} passed, 0 failed\n")), "{}", ran.text()?);
    Ok(())
}

/// The example in `docs/detection-engineering.md`.
#[test]
fn the_cases_of_a_rule_in_eql_pass() -> Result<()> {
    let ran = test(&data("eql"), &["--strict"])?.expect_code(0)?;
    assert!(ran.text()?.ends_with("4 passed, 0 failed\n"), "{}", ran.text()?);
    assert_eq!(ran.stderr, "");
    Ok(())
}

#[test]
fn a_single_case_can_be_named() -> Result<()> {
    let ran = test(&data("dpkg").join(CASE), &[])?.expect_code(0)?;
    assert!(ran.text()?.ends_with("1 passed, 0 failed\n"), "{}", ran.text()?);
    Ok(())
}

#[test]
fn a_difference_is_shown_and_fails() -> Result<()> {
    let scratch = changed()?;
    let ran = test(scratch.path(), &[])?.expect_code(1)?;
    let text = ran.text()?;
    assert!(text.contains(&format!("FAILED   {CASE}: 2 alerts expected, 2 came")), "{text}");
    let of = |sign: &str| text.lines().filter(|line| line.starts_with(sign)).collect::<Vec<_>>();
    let (missing, extra) = (of("  - "), of("  + "));
    assert_eq!((missing.len(), extra.len()), (1, 1), "{text}");
    assert!(missing.concat().contains("somebody-else"), "{text}");
    assert!(!extra.concat().contains("somebody-else"), "{text}");
    assert!(text.ends_with("0 passed, 1 failed\n"), "{text}");
    Ok(())
}

#[test]
fn bless_rewrites_the_expectation() -> Result<()> {
    let scratch = changed()?;
    let blessed = test(scratch.path(), &["--bless"])?.expect_code(0)?;
    assert!(blessed.text()?.contains("blessed"), "{}", blessed.text()?);
    test(scratch.path(), &[])?.expect_code(0)?;
    let expected = |folder: &Path| fs::read_to_string(folder.join(CASE).join("expected.ndjson"));
    assert_eq!(expected(scratch.path())?, expected(&data("dpkg"))?);
    Ok(())
}

#[test]
fn a_case_without_expectation_fails_until_it_is_blessed() -> Result<()> {
    let scratch = copied(CASE)?;
    fs::remove_file(scratch.path().join(CASE).join("expected.ndjson"))?;
    let ran = test(scratch.path(), &[])?.expect_code(1)?;
    assert!(ran.text()?.contains("--bless writes one"), "{}", ran.text()?);
    test(scratch.path(), &["--bless"])?.expect_code(0)?;
    test(scratch.path(), &[])?.expect_code(0)?;
    Ok(())
}

#[test]
fn a_broken_query_is_named_with_its_position() -> Result<()> {
    let scratch = copied(CASE)?;
    let rule = repository_rule()?;
    let query = "process.name:dpkg and (process.args:\"-i\"";
    let broken = with_member(&rule, "query", json!(query))?;
    fs::write(scratch.path().join("rule.json"), broken)?;
    let ran = test(scratch.path(), &[])?.expect_code(1)?;
    let text = ran.text()?;
    assert!(text.contains("rule.json: rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee: query (byte "), "{text}");
    let position = text.split_once("query (byte ").and_then(|(_, rest)| rest.split_once(')')).context("none")?.0;
    assert!(position.parse::<usize>()? <= query.len(), "{text}");
    assert!(text.contains("0 passed, 1 failed"), "{text}");
    Ok(())
}

#[test]
fn a_rule_of_the_case_replaces_the_built_in_one() -> Result<()> {
    let scratch = copied(CASE)?;
    let rule = with_member(&repository_rule()?, "query", json!("process.name:rpm"))?;
    fs::write(scratch.path().join(CASE).join("rule.json"), rule)?;
    let ran = test(scratch.path(), &[])?.expect_code(1)?;
    assert!(ran.text()?.contains("2 alerts expected, 0 came"), "{}", ran.text()?);
    Ok(())
}

/// What `filter` takes, `test` takes too: a case without a rule of its own runs
/// as it would there.
#[test]
fn the_options_of_filter_hold_for_cases() -> Result<()> {
    let scratch = copied(CASE)?;
    let elsewhere = tempfile::tempdir()?;
    let rules = elsewhere.path().join("rules.json");
    let exceptions = elsewhere.path().join("exceptions.ndjson");
    fs::write(&rules, with_member(&repository_rule()?, "query", json!("process.name:rpm"))?)?;
    let item = json!({
        "list_id": repository_rule()?["rule_id"], "item_id": "one", "name": "one", "type": "simple",
        "entries": [{"field": "process.name", "type": "match", "operator": "included", "value": "dpkg"}],
    });
    fs::write(&exceptions, format!("{item}\n"))?;
    let (rules, exceptions) = (rules.display().to_string(), exceptions.display().to_string());
    let came = |arguments: &[&str]| -> Result<Vec<Value>> {
        let arguments = [&["--format", "json"][..], arguments].concat();
        let ran = test(scratch.path(), &arguments)?;
        let result: Value = serde_json::from_str(ran.text()?)?;
        // A case that passes says only how many there are.
        let passed = || Some(vec![Value::Null; result.get("alerts")?.as_u64()?.try_into().ok()?]);
        let came = result.get("actual").and_then(Value::as_array).cloned().or_else(passed);
        came.with_context(|| ran.stderr.clone())
    };
    assert_eq!(came(&[])?.len(), 2);
    assert_eq!(came(&["--rules", &rules])?.len(), 0);
    assert_eq!(came(&["--exceptions", &exceptions])?.len(), 0);
    assert_eq!(came(&["--index", "metrics-system.cpu-default"])?.len(), 0);
    assert_eq!(came(&["--index", "logs-endpoint.events.process-default"])?.len(), 2);

    // Not the bytes of an alert, but what was asked for of it.
    let expected = "{\"kibana.alert.rule.rule_id\":0}\n{\"rule.id\":0,\"kibana.space_ids\":0}\n";
    fs::write(scratch.path().join(CASE).join("expected.ndjson"), expected)?;
    let member = |arguments: &[&str], name: &str| -> Result<Vec<Value>> {
        Ok(came(arguments)?
            .iter()
            .filter_map(|alert| alert.get(name))
            .filter(|value| !value.is_null())
            .cloned()
            .collect())
    };
    assert_eq!(member(&[], "rule.id")?, [] as [Value; 0]);
    assert_eq!(member(&["--alert-format", "ecs"], "rule.id")?.len(), 1);
    assert_eq!(member(&["--space", "ops"], "kibana.space_ids")?, [json!(["ops"])]);
    Ok(())
}

#[test]
fn strict_holds_for_cases() -> Result<()> {
    let scratch = copied(CASE)?;
    let elsewhere = tempfile::tempdir()?;
    let rules = elsewhere.path().join("rules.json");
    let good = repository_rule()?;
    let bad =
        with_member(&serde_json::from_str(&with_member(&good, "rule_id", json!("bad"))?)?, "query", json!("a:("))?;
    fs::write(&rules, format!("[{good},{bad}]"))?;
    let rules = rules.display().to_string();
    let lenient = test(scratch.path(), &["--rules", &rules])?.expect_code(0)?;
    assert!(lenient.stderr.contains("not used"), "{}", lenient.stderr);
    let strict = test(scratch.path(), &["--strict", "--rules", &rules])?.expect_code(2)?;
    assert!(strict.stderr.contains("--strict"), "{}", strict.stderr);
    Ok(())
}

#[test]
fn no_case_is_an_error() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let empty = test(scratch.path(), &[])?.expect_code(2)?;
    assert!(empty.stderr.contains("no case here"), "{}", empty.stderr);
    let missing = test(&scratch.path().join("missing"), &[])?.expect_code(2)?;
    assert!(missing.stderr.contains("missing"), "{}", missing.stderr);
    Ok(())
}

#[test]
fn the_report_for_machines_is_json() -> Result<()> {
    let results = |ran: &Ran| -> Result<Vec<Value>> {
        ran.text()?.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    };
    let passed = results(&test(&data("dpkg"), &["--format", "json"])?.expect_code(0)?)?;
    assert_eq!(passed.len(), fs::read_dir(data("dpkg"))?.count());
    assert!(passed.iter().all(|case| case.get("result") == Some(&json!("passed"))), "{passed:?}");

    let scratch = changed()?;
    let failed = results(&test(scratch.path(), &["--format", "json"])?.expect_code(1)?)?;
    let case = failed.first().context("nothing came")?;
    assert_eq!(case.get("case"), Some(&json!(CASE)));
    assert_eq!(case.get("result"), Some(&json!("failed")));
    let sides = ["/expected/1/kibana.alert.new_terms/0", "/actual/1/kibana.alert.new_terms/0"];
    let [expected, actual] = sides.map(|side| case.pointer(side));
    assert_eq!(expected, Some(&json!("/usr/bin/somebody-else")));
    assert!(actual.is_some() && actual != expected);
    Ok(())
}

#[test]
fn a_damaged_case_names_file_and_line() -> Result<()> {
    let scratch = copied(CASE)?;
    fs::write(scratch.path().join(CASE).join("expected.ndjson"), "{\"line\":1}\n{\"line\":\n")?;
    let ran = test(scratch.path(), &[])?.expect_code(1)?;
    assert!(ran.text()?.contains("expected.ndjson: line 2"), "{}", ran.text()?);
    Ok(())
}

const TOML: &str = "[metadata]\nmaturity = \"production\"\n\n[rule]\nrule_id = \"r\"\nname = \"A Rule of TOML\"\n\
                    type = \"query\"\nlanguage = \"kuery\"\nquery = \"a:*\"\nseverity = \"low\"\nrisk_score = 1\n";

/// Names and contents.
type Files<'a> = &'a [(&'a str, &'a str)];

/// A case with three events, of which no alert is expected, and with these files.
fn case(files: Files<'_>) -> Result<TempDir> {
    let scratch = tempfile::tempdir()?;
    let event = |a: &str| format!("{}\n", json!({"@timestamp": "2026-11-24T12:00:00Z", "a": a}));
    let events = ["x", "y", "10.1.2.3"].map(event).concat();
    for (name, content) in [&[("case/events.ndjson", &*events), ("case/expected.ndjson", "")], files].concat() {
        let path = scratch.path().join(name);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        fs::write(path, content)?;
    }
    Ok(scratch)
}

/// The report of its only case.
fn report(scratch: &TempDir, arguments: &[&str]) -> Result<Value> {
    let ran = test(scratch.path(), &[&["--format", "json"], arguments].concat())?;
    serde_json::from_str(ran.text()?).with_context(|| ran.stderr.clone())
}

/// The lines that alerts came for.
fn lines_of_alerts(report: &Value) -> Vec<u64> {
    let alerts = report["actual"].as_array().map(Vec::as_slice).unwrap_or_default();
    alerts.iter().filter_map(|alert| alert["line"].as_u64()).collect()
}

fn exported(members: &[(&str, Value)]) -> String {
    let mut rule = json!({
        "rule_id": "r", "name": "An Exported Rule", "type": "query", "language": "kuery", "query": "a:*",
        "severity": "low", "risk_score": 1,
    });
    rule.as_object_mut()
        .into_iter()
        .for_each(|rule| rule.extend(members.iter().map(|(k, v)| ((*k).to_owned(), v.clone()))));
    format!("{rule}\n")
}

/// An item of the list that [`exported`] may name.
fn item(entry: &Value) -> String {
    let item = json!({
        "list_id": "l", "item_id": "i", "name": "i", "type": "simple", "namespace_type": "single", "entries": [entry],
    });
    format!("{item}\n")
}

#[test]
fn a_case_brings_its_rule_in_any_form_and_name() -> Result<()> {
    let list =
        ("exceptions_list", json!([{"id": "l", "list_id": "l", "type": "detection", "namespace_type": "single"}]));
    let is_y = item(&json!({"field": "a", "operator": "included", "type": "match", "value": "y"}));
    let summary = "{\"exported_count\":1}\n";
    let forms: [(&str, String, &str, &[u64]); 6] = [
        ("case/rule.toml", TOML.to_owned(), "A Rule of TOML", &[1, 2, 3]),
        ("case/linux_shell.toml", TOML.to_owned(), "A Rule of TOML", &[1, 2, 3]),
        ("above.toml", TOML.to_owned(), "A Rule of TOML", &[1, 2, 3]),
        ("case/export.ndjson", exported(&[list]) + &is_y + summary, "An Exported Rule", &[1, 3]),
        ("case/rule.json", format!("[{}]", exported(&[])), "An Exported Rule", &[1, 2, 3]),
        ("case/off.json", exported(&[("enabled", json!(false))]), "An Exported Rule", &[1, 2, 3]),
    ];
    for (file, content, name, lines) in forms {
        // JSON and TOML of another kind stand beside it.
        let others = [("case/package.json", "{\"version\":\"1\"}"), ("case/Cargo.toml", "[package]\nname = \"x\"\n")];
        let scratch = case(&[&[(file, &*content)], &others[..]].concat())?;
        let came = report(&scratch, &[])?;
        assert_eq!(came["rules"], json!([{"rule_id": "r", "name": name}]), "{file}: {came}");
        assert_eq!((&came["result"], lines_of_alerts(&came)), (&json!("failed"), lines.to_vec()), "{file}: {came}");
        let text = test(scratch.path(), &[])?.expect_code(1)?;
        let head = format!("FAILED   case: 0 alerts expected, {} came (rule {name})", lines.len());
        assert!(text.text()?.starts_with(&head), "{}", text.text()?);
        test(scratch.path(), &["--bless"])?.expect_code(0)?;
        let text = test(scratch.path(), &[])?.expect_code(0)?;
        assert!(text.text()?.contains(&format!("({} alerts; rule {name})\n", lines.len())), "{}", text.text()?);
    }
    Ok(())
}

#[test]
fn a_case_brings_what_belongs_to_its_rule() -> Result<()> {
    let rule = exported(&[
        ("query", json!("a:(x or y or \"10.0.0.0/8\")")),
        ("exceptions_list", json!([{"id": "l", "list_id": "l", "type": "detection", "namespace_type": "single"}])),
    ]);
    let is_listed = item(&json!({
        "field": "a", "operator": "included", "type": "list", "list": {"id": "known.txt", "type": "keyword"},
    }));
    let mapping = "{\"properties\":{\"a\":{\"type\":\"ip\",\"ignore_malformed\":true}}}";
    let rule = ("case/rule.ndjson", &*rule);
    let exceptions = ("case/exceptions.ndjson", &*is_listed);
    let values = ("case/value_lists/known.txt", "y\n");
    let came = |files: Files<'_>| -> Result<Value> { report(&case(files)?, &[]) };
    assert_eq!(lines_of_alerts(&came(&[rule, exceptions, values])?), [1]);
    assert_eq!(
        lines_of_alerts(&came(&[rule, ("exceptions.ndjson", &is_listed), ("value_lists/known.txt", "x\n")])?),
        [2]
    );
    let with_mapping = exported(&[("query", json!("a:\"10.0.0.0/8\""))]);
    let with_mapping = ("case/rule.json", &*with_mapping);
    assert_eq!(lines_of_alerts(&came(&[with_mapping])?), [] as [u64; 0]);
    assert_eq!(lines_of_alerts(&came(&[with_mapping, ("case/mapping.json", mapping)])?), [3]);
    // What cannot be used is an error of the case.
    for (files, cause) in [
        (&[rule][..], "no document has the exception list `l`"),
        (&[rule, exceptions], "known.txt"),
        (&[rule, ("case/exceptions.ndjson", "{\n"), values], "exceptions.ndjson:1:"),
        (&[rule, exceptions, values, ("mapping.json", "[]")], "mapping.json: no mapping"),
    ] {
        let came = came(files)?;
        let error = came["error"].as_str().with_context(|| came.to_string())?;
        assert!(error.contains(cause), "{error}");
    }
    Ok(())
}

/// The built-in rule runs only where nothing looks like a rule.
#[test]
fn a_file_of_rules_that_cannot_be_used_is_an_error() -> Result<()> {
    let broken = TOML.replace("type = ", "type : ");
    let cases: [(Files<'_>, &[&str]); 6] = [
        (&[("case/a.toml", TOML), ("case/b.toml", TOML)], &["more than one file of rules (a.toml, b.toml)"]),
        (&[("case/a.toml", TOML), ("case/rule.json", "{\"rule_id\":\"s\"}")], &["(a.toml, rule.json)"]),
        (&[("case/shell.toml", &broken)], &["shell.toml:7:6: not TOML"]),
        (&[("above.json", "{\"rule_id\":\"r\",}")], &["above.json:1:", "not JSON"]),
        (&[("rule.json", "{\"a\":1}")], &["rule.json:1: no rule"]),
        (&[("rule.ndjson", "{\"list_id\":\"l\"}\n")], &["rule.ndjson", "no rule"]),
    ];
    for (files, causes) in cases {
        let came = report(&case(files)?, &[])?;
        let error = came["error"].as_str().with_context(|| came.to_string())?;
        assert!(causes.iter().all(|cause| error.contains(cause)), "{causes:?}: {error}");
        assert_eq!(came["case"], "case");
    }
    let text = test(case(&[])?.path(), &[])?.expect_code(0)?;
    let built_in = "(0 alerts; rule DPKG Package Installed by Unusual Parent Process, built in)";
    assert!(text.text()?.contains(built_in), "{}", text.text()?);
    Ok(())
}

/// A case is the same whether it is named or found, as long as its rule lies in the
/// working directory.
#[test]
fn a_rule_above_the_named_case_is_found() -> Result<()> {
    let settings = ("settings.json", "{ // of something else\n}");
    let scratch = case(&[("rules/a.toml", ""), ("shell.toml", TOML), settings])?;
    let run = Firstseen::new("test")?.args(["--format", "json", "case"]).current_dir(scratch.path());
    let came: Value = serde_json::from_str(run.run(b"")?.expect_code(1)?.text()?)?;
    assert_eq!(came["rules"], json!([{"rule_id": "r", "name": "A Rule of TOML"}]));
    Ok(())
}

/// The built-in rule's JSON.
fn repository_rule() -> Result<Value> {
    let path = firstseen_tests::repository("guest/rules/dpkg_package_installed_by_unusual_parent_process.json");
    Ok(serde_json::from_str(&fs::read_to_string(&path).with_context(|| path.display().to_string())?)?)
}

fn with_member(rule: &Value, name: &str, value: Value) -> Result<String> {
    let mut rule = rule.clone();
    rule.as_object_mut().context("the rule is no object")?.insert(name.to_owned(), value);
    Ok(rule.to_string())
}
