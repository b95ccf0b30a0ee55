//! Where sets of states lead.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::automaton::{Automaton, Edge};
use super::budget::{Budget, TooComplex};
use super::chars::LAST;

/// Follows an automaton in sets of states.
///
/// The alphabet is cut where any edge begins or ends. What is left are classes of characters that no
/// state tells apart, and for each class the states are collected that it leads to.
pub(super) struct Steps<'a> {
    automaton: &'a Automaton,
    /// The first characters of all classes, in order.
    classes: Vec<u32>,
    /// For each class the states that it leads to from the present set, perhaps more than once.
    targets: Vec<Vec<u32>>,
    /// The classes that lead anywhere from it.
    used: Vec<usize>,
    /// The last edges to each state that were taken, with the number of the set for which: the states
    /// of a set have many in common.
    taken: Vec<[(u32, Edge); TAKEN]>,
    /// How many sets there were.
    sets: u32,
}

/// How many targets of one set may wait to be sorted.
const MAX_TARGETS: usize = 1 << 22;

/// How many edges to a state are kept, told apart by what they begin with: both cases of a letter.
const TAKEN: usize = 4;

impl<'a> Steps<'a> {
    pub(super) fn new(automaton: &'a Automaton) -> Self {
        let edges = automaton.states().iter().flat_map(|state| &state.edges);
        let mut classes: Vec<u32> = edges.flat_map(|edge| [edge.first, edge.last + 1]).collect();
        classes.sort_unstable();
        classes.dedup();
        let none = (0, Edge { first: 0, last: 0, to: 0 });
        Self {
            automaton,
            targets: vec![Vec::new(); classes.len()],
            classes,
            used: Vec::new(),
            taken: vec![[none; TAKEN]; automaton.states().len()],
            sets: 0,
        }
    }

    /// Calls `step` with the first and the last character of each class that leads anywhere from a
    /// set, in order, and with the set that it leads to.
    pub(super) fn follow(
        &mut self,
        set: &[u32],
        budget: &mut Budget,
        mut step: impl FnMut(u32, u32, &[u32], &mut Budget) -> Result<(), TooComplex>,
    ) -> Result<(), TooComplex> {
        self.collect(set, budget)?;
        self.used.sort_unstable();
        for class in core::mem::take(&mut self.used) {
            let last = self.classes.get(class + 1).map_or(LAST, |next| next - 1);
            let (Some(&first), Some(targets)) = (self.classes.get(class), self.targets.get_mut(class)) else {
                continue;
            };
            budget.spend(targets.len())?;
            targets.sort_unstable();
            targets.dedup();
            step(first, last, targets, budget)?;
            targets.clear();
        }
        Ok(())
    }

    /// Puts the targets of a set where they belong.
    fn collect(&mut self, set: &[u32], budget: &mut Budget) -> Result<(), TooComplex> {
        self.sets = self.sets.checked_add(1).ok_or(TooComplex)?;
        let automaton = self.automaton;
        let mut waiting = 0;
        for state in set.iter().filter_map(|&state| automaton.states().get(state as usize)) {
            budget.spend(state.edges.len())?;
            for edge in &state.edges {
                if self.is_new(edge) {
                    let classes = self.classes_of(edge);
                    budget.spend(classes.len())?;
                    waiting += classes.len();
                    if waiting > MAX_TARGETS {
                        return Err(TooComplex);
                    }
                    classes.for_each(|class| self.add(class, edge.to));
                }
            }
        }
        Ok(())
    }

    /// Was the edge not taken for this set yet? An edge that was may pass for a new one.
    fn is_new(&mut self, edge: &Edge) -> bool {
        let place = (edge.first >> 5) as usize % TAKEN;
        let taken = self.taken.get_mut(edge.to as usize).and_then(|taken| taken.get_mut(place));
        let now = (self.sets, *edge);
        taken.is_none_or(|taken| core::mem::replace(taken, now) != now)
    }

    fn classes_of(&self, edge: &Edge) -> Range<usize> {
        let from = self.classes.partition_point(|&first| first < edge.first);
        let rest = self.classes.get(from..).unwrap_or_default();
        let length = if edge.first == edge.last { 1 } else { rest.partition_point(|&first| first <= edge.last) };
        from..from + length
    }

    fn add(&mut self, class: usize, target: u32) {
        if let Some(targets) = self.targets.get_mut(class) {
            if targets.is_empty() {
                self.used.push(class);
            }
            targets.push(target);
        }
    }
}
