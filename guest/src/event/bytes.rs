//! Byte searches of the scanner.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Offset of the first byte at or after `from` that ends the plain part of a
/// JSON string: a quote, a backslash or a control character. `None` if the
/// bytes end first.
pub(super) fn plain_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut rest = bytes.get(from..)?;
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        let stops = stop_bits(u64::from_le_bytes(*chunk));
        if stops != 0 {
            return Some(at + (stops.trailing_zeros() / 8) as usize);
        }
        at += 8;
        rest = tail;
    }
    rest.iter().position(|&byte| is_stop(byte)).map(|found| at + found)
}

fn is_stop(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Marks the high bit of the bytes that stop a plain run. Borrows can mark a
/// byte above a true one, so only the lowest mark is exact.
fn stop_bits(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let zero_quote = quote.wrapping_sub(ONES) & !quote;
    let zero_backslash = backslash.wrapping_sub(ONES) & !backslash;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero_quote | zero_backslash | control) & HIGHS
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
