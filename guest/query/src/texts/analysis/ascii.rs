//! Tokens of ASCII characters, which need no properties of Unicode looked up.

use super::scanner::LONGEST;

const LETTER: u8 = 1;
const DIGIT: u8 = 1 << 1;
const UNDERSCORE: u8 = 1 << 2;
/// Joins two letters; two digits.
const MID_LETTER: u8 = LETTER << MID;
const MID_DIGIT: u8 = DIGIT << MID;
const MID: u32 = 3;
const CAPITAL: u8 = 1 << 5;
/// With what follows it, perhaps an emoji.
const KEY: u8 = 1 << 6;
const BEYOND: u8 = 1 << 7;

const WORD: u8 = LETTER | DIGIT | UNDERSCORE;

static FLAGS: [u8; 256] = {
    let mut table = [BEYOND; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut byte = 0;
    while let [flags, tail @ ..] = rest {
        *flags = of(byte);
        byte = byte.wrapping_add(1);
        rest = tail;
    }
    table
};

const fn of(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => LETTER,
        b'A'..=b'Z' => LETTER | CAPITAL,
        b'0'..=b'9' => DIGIT,
        b'_' => UNDERSCORE,
        b'.' | b'\'' => MID_LETTER | MID_DIGIT,
        b':' => MID_LETTER,
        b',' | b';' => MID_DIGIT,
        b'#' | b'*' => KEY,
        0x80.. => BEYOND,
        _ => 0,
    }
}

fn flags(byte: u8) -> u8 {
    FLAGS.get(usize::from(byte)).copied().unwrap_or(BEYOND)
}

/// How many characters at the start of a text are ASCII, and begin no token.
pub(super) fn blank(text: &str) -> usize {
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let flags = flags(*byte);
        if flags & (WORD | BEYOND) != 0 || (flags & KEY != 0 && tail.first().is_some_and(|next| !next.is_ascii())) {
            break;
        }
        rest = tail;
    }
    text.len() - rest.len()
}

pub(super) struct Word {
    pub(super) length: usize,
    /// Some of its letters are capitals.
    pub(super) capital: bool,
}

/// The token at the start of a text. `None` if there is none, or if it takes more to tell.
pub(super) fn word(text: &str) -> Option<Word> {
    let window = text.as_bytes().get(..LONGEST).unwrap_or(text.as_bytes());
    let mut rest = window;
    let mut before = 0;
    let mut seen = 0;
    while let [byte, tail @ ..] = rest {
        let here = flags(*byte);
        if here & WORD == 0 {
            if here & BEYOND != 0 {
                return None;
            }
            // What it joins is on both of its sides.
            let joined = (here >> MID) & before & (LETTER | DIGIT);
            let after = if joined == 0 { 0 } else { tail.first().map_or(0, |next| flags(*next)) };
            if after & BEYOND != 0 {
                return None;
            }
            if joined & after == 0 {
                break;
            }
        }
        seen |= here;
        before = here;
        rest = tail;
    }
    let word = Word { length: window.len() - rest.len(), capital: seen & CAPITAL != 0 };
    (seen & (LETTER | DIGIT) != 0).then_some(word)
}
