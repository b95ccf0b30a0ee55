//! Sixteen bytes in a vector register.

use wide::u8x16;

/// Sixteen bytes of a line.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(u8x16);

/// Of each of sixteen bytes whether something holds for it.
#[derive(Clone, Copy)]
pub(crate) struct LaneMask(u8x16);

impl Lanes {
    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        Self(u8x16::new(*bytes))
    }

    /// The bytes that are `byte`.
    #[inline(always)]
    pub(crate) fn are(self, byte: u8) -> LaneMask {
        LaneMask(self.0.simd_eq(u8x16::splat(byte)))
    }

    /// The bytes that are the same in both.
    #[inline(always)]
    pub(crate) fn equal(self, other: Self) -> LaneMask {
        LaneMask(self.0.simd_eq(other.0))
    }

    /// The bytes that are `byte` or less.
    #[inline(always)]
    pub(crate) fn at_most(self, byte: u8) -> LaneMask {
        LaneMask(self.0.min(u8x16::splat(byte)).simd_eq(self.0))
    }

    /// For each byte what a table says of its lower and of its upper half, bits
    /// that both say.
    #[inline(always)]
    pub(crate) fn in_tables(self, low: Self, high: Self) -> Self {
        Self(low.0.shuffle(self.0 & u8x16::splat(0xf)) & high.0.shuffle(self.0 >> 4_u32))
    }

    /// The bits that both have.
    #[inline(always)]
    pub(crate) fn in_both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The bits that one of both has.
    #[inline(always)]
    pub(crate) fn in_either(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The same byte sixteen times.
    #[inline(always)]
    pub(crate) fn all(byte: u8) -> Self {
        Self(u8x16::splat(byte))
    }

    /// All bits where the byte is as that of `other`, none elsewhere.
    #[inline(always)]
    pub(crate) fn that_are_as(self, other: Self) -> Self {
        Self(self.0.simd_eq(other.0))
    }

    /// The bytes with a bit set.
    #[inline(always)]
    pub(crate) fn not_zero(self) -> u32 {
        self.are(0).bits() ^ 0xffff
    }

    /// Whether some bit is set. Not by way of [`not_zero`](Self::not_zero): that
    /// would have the compiler turn all comparisons before it around.
    #[inline(always)]
    pub(crate) fn is_something(self) -> bool {
        u128::from_ne_bytes(self.0.to_array()) != 0
    }

    /// The bytes.
    pub(crate) fn to_array(self) -> [u8; 16] {
        self.0.to_array()
    }

    /// The bytes with the bits of `bits` set.
    #[inline(always)]
    pub(crate) fn with(self, bits: u8) -> Self {
        Self(self.0 | u8x16::splat(bits))
    }
}

impl LaneMask {
    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// One bit a byte, the lowest for the first.
    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        self.0.to_bitmask()
    }
}
