//! The compiled query: a chain of tests of slots.
//!
//! Each test says where to go on when it holds and when not, so `and`, `or` and `not` are gone,
//! and evaluation takes the shortest way to the verdict without recursion.

use alloc::string::String;
use alloc::vec::Vec;

use crate::clause::Clause;
use crate::error::Error;
use crate::expr::{Expr, Leaf};
use crate::lower::lower;
use crate::mapping::Mapping;
use crate::required::{self, Requirement};

/// The number of something that is picked from each event: the values of a field as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// What is picked from an event, and the slot of each part. Programs of several queries share the
/// slots of one layout; equal paths get equal slots.
///
/// A path is that of nested objects and dotted keys alike, `process.parent.name`.
pub trait Layout {
    /// The slot of the values at a path, arrays flattened.
    fn values(&mut self, path: &str) -> Slot;

    /// The slot of all values at a path and below it, each with its own path from the event (or
    /// nested object) on. The path `""` is that of the whole event.
    fn leaves(&mut self, path: &str) -> Slot;

    /// The slot of the objects at a path, arrays flattened, and the layout of what is picked from
    /// each of them, by paths within it.
    fn objects(&mut self, path: &str) -> (Slot, &mut dyn Layout);
}

/// A query that is ready to be evaluated on events.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) chain: Chain,
    literals: Vec<Vec<String>>,
    requirements: Vec<Requirement>,
}

/// Tests one after the other, as far as needed.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The targets of a step have lower numbers than it has.
    pub(crate) steps: Vec<Step>,
    pub(crate) start: Target,
}

/// One test and where to go after it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) leaf: Leaf,
    pub(crate) holds: Target,
    pub(crate) fails: Target,
}

/// A step by its number, or a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target(pub(crate) u32);

impl Target {
    pub(crate) const MATCH: Self = Self(u32::MAX);
    pub(crate) const NO_MATCH: Self = Self(u32::MAX - 1);
}

impl Program {
    /// Compiles a query for fields of the types that `mapping` says. `layout` is asked for the slot
    /// of each thing the query reads, perhaps more than once for the same.
    ///
    /// # Errors
    ///
    /// What makes Elasticsearch fail the whole search, with the place of the first: a value that
    /// means nothing to the type of its field, wildcards where the type has none, nested fields
    /// outside of their group.
    pub fn compile(clause: &Clause, mapping: &Mapping, layout: &mut dyn Layout) -> Result<Self, Error> {
        let expr = lower(clause, mapping, layout)?;
        let literals = required::literals(&expr);
        let requirements = required::requirements(&expr);
        Ok(Self { chain: Chain::new(in_order(expr)), literals, requirements })
    }

    /// Texts without which no event matches, for a prefilter.
    ///
    /// In a matching event, at least one text of each inner list is a substring of a string, the
    /// text of a number, or `true` or `false`. That is said of decoded strings: JSON may spell
    /// them with escapes. Neither an inner list nor a text is empty; an empty outer list says
    /// nothing. Of a wildcard, the longest piece counts.
    #[must_use]
    pub fn required_literals(&self) -> &[Vec<String>] {
        &self.literals
    }

    /// Fields of which a matching event has, each, one of some values, or at least some value: the
    /// ground for an index over many programs. In the order of their slots, each once; none if
    /// nothing is known.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Does no event match?
    #[must_use]
    pub fn never_matches(&self) -> bool {
        self.chain.start == Target::NO_MATCH
    }
}

impl Chain {
    pub(crate) fn new(expr: Expr) -> Self {
        let mut steps = Vec::new();
        let start = emit(expr, Target::MATCH, Target::NO_MATCH, &mut steps);
        Self { steps, start }
    }
}

/// Puts the conditions that must all hold into the order in which they are tried: what an index by
/// [requirements](Program::requirements) does not tell comes first, walks over whole parts of the
/// event last.
fn in_order(expr: Expr) -> Expr {
    let place = |operand: &Expr| match operand {
        Expr::Leaf(Leaf::Tree { .. } | Leaf::Object { .. }) => 4,
        Expr::Leaf(leaf) if required::is_told_by_index(leaf) => 3,
        Expr::Not(_) => 2,
        Expr::Or(_) => 1,
        _ => 0,
    };
    match expr {
        Expr::And(mut operands) => {
            operands.sort_by_key(place);
            Expr::And(operands)
        }
        other => other,
    }
}

/// Adds the steps of `expr`, last ones first, and gives its first one.
fn emit(expr: Expr, holds: Target, fails: Target, steps: &mut Vec<Step>) -> Target {
    match expr {
        Expr::Const(true) => holds,
        Expr::Const(false) => fails,
        Expr::Not(negated) => emit(*negated, fails, holds, steps),
        Expr::And(operands) => {
            operands.into_iter().rev().fold(holds, |next, operand| emit(operand, next, fails, steps))
        }
        Expr::Or(operands) => operands.into_iter().rev().fold(fails, |next, operand| emit(operand, holds, next, steps)),
        Expr::Leaf(mut leaf) => {
            if let Leaf::Value { test, .. } = &mut leaf {
                test.seal();
            }
            // There are no more leaves than `MAX_LEAVES`, each for no more fields than are mapped.
            let number = u32::try_from(steps.len()).unwrap_or(Target::NO_MATCH.0);
            steps.push(Step { leaf, holds, fails });
            Target(number)
        }
    }
}
