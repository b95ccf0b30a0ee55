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
fn fields_and_their_values() {
    for (query, expected) in [
        ("k:b", &[&["b"][..]][..]),
        ("k:(b or a) or k:c", &[&["a", "b", "c"]]),
        ("k:(a or b) and o.k:long and long > 1", &[&["a", "b"], &["long"], &[]]),
        ("k:(a or b) and k:c and k:*", &[&["c"]]),
        ("k:(a or b*)", &[&[]]),
        ("long:1", &[&[]]),
        ("k:a or o.k:b", &[]),
        ("(k:a and o.k:b) or (k:c and long:1)", &[&["a", "c"]]),
        ("(k:a and o.k:b) or (k:* and o.k:c)", &[&[], &["b", "c"]]),
        ("not k:a", &[]),
        ("not (not k:a)", &[&["a"]]),
        ("x*:a or *", &[]),
        ("x*:a and k:b", &[&["b"]]),
    ] {
        let compiled = compile(&parse(query).unwrap()).unwrap();
        let mut texts: Vec<_> = compiled.program.requirements().iter().map(|one| one.texts.clone()).collect();
        let mut expected: Vec<_> = expected.iter().map(|texts| texts.to_vec()).collect();
        texts.sort();
        expected.sort();
        assert_eq!(texts, expected, "{query}");
    }
}
