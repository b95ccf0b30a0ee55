//! Patterns with stars, and with question marks.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use memchr::memmem::Finder;

use crate::clause::{Like, Part};
use crate::texts::analysis::lowercase;
use crate::texts::compare::same;
use crate::texts::glob::Glob;
use crate::texts::regex::Regex;

/// A pattern, ready to be laid over texts. It is anchored at both ends.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Pattern {
    /// Stars are all it has.
    Stars(Wildcard),
    /// It has question marks.
    Glob(Glob),
    /// It is a regular expression.
    Regex(Regex),
}

impl Pattern {
    /// `lowercased`: the texts will be in lower case, so the pattern is put into it. Where it ignores
    /// case, it has small ASCII letters only, and has to be laid over such texts.
    pub(crate) fn new(like: &Like, lowercased: bool) -> Self {
        let fold = |c: char| {
            let c = if lowercased { lowercase(c) } else { c };
            if like.ignore_case { c.to_ascii_lowercase() } else { c }
        };
        if like.parts.contains(&Part::One) {
            return Self::Glob(Glob::new(&like.parts, fold));
        }
        let mut pieces = Vec::from([String::new()]);
        for part in &like.parts {
            match (part, pieces.last_mut()) {
                (Part::Text(text), Some(piece)) => piece.extend(text.chars().map(fold)),
                _ => pieces.push(String::new()),
            }
        }
        Self::Stars(Wildcard::new(&pieces))
    }

    /// A text that each match contains; the longest that is known, perhaps empty.
    pub(crate) fn longest(&self) -> &str {
        match self {
            Self::Stars(wildcard) => wildcard.longest(),
            Self::Regex(regex) if !regex.ignores_case() => regex.required(),
            Self::Glob(_) | Self::Regex(_) => "",
        }
    }

    /// A text that each match contains, perhaps empty; in any case where the pattern ignores it.
    pub(crate) fn longest_in_its_case(&self) -> Cow<'_, str> {
        match self {
            Self::Stars(wildcard) => Cow::Borrowed(wildcard.longest()),
            Self::Glob(glob) => Cow::Owned(glob.longest()),
            Self::Regex(regex) => Cow::Borrowed(regex.required()),
        }
    }

    /// The texts around its stars, one more than there are stars; none if it has more than stars.
    pub(crate) fn pieces(&self) -> Option<Vec<String>> {
        match self {
            Self::Stars(wildcard) => Some(wildcard.pieces().map(String::from).collect()),
            Self::Glob(_) | Self::Regex(_) => None,
        }
    }

    /// About how much a byte of a text costs.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Stars(_) => 1,
            Self::Glob(glob) => glob.weight(),
            Self::Regex(regex) => regex.weight(),
        }
    }

    /// Calls `visit` with texts that each match contains, but for the case of letters where it ignores
    /// that.
    pub(crate) fn for_each_text(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::Stars(wildcard) => wildcard.pieces().for_each(visit),
            Self::Glob(glob) => glob.for_each_text(visit),
            Self::Regex(regex) => visit(regex.required()),
        }
    }

    /// Whether the case of letters makes no difference, over texts as they are.
    pub(crate) fn ignores_case(&self) -> bool {
        match self {
            Self::Stars(_) | Self::Glob(_) => false,
            Self::Regex(regex) => regex.ignores_case(),
        }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Stars(wildcard) => wildcard.matches(text),
            Self::Glob(glob) => glob.matches(text),
            Self::Regex(regex) => regex.matches(text),
        }
    }
}

/// A pattern in which `*` stands for any run of characters, none and line breaks included, and
/// everything else for itself. Case matters.
///
/// Each piece between stars is looked for once, as far left as it can be, so the time is that of
/// a few substring searches. Patterns and texts are compared as UTF-8, which cannot be found off
/// the bounds of characters.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Wildcard {
    prefix: Box<str>,
    /// None where there is no star: then the prefix is all.
    suffix: Option<Box<str>>,
    /// What stands between two stars, the empty ones left out.
    inner: Box<[Piece]>,
    /// The first byte of the prefix and the last one of the suffix: most texts differ from most
    /// patterns in one of them.
    ends: [Option<u8>; 2],
    /// The longest piece.
    longest: Box<str>,
}

/// A text that is looked for.
#[derive(Clone, Debug)]
struct Piece(Finder<'static>);

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.0.needle() == other.0.needle()
    }
}

