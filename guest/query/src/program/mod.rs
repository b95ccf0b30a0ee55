//! The compiled query: from a clause to a chain of tests of slots.

pub(crate) mod chain;
mod emit;
pub(crate) mod event;
mod expr;
pub(crate) mod layout;
mod lower;
mod query_string;
pub(crate) mod required;
pub(crate) mod test;
pub(crate) mod text_test;
pub(crate) mod tree;
mod typed;
pub(crate) mod words;

use alloc::string::String;
use alloc::vec::Vec;

use chain::{Chain, Leaf, Target};
use event::Event;
use expr::Expr;
use layout::Layout;
use required::Requirement;

use crate::clause::Clause;
use crate::error::Error;
use crate::fields::mapping::Mapping;
use crate::joint::Leaves;

/// A query that is ready to be evaluated on events.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) chain: Chain,
    literals: Vec<Vec<String>>,
    requirements: Vec<Requirement>,
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
        Self::compile_among(clause, mapping, layout, &mut Leaves::none())
    }

    /// The same for one of several programs that a [`Joint`](crate::Joint) will answer for
    /// together: what they ask is counted in `leaves`, which is of this layout and this mapping
    /// alone.
    ///
    /// # Errors
    ///
    /// As [`Program::compile`].
    pub fn compile_among(
        clause: &Clause,
        mapping: &Mapping,
        layout: &mut dyn Layout,
        leaves: &mut Leaves,
    ) -> Result<Self, Error> {
        let expr = lower::lower(clause, mapping, layout, leaves)?;
        let literals = required::literals(&expr);
        let requirements = required::requirements(&expr);
        Ok(Self { chain: emit::chain_of(in_order(expr), leaves), literals, requirements })
    }

    /// Does the event match?
    ///
    /// As in Elasticsearch, a condition holds if any value of its field meets it, and does not
    /// hold if there is none; `not` turns either around.
    pub fn matches<E: Event>(&self, event: &E) -> bool {
        self.chain.matches(event)
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

    /// Does every event match?
    #[must_use]
    pub fn always_matches(&self) -> bool {
        self.chain.start == Target::MATCH
    }

    /// Does no event match?
    #[must_use]
    pub fn never_matches(&self) -> bool {
        self.chain.start == Target::NO_MATCH
    }
}

/// Puts the conditions that must all hold into the order in which they are tried: what an index by
/// [requirements](Program::requirements) does not tell comes first, walks over whole parts of the
/// event last.
fn in_order(expr: Expr) -> Expr {
    let place = |operand: &Expr| match operand {
        Expr::Leaf(Leaf::Tree { .. } | Leaf::Object { .. } | Leaf::Script(_)) => 4,
        Expr::Leaf(leaf) if required::is_told_by_index(leaf) => 3,
        Expr::Known(_, leaf) if required::is_told_by_index(leaf) => 3,
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
