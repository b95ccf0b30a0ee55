//! What is wrong with a query is said with its place and the way out.

use firstseen_eql::{Error, ErrorKind, parse};

macro_rules! shows {
    ($($name:ident: $query:expr => $text:expr;)*) => {$(
        #[test]
        fn $name() {
            let query: &str = $query;
            let error = parse(query).unwrap_err();
            assert_eq!(error.render(query), $text);
        }
    )*};
}

shows! {
    nothing: "" =>
        "expected a category (a name, a string, `any`), found the end of the query\n1 | \n  | ^";
    no_where: "process" =>
        "expected `where`, found the end of the query\n1 | process\n  |        ^";
    no_operand: "process where not" =>
        "expected an operand (a field, a constant, a call) or `not`, found the end of the query\n\
         1 | process where not\n  |                  ^";
    no_operator: "process where a == 1\n  b == 2" =>
        "expected an operator, `and`, `or`, `|` or the end of the query, found a name\n2 |   b == 2\n  |   ^";
    unclosed_paren: "any where (a == 1" =>
        "expected an operator, `and`, `or` or `)`, found the end of the query\n\
         1 | any where (a == 1\n  |                  ^";
    unclosed_item: "sample by a [any where b" =>
        "expected an operator, `and`, `or` or `]`, found the end of the query\n\
         1 | sample by a [any where b\n  |                         ^";
    no_item: "sequence where" =>
        "expected `[`, `by` or `with`, found the keyword `where`\n1 | sequence where\n  |          ^";
    wrong_setting: "sequence with runs=5" =>
        "expected `maxspan`, found a name\n1 | sequence with runs=5\n  |               ^";
    runs_in_a_sample: "sample by a [any where b] with runs=2" =>
        "expected `[`, `by`, `|` or the end of the query, found the keyword `with`\n\
         1 | sample by a [any where b] with runs=2\n  |                           ^";
    no_list: "any where a in 1" =>
        "expected `(`, found a number\n1 | any where a in 1\n  |                ^";
    no_pipe: "any where a | 5" =>
        "expected `head` or `tail`, found a number\n1 | any where a | 5\n  |               ^";
    keyword_as_category: "where where a" =>
        "expected a category (a name, a string, `any`), found the keyword `where`; a category of that name stands in \
         quotation marks\n1 | where where a\n  | ^";
    keyword_as_field: "any where in == 1" =>
        "expected an operand (a field, a constant, a call) or `not`, found the keyword `in`; a field of that name \
         stands in backticks\n1 | any where in == 1\n  |           ^";
    not_as_an_operand: "any where a == not b" =>
        "expected an operand (a field, a constant, a call), found the keyword `not`; a negation stands in parentheses \
         here\n1 | any where a == not b\n  |                ^";
    keyword_in_a_field: "any where a.in == 1" =>
        "expected a part of a field's name, found the keyword `in`; a field of that name stands in backticks\n\
         1 | any where a.in == 1\n  |             ^";
    assignment: "any where a = 1" =>
        "`=` means nothing here; write `==`\n1 | any where a = 1\n  |             ^";
    triple_equals: "any where a === 1" =>
        "`===` means nothing here; write `==`\n1 | any where a === 1\n  |               ^";
    unequal: "any where a <> 1" =>
        "`<>` means nothing here; write `!=`\n1 | any where a <> 1\n  |              ^";
    ampersands: "any where a && b" =>
        "`&&` means nothing here; write `and`\n1 | any where a && b\n  |             ^";
    bars: "any where a || b" =>
        "`||` means nothing here; write `or`\n1 | any where a || b\n  |              ^";
    exclamation: "any where !a" =>
        "`!` means nothing here; write `not`\n1 | any where !a\n  |           ^";
    parted_bracket: "sequence [any where a] ! [any where b]" =>
        "`! [` means nothing here; write `![`\n\
         1 | sequence [any where a] ! [any where b]\n  |                        ^";
    capital_and: "any where a AND b" =>
        "keywords are written in lower case: `and`\n1 | any where a AND b\n  |             ^";
    capital_not: "any where NOT a" =>
        "keywords are written in lower case: `not`\n1 | any where NOT a\n  |           ^";
    parted_tilde: "any where a like ~ \"x\"" =>
        "`~` stands right behind `in`, `like`, `regex` or the name of a function, as in `like~`\n\
         1 | any where a like ~ \"x\"\n  |                  ^";
    hash: "any where a # b" =>
        "`#` means nothing here; a comment starts with `//`\n1 | any where a # b\n  |             ^";
    semicolon: "any where a;" =>
        "`;` means nothing here; a query just ends\n1 | any where a;\n  |            ^";
    no_break_space: "any where a ==\u{a0}1" =>
        "U+00A0 is no white space of EQL; write a plain space\n1 | any where a ==\u{a0}1\n  |               ^";
    other_letters: "any where é" =>
        "`é` means nothing here; a name with it stands in backticks, a text in quotation marks\n\
         1 | any where é\n  |           ^";
    single_quotes: "any where a == 'x'" =>
        "strings stand in double quotation marks: write `\"…\"`\n1 | any where a == 'x'\n  |                ^";
    question_mark: "any where a == ?\"x\"" =>
        "strings with a question mark ahead are no more; write `\"\"\"…\"\"\"`\n\
         1 | any where a == ?\"x\"\n  |                ^";
    unclosed_string: "any where a == \"x\ny\"" =>
        "this string is not closed on its line; a line break in it is written `\\n`\n\
         1 | any where a == \"x\n  |                ^";
    unclosed_by_escape: "any where a == \"C:\\\"" =>
        "this string is not closed on its line; a line break in it is written `\\n`\n\
         1 | any where a == \"C:\\\"\n  |                ^";
    unclosed_raw: "any where a == \"\"\"x\n\"\"\"" =>
        "this string in three quotation marks is not closed by three on its line; one with line breaks is written \
         `\"…\\n…\"`\n1 | any where a == \"\"\"x\n  |                ^";
    unclosed_name: "any where `a == 1" =>
        "this backtick opens a name that is never closed\n1 | any where `a == 1\n  |           ^";
    unclosed_comment: "any where a /* b" =>
        "this comment is never closed; it ends with `*/`\n1 | any where a /* b\n  |              ^";
    bad_escape: r#"any where a == "C:\Windows""# =>
        "`\\W` is no escape; write `\\\\W` for a backslash and what follows it, or put the text into three quotation \
         marks (`\"\"\"…\"\"\"`), where backslashes are ordinary\n\
         1 | any where a == \"C:\\Windows\"\n  |                ^";
    bare_unicode: r#"any where a == "\u0041""# =>
        "a character by its number is written `\\u{…}`, as in `\\u{00e9}`\n\
         1 | any where a == \"\\u0041\"\n  |                ^";
    unicode_digits: r#"any where a == "\u{1}""# =>
        "`\\u{…}` takes 2 to 8 hexadecimal digits\n1 | any where a == \"\\u{1}\"\n  |                ^";
    half_a_pair: r#"any where a == "\u{d800}""# =>
        "there is no character of this number; `\\u{…}` takes whole characters, of up to 10ffff and none of d800 to \
         dfff\n1 | any where a == \"\\u{d800}\"\n  |                ^";
    not_like: "any where a not like \"x\"" =>
        "there is no `not like`; write `not` ahead of the field: `not f like …`\n\
         1 | any where a not like \"x\"\n  |                 ^";
    pattern_of_a_field: "any where a : b" =>
        "only constants can stand right of `:`: a string, a number without a sign, `true`, `false` or `null`, or \
         several of them in parentheses\n1 | any where a : b\n  |               ^";
    chained: "any where a < b < c" =>
        "a comparison cannot be compared further; join two with `and`, or put the first into parentheses\n\
         1 | any where a < b < c\n  |                 ^";
    index: "any where a[0]" =>
        "values of an array have no numbers; a condition on the field holds if any of its values meets it\n\
         1 | any where a[0]\n  |             ^";
    relation: "any where child of [any where a]" =>
        "Elasticsearch has no `child of`, `descendant of` or `event of`; write a sequence\n\
         1 | any where child of [any where a]\n  |           ^";
    large_number: "any where a == 1e999" =>
        "this number is larger than a double can be, about 1.8e308\n1 | any where a == 1e999\n  |                ^";
    join: "join by a [any where b] [any where c]" =>
        "Elasticsearch does not support `join`; write `sample`, or `sequence` if order matters\n\
         1 | join by a [any where b] [any where c]\n  | ^";
    computed_key: "sample by a, length(b) [any where c]" =>
        "only fields can be keys\n1 | sample by a, length(b) [any where c]\n  |              ^";
    uneven_keys: "sequence [any where a] by b [any where c]" =>
        "all items must have as many keys; the first one has 1 of its own and this one 0\n\
         1 | sequence [any where a] by b [any where c]\n  |                             ^";
    uneven_until: "sequence [any where a] [any where b] until [any where c] by d" =>
        "all items must have as many keys; the first one has 0 of its own and this one 1\n\
         1 | sequence [any where a] [any where b] until [any where c] by d\n\
         \x20 |                                                             ^";
    by_after_with: "sequence with maxspan=1m by a [any where b] [any where c]" =>
        "`by` stands ahead of `with`: `sequence by … with maxspan=…`\n\
         1 | sequence with maxspan=1m by a [any where b] [any where c]\n  | ^";
    fraction_of_a_span: "sequence with maxspan=1.5m [any where a]" =>
        "`maxspan` is a whole number above zero and a unit, as in `maxspan=5m`\n\
         1 | sequence with maxspan=1.5m [any where a]\n  |                       ^";
    no_span: "sequence with maxspan=0m [any where a]" =>
        "`maxspan` is a whole number above zero and a unit, as in `maxspan=5m`\n\
         1 | sequence with maxspan=0m [any where a]\n  |                       ^";
    no_unit: "sequence with maxspan=5 [any where a]" =>
        "the unit of `maxspan` is one of `ms`, `s`, `m`, `h` and `d`, as in `maxspan=5m`\n\
         1 | sequence with maxspan=5 [any where a]\n  |                       ^";
    other_unit: "sequence with maxspan=5M [any where a]" =>
        "the unit of `maxspan` is one of `ms`, `s`, `m`, `h` and `d`, as in `maxspan=5m`\n\
         1 | sequence with maxspan=5M [any where a]\n  |                        ^";
    long_span: "sequence with maxspan=9223372036854775807s [any where a]" =>
        "this `maxspan` is longer than time is counted, about 292 million years\n\
         1 | sequence with maxspan=9223372036854775807s [any where a]\n  |                       ^";
    span_of_more_bits: "sequence with maxspan=9223372036854775808ms [any where a]" =>
        "this `maxspan` is longer than time is counted, about 292 million years\n\
         1 | sequence with maxspan=9223372036854775808ms [any where a]\n  |                       ^";
    other_setting: "sequence [any where a] with times=2" =>
        "an item has no such setting; it has `with runs=…`, after its `by`\n\
         1 | sequence [any where a] with times=2\n  |                             ^";
    too_many_runs: "sequence [any where a] with runs=101" =>
        "`runs` is a whole number from 1 to 100\n\
         1 | sequence [any where a] with runs=101\n  |                                  ^";
    one_item: "sequence [any where a]" =>
        "there must be two items or more; for single events write `category where …`\n\
         1 | sequence [any where a]\n  | ^";
    one_sampled: "sample by a [any where b]" =>
        "there must be two items or more; for single events write `category where …`\n\
         1 | sample by a [any where b]\n  | ^";
    all_missing: "sequence with maxspan=1m ![any where a] ![any where b]" =>
        "there must be an item that is not missing, `[ … ]`\n\
         1 | sequence with maxspan=1m ![any where a] ![any where b]\n  | ^";
    missing_for_ever: "sequence [any where a] ![any where b]" =>
        "a sequence with a missing event (`![ … ]`) needs a `maxspan`, within which it must be missing: `sequence \
         with maxspan=5m …`\n1 | sequence [any where a] ![any where b]\n  | ^";
    missing_until: "sequence [any where a] [any where b] until ![any where c]" =>
        "`until` names an event that comes; it cannot be a missing one\n\
         1 | sequence [any where a] [any where b] until ![any where c]\n\
         \x20 |                                            ^";
    until_runs: "sequence [any where a] [any where b] until [any where c] with runs=2" =>
        "`until` ends a sequence with a single event; it has no `runs`\n\
         1 | sequence [any where a] [any where b] until [any where c] with runs=2\n\
         \x20 |                                            ^";
    missing_in_a_sample: "sample by a [any where b] ![any where c]" =>
        "a sample has no missing events; a sequence has\n\
         1 | sample by a [any where b] ![any where c]\n  |                           ^";
    no_key: "sample [any where a] [any where b]" =>
        "a sample needs a key that its events share: `sample by …`\n\
         1 | sample [any where a] [any where b]\n  | ^";
    unsupported_pipe: "any where a | sort b" =>
        "Elasticsearch does not support the pipe `sort`; it has `head` and `tail`\n\
         1 | any where a | sort b\n  |             ^";
    unknown_pipe: "any where a | heads 5" =>
        "there is no such pipe; there are `head` and `tail`\n1 | any where a | heads 5\n  |               ^";
    pipe_of_nothing: "any where a | head" =>
        "a pipe takes one number: `| head 10`\n1 | any where a | head\n  |             ^";
    pipe_of_two: "any where a | tail 1, 2" =>
        "a pipe takes one number: `| head 10`\n1 | any where a | tail 1, 2\n  |             ^";
    pipe_below_zero: "any where a | head -1" =>
        "a pipe takes a whole number from 0 to 2147483647, as a constant: `| head 10`\n\
         1 | any where a | head -1\n  |                    ^";
    direction: "any where a == \"b\u{202e}c\"" =>
        "the invisible character U+202E makes the query read other than it is; write it as an escape (`\\u{202e}`, in \
         a string) or remove it\n1 | any where a == \"b\u{fffd}c\"\n  |                  ^";
}

#[test]
fn the_place_ends_where_what_is_wrong_does() {
    for (query, cut) in [
        (r#"any where a == "b\dc" and d"#, r#""b\d"#),
        (r#"any where a == "b\u{110000}c""#, r#""b\u{110000}"#),
        ("any where a == \"b\nc\"", "\"b"),
        ("any where a == \"\"\"b\"\"\nc", "\"\"\"b\"\""),
        ("any where a : length(b)", "length"),
        ("any where a | unique b", "| unique"),
        ("any where a | head (b or c)", "(b or c)"),
        ("sequence by -a [any where b]", "-a"),
    ] {
        let error = parse(query).unwrap_err();
        assert_eq!(query.get(error.span.range()), Some(cut), "{error}");
    }
}

#[test]
fn the_first_of_two_errors_is_told() {
    let kind = |query| parse(query).map_err(|Error { kind, .. }| kind);
    assert_eq!(kind("any where a[0] 'b'"), Err(ErrorKind::ArrayIndex));
    assert_eq!(kind("any where 'b' a[0]"), Err(ErrorKind::SingleQuotes));
    // What the whole of a sequence lacks comes after all of its text.
    assert_eq!(kind("sequence [any where a] | head 'b'"), Err(ErrorKind::SingleQuotes));
}
