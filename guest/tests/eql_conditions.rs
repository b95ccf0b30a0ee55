//! Verdicts of EQL conditions on small events, by what Elasticsearch makes of
//! them. The corpus has many more.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

#[path = "support/eql.rs"]
mod support;

use firstseen_eql::ast::QueryKind;
use firstseen_eql::{Kind, VerificationErrorKind, clause, parse};
use firstseen_query::{RegexBudget, RegexErrorKind};
use serde_json::{Value, json};
use support::{clause_of, mapping, verdict};

fn matches(query: &str, event: &Value) -> bool {
    match clause_of(query) {
        Some(Ok(clause)) => verdict(query, &clause, event).unwrap_or_else(|error| panic!("{}", error.render(query))),
        Some(Err(error)) => panic!("{}", error.render(query)),
        None => panic!("{query} is no event query"),
    }
}

macro_rules! verdicts {
    ($($name:ident: $query:expr => yes [$($yes:tt),*] no [$($no:tt),*];)*) => {$(
        #[test]
        fn $name() {
            let yes: &[Value] = &[$(json!($yes)),*];
            let no: &[Value] = &[$(json!($no)),*];
            for event in yes {
                assert!(matches($query, event), "{event}");
            }
            for event in no {
                assert!(!matches($query, event), "{event}");
            }
        }
    )*};
}