impl Hash for Piece {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.needle().hash(state);
    }
}

impl Wildcard {
    /// From the pieces around the stars: one more than there are stars.
    pub(crate) fn new(pieces: &[String]) -> Self {
        let (prefix, inner, suffix) = match pieces {
            [prefix, inner @ .., suffix] => (prefix.as_str(), inner, Some(suffix.as_str())),
            [only] => (only.as_str(), &[][..], None),
            [] => ("", &[][..], None),
        };
        let inner = inner.iter().filter(|piece| !piece.is_empty());
        let inner: Vec<_> = inner.map(|piece| Piece(Finder::new(piece).into_owned())).collect();
        let longest = pieces.iter().max_by_key(|piece| piece.len());
        let last = suffix.unwrap_or(prefix).as_bytes().last();
        Self {
            ends: [prefix.as_bytes().first().copied(), last.copied()],
            prefix: prefix.into(),
            suffix: suffix.map(Into::into),
            inner: inner.into(),
            longest: longest.map(String::as_str).unwrap_or_default().into(),
        }
    }

    /// `*`.
    pub(crate) fn anything() -> Self {
        Self::new(&[String::new(), String::new()])
    }

    /// A text that each match contains; the longest that is known, perhaps empty.
    pub(crate) fn longest(&self) -> &str {
        &self.longest
    }

    /// The texts around the stars. Of stars in a row one counts.
    fn pieces(&self) -> impl Iterator<Item = &str> {
        // What is in a piece came out of a text.
        let inner = self.inner.iter().map(|piece| str::from_utf8(piece.0.needle()).unwrap_or_default());
        core::iter::once(&*self.prefix).chain(inner).chain(self.suffix.as_deref())
    }

    #[inline(always)]
    pub(crate) fn matches(&self, text: &str) -> bool {
        let [first, last] = self.ends;
        let bytes = text.as_bytes();
        let differs = |end: Option<u8>, byte: Option<&u8>| end.is_some_and(|end| byte != Some(&end));
        !differs(first, bytes.first()) && !differs(last, bytes.last()) && self.matches_between(text)
    }

    #[inline(never)]
    fn matches_between(&self, text: &str) -> bool {
        let prefix = self.prefix.as_bytes();
        let Some((start, rest)) = text.as_bytes().split_at_checked(prefix.len()) else { return false };
        let Some(suffix) = self.suffix.as_deref().map(str::as_bytes) else {
            return rest.is_empty() && same(start, prefix);
        };
        let Some(inner) = rest.len().checked_sub(suffix.len()) else { return false };
        let Some((mut rest, end)) = rest.split_at_checked(inner) else { return false };
        if !(suffix.is_empty() || same(end, suffix)) || !(prefix.is_empty() || same(start, prefix)) {
            return false;
        }
        for Piece(piece) in &self.inner {
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

    fn glob(text: &str, ignore_case: bool) -> Pattern {
        Pattern::new(&Like { ignore_case, ..Like::lucene(text) }, false)
    }

    /// Over texts in small letters where case is ignored.
    fn glob_matches(text: &str, ignore_case: bool, value: &str) -> bool {
        let value = if ignore_case { value.to_ascii_lowercase() } else { String::from(value) };
        glob(text, ignore_case).matches(&value)
    }

    #[test]
    fn globs() {
        for (like, text, expected) in [
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("?*", "", false),
            ("?*", "x", true),
            ("*?x*", "xx", true),
            ("*?x", "x", false),
            (r"a\?", r"a\?", false),
            (r"a\?", "a?", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"a\\", r"a\", true),
            ("ab", "ab", true),
            ("ab", "abc", false),
            ("*a?b*a?b", "axbaxbayb", true),
        ] {
            assert_eq!(glob(like, false).matches(text), expected, "{like} {text}");
        }
        assert!(glob_matches("C:*\\\\X", true, "c:\\windows\\x"));
        assert!(!glob_matches("C:*", false, "c:x"));
        assert!(!glob_matches("É*", true, "éa") && glob_matches("É*A", true, "Éa"));
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
            let expected = naive(&chars(&like), &chars(&text));
            prop_assert_eq!(pattern(&like).matches(&text), expected);
            prop_assert_eq!(glob(&like, true).matches(&text), expected);
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
