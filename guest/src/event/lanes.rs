//! Sixteen bytes at a time, in the words of the scanner.

use wide::u8x16;

/// Sixteen bytes of a line.
#[derive(Clone, Copy)]
pub(super) struct Lanes(u8x16);

/// Of each of sixteen bytes whether something holds for it.
#[derive(Clone, Copy)]
pub(super) struct Held(u8x16);

impl Lanes {
    #[inline(always)]
    pub(super) fn load(bytes: &[u8; 16]) -> Self {
        Self(u8x16::new(*bytes))
    }

    /// The bytes that are `byte`.
    #[inline(always)]
    pub(super) fn are(self, byte: u8) -> Held {
        Held(self.0.simd_eq(u8x16::splat(byte)))
    }

    /// The bytes that are the same in both.
    #[inline(always)]
    pub(super) fn equal(self, other: Self) -> Held {
        Held(self.0.simd_eq(other.0))
    }

    /// The bytes that are `byte` or less.
    #[inline(always)]
    pub(super) fn at_most(self, byte: u8) -> Held {
        Held(self.0.min(u8x16::splat(byte)).simd_eq(self.0))
    }

    /// The bytes with the bits of `bits` set.
    #[inline(always)]
    pub(super) fn with(self, bits: u8) -> Self {
        Self(self.0 | u8x16::splat(bits))
    }
}

impl Held {
    #[inline(always)]
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// One bit a byte, the lowest for the first.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0.to_bitmask()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes() -> impl Iterator<Item = [u8; 16]> {
        (0..=255_u8).map(|byte| core::array::from_fn(|lane| byte.wrapping_mul(lane as u8 | 1).wrapping_add(lane as u8)))
    }

    fn naive(bytes: [u8; 16], holds: impl Fn(u8) -> bool) -> u32 {
        bytes.iter().enumerate().map(|(lane, &byte)| u32::from(holds(byte)) << lane).sum()
    }

    #[test]
    fn one_bit_a_byte() {
        for bytes in lanes() {
            let lanes = Lanes::load(&bytes);
            let reversed: [u8; 16] = core::array::from_fn(|lane| bytes[15 - lane]);
            let same = bytes.iter().zip(reversed).enumerate();
            let same = same.map(|(lane, (&a, b))| u32::from(a == b) << lane).sum::<u32>();
            assert_eq!(lanes.equal(Lanes::load(&reversed)).bits(), same);
            for byte in [0, 1, b' ', b'"', 0x7f, 0x80, 0xff] {
                assert_eq!(lanes.are(byte).bits(), naive(bytes, |b| b == byte));
                assert_eq!(lanes.at_most(byte).bits(), naive(bytes, |b| b <= byte));
                assert_eq!(lanes.with(0x20).are(byte).bits(), naive(bytes, |b| b | 0x20 == byte));
                let either = lanes.are(byte).or(lanes.are(b'z'));
                assert_eq!(either.bits(), naive(bytes, |b| b == byte || b == b'z'));
            }
        }
    }
}