verdicts! {
    category: "process where true" => yes [{"event": {"category": ["file", "process"]}}] no [{}, {"event.category": "Process"}];
    any_category: "any where true" => yes [{}, {"k": 1}] no [];
    equality_keeps_case: r#"any where k == "aB*""# => yes [{"k": "aB*"}, {"k": ["x", "aB*"]}] no [{"k": "ab*"}, {"k": "aBc"}];
    inequality_holds_of_what_is_missing: r#"any where k != "a""# => yes [{}, {"k": "b"}, {"k": []}] no [{"k": ["b", "a"]}];
    places_are_whole_numbers: "any where substring(k, n - length(k), -n) == \"b\" or substring(k, open.x) == \"z\"" => yes [{"k": "abc", "n": 1}, {"k": "az", "open": {"x": 1}}] no [{"k": "abc", "n": 0}];
    numbers_are_text_in_a_keyword: "any where k == 5 or k == 1.0" => yes [{"k": 5}, {"k": "5"}, {"k": "1.0"}] no [{"k": 5.0}, {"k": "1"}];
    constant_on_the_left: r#"any where "m" < k"# => yes [{"k": "n"}] no [{"k": "m"}, {"k": "a"}, {}];
    seq_ignores_ascii_case: r#"any where k : ("É?x", "kelvin")"# => yes [{"k": "ÉaX"}, {"k": "KELVIN"}] no [{"k": "éax"}, {"k": "\u{212a}elvin"}];
    seq_takes_line_breaks: r#"any where k : "a*b""# => yes [{"k": "A\n\nB"}] no [{"k": "ab "}];
    backslash_is_ordinary_in_wildcards: r#"any where k : "C:\\*.exe""# => yes [{"k": "c:\\x\\y.EXE"}] no [{"k": "c:y.exe"}];
    stars_alone_ask_whether_there_is_a_value: r#"any where k like "**""# => yes [{"k": ""}, {"k": 1}] no [{}, {"k": null}];
    like_keeps_case: r#"any where k like ("a?c", "X")"# => yes [{"k": "abc"}, {"k": "X"}] no [{"k": "Abc"}, {"k": "x"}];
    like_insensitive: r#"any where k like~ "aB*""# => yes [{"k": "AbX"}] no [{"k": "a"}];
    regex_is_anchored: r#"any where k regex ("a+", "b.c")"# => yes [{"k": "aa"}, {"k": "b\nc"}] no [{"k": "xaa"}, {"k": "A"}];
    regex_insensitive_does_not_fold_ranges: r#"any where k regex~ "x[a-z]""# => yes [{"k": "Xm"}] no [{"k": "xM"}];
    regex_of_one_word: r#"any where k regex~ """k\.e""""# => yes [{"k": "K.E"}] no [{"k": "\u{212a}.e"}, {"k": "kxe"}];
    in_list: r#"any where k in ("a", "b*", null)"# => yes [{"k": "a"}, {"k": "b*"}] no [{"k": "A"}, {"k": "bc"}];
    not_in_list: r#"any where k not in ("a", "b")"# => yes [{}, {"k": "c"}] no [{"k": ["c", "b"]}];
    in_list_of_any_case: r#"any where k in~ ("aB")"# => yes [{"k": "Ab"}] no [{"k": "abc"}];
    too_long_values_are_not_there: r#"any where short == null"# => yes [{"short": "abcde"}, {}] no [{"short": "abcd"}];
    text_is_asked_by_its_keyword: r#"any where t == "Quick Fox""# => yes [{"t": "Quick Fox"}] no [{"t": "quick fox"}];
    text_without_a_keyword_exists: "any where words != null" => yes [{"words": "a"}] no [{}];
    long: r#"any where n == 80 or n == "81" or n > 99.5"# => yes [{"n": "80"}, {"n": 81}, {"n": 100}, {"n": 80.7}] no [{"n": 99}, {"n": 82}];
    fraction_is_no_long: "any where n == 1.5" => yes [] no [{"n": 1.5}, {"n": 1}];
    bounds_may_be_met_by_two_values: "any where n > 5 and n < 3" => yes [{"n": [1, 9]}] no [{"n": 4}];
    flag_alone: "any where b" => yes [{"b": true}, {"b": "true"}] no [{}, {"b": [false]}];
    not_a_flag: "any where not b and b != null" => yes [{"b": false}] no [{}, {"b": [true, false]}];
    date_is_the_span_it_leaves_open: r#"any where ts == "2026-01-02""# => yes [{"ts": "2026-01-02T23:59:59.999Z"}] no [{"ts": "2026-01-03"}];
    date_in_milliseconds: "any where ts >= 1767323045678" => yes [{"ts": "2026-01-02T03:04:05.678Z"}] no [{"ts": "2026-01-02T03:04:05.677Z"}];
    address_or_block: r#"any where ip == "10.0.0.0/8" or ip in ("::1")"# => yes [{"ip": "10.1.2.3"}, {"ip": "0:0::1"}] no [{"ip": "11.1.2.3"}];
    cidr_match: r#"any where CidrMatch(ip, "10.0.0.0/8", "fe80::/10")"# => yes [{"ip": "10.9.9.9"}, {"ip": "fe80::2"}] no [{"ip": "1.1.1.1"}, {}];
    constant_of_the_index: r#"any where c : "SAME""# => yes [{}, {"c": "same"}] no [];
    constant_of_the_index_is_computed_with: "any where length(c) == 4" => yes [{}, {"k": "x"}] no [];
    beyond_63_bits: "any where k == 18446744073709551615" => yes [{"k": "18446744073709551615"}] no [{"k": "1.8446744073709552E19"}];
    computed_is_not_null: "any where indexOf(k, \"a\") != null" => yes [{"k": "a"}] no [{"k": "b"}, {"k": ["a", "b"]}, {}];
    condition_compared_with_a_flag: r#"any where (words < "z") == true and (k regex "\"(\"") != true"# => yes [{"words": "a"}] no [{"words": "a", "k": "("}, {}];
    not_binds_closer_than_and: r#"any where not k == "a" and n == 1"# => yes [{"n": 1}] no [{"n": 2}, {"n": 1, "k": "a"}];
    starts_with: r#"any where startsWith(k, "a*") or startsWith~(k, "B")"# => yes [{"k": "a*x"}, {"k": "bx"}] no [{"k": "ab"}];
    ends_with_is_a_pattern: r#"any where endsWith(k, "a?c")"# => yes [{"k": "xabc"}] no [{"k": "abcx"}, {"k": "ac"}];
    contains_is_a_pattern: r#"any where stringContains(k, "a\\*")"# => yes [{"k": "xa*x"}] no [{"k": "xabx"}];
    contains_nothing: r#"any where stringContains(k, "")"# => yes [{"k": ""}, {"k": "a"}] no [{}];
    length_in_utf16_units: "any where length(k) == 3" => yes [{"k": "😀x"}, {"k": ["a", "abc"]}] no [{"k": "😀"}, {}];
    not_of_what_is_computed: "any where not length(k) > 3" => yes [{}, {"k": "a"}] no [{"k": ["a", "abcd"]}];
    unequal_of_what_is_computed: "any where length(k) != 3" => yes [{"k": "a"}, {"k": ["abc", "a"]}] no [{}, {"k": "abc"}];
    two_conditions_may_be_met_by_two_values: "any where length(k) > 3 and length(k) < 2" => yes [{"k": ["a", "abcd"]}] no [{"k": "abc"}];
    computed_of_two_fields: "any where startsWith~(k, k2)" => yes [{"k": ["x", "ABC"], "k2": ["q", "ab"]}] no [{"k": "ABC"}, {"k": "a", "k2": "ab"}];
    computed_null: "any where length(k) == null" => yes [{}, {"k": []}] no [{"k": "a"}, {"k": ["a", "b"]}];
    computed_list: "any where substring(k, 0, 2) in (\"ab\", \"cd\")" => yes [{"k": "abx"}, {"k": "cd"}] no [{"k": "a"}, {}];
    computed_list_of_any_case: "any where substring(k, -1) in~ (\"É\")" => yes [{"k": "xé"}] no [{"k": "e"}];
    computed_wildcard: "any where concat(k, \"-\", k2) : \"A*-b\"" => yes [{"k": "ax", "k2": "B"}] no [{"k": "a\nx", "k2": "b"}, {"k": "ax"}];
    computed_regex_is_javas: r#"any where substring(k, 0, 4) regex """net\d""""# => yes [{"k": "net1 user"}] no [{"k": "netx"}];
    computed_condition: "any where string(length(k) > 2) == \"true\"" => yes [{"k": "abc"}] no [{"k": "a"}, {}];
    computed_flag: "any where startsWith(k, \"a\") == false" => yes [{"k": "b"}, {}] no [{"k": "a"}];
    arithmetic: "any where n / 2 == 3 and n % 2 == 1" => yes [{"n": 7}] no [{"n": 6}, {}];
    division_by_zero_is_no_match: "any where 10 / n == 5" => yes [{"n": 2}, {"n": [0, 2]}] no [{"n": 0}];
    not_of_a_division_by_zero: "any where not 10 / n == 5" => yes [{"n": 0}, {}] no [{"n": 2}];
    address_as_text: r#"any where string(ip) : "10.*""# => yes [{"ip": "10.1.1.1"}] no [{"ip": "1.1.1.1"}, {}];
    date_as_text: r#"any where string(ts) == "2026-01-02T00:00Z""# => yes [{"ts": "2026-01-02"}] no [{"ts": "2026-01-03"}];
    double_as_text: r#"any where string(d) == "1.0""# => yes [{"d": 1}] no [{"d": 2}];
    constants_are_computed: r#"any where 1 + 2 * 3 == 7 and "a" : "A" and length("abc") == 3"# => yes [{}] no [];
    array_of_objects: r#"any where k == "x" and n == 2"# => yes [{"k": ["x"], "n": [1, 2]}] no [{"k": "x", "n": [1]}];
    below_what_is_open: r#"any where open.x : "A*" and open.y > 3"# => yes [{"open": {"x": "ab", "y": 4}}] no [{"open": {"x": "ab", "y": 3}}];
    below_what_is_open_computed: "any where open.x / 2 == 1 or length(open.y) == 1" => yes [{"open": {"x": 3}}, {"open.y": "z"}] no [{"open": {"x": 3.5}}];
    missing_equality: r#"any where ?gone == "a""# => yes [] no [{}, {"gone": "a"}];
    missing_inequality: r#"any where ?gone != "a" and not ?gone == "a" and ?gone == null"# => yes [{}, {"gone": "a"}] no [];
    missing_match: r#"any where not ?gone : "a" or not ?gone like "a*" or not ?gone in ("a") or ?gone > 1"# => yes [] no [{}];
    missing_like_without_wildcards: r#"any where not ?gone like "a" and not ?gone regex "a" and not ?gone : "*""# => yes [{}] no [];
    missing_beside_or: r#"any where ?gone : "a" or k == "a""# => yes [{"k": "a"}] no [{}];
    missing_beside_and: r#"any where not (?gone : "a" and k == "a")"# => yes [] no [{}, {"k": "b"}];
    missing_beside_false: r#"any where not (?gone : "a" and false)"# => yes [{}] no [];
    missing_in_a_function: r#"any where not startsWith(?gone, "a") or length(?gone) > 0 or concat(k, ?gone) == null"# => yes [{}] no [];
    missing_equals_a_field: "any where ?gone == ?k" => yes [{}] no [{"k": "a"}];
    optional_and_mapped: r#"any where not ?k : "a""# => yes [{}, {"k": "b"}] no [{"k": "A"}];
    null_in_a_comparison: "any where not n < null or not k in (null)" => yes [] no [{}, {"n": 1}];
}

