//! `firstseen rules`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use firstseen::is_printable;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::corpus;
use firstseen_tests::output::Ran;
use firstseen_tests::{data, golden};
use serde_json::{Value, json};

fn rules(path: &Path, arguments: &[&str]) -> Result<Ran> {
    Firstseen::new("rules")?.args(arguments).arg(path).run(b"")
}

fn objects(ran: &Ran) -> Result<Vec<Value>> {
    ran.text()?.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// The names of the rules that are found in the test data.
fn names(arguments: &[&str]) -> Result<Vec<String>> {
    let ran = rules(&data("rules-check"), &[arguments, &["--format", "json"]].concat())?;
    let found = objects(&ran)?;
    ran.expect_code(i32::from(found.is_empty()))?;
    let name = |rule: &Value| rule.get("name").and_then(Value::as_str).map(str::to_owned).context("no name");
    found.iter().map(name).collect()
}

#[test]
fn a_rule_a_line() -> Result<()> {
    let folder = data("rules-check");
    let ran = rules(&folder, &[])?.expect_code(0)?;
    golden::check_text("rules.txt", &ran.text()?.replace(&format!("{}/", folder.display()), ""))?;
    // What is no rule is told beside it.
    assert!(ran.stderr.contains("warning: not used: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("broken.toml:3:"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn one_for_reading() -> Result<()> {
    let folder = data("rules-check");
    let by_id = rules(&folder, &["--show", "11111111-0000-4000-8000-000000000001"])?.expect_code(0)?;
    golden::check_text("rule.txt", &by_id.text()?.replace(&format!("{}/", folder.display()), ""))?;
    let by_name = rules(&folder, &["-s", "shell by a WEB server"])?.expect_code(0)?;
    assert_eq!(by_name.text()?, by_id.text()?);
    let none = rules(&folder, &["--show", "Shell"])?.expect_code(1)?;
    assert_eq!(none.text()?, "");
    Ok(())
}

#[test]
fn filters() -> Result<()> {
    let shell = "Shell by a Web Server";
    let process = "logs-endpoint.events.process-default";
    let cases: [(&[&str], &[&str]); 20] = [
        (&["--tag", "OS: Linux"], &[shell]),
        (&["-t", "linux"], &[shell]),
        (&["--tag", "linux", "--tag", "EXECUTION"], &[shell]),
        (&["--tag", "linux", "--tag", "windows"], &[]),
        (&["--tag", "Lin"], &[]),
        (&["--technique", "t1059"], &[shell]),
        (&["--technique", "T1059.004"], &[shell]),
        (&["--technique", "unix shell"], &[shell]),
        (&["--technique", "T1059.001"], &[]),
        (&["--technique", "T105"], &[]),
        (&["--technique", "T1003", "--technique", "T1059"], &[shell]),
        (&["--technique", "TA0002"], &[]),
        (&["--tactic", "TA0002"], &[shell]),
        (&["--tactic", "execution"], &[shell]),
        (&["--tactic", "T1059"], &[]),
        (&["--type", "new_terms"], &[shell, "New This Week"]),
        (&["--type", "new_terms", "--type", "eql"], &["A Sequence", shell, "New This Week"]),
        (&["--name", "web", "--type", "new_terms"], &[shell]),
        (&["--type", "new_terms", "--index", process], &[shell, "New This Week"]),
        (&["--type", "new_terms", "--index", "logs-endpoint.events.file-default"], &["New This Week"]),
    ];
    for (arguments, expected) in cases {
        assert_eq!(names(arguments)?, expected, "{arguments:?}");
    }
    // No patterns take any index; a data view is elsewhere.
    let anywhere = names(&["--index", "nobody-s-index"])?;
    assert_eq!(anywhere, ["Switched Off", "Lucene", "Runs Too"]);
    Ok(())
}

#[test]
fn json_is_what_the_file_says() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let text = "[\n  {\n    \"rule_id\": \"a\",\r\n\t\"name\": \"A\u{9b}\",\n    \"risk_score\": 1.50,\n    \"x\": [1, 2]\n  }\n]";
    fs::write(scratch.path().join("pretty.json"), text)?;
    let ran = rules(scratch.path(), &["--format", "json"])?.expect_code(0)?;
    let line = ran.text()?.strip_suffix('\n').context("no line")?;
    assert!(!line.contains(char::is_control), "{line:?}");
    assert!(line.contains("1.50"), "{line}");
    assert_eq!(serde_json::from_str::<Value>(text)?, json!([serde_json::from_str::<Value>(line)?]));
    Ok(())
}

#[test]
fn what_it_writes_it_reads() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let first = rules(&data("rules-check"), &["--format", "json"])?.expect_code(0)?;
    let path = scratch.path().join("rules.ndjson");
    fs::write(&path, &first.stdout)?;
    let again = rules(&path, &["--format", "json"])?.expect_code(0)?;
    assert_eq!(again.text()?, first.text()?);
    assert_eq!(again.stderr, "");
    Ok(())
}

#[test]
fn files_are_named_once() -> Result<()> {
    let folder = data("rules-check");
    let ran = rules(&folder, &["--format", "files", "--type", "query"])?.expect_code(0)?;
    let files: Vec<&str> = ran.text()?.lines().filter_map(|path| path.rsplit('/').next()).collect();
    assert_eq!(files, ["deprecated.toml", "own.ndjson", "wildcard.toml", "wrong-query.toml"]);
    Ok(())
}

/// Spaces, newlines and what is not UTF-8 in names, for xargs -0.
#[test]
fn names_survive_with_null() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let names = [&b"a b.json"[..], b"c\n\x1b[31md.json", b"e\xff.json"];
    let mut expected = Vec::new();
    for (number, name) in names.into_iter().enumerate() {
        let path = scratch.path().join(OsStr::from_bytes(name));
        fs::write(&path, json!({"rule_id": number.to_string(), "name": "n", "type": "query"}).to_string())?;
        expected.extend_from_slice(path.as_os_str().as_bytes());
        expected.push(0);
    }
    for null in ["-0", "--null"] {
        let ran = rules(scratch.path(), &["--format", "files", null])?.expect_code(0)?;
        assert_eq!(ran.stdout, expected);
    }
    let wrong = rules(scratch.path(), &["-0"])?.expect_code(2)?;
    assert!(wrong.stderr.contains("--null goes with --format files"), "{}", wrong.stderr);
    Ok(())
}

