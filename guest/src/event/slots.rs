//! The values of one event, by slot.

use firstseen_kql::{Event, Scalar, Slot};

/// What [`scan`](super::scan()) found in an event: for each slot the values
/// of its field, in the order of the text. Values borrow from the batch; the
/// memory is used again for the next event.
#[derive(Debug)]
pub struct Slots<'a> {
    chains: Vec<Chain>,
    values: Vec<Link<'a>>,
    generation: u32,
}

#[derive(Clone, Copy, Debug)]
struct Chain {
    /// The chain belongs to the present event only if this is the present
    /// generation: clearing is one addition, not a walk over all slots.
    generation: u32,
    first: u32,
    last: u32,
}

#[derive(Debug)]
struct Link<'a> {
    value: Scalar<'a>,
    next: u32,
}

const END: u32 = u32::MAX;

impl<'a> Slots<'a> {
    /// Room for a projection of `fields` slots.
    pub fn new(fields: usize) -> Self {
        let empty = Chain { generation: 0, first: END, last: END };
        Self { chains: vec![empty; fields], values: Vec::new(), generation: 1 }
    }

    /// Forgets the present event.
    pub fn clear(&mut self) {
        self.values.clear();
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.chains.iter_mut().for_each(|chain| chain.generation = 0);
            self.generation = 1;
        }
    }

    /// Adds a value to a slot; a slot out of range is ignored.
    pub fn push(&mut self, slot: Slot, value: Scalar<'a>) {
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
        self.values.push(Link { value, next: END });
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
            Some(link.value)
        })
    }
}

impl Event for Slots<'_> {
    fn any(&self, slot: Slot, test: impl FnMut(Scalar<'_>) -> bool) -> bool {
        self.values(slot).any(test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_an_earlier_event_are_gone() {
        let mut slots = Slots::new(2);
        slots.push(Slot(1), Scalar::Bool(true));
        slots.push(Slot(0), Scalar::Number("1"));
        slots.push(Slot(1), Scalar::Bool(false));
        let seen: Vec<_> = slots.values(Slot(1)).collect();
        assert_eq!(seen, [Scalar::Bool(true), Scalar::Bool(false)]);
        slots.clear();
        assert_eq!(slots.values(Slot(1)).count(), 0);
        slots.push(Slot(7), Scalar::Bool(true));
        assert_eq!(slots.values(Slot(7)).count(), 0);
    }

    #[test]
    fn generations_wrap_around() {
        let mut slots = Slots::new(1);
        slots.push(Slot(0), Scalar::Bool(true));
        slots.generation = u32::MAX;
        slots.push(Slot(0), Scalar::Bool(true));
        slots.clear();
        assert_eq!(slots.values(Slot(0)).count(), 0);
    }
}
