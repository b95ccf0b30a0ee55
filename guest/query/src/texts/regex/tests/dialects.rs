//! What patterns mean in each dialect.

use super::super::Regex;

/// What a regular expression matches, and what it does not.
fn check(regex: &Regex, matching: &[&str], others: &[&str]) {
    for text in matching {
        assert!(regex.matches(text), "{regex:?} on {text:?}");
    }
    for text in others {
        assert!(!regex.matches(text), "{regex:?} on {text:?}");
    }
}

macro_rules! cases {
    ($dialect:ident, $ignore_case:expr; $($name:ident: $pattern:expr => [$($yes:expr),*] not [$($no:expr),*];)*) => {$(
        #[test]
        fn $name() { check(&Regex::$dialect($pattern, $ignore_case).unwrap(), &[$($yes),*], &[$($no),*]); }
    )*};
}

mod in_lucene {
    use super::*;

    cases! { lucene, false;
        the_whole_text: "ab" => ["ab"] not ["", "a", "abc", "xab", "AB"];
        empty: "" => [""] not ["a"];
        empty_group: "a()b" => ["ab"] not ["a()b"];
        anchors_are_characters: "^a$" => ["^a$"] not ["a"];
        dot_is_any: "a.c" => ["abc", "a\nc", "aéc", "a😀c"] not ["ac", "abbc"];
        alternatives: "a|bc" => ["a", "bc"] not ["ac", "b", ""];
        repetitions: "a?b*c+" => ["c", "acc", "bbc"] not ["", "aac", "ab"];
        counts: "a{2}b{1,}c{0,2}" => ["aab", "aabbcc"] not ["ab", "aa", "aabccc"];
        no_times: "a{0}b" => ["b"] not ["ab"];
        counted_twice: "(ab){2}{1,2}" => ["abab", "abababab"] not ["ab", "ababab"];
        lazy_is_optional: "a+?b" => ["b", "aab"] not ["a"];
        class: "[a-cx]" => ["a", "b", "x"] not ["d", "-", ""];
        not_class: "[^a-c]" => ["d", "\n", "é", "^"] not ["a", "", "dd"];
        class_hyphens: "[-a][a-b-c]" => ["-a", "a-", "ac"] not ["-d", "bb"];
        class_escapes: r"[\]\d\-]" => ["]", "7", "-"] not ["d", "\\"];
        class_range_to_an_escape: r"[Z-\]]" => ["[", "\\", "]", "Z"] not ["a", "^", "-"];
        class_range_to_a_letter: r"[a-\d]" => ["b", "d"] not ["0", "e"];
        class_escape_starts_no_range: r"[\!-z]" => ["!", "-", "z"] not ["a"];
        class_first_bracket: "[]a]" => ["]", "a"] not ["[]a]"];
        class_of_operators: "[.*\"|(]" => [".", "*", "\"", "|", "("] not ["a", ""];
        predefined: r"\d\w\s\D\W\S" => ["1_ a-a", "9Z\tx!1"] not ["1_ 1-a", "1é a-a"];
        white_space_is_four: r"\s" => [" ", "\t", "\r", "\n"] not ["\u{b}", "\u{c}", "\u{a0}"];
        escaped: r"a\.\*\\\é" => [r"a.*\é"] not ["ab*\\é"];
        quoted: "\"a.*(\"b" => ["a.*(b"] not ["aab"];
        quoted_is_repeated: "\"ab\"+" => ["ab", "abab"] not ["abb"];
        quoted_backslash: r#""\"n"# => [r"\n"] not ["n"];
        anything: "a@b" => ["ab", "a\nb", "axxb"] not ["a"];
        nothing: "a#|b" => ["b"] not ["a", "a#", ""];
        nothing_stays_nothing: "#*" => [] not ["", "a", "#"];
        nothing_or_not: "(#)?x" => ["x"] not [""];
        nothing_no_times: "#{0,3}x" => ["x"] not [""];
        complement: "~(ab)" => ["", "a", "abc", "ba"] not ["ab"];
        complement_binds_one: "~ab" => ["b", "xb", "aab", "bb"] not ["ab", "", "a"];
        complement_ahead_of_repetition: "~a*" => ["", "b", "aa", "ab"] not ["a"];
        complement_twice: "~~(ab)" => ["ab"] not ["", "a"];
        intersection: "a.*&.*b" => ["ab", "axb"] not ["a", "b", "ba"];
        intersections: "a.*&.*b&..." => ["axb"] not ["ab", "axxb"];
        intersection_ahead_of_union: "a&b|c" => ["c"] not ["a", "b"];
        no_flags: "(?i)a" => ["?ia"] not ["a", "A"];
        no_groups_of_others: "(?:ab)" => ["?:ab"] not ["ab"];
        operators_at_the_start: "(*a)(+)(|b)({c)" => ["*a+|b{c"] not ["a"];
        operator_at_the_very_start: "|a" => ["|a"] not ["a", ""];
        operator_behind_an_operator: "a||b" => ["a", "|b"] not ["b", ""];
        closing_ones_are_characters: "a]}>" => ["a]}>"] not ["a"];
        group_that_closes_late: "(a|))" => ["a", ")"] not ["", "a)"];
        repeated_star_of_a_group: "(*+)" => ["*"] not ["**", "+"];
        interval: "x<8-12>" => ["x8", "x9", "x12", "x08", "x00012"] not ["x7", "x13", "x", "x0"];
        interval_of_one_width: "<08-12>" => ["08", "10"] not ["8", "008", "13"];
        interval_turned: "<12-8>" => ["8", "11"] not ["7", "13"];
        interval_from_zero: "<0-100>" => ["0", "00", "7", "99", "100"] not ["", "101", "1000"];
        interval_of_three_digits: "<128-255>" => ["128", "200", "255"] not ["127", "256", "0128"];
        interval_with_signs: "<+1-10>" => ["10", "01"] not ["1", "00", "11"];
        interval_to_the_last: "<9-2147483647>" => ["9", "2147483647", "999999999"] not ["8", "2147483648"];
    }

