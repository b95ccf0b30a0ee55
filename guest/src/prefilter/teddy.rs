//! A search for several texts at once, sixteen places side by side.
//!
//! The method is known as Teddy (Intel's Hyperscan): every text has one of
//! eight buckets, one bit each, and tables by half bytes say which buckets a
//! byte could belong to as the first, second or third of a text's key. Where
//! all three agree on a bucket its texts are compared.

use super::literal::Literal;
use crate::lanes::Lanes;

/// Bytes looked at in one step.
const STEP: usize = 64;

/// What a sweep came across.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Where a text was found, or a `\u` escape that may spell one; the length
    /// of the bytes if there is none.
    pub(crate) end: usize,
    /// Newlines before it.
    pub(crate) newlines: u32,
    /// How many of them end a line with nothing but white space.
    pub(crate) blank: u32,
}

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
            let bucket = number * ESCAPE / super::LITERALS_MAX.max(number + 1) % ESCAPE;
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

    /// Looks through `bytes` from `from` on, which is the start of a line.
    pub(super) fn sweep(&self, bytes: &[u8], from: usize) -> Swept {
        let tables = self.tables.map(|[low, high]| [Lanes::load(&low), Lanes::load(&high)]);
        let mut swept = Swept { end: bytes.len(), ..Swept::default() };
        let mut at = from;
        while let Some(step) = bytes.get(at..).and_then(|rest| rest.first_chunk::<{ STEP + 2 }>()) {
            let looks = [0, 16, 32, 48].map(|offset| Look::at(step, offset, tables));
            let [one, two, three, four] = looks;
            if one.or(two).or(three.or(four)).is_something() {
                for (place, look) in looks.into_iter().enumerate() {
                    if self.look_closer(look, bytes, from, at + place * 16, &mut swept) {
                        return swept;
                    }
                }
            }
            at += STEP;
        }
        self.sweep_rest(bytes, from, at, &mut swept);
        swept
    }

    /// Counts the newlines among sixteen bytes, up to a text; true if there is
    /// one.
    #[cold]
    fn look_closer(&self, look: Look, bytes: &[u8], from: usize, at: usize, swept: &mut Swept) -> bool {
        let buckets = look.buckets.to_array();
        let is_found = |&place: &usize| {
            let buckets = buckets.get(place).copied().unwrap_or(0);
            buckets != 0 && self.is_at(bytes, at + place, buckets)
        };
        let found = (0..buckets.len()).find(is_found);
        let mut newlines = look.newlines.not_zero() & ((1 << found.unwrap_or(buckets.len())) - 1);
        swept.newlines += newlines.count_ones();
        while newlines != 0 {
            let newline = at + newlines.trailing_zeros() as usize;
            swept.blank += u32::from(ends_blank_line(bytes, from, newline));
            newlines &= newlines - 1;
        }
        if let Some(found) = found {
            swept.end = at + found;
        }
        found.is_some()
    }

    /// The last bytes, one by one.
    fn sweep_rest(&self, bytes: &[u8], from: usize, start: usize, swept: &mut Swept) {
        for at in start..bytes.len() {
            if self.is_at(bytes, at, u8::MAX) {
                swept.end = at;
                return;
            }
            if bytes.get(at) == Some(&b'\n') {
                swept.newlines += 1;
                swept.blank += u32::from(ends_blank_line(bytes, from, at));
            }
        }
    }

    /// Whether a text of one of these buckets has its key at `at`.
    #[cold]
    fn is_at(&self, bytes: &[u8], at: usize, buckets: u8) -> bool {
        if buckets & 1 << ESCAPE != 0 && bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\\u")) {
            return true;
        }
        let is_there = |literal: &Literal| {
            let start = at.checked_sub(literal.window);
            start.and_then(|start| bytes.get(start..)).is_some_and(|rest| rest.starts_with(&literal.text))
        };
        let chosen = self.buckets.iter().enumerate().filter(|(number, _)| buckets & 1 << number != 0);
        chosen.flat_map(|(_, bucket)| bucket).any(is_there)
    }
}

