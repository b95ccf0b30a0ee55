//! Text as Elasticsearch's `standard` analyzer splits it: Lucene's `StandardTokenizer`, then its
//! `LowerCaseFilter`.
//!
//! Words are those of Unicode's annex 29, with the properties of Unicode 12.1, and Lucene's own
//! additions: a character of Han or Hiragana is a token, so are a run of one of the scripts of
//! South-East Asia that do not space words, and an emoji. What is none of that (blanks, most
//! punctuation) separates tokens. Texts are not normalized and no words are left out.

mod ascii;
mod class;
mod runs;
mod scanner;

use alloc::borrow::Cow;
use alloc::string::String;

use scanner::Scanner;

/// The tokens of a text, in order.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = String> {
    let mut tokens = Tokens::new(text);
    core::iter::from_fn(move || tokens.next().map(String::from))
}

/// Gives the tokens of a text, one after the other.
pub(crate) struct Tokens<'a> {
    scanner: Scanner<'a>,
    /// The last token, if it is not in the text as it is.
    lower: String,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { scanner: Scanner::new(text), lower: String::new() }
    }

    /// The next token, until the one after it is asked for.
    pub(crate) fn next(&mut self) -> Option<&str> {
        let (token, is_lower) = self.next_as_it_is()?;
        if is_lower {
            return Some(token);
        }
        self.lower.clear();
        if token.is_ascii() {
            self.lower.push_str(token);
            self.lower.make_ascii_lowercase();
        } else {
            self.lower.extend(token.chars().map(lowercase));
        }
        Some(&self.lower)
    }

    /// The next token, and whether it is in lower case.
    fn next_as_it_is(&mut self) -> Option<(&'a str, bool)> {
        loop {
            let blank = ascii::blank(self.scanner.rest());
            self.scanner.take(blank);
            if let Some(word) = ascii::word(self.scanner.rest()) {
                return Some((self.scanner.take(word.length), !word.capital));
            }
            let token = self.scanner.step()?;
            if !token.is_empty() {
                return Some((token, token.chars().all(|c| lowercase(c) == c)));
            }
        }
    }
}

/// A character in lower case, as Java's `Character.toLowerCase` has it: always one character,
/// whatever stands around it.
pub(crate) fn lowercase(c: char) -> char {
    match c {
        // From Hebrew to Burmese, from Kana to Yi, Hangul, the ideographs beyond.
        '\u{590}'..='\u{109F}' | '\u{2E80}'..='\u{A63F}' | '\u{AC00}'..='\u{FAFF}' => c,
        // Only `İ` becomes two, of which Java keeps the first.
        c => c.to_lowercase().next().unwrap_or(c),
    }
}

