use firstseen_query::{FieldType, NumberType};
use proptest::prelude::*;

use super::*;
use crate::document::Reason;
use crate::exceptions::tests::{holds, json_of};

fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    for name in ["k", "l", "n.a", "n.b"] {
        mapping.insert(name, FieldType::KEYWORD);
    }
    mapping.insert("t", FieldType::Text);
    mapping.insert("i", FieldType::Number(NumberType::Long));
    mapping.insert("d", FieldType::Date);
    mapping.insert("ip", FieldType::Ip);
    mapping.insert("b", FieldType::Boolean);
    mapping.insert("n", FieldType::Nested);
    mapping
}

fn event() -> Value {
    json!({"k": r"C:\Program Files\x.EXE", "l": ["one", "80"], "t": "Foo Bar baz", "i": 80, "d": "2020-01-01T10:00:00Z",
           "ip": "10.1.2.3", "b": true, "n": [{"a": "x", "b": "y"}, {"a": "z"}]})
}

fn read(filters: Value) -> Result<Filters, DocumentError> {
    Filters::read(json!({ "filters": filters }).as_object().unwrap())
}

fn matches(filters: Value) -> bool {
    holds(&read(filters).unwrap().clause(), &mapping(), &event())
}

/// What Elasticsearch 9.5.3 says to these queries.
#[test]
fn queries() {
    let term = |value: &str| json!({"term": {"l": value}});
    let (yes, no) = (term("one"), term("two"));
    let cases = [
        (json!({"match_all": {}}), true),
        (json!({"match_none": {}}), false),
        (json!({"term": {"l": "one"}}), true),
        (json!({"term": {"l": {"value": "80", "boost": 2}}}), true),
        (json!({"term": {"l": {"term": "80"}}}), true),
        (json!({"term": {"l": 80}}), true),
        (json!({"term": {"l": 80.5}}), false),
        (json!({"term": {"l": "ONE"}}), false),
        (json!({"term": {"l": {"value": "ONE", "case_insensitive": true}}}), true),
        (json!({"term": {"i": "80"}}), true),
        (json!({"term": {"ip": "10.0.0.0/8"}}), true),
        (json!({"term": {"b": true}}), true),
        (json!({"term": {"d": "2020-01-01"}}), true),
        (json!({"term": {"t": "foo"}}), true),
        (json!({"term": {"missing": "x"}}), false),
        (json!({"terms": {"l": ["two", 80], "boost": 1.0}}), true),
        (json!({"terms": {"l": ["two"]}}), false),
        (json!({"terms": {"l": []}}), false),
        (json!({"terms": {"ip": ["10.0.0.0/8"]}}), true),
        (json!({"match_phrase": {"t": "foo BAR"}}), true),
        (json!({"match_phrase": {"t": {"query": "bar foo", "slop": 0}}}), false),
        (json!({"match_phrase": {"l": 80}}), true),
        (json!({"match_phrase": {"ip": "10.0.0.0/8"}}), true),
        (json!({"match": {"t": "zzz bar"}}), true),
        (json!({"match": {"t": {"query": "bar", "operator": "AND"}}}), true),
        (json!({"match": {"l": {"query": "one two", "operator": "or", "lenient": false}}}), false),
        (json!({"wildcard": {"k": r"?:\\Program*.EXE"}}), true),
        (json!({"wildcard": {"k": r"?:\\program*.exe"}}), false),
        (json!({"wildcard": {"k": {"value": r"?:\\program*.exe", "case_insensitive": true}}}), true),
        (json!({"wildcard": {"k": {"wildcard": r"c:\Program*", "case_insensitive": true}}}), false),
        (json!({"wildcard": {"t": "ba?"}}), true),
        (json!({"wildcard": {"t": "Ba?"}}), false),
        (json!({"wildcard": {"t": "foo b*"}}), false),
        (json!({"wildcard": {"l": 80}}), true),
        (json!({"prefix": {"k": "C:"}}), true),
        (json!({"prefix": {"k": {"value": "c:", "case_insensitive": true}}}), true),
        (json!({"prefix": {"k": "*"}}), false),
        (json!({"exists": {"field": "t"}}), true),
        (json!({"exists": {"field": "missing"}}), false),
        (json!({"exists": {"field": "i*"}}), true),
        (json!({"range": {"i": {"gte": 80, "lt": "81"}}}), true),
        (json!({"range": {"i": {"gt": 80, "lt": 90}}}), false),
        (json!({"range": {"i": {"gte": 80, "gt": 80}}}), false),
        (json!({"range": {"i": {"gt": 80, "gte": 80}}}), true),
        (json!({"range": {"i": {}}}), true),
        (json!({"range": {"i": {"gte": null}}}), true),
        (json!({"range": {"missing": {"gte": null}}}), false),
        (json!({"range": {"d": {"gte": "2020-01-01", "lte": "2020-01-01"}}}), true),
        (json!({"range": {"d": {"gte": "2020-01-01T00:00:00.000Z", "format": "strict_date_optional_time"}}}), true),
        (
            json!({"range": {"d": {"gte": 1_577_836_800_000_u64, "lt": 1_577_923_200_000_u64,
                                    "format": "epoch_millis"}}}),
            true,
        ),
        (json!({"range": {"d": {"gt": "2020-01-02", "time_zone": "Zulu", "relation": "INTERSECTS"}}}), false),
        (json!({"nested": {"path": "n", "query": {"term": {"n.a": "x"}}, "score_mode": "none"}}), true),
        (
            json!({"nested": {"path": "n", "ignore_unmapped": false,
                           "query": {"bool": {"filter": [{"term": {"n.a": "z"}}, {"term": {"n.b": "y"}}]}}}}),
            false,
        ),
        (json!({"constant_score": {"filter": yes}}), true),
        (json!({"bool": {}}), true),
        (json!({"bool": {"must": yes}}), true),
        (json!({"bool": {"must": [yes, no]}}), false),
        (json!({"bool": {"filter": yes, "must": [yes]}}), true),
        (json!({"bool": {"filter": null, "must": yes}}), true),
        (json!({"bool": {"must_not": [yes]}}), false),
        (json!({"bool": {"must_not": no}}), true),
        (json!({"bool": {"should": []}}), true),
        (json!({"bool": {"should": [], "minimum_should_match": 1}}), true),
        (json!({"bool": {"must_not": [no], "minimum_should_match": 1}}), true),
        (json!({"bool": {"filter": [yes], "minimum_should_match": 1}}), false),
        (json!({"bool": {"should": [no, yes]}}), true),
        (json!({"bool": {"should": [no]}}), false),
        (json!({"bool": {"should": [no], "must_not": [no]}}), false),
        (json!({"bool": {"should": [no], "filter": [yes]}}), true),
        (json!({"bool": {"should": [no], "must": [yes], "minimum_should_match": 1}}), false),
        (json!({"bool": {"should": [no], "minimum_should_match": 0}}), false),
        (json!({"bool": {"should": [no], "filter": [yes], "minimum_should_match": "0"}}), true),
        (json!({"bool": {"should": [yes, no], "minimum_should_match": 2}}), false),
        (json!({"bool": {"should": [yes, yes], "minimum_should_match": 2}}), true),
        (json!({"bool": {"should": [no, yes, yes], "minimum_should_match": "2"}}), true),
        (json!({"bool": {"should": [no, yes, no], "minimum_should_match": 2}}), false),
        (json!({"bool": {"should": [yes], "minimum_should_match": 2}}), false),
        (json!({"bool": {"should": [no, yes], "minimum_should_match": -1}}), true),
        (json!({"bool": {"should": [no, yes, yes, no], "minimum_should_match": -1}}), false),
    ];
    for (query, expected) in cases {
        assert_eq!(matches(json!([{"query": query}])), expected, "{query}");
        assert_eq!(matches(json!([{"meta": {"negate": true}, "query": query}])), !expected, "not {query}");
    }
}

