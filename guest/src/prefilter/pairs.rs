//! A search for very few texts, by two bytes of each: with so few that is less
//! work than [`Teddy`](super::teddy::Teddy)'s tables.

use super::literal::Literal;
use super::sweep::{Sought, Step, lanes};
use crate::lanes::Lanes;

/// `N` texts, and `\u`.
#[derive(Debug)]
pub(super) struct Pairs<const N: usize> {
    literals: [Literal; N],
}

impl<const N: usize> Pairs<N> {
    pub(super) fn new(literals: [Literal; N]) -> Self {
        Self { literals }
    }
}

impl<const N: usize> Sought for Pairs<N> {
    #[inline(always)]
    fn near(&self) -> impl Fn(&Step, usize) -> Lanes {
        let escape = [b'\\', b'u'].map(Lanes::all);
        let keys = self.literals.each_ref().map(|literal| {
            let [one, two, _] = literal.key();
            [one, two].map(Lanes::all)
        });
        move |step, offset| {
            let (first, second) = (lanes(step, offset), lanes(step, offset + 1));
            let pair = |[one, two]: [Lanes; 2]| first.that_are_as(one).in_both(second.that_are_as(two));
            keys.iter().fold(pair(escape), |near, &key| near.in_either(pair(key)))
        }
    }

    fn is_at(&self, bytes: &[u8], at: usize, _: u8) -> bool {
        let is_escape = bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\\u"));
        is_escape || self.literals.iter().any(|literal| literal.has_key_at(bytes, at))
    }
}
