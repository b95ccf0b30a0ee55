//! Properties that hold for any query and any event.

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Map, Value, json};

/// Text made of what matters to the grammar.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(
        &[
            "a", "b", ":", "(", ")", "{", "}", "*", "\"", "\\", " ", " or ", " and ", "not ", "f:", "<", ">=", "null",
            "true", "\\u00e9", "\\ud83d", "\\n", "\n", "\t", "\u{a0}", "\u{3000}", "é", "😀", "\u{202e}", "\u{0}",
        ][..],
    );
    vec(word, 0..24).prop_map(|words| words.concat())
}

const FIELDS: [&str; 12] =
    ["k", "k.low", "k.text", "long", "flag", "o.k", "o.long", "flat", "flat.x", "closed.k", "closed.x", "d"];
const KEYS: [&str; 13] =
    ["k", "long", "flag", "o", "o.k", "flat", "flat.x", "closed", "closed.x", "n", "n.k", "d", "d.e"];
const TEXTS: [&str; 14] =
    ["", "x", "xy", "X", "xyxyx", "true", "1", "20", "-3", "é", "a\nb", "\u{fffd}", "x y", "C:\\x"];

fn value() -> impl Strategy<Value = String> {
    let unquoted = ["x", "y", "x y", "X", "true", "1", "20", r"\u00e9", r"C\:\\x", r"\ud800", r"a\nb"];
    prop_oneof![
        prop::sample::select(unquoted.to_vec()).prop_map(String::from),
        prop::sample::select(TEXTS.to_vec()).prop_map(|text| format!("{text:?}")),
        "[xy]{0,2}\\*{1,2}[xy]{0,1}\\*?[xy]{0,1}",
    ]
}

fn operators(leaf: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("not ({one})")),
            vec(inner.clone(), 2..5).prop_map(|all| format!("({})", all.join(" and "))),
            vec(inner, 2..5).prop_map(|all| format!("({})", all.join(" or "))),
        ]
    })
}

fn query() -> impl Strategy<Value = String> {
    let field = prop::sample::select(FIELDS.to_vec());
    let inner = (prop::sample::select(vec!["k", "long"]), prop_oneof![value(), Just("*".to_owned())]);
    let inner = operators(inner.prop_map(|(field, value)| format!("{field}:{value}")));
    let pattern = prop::sample::select(vec!["k*", "o.*", "n.*", "*g", "x*"]);
    let op = prop::sample::select(vec!["<", "<=", ">", ">="]);
    let bound = prop::sample::select(vec!["x", "xy", "1", "-3", "20"]);
    let leaf = prop_oneof![
        8 => (field.clone(), value()).prop_map(|(field, value)| format!("{field}:{value}")),
        4 => (field.clone(), operators(value())).prop_map(|(field, values)| format!("{field}:({values})")),
        3 => field.clone().prop_map(|field| format!("{field}:*")),
        3 => (field, op, bound).prop_map(|(field, op, bound)| format!("{field} {op} {bound}")),
        2 => inner.prop_map(|inner| format!("n:{{ {inner} }}")),
        1 => (pattern, value()).prop_map(|(field, value)| format!("{field}:{value}")),
        1 => value(),
        1 => Just("*:*".to_owned()),
    ];
    operators(leaf)
}

fn event() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        8 => prop::sample::select(TEXTS.to_vec()).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(json!(1)),
        1 => Just(json!(-3)),
        1 => Just(Value::Null),
    ];
    let value = scalar.prop_recursive(3, 8, 3, |inner| {
        let key = prop::sample::select(vec!["k", "long", "x", "x.y", "n"]);
        prop_oneof![vec(inner.clone(), 0..3).prop_map(Value::from), vec((key, inner), 0..3).prop_map(object),]
    });
    vec((prop::sample::select(KEYS.to_vec()), value), 0..5).prop_map(object)
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::Object(fields.collect::<Map<_, _>>())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_parses_or_fails(text: String) {
        support::check_parse(&text);
    }

    #[test]
    fn any_soup_parses_or_fails(text in soup()) {
        support::check_parse(&text);
        support::check_roundtrip(&text);
        support::check_eval(&text, &json!({"f": ["a", "b"]}));
    }

    #[test]
    fn programs_say_what_trees_say(query in query(), event in event()) {
        support::check_roundtrip(&query);
        support::check_eval(&query, &event);
    }
}

/// A hundred thousand pairs of a query and an event, and more, of queries that are judged together.
#[test]
fn programs_together_say_what_each_says() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut judged, mut matched) = (0, 0);
    for _ in 0..400 {
        let queries = vec(query(), 1..100).new_tree(&mut runner).unwrap().current();
        let events = vec(event(), 20).new_tree(&mut runner).unwrap().current();
        for event in &events {
            let (more_judged, more_matched) = support::check_together(&queries, event);
            judged += more_judged;
            matched += more_matched;
        }
    }
    assert!(judged > 100_000 && matched * 20 > judged, "{matched} of {judged}");
}

#[test]
fn the_queries_above_are_queries_and_mostly_judged() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut judged, mut matched) = (0, 0);
    for _ in 0..400 {
        let query = query().new_tree(&mut runner).unwrap().current();
        let event = event().new_tree(&mut runner).unwrap().current();
        let tree = firstseen_kql::parse(&query).unwrap_or_else(|error| panic!("{}", error.render(&query)));
        if let (Ok(compiled), Some(expected)) = (support::compile(&tree), support::naive(tree.root(), &event)) {
            judged += 1;
            matched += u32::from(expected && compiled.matches(&event));
        }
    }
    assert!(judged > 100 && (30..judged - 30).contains(&matched), "{judged} judged, {matched} matched");
}