/// One line a file, however many objects of other kinds it has.
#[test]
fn files_of_other_saved_objects_are_named_once() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rule = json!({"rule_id": "a", "name": "n", "type": "query"}).to_string();
    let dashboard = json!({"id": "d", "type": "dashboard", "attributes": {"title": "t"}}).to_string();
    let write = |name: &str, lines: &[&String]| {
        fs::write(scratch.path().join(name), lines.iter().flat_map(|line| [line, "\n"]).collect::<String>())
    };
    write("a.ndjson", &[&rule])?;
    write("b.ndjson", &vec![&dashboard; 500])?;
    write("c.ndjson", &[&dashboard, &dashboard, &rule.replace("\"a\"", "\"c\""), &dashboard])?;
    write("d.ndjson", &[&dashboard])?;
    let ran = rules(scratch.path(), &[])?.expect_code(0)?;
    assert_eq!(ran.text()?.lines().count(), 2, "{}", ran.text()?);
    let said: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(said.len(), 3, "{}", ran.stderr);
    for (line, text) in said.iter().zip([
        "b.ndjson:1: no rule: 500 objects, the first of them here (type dashboard), have no rule_id",
        "c.ndjson:1: no rule: 3 objects, the first of them here (type dashboard), have no rule_id",
        "d.ndjson:1: no rule: the object (type dashboard) has no rule_id",
    ]) {
        assert!(line.contains(text), "{line}");
    }
    Ok(())
}

