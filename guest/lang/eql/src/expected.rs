//! What stands at one place of a query, and what could.

use core::fmt;

/// What stands at one place of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// This keyword.
    Keyword(&'static str),
    /// This symbol.
    Symbol(&'static str),
    /// A name that is no keyword.
    Name,
    /// A name with `~` at its end.
    FunctionName,
    /// A string.
    String,
    /// A number.
    Number,
    /// Nothing more.
    End,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword(keyword) => write!(f, "the keyword `{keyword}`"),
            Self::Symbol(symbol) => write!(f, "`{symbol}`"),
            Self::Name => f.write_str("a name"),
            Self::FunctionName => f.write_str("a function's name with `~`"),
            Self::String => f.write_str("a string"),
            Self::Number => f.write_str("a number"),
            Self::End => f.write_str("the end of the query"),
        }
    }
}

/// A set of things that can stand at one place of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Expected(u32);

impl Expected {
    /// A category of events.
    pub const CATEGORY: Self = Self(1);
    /// `where`.
    pub const WHERE: Self = Self(1 << 1);
    /// A field, a constant, a call or parentheses.
    pub const OPERAND: Self = Self(1 << 2);
    /// A constant.
    pub const CONSTANT: Self = Self(1 << 3);
    /// A part of a field's name.
    pub const NAME: Self = Self(1 << 4);
    /// `not`.
    pub const NOT: Self = Self(1 << 5);
    /// An operator other than `and` and `or`.
    pub const OPERATOR: Self = Self(1 << 6);
    /// `in` or `in~`.
    pub const IN: Self = Self(1 << 7);
    /// `and`.
    pub const AND: Self = Self(1 << 8);
    /// `or`.
    pub const OR: Self = Self(1 << 9);
    /// `(`.
    pub const OPEN_PAREN: Self = Self(1 << 10);
    /// `,`.
    pub const COMMA: Self = Self(1 << 11);
    /// `)`.
    pub const CLOSE_PAREN: Self = Self(1 << 12);
    /// An item, `[` or `![`.
    pub const ITEM: Self = Self(1 << 13);
    /// `]`.
    pub const CLOSE_BRACKET: Self = Self(1 << 14);
    /// `by`.
    pub const BY: Self = Self(1 << 15);
    /// `with`.
    pub const WITH: Self = Self(1 << 16);
    /// `maxspan`.
    pub const MAXSPAN: Self = Self(1 << 17);
    /// `runs`.
    pub const RUNS: Self = Self(1 << 18);
    /// `=`.
    pub const ASSIGN: Self = Self(1 << 19);
    /// A number.
    pub const NUMBER: Self = Self(1 << 20);
    /// `until`.
    pub const UNTIL: Self = Self(1 << 21);
    /// `|`.
    pub const PIPE: Self = Self(1 << 22);
    /// The name of a pipe.
    pub const PIPE_NAME: Self = Self(1 << 23);
    /// The end of the query.
    pub const END: Self = Self(1 << 24);

    const NAMES: [(Self, &'static str); 25] = [
        (Self::CATEGORY, "a category (a name, a string, `any`)"),
        (Self::WHERE, "`where`"),
        (Self::OPERAND, "an operand (a field, a constant, a call)"),
        (Self::CONSTANT, "a constant"),
        (Self::NAME, "a part of a field's name"),
        (Self::NOT, "`not`"),
        (Self::OPERATOR, "an operator"),
        (Self::IN, "`in`"),
        (Self::AND, "`and`"),
        (Self::OR, "`or`"),
        (Self::OPEN_PAREN, "`(`"),
        (Self::COMMA, "`,`"),
        (Self::CLOSE_PAREN, "`)`"),
        (Self::ITEM, "`[`"),
        (Self::CLOSE_BRACKET, "`]`"),
        (Self::BY, "`by`"),
        (Self::WITH, "`with`"),
        (Self::MAXSPAN, "`maxspan`"),
        (Self::RUNS, "`runs`"),
        (Self::ASSIGN, "`=`"),
        (Self::NUMBER, "a number"),
        (Self::UNTIL, "`until`"),
        (Self::PIPE, "`|`"),
        (Self::PIPE_NAME, "`head` or `tail`"),
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

    /// Could the name of a field have stood there, or a part of one?
    pub(crate) const fn is_field(self) -> bool {
        self.contains(Self::OPERAND) || self.contains(Self::NAME)
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
