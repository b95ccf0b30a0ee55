//! Tests of the words of texts.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::{Builder, NFA};
use aho_corasick::{Anchored, BuildError};

use super::findings::{Answer, Findings};
use super::keywords::{Keywords, KeywordsBuilder};
use super::leaves::LeafNumber;
use crate::program::text_test::Bounds;
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
    /// What single words are asked.
    words: Keywords,
    rows: Option<Rows>,
    bounds: Vec<(Bounds, LeafNumber)>,
}

/// Rows of words, found by an automaton over texts in which each word is one character.
#[derive(Clone, Debug)]
struct Rows {
    /// The character of each word that is in a row.
    characters: TextMap<char>,
    automaton: NFA,
    /// By row.
    leaves: Vec<Vec<LeafNumber>>,
}

/// What [`TextTests`] are made of.
#[derive(Debug, Default)]
pub(super) struct TextTestsBuilder {
    exists: Vec<LeafNumber>,
    words: KeywordsBuilder,
    has_words: bool,
    characters: BTreeMap<Box<str>, char>,
    rows: BTreeMap<String, Vec<LeafNumber>>,
    bounds: Vec<(Bounds, LeafNumber)>,
}

impl TextTestsBuilder {
    pub(super) fn add(&mut self, test: &Words, leaf: LeafNumber) {
        if test.exists {
            self.exists.push(leaf);
        }
        self.has_words |= !test.words.texts.is_empty() || !test.words.patterns.is_empty();
        self.words.add_one_of(&test.words, leaf);
        for phrase in &test.phrases {
            let row = phrase.iter().map(|word| self.character(word)).collect();
            self.rows.entry(row).or_default().push(leaf);
        }
        self.bounds.extend(test.bounds.iter().map(|bounds| (bounds.clone(), leaf)));
    }

    /// The character that stands for a word.
    fn character(&mut self, word: &str) -> char {
        if let Some(&known) = self.characters.get(word) {
            return known;
        }
        // The first is left out, it stands for all other words. There are fewer words in 64 MiB of
        // rules than characters, or else further ones share the last: they are found too often,
        // and never missed.
        let mut free = ('\u{1}'..=char::MAX).skip(self.characters.len());
        let character = free.next().unwrap_or(char::MAX);
        self.characters.insert(word.into(), character);
        character
    }

    pub(super) fn build(self) -> Result<TextTests, BuildError> {
        let rows = match self.rows.is_empty() {
            true => None,
            false => Some(Rows {
                characters: TextMap::new(self.characters.into_iter().collect()),
                automaton: Builder::new().prefilter(false).build(self.rows.keys())?,
                leaves: self.rows.into_values().collect(),
            }),
        };
        let reads_words = self.has_words || rows.is_some() || !self.bounds.is_empty();
        let words = self.words.build()?;
        Ok(TextTests { exists: self.exists.into(), reads_words, words, rows, bounds: self.bounds })
    }
}

impl TextTests {
    /// Finds out which tests a text meets. False where there was not enough work left for that.
    pub(super) fn read(&self, text: &str, findings: &mut Findings) -> bool {
        findings.note_holds(&self.exists);
        if !self.reads_words {
            return true;
        }
        if !findings.work.spend(text.len() as u64) {
            return false;
        }
        let mut state = self.rows.as_ref().and_then(|rows| rows.automaton.start_state(Anchored::No).ok());
        let mut tokens = Tokens::new(text);
        while let Some(token) = tokens.next() {
            if !self.words.read(token, findings) {
                return false;
            }
            for (bounds, leaf) in &self.bounds {
                if bounds.hold(token) {
                    findings.note(*leaf, Answer::Holds);
                }
            }
            if !findings.work.spend(1 + self.bounds.len() as u64) {
                return false;
            }
            if let (Some(rows), Some(state)) = (&self.rows, &mut state) {
                let mut bytes = [0; 4];
                let character = rows.characters.get(token).copied().unwrap_or_default();
                for &byte in character.encode_utf8(&mut bytes).as_bytes() {
                    *state = rows.automaton.next_state(Anchored::No, *state, byte);
                }
                if !rows.found(*state, findings) {
                    return false;
                }
            }
        }
        true
    }
}

impl Rows {
    /// Notes the rows that end where the automaton is.
    fn found(&self, state: aho_corasick::automaton::StateID, findings: &mut Findings) -> bool {
        if !self.automaton.is_special(state) || !self.automaton.is_match(state) {
            return true;
        }
        let rows = self.automaton.match_len(state);
        for number in 0..rows {
            let row = self.automaton.match_pattern(state, number);
            findings.note_holds(self.leaves.get(row.as_usize()).map_or(&[], Vec::as_slice));
        }
        findings.work.spend(rows as u64)
    }
}
