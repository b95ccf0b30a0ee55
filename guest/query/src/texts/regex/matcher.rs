//! An automaton that is laid over texts.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::automaton::{Automaton, Edge, State};

/// A deterministic automaton, ready for texts.
///
/// An ASCII character costs two look-ups: of its class, which are characters that no state tells
/// apart, and of the next state. Other characters are looked for among the edges of the state, and so
/// are all where the table would be large.
#[derive(Debug)]
pub(super) struct Matcher {
    /// The class of each ASCII character.
    classes: [u8; 128],
    /// How many classes there are; none if there is no table.
    width: usize,
    /// The next state, by state and class.
    table: Box<[u16]>,
    /// Where each state's edges begin, and at last where they end.
    starts: Box<[u32]>,
    edges: Box<[Edge]>,
    accepts: Box<[bool]>,
    /// States from which every text is accepted.
    settled: Box<[bool]>,
}

/// What the table has where no way goes on.
const NOWHERE: u16 = u16::MAX;

/// The most entries of a table.
const MAX_TABLE: usize = 1 << 16;

impl Matcher {
    /// Of a deterministic automaton.
    pub(super) fn new(automaton: &Automaton) -> Self {
        let states = automaton.states();
        let (classes, width) = classes(states);
        let has_table = states.len() < usize::from(NOWHERE) && states.len().saturating_mul(width) <= MAX_TABLE;
        let width = if has_table { width } else { 0 };
        let rows = states.iter().filter(|_| has_table).flat_map(|state| row(state, &classes, width));
        let mut starts = Vec::with_capacity(states.len() + 1);
        let mut edges: Vec<Edge> = Vec::new();
        for state in states {
            starts.push(u32::try_from(edges.len()).unwrap_or(u32::MAX));
            edges.extend(state.edges.iter().filter(|edge| !has_table || edge.last >= 0x80));
        }
        starts.push(u32::try_from(edges.len()).unwrap_or(u32::MAX));
        let settled = |(number, state): (u32, &State)| {
            state.accepts && state.gaps().is_empty() && state.edges.iter().all(|edge| edge.to == number)
        };
        Self {
            classes,
            width,
            table: rows.collect(),
            starts: starts.into(),
            edges: edges.into(),
            accepts: states.iter().map(|state| state.accepts).collect(),
            settled: (0..).zip(states).map(settled).collect(),
        }
    }

    /// Is the whole text accepted? Takes a step for each of its characters.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut state = 0;
        for c in text.chars() {
            if self.settled.get(state).copied().unwrap_or_default() {
                return true;
            }
            let Some(next) = self.next(state, c) else { return false };
            state = next;
        }
        self.accepts.get(state).copied().unwrap_or_default()
    }

    /// Has it no table, so that each character is looked for?
    pub(super) const fn searches(&self) -> bool {
        self.width == 0
    }

    #[inline]
    fn next(&self, state: usize, c: char) -> Option<usize> {
        if self.width > 0
            && let Some(&class) = self.classes.get(c as usize)
        {
            let next = self.table.get(state * self.width + usize::from(class)).copied();
            return next.filter(|&next| next != NOWHERE).map(usize::from);
        }
        let (from, to) = (self.starts.get(state)?, self.starts.get(state + 1)?);
        let edges = self.edges.get(*from as usize..*to as usize)?;
        let c = u32::from(c);
        let edge = edges.get(edges.partition_point(|edge| edge.last < c))?;
        (edge.first <= c).then_some(edge.to as usize)
    }
}

/// The class of each ASCII character, and how many classes there are.
fn classes(states: &[State]) -> ([u8; 128], usize) {
    // A class ends where an edge does, or ahead of one.
    let mut begins = [false; 129];
    for edge in states.iter().flat_map(|state| &state.edges) {
        for place in [edge.first, edge.last + 1] {
            if let Some(begins) = begins.get_mut(place as usize) {
                *begins = true;
            }
        }
    }
    let mut class = 0_u8;
    let mut classes = [0; 128];
    for (place, (slot, begins)) in classes.iter_mut().zip(begins).enumerate() {
        class += u8::from(begins && place > 0);
        *slot = class;
    }
    (classes, usize::from(class) + 1)
}

/// The next state of each class.
fn row(state: &State, classes: &[u8; 128], width: usize) -> Vec<u16> {
    let mut row = alloc::vec![NOWHERE; width];
    for edge in &state.edges {
        let ascii = edge.first as usize..(edge.last as usize + 1).min(classes.len());
        for &class in classes.get(ascii).unwrap_or_default() {
            if let Some(slot) = row.get_mut(usize::from(class)) {
                *slot = u16::try_from(edge.to).unwrap_or(NOWHERE);
            }
        }
    }
    row
}
