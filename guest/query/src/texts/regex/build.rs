//! From trees to automata.

use alloc::vec::Vec;

use super::automaton::{Automaton, Draft, Edge, State};
use super::budget::{Budget, TooComplex};
use super::determinize::{complement, determinize, intersection};
use super::tree::Tree;

/// Makes automata of trees.
#[derive(Debug)]
pub(super) struct Builder {
    budget: Budget,
    /// To Lucene no text repeated any number of times is no text; elsewhere it is the empty one.
    nothing_stays_nothing: bool,
}

type Built = Result<Automaton, TooComplex>;

impl Builder {
    pub(super) const fn new(nothing_stays_nothing: bool) -> Self {
        Self { budget: Budget::new(), nothing_stays_nothing }
    }

    /// How many states and transitions were looked at.
    pub(super) const fn spent(&self) -> usize {
        self.budget.spent()
    }

    /// A deterministic automaton that accepts what the tree says.
    pub(super) fn deterministic(&mut self, tree: &Tree) -> Built {
        let automaton = self.build(tree)?;
        determinize(automaton, &mut self.budget)
    }

    fn build(&mut self, tree: &Tree) -> Built {
        match tree {
            Tree::Chars(chars) => Automaton::chain(&[chars], &mut self.budget),
            Tree::Sequence(trees) => {
                // Characters in a row are made at once.
                let runs = trees.chunk_by(|one, next| matches!((one, next), (Tree::Chars(_), Tree::Chars(_))));
                let parts = runs.map(|run| self.run(run)).collect::<Result<Vec<_>, _>>()?;
                self.sequence(&parts.iter().collect::<Vec<_>>())
            }
            Tree::Union(trees) => {
                let parts = trees.iter().map(|tree| self.build(tree)).collect::<Result<Vec<_>, _>>()?;
                self.union(&parts)
            }
            Tree::Intersection(trees) => {
                let mut trees = trees.iter();
                let Some(first) = trees.next() else { return Ok(Automaton::default()) };
                let first = self.build(first)?;
                trees.try_fold(first, |all, tree| {
                    let one = self.build(tree)?;
                    intersection(&all, &one, &mut self.budget)
                })
            }
            Tree::Complement(tree) => {
                let automaton = self.build(tree)?;
                complement(automaton, &mut self.budget)
            }
            Tree::Repeat { of, min, max } => {
                let automaton = self.build(of)?;
                self.repeated(automaton, *min, *max)
            }
        }
    }

    /// Some characters, or a single tree.
    fn run(&mut self, trees: &[Tree]) -> Built {
        match trees {
            [tree] => self.build(tree),
            _ => {
                let chars =
                    trees.iter().filter_map(|tree| if let Tree::Chars(chars) = tree { Some(chars) } else { None });
                Automaton::chain(&chars.collect::<Vec<_>>(), &mut self.budget)
            }
        }
    }

    /// One behind the other: where one may end, what the next begins with may follow.
    fn sequence(&mut self, parts: &[&Automaton]) -> Built {
        match parts {
            [] => return Ok(Automaton::empty_text()),
            [only] => return Ok((*only).clone()),
            _ => {}
        }
        if parts.iter().any(|part| part.is_empty()) {
            return Ok(Automaton::default());
        }
        let mut draft = Draft::default();
        let offsets = parts.iter().map(|part| draft.copy(part, &mut self.budget)).collect::<Result<Vec<_>, _>>()?;
        // From the last to the first: what may follow, and whether nothing needs to.
        let mut follow: Vec<Edge> = Vec::new();
        let mut may_end = true;
        for (part, &offset) in parts.iter().zip(&offsets).rev() {
            for (number, _) in (offset..).zip(part.states()).filter(|(_, state)| state.accepts) {
                draft.connect(number, &follow, &mut self.budget)?;
            }
            if !may_end {
                let states = draft.states().iter_mut().skip(offset as usize).take(part.states().len());
                states.for_each(|state| state.accepts = false);
            }
            let Some(start) = part.start() else { continue };
            if !start.accepts {
                follow.clear();
                may_end = false;
            }
            follow.extend(start.edges.iter().map(|edge| edge.behind(offset)));
        }
        Ok(draft.finish())
    }

    /// A start that has what each of them begins with.
    fn union(&mut self, parts: &[Automaton]) -> Built {
        let mut draft = Draft::default();
        let start = draft.add(State::default(), &mut self.budget)?;
        for part in parts {
            let offset = draft.copy(part, &mut self.budget)?;
            self.join(&mut draft, start, part, offset)?;
        }
        self.with_one_last_state(&draft.finish())
    }

