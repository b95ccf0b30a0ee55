//! Automata in which each text has one way, and what needs them.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;

use super::automaton::{Automaton, Draft, Edge, State};
use super::budget::{Budget, Effort, TooComplex};

/// The same language, with one way at most for each text. Its states are sets of states; what those
/// come to is the effort.
pub(super) fn determinize(automaton: Automaton, budget: &mut Budget) -> Result<Automaton, TooComplex> {
    if automaton.is_deterministic() {
        return Ok(automaton);
    }
    let mut draft = Draft::default();
    let mut known: BTreeMap<Rc<[u32]>, u32> = BTreeMap::new();
    let mut sets: Vec<Rc<[u32]>> = Vec::new();
    let mut effort = Effort::default();
    let mut number = |draft: &mut Draft, sets: &mut Vec<Rc<[u32]>>, set: Rc<[u32]>, budget: &mut Budget| {
        if let Some(&number) = known.get(&set) {
            return Ok(number);
        }
        let accepts = set.iter().filter_map(|&state| automaton.states().get(state as usize)).any(|state| state.accepts);
        let number = draft.add(State { accepts, edges: Vec::new() }, budget)?;
        known.insert(set.clone(), number);
        sets.push(set);
        Ok(number)
    };
    number(&mut draft, &mut sets, Rc::from([0]), budget)?;
    let mut at = 0;
    while let Some(set) = sets.get(at).cloned() {
        effort.add(set.len())?;
        let mut edges = Vec::new();
        for (first, last, targets) in steps(&automaton, &set, budget)? {
            let to = number(&mut draft, &mut sets, targets, budget)?;
            edges.push(Edge { first, last, to });
        }
        draft.connect(u32::try_from(at).map_err(|_| TooComplex)?, &edges, budget)?;
        at += 1;
    }
    Ok(draft.finish())
}

/// From the first to the last character, to a set of states.
type Step = (u32, u32, Rc<[u32]>);

/// Where a set of states leads, by spans of characters that all do the same.
fn steps(automaton: &Automaton, set: &[u32], budget: &mut Budget) -> Result<Vec<Step>, TooComplex> {
    let edges =
        || set.iter().filter_map(|&state| automaton.states().get(state as usize)).flat_map(|state| &state.edges);
    budget.spend(edges().count())?;
    // Each edge begins at a character, and has ended ahead of another one.
    let mut bounds: Vec<(u32, bool, u32)> =
        edges().flat_map(|edge| [(edge.first, true, edge.to), (edge.last + 1, false, edge.to)]).collect();
    bounds.sort_unstable();
    let mut open: BTreeMap<u32, u32> = BTreeMap::new();
    let mut steps = Vec::new();
    let mut from = 0;
    for (place, begins, to) in bounds {
        if place > from && !open.is_empty() {
            budget.spend(open.len())?;
            steps.push((from, place - 1, open.keys().copied().collect()));
        }
        from = place;
        let count = open.entry(to).or_default();
        *count = if begins { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            open.remove(&to);
        }
    }
    Ok(steps)
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
