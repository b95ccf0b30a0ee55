use firstseen_bench_common::rules;
use firstseen_guest::Engine as Guest;
use firstseen_guest::engine::{Context, Documents, Settings};
use proptest::prelude::*;
use rsigma_eval::{Engine, JsonEvent};
use serde_json::{Value, json};

use super::*;

fn kql(query: &str) -> Clause {
    rules::kql(query).unwrap()
}

fn eql(query: &str) -> Clause {
    rules::eql(&format!("any where {query}"), "event.category").unwrap().unwrap()
}

fn detection(clause: &Clause) -> Result<Value, Inexpressible> {
    let rule: Value = serde_json::from_str(&rule("t", clause)?).unwrap();
    Ok(rule["detection"].clone())
}

#[test]
fn conditions() {
    let cases = [
        ("user.name:root", json!({"s0": {"user.name|cased": "root"}, "condition": "s0"})),
        (
            "user.name:(a or b or c*d or *e*f)",
            json!({"s0": {"user.name|cased": ["a", "b", "c*d", "*e*f"]}, "condition": "s0"}),
        ),
        (
            "user.name:(a* or b* or *c or *d*)",
            json!({"s0": {"user.name|startswith|cased": ["a", "b"]}, "s1": {"user.name|endswith|cased": "c"},
                "s2": {"user.name|contains|cased": "d"}, "condition": "s0 or s1 or s2"}),
        ),
        (
            "user.name:a and not host.name:*",
            json!({"s0": {"host.name|exists": true}, "s1": {"user.name|cased": "a"}, "condition": "s1 and not s0"}),
        ),
        (
            "process.args:(a and b)",
            json!({"s0": {"process.args|cased": "a"}, "s1": {"process.args|cased": "b"}, "condition": "s1 and s0"}),
        ),
        (
            "not (user.name:a or host.name:b)",
            json!({"s0": {"user.name|cased": "a"}, "s1": {"host.name|cased": "b"}, "condition": "not (s0 or s1)"}),
        ),
        (
            "source.port >= 1024 and source.ip:10.0.0.0/8 and destination.port:80",
            json!({"s0": {"source.port|gte": 1024, "source.ip|cidr": "10.0.0.0/8", "destination.port": 80},
                "condition": "s0"}),
        ),
        (r"file.path:C\:\\a\*?", json!({"s0": {"file.path|cased": r"C:\\a\*\?"}, "condition": "s0"})),
        (r"file.path:*\\a\*?", json!({"s0": {"file.path|endswith|cased": r"\\a\*\?"}, "condition": "s0"})),
    ];
    for (query, expected) in cases {
        assert_eq!(detection(&kql(query)), Ok(expected), "{query}");
    }
}

