//! Tests of the values of one field.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use aho_corasick::BuildError;

use super::findings::{Answer, Findings};
use super::keywords::{Keywords, KeywordsBuilder};
use super::leaves::LeafNumber;
use super::ordinals::Ordinals;
use super::words::{TextTests, TextTestsBuilder};
use crate::program::test::{DYNAMIC_NUMBER, DynamicTest, KeywordTest, Test};
use crate::values::keyword::KeywordForm;
use crate::values::ordinal::OrdinalType;
use crate::values::scalar::Scalar;

/// Tests of the values of one field, by what they read of a value.
#[derive(Clone, Debug, Default)]
pub(super) struct ValueTests {
    leaves: Vec<LeafNumber>,
    /// Any value will do.
    any: Vec<LeafNumber>,
    keywords: Vec<(Group, Keywords)>,
    texts: Option<TextTests>,
    ordinals: Vec<Ordinals>,
    /// Of numbers alone.
    numbers: Option<Ordinals>,
    /// Those that are put to each value for themselves.
    single: Vec<(Test, LeafNumber)>,
}

/// Whole texts of one form, of these values.
type Group = (KeywordForm, Of);

/// Which values are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    All,
    Numbers,
    Others,
}

/// What [`ValueTests`] are made of.
#[derive(Debug, Default)]
pub(super) struct ValueTestsBuilder {
    tests: ValueTests,
    keywords: Vec<(Group, KeywordsBuilder)>,
    texts: Option<TextTestsBuilder>,
}

impl ValueTestsBuilder {
    pub(super) fn add(&mut self, test: &Test, leaf: LeafNumber) {
        self.tests.leaves.push(leaf);
        let is_added = match test {
            Test::Any => {
                self.tests.any.push(leaf);
                true
            }
            Test::Keyword(form, keyword) => self.keywords((*form, Of::All)).add(keyword, leaf).is_ok(),
            Test::Words(words) => {
                self.texts.get_or_insert_default().add(words, leaf);
                true
            }
            Test::Ordinal(kind, ordinal) => {
                self.ordinals(*kind).add(ordinal, leaf);
                true
            }
            Test::Dynamic(DynamicTest { text: KeywordTest::Bounds(_), .. }) => false,
            Test::Dynamic(DynamicTest { text, numbers }) => {
                let ordinals = self.tests.numbers.get_or_insert_with(|| Ordinals::new(DYNAMIC_NUMBER));
                ordinals.add_ranges(numbers, leaf);
                let of_numbers = self.keywords((KeywordForm::PLAIN, Of::Numbers)).add(text, leaf);
                of_numbers.and_then(|()| self.keywords((KeywordForm::DYNAMIC, Of::Others)).add(text, leaf)).is_ok()
            }
        };
        if !is_added {
            self.tests.single.push((test.clone(), leaf));
        }
    }

    #[allow(clippy::indexing_slicing, reason = "the place is one that was found or has just been made")]
    fn keywords(&mut self, group: Group) -> &mut KeywordsBuilder {
        let known = self.keywords.iter().position(|(known, _)| *known == group);
        let place = known.unwrap_or_else(|| {
            self.keywords.push((group, KeywordsBuilder::default()));
            self.keywords.len() - 1
        });
        &mut self.keywords[place].1
    }

    #[allow(clippy::indexing_slicing, reason = "the place is one that was found or has just been made")]
    fn ordinals(&mut self, kind: OrdinalType) -> &mut Ordinals {
        let ordinals = &mut self.tests.ordinals;
        let known = ordinals.iter().position(|known| known.kind() == kind);
        let place = known.unwrap_or_else(|| {
            ordinals.push(Ordinals::new(kind));
            ordinals.len() - 1
        });
        &mut ordinals[place]
    }

    pub(super) fn build(self) -> Result<ValueTests, BuildError> {
        let mut tests = self.tests;
        for (group, keywords) in self.keywords {
            tests.keywords.push((group, keywords.build()?));
        }
        tests.texts = self.texts.map(TextTestsBuilder::build).transpose()?;
        Ok(tests)
    }
}

impl ValueTests {
    /// Finds out which tests the values of a field meet, which `each` calls a function with until
    /// that answers true.
    pub(super) fn read(
        &self,
        now_ms: i64,
        findings: &mut Findings,
        each: impl FnOnce(&mut dyn FnMut(Scalar<'_>) -> bool),
    ) {
        let mut ordinals: Vec<Vec<i128>> = self.ordinals.iter().map(|_| Vec::new()).collect();
        let mut numbers = Vec::new();
        let mut is_through = true;
        each(&mut |value| {
            is_through = self.read_value(value, now_ms, findings, &mut ordinals, &mut numbers);
            !is_through
        });
        let finished = self.ordinals.iter().zip(ordinals).chain(self.numbers.iter().zip([numbers]));
        for (of_kind, ordinals) in finished {
            is_through = is_through && of_kind.finish(ordinals, now_ms, findings);
        }
        if !is_through {
            for &leaf in &self.leaves {
                if !findings.answers.holds(leaf) {
                    findings.answers.note(leaf, Answer::Unknown);
                }
            }
        }
    }

    fn read_value(
        &self,
        value: Scalar<'_>,
        now_ms: i64,
        findings: &mut Findings,
        ordinals: &mut [Vec<i128>],
        numbers: &mut Vec<i128>,
    ) -> bool {
        findings.answers.note_all(&self.any);
        let length = value.raw_len() as u64;
        if !findings.work.spend(1 + length.saturating_mul(1 + self.ordinals.len() as u64)) {
            return false;
        }
        let is_number = matches!(value, Scalar::Number(_));
        if !self.keywords.is_empty() || self.texts.is_some() {
            let text = value.text();
            for ((form, of), keywords) in &self.keywords {
                let is_meant = match of {
                    Of::All => true,
                    Of::Numbers => is_number,
                    Of::Others => !is_number,
                };
                if is_meant
                    && let Some(text) = form.indexed(Cow::Borrowed(&text))
                    && !keywords.read(&text, findings)
                {
                    return false;
                }
            }
            if let Some(texts) = &self.texts
                && !texts.read(&text, findings)
            {
                return false;
            }
        }
        for (of_kind, ordinals) in self.ordinals.iter().zip(ordinals) {
            of_kind.read(value, ordinals);
        }
        if let (Some(of_numbers), true) = (&self.numbers, is_number) {
            of_numbers.read(value, numbers);
        }
        for (test, leaf) in &self.single {
            if findings.answers.answer(*leaf) != Answer::Fails {
                continue;
            }
            if !findings.work.spend_share(1 + length) {
                findings.answers.note(*leaf, Answer::Unknown);
            } else if test.holds(value, now_ms) {
                findings.answers.note(*leaf, Answer::Holds);
            }
        }
        true
    }
}
