//! Properties that hold for any pattern, and for any tree beside a naive model of it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::super::build::Builder;
use super::super::chars::Chars;
use super::super::matcher::Matcher;
use super::super::required::required;
use super::super::tree::Tree;
use super::super::{Regex, RegexError, RegexErrorKind};

/// What is left of the texts that begin with a character, without it: Brzozowski's derivative.
fn rest(tree: &Tree, c: char) -> Tree {
    match tree {
        Tree::Chars(chars) => {
            let code = u32::from(c);
            let is_one = chars.spans().iter().any(|span| (span.first..=span.last).contains(&code));
            if is_one { Tree::EMPTY } else { nothing() }
        }
        Tree::Sequence(trees) => {
            let mut choices = Vec::new();
            for (place, tree) in trees.iter().enumerate() {
                let mut parts = vec![rest(tree, c)];
                parts.extend_from_slice(&trees[place + 1..]);
                choices.push(Tree::Sequence(parts));
                if !may_be_empty(tree) {
                    break;
                }
            }
            Tree::Union(choices)
        }
        Tree::Union(trees) => Tree::Union(trees.iter().map(|tree| rest(tree, c)).collect()),
        Tree::Intersection(trees) => Tree::Intersection(trees.iter().map(|tree| rest(tree, c)).collect()),
        Tree::Complement(tree) => Tree::Complement(Box::new(rest(tree, c))),
        Tree::Repeat { max: Some(0), .. } => nothing(),
        Tree::Repeat { of, min, max } => {
            let again = Tree::Repeat { of: of.clone(), min: min.saturating_sub(1), max: max.map(|max| max - 1) };
            Tree::Sequence(vec![rest(of, c), again])
        }
    }
}

fn nothing() -> Tree {
    Tree::Chars(Chars::default())
}

fn may_be_empty(tree: &Tree) -> bool {
    match tree {
        Tree::Chars(_) => false,
        Tree::Sequence(trees) | Tree::Intersection(trees) => trees.iter().all(may_be_empty),
        Tree::Union(trees) => trees.iter().any(may_be_empty),
        Tree::Complement(tree) => !may_be_empty(tree),
        Tree::Repeat { of, min, .. } => *min == 0 || may_be_empty(of),
    }
}

fn naive(tree: &Tree, text: &str) -> bool {
    may_be_empty(&text.chars().fold(tree.clone(), |tree, c| rest(&tree, c)))
}

/// All texts of these characters, up to a length.
fn texts(length: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..length {
        let to = texts.len();
        for text in from..to {
            let longer = ['a', 'b', 'é'].map(|c| texts[text].clone() + c.encode_utf8(&mut [0; 4]));
            texts.extend(longer);
        }
        from = to;
    }
    texts
}

fn chars() -> impl Strategy<Value = Chars> {
    let one = prop::sample::select(vec![('a', 'a'), ('b', 'b'), ('é', 'é'), ('a', 'b'), ('b', 'z'), ('!', char::MAX)]);
    (vec_of(one, 0..3), any::<bool>()).prop_map(|(ranges, inverse)| {
        let chars: Chars = ranges.into_iter().collect();
        if inverse { chars.inverse() } else { chars }
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        8 => prop::sample::select(vec!['a', 'b', 'é']).prop_map(|c| Tree::Chars(Chars::one(c))),
        3 => chars().prop_map(Tree::Chars),
        1 => Just(Tree::EMPTY),
        1 => Just(Tree::anything()),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let most = prop_oneof![3 => Just(None), 2 => (0..3_u32).prop_map(Some)];
        prop_oneof![
            4 => vec_of(inner.clone(), 0..4).prop_map(Tree::Sequence),
            2 => vec_of(inner.clone(), 1..4).prop_map(Tree::Union),
            1 => vec_of(inner.clone(), 1..3).prop_map(Tree::Intersection),
            1 => inner.clone().prop_map(|tree| Tree::Complement(Box::new(tree))),
            3 => (inner, 0..3_u32, most).prop_map(|(tree, min, more)| tree.repeated(min, more.map(|more| min + more))),
        ]
    })
}

/// Text made of what matters to either dialect.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(
        &[
            "a",
            "b",
            "k",
            "é",
            "😀",
            "0",
            "9",
            ".",
            "*",
            "+",
            "?",
            "|",
            "&",
            "&&",
            "~",
            "(",
            ")",
            "(?:",
            "(?i)",
            "(?<n>",
            "[",
            "]",
            "[^",
            "-",
            "{2}",
            "{1,}",
            "{0,2}",
            "{",
            "}",
            ",",
            "\"",
            "\\",
            "\\d",
            "\\W",
            "\\n",
            "\\Q",
            "\\E",
            "\\x41",
            "\\p{Alpha}",
            "\\b",
            "\\R",
            "@",
            "#",
            "<",
            ">",
            "<1-12>",
            "^",
            "$",
            "\n",
            "()",
            "[a-b]",
        ][..],
    );
    vec_of(word, 0..12).prop_map(|words| words.concat())
}

/// Both dialects, with case and without.
fn made(pattern: &str) -> Vec<Result<Regex, RegexError>> {
    let made = |ignore_case| [Regex::lucene(pattern, ignore_case), Regex::java(pattern, ignore_case)];
    [false, true].into_iter().flat_map(made).collect()
}

