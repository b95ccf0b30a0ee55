//! Finite automata over characters.

use alloc::vec;
use alloc::vec::Vec;

use super::budget::{Budget, Size, TooComplex};
use super::chars::{Chars, LAST};

/// A way from one state to another, by any character from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) to: u32,
}

impl Edge {
    /// The same where all states have greater numbers.
    pub(super) const fn behind(self, offset: u32) -> Self {
        Self { to: self.to + offset, ..self }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// A text may end here.
    pub(super) accepts: bool,
    /// By first characters.
    pub(super) edges: Vec<Edge>,
}

/// A finite automaton, which begins in its first state. There are no transitions without a
/// character. One without states accepts nothing; each of the others is on the way to an end.
///
/// They are made as Lucene makes them (`Operations` of its package `automaton`), so that
/// determinizing one costs as much effort as there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Automaton {
    states: Vec<State>,
}

impl Automaton {
    /// The empty text.
    pub(super) fn empty_text() -> Self {
        Self { states: vec![State { accepts: true, edges: Vec::new() }] }
    }

    /// One character of each set, one behind the other.
    pub(super) fn chain(sets: &[&Chars], budget: &mut Budget) -> Result<Self, TooComplex> {
        let mut draft = Draft::default();
        for (to, chars) in (1_u32..).zip(sets) {
            if chars.spans().is_empty() {
                return Ok(Self::default());
            }
            let edges = chars.spans().iter().map(|span| Edge { first: span.first, last: span.last, to });
            draft.add(State { accepts: false, edges: edges.collect() }, budget)?;
        }
        draft.add(State { accepts: true, edges: Vec::new() }, budget)?;
        Ok(Self { states: draft.states })
    }

    pub(super) fn states(&self) -> &[State] {
        &self.states
    }

    /// Where it begins, if it accepts anything.
    pub(super) fn start(&self) -> Option<&State> {
        self.states.first()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Is there one way at most for a text?
    pub(super) fn is_deterministic(&self) -> bool {
        let follow = |edges: &[Edge]| edges.is_sorted_by(|one, next| one.last < next.first);
        self.states.iter().all(|state| follow(&state.edges))
    }

    /// Does it accept every text? Only of one that is deterministic.
    pub(super) fn is_total(&self) -> bool {
        !self.is_empty() && self.states.iter().all(|state| state.accepts && state.gaps().is_empty())
    }

    /// The characters of the only text that it accepts. Only of one that is deterministic.
    pub(super) fn word(&self) -> Option<Vec<u32>> {
        let mut word = Vec::new();
        let mut state = self.start()?;
        loop {
            // As each state leads to an end, a way that goes round would be one of several words.
            match &*state.edges {
                [] => return Some(word),
                &[Edge { first, last, to }] if first == last && !state.accepts && word.len() < self.states.len() => {
                    word.push(first);
                    state = self.states.get(to as usize)?;
                }
                _ => return None,
            }
        }
    }
}

impl State {
    /// The characters that lead nowhere, as spans. Only where edges do not overlap.
    pub(super) fn gaps(&self) -> Vec<(u32, u32)> {
        let mut gaps = Vec::new();
        let mut next = 0;
        for edge in &self.edges {
            if next < edge.first {
                gaps.push((next, edge.first - 1));
            }
            next = edge.last + 1;
        }
        if next <= LAST {
            gaps.push((next, LAST));
        }
        gaps
    }

    /// Takes edges together that lead to the same state and touch, and puts them in order.
    fn tidy(&mut self) {
        self.edges.sort_unstable_by_key(|edge| (edge.to, edge.first));
        self.edges.dedup_by(|next, edge| {
            let touch = edge.to == next.to && next.first <= edge.last.saturating_add(1);
            if touch {
                edge.last = edge.last.max(next.last);
            }
            touch
        });
        self.edges.sort_unstable_by_key(|edge| (edge.first, edge.last, edge.to));
    }
}

/// An automaton that is being made.
#[derive(Debug, Default)]
pub(super) struct Draft {
    states: Vec<State>,
    size: Size,
}

impl Draft {
    /// Adds a state, and says its number.
    pub(super) fn add(&mut self, state: State, budget: &mut Budget) -> Result<u32, TooComplex> {
        self.size.grow(1 + state.edges.len(), budget)?;
        let number = u32::try_from(self.states.len()).map_err(|_| TooComplex)?;
        self.states.push(state);
        Ok(number)
    }