    /// As if a state were also the start of an automaton that was copied to `offset`.
    fn join(&mut self, draft: &mut Draft, state: u32, automaton: &Automaton, offset: u32) -> Result<(), TooComplex> {
        let Some(start) = automaton.start() else { return Ok(()) };
        let edges: Vec<Edge> = start.edges.iter().map(|edge| edge.behind(offset)).collect();
        draft.connect(state, &edges, &mut self.budget)?;
        if start.accepts {
            draft.accept(state);
        }
        Ok(())
    }

    /// Makes one of all states where a text can only end.
    fn with_one_last_state(&mut self, automaton: &Automaton) -> Built {
        let is_last = |state: &State| state.accepts && state.edges.is_empty();
        let Some(last) = automaton.states().iter().position(is_last) else { return Ok(automaton.clone()) };
        let mut numbers: Vec<u32> = Vec::with_capacity(automaton.states().len());
        let mut next = 0_u32;
        for (place, state) in automaton.states().iter().enumerate() {
            let is_another = place > last && is_last(state);
            let known = numbers.get(last).copied().filter(|_| is_another);
            numbers.push(known.unwrap_or(next));
            next += u32::from(known.is_none());
        }
        let number = |state: u32| numbers.get(state as usize).copied().unwrap_or_default();
        let mut draft = Draft::default();
        for (&at, state) in numbers.iter().zip(automaton.states()) {
            if at == draft.len() {
                let edges = state.edges.iter().map(|edge| Edge { to: number(edge.to), ..*edge }).collect();
                draft.add(State { accepts: state.accepts, edges }, &mut self.budget)?;
            }
        }
        Ok(draft.finish())
    }

    fn repeated(&mut self, automaton: Automaton, min: u32, max: Option<u32>) -> Built {
        // A number from outside: it is paid before anything is made.
        let copies = min.max(max.unwrap_or_default()) as usize;
        self.budget.make(copies.saturating_mul(automaton.states().len().max(1)))?;
        let Some(max) = max else {
            let any = self.any_number(&automaton)?;
            let mut parts: Vec<&Automaton> = (0..min).map(|_| &automaton).collect();
            parts.push(&any);
            return if min == 0 { Ok(any) } else { self.sequence(&parts) };
        };
        let parts: Vec<&Automaton> = (0..min).map(|_| &automaton).collect();
        let least = self.sequence(&parts)?;
        if least.is_empty() || min == max {
            return Ok(least);
        }
        self.up_to(&least, &automaton, max - min)
    }

    /// `least`, and then up to so many of another.
    fn up_to(&mut self, least: &Automaton, more: &Automaton, times: u32) -> Built {
        let ends = |automaton: &Automaton, offset: u32| -> Vec<u32> {
            let ends = (offset..).zip(automaton.states()).filter(|(_, state)| state.accepts);
            ends.map(|(number, _)| number).collect()
        };
        let mut draft = Draft::default();
        let offset = draft.copy(least, &mut self.budget)?;
        let mut last = ends(least, offset);
        for _ in 0..times {
            let offset = draft.copy(more, &mut self.budget)?;
            for &end in &last {
                self.join(&mut draft, end, more, offset)?;
            }
            last = ends(more, offset);
        }
        Ok(draft.finish())
    }

    /// Any number of times, none included.
    fn any_number(&mut self, automaton: &Automaton) -> Built {
        let Some(start) = automaton.start() else {
            return Ok(if self.nothing_stays_nothing { Automaton::default() } else { Automaton::empty_text() });
        };
        let accepting = automaton.states().iter().filter(|state| state.accepts).count();
        if start.accepts && accepting == 1 {
            // Whatever it accepts ends where it begins.
            return Ok(automaton.clone());
        }
        // A new start, which is also every state where a text can only end.
        let is_last = |state: &State| state.accepts && state.edges.is_empty();
        let mut numbers: Vec<u32> = Vec::with_capacity(automaton.states().len());
        let mut next = 1_u32;
        for state in automaton.states() {
            numbers.push(if is_last(state) { 0 } else { next });
            next += u32::from(!is_last(state));
        }
        let number = |state: u32| numbers.get(state as usize).copied().unwrap_or_default();
        let renumbered = |state: &State| -> Vec<Edge> {
            state.edges.iter().map(|edge| Edge { to: number(edge.to), ..*edge }).collect()
        };
        let again = renumbered(start);
        let mut draft = Draft::default();
        draft.add(State { accepts: true, edges: again.clone() }, &mut self.budget)?;
        for state in automaton.states().iter().filter(|state| !is_last(state)) {
            let mut edges = renumbered(state);
            if state.accepts {
                edges.extend_from_slice(&again);
            }
            draft.add(State { accepts: state.accepts, edges }, &mut self.budget)?;
        }
        Ok(draft.finish())
    }
}