    mod ignoring_case {
        use super::*;

        cases! { lucene, true;
            letters: "Abc[Xy]" => ["aBCx", "ABCY"] not ["abc"];
            quotes: "\"Ab\"\\É" => ["aBé", "ABÉ"] not ["abe"];
            kelvin_and_long_s: "[k]s" => ["ks", "KS", "\u{212a}ſ"] not ["xs"];
            sigma: "σ" => ["Σ", "ς", "σ"] not ["s"];
            sharp_s: "ß" => ["ß", "ẞ"] not ["ss", "SS"];
            ranges_do_not: "[a-z]" => ["m"] not ["M"];
            range_of_one_does: "[m-m]" => ["m", "M"] not [];
            escaped_in_class_alone_does: r"[\é]" => ["é", "É"] not [];
            escaped_in_class_does_not: r"[\éx]" => ["é", "x", "X"] not ["É"];
            not_class: "[^k]" => ["x"] not ["k", "K", "\u{212a}"];
            complement: "~k" => ["", "x"] not ["k", "K", "\u{212a}"];
            word_class: r"\w" => ["a", "A"] not ["ſ"];
        }
    }
}

mod in_java {
    use super::*;

    cases! { java, false;
        the_whole_text: "ab" => ["ab"] not ["", "abc", "xab", "AB"];
        anchors: r"^ab$|\Acd\z|(^e|f$)\Z" => ["ab", "cd", "e", "f"] not ["xab", "ab\n"];
        dot_stops_at_lines: "a.c" => ["abc", "a😀c", "a\u{b}c"] not ["a\nc", "a\rc", "a\u{85}c", "a\u{2028}c", "a\u{2029}c"];
        empty_alternatives: "a(|b|)" => ["a", "ab"] not ["b"];
        lazy: "a+?b*?c??d{1,2}?" => ["ad", "aabcdd"] not ["addd", "d"];
        count_of_a_count: "a{2}{3}" => ["aa"] not ["aaaaaa"];
        count_at_the_start: "{2}a" => ["a"] not ["aa"];
        closing_ones_are_characters: "a]}" => ["a]}"] not ["a"];
        others_are_characters: "a~\"&@#<>" => ["a~\"&@#<>"] not ["a"];
        groups: "(?:a)(?<n1>b)(c)" => ["abc"] not ["?:abc"];
        flags: "(?i)a(?-i)b(?i:c)d|(?s).e" => ["Abcd", "abCd", "\ne"] not ["aBcd", "abcD", "\nE"];
        flags_end_with_their_group: "((?i)a)b" => ["Ab"] not ["AB"];
        flags_reach_the_next_branch: "(?i)a|b" => ["A", "B"] not ["c"];
        escapes: r"\t\n\r\f\a\e\x41\u00e9\x{1F600}\cA\07\0101\-" =>
            ["\t\n\r\u{c}\u{7}\u{1b}Aé😀\u{1}\u{7}A-"] not [""];
        surrogate_pair: r"\ud83d\ude00" => ["😀"] not ["\u{de0}"];
        octal_ends: r"\0777" => ["?7"] not ["\u{1ff}"];
        classes: r"\d\w\s\D\W\S" => ["1_\u{b}a-a"] not ["١_ a-a"];
        horizontal_and_vertical: r"\h\v\H\V" => ["\u{a0}\u{85}ab", "\t\nab"] not ["\n\nab", "\t\tab"];
        line_breaks: r"a\R\Rb" => ["a\r\nb", "a\n\nb", "a\r\n\r\nb", "a\u{2028}\u{b}b"] not ["a\nb", "a\tab"];
        quoted: r"\Qa.*(\E+" => ["a.*(", "a.*(("] not ["aab"];
        quoted_to_the_end: r"a\Q[b\" => [r"a[b\"] not ["ab"];
        posix: r"\p{Lower}\p{Upper}\p{Punct}\P{Alpha}\p{XDigit}\p{Blank}" => ["aA~1f\t"] not ["aA~af ", "éA~1f "];
        class: r"[a-c\d_]" => ["b", "7", "_"] not ["d", "-"];
        class_union: "[a[xy]b]" => ["a", "x", "b"] not ["[", "c"];
        class_intersection: "[a-z&&[^aeiou]]" => ["b", "z"] not ["a", "e", "B"];
        class_intersection_without_brackets: "[a-z&&aeiou]" => ["a", "u"] not ["b", "&"];
        class_intersections: "[a-z&&b-y&&c-x]" => ["c"] not ["b", "y"];
        class_of_no_side: "[ab&&]" => ["a", "b"] not ["&"];
        class_not_of_all: "[^a-z&&b]" => ["a", "c", "!"] not ["b"];
        class_single_and: "[a&b]" => ["a", "&", "b"] not ["c"];
        class_hyphens: r"[-a][a-][\d-z]" => ["--z", "aa-", "-a7"] not ["-b7", "--a"];
        class_first_bracket: "[]a]" => ["]", "a"] not ["[]a]"];
        class_quoted: r"[\Q^-]\E]" => ["^", "-", "]"] not ["\\", "Q"];
        class_vertical_as_a_bound: r"[\v-\x0f]" => ["\u{b}", "\u{e}"] not ["\n", "-"];
        nothing_any_number_of_times: "[a&&b]*" => [""] not ["a"];
    }

    mod ignoring_case {
        use super::*;

        cases! { java, true;
            letters: "Ab[X]" => ["aBx", "ABX"] not ["ab"];
            ranges_too: "[a-c][X-Z]" => ["Bx", "bX"] not ["dx"];
            ascii_only: "éks" => ["éKS"] not ["ÉKS", "é\u{212a}s", "ékſ"];
            range_of_both: "[Z-b]" => ["z", "Z", "A", "b", "B", "`"] not ["c", "C", "Y"];
            posix: r"\p{Lower}\p{Upper}" => ["Aa", "aA"] not ["1a"];
        }
    }
}
