//! The query as Kibana would send it to Elasticsearch: what the languages, DSL filters and
//! exceptions have in common.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::range::RangeOp;
use crate::script::ScriptExpr;
use crate::span::Span;
use crate::texts::regex::Regex;

/// A condition on an event, before it is known of what types the fields are.
///
/// Each language makes one of its queries; filters and exceptions are built by hand.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// Every event.
    All,
    /// Each of them.
    And(Vec<Clause>),
    /// One of them; no event if there is none.
    Or(Vec<Clause>),
    /// The opposite.
    Not(Box<Clause>),
    /// A condition on a field.
    Field {
        /// The field.
        name: Name,
        /// What it must meet.
        condition: Condition,
        /// Where it stands in the query.
        span: Span,
    },
    /// One nested object at `path` meets a clause. Field names in it are whole paths.
    Nested {
        /// The path of the nested objects.
        path: String,
        /// What one object must meet.
        clause: Box<Clause>,
        /// Where it stands in the query.
        span: Span,
    },
    /// Something that is computed from the values of fields is true for one combination of them.
    Script {
        /// What is computed.
        expr: Arc<ScriptExpr>,
        /// Where it stands in the query.
        span: Span,
    },
}

impl Clause {
    /// A condition on the field of a name that stands in no text.
    #[must_use]
    pub fn field(name: &str, condition: Condition) -> Self {
        Self::Field { name: Name::exact(name), condition, span: Span::default() }
    }

    /// Calls `visit` with the name of each field, or pattern of names, that is asked.
    pub fn for_each_field(&self, visit: &mut impl FnMut(&Name)) {
        match self {
            Self::All => {}
            Self::And(clauses) | Self::Or(clauses) => clauses.iter().for_each(|clause| clause.for_each_field(visit)),
            Self::Not(clause) | Self::Nested { clause, .. } => clause.for_each_field(visit),
            Self::Field { name, .. } => visit(name),
            Self::Script { expr, .. } => expr.for_each_field(&mut |name| visit(&Name::Exact(Arc::clone(name)))),
        }
    }
}

/// Which fields a condition is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// The field of this name.
    Exact(Arc<str>),
    /// The fields whose names match a pattern: the pieces between the stars. One of them must meet
    /// the condition.
    Pattern(Arc<[String]>),
    /// Any field, leniently: types that the condition makes no sense for never match.
    Any,
}

impl Name {
    /// The field of this name.
    #[must_use]
    pub fn exact(name: &str) -> Self {
        Self::Exact(name.into())
    }
}

/// What a field must meet. Of several values one must.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// It has a value.
    Exists,
    /// It equals a value: `term` on a keyword; on text `match` (one of the words), or
    /// `match_phrase` (all words in a row).
    Equals {
        /// The value.
        value: String,
        /// Whether text must hold all words in a row.
        phrase: bool,
    },
    /// It equals a value that is not analyzed: `term`. On text one of its words must be that.
    Term {
        /// The value.
        value: String,
        /// Whether the case of ASCII letters makes no difference.
        ignore_case: bool,
    },
    /// It matches a pattern.
    Like(Like),
    /// It matches a regular expression, as a whole.
    Regex(Regex),
    /// It lies within bounds; all of them must be met by the same value.
    Range(Vec<(RangeOp, String)>),
    /// It equals unquoted `null`.
    Null,
    /// It is in order with unquoted `null`, which is no bound.
    Unbounded,
    /// It meets one of many conditions, such as the values of a list. Where programs that are
    /// compiled together have the same ones (the same in memory) they are compiled once.
    OneOf(Arc<[Condition]>),
}

impl Condition {
    /// The value, pattern or bounds that it asks for, if it is about one.
    pub(crate) fn value(&self) -> Option<String> {
        match self {
            Self::Equals { value, .. } | Self::Term { value, .. } => Some(value.clone()),
            Self::Like(like) => {
                let part = |part: &Part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Any => String::from("*"),
                    Part::One => String::from("?"),
                };
                Some(like.parts.iter().map(part).collect())
            }
            Self::Range(bounds) => {
                let bounds: Vec<String> = bounds.iter().map(|(op, bound)| format!("{} {bound}", op.symbol())).collect();
                Some(bounds.join(" and "))
            }
            Self::Regex(regex) => Some(regex.pattern().to_owned()),
            Self::Exists | Self::Null | Self::Unbounded | Self::OneOf(_) => None,
        }
    }
}

/// A pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Like {
    /// Its parts in order.
    pub parts: Vec<Part>,
    /// Whether the case of ASCII letters makes no difference.
    pub ignore_case: bool,
    /// Whether Kibana would have it read by `query_string`, which takes it apart at white space,
    /// where the field is no keyword.
    pub splits: bool,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Stands for itself.
    Text(String),
    /// `*`: any run of characters.
    Any,
    /// `?`: one character.
    One,
}

impl Like {
    /// The text of the pattern in which `*` and `?` are wildcards and a backslash takes the meaning
    /// from the character after it (Lucene's `WildcardQuery`).
    #[must_use]
    pub fn lucene(pattern: &str) -> Self {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let part = match c {
                '*' => Part::Any,
                '?' => Part::One,
                '\\' => {
                    text.push(chars.next().unwrap_or('\\'));
                    continue;
                }
                c => {
                    text.push(c);
                    continue;
                }
            };
            if !text.is_empty() {
                parts.push(Part::Text(core::mem::take(&mut text)));
            }
            parts.push(part);
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Self { parts, ignore_case: false, splits: false }
    }

    /// The text of the pattern in which `*` and `?` are wildcards and nothing else has a meaning.
    #[must_use]
    pub fn plain(pattern: &str, ignore_case: bool) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for c in pattern.chars() {
            match (c, parts.last_mut()) {
                ('*', _) => parts.push(Part::Any),
                ('?', _) => parts.push(Part::One),
                (c, Some(Part::Text(text))) => text.push(c),
                (c, _) => parts.push(Part::Text(String::from(c))),
            }
        }
        Self { parts, ignore_case, splits: false }
    }

    /// What begins with a text.
    #[must_use]
    pub fn prefix(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.to_owned()), Part::Any], ignore_case: false, splits: false }
    }
}
