//! What can be wrong with a regular expression.

use core::fmt;

use crate::limit::{MAX_DEPTH, MAX_QUERY_BYTES};

/// Why a pattern cannot be used, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegexError {
    /// What is wrong.
    pub kind: RegexErrorKind,
    /// The byte of the pattern where it is; the length of the pattern at its end, 0 if all of it is
    /// the cause.
    pub offset: usize,
}

/// What can be wrong with a regular expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegexErrorKind {
    /// The pattern ends where something to match is missing: behind `|`, `&`, `~` or a backslash.
    UnexpectedEnd,
    /// Something opens here and is not closed: `(`, `[`, `{`, `<` or `"`.
    Unclosed(char),
    /// A `)` closes nothing.
    Unopened,
    /// A backslash ahead of a letter that has no meaning there.
    BadEscape(char),
    /// A range of characters ends ahead of its start.
    BadRange,
    /// What stands in braces does not say how often.
    BadRepetition,
    /// A repetition has nothing ahead of it to repeat. Java only: to Lucene the character stands
    /// for itself.
    NothingToRepeat,
    /// What stands in angle brackets is no interval of numbers. Lucene only.
    BadInterval,
    /// An intersection of classes of characters lacks a side. Java only.
    BadClass,
    /// Nothing that may follow `(?`. Java only.
    BadGroup,
    /// Java has it, but it is not regular, or not modelled here.
    Unsupported,
    /// The pattern is longer than a query may be.
    TooLong,
    /// Groups, complements or repetitions go too deep.
    TooDeep,
    /// The automaton would be too large, or too much work to make.
    TooComplex,
    /// The automata of several regular expressions together would be, see
    /// [`RegexBudget`](super::RegexBudget).
    TooMany,
}

impl RegexErrorKind {
    pub(super) const fn at(self, offset: usize) -> RegexError {
        RegexError { kind: self, offset }
    }
}

impl fmt::Display for RegexErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str(
                "the regular expression ends where something to match is missing; an operator that is meant as a \
                 character needs a backslash ahead of it",
            ),
            Self::Unclosed(open) => {
                write!(f, "`{open}` is not closed; close it, or write `\\{open}` for the character")
            }
            Self::Unopened => f.write_str("`)` closes no group; write `\\)` for the character"),
            Self::BadEscape(c) => {
                write!(f, "`\\{c}` means nothing in this kind of regular expression; write the character itself")
            }
            Self::BadRange => f.write_str(
                "a range of characters ends ahead of its start; turn it around, or write `\\-` for a hyphen",
            ),
            Self::BadRepetition => f.write_str(
                "braces must say how often, as in `{2}`, `{2,}` or `{2,5}`, the smaller number first; write `\\{` for \
                 the character",
            ),
            Self::NothingToRepeat => f.write_str("there is nothing to repeat here; escape the character"),
            Self::BadInterval => {
                f.write_str("angle brackets must hold two numbers, as in `<1-100>`; write `\\<` for the character")
            }
            Self::BadClass => {
                f.write_str("`&&` in brackets lacks a side; write it as in `[a-z&&[^x]]`, or `\\&` for the character")
            }
            Self::BadGroup => f.write_str("this may not follow `(?`; write `(?:` for a group, `\\(` for the character"),
            Self::Unsupported => f.write_str(
                "not supported in regular expressions on computed values, which are run without looking ahead or \
                 back; rewrite the condition without it",
            ),
            Self::TooLong => write!(f, "the regular expression is longer than {MAX_QUERY_BYTES} bytes"),
            Self::TooDeep => write!(f, "more than {MAX_DEPTH} levels of groups or repetitions in a regular expression"),
            Self::TooComplex => f.write_str(
                "the regular expression is too complex: too many states, as for Elasticsearch's \
                 `max_determinized_states`; make its repetitions smaller, or split it",
            ),
            Self::TooMany => f.write_str(
                "with this one the regular expressions of the query, or of all rules, are too complex together; make \
                 their repetitions smaller, or have fewer of them",
            ),
        }
    }
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {} of the regular expression)", self.kind, self.offset)
    }
}

impl core::error::Error for RegexError {}
