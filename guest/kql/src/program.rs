//! The compiled query: a chain of tests of slots.
//!
//! Each test says where to go on when it holds and when not, so `and`, `or` and `not` are gone,
//! and evaluation takes the shortest way to the verdict without recursion.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ast::Query;
use crate::error::Error;
use crate::literals;
use crate::lower::{Expr, Leaf, lower};

/// The number of a field among those that are picked from each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// A query that is ready to be evaluated on events.
#[derive(Clone, Debug)]
pub struct Program {
    /// The targets of a step have lower numbers than it has.
    pub(crate) steps: Vec<Step>,
    pub(crate) start: Target,
    literals: Vec<Vec<String>>,
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
    /// Compiles a query.
    ///
    /// `slot` is asked for the slot of each field name the query reads, perhaps more than once
    /// for the same name; programs of several queries can so share the fields of one event. Equal
    /// names must get equal slots, and a slot stands for one field only.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), with the place of the first
    /// construct that is not evaluated.
    pub fn compile(query: &Query, slot: &mut dyn FnMut(&str) -> Slot) -> Result<Self, Error> {
        let expr = lower(&query.root, slot)?;
        let literals = literals::required(&expr);
        let mut steps = Vec::new();
        let start = emit(expr, Target::MATCH, Target::NO_MATCH, &mut steps);
        Ok(Self { steps, start, literals })
    }

    /// Texts without which no event matches, for a prefilter.
    ///
    /// In a matching event, at least one text of each inner list is a substring of a string, the
    /// text of a number, or `true` or `false`. That is said of decoded strings: JSON may spell
    /// them with escapes. Neither an inner list nor a text is empty; an empty outer list says
    /// nothing, and `not` and `field:*` add nothing to it. Of a wildcard, the longest piece counts.
    #[must_use]
    pub fn required_literals(&self) -> Vec<Vec<String>> {
        self.literals.clone()
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
        Expr::Leaf(leaf) => {
            // There are no more leaves than `MAX_LEAVES`.
            let number = u32::try_from(steps.len()).unwrap_or(Target::NO_MATCH.0);
            steps.push(Step { leaf, holds, fails });
            Target(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Span;
    use crate::error::{Construct, ErrorKind};
    use crate::lower::Test;
    use crate::parse;
    use alloc::string::ToString;

    fn compile(query: &str) -> Result<Program, Error> {
        let mut names: Vec<String> = Vec::new();
        let mut slot = |name: &str| {
            let known = names.iter().position(|known| known == name);
            let number = known.unwrap_or_else(|| {
                names.push(name.to_string());
                names.len() - 1
            });
            Slot(u32::try_from(number).unwrap())
        };
        Program::compile(&parse(query).unwrap(), &mut slot)
    }

    macro_rules! refuses {
        ($($name:ident: $query:expr => $construct:ident, $start:expr, $end:expr;)*) => {$(
            #[test]
            fn $name() {
                let error = compile($query).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Unsupported(Construct::$construct));
                assert_eq!(error.span, Span::new($start, $end));
            }
        )*};
    }

    refuses! {
        range: "a:b and c >= 3 " => Range, 8, 14;
        nested: "not n:{ a:b }" => Nested, 4, 13;
        bare: "a:b or c" => BareValue, 7, 8;
        bare_wildcard: "c*" => BareValue, 0, 2;
        bare_null: "null" => BareValue, 0, 4;
        field_null: "null:a" => BareValue, 0, 6;
        field_wildcard: "a* : b" => FieldWildcard, 0, 2;
        field_star: "*:b" => FieldWildcard, 0, 1;
        field_two_stars: "**:*" => FieldWildcard, 0, 2;
        null: "a:(b or null)" => Null, 8, 12;
        refused_though_constant: "* or a:null" => Null, 7, 11;
    }

    macro_rules! has_steps {
        ($($name:ident: $query:expr => $count:expr;)*) => {$(
            #[test]
            fn $name() {
                let program = compile($query).unwrap();
                assert_eq!(program.steps.len(), $count);
                for (number, step) in program.steps.iter().enumerate() {
                    for target in [step.holds, step.fails] {
                        let verdict = [Target::MATCH, Target::NO_MATCH].contains(&target);
                        assert!(verdict || (target.0 as usize) < number);
                    }
                }
            }
        )*};
    }

    has_steps! {
        values_of_one_field_are_one_step: "f:(a or b or c*) or f:d" => 1;
        through_parentheses: "f:a or (g:b or (f:c or g:d))" => 2;
        not_through_and: "f:a and f:b" => 2;
        exists_is_apart: "f:a or f:*" => 2;
        constants_vanish: "* and f:a and (g:b or *) or not *" => 1;
        nothing_left: "* or f:a" => 0;
    }

    #[test]
    fn equal_texts_are_kept_once() {
        let program = compile("f:(b or a or b or \"a\")").unwrap();
        let Test::OneOf(values) = &program.steps[0].leaf.test else { panic!("a set of values") };
        assert_eq!(values.texts.len(), 2);
    }
}
