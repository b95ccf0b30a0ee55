//! What a program says an event must have.

mod support;

use firstseen_kql::parse;
use support::compile;

macro_rules! requires {
    ($($name:ident: $query:expr => [$([$($text:expr),+]),*];)*) => {$(
        #[test]
        fn $name() {
            let compiled = compile(&parse($query).unwrap()).unwrap();
            let expected: &[&[&str]] = &[$(&[$($text),+]),*];
            assert_eq!(compiled.program.required_literals(), expected);
        }
    )*};
}

requires! {
    one: "k:a" => [["a"]];
    boolean_on_a_keyword: "k:true" => [["true"]];
    group: "k:(b or a or a)" => [["a", "b"]];
    wildcard: "o.k:a*bcd*ef" => [["bcd"]];
    wildcard_group: "k:(a or *b*)" => [["a", "b"]];
    only_stars: "k:(a or **)" => [];
    empty_text: "k:(a or \"\")" => [];
    exists: "k:*" => [];
    negated: "not k:a" => [];
    twice_negated: "not (not k:a)" => [["a"]];
    conjunction: "k:a and flag:* and not o.k:c and o.k:(d or e)" => [["a"], ["d", "e"]];
    disjunction: "k:a or o.k:b" => [["a", "b"]];
    best_of_each: "(k:a and o.k:long) or (k:b and o.k:longer)" => [["long", "longer"]];
    unknown_alternative: "k:a or not o.k:b" => [];
    spelled_otherwise: "long:1 and k.low:a and k.text:a and flag:true" => [];
    in_a_group: "n:{ k:a }" => [];
    too_long_for_its_field: "k:abcde or o.k:b" => [["b"]];
    everything: "*" => [];
    nothing: "not *" => [];
}

#[test]
fn one_field_and_its_values() {
    let requirement = |query: &str| {
        let compiled = compile(&parse(query).unwrap()).unwrap();
        compiled.program.requirement().map(|one| one.texts.clone())
    };
    assert_eq!(requirement("k:b"), Some(vec!["b".to_owned()]));
    assert_eq!(requirement("k:(b or a) or k:c"), Some(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
    assert_eq!(requirement("k:(a or b) and o.k:long and long > 1"), Some(vec!["long".to_owned()]));
    assert_eq!(requirement("k:(a or b*)"), Some(vec![]));
    assert_eq!(requirement("long:1"), Some(vec![]));
    assert_eq!(requirement("k:a or o.k:b"), None);
    assert_eq!(requirement("not k:a"), None);
    assert_eq!(requirement("x*:a or *"), None);
}
