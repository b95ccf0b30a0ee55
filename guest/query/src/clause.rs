//! The query as Kibana would send it to Elasticsearch: what KQL, DSL filters and exceptions have
//! in common.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::ast::{Node, NodeKind, Query, RangeOp, Span, Term, TermKind};
use crate::value::bool_text;

/// A condition on an event, before it is known of what types the fields are.
///
/// [`Clause::from`] makes one of a KQL query; filters and exceptions are built by hand.
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
}

impl Clause {
    /// Calls `visit` with the name of each condition.
    pub fn for_each_field<'c>(&'c self, visit: &mut impl FnMut(&'c Name)) {
        match self {
            Self::All => {}
            Self::And(clauses) | Self::Or(clauses) => clauses.iter().for_each(|clause| clause.for_each_field(visit)),
            Self::Not(clause) | Self::Nested { clause, .. } => clause.for_each_field(visit),
            Self::Field { name, .. } => visit(name),
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
    /// It lies within bounds; all of them must be met by the same value.
    Range(Vec<(RangeOp, String)>),
    /// It equals unquoted `null`.
    Null,
    /// It is in order with unquoted `null`, which is no bound.
    Unbounded,
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

    /// What begins with a text.
    #[must_use]
    pub fn prefix(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.to_owned()), Part::Any], ignore_case: false, splits: false }
    }

    /// The pieces between the stars of a KQL value.
    pub(crate) fn kql(pieces: &[String]) -> Self {
        let mut parts = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            if number > 0 {
                parts.push(Part::Any);
            }
            if !piece.is_empty() {
                parts.push(Part::Text(piece.clone()));
            }
        }
        Self { parts, ignore_case: false, splits: true }
    }
}

impl From<&Query> for Clause {
    /// As Kibana compiles it (`kbn-es-query`, `toElasticsearchQuery`).
    fn from(query: &Query) -> Self {
        of_node(&query.root, "")
    }
}

/// `path` is that of the nested group around the node, with a dot at its end, or empty.
fn of_node(node: &Node, path: &str) -> Clause {
    let all = |nodes: &[Node]| nodes.iter().map(|node| of_node(node, path)).collect();
    match &node.kind {
        NodeKind::And(nodes) => Clause::And(all(nodes)),
        NodeKind::Or(nodes) => Clause::Or(all(nodes)),
        NodeKind::Not(negated) => Clause::Not(Box::new(of_node(negated, path))),
        NodeKind::Is { field, value } => is(field.as_deref(), value, path, node.span),
        NodeKind::Range { field, op, value } => {
            let condition = match &value.kind {
                TermKind::Null => Condition::Unbounded,
                kind => Condition::Range(vec![(*op, text_of(kind))]),
            };
            match name_of(Some(field), path) {
                Some(name) => Clause::Field { name, condition, span: node.span },
                None => Clause::Field { name: Name::Any, condition, span: node.span },
            }
        }
        NodeKind::Nested { path: inner, query } => {
            let inner = [path, &text_of(&inner.kind)].concat();
            let clause = Box::new(of_node(query, &[&inner, "."].concat()));
            Clause::Nested { path: inner, clause, span: node.span }
        }
    }
}

fn is(field: Option<&Term>, value: &Term, path: &str, span: Span) -> Clause {
    let condition = match &value.kind {
        _ if value.is_lone_star() => Condition::Exists,
        TermKind::Text { text, quoted } => Condition::Equals { value: text.clone(), phrase: *quoted },
        TermKind::Bool(value) => Condition::Equals { value: bool_text(*value).to_owned(), phrase: false },
        TermKind::Null => Condition::Null,
        TermKind::Wildcard(pieces) => Condition::Like(Like::kql(pieces)),
    };
    let any = field.is_some_and(Term::is_lone_star);
    let Some(name) = name_of(field, path) else {
        // A bare value in a nested group becomes a field called `null`, which no index has.
        if !path.is_empty() {
            return Clause::Or(Vec::new());
        }
        return match condition {
            Condition::Exists => Clause::All,
            condition => Clause::Field { name: Name::Any, condition, span },
        };
    };
    if any && condition == Condition::Exists {
        return Clause::All;
    }
    Clause::Field { name, condition, span }
}

/// None for no field; a field name of unquoted `null` is the same to Kibana.
fn name_of(field: Option<&Term>, path: &str) -> Option<Name> {
    match &field?.kind {
        TermKind::Null => None,
        TermKind::Wildcard(pieces) => {
            let mut pieces = pieces.clone();
            if let Some(first) = pieces.first_mut() {
                first.insert_str(0, path);
            }
            Some(Name::Pattern(pieces.into()))
        }
        kind => Some(Name::exact(&[path, &text_of(kind)].concat())),
    }
}

/// The text of a term where no part of it has a meaning of its own.
fn text_of(kind: &TermKind) -> String {
    match kind {
        TermKind::Text { text, .. } => text.clone(),
        TermKind::Bool(value) => bool_text(*value).to_owned(),
        TermKind::Null => "null".to_string(),
        TermKind::Wildcard(pieces) => pieces.join("*"),
    }
}
