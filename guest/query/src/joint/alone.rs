//! Conditions that are answered each for itself, as long as that is cheap.
//!
//! Most are not met, and mostly that is told by what a step says of them in brief: with many of them,
//! the conditions themselves are too much memory to be near.

use alloc::boxed::Box;

use super::brief::{Brief, BriefTexts};
use super::findings::{Allowance, Findings};
use super::leaves::Leaves;
use super::texts::Text;
use crate::program::chain::{Leaf, Step};
use crate::program::event::Event;
use crate::program::text_test::OneOf;
use crate::texts::signature::Signature;
use crate::values::keyword::KeywordForm;

/// Work of a value that is put to a condition, however short.
const VALUE_WORK: u64 = 8;

/// So many patterns cost a unit if the letters of a text tell that it does not match.
const PATTERNS_A_UNIT: u64 = 4;

/// What tells of patterns that they do not match: the signatures of all.
#[derive(Debug, Default)]
pub(super) struct Alone {
    signatures: Box<[Signature]>,
}

impl Alone {
    pub(super) fn new(leaves: &Leaves) -> Self {
        Self { signatures: leaves.signatures().into() }
    }

    /// Whether a value meets the leaf of a step. None if it costs too much to find out.
    #[inline]
    pub(super) fn holds<E: Event>(
        &self,
        brief: &Brief,
        step: &Step,
        event: &E,
        findings: &mut Findings,
    ) -> Option<bool> {
        let Some(texts) = &brief.texts else { return value_holds(brief, step, event, findings) };
        findings.any_text(brief.slot, event, |text, allowance| self.meets(texts, step, text, allowance))
    }

    fn meets(&self, brief: &BriefTexts, step: &Step, text: Text<'_>, allowance: &mut Allowance<'_>) -> Option<bool> {
        // Whether a longer one is kept takes a look at all of it.
        if text.len() > brief.ignore_above as usize {
            allowance.spend(VALUE_WORK + text.len() as u64)?;
            if one_of(step).is_none_or(|(form, _)| !form.keeps(text.exact())) {
                return Some(false);
            }
        }
        let patterns = u64::from(brief.exact_patterns) + u64::from(brief.folded_patterns);
        allowance.spend(VALUE_WORK + patterns / PATTERNS_A_UNIT)?;
        if brief.exact_marks & text.exact_mark() != 0
            && one_of(step).is_some_and(|(_, one_of)| one_of.exact.has_text(text.exact()))
            || brief.folded_marks & text.folded_mark() != 0
                && one_of(step).is_some_and(|(_, one_of)| one_of.folded.has_text(text.folded()))
        {
            return Some(true);
        }
        self.matches_one(brief, step, text, allowance)
    }

    /// Whether a text matches one of the patterns; most are told not to by what pairs of letters it has.
    fn matches_one(
        &self,
        brief: &BriefTexts,
        step: &Step,
        text: Text<'_>,
        allowance: &mut Allowance<'_>,
    ) -> Option<bool> {
        let (first, exact) = (brief.signatures as usize, brief.exact_patterns as usize);
        let end = first + exact + brief.folded_patterns as usize;
        let signatures = self.signatures.get(first..end).unwrap_or_default().iter().enumerate();
        for (place, _) in signatures.filter(|(_, signature)| text.signature().covers(**signature)) {
            let Some((_, one_of)) = one_of(step) else { break };
            let (set, place, text) = match place.checked_sub(exact) {
                None => (&one_of.exact, place, text.exact()),
                Some(place) => (&one_of.folded, place, text.folded()),
            };
            let Some(pattern) = set.patterns.get(place) else { continue };
            allowance.spend(pattern.weight().saturating_mul(text.len() as u64))?;
            if pattern.matches(text) {
                return Some(true);
            }
        }
        Some(false)
    }
}

/// Puts each value to the condition itself.
fn value_holds<E: Event>(brief: &Brief, step: &Step, event: &E, findings: &mut Findings) -> Option<bool> {
    let Leaf::Value { slot, test } = &*step.leaf else { return None };
    let weight = u64::from(brief.weight);
    let mut is_cheap = true;
    let holds = event.any(*slot, |value| {
        is_cheap = findings.spend_direct(VALUE_WORK + weight.saturating_mul(value.raw_len() as u64));
        !is_cheap || test.holds(value, event.now_ms())
    });
    is_cheap.then_some(holds)
}

/// What the leaf of a step asks of texts.
fn one_of(step: &Step) -> Option<(KeywordForm, &OneOf)> {
    if let Leaf::Value { test, .. } = &*step.leaf { test.one_of() } else { None }
}
