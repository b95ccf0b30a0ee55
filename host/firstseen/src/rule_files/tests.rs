use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use super::*;

fn write(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// The documents' names, and the problems, without the folder.
fn load(files: &[(&str, &str)]) -> (LoadedRules, Vec<String>, Vec<String>) {
    let folder = write(files);
    let loaded = load_rules(&[folder.path()]);
    let below = format!("{}/", folder.path().display());
    let names = loaded.rules.iter().map(|rule| rule.document_name().replace(&below, "")).collect();
    let problems = loaded.problems.iter().map(|problem| problem.to_string().replace(&below, "")).collect();
    (loaded, names, problems)
}

#[test]
fn an_export_of_kibanas_is_taken_apart() {
    let lines = [
        r#"{"id":"1","rule_id":"a","name":"A","type":"new_terms","query":"x:\"y\""}"#,
        "",
        r#"{"id":"2","rule_id":"b","name":"B","type":"eql"}"#,
        r#"{"list_id":"l","type":"detection","name":"L"}"#,
        r#"{"list_id":"l","item_id":"i","entries":[],"type":"simple"}"#,
        r#"{"id":"3","type":"action","attributes":{"actionTypeId":".email","name":"mail"}}"#,
        r#"{"exported_count":4,"exported_rules_count":2}"#,
        "",
    ];
    let (loaded, names, problems) = load(&[("export.ndjson", &lines.join("\n"))]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(names, ["export.ndjson:1", "export.ndjson:3"]);
    assert_eq!(loaded.connectors, 1);
    assert_eq!(loaded.exceptions.len(), 1);
    assert_eq!(loaded.exceptions[0].content, format!("\n\n\n{}\n{}\n", lines[3], lines[4]));
    let place = loaded.rules[0].place(Some("query"), Some(3)).to_string();
    let column = lines[0].find("y\\\"").unwrap() + 1;
    assert!(place.ends_with(&format!("export.ndjson:1:{column}")), "{place}");
}

#[test]
fn layouts_of_json() {
    let rule = |id: &str| format!("{{\"rule_id\": \"{id}\", \"query\": \"a:b\"}}");
    let (a, b) = (rule("a"), rule("b"));
    let cases = [
        ("r.json", a.clone(), vec!["r.json"]),
        ("r.json", "{\n  \"rule_id\": \"a\"\n}\n".to_owned(), vec!["r.json"]),
        ("r.json", format!("[{a}]"), vec!["r.json"]),
        ("r.json", format!("[\n  {a},\n  {b}\n]"), vec!["r.json:2", "r.json:3"]),
        ("r.json", format!("{a}\n{b}"), vec!["r.json:1", "r.json:2"]),
        ("r.ndjson", "{\n  \"rule_id\": \"a\"\n}\n".to_owned(), vec!["r.ndjson"]),
        ("r.json", format!("\u{feff}{{\"id\":\"x\",\"type\":\"security-rule\",\"attributes\":{a}}}"), vec!["r.json"]),
    ];
    for (name, content, expected) in cases {
        let (_, names, problems) = load(&[(name, &content)]);
        assert_eq!(names, expected, "{content}");
        assert_eq!(problems, [""; 0], "{content}");
    }
}

#[test]
fn one_fault_stops_nothing_else() {
    let a = r#"{"rule_id":"a"}"#;
    let b = r#"{"rule_id":"b"}"#;
    let cases = [
        (format!("{a}\nnope\n{b}"), "r.ndjson:1 r.ndjson:3", "r.ndjson:2:2: not JSON: expected ident"),
        (format!("{a}\n[1]\n{b}"), "r.ndjson:1 r.ndjson:3", "r.ndjson:2: no rule: it is not a JSON object; a rule is "),
        (format!("{a}\n{{}}\n{b}"), "r.ndjson:1 r.ndjson:3", "r.ndjson:2: no rule: the object has no rule_id; "),
        (format!("[{a},\n {b},\n {{\"c\":}}]"), "r.ndjson:1 r.ndjson:2", "r.ndjson:3:7: not JSON: expected value"),
        (format!("{a}\n{{\"type\":\"query\",\"name\":\"n\"}}"), "r.ndjson:1", "r.ndjson:2: rule_id: missing; give "),
        (format!("{a}\n{{\"rule_id\":1}}"), "r.ndjson:1", "r.ndjson:2: rule_id: not a string"),
        (
            format!("{a}\n{{\"rule_id\":\"c\",\"rule_id\":\"d\"}}"),
            "r.ndjson:1",
            "r.ndjson:2:24: not JSON: duplicate field",
        ),
        (format!("{a}\n{{\"rule_id\":\"\\ud800\"}}"), "r.ndjson:1", "r.ndjson:2:19: not JSON: "),
        (format!("{a}\n{b}\n{a}"), "r.ndjson:1 r.ndjson:2", "r.ndjson:3: rule_id a is that of the rule in "),
        (String::new(), "", "r.ndjson: no rule in it"),
        ("{\"exported_count\":0}".to_owned(), "", "r.ndjson: no rule in it"),
    ];
    for (content, expected, problem) in cases {
        let (_, names, problems) = load(&[("r.ndjson", &content)]);
        assert_eq!(names.join(" "), expected, "{content}");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(problem), "{content}: {}", problems[0]);
    }
}

#[test]
fn files_do_not_stop_each_other() {
    let toml = "[rule]\nrule_id = 'a'\n";
    let (loaded, names, problems) = load(&[
        ("1.toml", toml),
        ("2.toml", "[rule"),
        ("3.json", "{"),
        ("4.ndjson", "{\"rule_id\":\"b\"}"),
        ("5.toml", toml),
        ("README.md", "x"),
    ]);
    assert_eq!(names, ["1.toml", "4.ndjson"]);
    let places: Vec<&str> = problems.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["2.toml:1:6", "3.json:1:1", "5.toml:1"]);
    assert!(loaded.problems[2].to_string().contains("1.toml:1, and only that one is used"), "{problems:?}");
}

