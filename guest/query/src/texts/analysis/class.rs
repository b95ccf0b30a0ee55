//! What characters are to the tokenizer.

use super::runs::RUNS;

/// The properties of a character that matter, in one. Most are values of Unicode's Word_Break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Other,
    /// Hangul included.
    ALetter,
    HebrewLetter,
    Numeric,
    Katakana,
    /// Joins letters, digits and Katakana, as `_` does.
    ExtendNumLet,
    /// Joins letters, as `:` does.
    MidLetter,
    /// Joins digits, as `,` does.
    MidNum,
    /// Joins both, as `.` does.
    MidNumLet,
    /// Belongs to the character before it: Extend, Format or ZWJ.
    Extend,
    /// Of Han or Hiragana.
    Ideograph,
    /// Of a script that does not space words, such as Thai.
    Complex,
    /// Complex, and Extend.
    ComplexExtend,
    Emoji,
    /// Emoji, and ALetter.
    EmojiLetter,
    /// A tone of skin, which is Extend too.
    EmojiModifier,
    RegionalIndicator,
}

/// For each 256 characters how many runs begin before them, and at last how many there are.
#[allow(clippy::indexing_slicing, reason = "it is done by the compiler, which would say so")]
static BLOCKS: [u16; 0x1101] = {
    let mut blocks = [0; 0x1101];
    let mut rest: &mut [u16] = &mut blocks;
    let mut first = 0;
    let mut begun = 0;
    while let [block, tail @ ..] = rest {
        while begun < RUNS.len() && RUNS[begun] >> 8 < first {
            begun += 1;
        }
        *block = begun as u16;
        first += 0x100;
        rest = tail;
    }
    blocks
};

/// The numbers of the classes of ASCII characters.
#[allow(clippy::indexing_slicing, reason = "it is done by the compiler, which would say so")]
static ASCII: [u8; 0x80] = {
    let mut numbers = [0; 0x80];
    let mut rest: &mut [u8] = &mut numbers;
    let mut c = 0;
    let mut begun = 0;
    while let [number, tail @ ..] = rest {
        while RUNS[begun + 1] >> 8 <= c {
            begun += 1;
        }
        *number = (RUNS[begun] & 0xFF) as u8;
        c += 1;
        rest = tail;
    }
    numbers
};

impl Class {
    /// By the numbers in [`RUNS`].
    const ALL: [Self; 17] = [
        Self::Other,
        Self::ALetter,
        Self::HebrewLetter,
        Self::Numeric,
        Self::Katakana,
        Self::ExtendNumLet,
        Self::MidLetter,
        Self::MidNum,
        Self::MidNumLet,
        Self::Extend,
        Self::Ideograph,
        Self::Complex,
        Self::ComplexExtend,
        Self::Emoji,
        Self::EmojiLetter,
        Self::EmojiModifier,
        Self::RegionalIndicator,
    ];

    #[inline]
    pub(super) fn of(c: char) -> Self {
        let number = match ASCII.get(c as usize) {
            Some(&number) => number.into(),
            None => Self::number(c),
        };
        Self::ALL.get(number as usize).copied().unwrap_or(Self::Other)
    }

    fn number(c: char) -> u32 {
        let block = u32::from(c) as usize >> 8;
        let [Some(&first), Some(&last)] = [BLOCKS.get(block), BLOCKS.get(block + 1)] else { return 0 };
        // The run that goes on at the block's beginning, and those that begin in it.
        let (first, last) = (usize::from(first), usize::from(last));
        let runs = RUNS.get(first..last).unwrap_or_default();
        let begun = first + runs.partition_point(|run| run >> 8 <= u32::from(c));
        begun.checked_sub(1).and_then(|run| RUNS.get(run)).map_or(0, |run| run & 0xFF)
    }

    /// Belongs to the character before it.
    pub(super) fn extends(self) -> bool {
        matches!(self, Self::Extend | Self::ComplexExtend | Self::EmojiModifier)
    }

    /// A word can consist of it.
    pub(super) fn is_word(self) -> bool {
        matches!(self, Self::ALetter | Self::HebrewLetter | Self::Numeric | Self::Katakana | Self::EmojiLetter)
    }

    pub(super) fn is_emoji(self) -> bool {
        matches!(self, Self::Emoji | Self::EmojiLetter)
    }
}
