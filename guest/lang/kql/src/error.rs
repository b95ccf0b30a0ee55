//! What can be wrong with a query, and how it is shown.

use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::ast::Span;
use crate::lex;

/// Why a query cannot be used, and where.
///
/// `Display` gives one sentence without the query; [`Error::render`] adds the line it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where. For a syntax error it starts where Kibana's parser reports it: at the farthest
    /// place where reading on failed. It is empty at the end of the query.
    pub span: Span,
}

/// What is wrong with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The grammar allows no such continuation.
    Unexpected {
        /// The character that stands there, none at the end of the query.
        found: Option<char>,
        /// What could have stood there.
        expected: Expected,
    },
    /// A quotation mark opens here and none closes.
    UnclosedQuote,
    /// A backslash in an unquoted literal, ahead of something that cannot be escaped.
    BadEscape,
    /// `not` with white space after it, where nothing can be negated. Kibana ends an unquoted
    /// literal there, even inside a word, and allows one `not` ahead of a condition.
    MisplacedNot,
    /// A control character or one that changes the direction of writing: the query would not
    /// read as it is evaluated.
    ForbiddenCharacter(char),
    /// The value means nothing to the type of its field; Elasticsearch fails the whole search.
    NotAValue {
        /// The type.
        field_type: &'static str,
    },
    /// A type that has no wildcards; Elasticsearch fails the whole search.
    NoWildcards {
        /// The type.
        field_type: &'static str,
    },
    /// A type that can only be asked whether it has a value, or not even that.
    NotSearchable {
        /// The type.
        field_type: &'static str,
    },
    /// Unquoted `null` as a value: Elasticsearch fails the whole search.
    Null,
    /// A field of nested objects, outside of their group.
    NestedField,
    /// A field in a nested group that is no field of its objects.
    NotInGroup,
    /// The path of a group is not mapped as `nested`.
    NotNested,
    /// Capital `AND`, `OR` or `NOT` in a wildcard value for a field that is no keyword, where
    /// Elasticsearch takes them for operators and finds nothing to join.
    DanglingOperator,
    /// The query is longer than [`MAX_QUERY_BYTES`](crate::MAX_QUERY_BYTES).
    TooLong,
    /// Parentheses and braces go deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep,
    /// The patterns of field names find too many fields, 100,000 all in all.
    TooManyFields,
    /// There are more leaves than [`MAX_LEAVES`](crate::MAX_LEAVES).
    TooManyLeaves,
}

/// A set of things that can stand at one place of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Expected(u16);

impl Expected {
    /// A field name or a value.
    pub const TERM: Self = Self(1);
    /// A value.
    pub const VALUE: Self = Self(1 << 1);
    /// `not`.
    pub const NOT: Self = Self(1 << 2);
    /// `and`.
    pub const AND: Self = Self(1 << 3);
    /// `or`.
    pub const OR: Self = Self(1 << 4);
    /// `(`.
    pub const OPEN_PAREN: Self = Self(1 << 5);
    /// `)`.
    pub const CLOSE_PAREN: Self = Self(1 << 6);
    /// `{`.
    pub const OPEN_BRACE: Self = Self(1 << 7);
    /// `}`.
    pub const CLOSE_BRACE: Self = Self(1 << 8);
    /// `:`.
    pub const COLON: Self = Self(1 << 9);
    /// `<`, `<=`, `>` or `>=`.
    pub const COMPARISON: Self = Self(1 << 10);
    /// White space.
    pub const SPACE: Self = Self(1 << 11);
    /// The end of the query.
    pub const END: Self = Self(1 << 12);

    const NAMES: [(Self, &'static str); 13] = [
        (Self::TERM, "a field name or value"),
        (Self::VALUE, "a value"),
        (Self::NOT, "`not`"),
        (Self::AND, "`and`"),
        (Self::OR, "`or`"),
        (Self::OPEN_PAREN, "`(`"),
        (Self::CLOSE_PAREN, "`)`"),
        (Self::OPEN_BRACE, "`{`"),
        (Self::CLOSE_BRACE, "`}`"),
        (Self::COLON, "`:`"),
        (Self::COMPARISON, "a comparison"),
        (Self::SPACE, "white space"),
        (Self::END, "the end of the query"),
    ];

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Are all of `other` in this set?
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Self::NAMES.iter().filter(|(one, _)| self.contains(*one)).map(|(_, name)| *name).peekable();
        let mut first = true;
        while let Some(name) = names.next() {
            let joint = match (first, names.peek()) {
                (true, _) => "",
                (false, Some(_)) => ", ",
                (false, None) => " or ",
            };
            write!(f, "{joint}{name}")?;
            first = false;
        }
        Ok(())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { found, expected } => {
                write!(f, "expected {expected}, found ")?;
                match found {
                    Some(found) => write!(f, "`{}`", found.escape_debug()),
                    None => f.write_str("the end of the query"),
                }
            }
            Self::UnclosedQuote => f.write_str("this quotation mark is never closed"),
            Self::BadEscape => {
                f.write_str("a backslash in an unquoted value must be escaped as `\\\\` or the value quoted")
            }
            Self::MisplacedNot => f.write_str(
                "`not` cannot stand here: it negates one condition (`not f:a`, `f:(not a)`), and \
                 ahead of white space it ends an unquoted value, even inside a word; quote the \
                 value if it is meant as text",
            ),
            Self::ForbiddenCharacter(c) => write!(
                f,
                "the invisible character U+{:04X} makes the query read other than it is; write it \
                 as an escape (`\\u{:04x}`) or remove it",
                u32::from(*c),
                u32::from(*c)
            ),
            Self::NotAValue { field_type } => write!(f, "not a value of a `{field_type}` field"),
            Self::NoWildcards { field_type } => write!(
                f,
                "a `{field_type}` field cannot be searched with wildcards; use a range, or `field:*` to ask whether \
                 there is a value"
            ),
            Self::NotSearchable { field_type } => {
                write!(f, "a field of type `{field_type}` can only be asked whether it has a value (`field:*`)")
            }
            Self::Null => f.write_str("unquoted `null` is no value; write `not field:*` for a missing one"),
            Self::NestedField => {
                f.write_str("a field of nested objects can only be asked in their group, `path:{ field:value }`")
            }
            Self::NotInGroup => f.write_str("this is no field of the nested objects that the group is about"),
            Self::NotNested => f.write_str("only a field mapped as `nested` can have a group, `path:{ … }`"),
            Self::DanglingOperator => f.write_str(
                "capital AND, OR and NOT in a wildcard value are operators where the field is no keyword, and \
                 something is missing beside one; write them in lower case or quote the value",
            ),
            Self::TooLong => write!(f, "the query is longer than {} bytes", crate::MAX_QUERY_BYTES),
            Self::TooDeep => write!(f, "more than {} levels of nesting", crate::MAX_DEPTH),
            Self::TooManyFields => {
                f.write_str("the patterns of field names find too many fields; write fewer, or longer ones")
            }
            Self::TooManyLeaves => write!(f, "more than {} conditions", crate::MAX_LEAVES),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {})", self.kind, self.span.start)
    }
}

