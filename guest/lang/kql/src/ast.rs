//! The syntax tree: what Kibana's parser makes of a query, with the place of each part.
//!
//! Its shape is Kibana's: a value group `f:(a or b)` is an `or` of two leaves on `f`,
//! operators of one level are one n-ary node, an empty query is `*:*`.
//!
//! Comparing trees ignores spans: two spellings of one query are equal.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use firstseen_query::{RangeOp, Span};

/// A parsed query, from [`parse`](crate::parse). `Display` writes it as KQL again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(crate) root: Node,
}

impl Query {
    /// The first value that begins with a star but is not `*` alone, if there is one. Kibana can be
    /// told to refuse such queries (`query:allowLeadingWildcards`), since Elasticsearch has to look
    /// at every term for them; for rules it never is.
    #[must_use]
    pub fn leading_wildcard(&self) -> Option<&Operand> {
        self.root.leading_wildcard()
    }

    /// The topmost node.
    #[must_use]
    pub const fn root(&self) -> &Node {
        &self.root
    }
}

/// One node of the tree and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) span: Span,
}

impl Node {
    /// What the node says.
    #[must_use]
    pub const fn kind(&self) -> &NodeKind {
        &self.kind
    }

    /// Where it stands, with its parentheses. For a leaf within a value group this is the value
    /// alone.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    fn leading_wildcard(&self) -> Option<&Operand> {
        match &self.kind {
            NodeKind::And(nodes) | NodeKind::Or(nodes) => nodes.iter().find_map(Self::leading_wildcard),
            NodeKind::Not(node) | NodeKind::Nested { query: node, .. } => node.leading_wildcard(),
            NodeKind::Is { value, .. } => value.has_leading_star().then_some(value),
            NodeKind::Range { .. } => None,
        }
    }

    /// `*:*`, which is also what an empty query means.
    pub(crate) fn match_all(span: Span) -> Self {
        let any = Operand::lone_star(span);
        let field = Some(Arc::new(any.clone()));
        Self { kind: NodeKind::Is { field, value: any }, span }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Node {}

/// The kinds of node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeKind {
    /// All of two or more nodes.
    And(Vec<Node>),
    /// Any of two or more nodes.
    Or(Vec<Node>),
    /// The opposite of a node.
    Not(Box<Node>),
    /// `field:value`, or a bare `value` when there is no field.
    Is {
        /// The field, shared by the leaves of one value group.
        field: Option<Arc<Operand>>,
        /// What is looked for.
        value: Operand,
    },
    /// `field < value` and its kin.
    Range {
        /// The field.
        field: Arc<Operand>,
        /// The comparison.
        op: RangeOp,
        /// The bound.
        value: Operand,
    },
    /// `path:{ query }`: one nested object must meet the query; field names inside are relative.
    Nested {
        /// The path of the nested objects.
        path: Arc<Operand>,
        /// What one object must meet.
        query: Box<Node>,
    },
}

/// A field name or a value, and where it stands.
#[derive(Clone, Debug)]
pub struct Operand {
    pub(crate) kind: OperandKind,
    pub(crate) span: Span,
}

impl Operand {
    /// What it says, escapes decoded.
    #[must_use]
    pub const fn kind(&self) -> &OperandKind {
        &self.kind
    }

    /// Where it stands, quotes included.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Is it one unquoted `*` and nothing else? (`**` is an ordinary wildcard, as in Kibana.)
    #[must_use]
    pub fn is_lone_star(&self) -> bool {
        matches!(&self.kind, OperandKind::Wildcard(pieces)
            if pieces.len() == 2 && pieces.iter().all(String::is_empty))
    }

    fn has_leading_star(&self) -> bool {
        matches!(&self.kind, OperandKind::Wildcard(pieces) if pieces.first().is_some_and(String::is_empty))
            && !self.is_lone_star()
    }

    pub(crate) fn lone_star(span: Span) -> Self {
        let kind = OperandKind::Wildcard(vec![String::new(), String::new()]);
        Self { kind, span }
    }
}

impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Operand {}

/// The kinds of operand.
///
/// Numbers are text here: what `200` means depends on the field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperandKind {
    /// Plain text. An escape of half a surrogate pair stands as U+FFFD.
    Text {
        /// The text, escapes decoded, unquoted text also trimmed.
        text: String,
        /// Whether it stood in quotes.
        quoted: bool,
    },
    /// Unquoted `true` or `false`.
    Bool(bool),
    /// Unquoted `null`.
    Null,
    /// Unquoted text with stars: the two or more pieces between them, some perhaps empty.
    Wildcard(Vec<String>),
}
