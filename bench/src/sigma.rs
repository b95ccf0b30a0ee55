//! KQL to Sigma, for what Sigma can say with the same meaning.
//!
//! Values of keywords are compared case by case, as Elasticsearch does
//! (`|cased`); what a value is, is decided by the field's type. What Sigma
//! cannot say, or would read otherwise, is [`Inexpressible`].

mod detection;
#[cfg(test)]
mod tests;

use std::fmt;

use firstseen_guest::mapping::built_in;
use firstseen_kql::ast::{Node, NodeKind, Operand, OperandKind};
use firstseen_query::{FieldType, RangeOp, Resolved};
use serde_json::{Value, json};

use detection::Detection;

/// Why a query has no Sigma form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inexpressible {
    /// KQL does not allow it either.
    NotKql,
    /// A value without a field: Sigma's keywords are searched otherwise.
    NoField,
    /// A pattern on field names.
    FieldPattern,
    /// `path:{ … }`.
    Nested,
    /// Words of a text, dates, versions: compared otherwise.
    Type,
    /// `null`, or a bound that is no number.
    Value,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    /// A field with its modifiers, and what it may be.
    Field(String, Vec<Value>),
}

/// A Sigma rule, as JSON: every JSON text is a YAML text.
pub(crate) fn rule(title: &str, query: &str) -> Result<String, Inexpressible> {
    let query = firstseen_kql::parse(query).map_err(|_| Inexpressible::NotKql)?;
    let tree = tree(query.root())?;
    Ok(json!({
        "title": title,
        "logsource": { "product": "linux" },
        "detection": Detection::of(&tree).into_json(),
        "level": "low",
    })
    .to_string())
}

fn tree(node: &Node) -> Result<Tree, Inexpressible> {
    match node.kind() {
        NodeKind::And(nodes) => nodes.iter().map(tree).collect::<Result<_, _>>().map(Tree::All),
        NodeKind::Or(nodes) => nodes.iter().map(tree).collect::<Result<_, _>>().map(any),
        NodeKind::Not(node) => Ok(Tree::Not(Box::new(tree(node)?))),
        NodeKind::Is { field: Some(field), value } => is(field_name(field)?, value),
        NodeKind::Is { field: None, .. } => Err(Inexpressible::NoField),
        NodeKind::Range { field, op, value } => range(field_name(field)?, *op, value),
        NodeKind::Nested { .. } => Err(Inexpressible::Nested),
        _ => Err(Inexpressible::NotKql),
    }
}

/// Values of one field become a list, which is how Sigma says `f:(a or b)`.
fn any(nodes: Vec<Tree>) -> Tree {
    let mut merged: Vec<Tree> = Vec::new();
    for node in nodes {
        if let Tree::Field(key, values) = &node {
            let same = merged.iter_mut().find_map(|other| match other {
                Tree::Field(other, all) if other == key && !key.ends_with("|exists") => Some(all),
                _ => None,
            });
            if let Some(all) = same {
                all.extend(values.iter().cloned());
                continue;
            }
        }
        merged.push(node);
    }
    match merged.len() {
        1 => merged.remove(0),
        _ => Tree::Any(merged),
    }
}

fn field_name(field: &Operand) -> Result<&str, Inexpressible> {
    match field.kind() {
        OperandKind::Text { text, .. } => Ok(text),
        _ => Err(Inexpressible::FieldPattern),
    }
}

fn is(field: &str, value: &Operand) -> Result<Tree, Inexpressible> {
    if value.is_lone_star() {
        return Ok(Tree::Field(format!("{field}|exists"), vec![Value::Bool(true)]));
    }
    let text = match value.kind() {
        OperandKind::Text { text, .. } => text.clone(),
        OperandKind::Bool(value) => value.to_string(),
        OperandKind::Wildcard(pieces) => {
            return match type_of(field) {
                Some(FieldType::Keyword { lowercase: false, .. } | FieldType::Dynamic) => {
                    let pieces: Vec<String> = pieces.iter().map(|piece| escaped(piece)).collect();
                    Ok(Tree::Field(format!("{field}|cased"), vec![pieces.join("*").into()]))
                }
                _ => Err(Inexpressible::Type),
            };
        }
        _ => return Err(Inexpressible::Value),
    };
    let leaf = |modifier: &str, value: Value| Ok(Tree::Field(format!("{field}{modifier}"), vec![value]));
    match type_of(field) {
        Some(FieldType::Keyword { lowercase: false, .. } | FieldType::Dynamic) => leaf("|cased", escaped(&text).into()),
        Some(FieldType::Keyword { lowercase: true, .. }) => leaf("", escaped(&text).into()),
        Some(FieldType::Boolean) => leaf("", Value::Bool(text.parse().map_err(|_| Inexpressible::Value)?)),
        Some(FieldType::Number(_)) => leaf("", number(&text)?),
        Some(FieldType::Ip) if text.contains('/') => leaf("|cidr", text.into()),
        Some(FieldType::Ip) => leaf("", escaped(&text).into()),
        _ => Err(Inexpressible::Type),
    }
}

fn range(field: &str, op: RangeOp, value: &Operand) -> Result<Tree, Inexpressible> {
    let OperandKind::Text { text, .. } = value.kind() else { return Err(Inexpressible::Value) };
    let Some(FieldType::Number(_)) = type_of(field) else { return Err(Inexpressible::Type) };
    let modifier = match op {
        RangeOp::Lt => "lt",
        RangeOp::Lte => "lte",
        RangeOp::Gt => "gt",
        RangeOp::Gte => "gte",
    };
    Ok(Tree::Field(format!("{field}|{modifier}"), vec![number(text)?]))
}

/// The type of a field whose values are where its name says.
fn type_of(field: &str) -> Option<FieldType> {
    match built_in().resolve(field) {
        Resolved::Field(resolved) if resolved.path == field => Some(resolved.field_type),
        _ => None,
    }
}

fn number(text: &str) -> Result<Value, Inexpressible> {
    let number = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from));
    number.ok().filter(Value::is_number).ok_or(Inexpressible::Value)
}

/// A text without wildcards, as Sigma has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl fmt::Display for Inexpressible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotKql => "not KQL",
            Self::NoField => "a value without a field",
            Self::FieldPattern => "a pattern on field names",
            Self::Nested => "nested objects",
            Self::Type => "a type that is compared otherwise",
            Self::Value => "a value that Sigma does not have",
        })
    }
}
