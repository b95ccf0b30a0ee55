//! Properties that hold for any text and any tree.

mod support;

use firstseen_eql::ast::{
    ArithmeticOp, CompareOp, Constant, EventFilter, Expr, ExprKind, Field, Item, Literal, MatchOp, Pipe, Query,
    QueryKind, Sample, Sequence,
};
use firstseen_eql::parse;
use firstseen_query::Span;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;

/// One of the words, or of the rare ones.
fn word(often: &'static [&'static str], rare: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop_oneof![9 => select(often), 1 => select(rare)]
}

/// Text made of what matters to the grammar, in an order that is often the right one.
fn soup() -> impl Strategy<Value = String> {
    let start = word(&["any where ", "x where "], &["sequence [any where a] [any where ", "", "/*a*/ sample by "]);
    let ahead = word(&["", "", "", "not ", "-"], &["(", "f(", "f~(1, "]);
    let operand = word(
        &["a", "b.c", "?d", "`e-f`.g", r#""x*""#, r#""\u{41}\"""#, r#""""r\""""#, "1", "2.5", "1e3", "f()", "(a or 1)"],
        &[".5", "99999999999", "null", "in", "'y'", "\"\\d\""],
    );
    let behind = word(&["", "", "", " : \"x\"", " in (a, 1)"], &[")", " like~ (\"x\", 1)", " not in~ (b)", " // c\n"]);
    let operator = word(&[" and ", " or ", " + ", "-", "*", "/"], &[" == ", "!=", " < ", ", ", "] [any where "]);
    let noise = select(
        &[
            "?",
            "`",
            "\"",
            "\\",
            "[",
            "![",
            "]",
            "\u{a0}",
            "é",
            "😀",
            "\u{202e}",
            "=",
            "~",
            "AND",
            "/*",
            "*/",
            " by a",
            " with ",
            "maxspan=5m",
            "runs=2",
            "until ",
            "|",
            "!",
        ][..],
    );
    let noise = prop_oneof![19 => Just(""), 1 => noise];
    let end = word(&["", " | head 5"], &["]", "] by a with runs=2"]);
    let part = (ahead, operand, behind, noise);
    let part = part.prop_map(|(ahead, operand, behind, noise)| [ahead, operand, behind, noise].concat());
    (start, part.clone(), vec((operator, part), 0..5), end).prop_map(|(start, first, others, end)| {
        let others = others.into_iter().map(|(operator, part)| operator.to_owned() + &part);
        start.to_owned() + &first + &others.collect::<String>() + end
    })
}

fn at_nowhere(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn text() -> impl Strategy<Value = String> {
    let word = select(
        &["a", "\"", "\"\"\"", "\\", "\\n", "\n", "\t", "\r", "*", "?", "'", "\u{7}", "\u{2067}", "é😀", "/*", "`"][..],
    );
    prop_oneof![vec(word, 0..6).prop_map(|words| words.concat()), any::<String>()]
}

fn literal() -> impl Strategy<Value = Literal> {
    let above_int = i64::from(i32::MAX) + 1;
    let above_long = u64::try_from(i64::MAX).unwrap_or_default() + 1;
    prop_oneof![
        1 => Just(Literal::Null),
        1 => any::<bool>().prop_map(Literal::Bool),
        2 => prop_oneof![Just(0), Just(i32::MAX), 0..=i32::MAX].prop_map(Literal::Int),
        1 => prop_oneof![Just(above_int), Just(i64::MAX), above_int..=i64::MAX].prop_map(Literal::Long),
        1 => prop_oneof![Just(above_long), Just(u64::MAX), above_long..=u64::MAX].prop_map(Literal::UnsignedLong),
        2 => double().prop_map(Literal::Double),
        4 => text().prop_map(Literal::String),
    ]
}

/// No sign is part of one.
fn double() -> impl Strategy<Value = f64> {
    let special = select(&[0.0, 1.0, 0.1, 1e16, 1.8446744073709552e19, f64::MAX, f64::MIN_POSITIVE, 5e-324][..]);
    let finite = any::<f64>().prop_map(f64::abs).prop_filter("a number", |number| number.is_finite());
    prop_oneof![special, finite]
}

fn constant() -> impl Strategy<Value = Constant> {
    literal().prop_map(|literal| Constant { literal, span: Span::default() })
}

/// Names with parts that need backticks and such that do not. Invisible characters have no escape
/// there.
fn field() -> impl Strategy<Value = Field> {
    let part = prop_oneof![
        4 => select(&["a", "B_1", "@timestamp", "_x"][..]).prop_map(str::to_owned),
        1 => select(&["in", "where", "", "1", "a-b", "a~", "`", "``a`", "é", "\n", "\"", "like~"][..]).prop_map(str::to_owned),
        1 => any::<String>().prop_map(|text| text.replace(firstseen_query::is_forbidden, "")),
    ];
    (vec(part, 1..4), any::<bool>()).prop_map(|(parts, optional)| Field {
        name: parts.join("."),
        optional,
        span: Span::default(),
    })
}

fn call_name() -> impl Strategy<Value = (String, bool)> {
    let plain = select(&["f", "_f", "@f", "cidrMatch"][..]).prop_map(|name| (name.to_owned(), false));
    // With `~`, these are names.
    let folding = select(&["f", "and", "sequence", "F1_"][..]).prop_map(|name| (name.to_owned(), true));
    prop_oneof![plain, folding]
}

/// Operands of `and` and `or`. The first is none of the same: that would be one with the others.
fn joined(inner: impl Strategy<Value = Expr> + Clone, same: fn(&ExprKind) -> bool) -> impl Strategy<Value = Vec<Expr>> {
    vec(inner, 2..4)
        .prop_filter("a tree as it is parsed", move |all| all.first().is_some_and(|first| !same(&first.kind)))
}

fn condition() -> impl Strategy<Value = Expr> {
    let leaf =
        prop_oneof![literal().prop_map(ExprKind::Literal), field().prop_map(ExprKind::Field)].prop_map(at_nowhere);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let compare_op =
            select(&[CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Lte, CompareOp::Gt, CompareOp::Gte][..]);
        let match_op = select(
            &[MatchOp::Seq, MatchOp::Like, MatchOp::LikeInsensitive, MatchOp::Regex, MatchOp::RegexInsensitive][..],
        );
        let arithmetic_op = select(
            &[
                ArithmeticOp::Add,
                ArithmeticOp::Subtract,
                ArithmeticOp::Multiply,
                ArithmeticOp::Divide,
                ArithmeticOp::Modulo,
            ][..],
        );
        let within = (boxed(), vec(inner.clone(), 1..4), any::<bool>())
            .prop_map(|(value, list, ignore_case)| ExprKind::In { value, list, ignore_case });
        prop_oneof![
            2 => joined(inner.clone(), |kind| matches!(kind, ExprKind::Or(_))).prop_map(ExprKind::Or),
            2 => joined(inner.clone(), |kind| matches!(kind, ExprKind::And(_))).prop_map(ExprKind::And),
            2 => boxed().prop_map(ExprKind::Not),
            1 => within.clone(),
            1 => within.prop_map(|kind| ExprKind::Not(Box::new(at_nowhere(kind)))),
            2 => (compare_op, boxed(), boxed()).prop_map(|(op, left, right)| ExprKind::Compare { op, left, right }),
            2 => (match_op, boxed(), vec(constant(), 1..4))
                .prop_map(|(op, value, patterns)| ExprKind::Match { op, value, patterns }),
            2 => (arithmetic_op, boxed(), boxed())
                .prop_map(|(op, left, right)| ExprKind::Arithmetic { op, left, right }),
            1 => boxed().prop_map(ExprKind::Negate),
            1 => (call_name(), vec(inner.clone(), 0..4))
                .prop_map(|((name, ignore_case), arguments)| ExprKind::Call { name, ignore_case, arguments }),
        ]
        .prop_map(at_nowhere)
    })
}

