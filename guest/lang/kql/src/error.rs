//! What can be wrong with the text of a query.

use core::fmt;

use firstseen_query::Limit;

/// Why a text is no query, and where. A syntax error starts where Kibana's parser reports it: at
/// the farthest place where reading on failed.
pub type Error = firstseen_query::Error<ErrorKind>;

/// What is wrong with the text of a query.
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
    /// The query is beyond a limit.
    Limit(Limit),
}

/// A set of things that can stand at one place of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Expected(u16);

impl Expected {
    /// A field name or a value.
    pub const OPERAND: Self = Self(1);
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
        (Self::OPERAND, "a field name or value"),
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
            Self::Limit(limit) => limit.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn display_has_the_position() {
        let error = crate::parse("a:b:c").unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected `and`, `or`, white space or the end of the query, found `:` (at offset 3)"
        );
    }
}
