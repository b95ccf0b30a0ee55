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

    pub(super) fn of(c: char) -> Self {
        let begun = RUNS.partition_point(|run| run >> 8 <= u32::from(c));
        let number = begun.checked_sub(1).and_then(|run| RUNS.get(run)).map_or(0, |run| run & 0xFF);
        Self::ALL.get(number as usize).copied().unwrap_or(Self::Other)
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
