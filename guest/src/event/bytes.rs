//! Byte searches of the scanner, sixteen or 64 bytes at a time.

use crate::lanes::{LaneMask, Lanes};

/// Offset of the first byte at or after `from` that ends the plain part of a
/// JSON string: a quote or backslash, if `strict` a control character too.
/// `None` if the bytes end first.
#[inline(always)]
pub(super) fn plain_end(bytes: &[u8], from: usize, strict: bool) -> Option<usize> {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let lanes = Lanes::load(chunk);
        let mut stops = lanes.are(b'"').or(lanes.are(b'\\'));
        if strict {
            stops = stops.or(lanes.at_most(0x1f));
        }
        let stops = stops.bits();
        if stops != 0 {
            return Some(at + stops.trailing_zeros() as usize);
        }
        at += 16;
    }
    let rest = bytes.get(at..)?;
    let is_stop = |&byte: &u8| byte == b'"' || byte == b'\\' || (strict && byte < b' ');
    rest.iter().position(is_stop).map(|found| at + found)
}

/// Stands for an offset that there is not, where an `Option` would have to go
/// through memory.
pub(super) const NOT_FOUND: usize = usize::MAX;

/// Offset of the quote that ends the string whose opening quote is at `at`;
/// [`NOT_FOUND`] if there is no quote, or the end is not within 31 bytes, or an
/// escape comes before it.
#[inline(always)]
pub(super) fn short_string_end(bytes: &[u8], at: usize) -> usize {
    let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<32>()) else { return NOT_FOUND };
    if chunk[0] != b'"' {
        return NOT_FOUND;
    }
    let [low, high] = halves(chunk);
    let [mut quotes, mut backslashes] = [b'"', b'\\'].map(|byte| low.are(byte).bits());
    quotes &= !1;
    if quotes | backslashes == 0 {
        [quotes, backslashes] = [b'"', b'\\'].map(|byte| high.are(byte).bits() << 16);
    }
    let before_backslashes = backslashes.wrapping_sub(1) & !backslashes;
    if quotes & before_backslashes == 0 {
        return NOT_FOUND;
    }
    at + quotes.trailing_zeros() as usize
}

/// The two halves of 32 bytes.
#[inline(always)]
pub(super) fn halves(bytes: &[u8; 32]) -> [Lanes; 2] {
    let (chunks, _) = bytes.as_chunks();
    match chunks {
        [low, high] => [Lanes::load(low), Lanes::load(high)],
        // There are two.
        _ => [Lanes::load(&[0; 16]); 2],
    }
}

/// Offset of the quote that ends the string whose first byte is at `from`, or
/// [`NOT_FOUND`], and whether there are escapes in it.
///
/// What the escapes are, and whether there are control characters, is left open.
#[inline(always)]
pub(super) fn string_end(bytes: &[u8], from: usize) -> (usize, bool) {
    match plain_end(bytes, from, false) {
        Some(stop) if bytes.get(stop) == Some(&b'"') => (stop, false),
        Some(stop) => (escaped_string_end(bytes, stop), true),
        None => (NOT_FOUND, false),
    }
}

/// The same for a string that is checked: [`NOT_FOUND`] if there is an escape or
/// a control character in it.
#[inline(always)]
pub(super) fn plain_string_end(bytes: &[u8], from: usize) -> usize {
    match plain_end(bytes, from, true) {
        Some(stop) if bytes.get(stop) == Some(&b'"') => stop,
        _ => NOT_FOUND,
    }
}

#[cold]
fn escaped_string_end(bytes: &[u8], mut backslash: usize) -> usize {
    loop {
        match plain_end(bytes, backslash + 2, false) {
            Some(stop) if bytes.get(stop) == Some(&b'"') => return stop,
            Some(stop) => backslash = stop,
            None => return NOT_FOUND,
        }
    }
}

/// Offset of the first byte at or after `from` that can stand behind a number
/// or word: a comma, a closing bracket, white space or the slash of a comment.
/// The length of the bytes if there is none.
#[inline(always)]
pub(super) fn token_end(bytes: &[u8], from: usize) -> usize {
    if let Some(chunk) = bytes.get(from..).and_then(|rest| rest.first_chunk()) {
        let lanes = Lanes::load(chunk);
        let ends = lanes.are(b',').or(lanes.with(0x20).are(b'}')).or(lanes.at_most(b' ')).or(lanes.are(b'/')).bits();
        if ends != 0 {
            return from + ends.trailing_zeros() as usize;
        }
    }
    long_token_end(bytes, from)
}

#[cold]
fn long_token_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let is_end = |&byte: &u8| byte == b',' || byte | 0x20 == b'}' || byte <= b' ' || byte == b'/';
    rest.iter().position(is_end).map_or(bytes.len(), |found| from + found)
}

/// Offset just behind the number at `at`, if that is one of at most 15 digits
/// and nothing else; else [`NOT_FOUND`].
#[inline(always)]
pub(super) fn digits_end(bytes: &[u8], at: usize) -> usize {
    let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { return NOT_FOUND };
    let lanes = Lanes::load(chunk);
    let digits = lanes.at_most(b'9').bits() & !lanes.at_most(b'0' - 1).bits();
    let length = (!digits).trailing_zeros() as usize;
    let begins_with_zero = chunk[0] == b'0' && length > 1;
    let goes_on = matches!(chunk.get(length), None | Some(b'.' | b'e' | b'E'));
    if length == 0 || begins_with_zero || goes_on { NOT_FOUND } else { at + length }
}

