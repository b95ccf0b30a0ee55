//! What is true of regular expressions of either dialect.

mod dialects;
mod limits;
mod properties;

use super::{Regex, RegexErrorKind};

fn lucene(pattern: &str) -> Regex {
    Regex::lucene(pattern, false).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

fn java(pattern: &str) -> Regex {
    Regex::java(pattern, false).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

#[test]
fn one_word_is_told() {
    for (pattern, word) in [
        ("abc", Some("abc")),
        ("", Some("")),
        ("()", Some("")),
        (r"a\.b", Some("a.b")),
        ("\"a*\"[b]", Some("a*b")),
        ("[^\\u0000]", None),
        ("(ab|ab)", Some("ab")),
        ("a{3}", Some("aaa")),
        ("a?&a", Some("a")),
        ("é~@?", Some("é")),
        ("<7-7>", Some("7")),
        ("a|b", None),
        ("a*", None),
        ("#", None),
        ("@", None),
    ] {
        let pattern = pattern.replace("\\u0000", "\0");
        assert_eq!(lucene(&pattern).word(), word, "{pattern}");
        assert_eq!(Regex::lucene(&pattern, true).unwrap().word(), word, "{pattern}");
    }
    assert_eq!(java("^\\QC:\\x\\E$").word(), Some("C:\\x"));
}

#[test]
fn everything_and_nothing_are_told() {
    for (pattern, total, empty) in [
        ("@", true, false),
        (".*", true, false),
        ("(a|[^a])*", true, false),
        ("~#", true, false),
        ("~(a&b)", true, false),
        (".*|abc", true, false),
        (".+|()", true, false),
        (".+", false, false),
        ("#", false, true),
        ("#*", false, true),
        ("a&b", false, true),
        ("~@", false, true),
        ("a", false, false),
        ("~a", false, false),
    ] {
        for ignore_case in [false, true] {
            let regex = Regex::lucene(pattern, ignore_case).unwrap();
            assert_eq!((regex.is_total(), regex.is_empty()), (total, empty), "{pattern}");
        }
    }
    assert!(java("(?s).*").is_total() && !java(".*").is_total() && java(r"[\s\S]*").is_total());
    assert!(java("[a&&b]").is_empty() && !java("[a&&b]*").is_empty());
}

#[test]
fn what_each_match_contains_is_found() {
    for (pattern, required) in [
        ("abc", "abc"),
        (".*abc.*", "abc"),
        (".*ab[0-9]cde", "cde"),
        ("(abc)+d", "abcd"),
        ("a(bc){2}d", "abc"),
        ("x(abc)*y", "x"),
        ("abc|abd", ""),
        ("(.*abc.*)&(.*de.*)", "abc"),
        ("~(abc)", ""),
        ("ab?c", "a"),
        ("ab(cd)?ef", "ab"),
        ("[a]b[c]", "abc"),
        ("\"a.b\"*x", "x"),
        ("\"a.b\"x", "a.bx"),
        ("é{1,}ö", "éö"),
        ("", ""),
        ("@", ""),
    ] {
        let regex = lucene(pattern);
        assert_eq!(regex.required(), required, "{pattern}");
        assert!(!regex.ignores_case());
    }
}

#[test]
fn without_case_only_what_ascii_finds_is_required() {
    for (pattern, lucene, java) in [
        ("ABC", "abc", "abc"),
        ("cmd-Kill", "cmd-", "cmd-kill"),
        ("ab\u{e9}cde", "cde", "ab\u{e9}cde"),
        (".*\\.EXE", ".exe", ".exe"),
        ("s", "", "s"),
    ] {
        assert_eq!(Regex::lucene(pattern, true).unwrap().required(), lucene, "{pattern}");
        let regex = Regex::java(pattern, true).unwrap();
        assert!(regex.ignores_case());
        assert_eq!(regex.required(), java, "{pattern}");
    }
    assert_eq!(java("(?i)abc").required(), "");
}

#[test]
fn equal_is_what_was_made_alike() {
    assert_eq!(lucene("a|b"), lucene("a|b"));
    assert_ne!(lucene("a|b"), lucene("b|a"));
    assert_ne!(lucene("ab"), java("ab"));
    assert_ne!(lucene("ab"), Regex::lucene("ab", true).unwrap());
    assert_eq!(lucene("ab").pattern(), "ab");
}

#[test]
fn errors_have_places() {
    use RegexErrorKind::*;
    for (pattern, kind, offset) in [
        ("a|", UnexpectedEnd, 2),
        ("a&", UnexpectedEnd, 2),
        ("~", UnexpectedEnd, 1),
        ("é\\", UnexpectedEnd, 3),
        ("x(a|)", Unclosed('('), 1),
        ("x(a", Unclosed('('), 1),
        ("x[", Unclosed('['), 1),
        ("x[a", Unclosed('['), 1),
        ("x[]", Unclosed('['), 1),
        ("x[^]", Unclosed('['), 1),
        ("x[a-", Unclosed('['), 1),
        ("x[a\\", Unclosed('['), 1),
        ("x\"a", Unclosed('"'), 1),
        ("x<1-2", Unclosed('<'), 1),
        ("a{2", Unclosed('{'), 1),
        ("a)", Unopened, 1),
        ("a\\n", BadEscape('n'), 1),
        ("[a\\b]", BadEscape('b'), 2),
        ("x[b-a]", BadRange, 2),
        ("[a-]", BadRange, 1),
        ("a{x}", BadRepetition, 1),
        ("a{,2}", BadRepetition, 1),
        ("a{2x}", BadRepetition, 1),
        ("a{3,2}", BadRepetition, 1),
        ("a{2147483648}", BadRepetition, 1),
        ("x<a>", BadInterval, 1),
        ("x<1-2-3>", BadInterval, 1),
        ("x<-3>", BadInterval, 1),
        ("x<1-2147483648>", BadInterval, 1),
    ] {
        let error = Regex::lucene(pattern, false).expect_err(pattern);
        assert_eq!((error.kind, error.offset), (kind, offset), "{pattern}: {error}");
    }
    for (pattern, kind, offset) in [
        ("é\\", UnexpectedEnd, 3),
        ("x(a", Unclosed('('), 1),
        ("x[]", Unclosed('['), 1),
        ("x[a&&", Unclosed('['), 1),
        ("a{2", Unclosed('{'), 1),
        ("a)", Unopened, 1),
        ("a|*", NothingToRepeat, 2),
        ("a**", NothingToRepeat, 2),
        ("(?i)*", NothingToRepeat, 4),
        ("a{x}", BadRepetition, 1),
        ("{", BadRepetition, 0),
        ("a{3,2}", BadRepetition, 1),
        ("a{2147483648}", BadRepetition, 1),
        ("a\\y", BadEscape('y'), 1),
        ("a\\xg", BadEscape('x'), 1),
        ("[a\\z]", BadEscape('z'), 2),
        ("x[b-a]", BadRange, 2),
        ("[a-\\d]", BadRange, 1),
        ("x[&&]", BadClass, 1),
        ("(?y)", BadGroup, 0),
        ("(?<1>a)", BadGroup, 0),
        ("(?<a>a)(?<a>b)", BadGroup, 7),
        ("a++", Unsupported, 2),
        ("x(?=a)", Unsupported, 1),
        ("x(?<!a)", Unsupported, 1),
        ("(?>a)", Unsupported, 0),
        ("(?m)a", Unsupported, 0),
        ("(a)\\1", Unsupported, 3),
        ("(?<n>a)\\k<n>", Unsupported, 7),
        ("\\bx", Unsupported, 0),
        ("x\\Gy", Unsupported, 1),
        ("\\p{IsLatin}", Unsupported, 0),
        ("\\pL", Unsupported, 0),
        ("\\N{DIGIT ONE}", Unsupported, 0),
        ("\\ud800", Unsupported, 0),
        ("a^b", Unsupported, 1),
        ("a$b", Unsupported, 1),
        ("(^a)+", Unsupported, 1),
        ("(a$|b)c", Unsupported, 2),
        ("$(a$|b$)", Unsupported, 0),
        ("[a&&[b]&x]", Unsupported, 7),
        ("a(\\R|b)*", Unsupported, 2),
    ] {
        let error = Regex::java(pattern, false).expect_err(pattern);
        assert_eq!((error.kind, error.offset), (kind, offset), "{pattern}: {error}");
    }
}
