//! Tests of the words of texts.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::{Builder, NFA};
use aho_corasick::{Anchored, BuildError};

use super::findings::{Answer, Answers, Findings, Work};
use super::keywords::{Keywords, KeywordsBuilder};
use super::leaves::LeafNumber;
use crate::program::text_test::{Bounds, OneOf};
use crate::program::words::Words;
use crate::texts::analysis::Tokens;
use crate::texts::map::TextMap;

/// Tests of the words of texts. A text is taken apart once for all of them.
#[derive(Clone, Debug)]
pub(super) struct TextTests {
    /// Any text will do, also one without words.
    exists: Box<[LeafNumber]>,
    /// Whether there is more than that.
    reads_words: bool,
    words: TextMap<Word>,
    rows: Option<Rows>,
    /// Patterns that are laid over single words.
    patterns: Option<Keywords>,
    bounds: Vec<(Bounds, LeafNumber)>,
}

/// A word that something is asked about.
#[derive(Clone, Debug, Default)]
struct Word {
    /// Tests that it meets.
    leaves: Vec<LeafNumber>,
    /// The character that stands for it in rows.
    character: Option<char>,
}

/// Rows of words, found by an automaton over texts in which each word is one character.
#[derive(Clone, Debug)]
struct Rows {
    automaton: NFA,
    /// By row.
    leaves: Vec<Vec<LeafNumber>>,
}

/// What [`TextTests`] are made of.
#[derive(Debug, Default)]
pub(super) struct TextTestsBuilder {
    exists: Vec<LeafNumber>,
    words: BTreeMap<Box<str>, Word>,
    /// How many words have a character.
    characters: usize,
    rows: BTreeMap<String, Vec<LeafNumber>>,
    patterns: KeywordsBuilder,
    bounds: Vec<(Bounds, LeafNumber)>,
}

impl TextTestsBuilder {
    pub(super) fn add(&mut self, test: &Words, leaf: LeafNumber) {
        if test.exists {
            self.exists.push(leaf);
        }
        for word in &test.words.exact.texts {
            self.words.entry(word.clone()).or_default().leaves.push(leaf);
        }
        let patterns = test.words.exact.without_texts();
        self.patterns.add_one_of(&OneOf { exact: patterns, folded: test.words.folded.clone() }, leaf);
        for phrase in &test.phrases {
            let row = phrase.iter().map(|word| self.character(word)).collect();
            self.rows.entry(row).or_default().push(leaf);
        }
        self.bounds.extend(test.bounds.iter().map(|bounds| (bounds.clone(), leaf)));
    }

    /// The character that stands for a word in rows.
    fn character(&mut self, word: &str) -> char {
        let known = &mut self.words.entry(word.into()).or_default().character;
        *known.get_or_insert_with(|| {
            self.characters += 1;
            nth_character(self.characters)
        })
    }

    pub(super) fn build(self) -> Result<TextTests, BuildError> {
        let rows = match self.rows.is_empty() {
            true => None,
            false => Some(Rows {
                automaton: Builder::new().prefilter(false).build(self.rows.keys())?,
                leaves: self.rows.into_values().collect(),
            }),
        };
        let patterns = (!self.patterns.is_empty()).then(|| self.patterns.build()).transpose()?;
        Ok(TextTests {
            exists: self.exists.into(),
            reads_words: !self.words.is_empty() || patterns.is_some() || !self.bounds.is_empty(),
            words: TextMap::new(self.words.into_iter().collect()),
            rows,
            patterns,
            bounds: self.bounds,
        })
    }
}

/// A character for each word of rows. The first one, U+0000, stands for the words that are in none.
fn nth_character(number: usize) -> char {
    let (surrogates, number) = (0xD800..0xE000, u32::try_from(number).unwrap_or(u32::MAX));
    let number = if number < surrogates.start { number } else { number.saturating_add(surrogates.len() as u32) };
    // Rules have less than a million words. Further ones would share one, and their rows be found
    // too often.
    char::from_u32(number).unwrap_or(char::MAX)
}

impl TextTests {
    /// Finds out which tests a text meets. False where there was not enough work left for that.
    pub(super) fn read(&self, text: &str, findings: &mut Findings) -> bool {
        findings.answers.note_all(&self.exists);
        if !self.reads_words {
            return true;
        }
        if !findings.work.spend(text.len() as u64) {
            return false;
        }
        let mut state = self.rows.as_ref().and_then(|rows| rows.automaton.start_state(Anchored::No).ok());
        let mut tokens = Tokens::new(text);
        while let Some(token) = tokens.next() {
            let word = self.words.get(token);
            let leaves = word.map_or(&[][..], |word| &word.leaves);
            findings.answers.note_all(leaves);
            if !findings.work.spend((1 + leaves.len() + self.bounds.len()) as u64) {
                return false;
            }
            if let (Some(rows), Some(state)) = (&self.rows, &mut state) {
                let character = word.and_then(|word| word.character).unwrap_or_default();
                if !rows.go_on(state, character, &mut findings.answers, &mut findings.work) {
                    return false;
                }
            }
            for (bounds, leaf) in &self.bounds {
                if bounds.hold(token) {
                    findings.answers.note(*leaf, Answer::Holds);
                }
            }
            if let Some(patterns) = &self.patterns
                && !patterns.read(token, findings)
            {
                return false;
            }
        }
        true
    }
}

impl Rows {
    /// Takes the next word, and notes the rows that end with it.
    fn go_on(&self, state: &mut StateID, character: char, answers: &mut Answers, work: &mut Work) -> bool {
        let mut bytes = [0; 4];
        for &byte in character.encode_utf8(&mut bytes).as_bytes() {
            *state = self.automaton.next_state(Anchored::No, *state, byte);
        }
        if !self.automaton.is_special(*state) || !self.automaton.is_match(*state) {
            return true;
        }
        let rows = self.automaton.match_len(*state);
        for number in 0..rows {
            let row = self.automaton.match_pattern(*state, number);
            answers.note_all(self.leaves.get(row.as_usize()).map_or(&[], Vec::as_slice));
        }
        work.spend(rows as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_a_character_of_its_own() {
        let all: Vec<char> = (1..0xE000).map(nth_character).collect();
        assert!(all.is_sorted_by(|a, b| a < b) && !all.contains(&'\0'));
        assert_eq!(nth_character(usize::MAX / 2), char::MAX);
    }
}
