//! The limits on queries hold, and what is within them works.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod support;

use firstseen_eql::{ErrorKind, parse};
use firstseen_query::{Limit, MAX_DEPTH, MAX_LEAVES, MAX_QUERY_BYTES};
use support::{filters, height};

/// What makes a tree higher, or the text deeper, and how it is closed.
const NESTINGS: [(&str, &str); 12] = [
    ("(", ")"),
    ("not ", ""),
    ("-", ""),
    ("+ -", ""),
    ("f(", ")"),
    ("f~(b, ", ", c)"),
    ("b in (", ")"),
    ("b not in (", ")"),
    ("(b and (", " or c))"),
    ("b == (", ")"),
    ("1 + (", ")"),
    ("not (b or c and ", ")"),
];

/// What makes a tree higher from its left.
const CHAINS: [&str; 5] = [" + 1", "-1", "*1", " / 1", " + 1 % 2"];

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("any where {}a{}", open.repeat(depth), close.repeat(depth))
}

fn limit_of(query: &str) -> Option<Limit> {
    match parse(query) {
        Ok(_) => None,
        Err(error) => match error.kind {
            ErrorKind::Limit(limit) => Some(limit),
            other => panic!("{other}"),
        },
    }
}

/// The deepest one that is a query works, the next is beyond the limit, and so is any number.
fn check_depth(of_depth: impl Fn(usize) -> String, most: usize) {
    let deepest = (1..).find(|&depth| limit_of(&of_depth(depth + 1)).is_some()).unwrap();
    let query = parse(&of_depth(deepest)).unwrap();
    let reached = filters(&query).into_iter().map(|filter| height(&filter.condition)).max().unwrap();
    assert!(deepest <= MAX_DEPTH && reached <= MAX_DEPTH, "{}: {deepest}, {reached}", of_depth(1));
    assert!(deepest * 4 >= MAX_DEPTH, "{}: {deepest}", of_depth(1));
    support::check_reads_back(&query);
    for depth in [deepest + 1, 10 * deepest, most] {
        assert_eq!(limit_of(&of_depth(depth)), Some(Limit::Depth), "{} times {depth}", of_depth(1));
    }
}

#[test]
fn depth_is_bounded() {
    for (open, close) in NESTINGS {
        let most = (MAX_QUERY_BYTES - "any where a".len()) / (open.len() + close.len());
        check_depth(|depth| nested(open, close, depth), most);
        // As many as there is room for, and no end to them.
        let unclosed = open.repeat((MAX_QUERY_BYTES - "any where ".len()) / open.len());
        assert_eq!(limit_of(&format!("any where {unclosed}")), Some(Limit::Depth), "{open}");
    }
    for link in CHAINS {
        let most = (MAX_QUERY_BYTES - "any where 1".len()) / link.len();
        check_depth(|depth| format!("any where 1{}", link.repeat(depth)), most);
    }
}

#[test]
fn chains_in_parentheses_count_together() {
    let chain = " + 1".repeat(MAX_DEPTH - 1);
    assert_eq!(limit_of(&format!("any where f(1{chain})")), None);
    assert_eq!(limit_of(&format!("any where f(g(1{chain}))")), Some(Limit::Depth));
    assert_eq!(limit_of(&format!("any where (((1{chain}))) + 1")), None);
    assert_eq!(limit_of(&format!("any where (((1{chain}))) + 1 + 1")), Some(Limit::Depth));
}

#[test]
fn operators_of_one_level_are_none_deeper() {
    for word in ["and", "or"] {
        let chain = vec!["a"; 5000].join(&format!(" {word} "));
        let query = parse(&format!("any where {chain}")).unwrap();
        assert_eq!(height(&filters(&query)[0].condition), 1);
        support::check_reads_back(&query);
    }
    // Signs that leave no trace.
    assert_eq!(parse(&format!("any where {}a", "+".repeat(60_000))), parse("any where a"));
}

#[test]
fn comments_nest_as_deep() {
    let commented = |depth: usize| format!("any where a {}{}", "/*".repeat(depth), "*/".repeat(depth));
    assert_eq!(parse(&commented(MAX_DEPTH)), parse("any where a"));
    let error = parse(&commented(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!((error.kind, error.span.start), (ErrorKind::Limit(Limit::Depth), "any where a ".len()));
    let most = commented((MAX_QUERY_BYTES - "any where a ".len()) / 4);
    assert_eq!(limit_of(&most), Some(Limit::Depth));
}

#[test]
fn size_is_bounded() {
    let mut query = format!("any where {}", "a".repeat(MAX_QUERY_BYTES - "any where ".len()));
    assert_eq!(limit_of(&query), None);
    query.push('a');
    assert_eq!(limit_of(&query), Some(Limit::Length));
    assert_eq!(limit_of(&"(".repeat(10_000_000)), Some(Limit::Length));
}

#[test]
fn leaves_are_bounded() {
    for (ahead, leaf) in [("a in (", "1"), ("a : (", "1"), ("a in (", "b"), ("f(a, ", "1")] {
        let inside = |leaves: usize| format!("any where {ahead}{})", vec![leaf; leaves].join(","));
        // The field ahead is one too.
        assert_eq!(limit_of(&inside(MAX_LEAVES - 1)), None, "{ahead}{leaf}");
        assert_eq!(limit_of(&inside(MAX_LEAVES)), Some(Limit::Leaves), "{ahead}{leaf}");
    }
    let keys = vec!["a"; MAX_LEAVES].join(",");
    assert_eq!(limit_of(&format!("sequence by {keys} [any where b] [any where c]")), Some(Limit::Leaves));
}