/// Offset just behind the value that begins at `at`, if that is not white space;
/// [`NOT_FOUND`] if no value can begin there or the bytes end first.
///
/// No more is looked at than it takes to find the end.
#[inline(never)]
pub(super) fn value_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'{' | b'[') => match short_container_end(bytes, at) {
            NOT_FOUND => container_end(bytes, at),
            end => end,
        },
        Some(b'"') => match string_end(bytes, at + 1) {
            (NOT_FOUND, _) => NOT_FOUND,
            (end, _) => end + 1,
        },
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => token_end(bytes, at),
        _ => NOT_FOUND,
    }
}

/// The end of a container of at most 32 bytes without others, escapes and
/// slashes outside of strings in it, as most are; [`NOT_FOUND`] for others.
#[inline(always)]
fn short_container_end(bytes: &[u8], from: usize) -> usize {
    let Some(chunk) = bytes.get(from..).and_then(|rest| rest.first_chunk()) else { return NOT_FOUND };
    let [low, high] = halves(chunk);
    let bits = |low: LaneMask, high: LaneMask| low.bits() | high.bits() << 16;
    let quotes = bits(low.are(b'"'), high.are(b'"'));
    let backslashes = bits(low.are(b'\\'), high.are(b'\\'));
    let slashes = bits(low.are(b'/'), high.are(b'/'));
    // One bit apart: [ and {, ] and }.
    let [low, high] = [low.with(0x20), high.with(0x20)];
    let opening = bits(low.are(b'{'), high.are(b'{'));
    let closing = bits(low.are(b'}'), high.are(b'}'));
    let mut within = quotes;
    for shift in [1, 2, 4, 8, 16] {
        within ^= within << shift;
    }
    let closing = closing & !within;
    let before = closing.wrapping_sub(1) & !closing;
    // The first byte opens.
    if closing == 0 || ((opening | slashes) & !within & !1 | backslashes) & before != 0 {
        return NOT_FOUND;
    }
    from + closing.trailing_zeros() as usize + 1
}

/// Offset just behind the object or array that opens at `from`, found by
/// counting brackets outside of strings; [`NOT_FOUND`] if the bytes end first, or
/// there is a slash outside of strings: Elasticsearch takes comments, and a quote
/// in one would turn strings inside out.
///
/// Nothing else is looked at: which bracket closes which, and whether what is
/// between them is JSON, is left open.
#[inline(never)]
pub(super) fn container_end(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0;
    let mut strings = Strings::default();
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let block = match rest.first_chunk() {
            Some(block) => Block::new(block),
            None if rest.is_empty() => return NOT_FOUND,
            None => {
                let mut padded = [b' '; 64];
                padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                Block::new(&padded)
            }
        };
        let outside = !strings.within(&block);
        let opening = block.opening & outside;
        let mut closing = block.closing & outside;
        let slashes = block.slashes & outside;
        if slashes != 0 {
            // Those behind the end are of no interest.
            closing &= (1 << slashes.trailing_zeros()) - 1;
        }
        let closed = closing.count_ones();
        if depth > closed && slashes == 0 {
            // What is open stays so in this block.
            depth = depth + opening.count_ones() - closed;
        } else {
            let mut closed = 0;
            while closing != 0 {
                let place = closing.trailing_zeros();
                closing &= closing - 1;
                closed += 1;
                let opened = (opening & ((1 << place) - 1)).count_ones();
                // The first byte opens, so no more are closed than opened.
                if depth + opened <= closed {
                    return at + place as usize + 1;
                }
            }
            if slashes != 0 {
                return NOT_FOUND;
            }
            depth = depth + opening.count_ones() - closed;
        }
        at += 64;
    }
}

/// What stands where in 64 bytes, one bit a byte.
struct Block {
    quotes: u64,
    backslashes: u64,
    slashes: u64,
    opening: u64,
    closing: u64,
}

impl Block {
    #[inline(always)]
    fn new(bytes: &[u8; 64]) -> Self {
        let mut block = Self { quotes: 0, backslashes: 0, slashes: 0, opening: 0, closing: 0 };
        let (quarters, _) = bytes.as_chunks();
        for (number, quarter) in quarters.iter().enumerate() {
            let lanes = Lanes::load(quarter);
            // One bit apart: [ and {, ] and }.
            let brackets = lanes.with(0x20);
            let shift = number * 16;
            block.quotes |= u64::from(lanes.are(b'"').bits()) << shift;
            block.backslashes |= u64::from(lanes.are(b'\\').bits()) << shift;
            block.slashes |= u64::from(lanes.are(b'/').bits()) << shift;
            block.opening |= u64::from(brackets.are(b'{').bits()) << shift;
            block.closing |= u64::from(brackets.are(b'}').bits()) << shift;
        }
        block
    }
}

