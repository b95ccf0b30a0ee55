//! From the tree to what Kibana would send to Elasticsearch.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use firstseen_query::{Clause, Condition, Like, Name, Part, Span};

use crate::ast::{Node, NodeKind, Operand, OperandKind, Query};

impl From<&Query> for Clause {
    /// As Kibana compiles it (`kbn-es-query`, `toElasticsearchQuery`).
    fn from(query: &Query) -> Self {
        of_node(query.root(), "")
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
                OperandKind::Null => Condition::Unbounded,
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

fn is(field: Option<&Operand>, value: &Operand, path: &str, span: Span) -> Clause {
    let condition = match &value.kind {
        _ if value.is_lone_star() => Condition::Exists,
        OperandKind::Text { text, quoted } => Condition::Equals { value: text.clone(), phrase: *quoted },
        OperandKind::Bool(value) => Condition::Equals { value: value.to_string(), phrase: false },
        OperandKind::Null => Condition::Null,
        OperandKind::Wildcard(pieces) => Condition::Like(like(pieces)),
    };
    let any = field.is_some_and(Operand::is_lone_star);
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
fn name_of(field: Option<&Operand>, path: &str) -> Option<Name> {
    match &field?.kind {
        OperandKind::Null => None,
        OperandKind::Wildcard(pieces) => {
            let mut pieces = pieces.clone();
            if let Some(first) = pieces.first_mut() {
                first.insert_str(0, path);
            }
            Some(Name::Pattern(pieces.into()))
        }
        kind => Some(Name::exact(&[path, &text_of(kind)].concat())),
    }
}

/// The text of an operand where no part of it has a meaning of its own.
fn text_of(kind: &OperandKind) -> String {
    match kind {
        OperandKind::Text { text, .. } => text.clone(),
        OperandKind::Bool(value) => value.to_string(),
        OperandKind::Null => "null".to_string(),
        OperandKind::Wildcard(pieces) => pieces.join("*"),
    }
}

/// The pattern of the pieces between the stars of a value.
fn like(pieces: &[String]) -> Like {
    let mut parts = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        if number > 0 {
            parts.push(Part::Any);
        }
        if !piece.is_empty() {
            parts.push(Part::Text(piece.clone()));
        }
    }
    Like { parts, ignore_case: false, splits: true }
}
