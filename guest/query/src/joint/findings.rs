//! What is known of an event so far, and what it has cost.

use alloc::vec::Vec;

use super::leaves::LeafNumber;
use super::patterns;
use super::texts::{Text, Texts};
use crate::program::event::Event;
use crate::program::layout::Slot;
use crate::script::{Exhausted, Meter};

/// What a [`Joint`](super::Joint) has found out about one event. The memory is used again for the
/// next.
#[derive(Debug, Default)]
pub struct Findings {
    /// By slot, the last event of which its values have been read.
    read: Vec<u32>,
    pub(super) answers: Answers,
    /// What may be spent on the event.
    pub(super) work: Work,
    /// What of it may be spent on leaves that are asked for themselves.
    direct: Work,
    pub(super) scratch: patterns::Scratch,
    pub(super) texts: Texts,
    /// Patterns of which a text has the longest part.
    pub(super) may_hold: Vec<u32>,
}

/// What is known of leaves.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The number of the present event. What is noted of others does not count.
    event: u32,
    /// By leaf.
    noted: Vec<Noted>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Noted {
    event: u32,
    answer: Answer,
}

/// What is known of a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Answer {
    #[default]
    Fails,
    Holds,
    /// Finding out would cost more than may be spent.
    Unknown,
}

/// Work of direct answers for each byte of an event, beyond what a short one may have.
const DIRECT_A_BYTE: u64 = 2;
const DIRECT_MIN: u64 = 16 * 1024;

impl Findings {
    /// Forgets what was found for another event, of a length in bytes. `work_max` is what may be
    /// spent on it.
    pub fn begin(&mut self, event_bytes: usize, work_max: u64) {
        self.answers.event = self.answers.event.wrapping_add(1);
        if self.answers.event == 0 {
            self.answers.noted.clear();
            self.read.clear();
            self.texts.forget();
            self.answers.event = 1;
        }
        self.texts.clear();
        self.work = Work(work_max);
        self.direct = Work(DIRECT_MIN + DIRECT_A_BYTE * event_bytes as u64);
    }

    /// Counts work that was done elsewhere. False if there was less left; then there is none now.
    pub fn spend(&mut self, units: u64) -> bool {
        self.work.spend(units)
    }

    /// From here on the values of each field are read for all conditions at once, however little
    /// is asked of them.
    pub fn answer_together(&mut self) {
        self.direct = Work(0);
    }

    /// Counts work on a leaf that is asked for itself. False if that may not cost so much.
    #[inline]
    pub(super) fn spend_direct(&mut self, units: u64) -> bool {
        self.direct.spend(units) && self.work.spend(units)
    }

    /// Whether a text of a slot meets a test, of which it is said what that costs. None if that may
    /// not cost so much.
    pub(super) fn any_text<E: Event>(
        &mut self,
        slot: Slot,
        event: &E,
        mut test: impl FnMut(Text<'_>, &mut Allowance<'_>) -> Option<bool>,
    ) -> Option<bool> {
        let Self { texts, answers, direct, work, .. } = self;
        let allowance = &mut Allowance { direct, work };
        for text in texts.of(slot, event, answers.event)? {
            if test(text, allowance)? {
                return Some(true);
            }
        }
        Some(false)
    }

    pub(super) fn is_read(&self, slot: Slot) -> bool {
        self.read.get(slot.0 as usize) == Some(&self.answers.event)
    }

    pub(super) fn note_read(&mut self, slot: Slot) {
        let place = slot.0 as usize;
        if self.read.len() <= place {
            self.read.resize(place + 1, 0);
        }
        if let Some(read) = self.read.get_mut(place) {
            *read = self.answers.event;
        }
    }
}

impl Answers {
    /// What was noted of a leaf, if anything was.
    pub(super) fn known(&self, leaf: LeafNumber) -> Option<Answer> {
        let noted = self.noted.get(leaf.place())?;
        (noted.event == self.event).then_some(noted.answer)
    }

    pub(super) fn answer(&self, leaf: LeafNumber) -> Answer {
        self.known(leaf).unwrap_or_default()
    }

    pub(super) fn holds(&self, leaf: LeafNumber) -> bool {
        self.answer(leaf) == Answer::Holds
    }

    pub(super) fn note(&mut self, leaf: LeafNumber, answer: Answer) {
        let place = leaf.place();
        if self.noted.len() <= place {
            self.noted.resize(place + 1, Noted::default());
        }
        if let Some(noted) = self.noted.get_mut(place) {
            *noted = Noted { event: self.event, answer };
        }
    }

    /// All of these hold.
    pub(super) fn note_all(&mut self, leaves: &[LeafNumber]) {
        leaves.iter().for_each(|&leaf| self.note(leaf, Answer::Holds));
    }
}

/// What may be spent on leaves that are asked for themselves.
#[derive(Debug)]
pub(super) struct Allowance<'f> {
    direct: &'f mut Work,
    work: &'f mut Work,
}

impl Allowance<'_> {
    /// None if there was less left.
    #[inline]
    pub(super) fn spend(&mut self, units: u64) -> Option<()> {
        (self.direct.spend(units) && self.work.spend(units)).then_some(())
    }
}

/// Units of work that are left.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work(u64);

impl Work {
    /// False if there are fewer left; then there is none any more.
    #[inline]
    pub(super) fn spend(&mut self, units: u64) -> bool {
        let left = self.0.checked_sub(units);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }

    /// Does work on one leaf alone that is counted as it goes; it may take half of what is left for
    /// all of them.
    pub(super) fn metered<T>(&mut self, work: impl FnOnce(&mut Meter) -> Result<T, Exhausted>) -> Result<T, Exhausted> {
        let mut meter = Meter::new(self.0 / 2);
        let done = work(&mut meter);
        self.0 = self.0 - self.0 / 2 + meter.left();
        done
    }

    /// Counts work on one leaf alone, which may take half of what is left for all of them. False,
    /// and nothing is counted, if it is more.
    pub(super) fn spend_share(&mut self, units: u64) -> bool {
        units <= self.0 / 2 && self.spend(units)
    }
}
