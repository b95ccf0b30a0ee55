//! Tests of analyzed text: does a text hold a word, words in a row, or a word like a pattern?

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::text_test::{Bounds, OneOf};
use crate::texts::analysis::{Tokens, tokens};

/// What a text must hold, one of all that is here. Words are in lower case, as the analyzer makes
/// them.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub(crate) struct Words {
    /// The text need hold nothing.
    pub(crate) exists: bool,
    /// One of these words, or a word like one of these patterns.
    pub(crate) words: OneOf,
    /// One of these rows of two or more words; sorted once [sealed](Words::seal).
    pub(crate) phrases: Vec<Box<[Box<str>]>>,
    /// A word within one of these bounds.
    pub(crate) bounds: Vec<Bounds>,
}

impl Words {
    /// Any text, also one without words.
    pub(crate) fn any() -> Self {
        Self { exists: true, ..Self::default() }
    }

    /// One of the words of a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut words = Self::default();
        words.words.exact.texts.extend(tokens(text).map(String::into_boxed_str));
        words
    }

    /// The words of a text in a row.
    pub(crate) fn row(text: &str) -> Self {
        let row: Vec<Box<str>> = tokens(text).map(String::into_boxed_str).collect();
        let mut words = Self::default();
        match row.len() {
            0 => {}
            1 => words.words.exact.texts = row,
            _ => words.phrases.push(row.into()),
        }
        words
    }

    /// A word that is one of texts, or like a pattern.
    pub(crate) fn like(one_of: OneOf) -> Self {
        Self { words: one_of, ..Self::default() }
    }

    /// A word within bounds.
    pub(crate) fn within(bounds: Bounds) -> Self {
        let mut words = Self::default();
        words.bounds.push(bounds);
        words
    }

    /// About how much a byte of a text costs.
    pub(crate) fn weight(&self) -> u64 {
        let rows = self.phrases.iter().map(|phrase| phrase.len() as u64).sum::<u64>();
        8 + self.words.weight() + self.bounds.len() as u64 + rows
    }

    /// Is there nothing that a text could hold?
    pub(crate) fn is_empty(&self) -> bool {
        let Self { exists, words, phrases, bounds } = self;
        !exists && words.is_empty() && phrases.is_empty() && bounds.is_empty()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.exists |= other.exists;
        self.words.add(other.words);
        self.phrases.extend(other.phrases);
        self.bounds.extend(other.bounds);
    }

    pub(crate) fn seal(&mut self) {
        self.words.seal();
        self.phrases.sort_unstable();
        self.phrases.dedup();
    }

    /// Does a text hold one of them? It is taken apart once for all.
    pub(crate) fn hold(&self, text: &str) -> bool {
        if self.exists {
            return true;
        }
        // Rows that have begun, and how many of their words have come.
        let mut begun: Vec<(usize, usize)> = Vec::new();
        let mut still = Vec::new();
        let mut tokens = Tokens::new(text);
        while let Some(token) = tokens.next() {
            if self.words.holds(token) || self.bounds.iter().any(|bounds| bounds.hold(token)) {
                return true;
            }
            for (number, come) in begun.drain(..) {
                let Some(phrase) = self.phrases.get(number) else { continue };
                if phrase.get(come).is_some_and(|word| **word == *token) {
                    if come + 1 == phrase.len() {
                        return true;
                    }
                    still.push((number, come + 1));
                }
            }
            let first = self.phrases.partition_point(|phrase| phrase.first().is_some_and(|word| **word < *token));
            let starts = self.phrases.iter().enumerate().skip(first);
            let starts = starts.take_while(|(_, phrase)| phrase.first().is_some_and(|word| **word == *token));
            still.extend(starts.map(|(number, _)| (number, 1)));
            core::mem::swap(&mut begun, &mut still);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(words: &Words, text: &str) -> bool {
        let mut words = words.clone();
        words.seal();
        words.hold(text)
    }

    #[test]
    fn words_and_rows() {
        let any = Words::of("Foo-bar");
        assert!(holds(&any, "x BAR") && holds(&any, "foo") && !holds(&any, "foobar"));
        let row = Words::row("Foo-bar");
        assert!(holds(&row, "a foo foo bar") && holds(&row, "FOO, BAR") && !holds(&row, "foo x bar"));
        let mut both = Words::row("a b a c");
        both.add(Words::row("b a b"));
        assert!(holds(&both, "a b a b a c") && holds(&both, "b a b") && !holds(&both, "a b a a c b a c b"));
        assert!(Words::row("--").is_empty() && !holds(&Words::of(""), "x") && holds(&Words::any(), ""));
    }
}
