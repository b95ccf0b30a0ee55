//! Finding a text among many.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::compare::{same, tail};

/// A number that most texts do not share.
#[inline]
fn hash(text: &[u8]) -> usize {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, _) = text.as_chunks();
    let hash = words.iter().fold(text.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    (mix(hash, tail(text)) >> 32) as usize
}

/// A map by text, made once. Finding an entry takes a comparison or two, however many there are,
/// unless the texts in it were chosen to have the same hash; those that are looked for do not matter.
#[derive(Clone, Debug)]
pub struct TextMap<V> {
    /// No text twice.
    entries: Vec<(Box<str>, V)>,
    /// A bit for each length of an entry, modulo 64.
    lengths: u64,
    /// By hash the number of an entry, or of the next that has the same hash, or [`NONE`]: a power
    /// of two, at least twice as many as there are entries.
    places: Box<[u32]>,
}

const NONE: u32 = u32::MAX;

impl<V> TextMap<V> {
    /// A map of these entries. Of those with the same text the first one counts.
    #[must_use]
    pub fn new(all: Vec<(Box<str>, V)>) -> Self {
        let places = alloc::vec![NONE; (all.len() * 2).next_power_of_two()];
        let lengths = all.iter().fold(0, |lengths, (text, _)| lengths | 1 << (text.len() % 64));
        let mut map = Self { entries: Vec::with_capacity(all.len()), lengths, places: places.into() };
        for (text, value) in all {
            let (place, number) = map.find(text.as_bytes());
            if number == NONE
                && let Some(place) = map.places.get_mut(place)
            {
                *place = map.entries.len() as u32;
                map.entries.push((text, value));
            }
        }
        map
    }

    /// The entries, in the order they were given in.
    pub(crate) fn entries(&self) -> &[(Box<str>, V)] {
        &self.entries
    }

    /// The same, to make another map of.
    pub(crate) fn into_entries(self) -> Vec<(Box<str>, V)> {
        self.entries
    }

    /// Is there no entry?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// May there be a text of a length in bytes?
    #[must_use]
    #[inline]
    pub const fn has_length(&self, length: usize) -> bool {
        self.lengths >> (length % 64) & 1 == 1
    }

    /// The value of a text.
    #[must_use]
    #[inline]
    pub fn get(&self, text: &str) -> Option<&V> {
        if !self.has_length(text.len()) {
            return None;
        }
        let (_, number) = self.find(text.as_bytes());
        self.entries.get(number as usize).map(|(_, value)| value)
    }

    /// The place of a text and the number of its entry, or [`NONE`] and where it would belong.
    #[inline]
    fn find(&self, text: &[u8]) -> (usize, u32) {
        let last = self.places.len() - 1;
        let mut place = hash(text) & last;
        loop {
            // Half of the places are free, so it comes to an end.
            let number = self.places.get(place).copied().unwrap_or(NONE);
            match self.entries.get(number as usize) {
                Some((one, _)) if !same(one.as_bytes(), text) => place = (place + 1) & last,
                _ => return (place, number),
            }
        }
    }
}

impl<V> Default for TextMap<V> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_map_finds_what_is_in_it(texts in proptest::collection::vec("[ab]{0,4}|[ab]{9,10}", 0..30), other in "[ab]{0,10}") {
            let entries: Vec<(Box<str>, usize)> = texts.iter().enumerate().map(|(n, text)| (text.as_str().into(), n)).collect();
            let map = TextMap::new(entries);
            for text in texts.iter().chain([&other]) {
                prop_assert_eq!(map.get(text).copied(), texts.iter().position(|one| one == text));
            }
        }
    }
}
