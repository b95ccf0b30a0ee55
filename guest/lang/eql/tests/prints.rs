//! What queries are read as, told by the text that is printed of them.

use firstseen_eql::parse;

macro_rules! prints {
    ($($name:ident: $query:expr => $text:expr;)*) => {$(
        #[test]
        fn $name() {
            let tree = parse($query).unwrap();
            assert_eq!(tree.to_string(), $text);
            assert_eq!(parse($text).unwrap(), tree);
        }
    )*};
}

prints! {
    space: "\r\nany\twhere  a==1 " => "any where a == 1";
    category_of_a_string: "\"process\" where a" => "process where a";
    category_that_is_no_name: "\"a b\" where a" => "\"a b\" where a";
    category_named_any: "\"any\" where a" => "\"any\" where a";
    capitals_are_names: "Sequence where Any == TRUE" => "Sequence where Any == TRUE";
    names_that_are_no_keywords: "runs where head == tail" => "runs where head == tail";

    precedence: "any where (((not (a == 1)) and b) or ((c)))" => "any where not a == 1 and b or c";
    kept_parens: "any where (a or b) and (c and d)" => "any where (a or b) and (c and d)";
    left_parens: "any where ((a or b) or c) or (d or e)" => "any where a or b or c or (d or e)";
    double_not: "any where not(not(a))" => "any where not not a";
    not_of_a_group: "any where not (a and b)" => "any where not (a and b)";
    not_in: "any where not (a in~ (1)) and not b not in (2)" => "any where a not in~ (1) and not b not in (2)";
    not_is_compared: "any where a == (not b)" => "any where a == (not b)";
    comparisons: "any where a<1 and b<=2 and c>3 and d>=4 and e!=5" =>
        "any where a < 1 and b <= 2 and c > 3 and d >= 4 and e != 5";
    comparison_of_comparisons: "any where (a == b) == (c != d)" => "any where (a == b) == (c != d)";
    lists: "any where a in ((b or c), d == 1, null)" => "any where a in (b or c, d == 1, null)";
    list_in_parens: "any where (a in (1)) in (2)" => "any where (a in (1)) in (2)";
    patterns: "any where a:(\"x\") and b like~(1,true,null,.5)" => "any where a : \"x\" and b like~ (1, true, null, 0.5)";
    pattern_of_a_condition: "any where (a == b) : \"true\"" => "any where (a == b) : \"true\"";
    match_is_compared: "any where (a regex \"x\") == true" => "any where a regex \"x\" == true";

    sums: "any where a-b-c+(d-e)" => "any where a - b - c + (d - e)";
    products: "any where (a+b)*c/(d%e)" => "any where (a + b) * c / (d % e)";
    product_in_a_sum: "any where (a*b)+((c/d))" => "any where a * b + c / d";
    signs: "any where - - +a - -(b + c) * -d" => "any where --a - -(b + c) * -d";
    sign_of_a_list: "any where (-a) in (1) or -(b in (2))" => "any where (-a) in (1) or -b in (2)";

    calls: "any where f ( a ,b) and g~ () and cidrMatch(source.ip, \"::/0\")" =>
        "any where f(a, b) and g~() and cidrMatch(source.ip, \"::/0\")";
    calls_of_keywords: "any where and~(a) : \"x\"" => "any where and~(a) : \"x\"";

    fields: "any where @timestamp . a_1 == ? _b" => "any where @timestamp.a_1 == ?_b";
    quoted_parts: "any where `a.b-c`.d and ?`in`.`x`" => "any where a.`b-c`.d and ?`in`.x";
    backticks: "any where ```` == `a``\nb` and ``" => "any where ```` == `a``\nb` and ``";
    keyword_parts: "any where x.`where` and `and.or`" => "any where x.`where` and `and`.`or`";

    integers: "any where 007 in (2147483647, 2147483648, 9223372036854775807, 9223372036854775808)" =>
        "any where 7 in (2147483647, 2147483648, 9223372036854775807, 9223372036854775808)";
    largest_integers: "any where 18446744073709551615 in (18446744073709551616, 36893488147419103232)" =>
        "any where 18446744073709551615 in (1.8446744073709552e19, 3.6893488147419103e19)";
    doubles: "any where 5. in (.5, 1e3, 1.5E-2, 0.0, 1e+20, 1.7976931348623157e308)" =>
        "any where 5.0 in (0.5, 1000.0, 0.015, 0.0, 1e20, 1.7976931348623157e308)";
    number_ahead_of_a_name: "sequence with maxspan=5 m[any where 1]with runs=2" =>
        "sequence with maxspan=5m [any where 1] with runs=2";

    escapes: r#"any where a == "\"\'\\\b\f\t\r\n\u{e9}\u{0001f600}\u{202e}é""# =>
        r#"any where a == "\"'\\\u{08}\u{0c}\t\r\né😀\u{202e}é""#;
    raw: "any where a == \"\"\"C:\\x\t\"y\" 'z' \\\"\"\"" => r#"any where a == "C:\\x\t\"y\" 'z' \\""#;
    raw_quotes: r#"any where """""""" in (""""a"""", """""", "")"# => r#"any where "\"\"" in ("\"a\"", "", "")"#;

    comments: "/* a */any/**/where// b\na/**//* c */== 1//" => "any where a == 1";
    nested_comments: "any /* /* a */ b */ where a /* // */ == /* \"*/ 1" => "any where a == 1";
    comment_within_a_string: "any where a == \"/* b // */\"" => "any where a == \"/* b // */\"";
    comment_that_takes_the_next: "any where a /* /b/* */ and b /* c */ and d" => "any where a and d";

    sequence: "sequence by a,?b.c with maxspan = 1m [x where d] by e with runs=3 [any where f] by g until [y where h] by i" =>
        "sequence by a, ?b.c with maxspan=1m [x where d] by e with runs=3 [any where f] by g until [y where h] by i";
    keys_in_parens: "sequence by (a), +b [any where c] with runs=2" => "sequence by a, b [any where c] with runs=2";
    run_of_one: "sequence [any where a] with runs=1 [any where b] with runs=100" =>
        "sequence [any where a] [any where b] with runs=100";
    missing: "sequence with maxspan=2d ![any where a] [any where b] ![any where c]" =>
        "sequence with maxspan=2d ![any where a] [any where b] ![any where c]";
    spans_in_larger_units: "sequence with maxspan=7200000ms [any where a] with runs=2" =>
        "sequence with maxspan=2h [any where a] with runs=2";
    spans_in_smaller_units: "sequence with maxspan=1500ms [any where a] with runs=2" =>
        "sequence with maxspan=1500ms [any where a] with runs=2";
    longest_span: "sequence with maxspan=9223372036854775807ms [any where a] with runs=2" =>
        "sequence with maxspan=9223372036854775807ms [any where a] with runs=2";
    sample: "sample by a [x where b] [y where c]" => "sample by a [x where b] [y where c]";
    keys_of_items: "sample [x where b] by c [y where d] by e" => "sample [x where b] by c [y where d] by e";
    pipes: "any where a|head 0|tail (2147483647)" => "any where a | head 0 | tail 2147483647";
}