/// What there is at sixteen places.
#[derive(Clone, Copy)]
struct Look {
    /// Which buckets have a text whose key could be here.
    buckets: Lanes,
    /// Not zero where a newline is.
    newlines: Lanes,
}

impl Look {
    #[inline(always)]
    fn at(step: &[u8; STEP + 2], offset: usize, [first, second, third]: [[Lanes; 2]; 3]) -> Self {
        let part = |offset: usize| match step.get(offset..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => Lanes::load(bytes),
            // There is one.
            None => Lanes::load(&[0; 16]),
        };
        let lanes = part(offset);
        let one = lanes.in_tables(first[0], first[1]);
        let two = part(offset + 1).in_tables(second[0], second[1]);
        let three = part(offset + 2).in_tables(third[0], third[1]);
        Self { buckets: one.in_both(two).in_both(three), newlines: lanes.that_are(b'\n') }
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self { buckets: self.buckets.in_either(other.buckets), newlines: self.newlines.in_either(other.newlines) }
    }

    #[inline(always)]
    fn is_something(self) -> bool {
        self.buckets.in_either(self.newlines).not_zero() != 0
    }
}

/// Whether the newline at `at` ends a line of nothing but white space; the
/// first line begins at `from`.
fn ends_blank_line(bytes: &[u8], from: usize, at: usize) -> bool {
    let before = bytes.get(from..at).unwrap_or_default();
    let last = before.iter().rev().find(|&&byte| byte == b'\n' || !byte.is_ascii_whitespace());
    last.is_none_or(|&byte| byte == b'\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(texts: &[String], bytes: &[u8], from: usize) -> Swept {
        let window_ends = |literal: &Literal| {
            let found = memchr::memmem::find_iter(bytes, &literal.text).map(|at| at + literal.window);
            found.filter(|&key| key >= from).collect::<Vec<_>>()
        };
        let literals = Literal::all_of(texts).unwrap();
        let escapes = memchr::memmem::find_iter(bytes, b"\\u").filter(|&at| at >= from);
        let end = literals.iter().flat_map(window_ends).chain(escapes).min().unwrap_or(bytes.len());
        let swept = &bytes[from..end];
        let lines: Vec<&[u8]> = swept.split(|&byte| byte == b'\n').collect();
        let whole = &lines[..lines.len() - 1];
        let blank = whole.iter().filter(|line| line.iter().all(u8::is_ascii_whitespace)).count();
        Swept { end, newlines: whole.len() as u32, blank: blank as u32 }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

        #[test]
        fn finds_what_a_naive_search_finds(
            texts in proptest::collection::vec("[xyzé]{3,6}", 0..40),
            before in "[xyz \n\\\\ué]{0,20}", bytes in "[a-z \n\r\t\\\\ué{}]{0,120}", put in proptest::option::of(0..40_usize),
        ) {
            let literals = Literal::all_of(&texts).unwrap();
            let teddy = Teddy::new(literals);
            let text = put.and_then(|put| texts.get(put)).map_or("", String::as_str);
            let all = format!("{before}\n{bytes}{text}{bytes}");
            let from = before.len() + 1;
            prop_assert_eq!(teddy.sweep(all.as_bytes(), from), naive(&texts, all.as_bytes(), from));
            prop_assert_eq!(teddy.sweep(all.as_bytes(), 0), naive(&texts, all.as_bytes(), 0));
        }
    }

    #[test]
    fn every_text_is_found_everywhere() {
        let texts: Vec<String> = (0..64).map(|number| format!("key{number:02}")).collect();
        let teddy = Teddy::new(Literal::all_of(&texts).unwrap());
        for text in &texts {
            for lead in 0..40 {
                let bytes = format!("{}{text}{}", "-".repeat(lead), "-".repeat(40 - lead));
                let swept = teddy.sweep(bytes.as_bytes(), 0);
                assert!(swept.end < lead + text.len(), "{text} behind {lead}");
            }
        }
    }
}
