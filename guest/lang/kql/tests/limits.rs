//! The limits on queries hold, and what is within them works.

mod support;

use firstseen_kql::{ErrorKind, parse};
use firstseen_query::{Limit, MAX_DEPTH, MAX_LEAVES, MAX_QUERY_BYTES};
use support::compile;

fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}a:b{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("(", ")"), ("n:{", "}"), ("not (", ")"), ("x:y or (", ")"), ("x:y or z:w and not (", ")")] {
        let query = parse(&nested(MAX_DEPTH, open, close)).unwrap();
        assert_eq!(parse(&query.to_string()), Ok(query.clone()));
        // `n` is nested, `n.n` is not.
        assert_eq!(compile(&query).is_ok(), !open.contains('{'));

        let error = parse(&nested(MAX_DEPTH + 1, open, close)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Limit(Limit::Depth));
        // As many as there is room for, and no end to them: no overflow either.
        let unclosed = open.repeat(MAX_QUERY_BYTES / open.len());
        assert_eq!(parse(&unclosed).unwrap_err().kind, ErrorKind::Limit(Limit::Depth));
    }
}

#[test]
fn values_nest_as_deep() {
    let group = |depth: usize| format!("f:{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&group(MAX_DEPTH)).is_ok());
    let error = parse(&group(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit(Limit::Depth));
    assert_eq!(error.span.start, 2 + MAX_DEPTH);
}

#[test]
fn size_is_bounded() {
    let mut query = format!("a:{}", "b".repeat(MAX_QUERY_BYTES - 2));
    assert!(parse(&query).is_ok());
    query.push('b');
    assert_eq!(parse(&query).unwrap_err().kind, ErrorKind::Limit(Limit::Length));
}

#[test]
fn leaves_are_bounded() {
    // The shortest conditions there are: the limit on size is met first.
    let leaves = (MAX_QUERY_BYTES - "f:()".len() + " or ".len()) / "a or ".len();
    assert!(leaves < MAX_LEAVES);
    let query = parse(&format!("f:({})", vec!["a"; leaves].join(" or "))).unwrap();
    assert!(compile(&query).is_ok());
}