#[test]
fn a_rule_may_name_another_field_for_the_category() {
    let parsed = parse("start where true").unwrap();
    let QueryKind::Event(filter) = &parsed.kind else { panic!("no event query") };
    let clause = clause(filter, &mapping(), "event.type", &RegexBudget::of_query()).unwrap();
    let mut names = Vec::new();
    clause.for_each_field(&mut |name| names.push(format!("{name:?}")));
    assert_eq!(names, [r#"Exact("event.type")"#]);
}

#[test]
fn what_cannot_be_asked_is_refused_at_its_place() {
    use VerificationErrorKind as Error;
    let needs = |needed, found| Error::Needs { needed, found };
    for (query, place, kind) in [
        ("any where nope == 1", "nope", Error::UnknownField),
        ("any where k == \"a\" or nope == null", "nope", Error::UnknownField),
        ("any where event == \"x\"", "event", Error::Object),
        ("any where ?event == \"x\"", "?event", Error::Object),
        ("any where nested.x == \"x\"", "nested.x", Error::Nested),
        ("any where place == \"x\"", "place", Error::FieldType { field_type: "opaque" }),
        ("any where flat == \"x\"", "flat", Error::FieldType { field_type: "flattened" }),
        ("any where flat.x == \"x\"", "flat.x", Error::UnknownField),
        ("any where words == \"x\"", "words == \"x\"", Error::NoKeyword),
        ("any where words : \"x\"", "words", Error::NoKeyword),
        ("any where length(two) > 1", "two", Error::NoKeyword),
        ("any where k == k2", "k2", Error::NotConstant),
        ("any where length(k) > length(k2)", "length(k2)", Error::NotConstant),
        ("any where k in (\"a\", k2)", "k2", Error::NotConstant),
        ("any where n : \"3\"", "n", needs(Kind::Text, Kind::Number)),
        ("any where ip like \"10.*\"", "ip", needs(Kind::Text, Kind::Address)),
        ("any where k : 5", "5", needs(Kind::Text, Kind::Number)),
        ("any where k in~ (5)", "5", needs(Kind::Text, Kind::Number)),
        ("any where b : \"true\"", "b", needs(Kind::Text, Kind::Bool)),
        ("any where k", "k", needs(Kind::Bool, Kind::Text)),
        ("any where \"text\"", "\"text\"", needs(Kind::Bool, Kind::Text)),
        ("any where n + 1", "n + 1", needs(Kind::Bool, Kind::Number)),
        ("any where true and length(k)", "length(k)", needs(Kind::Bool, Kind::Number)),
        ("any where k + 1 == 2", "k", needs(Kind::Number, Kind::Text)),
        ("any where add(n, 1)", "add(n, 1)", needs(Kind::Bool, Kind::Number)),
        ("any where substring(k, 0, 1.5) == \"\"", "1.5", needs(Kind::Whole, Kind::Number)),
        ("any where substring(k, n + d) == \"\"", "n + d", needs(Kind::Whole, Kind::Number)),
        ("any where indexOf(k, \"a\", number(k)) == 1", "number(k)", needs(Kind::Whole, Kind::Number)),
        ("any where number(k, -d) == 1", "-d", needs(Kind::Whole, Kind::Number)),
        ("any where substring(k, k2) == \"\"", "k2", needs(Kind::Whole, Kind::Text)),
        (
            "any where k regex \"(a{1,1000}){1,1000}\"",
            "\"(a{1,1000}){1,1000}\"",
            Error::Regex(RegexErrorKind::TooComplex),
        ),
        ("any where k regex (\"a\", \"[\")", "\"[\"", Error::Regex(RegexErrorKind::Unclosed('['))),
        (
            "any where k regex (\"a\", \"(a{1,1000}){1,1000}\") and true",
            "k regex (\"a\", \"(a{1,1000}){1,1000}\")",
            Error::Regex(RegexErrorKind::TooComplex),
        ),
        ("any where cidrMatch(k, \"10.0.0.0/8\")", "k", needs(Kind::Address, Kind::Text)),
        ("any where cidrMatch(ip, k)", "k", Error::NotConstant),
        ("any where cidrMatch(ip)", "cidrMatch(ip)", Error::Arguments { least: 2, most: None }),
        ("any where startsWith(k)", "startsWith(k)", Error::Arguments { least: 2, most: Some(2) }),
        ("any where cidrMatch~(ip, \"::1\")", "cidrMatch~(ip, \"::1\")", Error::NoInsensitiveForm),
        ("any where match(k, \"a\")", "match(k, \"a\")", Error::UnknownFunction),
    ] {
        let error = clause_of(query).unwrap().unwrap_err();
        assert_eq!((&query[error.span.range()], error.kind), (place, kind), "{query}");
        assert!(error.render(query).starts_with(&error.cause()), "{query}");
    }
}