/// Layouts that people have rules in.
#[test]
fn rules_are_found_in_any_layout() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rule = |id: &str| json!({"rule_id": id, "name": id, "type": "query"});
    let (a, b) = (rule("a"), rule("b"));
    let summary = json!({"exported_count": 2, "missing_rules_count": 1, "missing_exception_list_item_count": 0});
    let page = json!({"page": 1, "perPage": 20, "total": 2, "data": [a, b]});
    let partly = json!({"page": 1, "perPage": 2, "total": 57, "data": [a, b]});
    let cases = [
        (format!("{a}{b}\n"), ""),
        (format!("{a}\n{b}{summary}"), "the export says that it lacks some (rules: 1)"),
        (format!("{a}\n{b:#}\n"), ""),
        (format!("{a:#}{b:#}"), ""),
        (format!("{:#}\n", json!([a, b])), ""),
        (format!("{page:#}"), ""),
        (page.to_string(), ""),
        (partly.to_string(), "an answer of _find with 2 of 57 objects"),
    ];
    for (content, problem) in cases {
        for name in ["rules.json", "rules.ndjson", "rules"] {
            let path = scratch.path().join(name);
            fs::write(&path, &content)?;
            let ran = rules(&path, &["--format", "json"])?.expect_code(0)?;
            assert_eq!(objects(&ran)?.len(), 2, "{name}: {content}");
            match problem {
                "" => assert_eq!(ran.stderr, "", "{content}"),
                _ => assert!(ran.stderr.contains(problem) && ran.stderr.lines().count() == 1, "{}", ran.stderr),
            }
        }
    }
    Ok(())
}

#[test]
fn exit_codes() -> Result<()> {
    let folder = data("rules-check");
    rules(&folder, &["--tag", "no such tag"])?.expect_code(1)?;
    let missing = rules(&folder.join("missing"), &[])?.expect_code(2)?;
    assert!(missing.stderr.contains("missing: cannot be read"), "{}", missing.stderr);
    Firstseen::new("rules")?.run(b"")?.expect_code(64)?;
    rules(&folder, &["--tag", ""])?.expect_code(64)?;
    Ok(())
}

#[test]
fn files_cannot_speak_to_the_terminal() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let evil = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{200b}\u{2066}\u{feff}\u{e0041}\u{2028}\r\n\tx";
    let rule = json!({
        "rule_id": evil, "name": evil, "description": evil, "type": evil, "severity": evil, "query": evil,
        "index": [evil], "tags": [evil], "references": [evil], "false_positives": [evil], "note": evil, "setup": evil,
        "filters": [{"query": evil}], "threat": [{"framework": evil, "tactic": {"id": evil, "name": evil}}],
    });
    fs::write(scratch.path().join("evil\u{1b}.json"), rule.to_string())?;
    for arguments in [&[][..], &["--format", "json"], &["--format", "files"], &["--show", evil]] {
        let ran = rules(scratch.path(), arguments)?.expect_code(0)?;
        let harmful = ran.text()?.chars().find(|c| !is_printable(*c) && !"\n\t".contains(*c));
        assert!(harmful.is_none(), "{harmful:?} in {:?}", ran.text()?);
    }
    Ok(())
}

#[test]
fn the_corpus_is_listed_and_shown() -> Result<()> {
    let Some(folder) = corpus("elastic")? else { return Ok(()) };
    let all = objects(&rules(&folder, &["--format", "json"])?.expect_code(0)?)?;
    assert_eq!(rules(&folder, &[])?.text()?.lines().count(), all.len());
    let mut by_type = 0;
    let kind = |rule: &Value| rule.get("type").and_then(Value::as_str).map(str::to_owned);
    let kinds: std::collections::BTreeSet<String> = all.iter().filter_map(kind).collect();
    for kind in &kinds {
        by_type += rules(&folder, &["--type", kind])?.text()?.lines().count();
    }
    assert_eq!(by_type, all.len());

    let guide =
        |rule: &&Value| rule.get("note").is_some_and(|note| note.as_str().is_some_and(|note| note.len() > 4096));
    let Some(long) = all.iter().find(guide) else { return Ok(()) };
    let text = |member: &str| long.get(member).and_then(Value::as_str).context("not there");
    let shown = rules(&folder, &["--show", text("rule_id")?])?.expect_code(0)?;
    assert!(shown.text()?.contains(text("note")?.trim()), "{}", shown.text()?);
    Ok(())
}
