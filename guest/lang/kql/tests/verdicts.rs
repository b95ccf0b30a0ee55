//! Verdicts on small events, by type of field. The corpus has many more.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use firstseen_kql::parse;
use firstseen_query::{Clause, ErrorKind, FieldType, Program};
use serde_json::{Value, json};
use support::compile;

fn matches(query: &str, event: &Value) -> bool {
    let query = parse(query).unwrap();
    compile(&query).unwrap().matches(event)
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
    whole_value: "o.k:ab" => yes [{"o": {"k": "ab"}}, {"o.k": ["x", ["ab"]]}] no [{}, {"o.k": "abc"}, {"o.k": "AB"}];
    quoted_star: "o.k:\"a*\"" => yes [{"o.k": "a*"}] no [{"o.k": "ab"}];
    escapes_of_the_event: r"o.k:(a\nb or é*\\)" => yes [{"o.k": "a\nb"}, {"o.k": "éx\\"}] no [{"o.k": "a\\nb"}];
    number_text: "o.k:4104" => yes [{"o.k": 4104}, {"o.k": "4104"}] no [{"o.k": 4104.5}];
    boolean_text: "o.k:true" => yes [{"o.k": true}, {"o.k": "true"}] no [{"o.k": false}, {"o.k": "TRUE"}];
    too_long: "k:*" => yes [{"k": "abcd"}, {"k": ["abcde", "a"]}] no [{"k": "abcde"}, {"k": [null, []]}];
    lower_case: "k.low:(\"Ab\" or X*)" => yes [{"k": "aB"}, {"k": "xY"}] no [{"k": "b"}];
    words: "k.text:\"Foo bar\"" => yes [{"k": "a foo-BAR"}] no [{"k": "foo x bar"}, {"k": ["foo", "bar"]}];
    any_word: "k.text:Foo bar" => yes [{"k": "bar"}, {"k": "foo"}] no [{"k": "foobar"}];
    no_word: "not k.text:\"/\"" => yes [{"k": "/"}, {}] no [];
    pattern_over_words: "k.text:*oo b*" => yes [{"k": "FOO"}, {"k": "x bar"}] no [{"k": "fob"}];
    long: "long:80" => yes [{"long": 80}, {"long": "80.7"}, {"long": [1, 80]}] no [{"long": 81}, {"long": "x"}];
    long_range: "long > 79.5 and long < 81" => yes [{"long": 80}] no [{"long": 79}, {}];
    two_values_within_two_bounds: "long > 5 and long < 3" => yes [{"long": [1, 9]}] no [{"long": 4}];
    flag: "flag:true" => yes [{"flag": true}, {"flag": "true"}] no [{"flag": "True"}, {"flag": false}];
    not_on_missing: "not k:a" => yes [{}, {"k": "b"}] no [{"k": ["b", "a"]}];
    and_over_two_values: "k:(a and b)" => yes [{"k": ["a", "b"]}] no [{"k": "a"}];
    precedence: "k:a or k:b and k:c" => yes [{"k": "a"}, {"k": ["b", "c"]}] no [{"k": "b"}];
    object_exists: "o:*" => yes [{"o": {"k": "x"}}, {"o.new": 1}] no [{"o": {}}, {"o": {"k": null}}, {"k": "x"}];
    closed_object: "closed:*" => yes [{"closed": {"k": "x"}}] no [{"closed": {"x": 1}}];
    unmapped: "not closed.x:1" => yes [{"closed": {"x": 1}}] no [];
    dynamic_text: "d:(a or b*)" => yes [{"d": "a"}, {"d": "bc"}] no [{"d": "A"}, {"d": {"a": "a"}}];
    dynamic_number: "d:80 or d > 100" => yes [{"d": 80}, {"d": 80.0}, {"d": "80"}, {"d": 101}] no [{"d": 81}];
    dynamic_exists: "d:*" => yes [{"d": 1}, {"d": {"x": {"y": ""}}}, {"d.x": false}] no [{"d": {}}, {"dd": 1}];
    dynamic_multi: "d.keyword:(a or b*)" => yes [{"d": "a"}, {"d": ["x", "bc"]}] no [{"d": "A"}, {"d": {"keyword": "a"}}, {"d.keyword": "a"}];
    dynamic_multi_as_text: "d.keyword:80" => yes [{"d": 80}, {"d": "80"}] no [{"d": 80.0}, {}];
    dynamic_multi_exists: "d.keyword:*" => yes [{"d": ""}] no [{"d": {"keyword": "a"}}, {"d": null}];
    dynamic_multi_of_mapped: "long.keyword:*8" => yes [{"long": 8}, {"long": "x8"}] no [{"long": 80}];
    dynamic_multi_of_pattern: "*.keyword:A*" => yes [{"d": "Ab"}, {"long": "Ab"}, {"e": {"f": "A"}}] no [{"d": "a"}, {}];
    dynamic_multi_of_pattern_below: "e.*.keyword:A" => yes [{"e": {"f": "A"}}, {"e.f.g": "A"}] no [{"d": "A"}, {"e": "A"}];
    mapped_object_has_no_multi: "o.keyword:a" => yes [{"o": {"keyword": "a"}}] no [{"o": "a"}];
    closed_object_has_no_multi: "not closed.k.keyword:x" => yes [{"closed": {"k": "x"}}] no [];
    leaf_takes_a_pattern_apart: "flat.x:fo* bar" => yes [{"flat": {"x": "fooz"}}, {"flat": {"x": "bar"}}, {"flat.x": "foo bar"}] no [{"flat": {"x": "xbar"}}, {"flat": {"y": "bar"}}];
    leaf_keeps_words_together: "flat.x:a  b fo*" => yes [{"flat": {"x": "a b"}}, {"flat": {"x": "fo"}}] no [{"flat": {"x": "a"}}, {"flat": {"x": "b"}}, {"flat": {"x": "a b fo"}}];
    leaf_joins_by_operators: "flat.x:fo* AND *ar" => yes [{"flat": {"x": ["foo", "bar"]}}] no [{"flat": {"x": "foo"}}];
    leaf_without_space: "flat.x:f*o" => yes [{"flat": {"x": "foo o"}}] no [{"flat": {"x": "foobar"}}];
    leaf_of_flattened: "flat.keyword:a" => yes [{"flat": {"keyword": "a"}}] no [{"flat": "a"}];
    flattened: "flat.x.y:a" => yes [{"flat": {"x": {"y": "a"}}}, {"flat.x.y": ["a"]}] no [{"flat": {"x": "a"}}];
    flattened_root: "flat:1" => yes [{"flat": {"x": {"y": [0, 1]}}}] no [{"flat": {"1": "x"}}];
    nested: "n:{ k:x and long > 1 }" =>
        yes [{"n": [{"k": "x", "long": 2}]}, {"n": [{"k": "y"}, {"k": ["x"], "long": [0, 3]}]}]
        no [{"n": [{"k": "x", "long": 1}, {"k": "y", "long": 2}]}, {}];
    nested_not: "n:{ not k:x }" => yes [{"n": [{"k": "x"}, {}]}, {"n": {"k": "y"}}] no [{"n": {"k": "x"}}, {"n": [null]}];
    object_with_nested_ones: "m:*" => yes [{"m": {"k": "x"}}, {"m": {"y": 1}}] no [{"m": {"n": [{"k": "x"}, {"y": 1}]}}];
    object_with_an_alias: "q:*" => yes [{"o": {"k": "x"}}, {"q": {"y": 1}}] no [{"p": 1}];
    open_object_in_a_closed_one: "closed.*:1" =>
        yes [{"closed": {"open": {"new": 1}}}, {"closed": {"k": "1"}}] no [{"closed": {"new": 1}}];
    closed_object_exists: "closed:*" => yes [{"closed": {"open": {"new": 1}}}] no [{"closed": {"new": 1}}];
    pattern_in_a_group: "n:{ w.*:1 }" => yes [{"n": {"w": {"y": 1}}}] no [{"n": {"x": 1}}, {"w": {"y": 1}}];
    pattern_of_names_and_spaces: "z*:*foo bar*" => yes [{"z": {"x": "a foo bar b"}}] no [{"z": "foo"}];
    nested_unmapped: "n:{ new:x }" => yes [{"n": {"new": "x"}}] no [{"new": "x"}];
    nested_unmapped_alone: "n.new:x" => yes [] no [{"n": {"new": "x"}}];
    not_nested: "not n:{ k:x }" => yes [{}, {"n": {"k": "y"}}] no [{"n": [{"k": "y"}, {"k": "x"}]}];
    names_by_pattern: "o.*:1" => yes [{"o.k": "1"}, {"o.long": 1}, {"o": {"new": "1"}}] no [{"k": "1"}, {"o.k": "x"}];
    nested_by_pattern: "n.*:1" => yes [{"n": {"k": "1"}}, {"n": {"long": 1}}] no [{"n": {"k": "x"}}];
    flattened_by_pattern: "flat*:a" => yes [{"flat": {"x": "a"}}] no [{"flat": {"x": "b"}}];
    any_field: "abc" => yes [{"k": "abc"}, {"k": "x ABC"}, {"d": {"e": "abc"}}] no [{"o.k": "x abc"}, {"n": {"k": "abc"}}, {"n": {"new": "abc"}}];
    any_field_by_pattern: "ab*" => yes [{"o.k": "abc"}, {"k": "x abx"}] no [{"o.k": "xab"}];
    everything: "" => yes [{}, {"k": "a"}] no [];
    nothing: "not *:*" => yes [] no [{}, {"k": "a"}];
}

