//! Comparing texts.
//!
//! In wasm a comparison by the standard library goes byte by byte. These look at eight bytes at a
//! time, and at the ends of texts first, where names and paths differ most.

use core::cmp::Ordering;

/// Are two texts the same?
#[must_use]
#[inline]
pub fn same_text(a: &str, b: &str) -> bool {
    same(a.as_bytes(), b.as_bytes())
}

/// The same for texts that are not whole.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() || tail(a) != tail(b) {
        return false;
    }
    let (a, _) = a.as_chunks();
    let (b, _) = b.as_chunks();
    a.iter().zip(b).all(|(a, b)| u64::from_le_bytes(*a) == u64::from_le_bytes(*b))
}

/// The last eight bytes in a word; of a shorter text all bytes.
#[inline]
pub(super) fn tail(text: &[u8]) -> u64 {
    if let Some(tail) = text.last_chunk() {
        return u64::from_le_bytes(*tail);
    }
    match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        // They may overlap.
        (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)),
        _ => text.iter().fold(0, |tail, &byte| tail << 8 | u64::from(byte)),
    }
}

/// An order that is quick to tell: by length, then by the last bytes, then by all.
#[inline]
pub(crate) fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let ends = a.len().cmp(&b.len()).then_with(|| tail(a).cmp(&tail(b)));
    if ends.is_eq() && !same(a, b) { a.cmp(b) } else { ends }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn same_is_equal(a in "[ab]{0,20}", b in "[ab]{0,20}") {
            prop_assert_eq!(same(a.as_bytes(), b.as_bytes()), a == b);
            prop_assert!(same(a.as_bytes(), String::from(&*a).as_bytes()));
            prop_assert_eq!(order(&a, &b).is_eq(), a == b);
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
        }

        #[test]
        fn the_order_is_one(mut texts in proptest::collection::vec("[ab]{0,3}|[ab]{15,17}", 0..20)) {
            texts.sort_by(|a, b| order(a, b));
            for (place, text) in texts.iter().enumerate() {
                prop_assert!(texts[place..].iter().all(|later| order(text, later).is_le()));
            }
        }
    }
}
