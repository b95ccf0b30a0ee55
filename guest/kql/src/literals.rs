//! What an event must contain to match: the ground for a prefilter on bytes.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::lower::{Expr, Leaf, OneOf, Test};

/// Sets of texts; a matching event contains at least one text of each set. No set is empty, and
/// no text is. Nothing is known where there is no set.
pub(crate) fn required(expr: &Expr) -> Vec<Vec<String>> {
    match expr {
        Expr::Const(_) | Expr::Not(_) => Vec::new(),
        Expr::Leaf(Leaf { test, .. }) => match test {
            Test::Exists => Vec::new(),
            Test::OneOf(values) => alternatives(values).map_or_else(Vec::new, |set| vec![set]),
        },
        Expr::And(operands) => operands.iter().flat_map(required).collect(),
        Expr::Or(operands) => {
            // Each alternative has its own sets; one of each, together, is a set of the whole.
            let mut union = BTreeSet::new();
            for operand in operands {
                let Some(best) = required(operand).into_iter().max_by_key(|set| rank(set)) else {
                    return Vec::new();
                };
                union.extend(best);
            }
            vec![union.into_iter().collect()]
        }
    }
}

fn alternatives(values: &OneOf) -> Option<Vec<String>> {
    let texts = values.texts.iter().map(|text| &**text);
    let pieces = values.patterns.iter().map(|pattern| pattern.longest());
    let set: BTreeSet<&str> = texts.chain(pieces).collect();
    if set.contains("") {
        return None;
    }
    Some(set.into_iter().map(String::from).collect())
}

/// How much a set is likely to rule out: by its shortest text, then by how few there are.
fn rank(set: &[String]) -> (usize, core::cmp::Reverse<usize>) {
    let shortest = set.iter().map(String::len).min().unwrap_or_default();
    (shortest, core::cmp::Reverse(set.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Program, Slot, parse};

    macro_rules! requires {
        ($($name:ident: $query:expr => [$([$($text:expr),+]),*];)*) => {$(
            #[test]
            fn $name() {
                let mut names = Vec::<String>::new();
                let mut slot = |name: &str| {
                    names.push(name.into());
                    Slot(name.bytes().map(u32::from).sum())
                };
                let program = Program::compile(&parse($query).unwrap(), &mut slot).unwrap();
                let expected: &[&[&str]] = &[$(&[$($text),+]),*];
                assert_eq!(program.required_literals(), expected);
            }
        )*};
    }

    requires! {
        one: "f:a" => [["a"]];
        boolean: "f:true" => [["true"]];
        group: "f:(b or a or a)" => [["a", "b"]];
        wildcard: "f:a*bcd*ef" => [["bcd"]];
        wildcard_group: "f:(a or *b*)" => [["a", "b"]];
        only_stars: "f:(a or **)" => [];
        empty_text: "f:(a or \"\")" => [];
        exists: "f:*" => [];
        negated: "not f:a" => [];
        twice_negated: "not (not f:a)" => [["a"]];
        conjunction: "f:a and g:* and not h:c and i:(d or e)" => [["a"], ["d", "e"]];
        disjunction: "f:a or g:b" => [["a", "b"]];
        best_of_each: "(f:a and g:long) or (f:b and h:longer)" => [["long", "longer"]];
        unknown_alternative: "f:a or not g:b" => [];
        everything: "*" => [];
        nothing: "not *" => [];
    }
}
