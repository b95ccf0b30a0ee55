//! Random numbers that a seed decides.

use super::world::Id;

/// SplitMix64: small, fast and the same everywhere.
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number below `bound`, 0 if that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    #[expect(clippy::indexing_slicing, reason = "below() is less than the length, and no list here is empty")]
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    pub(super) fn id(&mut self) -> Id {
        const DIGITS: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        std::array::from_fn(|_| {
            let digit = DIGITS.get((bits & 63) as usize).copied().unwrap_or(b'A');
            bits >>= 6;
            digit
        })
    }
}

/// SplitMix64's finaliser: distinct inputs have distinct outputs.
pub(super) fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
