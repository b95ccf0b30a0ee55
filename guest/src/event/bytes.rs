//! Byte searches of the scanner.

/// Offset of the first byte at or after `from` that ends the plain part of a
/// JSON string: a quote, a backslash or a control character. `None` if the
/// bytes end first.
#[inline(always)]
pub(super) fn plain_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        match wide::first_stop(chunk) {
            Some(stop) => return Some(at + stop),
            None => at += wide::WIDTH,
        }
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|&byte| is_stop(byte)).map(|found| at + found)
}

fn is_stop(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Sixteen bytes at a time.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wide {
    use core::arch::wasm32::{i64x2, u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128_or};

    pub(super) const WIDTH: usize = 16;

    #[inline(always)]
    pub(super) fn first_stop(chunk: &[u8; WIDTH]) -> Option<usize> {
        let halves = u128::from_le_bytes(*chunk);
        let bytes = i64x2(halves as i64, (halves >> 64) as i64);
        let stops = v128_or(
            v128_or(u8x16_eq(bytes, u8x16_splat(b'"')), u8x16_eq(bytes, u8x16_splat(b'\\'))),
            u8x16_lt(bytes, u8x16_splat(0x20)),
        );
        match u8x16_bitmask(stops) {
            0 => None,
            bits => Some(bits.trailing_zeros() as usize),
        }
    }
}

/// Eight bytes at a time, in a machine word.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod wide {
    pub(super) const WIDTH: usize = 8;

    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;

    #[inline(always)]
    pub(super) fn first_stop(chunk: &[u8; WIDTH]) -> Option<usize> {
        match stop_bits(u64::from_le_bytes(*chunk)) {
            0 => None,
            bits => Some((bits.trailing_zeros() / 8) as usize),
        }
    }

    /// Marks the high bit of the bytes that stop a plain run. Borrows can mark
    /// a byte above a true one, so only the lowest mark is exact.
    #[inline(always)]
    fn stop_bits(word: u64) -> u64 {
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        let zero_quote = quote.wrapping_sub(ONES) & !quote;
        let zero_backslash = backslash.wrapping_sub(ONES) & !backslash;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        (zero_quote | zero_backslash | control) & HIGHS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_byte_loop_finds() {
        let fillers = ["", "a", "é", "abcdefg", "abcdefgh", "日本語の長い文字列", "0123456789abcdef0"];
        let stops = ["\"", "\\", "\n", "\u{1f}", "\u{0}", "\"\"", "\\\"", ""];
        for head in fillers {
            for stop in stops {
                for tail in fillers {
                    let text = format!("{head}{stop}{tail}\u{7f}");
                    for from in 0..=text.len() {
                        let naive = text.as_bytes()[from..].iter().position(|&b| is_stop(b)).map(|p| p + from);
                        assert_eq!(plain_end(text.as_bytes(), from), naive, "{text:?} from {from}");
                    }
                }
            }
        }
    }
}
