//! Tests of whole texts.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use aho_corasick::BuildError;

use super::findings::{Answer, Findings};
use super::leaves::LeafNumber;
use super::patterns::{Patterns, PatternsBuilder};
use crate::program::test::KeywordTest;
use crate::program::text_test::{OneOf, Set};
use crate::texts::fold::folded;
use crate::texts::map::TextMap;
use crate::texts::wildcard::Pattern;

/// Tests of whole texts, all of which are in the same form.
#[derive(Clone, Debug, Default)]
pub(super) struct Keywords {
    /// Any text will do.
    exists: Box<[LeafNumber]>,
    texts: TextMap<Box<[LeafNumber]>>,
    /// The same for texts of which the case of ASCII letters makes no difference.
    folded: TextMap<Box<[LeafNumber]>>,
    patterns: [Option<Patterns<Target>>; 2],
    /// Patterns with more than stars.
    others: Vec<Other>,
}

/// A pattern that is laid over texts by itself.
#[derive(Clone, Debug)]
struct Other {
    pattern: Pattern,
    /// Over texts in small ASCII letters.
    ignore_case: bool,
    leaf: LeafNumber,
}

/// What a pattern that was found says.
#[derive(Clone, Copy, Debug)]
enum Target {
    Holds(LeafNumber),
    /// A pattern with more than stars, by its place, has its longest text.
    MayHold(u32),
}

/// What [`Keywords`] are made of.
#[derive(Debug)]
pub(super) struct KeywordsBuilder {
    exists: Vec<LeafNumber>,
    texts: [BTreeMap<Box<str>, Vec<LeafNumber>>; 2],
    patterns: [PatternsBuilder<Target>; 2],
    others: Vec<Other>,
}

impl Default for KeywordsBuilder {
    fn default() -> Self {
        Self {
            exists: Vec::new(),
            texts: Default::default(),
            patterns: [false, true].map(PatternsBuilder::new),
            others: Vec::new(),
        }
    }
}

impl KeywordsBuilder {
    /// Adds a test; hands it back if it is none that many texts can be put to at once.
    pub(super) fn add<'t>(&mut self, test: &'t KeywordTest, leaf: LeafNumber) -> Result<(), &'t KeywordTest> {
        match test {
            KeywordTest::Exists => self.exists.push(leaf),
            KeywordTest::OneOf(one_of) => self.add_one_of(one_of, leaf),
            KeywordTest::Bounds(_) => return Err(test),
        }
        Ok(())
    }

    pub(super) fn add_one_of(&mut self, one_of: &OneOf, leaf: LeafNumber) {
        self.add_set(&one_of.exact, false, leaf);
        self.add_set(&one_of.folded, true, leaf);
    }

    fn add_set(&mut self, Set { texts, patterns, .. }: &Set, ignore_case: bool, leaf: LeafNumber) {
        let ([exact, folded], [cased, uncased]) = (&mut self.texts, &mut self.patterns);
        let known = if ignore_case { folded } else { exact };
        texts.iter().for_each(|text| known.entry(text.clone()).or_default().push(leaf));
        for pattern in patterns {
            let builder = if ignore_case || pattern.ignores_case() { &mut *uncased } else { &mut *cased };
            if let Some(pieces) = pattern.pieces() {
                builder.add(&pieces, Target::Holds(leaf));
                continue;
            }
            let (any, text) = (String::new(), pattern.longest_in_its_case().into_owned());
            builder.add(&[any.clone(), text, any], Target::MayHold(self.others.len() as u32));
            self.others.push(Other { pattern: pattern.clone(), ignore_case, leaf });
        }
    }

    /// Whether nothing is asked of texts, but whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.iter().all(BTreeMap::is_empty) && self.patterns.iter().all(PatternsBuilder::is_empty)
    }

    pub(super) fn build(self) -> Result<Keywords, BuildError> {
        let [exact, folded] = self.texts.map(|texts| {
            let entries = texts.into_iter().map(|(text, mut leaves)| {
                leaves.dedup();
                (text, leaves.into())
            });
            TextMap::new(entries.collect())
        });
        let [cased, uncased] = self.patterns;
        Ok(Keywords {
            exists: self.exists.into(),
            texts: exact,
            folded,
            patterns: [cased.build()?, uncased.build()?],
            others: self.others,
        })
    }
}

impl Keywords {
    /// Finds out which tests a text meets. False where there was not enough work left for that.
    pub(super) fn read(&self, text: &str, findings: &mut Findings) -> bool {
        let Findings { answers, work, scratch, may_hold, .. } = findings;
        may_hold.clear();
        answers.note_all(&self.exists);
        if !work.spend(1 + text.len() as u64) {
            return false;
        }
        let in_any_case = if self.folded.is_empty() { None } else { folded(text, |text| self.folded.get(text)) };
        for leaves in [self.texts.get(text), in_any_case].into_iter().flatten() {
            if !work.spend(leaves.len() as u64) {
                return false;
            }
            answers.note_all(leaves);
        }
        for patterns in self.patterns.iter().flatten() {
            let is_through = patterns.lay_over(text, scratch, work, |targets| {
                for target in targets {
                    match target {
                        Target::Holds(leaf) => answers.note(*leaf, Answer::Holds),
                        Target::MayHold(place) => may_hold.push(*place),
                    }
                }
            });
            if !is_through {
                return false;
            }
        }
        let may_hold = core::mem::take(may_hold);
        may_hold.iter().for_each(|&place| self.ask(place, text, findings));
        findings.may_hold = may_hold;
        true
    }

    /// Lays a pattern with more than stars over a text.
    fn ask(&self, place: u32, text: &str, Findings { answers, work, .. }: &mut Findings) {
        let Some(Other { pattern, ignore_case, leaf }) = self.others.get(place as usize) else { return };
        if answers.answer(*leaf) != Answer::Fails {
            return;
        }
        if !work.spend_share((text.len() as u64).saturating_mul(pattern.weight())) {
            answers.note(*leaf, Answer::Unknown);
        } else if if *ignore_case { folded(text, |text| pattern.matches(text)) } else { pattern.matches(text) } {
            answers.note(*leaf, Answer::Holds);
        }
    }
}