impl core::error::Error for Error {}

/// Characters shown to either side of the place of an error; a query may be one long line.
const CONTEXT: usize = 60;

impl Error {
    /// The sentence, then the line of `query` it is about with its number, then a caret under
    /// the place. `query` should be the text that was parsed; another one gives a wrong picture,
    /// nothing worse. Lines are joined by line feeds; the last has none.
    #[must_use]
    pub fn render(&self, query: &str) -> String {
        let at = query.floor_char_boundary(self.span.start);
        let (before, after) = query.split_at_checked(at).unwrap_or((query, ""));
        let number = before.matches('\n').count() + 1;
        let head = before.rsplit('\n').next().unwrap_or_default();
        let tail = after.split('\n').next().unwrap_or_default();

        let skipped = head.chars().count().saturating_sub(CONTEXT);
        let mut line = String::new();
        let mut margin = String::new();
        if skipped > 0 {
            line.push('…');
            margin.push(' ');
        }
        for c in head.chars().skip(skipped) {
            line.push(shown(c));
            margin.push(if c == '\t' { '\t' } else { ' ' });
        }
        line.extend(tail.chars().take(CONTEXT).map(shown));
        if tail.chars().nth(CONTEXT).is_some() {
            line.push('…');
        }

        let mut text = String::new();
        let line = line.trim_end();
        // Writing to a String cannot fail.
        let _ = write!(text, "{}\n{number} | {line}\n", self.kind);
        let gutter = number.checked_ilog10().unwrap_or_default() as usize + 1;
        let _ = write!(text, "{:gutter$} | {margin}^", "");
        text
    }
}

/// Nothing of a query may steer the terminal it is shown on.
fn shown(c: char) -> char {
    match c {
        '\r' => ' ',
        c if lex::is_forbidden(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    macro_rules! shows {
        ($($name:ident: $query:expr => $text:expr;)*) => {$(
            #[test]
            fn $name() {
                let query: &str = $query;
                let error = crate::parse(query).unwrap_err();
                assert_eq!(error.render(query), $text);
            }
        )*};
    }

    shows! {
        end_of_query: "foo:" =>
            "expected a value, `(`, `{` or white space, found the end of the query\n1 | foo:\n  |     ^";
        second_line: "a:b and\n c:d:e" =>
            "expected `and`, `or`, white space or the end of the query, found `:`\n2 |  c:d:e\n  |     ^";
        tab_before_caret: "\ta:b\n or x:y:z" =>
            "expected `and`, `or`, white space or the end of the query, found `:`\n2 |  or x:y:z\n  |        ^";
        tab_kept: "\ta:b:c" =>
            "expected `and`, `or`, white space or the end of the query, found `:`\n1 | \ta:b:c\n  | \t   ^";
        wide_line_number: "a:b\n\n\n\n\n\n\n\n\n or \"x" =>
            "this quotation mark is never closed\n10 |  or \"x\n   |     ^";
        forbidden_is_not_shown: "a:b\u{202e}c" =>
            "the invisible character U+202E makes the query read other than it is; write it as an \
             escape (`\\u202e`) or remove it\n1 | a:b\u{fffd}c\n  |    ^";
    }

    #[test]
    fn a_long_line_is_cut() {
        let mut query = "a".repeat(500);
        query.push_str(":b:");
        query.push_str(&"c".repeat(500));
        let text = crate::parse(&query).unwrap_err().render(&query);
        let lines: alloc::vec::Vec<_> = text.lines().collect();
        assert!(lines[1].starts_with("1 | …aaa") && lines[1].ends_with("ccc…"));
        assert!(lines[1].chars().count() < 140);
        assert_eq!(lines[2].chars().count(), 4 + 1 + CONTEXT + 1);
    }

    #[test]
    fn display_has_the_position() {
        let error = crate::parse("a:b:c").unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected `and`, `or`, white space or the end of the query, found `:` (at offset 3)"
        );
    }

    #[test]
    fn render_survives_another_text() {
        let error = crate::parse("a:b:c").unwrap_err();
        for other in ["", "é", "aé", "aéé\n", "\n\n\n\n\n"] {
            assert!(error.render(other).ends_with('^'));
        }
    }
}
