//! Which pairs of letters a text has: most patterns need others.

use crate::texts::wildcard::Pattern;

/// A bit for each pair of bytes in a row, in small ASCII letters, that a text has. Pairs share bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Signature([u64; 2]);

impl Signature {
    /// That of a text in small ASCII letters.
    #[inline]
    pub(crate) fn of(folded: &str) -> Self {
        let mut signature = Self::default();
        let Some((&first, rest)) = folded.as_bytes().split_first() else { return signature };
        // In blocks whose length is known, which cost less than as many single bytes.
        let mut before = first;
        let (blocks, rest) = rest.as_chunks::<8>();
        for block in blocks {
            for &byte in block {
                signature.add(before, byte);
                before = byte;
            }
        }
        for &byte in rest {
            signature.add(before, byte);
            before = byte;
        }
        signature
    }

    /// What the signature of each text has that a pattern matches.
    pub(crate) fn of_pattern(pattern: &Pattern) -> Self {
        let mut signature = Self::default();
        pattern.for_each_text(&mut |text| {
            let Self(own) = Self::of(&text.to_ascii_lowercase());
            let Self(all) = &mut signature;
            all.iter_mut().zip(own).for_each(|(all, own)| *all |= own);
        });
        signature
    }

    #[inline(always)]
    fn add(&mut self, one: u8, other: u8) {
        let bit = u32::from(one).wrapping_mul(7).wrapping_add(u32::from(other).wrapping_mul(29));
        let Self([low, high]) = self;
        let word = if bit & 64 == 0 { low } else { high };
        *word |= 1 << (bit & 63);
    }

    /// Has it all that another has?
    #[inline(always)]
    pub(crate) const fn covers(self, other: Self) -> bool {
        let (Self([low, high]), Self([other_low, other_high])) = (self, other);
        (other_low & !low) | (other_high & !high) == 0
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;
    use crate::clause::Like;
    use crate::texts::regex::Regex;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_matches_is_covered(like in "[aBé]{0,3}([*?]{1,2}[abÉ]{0,2}){0,3}", text in "[aAbBéÉ]{0,9}", ignore_case: bool) {
            let pattern = Pattern::new(&Like { ignore_case, ..Like::lucene(&like) }, false);
            let folded = text.to_ascii_lowercase();
            let matches = pattern.matches(if ignore_case { &folded } else { &text });
            let covers = Signature::of(&folded).covers(Signature::of_pattern(&pattern));
            prop_assert!(covers || !matches, "{}", format!("{like} {text}"));
        }

        #[test]
        fn what_a_regex_matches_is_covered(
            regex in "[kKsSa.\u{212a}\u{17f}]{0,3}([*?]|(\\|k|[Ks])[kKsS\u{212a}\u{17f}]{1,3})?",
            text in "[kKsSaA\u{212a}\u{17f}]{0,6}",
            ignore_case: bool,
            java: bool,
        ) {
            let made = if java { Regex::java(&regex, ignore_case) } else { Regex::lucene(&regex, ignore_case) };
            let Ok(made) = made else { return Ok(()) };
            let matches = made.matches(&text);
            let pattern = Pattern::Regex(made);
            let covers = Signature::of(&text.to_ascii_lowercase()).covers(Signature::of_pattern(&pattern));
            prop_assert!(covers || !matches, "{}", format!("{regex} {text}"));
        }
    }

    #[test]
    fn most_patterns_are_not_covered() {
        let text = Signature::of("/usr/bin/dpkg --install package.deb");
        let pattern = |text: &str| Signature::of_pattern(&Pattern::new(&Like::lucene(text), false));
        assert!(
            text.covers(pattern("*DPKG*deb")) && text.covers(pattern("a*")) && !text.covers(pattern("*powershell*"))
        );
    }
}
