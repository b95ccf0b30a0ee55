use serde_json::json;

use super::*;

fn load(text: &str) -> Result<FileRule, String> {
    read(Path::new("a.toml"), text, 1 << 20, &|_| true).map_err(|problem| problem.to_string())
}

const NEW_TERMS: &str = r#"[metadata]
creation_date = "2023/03/27"
maturity = "production"

[transform]
[[transform.osquery]]
query = "SELECT 1"
label = "List"

[rule]
author = ["Elastic"]
description = """
First line
  and second.
"""
from = "now-9m"
index = ["logs-*"]
language = "kuery"
name = "N"
note = """
Guide

- $osquery_0
"""
risk_score = 21
rule_id = "r"
severity = "low"
type = "new_terms"
query = '''
host.os.type:linux and
  process.name:"a\b"
'''

[[rule.filters]]
[rule.filters.meta]
negate = true
[rule.filters.query.wildcard."file.path"]
case_insensitive = true
value = " ?:\\x "

[[rule.threat]]
framework = "MITRE ATT&CK"
[rule.threat.tactic]
id = "TA0003"

[rule.new_terms]
field = "new_terms_fields"
value = ["a", "b"]
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-5d"
[[rule.new_terms.history_window_start]]
field = "history_window_start"
value = "now-9d"
"#;

#[test]
fn a_new_terms_rule_becomes_what_kibana_takes() {
    let rule = load(NEW_TERMS).unwrap();
    let expected = json!({
        "author": ["Elastic"],
        "description": "First line and second.",
        "filters": [{
            "meta": {"negate": true},
            "query": {"wildcard": {"file.path": {"case_insensitive": true, "value": " ?:\\x "}}},
        }],
        "from": "now-9m",
        "history_window_start": "now-5d",
        "immutable": true,
        "index": ["logs-*"],
        "language": "kuery",
        "name": "N",
        "new_terms_fields": ["a", "b"],
        "note": "Guide\n\n- !{osquery{\"label\":\"List\",\"query\":\"SELECT 1\"}}\n",
        "query": "host.os.type:linux and\n  process.name:\"a\\b\"\n",
        "risk_score": 21,
        "rule_id": "r",
        "rule_source": {"type": "external", "is_customized": false},
        "severity": "low",
        "threat": [{"framework": "MITRE ATT&CK", "tactic": {"id": "TA0003"}, "technique": []}],
        "type": "new_terms",
    });
    let object = rule.object().unwrap();
    assert!(object.keys().is_sorted(), "{:?}", object.keys());
    assert_eq!(Value::Object(object), expected);
    assert_eq!((rule.rule_id.as_str(), rule.line), ("r", 10));
    assert_eq!((rule.name.as_deref(), rule.kind.as_deref()), (Some("N"), Some("new_terms")));
    assert_eq!(rule.document().name, "a.toml");
    assert_eq!(serde_json::from_str::<Value>(&rule.document().content).unwrap(), expected);
}

#[test]
fn a_byte_of_the_query_has_a_line_and_a_column() {
    let rule = load(NEW_TERMS).unwrap();
    let object = rule.object().unwrap();
    let query = object["query"].as_str().unwrap();
    let line = NEW_TERMS.lines().position(|line| line.starts_with("host.os")).unwrap() + 1;
    let cases = [
        (Some("query"), Some(0), format!("a.toml:{line}:1")),
        (Some("query"), query.find("process"), format!("a.toml:{}:3", line + 1)),
        (Some("query"), None, format!("a.toml:{line}")),
        (Some("query"), Some(10_000), format!("a.toml:{line}")),
        (Some("from"), Some(3), "a.toml:10".to_owned()),
        (None, None, "a.toml:10".to_owned()),
    ];
    for (field, offset, expected) in cases {
        assert_eq!(rule.place(field, offset).to_string(), expected, "{field:?} {offset:?}");
    }
}

#[test]
fn windows_line_ends_change_nothing() {
    let rule = load(&NEW_TERMS.replace('\n', "\r\n")).unwrap();
    let same = load(NEW_TERMS).unwrap();
    assert_eq!(rule.json, same.json);
    assert_eq!(rule.place(Some("query"), Some(30)), same.place(Some("query"), Some(30)));
}