/// What is said of a pattern is true of its matches.
fn check(regex: &Regex, texts: &[String]) {
    let matching: Vec<&String> = texts.iter().filter(|text| regex.matches(text)).collect();
    for text in &matching {
        let text = if regex.ignores_case() { text.to_ascii_lowercase() } else { String::from(text.as_str()) };
        assert!(text.contains(regex.required()), "{regex:?} requires {:?} of {text:?}", regex.required());
        // Without case a complement may leave the word out.
        if let Some(word) = regex.word().filter(|_| !regex.ignores_case()) {
            assert_eq!(text, word, "{regex:?}");
        }
    }
    assert!(regex.ignores_case() || regex.word().is_none_or(|word| regex.matches(word)), "{regex:?}");
    assert!(regex.ignores_case() || !regex.is_total() || matching.len() == texts.len(), "{regex:?}");
    assert!(!regex.is_empty() || matching.is_empty(), "{regex:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn automata_say_what_trees_say(tree in tree()) {
        let automaton = Builder::new(false).deterministic(&tree).unwrap();
        prop_assert!(automaton.is_deterministic());
        let (matcher, searching) = (Matcher::new(&automaton), Matcher::with_table(&automaton, 0));
        prop_assert!(searching.searches() && (matcher.searches() == automaton.is_empty()));
        let texts = texts(4);
        let matching: Vec<&String> = texts.iter().filter(|text| naive(&tree, text)).collect();
        for text in &texts {
            let expected = naive(&tree, text);
            prop_assert_eq!([matcher.matches(text), searching.matches(text)], [expected; 2], "{:?}", text);
        }
        let required = required(&tree, |_| true);
        prop_assert!(matching.iter().all(|text| text.contains(&required)), "{:?}", required);
        prop_assert!(!automaton.is_empty() || matching.is_empty());
        prop_assert!(!automaton.is_total() || matching.len() == texts.len());
        if let Some(word) = automaton.word() {
            let word: String = word.into_iter().filter_map(char::from_u32).collect();
            prop_assert!(matching.iter().all(|text| **text == word));
            prop_assert!(naive(&tree, &word));
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(pattern: String) {
        for error in made(&pattern).into_iter().filter_map(Result::err) {
            prop_assert!(pattern.is_char_boundary(error.offset));
        }
    }

    #[test]
    fn any_soup_is_a_pattern_or_an_error(pattern in soup()) {
        let mut texts = texts(2);
        texts.extend(["k", "K", "\u{212a}", "0", "9a", "a\n", "\n", "😀", "(", "a|b", "ab[", "A", "B"].map(String::from));
        for made in made(&pattern) {
            match made {
                Ok(regex) => check(&regex, &texts),
                Err(error) => prop_assert!(pattern.is_char_boundary(error.offset)),
            }
        }
    }

    #[test]
    fn quoted_text_is_that_word(text in "[a-z.*+?()|\\\\é😀\n-]{0,9}") {
        let lucene = alloc::format!("\"{text}\"");
        let java = alloc::format!("\\Q{text}\\E");
        // A backslash at the end would escape what ends the quote.
        prop_assume!(!text.contains('\\'));
        for regex in [Regex::lucene(&lucene, false).unwrap(), Regex::java(&java, false).unwrap()] {
            prop_assert_eq!(regex.word(), Some(&*text));
            prop_assert_eq!(regex.required(), &*text);
            prop_assert!(regex.matches(&text));
        }
    }

    #[test]
    fn intervals_hold_their_numbers(one in 0..2_000_u32, other in 0..2_000_u32, number in 0..2_100_u32, zeros in 0..4_usize) {
        let (min, max) = (one.min(other), one.max(other));
        let text = "0".repeat(zeros) + &alloc::format!("{number}");
        let is_in = (min..=max).contains(&number);
        let digits = |number: u32| alloc::format!("{number}").len();
        let same_width = digits(one) == digits(other);
        let fits = !same_width || text.len() == digits(one);
        let regex = Regex::lucene(&alloc::format!("<{one}-{other}>"), false).unwrap();
        prop_assert_eq!(regex.matches(&text), is_in && fits, "<{}-{}> {}", one, other, text);
    }
}

/// The properties above say something: their trees and patterns are of all kinds.
#[test]
fn trees_and_patterns_are_of_all_kinds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let all = texts(4);
    let (mut some, mut required_something, mut words) = (0, 0, 0);
    let (mut patterns, mut errors) = (0, 0);
    for _ in 0..500 {
        let tree = tree().new_tree(&mut runner).unwrap().current();
        let matching = all.iter().filter(|text| naive(&tree, text)).count();
        some += u32::from(matching > 0 && matching < all.len());
        required_something += u32::from(!required(&tree, |_| true).is_empty());
        words += u32::from(Builder::new(false).deterministic(&tree).unwrap().word().is_some());
        let pattern = soup().new_tree(&mut runner).unwrap().current();
        for made in made(&pattern) {
            patterns += u32::from(made.is_ok());
            errors += u32::from(made.is_err_and(|error| error.kind != RegexErrorKind::TooComplex));
        }
    }
    assert!(some > 200 && required_something > 50 && words > 20, "{some} {required_something} {words}");
    assert!(patterns > 200 && errors > 200, "{patterns} {errors}");
}
