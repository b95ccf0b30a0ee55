use firstseen_query::{FieldType, Mapping, Program};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::{Projection, Slots, scan};

/// Does an event meet a clause?
pub(crate) fn holds(clause: &firstseen_query::Clause, mapping: &Mapping, event: &Value) -> bool {
    let mut projection = Projection::default();
    let program = Program::compile(clause, mapping, &mut projection).unwrap();
    let line = event.to_string();
    let mut slots = Slots::new(&projection, 0);
    scan(&line, &mut slots).unwrap();
    program.matches(&slots)
}

fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    for name in ["host.name", "host.os.type", "process.executable", "process.args", "code.subject", "code.trusted"] {
        mapping.insert(name, FieldType::KEYWORD);
    }
    let caseless = FieldType::Keyword { ignore_above: Some(1024), lowercase: true };
    mapping.insert_multi("host.os.name.caseless", "host.os.name", caseless);
    mapping.insert("source.ip", FieldType::Ip);
    mapping.insert("process.pid", FieldType::Number(firstseen_query::NumberType::Long));
    mapping.insert("message", FieldType::Text);
    mapping.insert("code", FieldType::Nested);
    mapping
}

/// NDJSON of a list `l` with items of these members.
fn ndjson(items: &[Value]) -> String {
    let mut lines = vec![json!({"list_id": "l", "type": "detection", "name": "L", "namespace_type": "single"})];
    for item in items {
        let mut item = item.clone();
        item["list_id"] = json!("l");
        lines.push(item);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn rule() -> Map<String, Value> {
    let list = json!({"id": "x", "list_id": "l", "type": "detection", "namespace_type": "single"});
    Map::from_iter([("exceptions_list".to_owned(), json!([list]))])
}

fn exceptions(items: &[Value], value_lists: &[(&str, &str)]) -> Result<RuleExceptions, DocumentError> {
    let mut lists = ExceptionLists::default();
    lists.read(&ndjson(items))?;
    for (id, content) in value_lists {
        lists.read_value_list(id, content);
    }
    lists.of_rule(&rule())
}

fn entry(field: &str, kind: &str, operator: &str, value: Value) -> Value {
    json!({"field": field, "type": kind, "operator": operator, "value": value})
}

fn is(field: &str, value: &str) -> Value {
    entry(field, "match", "included", json!(value))
}

const NOW_MS: i64 = 1_795_521_600_000; // 2026-11-24T12:00:00Z

#[test]
fn what_an_author_probably_does_not_mean() {
    let escaped = "`: an escaped star stands for itself";
    let cases = [
        ("wildcard", json!(r"C:\Users\*"), Some(escaped)),
        ("wildcard", json!(r"*\Temp\*"), Some(escaped)),
        ("wildcard", json!(r"C:\Users\x*"), Some("a backslash only takes the meaning")),
        ("wildcard", json!("/opt/ci"), Some("there is no wildcard in it")),
        ("wildcard", json!(r"what\?"), Some("there is no wildcard in it")),
        ("wildcard", json!(r"C:\\Users\\*"), None),
        ("wildcard", json!(r"/opt\/?"), None),
        ("match", json!("/opt/*"), Some("a star stands for itself; for a pattern")),
        ("match_any", json!(["/x", r"C:\x\*"]), Some("a star stands for itself; for a pattern")),
        ("match", json!("*"), None),
        ("match", json!("a*b"), None),
    ];
    for (kind, value, expected) in cases {
        let entry = entry("process.executable", kind, "included", value.clone());
        let nested = json!({"field": "code", "type": "nested", "entries": [entry.clone()]});
        for entries in [json!([entry]), json!([nested])] {
            let hints = exceptions(&[json!({"entries": entries})], &[]).unwrap().hints;
            let is_as_expected = match expected {
                Some(expected) => hints.len() == 1 && hints[0].contains(expected),
                None => hints.is_empty(),
            };
            assert!(is_as_expected, "{kind} {value}: {hints:?}");
        }
    }
    let many: Vec<Value> = (0..30).map(|n| json!({"entries": [is("user.name", &format!("{n}*"))]})).collect();
    assert_eq!(exceptions(&many, &[]).unwrap().hints.len(), 10);
}

#[test]
fn which_events_are_excepted() {
    let event = json!({
        "host": {"name": "h1", "os": {"type": "linux"}}, "source": {"ip": "10.1.2.3"},
        "process": {"args": ["dpkg", "-i", "a.deb"], "executable": "/opt/ci/Runner", "pid": 42},
        "message": "Accepted password for root",
    });
    let executable = |kind: &str, operator: &str, value: Value| entry("process.executable", kind, operator, value);
    let cases = [
        (json!([executable("match", "included", json!("/opt/ci/Runner"))]), true),
        (json!([executable("match", "included", json!("/opt/ci/runner"))]), false),
        (json!([executable("match", "included", json!("/opt/ci/*"))]), false),
        (json!([executable("match", "excluded", json!("/usr/bin/apt"))]), true),
        (json!([executable("match", "excluded", json!("/opt/ci/Runner"))]), false),
        (json!([entry("file.path", "match", "excluded", json!("x"))]), true),
        (json!([is("process.args", "-i")]), true),
        (json!([entry("process.args", "match", "excluded", json!("-i"))]), false),
        (json!([is("process.pid", "42")]), true),
        (json!([is("source.ip", "10.0.0.0/8")]), true),
        (json!([is("source.ip", "11.0.0.0/8")]), false),
        (json!([is("message", "accepted PASSWORD")]), true),
        (json!([is("message", "password accepted")]), false),
        (json!([executable("match_any", "included", json!(["/x", "/opt/ci/Runner"]))]), true),
        (json!([executable("match_any", "included", json!(["/x", "/y"]))]), false),
        (json!([executable("match_any", "excluded", json!(["/x", "/y"]))]), true),
        (json!([executable("match_any", "excluded", json!(["/opt/ci/Runner"]))]), false),
        (json!([{"field": "file.path", "type": "exists", "operator": "included"}]), false),
        (json!([{"field": "file.path", "type": "exists", "operator": "excluded"}]), true),
        (json!([{"field": "process.args", "type": "exists", "operator": "included"}]), true),
        (json!([executable("wildcard", "included", json!("/opt/*/Runner"))]), true),
        (json!([executable("wildcard", "included", json!("/opt/c?/Runner"))]), true),
        (json!([executable("wildcard", "included", json!("/opt/c?/runner"))]), false),
        (json!([executable("wildcard", "included", json!("*/opt"))]), false),
        (json!([executable("wildcard", "included", json!(r"/opt\/*"))]), true),
        (json!([executable("wildcard", "excluded", json!("/usr/*"))]), true),
        (json!([is("host.name", "h1"), is("process.executable", "/opt/ci/Runner")]), true),
        (json!([is("host.name", "h1"), is("process.executable", "/nope")]), false),
    ];
    for (entries, expected) in cases {
        let exceptions = exceptions(&[json!({"entries": entries})], &[]).unwrap();
        assert_eq!(holds(&exceptions.always().unwrap(), &mapping(), &event), expected, "{entries}");
        assert_eq!(holds(&exceptions.at(NOW_MS), &mapping(), &event), expected, "{entries}");
        assert!(exceptions.warnings.is_empty() && exceptions.expiring().is_empty());
    }
}

#[test]
fn one_item_is_enough() {
    let items = [json!({"entries": [is("host.name", "a")]}), json!({"entries": [is("host.name", "b")]})];
    let exceptions = exceptions(&items, &[]).unwrap();
    for (name, expected) in [("a", true), ("b", true), ("c", false)] {
        assert_eq!(holds(&exceptions.at(NOW_MS), &mapping(), &json!({"host": {"name": name}})), expected);
    }
}

#[test]
fn operating_systems() {
    let item = |systems: Value| json!({"os_types": systems, "entries": [is("host.name", "h")]});
    for (systems, os, expected) in [
        (json!(["windows", "linux"]), json!({"type": "linux"}), true),
        (json!(["windows"]), json!({"type": "linux"}), false),
        (json!(["macos", "windows"]), json!({"name": "Windows"}), true),
        (json!(["linux"]), json!({"name": "Windows"}), false),
        (json!(["linux"]), json!({}), false),
        (json!([]), json!({}), true),
        (json!(null), json!({}), true),
    ] {
        let clause = exceptions(&[item(systems.clone())], &[]).unwrap().at(NOW_MS);
        assert_eq!(holds(&clause, &mapping(), &json!({"host": {"name": "h", "os": os}})), expected, "{systems} {os}");
        assert!(!holds(&clause, &mapping(), &json!({"host": {"name": "other", "os": os}})));
    }
}

#[test]
fn expiry_is_exact() {
    let item = |time: &str, name: &str| json!({"expire_time": time, "entries": [is("host.name", name)]});
    let items = [
        item("2026-11-24T12:00:00.000Z", "a"),
        item("2026-11-24T13:00:00.000+01:00", "b"),
        item("2026-11-24T12:00:00.001Z", "c"),
        item("", "d"),
    ];
    let exceptions = exceptions(&items, &[]).unwrap();
    let times: Vec<i64> = exceptions.expiring().iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [NOW_MS, NOW_MS + 1]);
    for (name, now_ms, expected) in [
        ("a", NOW_MS - 1, true),
        ("a", NOW_MS, true),
        ("a", NOW_MS + 1, false),
        ("b", NOW_MS, true),
        ("b", NOW_MS + 1, false),
        ("c", NOW_MS + 1, true),
        ("c", NOW_MS + 2, false),
        ("d", i64::MAX, true),
    ] {
        let event = json!({"host": {"name": name}});
        assert_eq!(holds(&exceptions.at(now_ms), &mapping(), &event), expected, "{name} {now_ms}");
        let up_to = exceptions.expiring().into_iter().filter(|(expires_ms, _)| *expires_ms >= now_ms);
        let clauses: Vec<_> = exceptions.always().into_iter().chain(up_to.map(|(_, clause)| clause)).collect();
        assert_eq!(clauses.iter().any(|clause| holds(clause, &mapping(), &event)), expected, "{name} {now_ms}");
    }
}

#[test]
fn nested_entries_are_about_one_object() {
    let nested = |entries: Value| json!({"entries": [{"field": "code", "type": "nested", "entries": entries}]});
    let event = json!({"code": [{"subject": "A", "trusted": "true"}, {"subject": "B", "trusted": "false"}]});
    for (entries, expected) in [
        (json!([is("subject", "A"), is("trusted", "false")]), false),
        (json!([is("subject", "A"), is("trusted", "true")]), true),
        (json!([is("subject", "B"), entry("trusted", "match", "excluded", json!("true"))]), true),
        (json!([entry("subject", "match_any", "excluded", json!(["A", "B"]))]), false),
    ] {
        let clause = exceptions(&[nested(entries.clone())], &[]).unwrap().at(NOW_MS);
        assert_eq!(holds(&clause, &mapping(), &event), expected, "{entries}");
    }
    let unmapped = exceptions(&[nested(json!([is("subject", "A")]))], &[]).unwrap();
    let error = unmapped.check(&Mapping::default()).unwrap_err();
    assert!(error.cause.starts_with("an exception item without a name of the list `l`: "), "{error}");
    assert!(unmapped.check(&mapping()).is_ok());
}

#[test]
fn value_lists() {
    let list = |field: &str, kind: &str, operator: &str| {
        json!({"name": "n", "entries": [{"field": field, "type": "list", "operator": operator,
                                         "list": {"id": "v", "type": kind}}]})
    };
    let event = json!({"host": {"name": "web 1"}, "source": {"ip": "10.1.2.3"}});
    for (field, kind, operator, content, expected) in [
        ("host.name", "keyword", "included", "db\r\nweb 1\r\n\r\n", true),
        ("host.name", "keyword", "included", "\u{feff}web 1", true),
        ("host.name", "keyword", "included", "web\nweb 1 \nWEB 1\n", false),
        ("host.name", "keyword", "excluded", "db\n", true),
        ("host.name", "keyword", "excluded", "web 1\n", false),
        ("file.path", "keyword", "excluded", "web 1\n", true),
        ("host.name", "keyword", "included", "", false),
        ("host.name", "keyword", "included", "web 1-web 2", false),
        ("source.ip", "ip", "included", "10.1.2.4\n 10.1.2.3 \n", true),
        ("source.ip", "ip", "included", "10.1.2.4\n", false),
        ("source.ip", "ip_range", "included", "10.1.2.0-10.1.2.2\n10.1.2.3-10.1.2.9\n", true),
        ("source.ip", "ip_range", "included", "10.1.2.4 - 10.1.2.9\n", false),
        ("source.ip", "ip_range", "included", "10.1.0.0/16\n11.0.0.0-12.0.0.0", true),
        ("source.ip", "ip_range", "excluded", "10.1.0.0/16\n11.0.0.0-12.0.0.0", false),
        ("source.ip", "ip_range", "excluded", "11.0.0.0-12.0.0.0", true),
        ("source.ip", "ip_range", "included", "", false),
    ] {
        let exceptions = exceptions(&[list(field, kind, operator)], &[("v", content)]).unwrap();
        assert!(exceptions.warnings.is_empty());
        let found = holds(&exceptions.at(NOW_MS), &mapping(), &event);
        assert_eq!(found, expected, "{field} {kind} {operator} {content:?}");
    }
    let address = exceptions(&[list("source.ip", "ip", "included")], &[("v", "no address")]).unwrap();
    assert!(address.check(&mapping()).is_err());
}

#[test]
fn value_lists_that_kibana_does_not_search_with() {
    let list = |kind: &str| {
        json!({"name": "big", "entries": [{"field": "source.ip", "type": "list", "operator": "included",
                                           "list": {"id": "v", "type": kind}}]})
    };
    let ranges =
        |count: usize| (0..count).map(|number| format!("10.0.{number}.0-10.0.{number}.9\n")).collect::<String>();
    let values = |count: usize| (0..count).map(|number| format!("{number}\n")).collect::<String>();
    for (kind, content, applied) in [
        ("text", "x".to_owned(), false),
        ("ip_range", ranges(200), true),
        ("ip_range", ranges(201), false),
        ("keyword", ranges(201), true),
        ("keyword", values(65_536), true),
        ("keyword", values(65_537), false),
    ] {
        let exceptions = exceptions(&[list(kind)], &[("v", &content)]).unwrap();
        assert_eq!((exceptions.items.len(), exceptions.warnings.len()), (usize::from(applied), usize::from(!applied)));
        assert!(exceptions.warnings.iter().all(|warning| warning.contains("`big`")), "{:?}", exceptions.warnings);
    }
}

#[test]
fn what_is_missing_refuses_the_rule() {
    let list = json!({"entries": [{"field": "a", "type": "list", "operator": "included",
                                   "list": {"id": "v", "type": "keyword"}}]});
    let error = exceptions(&[list], &[]).unwrap_err();
    assert!(error.cause.contains("`v`") && error.cause.contains("--value-list"), "{error}");

    let mut lists = ExceptionLists::default();
    let error = lists.of_rule(&rule()).unwrap_err();
    assert_eq!(error.field, Some("exceptions_list"));
    assert!(error.cause.contains("`l`") && error.cause.contains("--exceptions"), "{error}");

    // A list of all spaces is another one.
    lists.read(r#"{"list_id":"l","namespace_type":"agnostic"}"#).unwrap();
    assert!(lists.of_rule(&rule()).is_err());
    lists.read(r#"{"list_id":"l"}"#).unwrap();
    assert!(lists.of_rule(&rule()).unwrap().items.is_empty());
}

#[test]
fn what_a_rule_may_name() {
    let of_rule = |exceptions_list: Value| {
        ExceptionLists::default().of_rule(json!({"exceptions_list": exceptions_list}).as_object().unwrap())
    };
    let endpoint =
        json!({"id": "endpoint_list", "list_id": "endpoint_list", "namespace_type": "agnostic", "type": "endpoint"});
    let exceptions = of_rule(json!([endpoint.clone(), endpoint])).unwrap();
    assert!(exceptions.items.is_empty());
    assert_eq!(exceptions.warnings.len(), 1);
    for nothing in [json!([]), json!(null)] {
        assert!(of_rule(nothing).unwrap().warnings.is_empty());
    }
    for wrong in
        [json!({}), json!([1]), json!([{}]), json!([{"list_id": 1}]), json!([{"list_id": "l", "namespace_type": "x"}])]
    {
        assert_eq!(of_rule(wrong.clone()).unwrap_err().field, Some("exceptions_list"), "{wrong}");
    }
}

#[test]
fn several_documents_make_one_set() {
    let item = json!({"item_id": "i", "name": "n", "entries": [is("host.name", "a")], "comments": [{"comment": "c"}],
                      "tags": ["t"], "meta": {}, "type": "simple", "created_at": "2026"});
    let mut lists = ExceptionLists::default();
    let export = format!("{}{}\n", ndjson(std::slice::from_ref(&item)), json!({"exported_exception_list_count": 1}));
    lists.read(&export).unwrap();
    // The list again, in a rule's export, with one item more.
    let mut later = item.clone();
    later["created_at"] = json!("2027");
    let other = json!({"item_id": "j", "entries": [is("host.name", "b")]});
    let rule_line = json!({"rule_id": "r", "type": "query", "list_id": "never looked at"});
    let connector = json!({"type": "action", "id": "c", "attributes": {}});
    lists.read(&format!("{rule_line}\n{}{connector}\n", ndjson(&[later, other]))).unwrap();
    assert_eq!(lists.of_rule(&rule()).unwrap().items.len(), 2);

    let mut changed = item;
    changed["entries"] = json!([is("host.name", "c")]);
    let third = json!({"item_id": "k", "entries": [is("host.name", "d")]});
    let error = lists.read(&ndjson(&[third, changed])).unwrap_err();
    assert!(error.cause.starts_with("line 3: the exception item `n` of the list `l` is known already"), "{error}");
    // Nothing of a document that is wrong.
    assert_eq!(lists.of_rule(&rule()).unwrap().items.len(), 2);

    let array = json!([{"list_id": "m"}, {"list_id": "m", "entries": [is("a", "b")]}]);
    lists.read(&array.to_string()).unwrap();
    lists.read("\u{20}\n").unwrap();
}

#[test]
fn faults_have_their_place() {
    let item = |entry: Value| json!({"list_id": "l", "entries": [entry]}).to_string();
    let lists = json!({"field": "a", "type": "list", "operator": "included", "list": {"id": "v", "type": "keyword"}});
    for (line, cause) in [
        ("{\"list_id\": }".to_owned(), "not JSON"),
        ("5".to_owned(), "not an object"),
        ("{}".to_owned(), "neither an exception list"),
        (json!({"list_id": 5}).to_string(), "`list_id`"),
        (json!({"list_id": "l", "namespace_type": "some"}).to_string(), "`namespace_type`"),
        (json!({"item_id": "i", "list_id": "l"}).to_string(), "`entries` is missing"),
        (json!({"list_id": "l", "entries": []}).to_string(), "`entries` is empty"),
        (json!({"entries": [is("a", "b")]}).to_string(), "`list_id`"),
        (json!({"list_id": "l", "type": "complex", "entries": [is("a", "b")]}).to_string(), "type `complex`"),
        (json!({"list_id": "l", "expire_time": "soon", "entries": [is("a", "b")]}).to_string(), "`soon`"),
        (json!({"list_id": "l", "os_types": [1], "entries": [is("a", "b")]}).to_string(), "`os_types`"),
        (json!({"list_id": "l", "os_types": "linux", "entries": [is("a", "b")]}).to_string(), "`os_types`"),
        (item(json!("x")), "an entry is not an object"),
        (item(json!({})), "no `type`"),
        (item(is("", "b")), "`field` of an entry is empty"),
        (item(is("a", " ")), "`value` of an entry is empty"),
        (item(entry("a", "match", "included", json!(5))), "`value` of an entry is not a text"),
        (item(entry("a", "match", "sometimes", json!("b"))), "`operator`"),
        (item(json!({"field": "a", "type": "exists"})), "`operator`"),
        (item(entry("a", "match_any", "included", json!([]))), "`match_any`"),
        (item(entry("a", "match_any", "included", json!([5]))), "`match_any`"),
        (item(entry("a", "like", "included", json!("b"))), "`like`"),
        (item(json!({"field": "a", "type": "list", "operator": "included"})), "no `list`"),
        (item(json!({"field": "a", "type": "nested", "entries": []})), "`entries` is empty"),
        (item(json!({"field": "a", "type": "nested", "entries": [lists]})), "within a `nested` one"),
        (item(json!({"field": "a", "type": "nested", "operator": "excluded", "entries": [is("b", "c")]})), "`nested`"),
    ] {
        let content = format!("{{\"list_id\":\"l\"}}\n\n{line}\n");
        let error = ExceptionLists::default().read(&content).unwrap_err();
        assert!(error.cause.starts_with("line 3: ") && error.cause.contains(cause), "{line}: {error}");
        assert!(error.offset.is_some_and(|offset| (17..content.len()).contains(&offset)), "{line}: {error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in r#"[\[\]{}",:a-c0-9 \n\\é]{0,40}"#) {
        let _ = ExceptionLists::default().read(&text);
    }

    #[test]
    fn any_json_is_read_or_refused(value in json_of(&WORDS), other in json_of(&WORDS)) {
        let mut lists = ExceptionLists::default();
        lists.read_value_list("value", "1\n2-3");
        let document = json!({"list_id": "l", "entries": value, "os_types": other});
        for content in [value.to_string(), document.to_string()] {
            if lists.read(&content).is_ok() && let Ok(exceptions) = lists.of_rule(&rule()) {
                let _ = exceptions.check(&mapping());
                let _ = exceptions.at(0);
            }
        }
        let _ = lists.of_rule(json!({"exceptions_list": value}).as_object().unwrap());
    }
}

const WORDS: [&str; 24] = [
    "field",
    "type",
    "operator",
    "value",
    "entries",
    "list",
    "id",
    "list_id",
    "item_id",
    "match",
    "match_any",
    "wildcard",
    "exists",
    "nested",
    "included",
    "excluded",
    "keyword",
    "ip_range",
    "code",
    "subject",
    "namespace_type",
    "single",
    "expire_time",
    "os_types",
];

/// JSON whose texts and names are mostly of some words.
pub(crate) fn json_of(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let word =
        move || prop_oneof![9 => proptest::sample::select(words).prop_map(str::to_owned), 1 => "[a*?\\\\é.-]{0,3}"];
    let leaf = prop_oneof![
        6 => word().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => proptest::collection::vec((word(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn a_list_under_a_rules_own_id_is_the_rules() {
    let mut lists = ExceptionLists::default();
    lists.read(&ndjson(&[json!({"name": "h", "entries": [is("host.name", "h1")]})])).unwrap();
    let of = |rule: Value| lists.of_rule(rule.as_object().unwrap()).unwrap().items.len();
    assert_eq!(of(json!({"rule_id": "l"})), 1);
    assert_eq!(of(json!({"rule_id": "other"})), 0);
    // Named besides, it counts once.
    let mut named = rule();
    named.insert("rule_id".to_owned(), json!("l"));
    assert_eq!(lists.of_rule(&named).unwrap().items.len(), 1);

    let mut ids = lists.ids();
    ExceptionLists::strike(&Map::from_iter([("rule_id".to_owned(), json!("other"))]), &mut ids);
    assert_eq!(ids.len(), 1);
    ExceptionLists::strike(&rule(), &mut ids);
    assert!(ids.is_empty());
}
