//! A search for several texts at once, sixteen places side by side.
//!
//! The method is known as Teddy (Intel's Hyperscan): every text has one of
//! eight buckets, one bit each, and tables by half bytes say which buckets a
//! byte could belong to as the first, second or third of a text's key. Where
//! all three agree on a bucket its texts are compared.

use super::literal::{LITERALS_MAX, Literal};
use super::sweep::{Sought, Step, lanes};
use crate::lanes::Lanes;

/// The texts and their tables.
#[derive(Debug)]
pub(super) struct Teddy {
    buckets: [Vec<Literal>; 8],
    /// For the first, second and third byte of a key, by lower and upper half.
    tables: [[[u8; 16]; 2]; 3],
}

/// The bit of the bucket that `\u` has for itself.
const ESCAPE: usize = 7;

impl Teddy {
    pub(super) fn new(literals: Vec<Literal>) -> Self {
        let mut teddy = Self { buckets: Default::default(), tables: [[[0; 16]; 2]; 3] };
        for (number, literal) in literals.into_iter().enumerate() {
            // Neighbours in the order of bytes, so that buckets stay narrow.
            let bucket = number * ESCAPE / LITERALS_MAX.max(number + 1) % ESCAPE;
            for (place, byte) in literal.key().into_iter().enumerate() {
                teddy.allow(place, byte, bucket);
            }
            if let Some(bucket) = teddy.buckets.get_mut(bucket) {
                bucket.push(literal);
            }
        }
        teddy.allow(0, b'\\', ESCAPE);
        teddy.allow(1, b'u', ESCAPE);
        (0..=u8::MAX).for_each(|byte| teddy.allow(2, byte, ESCAPE));
        teddy
    }

    fn allow(&mut self, place: usize, byte: u8, bucket: usize) {
        let Some([low, high]) = self.tables.get_mut(place) else { return };
        for (table, half) in [(low, byte & 0xf), (high, byte >> 4)] {
            if let Some(buckets) = table.get_mut(half as usize) {
                *buckets |= 1 << bucket;
            }
        }
    }
}

impl Sought for Teddy {
    #[inline(always)]
    fn near(&self) -> impl Fn(&Step, usize) -> Lanes {
        let tables = self.tables.each_ref().map(|[low, high]| [Lanes::load(low), Lanes::load(high)]);
        move |step, offset| {
            let [first, second, third] = tables;
            let one = lanes(step, offset).in_tables(first[0], first[1]);
            let two = lanes(step, offset + 1).in_tables(second[0], second[1]);
            let three = lanes(step, offset + 2).in_tables(third[0], third[1]);
            one.in_both(two).in_both(three)
        }
    }

    fn is_at(&self, bytes: &[u8], at: usize, near: u8) -> bool {
        if near & 1 << ESCAPE != 0 && bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\\u")) {
            return true;
        }
        let chosen = self.buckets.iter().enumerate().filter(|(number, _)| near & 1 << number != 0);
        chosen.flat_map(|(_, bucket)| bucket).any(|literal| literal.has_key_at(bytes, at))
    }
}
