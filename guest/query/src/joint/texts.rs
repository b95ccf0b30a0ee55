//! The texts of an event's values, ready to be compared: decoded once, and put into small letters
//! once, however many conditions ask.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::program::event::Event;
use crate::program::layout::Slot;
use crate::program::text_test::mark;
use crate::texts::fold::is_folded;
use crate::texts::signature::Signature;

/// The texts of the present event, by slot, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Texts {
    buffer: String,
    values: Vec<Value>,
    slots: Vec<OfSlot>,
}

#[derive(Clone, Debug, Default)]
struct OfSlot {
    event: u32,
    /// None if there are too many.
    values: Option<Range<usize>>,
}

/// Most values of a slot, and bytes of them, that are kept here: of more, those of all conditions
/// are read together.
const VALUES_MAX: usize = 4 * 1024;
const BYTES_MAX: usize = 256 * 1024;

/// Where the texts of a value lie.
#[derive(Clone, Debug)]
struct Value {
    exact: Range<usize>,
    folded: Range<usize>,
    /// The [`mark`]s of either.
    exact_mark: u64,
    folded_mark: u64,
    signature: Signature,
}

/// The texts of a value. Most questions are answered by how long they are and what letters they have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'t> {
    buffer: &'t str,
    value: &'t Value,
}

impl<'t> Text<'t> {
    /// How many bytes either has.
    #[inline(always)]
    pub(super) const fn len(self) -> usize {
        self.value.exact.end - self.value.exact.start
    }

    /// The text as it is.
    pub(super) fn exact(self) -> &'t str {
        self.buffer.get(self.value.exact.clone()).unwrap_or_default()
    }

    /// The text in small ASCII letters.
    pub(super) fn folded(self) -> &'t str {
        self.buffer.get(self.value.folded.clone()).unwrap_or_default()
    }

    /// The [`mark`] of the text as it is.
    #[inline(always)]
    pub(super) const fn exact_mark(self) -> u64 {
        self.value.exact_mark
    }

    /// That of the text in small ASCII letters.
    #[inline(always)]
    pub(super) const fn folded_mark(self) -> u64 {
        self.value.folded_mark
    }

    #[inline(always)]
    pub(super) const fn signature(self) -> Signature {
        self.value.signature
    }
}

impl Texts {
    /// Forgets those of the event before.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.values.clear();
    }

    /// Forgets that there were events, whose numbers begin anew.
    pub(super) fn forget(&mut self) {
        self.clear();
        self.slots.clear();
    }

    /// The texts of a slot of the event with a number, which is not 0; none if there are too many.
    pub(super) fn of<E: Event>(
        &mut self,
        slot: Slot,
        event: &E,
        number: u32,
    ) -> Option<impl Iterator<Item = Text<'_>>> {
        let place = slot.0 as usize;
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, OfSlot::default);
        }
        let is_known = self.slots.get(place).is_some_and(|of_slot| of_slot.event == number);
        if !is_known {
            let values = self.read(slot, event);
            if let Some(of_slot) = self.slots.get_mut(place) {
                *of_slot = OfSlot { event: number, values };
            }
        }
        let values = self.slots.get(place)?.values.clone()?;
        let buffer = self.buffer.as_str();
        Some(self.values.get(values).unwrap_or_default().iter().map(move |value| Text { buffer, value }))
    }

    fn read<E: Event>(&mut self, slot: Slot, event: &E) -> Option<Range<usize>> {
        let (first, before) = (self.values.len(), self.buffer.len());
        let Self { buffer, values, .. } = self;
        let are_too_many = event.any(slot, |value| {
            let start = buffer.len();
            if values.len() - first >= VALUES_MAX || start - before + value.raw_len() > BYTES_MAX {
                return true;
            }
            buffer.push_str(&value.text());
            let exact = start..buffer.len();
            let folded = if buffer.as_bytes().get(exact.clone()).is_none_or(is_folded) {
                exact.clone()
            } else {
                buffer.extend_from_within(exact.clone());
                let folded = exact.end..buffer.len();
                if let Some(text) = buffer.get_mut(folded.clone()) {
                    text.make_ascii_lowercase();
                }
                folded
            };
            let [exact_text, folded_text] = [&exact, &folded].map(|text| buffer.get(text.clone()).unwrap_or_default());
            let (exact_mark, folded_mark) = (mark(exact_text), mark(folded_text));
            let signature = Signature::of(folded_text);
            values.push(Value { exact, folded, exact_mark, folded_mark, signature });
            false
        });
        (!are_too_many).then_some(first..self.values.len())
    }
}