/// Where strings begin and end, from block to block.
#[derive(Default)]
struct Strings {
    /// All ones if a string goes on from the last block.
    open: u64,
    /// 1 if the last byte of the last block escapes the first of this one.
    escape: u64,
}

impl Strings {
    /// The bytes that are part of strings, closing quotes excluded.
    #[inline(always)]
    fn within(&mut self, block: &Block) -> u64 {
        let escaped = if block.backslashes | self.escape == 0 { 0 } else { self.escaped(block.backslashes) };
        let mut within = block.quotes & !escaped;
        for shift in [1, 2, 4, 8, 16, 32] {
            within ^= within << shift;
        }
        within ^= self.open;
        self.open = ((within as i64) >> 63) as u64;
        within
    }

    /// The bytes behind a backslash that is not itself escaped.
    #[cold]
    fn escaped(&mut self, mut backslashes: u64) -> u64 {
        let mut escaped = self.escape;
        backslashes &= !escaped;
        self.escape = 0;
        while backslashes != 0 {
            let place = backslashes.trailing_zeros();
            backslashes &= backslashes - 1;
            if place == 63 {
                self.escape = 1;
            } else {
                escaped |= 2 << place;
                backslashes &= !(2 << place);
            }
        }
        escaped
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive_container_end(bytes: &[u8], from: usize) -> usize {
        let (mut depth, mut within, mut escaped) = (0, false, false);
        for (at, &byte) in bytes.iter().enumerate().skip(from) {
            match byte {
                b'"' if !escaped => within = !within,
                b'/' if !within => return NOT_FOUND,
                b'{' | b'[' if !within => depth += 1,
                b'}' | b']' if !within => {
                    depth -= 1;
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
            escaped = byte == b'\\' && !escaped;
        }
        NOT_FOUND
    }

    fn naive_string_end(bytes: &[u8]) -> usize {
        let mut escaped = false;
        let is_end = |&(_, &byte): &(usize, &u8)| {
            let end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            end
        };
        bytes.iter().enumerate().skip(1).find(is_end).map_or(NOT_FOUND, |(at, _)| at)
    }

    #[test]
    fn numbers_of_digits() {
        for (text, length) in [
            ("0,", 1),
            ("12345,", 5),
            ("123456789012345}", 15),
            ("1234567890123456,", 0),
            ("00,", 0),
            ("01,", 0),
            ("1.5,", 0),
            ("1e5,", 0),
            ("12E5,", 0),
            ("-1,", 0),
            ("x", 0),
            ("7 ", 1),
        ] {
            let padded = format!("{text}{}", " ".repeat(16));
            assert_eq!(digits_end(padded.as_bytes(), 0), if length == 0 { NOT_FOUND } else { length }, "{text}");
            assert_eq!(digits_end(&text.as_bytes()[..text.len().min(15)], 0), NOT_FOUND, "too near the end");
        }
    }

    proptest! {
        #[test]
        fn finds_what_byte_loops_find(text in "[\"\\\\\\[\\]{}, /0-9a-cé\\u{0}-\\u{1f}]{0,300}", from in 0_usize..40) {
            let bytes = text.as_bytes();
            let from = from.min(bytes.len());
            let position = |stop: fn(u8) -> bool| {
                bytes[from..].iter().position(|&byte| stop(byte)).map(|found| found + from)
            };
            prop_assert_eq!(plain_end(bytes, from, false), position(|byte| byte == b'"' || byte == b'\\'));
            prop_assert_eq!(plain_end(bytes, from, true), position(|byte| byte == b'"' || byte == b'\\' || byte < b' '));
            let string = format!("\"{text}");
            prop_assert_eq!(string_end(string.as_bytes(), 1).0, naive_string_end(string.as_bytes()));
            let end = position(|byte| b",}]/".contains(&byte) || byte <= b' ');
            prop_assert_eq!(token_end(bytes, from), end.unwrap_or(bytes.len()));
            let number = digits_end(bytes, from);
            let digits = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert!(number == NOT_FOUND || number == from + digits);
            let opened = format!("{{{text}");
            prop_assert_eq!(container_end(opened.as_bytes(), 0), naive_container_end(opened.as_bytes(), 0));
            prop_assert_eq!(value_end(opened.as_bytes(), 0), naive_container_end(opened.as_bytes(), 0));
            let string_end = naive_string_end(string.as_bytes());
            prop_assert_eq!(value_end(string.as_bytes(), 0), string_end.saturating_add(1));
            let is_short = string_end < 32 && string.len() >= 32 && !string[..string_end].contains('\\');
            prop_assert_eq!(short_string_end(string.as_bytes(), 0), if is_short { string_end } else { NOT_FOUND });
        }

        #[test]
        fn brackets_in_strings_do_not_count(
            strings in proptest::collection::vec("[\\[\\]{}\"\\\\/ a]{0,70}", 0..8), lead in 0_usize..70,
        ) {
            let json = serde_json::to_string(&strings).unwrap();
            let text = format!("{}{json}]}}", " ".repeat(lead));
            prop_assert_eq!(container_end(text.as_bytes(), lead), lead + json.len());
        }
    }
}