#[test]
fn forms_of_a_rule() {
    let cases = [
        // The flat form of the API, in a table or as the whole file.
        (
            "[rule]\nrule_id='r'\nnew_terms_fields=['a']\nhistory_window_start='now-1d'",
            json!({"history_window_start": "now-1d", "new_terms_fields": ["a"], "rule_id": "r"}),
        ),
        ("rule_id='r'\nname='n'\n[metadata]\nmaturity='x'", json!({"name": "n", "rule_id": "r"})),
        (
            "[rule]\nrule_id='r'\nnew_terms_fields=['a']\n[rule.new_terms]\nvalue=['b']\nhistory_window_start=['now-2d']",
            json!({"history_window_start": "now-2d", "new_terms_fields": ["a"], "rule_id": "r"}),
        ),
        (
            "[rule]\nrule_id='r'\n[rule.new_terms]\nvalue='b'\nhistory_window_start='now-2d'",
            json!({"history_window_start": "now-2d", "new_terms_fields": "b", "rule_id": "r"}),
        ),
        ("[rule]\nrule_id='r'\n[rule.new_terms]\n", json!({"rule_id": "r"})),
        // Values of every kind.
        (
            "[rule]\nrule_id='r'\na=2023-03-27\nb=2023-03-27T01:02:03Z\nc=0x10\nd=1.5\ne=-1_000\nf=[true,[]]\ng={h=1}",
            json!({
                "a": "2023-03-27", "b": "2023-03-27T01:02:03Z", "c": 16, "d": 1.5, "e": -1000, "f": [true, []],
                "g": {"h": 1}, "rule_id": "r",
            }),
        ),
        (
            "[rule]\nrule_id='r'\n[rule.threshold]\nfield=['a']\nvalue=5\n[rule.alert_suppression.duration]\nvalue=5",
            json!({
                "alert_suppression": {"duration": {"value": 5}}, "rule_id": "r",
                "threshold": {"field": ["a"], "value": 5},
            }),
        ),
        // Texts outside query, note and setup are one line.
        (
            "[rule]\nrule_id='r'\nfalse_positives=['''\n a\n\n b ''']\nsetup=' s '\nquery=' q '",
            json!({"false_positives": ["a  b"], "query": " q ", "rule_id": "r", "setup": " s "}),
        ),
    ];
    for (text, expected) in cases {
        let mut object = load(text).unwrap().object().unwrap();
        assert_eq!(object.remove("immutable"), Some(json!(true)), "{text}");
        assert_eq!(object.remove("rule_source"), Some(prebuilt()), "{text}");
        assert_eq!(Value::Object(object), expected, "{text}");
    }
}

#[test]
fn a_file_may_say_where_its_rule_comes_from() {
    let rule = load("[rule]\nrule_id='r'\nimmutable=false\nrule_source={type='internal'}").unwrap();
    let expected = json!({"immutable": false, "rule_id": "r", "rule_source": {"type": "internal"}});
    assert_eq!(Value::Object(rule.object().unwrap()), expected);
}

#[test]
fn maturity_and_enabled() {
    let cases = [
        ("production", "", None, false),
        ("development", "", None, false),
        ("production", "enabled=false", None, false),
        ("deprecated", "", Some(false), true),
        ("deprecated", "enabled=true", Some(false), true),
    ];
    for (maturity, line, enabled, deprecated) in cases {
        let rule = load(&format!("[metadata]\nmaturity='{maturity}'\n[rule]\nrule_id='r'\n{line}")).unwrap();
        let found = (rule.object().unwrap().get("enabled").and_then(Value::as_bool), rule.deprecated);
        assert_eq!(found, (enabled, deprecated), "{maturity} {line}");
    }
}

