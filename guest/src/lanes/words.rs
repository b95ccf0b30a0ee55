//! Sixteen bytes in two words, for wasm without vector instructions.

/// Sixteen bytes of a line, the first one in the lowest bits of the first word.
#[derive(Clone, Copy)]
pub(crate) struct Lanes([u64; 2]);

/// Of each of sixteen bytes whether something holds for it: its highest bit.
#[derive(Clone, Copy)]
pub(crate) struct LaneMask([u64; 2]);

/// The lowest bit of each byte.
const LOWEST: u64 = u64::MAX / 0xff;

/// The highest bit of each byte.
const HIGHEST: u64 = LOWEST << 7;

/// Moves the lowest bits of eight bytes into the highest byte, the first one lowest.
const GATHER: u64 = 0x0102_0408_1020_4080;

impl Lanes {
    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        let both = u128::from_le_bytes(*bytes);
        Self([both as u64, (both >> 64) as u64])
    }

    #[inline(always)]
    fn with_each(self, other: Self, make: impl Fn(u64, u64) -> u64) -> [u64; 2] {
        let ([a, b], [c, d]) = (self.0, other.0);
        [make(a, c), make(b, d)]
    }

    /// The bytes that are `byte`.
    #[inline(always)]
    pub(crate) fn are(self, byte: u8) -> LaneMask {
        self.equal(Self::all(byte))
    }

    /// The bytes that are the same in both.
    #[inline(always)]
    pub(crate) fn equal(self, other: Self) -> LaneMask {
        LaneMask(self.with_each(other, equal))
    }

    /// The bytes that are `byte` or less.
    #[inline(always)]
    pub(crate) fn at_most(self, byte: u8) -> LaneMask {
        LaneMask(self.with_each(Self::all(byte), at_most))
    }

    /// For each byte what a table says of its lower and of its upper half, bits
    /// that both say.
    #[inline(always)]
    pub(crate) fn in_tables(self, low: Self, high: Self) -> Self {
        let (low, high) = (low.to_array(), high.to_array());
        let at = |table: &[u8; 16], half: u8| table.get(usize::from(half)).copied().unwrap_or_default();
        Self::load(&self.to_array().map(|byte| at(&low, byte & 0xf) & at(&high, byte >> 4)))
    }

    /// The bits that both have.
    #[inline(always)]
    pub(crate) fn in_both(self, other: Self) -> Self {
        Self(self.with_each(other, |a, b| a & b))
    }

    /// The bits that one of both has.
    #[inline(always)]
    pub(crate) fn in_either(self, other: Self) -> Self {
        Self(self.with_each(other, |a, b| a | b))
    }

    /// The same byte sixteen times.
    #[inline(always)]
    pub(crate) fn all(byte: u8) -> Self {
        Self([LOWEST * u64::from(byte); 2])
    }

    /// All bits where the byte is as that of `other`, none elsewhere.
    #[inline(always)]
    pub(crate) fn that_are_as(self, other: Self) -> Self {
        Self(self.with_each(other, |a, b| (equal(a, b) >> 7) * 0xff))
    }

    /// The bytes with a bit set.
    #[inline(always)]
    pub(crate) fn not_zero(self) -> u32 {
        self.are(0).bits() ^ 0xffff
    }

    /// Whether some bit is set.
    #[inline(always)]
    pub(crate) fn is_something(self) -> bool {
        self.0 != [0; 2]
    }

    /// The bytes.
    #[inline(always)]
    pub(crate) fn to_array(self) -> [u8; 16] {
        let [first, second] = self.0;
        (u128::from(first) | u128::from(second) << 64).to_le_bytes()
    }

    /// The bytes with the bits of `bits` set.
    #[inline(always)]
    pub(crate) fn with(self, bits: u8) -> Self {
        self.in_either(Self::all(bits))
    }
}

impl LaneMask {
    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self([a | c, b | d])
    }

    /// One bit a byte, the lowest for the first.
    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        let [first, second] = self.0.map(|word| ((word >> 7).wrapping_mul(GATHER) >> 56) as u32);
        first | second << 8
    }
}

/// The highest bit of each byte that is the same in both.
#[inline(always)]
fn equal(a: u64, b: u64) -> u64 {
    let differs = a ^ b;
    !(((differs & !HIGHEST) + !HIGHEST) | differs) & HIGHEST
}

/// The highest bit of each byte of `a` that is at most that of `b`: by the bits below,
/// where the highest ones are the same.
#[inline(always)]
fn at_most(a: u64, b: u64) -> u64 {
    let below = (b | HIGHEST) - (a & !HIGHEST);
    ((!a & b) | (!(a ^ b) & below)) & HIGHEST
}