#[test]
fn a_dynamic_multi_field_has_texts_of_up_to_256_characters() {
    for (length, is_indexed) in [(256, true), (257, false)] {
        let event = json!({"d": "é".repeat(length)});
        assert_eq!(matches("d.keyword:é*", &event), is_indexed, "{length}");
        assert_eq!(matches("*.keyword:é*", &event), is_indexed, "{length}");
        assert!(matches("d:é*", &event), "{length}");
    }
}

#[test]
fn an_error_behind_a_pattern_names_field_and_value() {
    for (query, asked) in [
        ("*g:x", "`x` for `flag`"),
        ("o.*:x", "`x` for `o.long`"),
        ("o.*:1*", "`1*` for `o.long`"),
        ("o.* >= x", "`>= x` for `o.long`"),
        ("o.*:1* 2", "`1* 2` for `o.long`"),
    ] {
        let error = compile(&parse(query).unwrap()).map(|_| ()).unwrap_err();
        assert!(error.cause().starts_with(&format!("{asked}: ")), "{query}: {}", error.cause());
        assert!(error.render(query).starts_with(&error.cause()), "{query}");
    }
    let mut mapping = support::mapping();
    mapping.insert("n.d", FieldType::Nested);
    mapping.insert("n.d.x", FieldType::KEYWORD);
    for value in ["x", "x*y z"] {
        let clause = Clause::from(&parse(&format!("n:{{ d.*:{value} }}")).unwrap());
        let error = Program::compile(&clause, &mapping, &mut support::Reads::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotInGroup);
        assert!(error.cause().starts_with(&format!("`{value}` for `n.d.x`: ")), "{}", error.cause());
    }
    // In a text the place shows an exact one.
    let error = compile(&parse("long:x").unwrap()).map(|_| ()).unwrap_err();
    assert_eq!(error.cause(), ErrorKind::NotAValue { field_type: "long" }.to_string());
}

