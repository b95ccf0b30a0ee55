//! Patterns that would take too much, were there no limits.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::{Regex, RegexErrorKind};
use crate::limit::{MAX_DEPTH, MAX_QUERY_BYTES};

/// The whole pattern is too complex, in both dialects unless it is of one.
fn too_complex(pattern: &str) {
    for made in [Regex::lucene(pattern, false), Regex::java(pattern, false)] {
        let error = made.expect_err(pattern);
        assert_eq!((error.kind, error.offset), (RegexErrorKind::TooComplex, 0), "{pattern}");
    }
}

/// As long as a pattern may be.
fn filled(with: &str) -> String {
    with.repeat(MAX_QUERY_BYTES / with.len())
}

#[test]
fn states_multiply_up_to_the_limit() {
    // Each one more doubles them; Elasticsearch 9.5 draws the line at the same place.
    assert!(Regex::lucene(".*a.{12}", false).is_ok());
    too_complex(".*a.{13}");
    too_complex("(a|b)*a(a|b){30}");
    let error = Regex::lucene("~(.*a.{13})", false).unwrap_err();
    assert_eq!(error.kind, RegexErrorKind::TooComplex);
}

#[test]
fn sets_of_states_count_by_their_size() {
    // With n optional characters, n sets of up to n states. Again the line is Elasticsearch's.
    assert!(Regex::lucene(&"a?".repeat(446), false).is_ok());
    too_complex(&"a?".repeat(447));
    assert!(Regex::lucene(&format!(".*({})", "(a|b)".repeat(400)), false).is_ok());
    too_complex(&format!(".*{}", "(a|b)".repeat(450)));
}

#[test]
fn one_way_costs_nothing_however_long() {
    let regex = Regex::lucene(".{1,20000}", false).unwrap();
    assert!(regex.matches(&"é".repeat(20_000)) && !regex.matches(&"é".repeat(20_001)) && !regex.matches(""));
}

#[test]
fn counts_are_bounded() {
    for pattern in [
        "((a{1,1000}){1,1000})",
        "a{2147483647}",
        "(){2147483647}",
        "(a*){0,2147483647}",
        "(ab{0,1000}){0,1000}",
        "(.{1,50}a){1,50}",
    ] {
        too_complex(pattern);
    }
    assert_eq!(Regex::lucene("#{0,2147483647}", false).unwrap_err().kind, RegexErrorKind::TooComplex);
    too_complex(&filled("a{1,1000}"));
    too_complex(&filled("(a{1,9})"));
}

#[test]
fn many_alternatives_are_words() {
    let words: Vec<String> = (0..10_000_u32).map(|number| format!("{:05x}", number * 104_729 % 0xf_ffff)).collect();
    let regex = Regex::lucene(&words.join("|"), false).unwrap();
    assert!(words.iter().all(|word| regex.matches(word)));
    assert!(!regex.matches("0000g") && !regex.matches("") && !regex.matches("000000"));
}

#[test]
fn many_of_anything_end() {
    for with in ["a?", "a*", ".*", "(a|b)?", "(a*)*", "a|", ".*a|", "[a]", "[^a]", "()", "\\d", "(a|b)", ".?", "a+"] {
        for pattern in [filled(with), format!("({})*", filled(with))] {
            // What comes of it depends on the dialect; that it comes is the point.
            for ignore_case in [false, true] {
                let _ = Regex::lucene(&pattern, ignore_case);
                let _ = Regex::java(&pattern, ignore_case);
            }
        }
    }
    for with in ["~a", "&a", ".*a.*&", "<0-2147483647>", "\"a\"", "#|", "@"] {
        let _ = Regex::lucene(&filled(with), false);
    }
    for with in ["\\Qa\\E", "[a&&", "[a[", "(?i)", "\\R", "[a&&[b]&&"] {
        let _ = Regex::java(&filled(with), false);
    }
}

#[test]
fn large_classes_end() {
    let class: String = (0x100..0x5000_u32).step_by(2).filter_map(char::from_u32).collect();
    for (pattern, text) in [
        (format!("[{class}]"), "\u{102}"),
        (format!("[{class}]*x"), "\u{102}\u{4ffe}x"),
        (format!("[^{class}]+"), "ab"),
    ] {
        for regex in [Regex::lucene(&pattern, true).unwrap(), Regex::java(&pattern, true).unwrap()] {
            assert!(regex.matches(text) && !regex.matches("\u{102}a"), "{text}");
        }
    }
    let error = Regex::java(&format!("[{class}{}]", "&&[^a]".repeat(2_000)), false).unwrap_err();
    assert_eq!(error.kind, RegexErrorKind::TooComplex);
}

#[test]
fn depth_is_bounded() {
    let nested = |open: &str, close: &str, depth: usize| open.repeat(depth) + "a" + &close.repeat(depth);
    for (open, close) in [("(", ")"), ("(", ")*"), ("(b|", ")"), ("", "{1}"), ("~", "")] {
        assert!(Regex::lucene(&nested(open, close, MAX_DEPTH / 4), false).is_ok(), "{open}{close}");
        for depth in [MAX_DEPTH + 1, 1_000, 9_000] {
            let error = Regex::lucene(&nested(open, close, depth), false).unwrap_err();
            assert_eq!(error.kind, RegexErrorKind::TooDeep, "{open}{close}");
            assert!(error.offset > 0, "{open}{close}");
        }
    }
    for (open, close) in [("(", ")"), ("(?:", ")*"), ("[", "]"), ("[b&&", "]"), ("[b&&[", "]]")] {
        assert!(Regex::java(&nested(open, close, MAX_DEPTH / 2 - 1), false).is_ok(), "{open}{close}");
        for depth in [MAX_DEPTH + 1, 1_000, 9_000] {
            let error = Regex::java(&nested(open, close, depth), false).expect_err(open);
            assert_eq!(error.kind, RegexErrorKind::TooDeep, "{open}{close}");
        }
    }
}

#[test]
fn deep_ones_need_little_stack() {
    let pattern = "(x|y&(z".repeat(MAX_DEPTH / 2) + "a" + &")*b?)+c".repeat(MAX_DEPTH / 2);
    let judged = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
        let error = Regex::lucene(&format!("{pattern})"), false).unwrap_err();
        (error.kind, Regex::java(&pattern, false).is_err())
    });
    let (kind, _) = judged.unwrap().join().unwrap();
    assert_eq!(kind, RegexErrorKind::Unopened);
}

#[test]
fn length_is_bounded() {
    let pattern = "a".repeat(MAX_QUERY_BYTES + 1);
    for made in [Regex::lucene(&pattern, false), Regex::java(&pattern, false)] {
        let error = made.unwrap_err();
        assert_eq!((error.kind, error.offset), (RegexErrorKind::TooLong, MAX_QUERY_BYTES));
    }
    assert!(Regex::lucene(pattern.get(1..).unwrap(), false).unwrap().matches(pattern.get(1..).unwrap()));
}