#[test]
fn filter_objects() {
    let (yes, no) = (json!({"query": {"term": {"l": "one"}}}), json!({"query": {"term": {"l": "two"}}}));
    let with = |filter: &Value, meta: Value| {
        let mut filter = filter.clone();
        filter["meta"] = meta;
        filter
    };
    let off = with(&no, json!({"disabled": true, "negate": "nonsense"}));
    let combined = |relation: &str, params: &[&Value]| {
        json!({
            "meta": {"type": "combined", "relation": relation, "params": params}, "query": {},
        })
    };
    let not_combined = {
        let mut filter = combined("OR", &[&no]);
        filter["meta"]["negate"] = json!(true);
        filter
    };
    let cases = [
        (json!([]), true),
        (json!([yes, yes]), true),
        (json!([yes, no]), false),
        (json!([with(&no, json!({"negate": true, "alias": "a", "index": "i", "key": "l", "type": "phrase"}))]), true),
        (json!([with(&yes, json!({"negate": false, "disabled": false}))]), true),
        (json!([off, {"meta": {"disabled": true}, "query": {"script": {}}}]), true),
        (
            json!([{"meta": null, "$state": {"store": "appState"}, "query": {"exists": {"field": "k"}}, "range": {}}]),
            true,
        ),
        // Without `query`, as before Elasticsearch 5.
        (json!([{"meta": {}, "exists": {"field": "k"}}]), true),
        (json!([{"meta": {"negate": true}, "$state": {}, "range": {"i": {"gte": 80}}}]), false),
        (json!([{"query": null, "match_phrase": {"t": "foo bar"}}]), true),
        (json!([{"match": {"t": {"query": "bar foo", "type": "phrase"}}}]), false),
        (json!([{"query": {"match": {"t": {"query": "foo bar", "type": "phrase"}}}}]), true),
        (json!([{"query": {"match": {"t": {"query": "bar foo"}}}}]), true),
        (json!([combined("AND", &[&yes, &no])]), false),
        (json!([combined("AND", &[&yes, &off])]), true),
        (json!([combined("OR", &[&no, &yes])]), true),
        (json!([combined("OR", &[&no])]), false),
        (json!([combined("OR", &[&no, &off])]), true),
        (json!([combined("OR", &[])]), false),
        (json!([combined("OR", &[&no, &combined("AND", &[&yes, &yes])])]), true),
        (json!([not_combined]), true),
    ];
    for (filters, expected) in cases {
        assert_eq!(matches(filters.clone()), expected, "{filters}");
    }
    assert_eq!(Filters::read(&Map::new()).unwrap().clause(), Clause::And(Vec::new()));
    assert_eq!(read(Value::Null).unwrap().clause(), Clause::And(Vec::new()));
}

