//! Where the tokens of any text begin and end: the grammar of Lucene's `StandardTokenizer`.
//!
//! Of all the tokens that can begin at a character the longest one does; the next begins no sooner
//! than behind it.

use super::class::Class;

/// UTF-16 units that a token has at most; a longer one goes on as another token.
pub(super) const LONGEST: usize = 255;

const JOINER: char = '\u{200D}';
const AS_TEXT: char = '\u{FE0E}';
const AS_EMOJI: char = '\u{FE0F}';
const KEY_CAP: char = '\u{20E3}';
const TAG_END: char = '\u{E007F}';

#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Up to here no word begins with an ExtendNumLet. Without this a long line of underscores
    /// would be looked through from each of them.
    barren: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, barren: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next `length` bytes.
    pub(super) fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// The token that begins here; empty if none does, and then a character or more are passed
    /// over. `None` at the end of the text.
    pub(super) fn step(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let length = match (first, Class::of(first)) {
            (_, Class::ALetter | Class::HebrewLetter | Class::Numeric | Class::Katakana) => word(rest),
            (_, Class::ExtendNumLet) => {
                if self.barren <= self.at {
                    let leads = |_, class: Class| class == Class::ExtendNumLet || class.extends();
                    self.barren = self.at + beyond_reach(rest, leads, Class::is_word);
                }
                if self.barren > self.at {
                    return Some(self.pass(rest.get(..self.barren - self.at), |c| Class::of(c) == Class::ExtendNumLet));
                }
                word(rest)
            }
            (_, Class::Ideograph) => ideograph(rest),
            (_, Class::Complex | Class::ComplexExtend) => complex(rest),
            (_, Class::Emoji | Class::EmojiModifier) => emoji(rest),
            (_, Class::EmojiLetter) => word(rest).max(emoji(rest)),
            (_, Class::RegionalIndicator) => flag(rest),
            ('#' | '*', _) => key(rest),
            (JOINER, _) => {
                let barren = beyond_reach(rest, |c, _| c == JOINER, Class::is_emoji);
                if barren > 0 {
                    return Some(self.pass(rest.get(..barren), |_| true));
                }
                emoji(rest)
            }
            _ => 0,
        };
        if length == 0 {
            return Some(self.pass(Some(rest), |_| false));
        }
        Some(self.take(length))
    }

    /// Passes over the first character of a part of the text, and the next ones that are `like` it.
    fn pass(&mut self, part: Option<&str>, like: impl Fn(char) -> bool) -> &'a str {
        let mut chars = part.unwrap_or_default().chars();
        let first = chars.next().map_or(0, char::len_utf8);
        self.at += first + chars.take_while(|c| like(*c)).map(char::len_utf8).sum::<usize>();
        ""
    }
}

/// How much of what only leads up to a token is too far from what makes it one.
fn beyond_reach(rest: &str, leads: impl Fn(char, Class) -> bool, makes: impl Fn(Class) -> bool) -> usize {
    let mut lead = rest.len();
    let mut reach = None;
    for (at, c) in rest.char_indices() {
        let class = Class::of(c);
        if !leads(c, class) {
            lead = at;
            reach = makes(class).then_some(LONGEST - c.len_utf16());
            break;
        }
    }
    let Some(mut reach) = reach else { return lead };
    for c in rest.get(..lead).unwrap_or_default().chars().rev() {
        let Some(left) = reach.checked_sub(c.len_utf16()) else { break };
        reach = left;
        lead -= c.len_utf8();
    }
    lead
}

/// Characters, as far as a token can reach.
struct Window<'a> {
    rest: &'a str,
    /// Bytes that are taken.
    length: usize,
    /// UTF-16 units that are not.
    units: usize,
}

impl<'a> Window<'a> {
    fn new(rest: &'a str) -> Self {
        Self { rest, length: 0, units: LONGEST }
    }
}

impl Iterator for Window<'_> {
    type Item = (char, Class);

    fn next(&mut self) -> Option<Self::Item> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        // Both halves of a surrogate pair, or none.
        self.units = self.units.checked_sub(c.len_utf16())?;
        self.rest = chars.as_str();
        self.length += c.len_utf8();
        Some((c, Class::of(c)))
    }
}

/// What a word has come to.
#[derive(Clone, Copy)]
enum Word {
    /// ExtendNumLet alone, which is no word yet.
    Lead,
    ALetter,
    HebrewLetter,
    Numeric,
    Katakana,
    ExtendNumLet,
    /// A Hebrew letter and an apostrophe, which need nothing behind them.
    HebrewQuoted,
    /// A Hebrew letter behind a double quote: no quote and no MidLetter may follow it.
    HebrewDoubleQuoted,
    /// A MidLetter behind a letter: another letter must follow.
    MidLetter,
    /// A MidNum behind a digit: another digit must follow.
    MidNum,
    /// A double quote behind a Hebrew letter: another one must follow.
    DoubleQuote,
}

