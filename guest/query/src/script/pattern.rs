//! Patterns that computed texts are matched with.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::meter::{Exhausted, Meter};
use super::text::same_ignoring_case;
use crate::clause::Part;
use crate::texts::regex::Regex;

/// A pattern for whole texts, with the meaning that Java gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum ScriptPattern {
    /// A text.
    Text {
        /// The text.
        text: Box<str>,
        /// Whether case makes no difference (`String.equalsIgnoreCase`).
        ignore_case: bool,
    },
    /// A text with wildcards, of which neither stands for a line terminator.
    Wildcard {
        /// Its parts.
        parts: Vec<Part>,
        /// Whether the case of ASCII letters makes no difference.
        ignore_case: bool,
    },
    /// A regular expression.
    Regex(Regex),
}

impl ScriptPattern {
    pub(super) fn hash_most<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text { text, .. } => text.hash(state),
            Self::Wildcard { parts, .. } => parts.iter().for_each(|part| {
                if let Part::Text(text) = part {
                    text.hash(state);
                }
            }),
            Self::Regex(regex) => regex.hash(state),
        }
    }

    pub(super) fn matches(&self, text: &str, meter: &mut Meter) -> Result<bool, Exhausted> {
        meter.step(text.len())?;
        Ok(match self {
            Self::Text { text: own, ignore_case: false } => **own == *text,
            Self::Text { text: own, ignore_case: true } => same_ignoring_case(own, text),
            Self::Wildcard { parts, ignore_case } => return wildcard(parts, *ignore_case, text, meter),
            Self::Regex(regex) => regex.matches(text),
        })
    }
}

/// One character of a pattern.
#[derive(Clone, Copy)]
enum Token {
    Char(char),
    One,
    Any,
}

/// By what each beginning of the pattern matches of the text so far: a star that stops at line
/// terminators cannot be tried as early as possible.
fn wildcard(parts: &[Part], ignore_case: bool, text: &str, meter: &mut Meter) -> Result<bool, Exhausted> {
    let size = |part: &Part| if let Part::Text(text) = part { text.len() } else { 1 };
    meter.steps(parts.iter().map(size).sum(), text.len() + 1)?;
    let fold = |c: char| if ignore_case { c.to_ascii_lowercase() } else { c };
    let tokens: Vec<Token> = parts
        .iter()
        .flat_map(|part| match part {
            Part::Text(text) => text.chars().map(|c| Token::Char(fold(c))).collect(),
            Part::One => vec![Token::One],
            Part::Any => vec![Token::Any],
        })
        .collect();
    let is_open = |tokens: &[Token], place: usize| matches!(tokens.get(place), Some(Token::Any));
    let mut come = vec![false; tokens.len() + 1];
    let mut place = 0;
    while let Some(here) = come.get_mut(place) {
        *here = true;
        if !is_open(&tokens, place) {
            break;
        }
        place += 1;
    }
    let mut next = vec![false; come.len()];
    for c in text.chars() {
        next.fill(false);
        let is_end_of_line = matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        for (place, token) in tokens.iter().enumerate() {
            let is_here = come.get(place).copied().unwrap_or_default();
            let (stays, goes_on) = match token {
                Token::Char(own) => (false, is_here && *own == fold(c)),
                Token::One => (false, is_here && !is_end_of_line),
                Token::Any => (is_here && !is_end_of_line, false),
            };
            if let Some(here) = next.get_mut(place) {
                *here |= stays;
            }
            if let Some(after) = next.get_mut(place + 1) {
                *after |= goes_on;
            }
            // A star may also stand for nothing.
            if is_open(&tokens, place)
                && next.get(place) == Some(&true)
                && let Some(after) = next.get_mut(place + 1)
            {
                *after = true;
            }
        }
        core::mem::swap(&mut come, &mut next);
    }
    Ok(come.last() == Some(&true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clause::Like;

    fn matches(pattern: &str, text: &str) -> bool {
        let pattern = ScriptPattern::Wildcard { parts: Like::lucene(pattern).parts, ignore_case: true };
        pattern.matches(text, &mut Meter::endless()).unwrap()
    }

    #[test]
    fn wildcards_stop_at_line_terminators() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a*c", "ac", true),
            ("A?C", "abc", true),
            ("a*c", "a\nc", false),
            ("a?c", "a\nc", false),
            ("a*\n*c", "ab\nbc", true),
            ("*", "", true),
            ("**a", "ba", true),
            ("?*", "", false),
            ("*a*b*", "xaxbx", true),
            ("*a*b*", "xbxax", false),
            ("é?", "É😀", false),
            ("é?", "é😀", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