/// A text in lower case, character by character.
pub(crate) fn lowercase_text(text: &str) -> Cow<'_, str> {
    let is_ascii_in_lower_case = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.bytes().all(is_ascii_in_lower_case) {
        return Cow::Borrowed(text);
    }
    let Some(at) = text.find(|c| lowercase(c) != c) else { return Cow::Borrowed(text) };
    let (same, rest) = text.split_at_checked(at).unwrap_or(("", text));
    let mut lower = String::with_capacity(text.len());
    lower.push_str(same);
    lower.extend(rest.chars().map(lowercase));
    Cow::Owned(lower)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Vec<String> {
        tokens(text).collect()
    }

    /// Without what is only there for speed.
    fn scanned(text: &str) -> Vec<String> {
        let mut scanner = Scanner::new(text);
        core::iter::from_fn(|| scanner.step())
            .filter(|token| !token.is_empty())
            .map(|token| lowercase_text(token).into_owned())
            .collect()
    }

    // What Elasticsearch 9.5.3 answers.
    macro_rules! analyzes {
        ($($name:ident { $($text:expr => [$($token:expr),*];)* })*) => {$(
            #[test]
            fn $name() {
                $(
                    let expected: &[&str] = &[$($token),*];
                    assert_eq!(all($text), expected, "{:?}", $text);
                    assert_eq!(scanned($text), expected, "{:?}", $text);
                )*
            }
        )*};
    }

    analyzes! {
        separators {
            "" => [];
            "---" => [];
            "-FilePath" => ["filepath"];
            "Get-Process | Out-Null" => ["get", "process", "out", "null"];
            "C:\\Windows\\cmd.exe /c" => ["c", "windows", "cmd.exe", "c"];
            "user@example.com" => ["user", "example.com"];
            "$env:Path" => ["env:path"];
            "a(b)[c]{d}\n" => ["a", "b", "c", "d"];
            "a\u{200B}b\u{A0}c" => ["a", "b", "c"];
        }
        underscores {
            "__" => [];
            "_a__b_" => ["_a__b_"];
            "1_a" => ["1_a"];
            "_.a" => ["a"];
            "a._b" => ["a", "_b"];
            "a\u{FF3F}b" => ["a\u{FF3F}b"];
        }
        joiners {
            "a.b." => ["a.b"];
            "a..b" => ["a", "b"];
            "a.1" => ["a", "1"];
            "1.a" => ["1", "a"];
            "v1.2.3" => ["v1.2.3"];
            "127.0.0.1:80" => ["127.0.0.1", "80"];
            "system:masters" => ["system:masters"];
            "'don't'" => ["don't"];
            "1'000,5;6" => ["1'000,5;6"];
            "a,b;c" => ["a", "b", "c"];
            "0x4e,0x54" => ["0x4e", "0x54"];
            "a\u{B7}b 1\u{B7}2" => ["a\u{B7}b", "1", "2"];
            "don\u{2019}t 3\u{2019}14" => ["don\u{2019}t", "3\u{2019}14"];
            "\u{FF21}\u{FF0E}\u{FF22} \u{FF11}\u{FF0C}\u{FF12}" =>
                ["\u{FF41}\u{FF0E}\u{FF42}", "\u{FF11}\u{FF0C}\u{FF12}"];
        }
        lower_case {
            "ÄÖÜ Straße" => ["äöü", "straße"];
            "İI" => ["ii"];
            "ΣΑΣ" => ["σασ"];
            "\u{1C5} \u{2167} \u{24B6}" => ["\u{1C6}", "\u{2177}", "\u{24D0}"];
        }
        marks {
            "so\u{AD}ft" => ["so\u{AD}ft"];
            "E\u{301}a" => ["e\u{301}a"];
            "a.\u{301}b" => ["a.\u{301}b"];
            "a\u{200D}b\u{200C}c\u{FEFF}" => ["a\u{200D}b\u{200C}c\u{FEFF}"];
            "a \u{301}b" => ["a", "b"];
        }
        hebrew {
            "\u{5D0}\u{5D1}\"\u{5D2}" => ["\u{5D0}\u{5D1}\"\u{5D2}"];
            "\u{5D0}\" a\"b" => ["\u{5D0}", "a", "b"];
            "'\u{5D0}'" => ["\u{5D0}'"];
            "\u{5D0}''\u{5D1}" => ["\u{5D0}'", "\u{5D1}"];
            "\u{5D0}\"\u{5D1}\"\u{5D2}" => ["\u{5D0}\"\u{5D1}", "\u{5D2}"];
            "\u{5D0}\"\u{5D1}'" => ["\u{5D0}\"\u{5D1}"];
            "a.\u{5D0}'" => ["a.\u{5D0}"];
        }
        scripts {
            "漢字かな" => ["漢", "字", "か", "な"];
            "漢\u{3099}a1字" => ["漢\u{3099}", "a1", "字"];
            "aカタ_カナー1" => ["a", "カタ_カナー", "1"];
            "\u{FF76}\u{FF9E}\u{FF77}" => ["\u{FF76}\u{FF9E}\u{FF77}"];
            "한국어a" => ["한국어a"];
            "\u{E20}\u{E32}\u{E29}\u{E32} \u{E01}\u{E48}1" => ["\u{E20}\u{E32}\u{E29}\u{E32}", "\u{E01}\u{E48}", "1"];
            // A letter since Unicode 13.
            "a\u{8C7}b" => ["a", "b"];
        }
        emoji {
            "a👍👍🏽b" => ["a", "👍", "👍🏽", "b"];
            "🏽a🏽" => ["🏽", "a🏽"];
            "👩\u{200D}💻" => ["👩\u{200D}💻"];
            "a\u{200D}💻" => ["a\u{200D}", "💻"];
            "\u{200D}💻" => ["\u{200D}💻"];
            "\u{2764}\u{FE0E}" => ["\u{2764}"];
            "\u{2764}\u{FE0F}\u{200D}🔥" => ["\u{2764}\u{FE0F}\u{200D}🔥"];
            "\u{2764}\u{FE0F}\u{200D}\u{200D}🏽" => ["\u{2764}\u{FE0F}", "🏽"];
            "\u{2139}\u{FE0F}\u{2139}a" => ["\u{2139}\u{FE0F}\u{2139}a"];
            "\u{2764}\u{200D}\u{2139}" => ["\u{2764}\u{200D}\u{2139}"];
            "🇺🇸🇩🇪🇺 🇩" => ["🇺🇸", "🇩🇪"];
            "#\u{FE0F}\u{20E3}*\u{20E3}" => ["#\u{FE0F}\u{20E3}", "*\u{20E3}"];
            "1\u{20E3}a #1" => ["1\u{20E3}a", "1"];
            "\u{A9}\u{2122}" => ["\u{A9}", "\u{2122}"];
        }
        tags {
            "🏴\u{E0067}\u{E0062}\u{E007F}" => ["🏴\u{E0067}\u{E0062}\u{E007F}"];
            "\u{2764}\u{FE0F}\u{E0067}\u{E007F}" => ["\u{2764}\u{FE0F}\u{E0067}\u{E007F}"];
            "\u{2764}\u{FE0F}\u{E0067}" => ["\u{2764}\u{FE0F}"];
            "🏽\u{200D}\u{2764}\u{FE0F}\u{E0067}\u{E007F}" => ["🏽\u{200D}\u{2764}\u{FE0F}"];
        }
    }

    #[test]
    fn long_tokens_are_cut() {
        let lengths = |text: String| all(&text).iter().map(|token| token.encode_utf16().count()).collect::<Vec<_>>();
        assert_eq!(lengths("a".repeat(600)), [255, 255, 90]);
        assert_eq!(lengths("A".repeat(254) + ".b"), [254, 1]);
        assert_eq!(lengths("a".repeat(253) + ".bc"), [255, 1]);
        // A surrogate pair is not cut.
        assert_eq!(lengths("\u{10428}".repeat(128)), [254, 2]);
        assert_eq!(lengths("a".repeat(254) + "\u{10428}"), [254, 2]);
        // What extends a character does not begin a token.
        assert_eq!(lengths("a".repeat(255) + "\u{301}b"), [255, 1]);
        assert_eq!(lengths("_".repeat(300) + "a"), [255]);
        assert_eq!(lengths("_".repeat(300) + "\u{10428}"), [255]);
        assert_eq!(lengths("\u{200D}".repeat(300) + "\u{2764}"), [255]);
        assert_eq!(lengths("_".repeat(300)), [0; 0]);
    }

    #[test]
    fn lower_case_is_borrowed() {
        assert!(matches!(lowercase_text("straße"), Cow::Borrowed(_)));
        assert_eq!(lowercase_text("aßÉİΣ"), "aßéiσ");
    }

    #[test]
    fn scripts_without_case_are_left_as_they_are() {
        for c in char::MIN..=char::MAX {
            assert_eq!(lowercase(c), c.to_lowercase().next().unwrap(), "{c:?}");
        }
    }

    #[test]
    fn classes_are_found_by_their_runs() {
        assert!(runs::RUNS.is_sorted_by(|a, b| a >> 8 < b >> 8));
        let naive = |c: char| runs::RUNS.iter().rfind(|run| **run >> 8 <= u32::from(c)).map(|run| run & 0xFF);
        for c in (char::MIN..=char::MAX).filter(|c| u32::from(*c) % 7 == 0 || u32::from(*c) & 0xFF < 2) {
            assert_eq!(Some(class::Class::of(c) as u32), naive(c), "{c:?}");
        }
    }

    #[test]
    fn long_lines_take_no_time() {
        for line in ["_", "_\u{301}", "_\u{E31}", "\u{200D}", "#\u{301}", "a.\u{301}"] {
            assert!(tokens(&line.repeat(200_000)).count() <= 200_000);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn ascii_is_as_the_rest(text in "[aB1_.:,;'\"#* \u{301}\u{20E3}\u{5D0}\u{200D}\u{2764}]{0,20}") {
            prop_assert_eq!(all(&text), scanned(&text));
        }

        #[test]
        fn ascii_is_cut_as_the_rest(before in "[a_.\u{301}]{0,3}", piece in "[aB1_]{1,3}[.,]?", text in "[ -~é]{0,9}") {
            for count in 120..=130 {
                let text = before.clone() + &piece.repeat(count) + &text;
                prop_assert_eq!(all(&text), scanned(&text));
            }
        }

        #[test]
        fn tokens_are_of_the_text(text in "\\PC{0,20}") {
            let mut rest = lowercase_text(&text).to_string();
            for token in all(&text) {
                let at = rest.find(&token);
                prop_assert!(at.is_some());
                rest = rest.split_off(at.unwrap_or_default() + token.len());
            }
        }
    }
}
