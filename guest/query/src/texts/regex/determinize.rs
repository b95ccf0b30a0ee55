//! Automata in which each text has one way, and what needs them.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;

use super::automaton::{Automaton, Draft, Edge, State};
use super::budget::{Budget, Effort, TooComplex};
use super::steps::Steps;

/// The same language, with one way at most for each text. Its states are sets of states; what those
/// come to is the effort.
pub(super) fn determinize(automaton: Automaton, budget: &mut Budget) -> Result<Automaton, TooComplex> {
    if automaton.is_deterministic() {
        return Ok(automaton);
    }
    let mut sets = Sets::default();
    sets.number(&automaton, &[0], budget)?;
    let mut steps = Steps::new(&automaton);
    let mut at = 0;
    while let Some(set) = sets.all.get(at).cloned() {
        let mut edges: Vec<Edge> = Vec::new();
        steps.follow(&set, budget, |first, last, targets, budget| {
            let to = sets.number(&automaton, targets, budget)?;
            match edges.last_mut().filter(|edge| edge.to == to && edge.last + 1 == first) {
                Some(edge) => edge.last = last,
                None => edges.push(Edge { first, last, to }),
            }
            Ok(())
        })?;
        sets.draft.connect(u32::try_from(at).map_err(|_| TooComplex)?, &edges, budget)?;
        at += 1;
    }
    Ok(sets.draft.finish())
}

/// Sets of states, each of which is a state of the draft.
#[derive(Default)]
struct Sets {
    draft: Draft,
    all: Vec<Rc<[u32]>>,
    numbers: BTreeMap<Rc<[u32]>, u32>,
    effort: Effort,
}

impl Sets {
    /// The number of a set, which is made if there is none.
    fn number(&mut self, automaton: &Automaton, set: &[u32], budget: &mut Budget) -> Result<u32, TooComplex> {
        if let Some(&number) = self.numbers.get(set) {
            return Ok(number);
        }
        self.effort.add(set.len())?;
        let accepts = set.iter().filter_map(|&state| automaton.states().get(state as usize)).any(|state| state.accepts);
        let number = self.draft.add(State { accepts, edges: Vec::new() }, budget)?;
        let set: Rc<[u32]> = set.into();
        self.numbers.insert(Rc::clone(&set), number);
        self.all.push(set);
        Ok(number)
    }
}

/// Every text that is not accepted.
pub(super) fn complement(automaton: Automaton, budget: &mut Budget) -> Result<Automaton, TooComplex> {
    let automaton = determinize(automaton, budget)?;
    let mut draft = Draft::default();
    draft.copy(&automaton, budget)?;
    let rest = draft.add(State::default(), budget)?;
    for number in 0..=rest {
        let gaps = draft.state(number).map(State::gaps).unwrap_or_default();
        let edges: Vec<Edge> = gaps.into_iter().map(|(first, last)| Edge { first, last, to: rest }).collect();
        draft.connect(number, &edges, budget)?;
    }
    draft.states().iter_mut().for_each(|state| state.accepts = !state.accepts);
    Ok(draft.finish())
}

/// Every text that both accept.
pub(super) fn intersection(one: &Automaton, other: &Automaton, budget: &mut Budget) -> Result<Automaton, TooComplex> {
    if one.is_empty() || other.is_empty() {
        return Ok(Automaton::default());
    }
    let mut draft = Draft::default();
    let mut known: BTreeMap<(u32, u32), u32> = BTreeMap::from([((0, 0), 0)]);
    let mut pairs = Vec::from([(0, 0)]);
    draft.add(State::default(), budget)?;
    let mut at = 0;
    while let Some(&(left, right)) = pairs.get(at) {
        let number = u32::try_from(at).map_err(|_| TooComplex)?;
        at += 1;
        let left = one.states().get(left as usize).ok_or(TooComplex)?;
        let right = other.states().get(right as usize).ok_or(TooComplex)?;
        if left.accepts && right.accepts {
            draft.accept(number);
        }
        let mut edges = Vec::new();
        let mut ahead = right.edges.as_slice();
        for edge in &left.edges {
            // Edges come by their first characters, so what ends ahead of this one is done with.
            while let Some((_, rest)) = ahead.split_first().filter(|(next, _)| next.last < edge.first) {
                ahead = rest;
            }
            budget.spend(1)?;
            for both in ahead.iter().take_while(|both| both.first <= edge.last) {
                budget.spend(1)?;
                if both.last < edge.first {
                    continue;
                }
                let pair = (edge.to, both.to);
                let to = match known.get(&pair) {
                    Some(&to) => to,
                    None => {
                        let to = draft.add(State::default(), budget)?;
                        known.insert(pair, to);
                        pairs.push(pair);
                        to
                    }
                };
                edges.push(Edge { first: edge.first.max(both.first), last: edge.last.min(both.last), to });
            }
        }
        draft.connect(number, &edges, budget)?;
    }
    Ok(draft.finish())
}
