//! An automaton that is laid over texts.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::automaton::{Automaton, Edge, State};

/// A deterministic automaton, ready for texts.
///
/// A byte of ASCII costs two look-ups: of its class, which are characters that no state tells apart,
/// and of what follows. Other characters are looked for among the edges of the state, and so are all
/// where the table would be large.
pub(super) struct Matcher {
    /// The class of each byte.
    classes: [u8; 256],
    /// How many classes there are.
    width: usize,
    /// What follows, by state and class: where the next state has its row, or one of the signs below.
    /// Empty if it would be large.
    table: Box<[u16]>,
    /// Where each state's edges begin, and at last where they end.
    starts: Box<[u32]>,
    edges: Box<[Edge]>,
    accepts: Box<[bool]>,
    /// States from which every text is accepted.
    settled: Box<[bool]>,
}

/// The text is accepted, whatever else it has.
const SETTLED: u16 = u16::MAX;
/// No way goes on.
const NOWHERE: u16 = SETTLED - 1;
/// The byte is not ASCII, so the character has to be looked for.
const OTHER: u16 = SETTLED - 2;

/// What follows a character.
enum Next {
    State(usize),
    Settled,
    Nowhere,
}

impl Matcher {
    /// Of a deterministic automaton.
    pub(super) fn new(automaton: &Automaton) -> Self {
        Self::with_table(automaton, usize::from(OTHER))
    }

    /// `most`: how large the table may be, up to the number of the first sign.
    pub(super) fn with_table(automaton: &Automaton, most: usize) -> Self {
        let states = automaton.states();
        let (classes, width) = classes(states);
        let settled = |(number, state): (u32, &State)| {
            state.accepts && state.gaps().is_empty() && state.edges.iter().all(|edge| edge.to == number)
        };
        let settled: Box<[bool]> = (0..).zip(states).map(settled).collect();
        let has_table = states.len().saturating_mul(width) <= most;
        let rows = states.iter().filter(|_| has_table).flat_map(|state| row(state, &classes, width, &settled));
        let mut starts = Vec::with_capacity(states.len() + 1);
        let mut edges: Vec<Edge> = Vec::new();
        for state in states {
            starts.push(u32::try_from(edges.len()).unwrap_or(u32::MAX));
            edges.extend(state.edges.iter().filter(|edge| !has_table || edge.last >= 0x80));
        }
        starts.push(u32::try_from(edges.len()).unwrap_or(u32::MAX));
        Self {
            classes,
            width,
            table: rows.collect(),
            starts: starts.into(),
            edges: edges.into(),
            accepts: states.iter().map(|state| state.accepts).collect(),
            settled,
        }
    }

    /// How many bytes it takes elsewhere.
    pub(super) fn bytes(&self) -> usize {
        let rows = size_of_val(&*self.table) + size_of_val(&*self.starts) + size_of_val(&*self.edges);
        rows + self.accepts.len() + self.settled.len()
    }

    /// Is the whole text accepted? Takes a step for each of its characters, at most.
    pub(super) fn matches(&self, text: &str) -> bool {
        match self.settled.first() {
            None => false,
            Some(true) => true,
            Some(false) if self.searches() => self.matches_by_search(text),
            Some(false) => self.matches_by_table(text),
        }
    }

    /// Has it no table, so that each character is looked for?
    pub(super) fn searches(&self) -> bool {
        self.table.is_empty()
    }

    fn matches_by_table(&self, text: &str) -> bool {
        let mut row = 0;
        let mut bytes = text.as_bytes().iter();
        while let Some(&byte) = bytes.next() {
            let class = self.classes.get(usize::from(byte)).copied().unwrap_or_default();
            let Some(&next) = self.table.get(row + usize::from(class)) else { return false };
            row = match next {
                SETTLED => return true,
                NOWHERE => return false,
                OTHER => {
                    // The byte itself is done with, the rest of the character is not.
                    let rest = bytes.len();
                    let Some(c) = text.get(text.len() - rest - 1..).and_then(|rest| rest.chars().next()) else {
                        return false;
                    };
                    match self.search(row / self.width, c) {
                        Next::State(state) => {
                            bytes = bytes.as_slice().get(c.len_utf8() - 1..).unwrap_or_default().iter();
                            state * self.width
                        }
                        Next::Settled => return true,
                        Next::Nowhere => return false,
                    }
                }
                next => usize::from(next),
            };
        }
        self.accepts.get(row / self.width).copied().unwrap_or_default()
    }

    fn matches_by_search(&self, text: &str) -> bool {
        let mut state = 0;
        for c in text.chars() {
            match self.search(state, c) {
                Next::State(next) => state = next,
                Next::Settled => return true,
                Next::Nowhere => return false,
            }
        }
        self.accepts.get(state).copied().unwrap_or_default()
    }

    fn search(&self, state: usize, c: char) -> Next {
        let c = u32::from(c);
        let place = |state: usize| self.starts.get(state).map_or(0, |&start| start as usize);
        let edges = self.edges.get(place(state)..place(state + 1)).unwrap_or_default();
        match edges.get(edges.partition_point(|edge| edge.last < c)) {
            Some(edge) if edge.first <= c => {
                let state = edge.to as usize;
                let is_settled = self.settled.get(state).copied().unwrap_or_default();
                if is_settled { Next::Settled } else { Next::State(state) }
            }
            _ => Next::Nowhere,
        }
    }
}

/// The class of each byte, and how many classes there are. All bytes that are not ASCII are in the
/// last one.
fn classes(states: &[State]) -> ([u8; 256], usize) {
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
    let mut classes = [0; 256];
    for (byte, slot) in classes.iter_mut().enumerate() {
        let begins = byte == 0x80 || begins.get(byte).copied().unwrap_or_default();
        class += u8::from(begins && byte > 0);
        *slot = class;
    }
    (classes, usize::from(class) + 1)
}

/// What follows a state, by class.
fn row(state: &State, classes: &[u8; 256], width: usize, settled: &[bool]) -> Vec<u16> {
    let mut row = vec![NOWHERE; width];
    for edge in &state.edges {
        let is_settled = settled.get(edge.to as usize).copied().unwrap_or_default();
        let next = if is_settled { SETTLED } else { u16::try_from(edge.to as usize * width).unwrap_or(NOWHERE) };
        let ascii = edge.first as usize..(edge.last as usize + 1).min(0x80);
        for &class in classes.get(ascii).unwrap_or_default() {
            if let Some(slot) = row.get_mut(usize::from(class)) {
                *slot = next;
            }
        }
    }
    if let Some(slot) = row.last_mut() {
        *slot = OTHER;
    }
    row
}
