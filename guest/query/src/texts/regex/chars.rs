//! Sets of characters.

use alloc::vec::Vec;

/// The last character there is.
pub(super) const LAST: u32 = 0x10_ffff;

/// From `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) last: u32,
}

/// A set of code points, surrogates among them as in Java; no text holds those.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Chars {
    /// In order, with gaps between them.
    spans: Vec<Span>,
}

impl Chars {
    pub(super) fn all() -> Self {
        Self { spans: Vec::from([Span { first: 0, last: LAST }]) }
    }

    pub(super) fn one(c: char) -> Self {
        Self::range(c, c)
    }

    /// From `first` to `last`, nothing if they are the wrong way round.
    pub(super) fn range(first: char, last: char) -> Self {
        [Span { first: first.into(), last: last.into() }].into_iter().collect()
    }

    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Its character, if that is all there is in it.
    pub(super) fn single(&self) -> Option<char> {
        match &*self.spans {
            [only] if only.first == only.last => char::from_u32(only.first),
            _ => None,
        }
    }

    /// The characters that are in neither.
    pub(super) fn inverse(&self) -> Self {
        let ends = self.spans.iter().map(|span| span.first.wrapping_sub(1)).chain([LAST]);
        let starts = core::iter::once(0).chain(self.spans.iter().map(|span| span.last + 1));
        let gaps = starts.zip(ends).map(|(first, last)| Span { first, last });
        // Ahead of the very first character there is no gap, though the subtraction goes round.
        Self { spans: gaps.filter(|gap| gap.first <= gap.last && gap.last <= LAST).collect() }
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        self.spans.iter().chain(&other.spans).copied().collect()
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        self.inverse().or(&other.inverse()).inverse()
    }
}

impl FromIterator<Span> for Chars {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut sorted: Vec<_> = spans.into_iter().filter(|span| span.first <= span.last).collect();
        sorted.sort_unstable();
        let mut spans: Vec<Span> = Vec::with_capacity(sorted.len());
        for next in sorted {
            match spans.last_mut() {
                Some(span) if next.first <= span.last.saturating_add(1) => span.last = span.last.max(next.last),
                _ => spans.push(next),
            }
        }
        Self { spans }
    }
}

impl FromIterator<char> for Chars {
    fn from_iter<I: IntoIterator<Item = char>>(chars: I) -> Self {
        chars.into_iter().map(|c| Span { first: c.into(), last: c.into() }).collect()
    }
}

impl FromIterator<(char, char)> for Chars {
    fn from_iter<I: IntoIterator<Item = (char, char)>>(ranges: I) -> Self {
        ranges.into_iter().map(|(first, last)| Span { first: first.into(), last: last.into() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(chars: &Chars, c: u32) -> bool {
        chars.spans().iter().any(|span| (span.first..=span.last).contains(&c))
    }

    fn sets() -> impl Strategy<Value = Vec<(u32, u32)>> {
        let place = prop_oneof![0..12_u32, (LAST - 6)..=LAST];
        proptest::collection::vec((place.clone(), place), 0..5)
    }

    fn set(ranges: &[(u32, u32)]) -> Chars {
        ranges.iter().map(|&(first, last)| Span { first, last }).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sets_are_sets(a in sets(), b in sets()) {
            let has = |ranges: &[(u32, u32)], c| ranges.iter().any(|&(first, last)| (first..=last).contains(&c));
            for c in (0..14).chain(LAST - 8..=LAST) {
                let (in_a, in_b) = (has(&a, c), has(&b, c));
                let (left, right) = (set(&a), set(&b));
                prop_assert_eq!(holds(&left, c), in_a);
                prop_assert_eq!(holds(&left.inverse(), c), !in_a);
                prop_assert_eq!(holds(&left.or(&right), c), in_a || in_b);
                prop_assert_eq!(holds(&left.and(&right), c), in_a && in_b);
            }
            prop_assert_eq!(set(&a).inverse().inverse(), set(&a));
        }
    }

    #[test]
    fn only_one_character_is_single() {
        assert_eq!(Chars::one('é').single(), Some('é'));
        for none in [Chars::default(), Chars::all(), Chars::range('a', 'b'), "ac".chars().collect()] {
            assert_eq!(none.single(), None);
        }
    }
}
