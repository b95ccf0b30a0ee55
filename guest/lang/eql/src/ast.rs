//! The syntax tree, with the place of each part.
//!
//! Operators of one level are one n-ary node along their left side: `a or b or c` is one `or` of
//! three, as is `(a or b) or c`, but `a or (b or c)` is an `or` in an `or`. `x not in (…)` is the
//! `not` of an `in`. Parentheses leave no trace.
//!
//! Comparing trees ignores spans: two spellings of one query are equal.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use firstseen_query::Span;

/// A parsed query, from [`parse`](crate::parse). `Display` writes it as EQL again.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What is looked for.
    pub kind: QueryKind,
    /// What is taken of the results, in order.
    pub pipes: Vec<Pipe>,
}

/// What a query looks for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum QueryKind {
    /// Single events.
    Event(EventFilter),
    /// Events in order.
    Sequence(Sequence),
    /// Events in any order.
    Sample(Sample),
}

/// `category where condition`.
#[derive(Clone, Debug)]
pub struct EventFilter {
    /// The category; none for `any`.
    pub category: Option<String>,
    /// What the event must meet.
    pub condition: Expr,
    /// Where it stands.
    pub span: Span,
}

/// `sequence by … with maxspan=… [ … ] [ … ] until [ … ]`.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The keys of all items.
    pub by: Vec<Field>,
    /// The longest time from the first event to the last, in milliseconds.
    pub maxspan_ms: Option<u64>,
    /// The items, in order.
    pub items: Vec<Item>,
    /// What must not come between.
    pub until: Option<Item>,
    /// Where it stands.
    pub span: Span,
}

/// `sample by … [ … ] [ … ]`.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The keys of all items.
    pub by: Vec<Field>,
    /// The items.
    pub items: Vec<Item>,
    /// Where it stands.
    pub span: Span,
}

/// `[ … ] by … with runs=…`.
#[derive(Clone, Debug)]
pub struct Item {
    /// What the event must be.
    pub filter: EventFilter,
    /// Keys of this item, after those of all.
    pub by: Vec<Field>,
    /// `![ … ]`: there must be no such event.
    pub missing: bool,
    /// How often it stands in a row, at least 1.
    pub runs: u32,
    /// Where it stands.
    pub span: Span,
}

/// A pipe, `| head 5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pipe {
    /// The first results, so many.
    Head(u64),
    /// The last results, so many.
    Tail(u64),
}

/// A condition, or a part of one.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where it stands, without parentheses around it.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExprKind {
    /// Two or more, one of which must hold.
    Or(Vec<Expr>),
    /// Two or more, all of which must hold.
    And(Vec<Expr>),
    /// The opposite.
    Not(Box<Expr>),
    /// `left op right`.
    Compare {
        /// The comparison.
        op: CompareOp,
        /// Its left side.
        left: Box<Expr>,
        /// Its right side.
        right: Box<Expr>,
    },
    /// `value in (…)`, `value in~ (…)`.
    In {
        /// What must be in the list.
        value: Box<Expr>,
        /// The list, not empty.
        list: Vec<Expr>,
        /// Whether it is `in~`.
        ignore_case: bool,
    },
    /// `value : (…)`, `value like (…)` and their kin.
    Match {
        /// How it is matched.
        op: MatchOp,
        /// What is matched.
        value: Box<Expr>,
        /// The constants that it is matched with, at least one.
        patterns: Vec<Constant>,
    },
    /// `left op right`.
    Arithmetic {
        /// The operation.
        op: ArithmeticOp,
        /// Its left side.
        left: Box<Expr>,
        /// Its right side.
        right: Box<Expr>,
    },
    /// `-value`.
    Negate(Box<Expr>),
    /// `name(…)`, `name~(…)`.
    Call {
        /// The function's name as it is written, without `~`.
        name: String,
        /// Whether a `~` follows the name.
        ignore_case: bool,
        /// The arguments.
        arguments: Vec<Expr>,
    },
    /// A field.
    Field(Field),
    /// A constant.
    Literal(Literal),
}

/// The name of a field and where it stands.
#[derive(Clone, Debug)]
pub struct Field {
    /// The whole name, its parts joined by dots, without backticks.
    pub name: String,
    /// Whether a `?` stands ahead of it: then it need not be in any mapping.
    pub optional: bool,
    /// Where it stands.
    pub span: Span,
}

/// A constant and where it stands.
#[derive(Clone, Debug)]
pub struct Constant {
    /// What it is.
    pub literal: Literal,
    /// Where it stands.
    pub span: Span,
}

/// A constant. The type of a whole number is the first that holds it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of up to 31 bits.
    Int(i32),
    /// One of up to 63 bits.
    Long(i64),
    /// One of 64 bits.
    UnsignedLong(u64),
    /// A decimal number, or a whole one that is larger.
    Double(f64),
    /// A text, escapes decoded.
    String(String),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `>`
    Gt,
    /// `>=`
    Gte,
}

/// How a text is matched with constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchOp {
    /// `:`, wildcards, case ignored.
    Seq,
    /// `like`, wildcards.
    Like,
    /// `like~`, wildcards, case ignored.
    LikeInsensitive,
    /// `regex`, regular expressions.
    Regex,
    /// `regex~`, regular expressions, case ignored.
    RegexInsensitive,
}

/// An operation on numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

impl CompareOp {
    /// The operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
        }
    }
}

impl MatchOp {
    /// The operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Seq => ":",
            Self::Like => "like",
            Self::LikeInsensitive => "like~",
            Self::Regex => "regex",
            Self::RegexInsensitive => "regex~",
        }
    }
}

impl ArithmeticOp {
    /// The operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }

    /// Is it `+` or `-`, which bind less than the others?
    pub(crate) const fn is_additive(self) -> bool {
        matches!(self, Self::Add | Self::Subtract)
    }
}

impl PartialEq for EventFilter {
    fn eq(&self, other: &Self) -> bool {
        self.category == other.category && self.condition == other.condition
    }
}

impl PartialEq for Sequence {
    fn eq(&self, other: &Self) -> bool {
        self.by == other.by
            && self.maxspan_ms == other.maxspan_ms
            && self.items == other.items
            && self.until == other.until
    }
}

impl PartialEq for Sample {
    fn eq(&self, other: &Self) -> bool {
        self.by == other.by && self.items == other.items
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.filter == other.filter && self.by == other.by && self.missing == other.missing && self.runs == other.runs
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.optional == other.optional
    }
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        self.literal == other.literal
    }
}