impl Word {
    fn then(self, c: char, class: Class) -> Option<Self> {
        // What must be followed by something special, and Katakana, which letters do not touch.
        let bound = matches!(self, Self::MidLetter | Self::MidNum | Self::DoubleQuote);
        let apart = bound || matches!(self, Self::Katakana);
        Some(match (class, self) {
            (Class::ALetter | Class::HebrewLetter | Class::EmojiLetter, Self::MidLetter) => Self::ALetter,
            (Class::HebrewLetter, Self::DoubleQuote) => Self::HebrewDoubleQuoted,
            (Class::Numeric, Self::MidNum) => Self::Numeric,
            (Class::ALetter | Class::EmojiLetter, _) if !apart => Self::ALetter,
            (Class::HebrewLetter, _) if !apart => Self::HebrewLetter,
            (Class::Numeric, _) if !apart => Self::Numeric,
            (Class::Katakana, Self::Lead | Self::ExtendNumLet | Self::Katakana) => Self::Katakana,
            (Class::ExtendNumLet, Self::Lead) => Self::Lead,
            (Class::ExtendNumLet, _) if !bound => Self::ExtendNumLet,
            (Class::MidNumLet, Self::HebrewLetter) if c == '\'' => Self::HebrewQuoted,
            (Class::MidLetter | Class::MidNumLet, Self::ALetter | Self::HebrewLetter) => Self::MidLetter,
            (Class::MidNum | Class::MidNumLet, Self::Numeric) => Self::MidNum,
            (Class::Other, Self::HebrewLetter) if c == '"' => Self::DoubleQuote,
            _ => return None,
        })
    }

    fn is_whole(self) -> bool {
        !matches!(self, Self::Lead | Self::MidLetter | Self::MidNum | Self::DoubleQuote)
    }
}

fn word(rest: &str) -> usize {
    let mut window = Window::new(rest);
    let mut word = Word::Lead;
    let mut end = 0;
    while let Some((c, class)) = window.next() {
        if !class.extends() {
            let Some(next) = word.then(c, class) else { break };
            word = next;
        }
        if word.is_whole() {
            end = window.length;
        }
    }
    end
}

/// One character, and what extends it.
fn ideograph(rest: &str) -> usize {
    let mut window = Window::new(rest);
    let mut end = 0;
    while let Some((_, class)) = window.next() {
        if end > 0 && !class.extends() {
            break;
        }
        end = window.length;
    }
    end
}

fn complex(rest: &str) -> usize {
    let mut window = Window::new(rest);
    let mut end = 0;
    while let Some((_, class)) = window.next() {
        if class != Class::Complex && !class.extends() {
            break;
        }
        end = window.length;
    }
    end
}

/// Two regional indicators; one alone is nothing.
fn flag(rest: &str) -> usize {
    let mut window = Window::new(rest);
    let mut indicators = 0;
    let mut end = 0;
    while let Some((_, class)) = window.next() {
        if class == Class::RegionalIndicator && indicators < 2 {
            indicators += 1;
        } else if !class.extends() {
            break;
        }
        if indicators == 2 {
            end = window.length;
        }
    }
    end
}

/// `#` or `*` upon a key.
fn key(rest: &str) -> usize {
    let mut window = Window::new(rest);
    let mut end = 0;
    let mut presented = false;
    // The base itself.
    window.next();
    while let Some((c, class)) = window.next() {
        match c {
            KEY_CAP => end = window.length,
            AS_EMOJI if !presented => {
                presented = true;
                // Now it is a cap, or nothing more.
                match window.next() {
                    Some((KEY_CAP, _)) => end = window.length,
                    _ => break,
                }
            }
            AS_TEXT | AS_EMOJI => break,
            _ if !class.extends() => break,
            _ if end > 0 => end = window.length,
            _ => {}
        }
    }
    end
}

/// What a sequence of emoji has come to.
#[derive(Clone, Copy)]
enum Sequence {
    /// Joiners, or nothing.
    Lead,
    /// An emoji, or a modifier that stands for one, and what extends it. No presentation may stand
    /// behind a modifier.
    Element { modifier: bool },
    /// An emoji that is presented as one.
    Presented,
    /// A joiner behind that.
    Joined,
    /// Several joiners behind that, which join no modifier.
    JoinedMore,
    /// Tags behind the first emoji, which is presented as one: they must end.
    Tags,
}

/// One emoji or several joined ones.
fn emoji(rest: &str) -> usize {
    let mut window = Window::new(rest);
    let mut sequence = Sequence::Lead;
    let mut elements = 0;
    let mut end = 0;
    let mut before = None;
    while let Some((c, class)) = window.next() {
        sequence = match (sequence, class) {
            (Sequence::Lead | Sequence::Joined | Sequence::JoinedMore, _) if class.is_emoji() => {
                Sequence::Element { modifier: false }
            }
            // A joiner extends the emoji before it, and yet joins.
            (Sequence::Element { .. }, _) if class.is_emoji() && before == Some(JOINER) => {
                Sequence::Element { modifier: false }
            }
            (Sequence::Lead, Class::EmojiModifier) if before.is_none() => Sequence::Element { modifier: true },
            (Sequence::Joined, Class::EmojiModifier) => Sequence::Element { modifier: true },
            (Sequence::Lead, _) if c == JOINER => Sequence::Lead,
            (Sequence::Element { modifier: false }, _) if c == AS_EMOJI => Sequence::Presented,
            (Sequence::Element { .. }, _) if c != AS_EMOJI && c != AS_TEXT && class.extends() => sequence,
            (Sequence::Presented, _) if c == JOINER => Sequence::Joined,
            (Sequence::Joined | Sequence::JoinedMore, _) if c == JOINER => Sequence::JoinedMore,
            (Sequence::Presented, _) if elements == 1 && is_tag(c) => Sequence::Tags,
            (Sequence::Tags, _) if is_tag(c) => Sequence::Tags,
            (Sequence::Tags, _) if c == TAG_END => return window.length,
            _ => break,
        };
        if class.is_emoji() || (class == Class::EmojiModifier && elements == 0) {
            elements += 1;
        }
        if matches!(sequence, Sequence::Element { .. } | Sequence::Presented) {
            end = window.length;
        }
        before = Some(c);
    }
    end
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0020}'..='\u{E007E}')
}
