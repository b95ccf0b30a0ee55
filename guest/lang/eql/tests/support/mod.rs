//! The properties that hold for any text. The fuzz targets use this file too.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test uses a part, and a failed assumption is a failed test"
)]

use firstseen_eql::ast::{EventFilter, Expr, ExprKind, Query, QueryKind};
use firstseen_eql::{Error, parse};
use firstseen_query::{MAX_DEPTH, MAX_QUERY_BYTES};

/// Any text parses to a tree within the limits whose places are right, or to an error that can be
/// shown.
pub fn check_parse(text: &str) {
    match parse(text) {
        Ok(query) => filters(&query).into_iter().for_each(|filter| check_filter(filter, text)),
        Err(error) => check_shown(&error, text),
    }
}

fn check_shown(error: &Error, text: &str) {
    assert!(text.get(error.span.range()).is_some(), "{error:?}");
    let picture = error.render(text);
    assert!(picture.starts_with(&error.cause()) && picture.contains(&error.kind.to_string()));
    assert!(picture.ends_with('^'));
}

/// What a tree is printed as parses to the same tree.
pub fn check_roundtrip(text: &str) {
    if let Ok(query) = parse(text) {
        check_reads_back(&query);
    }
}

/// The same of a tree.
pub fn check_reads_back(query: &Query) {
    let printed = query.to_string();
    if printed.len() <= MAX_QUERY_BYTES {
        assert_eq!(parse(&printed).as_ref(), Ok(query), "{printed:?}");
    }
}

/// The filters of all events that a query asks for.
pub fn filters(query: &Query) -> Vec<&EventFilter> {
    match &query.kind {
        QueryKind::Event(filter) => vec![filter],
        QueryKind::Sequence(sequence) => {
            sequence.items.iter().chain(&sequence.until).map(|item| &item.filter).collect()
        }
        QueryKind::Sample(sample) => sample.items.iter().map(|item| &item.filter).collect(),
        other => panic!("{other:?}"),
    }
}

fn check_filter(filter: &EventFilter, text: &str) {
    assert!(height(&filter.condition) <= MAX_DEPTH, "{text:?}");
    let again = parse(&text[filter.span.range()]);
    assert_eq!(again.map(|query| query.kind), Ok(QueryKind::Event(filter.clone())), "{text:?}");
    check_places(&filter.condition, text);
}

/// What stands at the place of each part is that part.
fn check_places(expr: &Expr, text: &str) {
    let cut = &text[expr.span.range()];
    let Ok(Query { kind: QueryKind::Event(filter), .. }) = parse(&format!("any where {cut}")) else {
        panic!("{cut:?} of {text:?}");
    };
    assert_eq!(&filter.condition, expr, "{cut:?} of {text:?}");
    for part in parts(expr) {
        // `not in` is both the `not` and the `in`.
        let parts =
            if matches!(expr.kind, ExprKind::Not(_)) && part.span == expr.span { parts(part) } else { vec![part] };
        parts.into_iter().for_each(|part| check_places(part, text));
    }
}

/// How many levels are below an expression.
pub fn height(expr: &Expr) -> usize {
    let below = parts(expr).into_iter().map(height).max();
    match expr.kind {
        ExprKind::Literal(_) | ExprKind::Field(_) => 0,
        _ => below.unwrap_or_default() + 1,
    }
}

/// The expressions right below one.
pub fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Or(all) | ExprKind::And(all) | ExprKind::Call { arguments: all, .. } => all.iter().collect(),
        ExprKind::Not(one) | ExprKind::Negate(one) | ExprKind::Match { value: one, .. } => vec![one],
        ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => vec![left, right],
        ExprKind::In { value, list, .. } => core::iter::once(&**value).chain(list).collect(),
        ExprKind::Literal(_) | ExprKind::Field(_) => Vec::new(),
        other => panic!("{other:?}"),
    }
}
