//! What is asked of a leaf in brief: enough to tell that it does not hold, mostly, without a look at it.

use alloc::vec::Vec;

use crate::program::chain::Leaf;
use crate::program::layout::Slot;
use crate::program::test::Test;
use crate::program::text_test::{OneOf, Set};
use crate::texts::signature::Signature;
use crate::values::keyword::KeywordForm;

/// In brief, a leaf that may be answered for itself.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub(crate) struct Brief {
    pub(super) slot: Slot,
    /// What a byte costs of a value.
    pub(super) weight: u32,
    /// What it asks of texts, if that is all it asks.
    pub(super) texts: Option<BriefTexts>,
}

/// In brief, texts and patterns of which a text must be one.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub(super) struct BriefTexts {
    /// The [`mark`](crate::program::text_test::mark)s of the texts.
    pub(super) exact_marks: u64,
    pub(super) folded_marks: u64,
    /// Where the signatures of the patterns begin: first the exact ones.
    pub(super) signatures: u32,
    pub(super) exact_patterns: u32,
    pub(super) folded_patterns: u32,
    /// Longer texts may not be kept.
    pub(super) ignore_above: u32,
}

impl Brief {
    /// Signatures of patterns are added to those that are there.
    pub(super) fn of(leaf: &Leaf, signatures: &mut Vec<Signature>) -> Option<Self> {
        let Leaf::Value { slot, test } = leaf else { return None };
        // Texts are taken apart once for all.
        if matches!(test, Test::Words(_)) {
            return None;
        }
        let weight = u32::try_from(leaf.weight()).unwrap_or(u32::MAX);
        let texts = test.one_of().and_then(|(form, one_of)| BriefTexts::of(form, one_of, signatures));
        Some(Self { slot: *slot, weight, texts })
    }
}

impl BriefTexts {
    fn of(form: KeywordForm, one_of: &OneOf, signatures: &mut Vec<Signature>) -> Option<Self> {
        let count = |set: &Set| u32::try_from(set.patterns.len()).ok();
        let OneOf { exact, folded } = one_of;
        let brief = Self {
            exact_marks: exact.marks(),
            folded_marks: folded.marks(),
            signatures: u32::try_from(signatures.len()).ok()?,
            exact_patterns: count(exact)?,
            folded_patterns: count(folded)?,
            ignore_above: form.ignore_above.unwrap_or(u32::MAX),
        };
        signatures.extend(exact.patterns.iter().chain(&folded.patterns).map(Signature::of_pattern));
        Some(brief)
    }
}