fn filter() -> impl Strategy<Value = EventFilter> {
    let category = prop_oneof![select(&["process", "any", "by", "a-b"][..]).prop_map(str::to_owned), text()];
    (option::of(category), condition()).prop_map(|(category, condition)| {
        let span = Span::default();
        EventFilter { category, condition, span }
    })
}

/// Items with so many keys each.
fn items(keys: usize, missing: bool, runs: u32) -> impl Strategy<Value = Vec<Item>> {
    let missing = if missing { any::<bool>().boxed() } else { Just(false).boxed() };
    let item = (filter(), vec(field(), keys), missing, 1..=runs).prop_map(|(filter, by, missing, runs)| Item {
        filter,
        by,
        missing,
        runs,
        span: Span::default(),
    });
    // One at least is there.
    vec(item, 2..4).prop_map(|mut items| {
        if let Some(item) = items.first_mut() {
            item.missing = false;
        }
        items
    })
}

fn sequence() -> impl Strategy<Value = QueryKind> {
    let maxspan_ms = prop_oneof![1..100_000_u64, (1..100_u64).prop_map(|hours| hours * 3_600_000)];
    (0..3_usize, vec(field(), 0..3), option::of(maxspan_ms)).prop_flat_map(|(keys, by, maxspan_ms)| {
        let until = option::of(items(keys, false, 1).prop_map(|mut items| items.swap_remove(0)));
        (items(keys, maxspan_ms.is_some(), 100), until).prop_map(move |(items, until)| {
            QueryKind::Sequence(Sequence { by: by.clone(), maxspan_ms, items, until, span: Span::default() })
        })
    })
}

fn sample() -> impl Strategy<Value = QueryKind> {
    (0..3_usize, vec(field(), 1..3)).prop_flat_map(|(keys, by)| {
        items(keys, false, 1)
            .prop_map(move |items| QueryKind::Sample(Sample { by: by.clone(), items, span: Span::default() }))
    })
}

fn query() -> impl Strategy<Value = Query> {
    let count = || (0..=2_147_483_647_u64).boxed();
    let pipe = prop_oneof![count().prop_map(Pipe::Head), count().prop_map(Pipe::Tail)];
    let kind = prop_oneof![4 => filter().prop_map(QueryKind::Event), 2 => sequence(), 1 => sample()];
    (kind, vec(pipe, 0..3)).prop_map(|(kind, pipes)| Query { kind, pipes })
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
    }

    #[test]
    fn printed_trees_parse_to_themselves(query in query()) {
        support::check_reads_back(&query);
        support::check_parse(&query.to_string());
    }

    #[test]
    fn text_between_tokens_does_not_matter(query in query(), gap in "\n(\t|\r\n|/\\* a \\*/|// b\n){0,3} ") {
        // A space in the printed text stands between tokens, but for names and strings.
        let printed = query.to_string();
        if !printed.contains(['"', '`']) {
            prop_assert_eq!(parse(&printed.replace(' ', &gap)), Ok(query), "{}", printed);
        }
    }
}

#[test]
fn the_soup_above_is_sometimes_a_query() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let parsed = (0..2000).filter(|_| parse(&soup().new_tree(&mut runner).unwrap().current()).is_ok()).count();
    assert!((400..1600).contains(&parsed), "{parsed} of 2000");
}
