//! Patterns with stars.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use memchr::memmem::Finder;

/// A pattern in which `*` stands for any run of characters, none and line breaks included, and
/// everything else for itself. It is anchored at both ends and case-sensitive.
///
/// Each piece between stars is looked for once, as far left as it can be, so the time is that of
/// a few substring searches. Patterns and texts are compared as UTF-8, which cannot be found off
/// the bounds of characters.
#[derive(Clone, Debug)]
pub(crate) struct Wildcard {
    prefix: Box<str>,
    suffix: Box<str>,
    /// What stands between two stars, the empty ones left out.
    inner: Box<[Finder<'static>]>,
    /// The longest piece.
    longest: Box<str>,
}

impl Wildcard {
    /// From the two or more pieces around the stars.
    pub(crate) fn new(pieces: &[String]) -> Self {
        let (prefix, inner, suffix) = match pieces {
            [prefix, inner @ .., suffix] => (prefix.as_str(), inner, suffix.as_str()),
            _ => ("", pieces, ""),
        };
        let inner: Vec<_> =
            inner.iter().filter(|piece| !piece.is_empty()).map(|piece| Finder::new(piece).into_owned()).collect();
        let longest = pieces.iter().max_by_key(|piece| piece.len());
        Self {
            prefix: prefix.into(),
            suffix: suffix.into(),
            inner: inner.into(),
            longest: longest.map(String::as_str).unwrap_or_default().into(),
        }
    }

    /// A text that each match contains; the longest that is known, perhaps empty.
    pub(crate) fn longest(&self) -> &str {
        &self.longest
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let rest = text.strip_prefix(&*self.prefix);
        let Some(rest) = rest.and_then(|rest| rest.strip_suffix(&*self.suffix)) else {
            return false;
        };
        let mut rest = rest.as_bytes();
        for piece in &self.inner {
            let Some(at) = piece.find(rest) else {
                return false;
            };
            rest = rest.get(at + piece.needle().len()..).unwrap_or_default();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Wildcard {
        let pieces: Vec<String> = text.split('*').map(String::from).collect();
        Wildcard::new(&pieces)
    }

    macro_rules! matches {
        ($($name:ident: $pattern:expr => [$($yes:expr),*] not [$($no:expr),*];)*) => {$(
            #[test]
            fn $name() {
                let pattern = pattern($pattern);
                $(assert!(pattern.matches($yes), "{:?}", $yes);)*
                $(assert!(!pattern.matches($no), "{:?}", $no);)*
            }
        )*};
    }

    matches! {
        stars_only: "**" => ["", "a", "\n"] not [];
        prefix: "ab*" => ["ab", "abc", "ab\nc"] not ["a", "xab", "AB"];
        suffix: "*ab" => ["ab", "cab"] not ["abc", "b"];
        both: "ab*ba" => ["abba", "abxba"] not ["aba", "ab"];
        inner: "*ab*" => ["ab", "xaby"] not ["ba", "a"];
        two_inner: "*ab*bc*" => ["abbc", "xab-bcx"] not ["abc", "bcab"];
        empty_inner: "a**b" => ["ab", "axb"] not ["a"];
        inner_stays_within: "a*b*a" => ["aba", "abba"] not ["ab", "aa", "acca"];
        characters: "é*é" => ["éé", "éaé"] not ["é"];
        question_mark: "a?*" => ["a?", "a?b"] not ["ab"];
    }

    /// The obvious way, which may take very long.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
            Some((c, rest)) => text.split_first().is_some_and(|(d, text)| c == d && naive(rest, text)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn matches_as_the_naive_way(like in "[ab]{0,3}(\\*[abé]{0,2}){1,4}", text in "[abé]{0,9}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(pattern(&like).matches(&text), naive(&chars(&like), &chars(&text)));
        }

        #[test]
        fn matches_contain_the_longest_piece(like in "[ab]{0,3}(\\*[ab]{0,2}){1,4}", text in "[ab]{0,9}") {
            let like = pattern(&like);
            prop_assert!(!like.matches(&text) || text.contains(like.longest()));
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let like = pattern(&"*a".repeat(5_000));
        assert!(!like.matches(&"a".repeat(4_999)));
        assert!(like.matches(&"a".repeat(5_000)));
    }
}