#[test]
fn faults_have_a_place_and_a_cause() {
    let cases = [
        ("[rule]\nname = \n", "a.toml:2:8: not TOML: "),
        ("[rule]\na=1\na=2", "a.toml:3:1: not TOML: duplicate key"),
        ("rule = 1", "a.toml:1:8: no rule: `rule` is a TOML integer"),
        ("[metadata]\n[hunt]", "a.toml: no rule: there is no [rule] table; a rule is "),
        ("", "a.toml: no rule: "),
        ("\n[rule]\nname='n'", "a.toml:2:1: rule_id: missing; give it one"),
        ("[rule]\nrule_id=''", "a.toml:1:1: rule_id: empty"),
        ("[rule]\nrule_id=1", "a.toml:1:1: rule_id: not a string"),
        ("[rule]\nrule_id='r'\nnew_terms=1", "a.toml:3:11: new_terms: not a table"),
        ("[rule]\nrule_id='r'\n[rule.new_terms]\nfield='name'", "a.toml:3:1: new_terms: its `field` must be"),
        ("[rule]\nrule_id='r'\na=nan", "a.toml:3:3: not JSON: nan is no number there"),
        (
            "[rule]\nrule_id='r'\na=[9223372036854775808]",
            "a.toml:3:4: not JSON: 9223372036854775808 is no number there",
        ),
    ];
    for (text, expected) in cases {
        let problem = load(text).unwrap_err();
        assert!(problem.starts_with(expected), "{text}: {problem}");
    }
}

#[test]
fn bombs_end_soon() {
    let table = |content: String| format!("[rule]\nrule_id='r'\n{content}");
    let cases = [
        ("nested arrays", table(format!("a={}", "[".repeat(500_000)))),
        ("closed nested arrays", table(format!("a={}{}", "[".repeat(250_000), "]".repeat(250_000)))),
        ("nested inline tables", table(format!("a={}1{}", "{b=".repeat(100_000), "}".repeat(100_000)))),
        ("a long dotted key", table(format!("a{}=1", ".b".repeat(250_000)))),
        ("a long header", format!("[a{}]", ".b".repeat(250_000))),
        ("many elements", table(format!("a=[{}]", "1,".repeat(500_000)))),
        ("many tables", "[[rule]]\n".repeat(100_000)),
        ("many keys", table((0..80_000).map(|key| format!("k{key}=1\n")).collect())),
        ("many errors", table("= \"\\q\n".repeat(100_000))),
        ("many dotted keys", table((0..40_000).map(|key| format!("a.b.c.d.e.f{key}=1\n")).collect())),
        (
            "deep tables",
            table((0..79).map(|depth| format!("[rule{}]\nz={{a={{a=1}}}}\n", ".b".repeat(depth))).collect()),
        ),
        ("a long text", table(format!("a=\"\"\"{}\"\"\"", "\\n".repeat(500_000)))),
        ("a long line of quotes", table(format!("a='''{}", "''\n".repeat(300_000)))),
        ("over the limit", table(format!("a='{}'", "x".repeat(10 << 20)))),
        (
            "a growing guide",
            format!(
                "[rule]\nrule_id='r'\nnote='{}'\n[[transform.osquery]]\na='{}'",
                "$osquery_0".repeat(40_000),
                "x".repeat(500_000)
            ),
        ),
    ];
    for (name, text) in cases {
        let start = std::time::Instant::now();
        let result = load(&text).map(|rule| rule.json.len());
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {seconds:.2} s, {result:?}");
        // A debug build on a busy machine; the time is some milliseconds else.
        assert!(seconds < 10.0, "{name}: {seconds} s");
    }
}

#[test]
fn of_a_type_that_does_not_run_the_head_is_enough() {
    let read = |text: &str, kind: &str| read(Path::new("a.toml"), text, 1 << 20, &|other| other != kind).unwrap();
    let whole = load(NEW_TERMS).unwrap();
    let head = read(NEW_TERMS, "new_terms");
    assert_eq!((&head.rule_id, &head.name, &head.kind), (&whole.rule_id, &whole.name, &whole.kind));
    assert_eq!(head.line, whole.line);
    assert_eq!(head.json, r#"{"name":"N","rule_id":"r","type":"new_terms"}"#);
    assert_eq!(read(NEW_TERMS, "eql").json, whole.json);
    for (from, to) in [
        ("name = \"N\"", "name = \"\\u004E\""),
        ("maturity = \"production\"", "maturity = \"deprecated\""),
        ("risk_score = 21", "exceptions_list = []"),
    ] {
        let text = NEW_TERMS.replace(from, to);
        assert_eq!(read(&text, "new_terms").json, load(&text).unwrap().json, "{to}");
    }
}