#[test]
fn what_is_not_known_is_refused() {
    let cases = [
        (json!({"query_string": {"query": "a:b"}}), "`query_string`"),
        (json!({"geo_distance": {}}), "`geo_distance`"),
        (json!({"bool": {"filter": [{"script": {"script": "true"}}]}}), "`script`"),
        (json!({"bool": {"adjust_pure_negative": false}}), "`adjust_pure_negative`"),
        (json!({"bool": {"should": [{"match_all": {}}], "minimum_should_match": "75%"}}), "`minimum_should_match`"),
        (json!({"match": {"t": {"query": "a b", "operator": "and"}}}), "`operator`"),
        (json!({"match": {"t": {"query": "a", "fuzziness": 1}}}), "`fuzziness`"),
        (json!({"match_phrase": {"t": {"query": "a", "slop": 1}}}), "`slop`"),
        (json!({"match_phrase": {"t": {"query": "a", "analyzer": "x"}}}), "`analyzer`"),
        (json!({"term": {"l": {"value": "a", "x": 1}}}), "`x`"),
        (json!({"terms": {"l": {"index": "i", "id": "1", "path": "p"}}}), "`terms`"),
        (json!({"range": {"d": {"gte": "01/02/2020", "format": "dd/MM/yyyy"}}}), "`format`"),
        (json!({"range": {"d": {"gte": "15778", "format": "strict_date_optional_time"}}}), "`format`"),
        (json!({"range": {"d": {"gte": "2020", "format": "epoch_millis"}}}), "`format`"),
        (json!({"range": {"d": {"gte": "2020", "time_zone": "+01:00"}}}), "`time_zone`"),
        (json!({"range": {"i": {"from": 1}}}), "`from`"),
        (json!({"nested": {"path": "n", "query": {"match_all": {}}, "ignore_unmapped": true}}), "`ignore_unmapped`"),
        (json!({"term": {"_index": "i"}}), "`_index`"),
    ];
    for (query, cause) in cases {
        let error = read(json!([{"query": {"match_all": {}}}, {"query": query}])).unwrap_err();
        assert_eq!((error.reason, error.field), (Reason::Unsupported, Some("filters")), "{query}: {error}");
        assert!(error.cause.starts_with("filter 2 of 2: ") && error.cause.contains(cause), "{query}: {error}");
    }
}

