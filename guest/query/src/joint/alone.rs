//! Conditions that are answered each for itself, as long as that is cheap.

use super::findings::Findings;
use super::texts::Text;
use crate::program::event::Event;
use crate::program::layout::Slot;
use crate::program::test::Test;
use crate::program::text_test::{OneOf, Set};
use crate::values::keyword::KeywordForm;

/// Work of a value that is put to a condition, however short.
const VALUE_WORK: u64 = 8;

/// So many patterns cost a unit if the letters of a text tell that it does not match.
const PATTERNS_A_UNIT: u64 = 4;

/// Whether a value of a slot meets a test, of which `weight` is what a byte costs. None if it costs
/// too much to find out.
pub(super) fn holds<E: Event>(
    slot: Slot,
    test: &Test,
    weight: u64,
    event: &E,
    findings: &mut Findings,
) -> Option<bool> {
    if let Some((form, one_of)) = test.one_of()
        && !one_of.is_one_text()
    {
        return findings.any_text(slot, event, |text, spend| meets(form, one_of, text, spend));
    }
    let mut is_cheap = true;
    let holds = event.any(slot, |value| {
        is_cheap = findings.spend_direct(VALUE_WORK + weight.saturating_mul(value.raw_len() as u64));
        !is_cheap || test.holds(value, event.now_ms())
    });
    is_cheap.then_some(holds)
}

fn meets(
    form: KeywordForm,
    OneOf { exact, folded }: &OneOf,
    text: Text<'_>,
    spend: &mut dyn FnMut(u64) -> bool,
) -> Option<bool> {
    let is_short = form.ignore_above.is_none_or(|limit| text.len() <= limit as usize);
    // Whether a longer one is kept takes a look at all of it.
    if !is_short && !spend(VALUE_WORK + text.len() as u64) {
        return None;
    }
    if !is_short && !form.keeps(text.exact()) {
        return Some(false);
    }
    let patterns = (exact.patterns.len() + folded.patterns.len()) as u64;
    if !spend(VALUE_WORK + patterns / PATTERNS_A_UNIT) {
        return None;
    }
    let has_length = |set: &Set| set.has_length(text.len());
    if has_length(exact) && exact.has_text(text.exact()) || has_length(folded) && folded.has_text(text.folded()) {
        return Some(true);
    }
    Some(match_one(exact, text, Text::exact, spend)? || match_one(folded, text, Text::folded, spend)?)
}

/// Whether a text, taken as `own` says, matches a pattern of a set.
fn match_one<'t>(
    set: &Set,
    text: Text<'t>,
    own: impl Fn(Text<'t>) -> &'t str,
    spend: &mut dyn FnMut(u64) -> bool,
) -> Option<bool> {
    for pattern in set.patterns_for(text.signature()) {
        if !spend(pattern.weight().saturating_mul(text.len() as u64)) {
            return None;
        }
        if pattern.matches(own(text)) {
            return Some(true);
        }
    }
    Some(false)
}