    /// Adds all states of an automaton, and says the number of the first.
    pub(super) fn copy(&mut self, automaton: &Automaton, budget: &mut Budget) -> Result<u32, TooComplex> {
        let offset = u32::try_from(self.states.len()).map_err(|_| TooComplex)?;
        for State { accepts, edges } in &automaton.states {
            let edges = edges.iter().map(|edge| edge.behind(offset)).collect();
            self.add(State { accepts: *accepts, edges }, budget)?;
        }
        Ok(offset)
    }

    pub(super) fn connect(
        &mut self,
        from: u32,
        edges: impl AsRef<[Edge]>,
        budget: &mut Budget,
    ) -> Result<(), TooComplex> {
        self.size.grow(edges.as_ref().len(), budget)?;
        if let Some(state) = self.states.get_mut(from as usize) {
            state.edges.extend(edges.as_ref());
        }
        Ok(())
    }

    pub(super) fn accept(&mut self, state: u32) {
        if let Some(state) = self.states.get_mut(state as usize) {
            state.accepts = true;
        }
    }

    pub(super) fn state(&self, number: u32) -> Option<&State> {
        self.states.get(number as usize)
    }

    pub(super) fn states(&mut self) -> &mut [State] {
        &mut self.states
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.states.len()).unwrap_or(u32::MAX)
    }

    /// The automaton, without what no text can pass on its way to an end.
    pub(super) fn finish(mut self) -> Automaton {
        self.states.iter_mut().for_each(State::tidy);
        let live = self.live();
        let mut numbers = Vec::with_capacity(live.len());
        let mut next = 0_u32;
        for &is_live in &live {
            numbers.push(is_live.then_some(next));
            next += u32::from(is_live);
        }
        if numbers.first().is_none_or(Option::is_none) {
            return Automaton::default();
        }
        let number = |state: u32| numbers.get(state as usize).copied().flatten();
        let mut is_live = live.into_iter();
        self.states.retain_mut(|state| {
            state.edges.retain_mut(|edge| number(edge.to).inspect(|&to| edge.to = to).is_some());
            state.edges.shrink_to_fit();
            is_live.next().unwrap_or_default()
        });
        Automaton { states: self.states }
    }

    /// Which states can be reached from the start, and lead to an end.
    fn live(&self) -> Vec<bool> {
        let start = (!self.states.is_empty()).then_some(0);
        let ends = (0_u32..).zip(&self.states).filter(|(_, state)| state.accepts).map(|(number, _)| number);
        let back = Back::new(&self.states);
        let from_start = reached(self.states.len(), start, |state| {
            self.states.get(state as usize).into_iter().flat_map(|state| &state.edges).map(|edge| edge.to)
        });
        let to_end = reached(self.states.len(), ends, |state| back.of(state).iter().copied());
        from_start.into_iter().zip(to_end).map(|(from_start, to_end)| from_start && to_end).collect()
    }
}

/// Where the edges to each state come from.
struct Back {
    /// For each state where its own begin.
    starts: Vec<u32>,
    /// By the states that the edges lead to.
    from: Vec<u32>,
}

impl Back {
    fn new(states: &[State]) -> Self {
        let edges =
            || (0_u32..).zip(states).flat_map(|(from, state)| state.edges.iter().map(move |edge| (from, edge.to)));
        let mut starts = vec![0_u32; states.len() + 1];
        for (_, to) in edges() {
            starts.get_mut(to as usize).into_iter().for_each(|count| *count += 1);
        }
        // From how many there are to where they end; filled from behind, to where they begin.
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        let mut from = vec![0; end as usize];
        for (source, to) in edges() {
            let Some(place) = starts.get_mut(to as usize) else { continue };
            *place = place.saturating_sub(1);
            from.get_mut(*place as usize).into_iter().for_each(|slot| *slot = source);
        }
        Self { starts, from }
    }

    fn of(&self, state: u32) -> &[u32] {
        let place = state as usize;
        let (Some(&start), Some(&end)) = (self.starts.get(place), self.starts.get(place + 1)) else { return &[] };
        self.from.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// Which of so many states can be reached, where `next` has those that follow a state.
fn reached<N: Iterator<Item = u32>>(
    states: usize,
    from: impl IntoIterator<Item = u32>,
    next: impl Fn(u32) -> N,
) -> Vec<bool> {
    let mut reached = vec![false; states];
    let mut waiting: Vec<u32> = from.into_iter().collect();
    while let Some(state) = waiting.pop() {
        if let Some(reached) = reached.get_mut(state as usize)
            && !core::mem::replace(reached, true)
        {
            waiting.extend(next(state));
        }
    }
    reached
}