#[test]
fn paths_that_lead_nowhere_are_problems() {
    let folder = write(&[("notes.txt", "[rule]\nrule_id='a'"), ("empty/README", "")]);
    let path = |name: &str| folder.path().join(name);
    let loaded = load_rules(&[path("gone.toml"), path("empty"), path("notes.txt")]);
    let faults: Vec<_> = loaded.problems.iter().map(|problem| &problem.fault).collect();
    assert!(matches!(faults[..], [FileFault::Io(_), FileFault::NoFiles]), "{faults:?}");
    assert_eq!(loaded.rules.len(), 1);
    assert!(load_rules::<&Path>(&[]).problems.is_empty());
}

#[test]
fn json_bombs_end_soon() {
    let rule = |content: &str| format!("{{\"rule_id\":\"a\",\"x\":{content}}}");
    let nested = rule(&("[".repeat(400_000) + &"]".repeat(400_000)));
    let asset = "{\"type\":\"security-rule\",\"attributes\":";
    let cases = [
        ("open arrays", "[".repeat(10_000_000)),
        ("open objects", "{\"a\":".repeat(3_000_000)),
        ("nested", nested.clone()),
        ("nested in an array", format!("[{nested}]")),
        ("assets in assets", asset.repeat(20_000) + "1" + &"}".repeat(20_000)),
        ("many elements", rule(&format!("[{}1]", "1,".repeat(400_000)))),
        ("many records", "[".to_owned() + &"1,".repeat(5_000_000) + "1]"),
        ("many lines", "x\n".repeat(5_000_000)),
        ("many rules", (0..300_000).map(|id| format!("{{\"rule_id\":\"{id}\"}}\n")).collect()),
        (
            "many queries in a line",
            format!(
                "[{}1]",
                (0..20_000)
                    .map(|id| format!("{{\"rule_id\":\"{id}\",\"query\":\"{:500}\"}},", "a"))
                    .collect::<String>()
            ),
        ),
        ("one rule often", "{\"rule_id\":\"a\"}\n".repeat(300_000)),
        ("over the limit of a rule", rule(&format!("\"{}\"", "x".repeat(10 << 20)))),
        ("over the limit of a file", " ".repeat((64 << 20) + 1)),
    ];
    for (name, content) in cases {
        let start = Instant::now();
        let (loaded, _, problems) = load(&[("r.json", &content)]);
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{name}: {seconds:.2} s, {} rules, {} problems: {:?}",
            loaded.rules.len(),
            problems.len(),
            problems.first()
        );
        // A debug build on a busy machine; the time is some milliseconds else.
        assert!(seconds < 20.0, "{name}: {seconds} s");
        assert!(loaded.rules.len() <= RULES_MAX);
    }
}

#[test]
fn the_total_is_bounded() {
    let comment = format!("[rule]\nrule_id='a'\n#{}\n", "x".repeat(15 << 20));
    let files: Vec<(String, &str)> = (0..6).map(|number| (format!("{number}.json"), comment.as_str())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let (_, _, problems) = load(&files);
    // The four that are read are not JSON.
    assert_eq!(problems.len(), 5);
    assert!(problems[4].starts_with("4.json: here 64 MiB of text are exceeded"), "{}", problems[4]);
}

#[test]
fn the_corpus_loads() {
    let Some(corpus) = firstseen_tests::needs::corpus("elastic").unwrap() else { return };
    let start = Instant::now();
    let loaded = load_rules(&[&corpus]);
    let seconds = start.elapsed().as_secs_f64();
    let documents: Vec<Document> = loaded.rules.iter().map(FileRule::document).collect();
    let bytes: usize = documents.iter().map(|document| document.content.len()).sum();
    println!("{} rules, {bytes} bytes of JSON, in {seconds:.3} s", documents.len());

    assert_eq!(loaded.problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in &loaded.rules {
        *kinds.entry(rule.kind.as_deref().unwrap()).or_default() += 1;
    }
    let expected = [
        ("eql", 1020),
        ("esql", 208),
        ("machine_learning", 106),
        ("new_terms", 239),
        ("query", 454),
        ("threat_match", 6),
        ("threshold", 28),
    ];
    assert_eq!(kinds, BTreeMap::from(expected));
    for rule in &loaded.rules {
        let new_terms = rule.kind.as_deref() == Some("new_terms");
        let object = rule.object().unwrap();
        for field in ["new_terms_fields", "history_window_start"] {
            assert_eq!(object.contains_key(field), new_terms, "{}", rule.document_name());
        }
        let Some(query) = object.get("query").and_then(serde_json::Value::as_str) else { continue };
        // Every byte of every query is found in its file.
        let text = fs::read_to_string(&rule.path).unwrap();
        let last = query.trim_end().char_indices().next_back().unwrap();
        for (offset, character) in [query.char_indices().next().unwrap(), last] {
            let place = rule.place(Some("query"), Some(offset));
            let line = text.lines().nth(place.line - 1).unwrap();
            let written = line.chars().nth(place.column.unwrap() - 1);
            assert!(written == Some(character) || written == Some('\\'), "{place}: {line}");
        }
    }
}