#[test]
fn conditions_of_eql() {
    let cases = [
        (
            r#"user.name == "a" and user.id in ("b", "c*") and (host.name != "d" and true)"#,
            json!({"s0": {"host.name|cased": "d"}, "s1": {"user.name|cased": "a", "user.id|cased": ["b", r"c\*"]},
                "condition": "s1 and not s0"}),
        ),
        (
            r#"file.path : ("C:\\a?b*", "C:\\a*", "*\\b", "*\\c*", "*", "C:\\d")"#,
            json!({"s0": {"file.path": [r"C:\\a?b*", r"C:\\d"]}, "s1": {"file.path|startswith": r"C:\\a"},
                "s2": {"file.path|endswith": r"\\b"}, "s3": {"file.path|contains": r"\\c"},
                "s4": {"file.path|exists": true}, "condition": "s0 or s1 or s2 or s3 or s4"}),
        ),
        (
            r#"user.name like ("a?", "b") or user.name in~ ("a?", "b") or stringContains~(user.name, "c")"#,
            json!({"s0": {"user.name|cased": ["a?", "b"]}, "s1": {"user.name": [r"a\?", "b"]},
                "s2": {"user.name|contains": "c"}, "condition": "s0 or s1 or s2"}),
        ),
        (
            r#"process.pid >= 4 and cidrMatch(source.ip, "10.0.0.0/8", "::/8") and process.pid != 5"#,
            json!({"s0": {"process.pid": 5}, "s1": {"process.pid|gte": 4, "source.ip|cidr": ["10.0.0.0/8", "::/8"]},
                "condition": "s1 and not s0"}),
        ),
        (
            r#"process.args regex "-[a-z]*\\.x" and process.args regex~ ("ab", "c.")"#,
            json!({"s0": {"process.args|re": r"(?s)^(?:\-[a-z]*\.x)$"}, "s1": {"process.args|re": "(?si)^(?:ab|c.)$"},
                "condition": "s1 and s0"}),
        ),
        (r#"process.args regex~ "ab""#, json!({"s0": {"process.args": "ab"}, "condition": "s0"})),
    ];
    for (query, expected) in cases {
        assert_eq!(detection(&eql(query)), Ok(expected), "{query}");
    }
}

#[test]
fn a_list_is_one_of_its_conditions() {
    let equals = |value: &str| Condition::Equals { value: value.to_owned(), phrase: false };
    let clause = Clause::field("user.name", Condition::OneOf([equals("a"), equals("b")].into()));
    assert_eq!(detection(&clause), Ok(json!({"s0": {"user.name|cased": ["a", "b"]}, "condition": "s0"})));
}

#[test]
fn what_sigma_cannot_say() {
    let bounds = vec![(RangeOp::Gt, "1".to_owned()), (RangeOp::Lt, "5".to_owned())];
    let cases = [
        (kql("root"), Inexpressible::NoField),
        (kql("user.*:root"), Inexpressible::FieldPattern),
        (kql("dll.Ext.load:{ x:1 }"), Inexpressible::Nested),
        (kql("message:failed"), Inexpressible::Type),
        (kql("@timestamp > 2026"), Inexpressible::Type),
        (kql("user.name > a"), Inexpressible::Type),
        (kql("process.name.text:*"), Inexpressible::Type),
        (kql("user.name:null"), Inexpressible::Value),
        (kql("*"), Inexpressible::Constant),
        (eql("true"), Inexpressible::Constant),
        (eql("false"), Inexpressible::Constant),
        (eql(r#"user.name == "x" or process.name : "é*""#), Inexpressible::Case),
        (eql(r#"process.name in~ ("a", "é")"#), Inexpressible::Case),
        (eql(r#"process.name regex~ "[a-z]+""#), Inexpressible::Regex),
        (eql(r#"not length(process.name) > 3"#), Inexpressible::Computed),
        (eql("startsWith(process.name, user.name)"), Inexpressible::Computed),
        (Clause::field("process.pid", Condition::Range(bounds)), Inexpressible::Value),
    ];
    for (clause, cause) in cases {
        assert_eq!(detection(&clause), Err(cause), "{clause:?}");
    }
}

fn rsigma(text: &str) -> Engine {
    let mut engine = Engine::new();
    engine.add_collection(&rsigma_parser::parse_sigma_yaml(text).unwrap()).unwrap();
    engine
}

/// Both Sigma engines take what is written, and rsigma-eval judges as the query
/// does. sigma-rust does not look into arrays, so it sees events without them.
#[test]
fn engines_judge_as_queries_do() {
    let event = json!({"user": {"name": "Root"}, "process": {"args": ["dpkg", "-i", "*.deb"], "pid": 7,
        "executable": "/opt/a?b/x\\y"}, "source": {"ip": "10.1.2.3", "port": 443}});
    let flat = json!({"user": {"name": "Root"}, "process": {"args": "-i", "pid": 7, "executable": "/opt/a?b/x\\y"},
        "source": {"ip": "10.1.2.3", "port": 443}});
    let queries = [
        (kql("user.name:Root"), true),
        (kql("user.name:root"), false),
        (kql("user.name:(bob or Root)"), true),
        (kql("user.name:R*t and process.args:-i"), true),
        (kql("user.name:Root and not process.pid:7"), false),
        (kql("not (user.name:x or process.pid:8)"), true),
        (kql("host.name:* or source.ip:10.0.0.0/8"), true),
        (kql("not host.name:*"), true),
        (kql("source.port >= 443 and source.port < 444"), true),
        (kql(r#"process.executable:"/opt/a?b/x\\y""#), true),
        (kql(r#"process.executable:"/opt/aXb/x\\y""#), false),
        (kql(r#"process.executable:/opt/a?b*"#), true),
        (kql(r#"process.executable:*b/x\\y"#), true),
        (kql(r#"process.executable:*a?b*"#), true),
        (kql(r#"process.executable:*aXb*"#), false),
        (kql(r#"process.args:"\*.deb""#), false),
        (kql("(user.name:x or user.name:Root) and (process.pid:1 or (source.port:443 and not user.name:y))"), true),
        (eql(r#"user.name : "root""#), true),
        (eql(r#"user.name == "root""#), false),
        (eql(r#"user.name : ("x", "r??T")"#), true),
        (eql(r#"user.name like "r??t" or user.name like "R?t""#), false),
        (eql(r#"process.executable : "/OPT/*\\Y""#), true),
        (eql(r#"process.executable : "*/X\\y" and process.executable : "/OPT/A?B/*""#), true),
        (eql(r#"process.executable in ("/opt/aXb/x\\y", "/opt/a*")"#), false),
        (eql(r#"process.executable regex "/opt/a[?!]b/.+""#), true),
        (eql(r#"process.executable regex "/opt/a[?!]b/""#), false),
        (eql(r#"process.executable regex~ "/OPT/A\\?B/x\\\\Y""#), true),
        (eql(r#"process.args != "x" and not process.args : "-I""#), false),
        (eql(r#"host.name != "x" and source.port < 1024 and user.name != null"#), true),
    ];
    for (clause, expected) in queries {
        let text = rule("t", &clause).unwrap();
        let found = rsigma(&text).evaluate(&JsonEvent::borrow(&event)).len();
        assert_eq!(found == 1, expected, "rsigma-eval: {clause:?}\n{text}");
        let rule = sigma_rust::rule_from_yaml(&text).unwrap();
        let event = sigma_rust::Event::try_from(flat.clone()).unwrap();
        assert_eq!(rule.is_match(&event), expected, "sigma-rust: {clause:?}\n{text}");
    }
}

/// Whether a query finds an event, by the guest.
fn guest_finds(query: &str, event: &Value) -> bool {
    let rule = json!({
        "rule_id": "r", "version": 1, "name": "R", "description": "d", "type": "eql", "language": "eql",
        "from": "now-6m", "severity": "low", "risk_score": 1, "query": format!("any where {query}"),
    });
    let documents = Documents::of_rules(vec![("r".to_owned(), rule.to_string())]);
    let (mut guest, reports) = Guest::new(&documents, Settings::default());
    assert!(reports.rules.iter().all(Result::is_ok), "{query}: {:?}", reports.rules);
    guest.match_events(&event.to_string(), &Context::at(0)).unwrap().matches.len() == 1
}

fn literal() -> impl Strategy<Value = String> {
    r"[aAbK*?\\.]{0,4}".prop_map(|text| json!(text).to_string())
}

/// Lucene's patterns, and texts that are none.
fn regex() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        r"[aAbK.^$}\]-]",
        r"\\[.*?\\ds-]",
        r"\[\^?[abK0.*^$&~-]{0,3}\]",
        Just("[a-c0-9]".to_owned()),
        Just("()".to_owned()),
    ];
    let tree = atom.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), r"[*+?]|\{1,2\}|").prop_map(|(inner, repeated)| format!("({inner}){repeated}")),
            (inner.clone(), r"[*+?|]|").prop_map(|(inner, operator)| format!("{operator}{inner}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left}|{right}")),
            (inner.clone(), inner).prop_map(|(left, right)| left + &right),
        ]
    });
    tree.prop_map(|pattern| json!(pattern).to_string())
}

fn condition() -> impl Strategy<Value = String> {
    let name = "process[.]args|user[.]name";
    let leaf = prop_oneof![
        (name, "==|!=|:|like|like~", literal()).prop_map(|(name, op, text)| format!("{name} {op} {text}")),
        (name, ":|like~?|in~?", literal(), literal())
            .prop_map(|(name, op, one, other)| format!("{name} {op} ({one}, {other})")),
        (name, "(starts|ends)With~?", r"[aAb]{0,2}")
            .prop_map(|(name, function, text)| format!("{function}({name}, \"{text}\")")),
        (name, "regex~?", regex()).prop_map(|(name, op, text)| format!("{name} {op} {text}")),
        (name, "[!=]=").prop_map(|(name, op)| format!("{name} {op} null")),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            (inner.clone(), "and|or", inner.clone()).prop_map(|(left, op, right)| format!("({left} {op} {right})")),
            inner.prop_map(|negated| format!("not ({negated})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Line breaks aside, at which rsigma-eval ends a star.
    #[test]
    fn rsigma_judges_as_the_guest_does(
        query in condition(),
        name in r"[aAbK*?\\.0]{0,4}",
        args in proptest::collection::vec(r"[aAbK*?\\.\]^-]{0,4}", 0..3),
    ) {
        let parsed = rules::eql(&format!("any where {query}"), "event.category");
        prop_assume!(parsed.is_ok());
        let Ok(text) = rule("t", &parsed.unwrap().unwrap()) else { return Ok(()) };
        let event = if args.is_empty() {
            json!({"user": {"name": name}})
        } else {
            json!({"user": {"name": name}, "process": {"args": args}})
        };
        let found = rsigma(&text).evaluate(&JsonEvent::borrow(&event)).len();
        prop_assert_eq!(found == 1, guest_finds(&query, &event), "{}", text);
    }

    /// Whatever Lucene reads and is written for Rust finds the same texts.
    #[test]
    fn regexes_mean_the_same(pattern in regex(), ignore_case: bool, text in "[aAbBckK\u{212a}0.^$*?&~ \n\\]}-]{0,4}") {
        let pattern: String = serde_json::from_str(&pattern).unwrap();
        let Ok(lucene) = Regex::lucene(&pattern, ignore_case) else { return Ok(()) };
        let Some(written) = regex::of_lucene(&pattern, ignore_case) else { return Ok(()) };
        let rule = json!({"title": "t", "logsource": {}, "detection": {"s": {"f|re": written}, "condition": "s"}});
        let found = rsigma(&rule.to_string()).evaluate(&JsonEvent::borrow(&json!({"f": text}))).len();
        prop_assert_eq!(found == 1, lucene.matches(&text), "{}", written);
    }
}
