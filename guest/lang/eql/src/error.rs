//! What can be wrong with the text of a query.

use core::fmt;

use firstseen_query::Limit;

pub use crate::expected::{Expected, Found};

/// Why a text is no query, and where: at the token that cannot stand where it does, which is where
/// Elasticsearch's parser reports it.
pub type Error = firstseen_query::Error<ErrorKind>;

/// What is wrong with the text of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The grammar allows no such continuation.
    Unexpected {
        /// What stands there.
        found: Found,
        /// What could have stood there.
        expected: Expected,
    },
    /// A character that nothing starts with.
    UnknownCharacter(char),
    /// An operator of other languages.
    WriteInstead {
        /// The operator.
        found: &'static str,
        /// What EQL has for it.
        instead: &'static str,
    },
    /// A keyword with capital letters, which makes it a name.
    KeywordCase {
        /// The keyword as it must be written.
        keyword: &'static str,
    },
    /// A string that does not end on its line.
    UnclosedString,
    /// One in three quotation marks.
    UnclosedRawString,
    /// A name in backticks that never ends.
    UnclosedName,
    /// `/*` without `*/`.
    UnclosedComment,
    /// A backslash in a string ahead of this character, with which it is no escape.
    BadEscape(char),
    /// `\u{…}` with less than 2 or more than 8 digits.
    UnicodeDigits,
    /// `\u{…}` of what is no character: half a surrogate pair, or beyond 10FFFF.
    NoCharacter,
    /// A string in single quotation marks.
    SingleQuotes,
    /// A string with a question mark ahead, the raw string of older versions.
    QuestionMarkString,
    /// `not` ahead of `:`, `like` or `regex`.
    NotBeforeMatch {
        /// The operator.
        op: &'static str,
    },
    /// No constant where nothing else can stand: right of `:`, `like` and `regex`.
    NoConstant {
        /// The operator.
        op: &'static str,
    },
    /// `a == b == c`.
    ChainedComparison,
    /// `a[0]`.
    ArrayIndex,
    /// `child of [ … ]` and its kin.
    Relation,
    /// A number that is larger than any double.
    NumberTooLarge,
    /// `join`, which Elasticsearch knows by name and refuses.
    Join,
    /// What stands after `by` is no field.
    KeyIsNoField,
    /// An item with more or less keys than the first one.
    KeyCount {
        /// How many the first one has.
        expected: usize,
        /// How many this one has.
        found: usize,
    },
    /// `by` after `with maxspan=…`.
    ByAfterWith,
    /// A `maxspan` that is no whole number above zero.
    MaxspanNumber,
    /// A `maxspan` without a unit, or with one that there is not.
    MaxspanUnit,
    /// A `maxspan` of more than 63 bits of milliseconds.
    MaxspanTooLong,
    /// Something else than `runs` after the `with` of an item.
    UnknownSetting,
    /// A `runs` that is no whole number within its bounds.
    Runs {
        /// The upper one.
        most: u32,
    },
    /// A sequence or sample of a single item.
    TooFewItems,
    /// A sequence of missing events alone.
    AllMissing,
    /// A sequence with a missing event and no `maxspan`.
    MissingNeedsMaxspan,
    /// `until ![ … ]`.
    MissingUntil,
    /// `until [ … ] with runs=…`.
    UntilRuns,
    /// `![ … ]` in a sample.
    MissingInSample,
    /// A sample without a key.
    SampleWithoutKey,
    /// A pipe that Elasticsearch knows by name and refuses.
    UnsupportedPipe {
        /// The pipe.
        name: &'static str,
    },
    /// A pipe that there is not.
    UnknownPipe,
    /// A pipe with no argument, or with several.
    PipeArguments,
    /// An argument that is no whole number of up to 31 bits.
    PipeCount,
    /// A control character or one that changes the direction of writing: the query would not
    /// read as it is evaluated.
    ForbiddenCharacter(char),
    /// The query is beyond a limit.
    Limit(Limit),
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { found, expected } => unexpected(f, *found, *expected),
            Self::UnknownCharacter(c) => unknown(f, *c),
            Self::WriteInstead { found, instead } => {
                write!(f, "`{found}` means nothing here; write `{instead}`")
            }
            Self::KeywordCase { keyword } => write!(f, "keywords are written in lower case: `{keyword}`"),
            Self::BadEscape('u') => f.write_str(r"a character by its number is written `\u{…}`, as in `\u{00e9}`"),
            Self::BadEscape(c) => {
                write!(
                    f,
                    "`\\{0}` is no escape; write `\\\\{0}` for a backslash and what follows it, or put the text into \
                     three quotation marks (`\"\"\"…\"\"\"`), where backslashes are ordinary",
                    c.escape_debug()
                )
            }
            Self::NotBeforeMatch { op } => {
                write!(f, "there is no `not {op}`; write `not` ahead of the field: `not f {op} …`")
            }
            Self::NoConstant { op } => {
                write!(
                    f,
                    "only constants can stand right of `{op}`: a string, a number without a sign, `true`, `false` or \
                     `null`, or several of them in parentheses"
                )
            }
            Self::KeyCount { expected, found } => {
                write!(
                    f,
                    "all items must have as many keys; the first one has {expected} of its own and this one {found}"
                )
            }
            Self::Runs { most } => write!(f, "`runs` is a whole number from 1 to {most}"),
            Self::UnsupportedPipe { name } => {
                write!(f, "Elasticsearch does not support the pipe `{name}`; it has `head` and `tail`")
            }
            Self::ForbiddenCharacter(c) => {
                write!(
                    f,
                    "the invisible character U+{:04X} makes the query read other than it is; write it as an escape \
                     (`\\u{{{:02x}}}`, in a string) or remove it",
                    u32::from(*c),
                    u32::from(*c)
                )
            }
            Self::Limit(limit) => limit.fmt(f),
            Self::UnclosedString => {
                f.write_str("this string is not closed on its line; a line break in it is written `\\n`")
            }
            Self::UnclosedRawString => f.write_str(
                "this string in three quotation marks is not closed by three on its line; one with line breaks is \
                 written `\"…\\n…\"`",
            ),
            Self::UnclosedName => f.write_str("this backtick opens a name that is never closed"),
            Self::UnclosedComment => f.write_str("this comment is never closed; it ends with `*/`"),
            Self::UnicodeDigits => f.write_str("`\\u{…}` takes 2 to 8 hexadecimal digits"),
            Self::NoCharacter => f.write_str(
                "there is no character of this number; `\\u{…}` takes whole characters, of up to 10ffff and none of \
                 d800 to dfff",
            ),
            Self::SingleQuotes => f.write_str("strings stand in double quotation marks: write `\"…\"`"),
            Self::QuestionMarkString => {
                f.write_str("strings with a question mark ahead are no more; write `\"\"\"…\"\"\"`")
            }
            Self::ChainedComparison => f.write_str(
                "a comparison cannot be compared further; join two with `and`, or put the first into parentheses",
            ),
            Self::ArrayIndex => f.write_str(
                "values of an array have no numbers; a condition on the field holds if any of its values meets it",
            ),
            Self::Relation => {
                f.write_str("Elasticsearch has no `child of`, `descendant of` or `event of`; write a sequence")
            }
            Self::NumberTooLarge => f.write_str("this number is larger than a double can be, about 1.8e308"),
            Self::Join => {
                f.write_str("Elasticsearch does not support `join`; write `sample`, or `sequence` if order matters")
            }
            Self::KeyIsNoField => f.write_str("only fields can be keys"),
            Self::ByAfterWith => f.write_str("`by` stands ahead of `with`: `sequence by … with maxspan=…`"),
            Self::MaxspanNumber => f.write_str("`maxspan` is a whole number above zero and a unit, as in `maxspan=5m`"),
            Self::MaxspanUnit => {
                f.write_str("the unit of `maxspan` is one of `ms`, `s`, `m`, `h` and `d`, as in `maxspan=5m`")
            }
            Self::MaxspanTooLong => {
                f.write_str("this `maxspan` is longer than time is counted, about 292 million years")
            }
            Self::UnknownSetting => f.write_str("an item has no such setting; it has `with runs=…`, after its `by`"),
            Self::TooFewItems => {
                f.write_str("there must be two items or more; for single events write `category where …`")
            }
            Self::AllMissing => f.write_str("there must be an item that is not missing, `[ … ]`"),
            Self::MissingNeedsMaxspan => f.write_str(
                "a sequence with a missing event (`![ … ]`) needs a `maxspan`, within which it must be missing: \
                 `sequence with maxspan=5m …`",
            ),
            Self::MissingUntil => f.write_str("`until` names an event that comes; it cannot be a missing one"),
            Self::UntilRuns => f.write_str("`until` ends a sequence with a single event; it has no `runs`"),
            Self::MissingInSample => f.write_str("a sample has no missing events; a sequence has"),
            Self::SampleWithoutKey => f.write_str("a sample needs a key that its events share: `sample by …`"),
            Self::UnknownPipe => f.write_str("there is no such pipe; there are `head` and `tail`"),
            Self::PipeArguments => f.write_str("a pipe takes one number: `| head 10`"),
            Self::PipeCount => {
                f.write_str("a pipe takes a whole number from 0 to 2147483647, as a constant: `| head 10`")
            }
        }
    }
}

fn unexpected(f: &mut fmt::Formatter<'_>, found: Found, expected: Expected) -> fmt::Result {
    write!(f, "expected {expected}, found {found}")?;
    match found {
        Found::Keyword(_) if expected.contains(Expected::CATEGORY) => {
            f.write_str("; a category of that name stands in quotation marks")
        }
        Found::Keyword("not") if expected.is_field() => f.write_str("; a negation stands in parentheses here"),
        Found::Keyword(_) if expected.is_field() => f.write_str("; a field of that name stands in backticks"),
        _ => Ok(()),
    }
}

fn unknown(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    let shown = c.escape_debug();
    match c {
        '~' => f.write_str("`~` stands right behind `in`, `like`, `regex` or the name of a function, as in `like~`"),
        '#' => f.write_str("`#` means nothing here; a comment starts with `//`"),
        ';' => f.write_str("`;` means nothing here; a query just ends"),
        c if c.is_whitespace() => {
            write!(f, "U+{:04X} is no white space of EQL; write a plain space", u32::from(c))
        }
        _ => write!(f, "`{shown}` means nothing here; a name with it stands in backticks, a text in quotation marks"),
    }
}