macro_rules! fails {
    ($($name:ident: $query:expr => $kind:pat, $text:expr;)*) => {$(
        #[test]
        fn $name() {
            let error = compile(&parse($query).unwrap()).map(|_| ()).unwrap_err();
            assert!(matches!(error.kind, $kind), "{error:?}");
            assert_eq!(&$query[error.span.range()], $text);
        }
    )*};
}

fails! {
    no_number: "k:a or long:(1 or x)" => ErrorKind::NotAValue { field_type: "long" }, "x";
    no_boolean: "flag:1" => ErrorKind::NotAValue { field_type: "boolean" }, "flag:1";
    no_bound: "long >= x" => ErrorKind::NotAValue { .. }, "long >= x";
    wildcard_on_number: "long:1*" => ErrorKind::NoWildcards { field_type: "long" }, "long:1*";
    null: "k:null" => ErrorKind::Null, "k:null";
    null_in_any_field: "* or null" => ErrorKind::Null, "null";
    nested_field_alone: "k:a and n.k:x" => ErrorKind::NestedField, "n.k:x";
    no_group: "not o:{ k:x }" => ErrorKind::NotNested, "o:{ k:x }";
    one_of_many_fields: "*g:x" => ErrorKind::NotAValue { .. }, "*g:x";
    operator_alone_on_a_leaf: "flat.x:fo* OR" => ErrorKind::DanglingOperator, "flat.x:fo* OR";
    operator_alone: "k.text:fo* OR" => ErrorKind::DanglingOperator, "k.text:fo* OR";
}