#[test]
fn what_elasticsearch_refuses_is_refused() {
    let query = |query: Value| json!([{"query": query}]);
    let cases = [
        json!({}),
        json!([1]),
        json!([{}]),
        json!([{"meta": 1, "query": {"match_all": {}}}]),
        json!([{"meta": {"negate": "true"}, "query": {"match_all": {}}}]),
        json!([{"meta": {"negate": null}, "query": {"match_all": {}}}]),
        json!([{"meta": {"type": "combined"}}]),
        json!([{"exists": {"field": "a"}, "range": {}}]),
        query(json!({})),
        query(json!([])),
        query(json!({"term": {"a": 1}, "match_all": {}})),
        query(json!({"match_all": []})),
        query(json!({"exists": {}})),
        query(json!({"term": {"k": ["80"]}})),
        query(json!({"term": {"k": null}})),
        query(json!({"term": {"k": {}}})),
        query(json!({"term": {"k": "a", "l": "b"}})),
        query(json!({"term": {"k": {"value": "a", "case_insensitive": 1}}})),
        query(json!({"terms": {"k": "80"}})),
        query(json!({"terms": {"k": [null]}})),
        query(json!({"range": {"k": {"gte": []}}})),
        query(json!({"nested": {"path": "n"}})),
        query(json!({"nested": {"query": {"match_all": {}}}})),
        query(json!({"constant_score": {}})),
    ];
    for filters in cases {
        let error = read(filters.clone()).unwrap_err();
        assert_eq!((error.reason, error.field), (Reason::Invalid, Some("filters")), "{filters}: {error}");
    }
}

#[test]
fn types_are_checked_filter_by_filter() {
    for query in [
        json!({"term": {"ip": "nowhere"}}),
        json!({"wildcard": {"i": "8*"}}),
        json!({"term": {"i": {"value": "80", "case_insensitive": true}}}),
        // Optional, but the search fails all the same.
        json!({"bool": {"should": [{"term": {"i": "x"}}], "filter": {"match_all": {}}}}),
    ] {
        let filters = read(json!([{"query": {"match_all": {}}}, {"query": query}])).unwrap();
        let error = filters.check(&mapping()).unwrap_err();
        assert!(error.cause.starts_with("filter 2 of 2: "), "{query}: {error}");
        assert!(filters.check(&Mapping::default()).is_ok(), "{query}");
    }
}

#[test]
fn numbers_as_elasticsearch_writes_them() {
    for (number, text) in [
        ("80", "80"),
        ("80.0", "80"),
        ("-0.0", "0"),
        ("1e3", "1000"),
        ("80.5", "80.5"),
        ("0.001", "0.001"),
        ("0.0001", "1.0E-4"),
        ("1.25e-7", "1.25E-7"),
        ("1e21", "1.0E21"),
        ("1e20", "100000000000000000000"),
        ("12345678901234567890", "12345678901234567000"),
        ("9007199254740993", "9007199254740992"),
        ("12345678.5", "1.23456785E7"),
    ] {
        let filters: Value = serde_json::from_str(&format!(r#"[{{"query":{{"term":{{"k":{number}}}}}}}]"#)).unwrap();
        let filters = read(filters).unwrap();
        assert!(holds(&filters.clause(), &mapping(), &json!({"k": text})), "{number}");
    }
}

const WORDS: [&str; 30] = [
    "query",
    "meta",
    "negate",
    "disabled",
    "bool",
    "must",
    "filter",
    "should",
    "must_not",
    "minimum_should_match",
    "term",
    "terms",
    "match",
    "match_phrase",
    "wildcard",
    "prefix",
    "range",
    "exists",
    "field",
    "value",
    "gte",
    "lt",
    "format",
    "nested",
    "path",
    "combined",
    "params",
    "type",
    "k",
    "n",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_read_or_refused(filters in json_of(&WORDS)) {
        for filters in [filters.clone(), json!([filters]), json!([{"query": filters}])] {
            if let Ok(filters) = read(filters) {
                let _ = filters.check(&mapping());
            }
        }
    }
}
