//! Sixteen bytes at a time, in the words of the scanner and the prefilter.

/// Where there are vector registers, or the compiler makes do without.
#[cfg(any(test, not(all(target_family = "wasm", not(target_feature = "simd128")))))]
mod vector;
/// Where bytes would be taken one by one otherwise.
#[cfg(any(test, all(target_family = "wasm", not(target_feature = "simd128"))))]
mod words;

#[cfg(not(all(target_family = "wasm", not(target_feature = "simd128"))))]
pub(crate) use vector::{LaneMask, Lanes};
#[cfg(all(target_family = "wasm", not(target_feature = "simd128")))]
pub(crate) use words::{LaneMask, Lanes};

#[cfg(test)]
mod tests {
    macro_rules! both_ways {
        ($($way:ident),+) => {$(
            mod $way {
                use super::super::$way::Lanes;
                use super::{lanes, naive};

                #[test]
                fn tables_by_halves() {
                    let low = Lanes::load(&core::array::from_fn(|half| half as u8 | 0x50));
                    let high = Lanes::load(&core::array::from_fn(|half| (half * 3) as u8 | 0x40));
                    for bytes in lanes() {
                        let said = bytes.map(|byte| ((byte & 0xf) | 0x50) & (((byte >> 4) * 3) | 0x40));
                        let lanes = Lanes::load(&bytes).in_tables(low, high);
                        assert_eq!(lanes.to_array(), said);
                        let lanes = Lanes::load(&bytes);
                        assert_eq!(lanes.in_both(low).to_array(), core::array::from_fn(|lane| bytes[lane] & (lane as u8 | 0x50)));
                        assert_eq!(lanes.in_either(low).to_array(), core::array::from_fn(|lane| bytes[lane] | lane as u8 | 0x50));
                        assert_eq!(lanes.not_zero(), naive(bytes, |byte| byte != 0));
                        assert_eq!(lanes.is_something(), bytes.iter().any(|&byte| byte != 0));
                        assert_eq!(lanes.that_are_as(Lanes::all(b'z')).not_zero(), naive(bytes, |byte| byte == b'z'));
                    }
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
        )+};
    }

    both_ways!(vector, words);

    fn lanes() -> impl Iterator<Item = [u8; 16]> {
        (0..=255_u8).map(|byte| core::array::from_fn(|lane| byte.wrapping_mul(lane as u8 | 1).wrapping_add(lane as u8)))
    }

    fn naive(bytes: [u8; 16], holds: impl Fn(u8) -> bool) -> u32 {
        bytes.iter().enumerate().map(|(lane, &byte)| u32::from(holds(byte)) << lane).sum()
    }
}
