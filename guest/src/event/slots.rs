//! The values of one event, by slot.

use firstseen_query::{JsonStr, Scalar, Slot};

use super::memory::Memory;
use super::projection::Projection;

/// What [`scan`](super::scan()) found in an event: for each slot of a
/// [`Projection`] the values of its field, in the order of the text. Values
/// borrow from the batch; the memory is used again for the next event.
#[derive(Debug)]
pub struct Slots<'p, 'a> {
    pub(super) projection: &'p Projection,
    pub(super) now_ms: i64,
    /// The present event.
    line: &'a str,
    chains: Vec<Chain>,
    values: Vec<Link>,
    /// Few, so that a slot's own are found by looking at all.
    texts: Vec<Text<'a>>,
    generation: u32,
    /// What the scanner keeps from one event to the next.
    memory: Memory,
}

/// A part of an event as it stands.
#[derive(Debug)]
pub(super) struct Text<'a> {
    slot: Slot,
    /// Where it is below the slot's path, if a dotted key went further.
    pub(super) below: Option<String>,
    /// A whole JSON value.
    pub(super) json: &'a str,
}

#[derive(Clone, Copy, Debug)]
struct Chain {
    /// The chain belongs to the present event only if this is the present
    /// generation: clearing is one addition, not a walk over all slots.
    generation: u32,
    first: u32,
    last: u32,
}

/// A value, as it was found: most are never asked for.
#[derive(Clone, Copy, Debug)]
struct Link {
    start: usize,
    end: usize,
    next: u32,
    kind: Kind,
}

/// What a value in a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string without escapes; its quotes do not belong to it.
    Plain,
    /// A string with escapes.
    Escaped,
    Number,
    True,
    False,
}

const END: u32 = u32::MAX;

impl<'p, 'a> Slots<'p, 'a> {
    /// Room for a projection, and the time that `now` means in queries.
    pub fn new(projection: &'p Projection, now_ms: i64) -> Self {
        Self::with_memory(projection, now_ms, Memory::default())
    }

    /// The same, with what scans by the same projection left.
    pub fn with_memory(projection: &'p Projection, now_ms: i64, memory: Memory) -> Self {
        let empty = Chain { generation: 0, first: END, last: END };
        let chains = vec![empty; projection.len()];
        Self { projection, now_ms, line: "", chains, values: Vec::new(), texts: Vec::new(), generation: 1, memory }
    }

    /// What the scans left, for the slots of the next batch.
    pub fn into_memory(self) -> Memory {
        self.memory
    }

    /// The projection it was made for.
    pub(super) fn projection(&self) -> &'p Projection {
        self.projection
    }

    pub(super) fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Forgets the present event for another.
    pub(super) fn begin(&mut self, line: &'a str) {
        self.line = line;
        self.values.clear();
        self.texts.clear();
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.chains.iter_mut().for_each(|chain| chain.generation = 0);
            self.generation = 1;
        }
    }

    /// Adds the value from `start` to `end` in the line to a slot; a slot out of
    /// range is ignored.
    #[inline(always)]
    pub(super) fn push(&mut self, slot: Slot, kind: Kind, start: usize, end: usize) {
        let Some(chain) = self.chains.get_mut(slot.0 as usize) else { return };
        let link = self.values.len() as u32;
        if chain.generation == self.generation {
            if let Some(last) = self.values.get_mut(chain.last as usize) {
                last.next = link;
            }
            chain.last = link;
        } else {
            *chain = Chain { generation: self.generation, first: link, last: link };
        }
        self.values.push(Link { start, end, next: END, kind });
    }

    /// Adds a part of the event as it stands, `below` the slot's path.
    pub(super) fn push_text(&mut self, slot: Slot, below: Option<String>, json: &'a str) {
        self.texts.push(Text { slot, below, json });
    }

    /// The parts of the event that a slot holds as they stand.
    pub(super) fn texts(&self, slot: Slot) -> impl Iterator<Item = &Text<'a>> {
        self.texts.iter().filter(move |text| text.slot == slot)
    }

    /// The values of a slot, in the order of the text.
    pub fn values(&self, slot: Slot) -> impl Iterator<Item = Scalar<'a>> + '_ {
        let first = match self.chains.get(slot.0 as usize) {
            Some(chain) if chain.generation == self.generation => chain.first,
            _ => END,
        };
        let mut next = first;
        core::iter::from_fn(move || {
            let link = self.values.get(next as usize)?;
            next = link.next;
            Some(self.value(link))
        })
    }

    fn value(&self, link: &Link) -> Scalar<'a> {
        // Both ends lie beside ASCII bytes, so they are character boundaries.
        let text = self.line.get(link.start..link.end).unwrap_or_default();
        match link.kind {
            Kind::Plain => Scalar::String(JsonStr::new(text, false)),
            Kind::Escaped => Scalar::String(JsonStr::new(text, true)),
            Kind::Number => Scalar::Number(text),
            Kind::True => Scalar::Bool(true),
            Kind::False => Scalar::Bool(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firstseen_query::Layout;

    fn projection() -> Projection {
        let mut projection = Projection::default();
        projection.values("a");
        projection.values("b");
        projection
    }

    #[test]
    fn values_of_an_earlier_event_are_gone() {
        let projection = projection();
        let mut slots = Slots::new(&projection, 0);
        slots.begin("false 1");
        slots.push(Slot(1), Kind::True, 0, 0);
        slots.push(Slot(0), Kind::Number, 6, 7);
        slots.push(Slot(1), Kind::False, 0, 5);
        let seen: Vec<_> = slots.values(Slot(1)).collect();
        assert_eq!(seen, [Scalar::Bool(true), Scalar::Bool(false)]);
        assert_eq!(slots.values(Slot(0)).collect::<Vec<_>>(), [Scalar::Number("1")]);
        slots.begin("");
        assert_eq!(slots.values(Slot(1)).count(), 0);
        slots.push(Slot(7), Kind::True, 0, 0);
        assert_eq!(slots.values(Slot(7)).count(), 0);
    }

    #[test]
    fn generations_wrap_around() {
        let projection = projection();
        let mut slots = Slots::new(&projection, 0);
        slots.push(Slot(0), Kind::True, 0, 0);
        slots.generation = u32::MAX;
        slots.push(Slot(0), Kind::True, 0, 0);
        slots.begin("");
        assert_eq!(slots.values(Slot(0)).count(), 0);
    }
}
