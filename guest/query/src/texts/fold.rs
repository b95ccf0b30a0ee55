//! Texts in small letters.

/// So long texts are put into small letters without memory of their own.
const FOLDED_BYTES: usize = 256;

/// Calls a function with a text in small ASCII letters.
pub fn folded<T>(text: &str, ask: impl FnOnce(&str) -> T) -> T {
    let bytes = text.as_bytes();
    if is_folded(bytes) {
        return ask(text);
    }
    let mut buffer = [0; FOLDED_BYTES];
    if let Some(buffer) = buffer.get_mut(..bytes.len()) {
        buffer.iter_mut().zip(bytes).for_each(|(small, byte)| *small = byte.to_ascii_lowercase());
        // Only ASCII was changed, so it is a text.
        if let Ok(text) = core::str::from_utf8(buffer) {
            return ask(text);
        }
    }
    ask(&text.to_ascii_lowercase())
}

/// Has a text no capital ASCII letter?
pub(crate) fn is_folded(text: &[u8]) -> bool {
    // In blocks without a way out, which are done at once.
    let has_capital = |block: &[u8]| block.iter().fold(false, |has, byte| has | byte.is_ascii_uppercase());
    let (blocks, rest) = text.as_chunks::<16>();
    !blocks.iter().any(|block| has_capital(block)) && !has_capital(rest)
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    #[test]
    fn texts_of_any_length_are_folded() {
        for length in [0, 1, FOLDED_BYTES - 2, FOLDED_BYTES, 10 * FOLDED_BYTES] {
            let text: String = "ÉK".chars().chain(core::iter::repeat_n('Z', length)).collect();
            assert_eq!(folded(&text, ToString::to_string), text.to_ascii_lowercase(), "{length}");
        }
    }
}
