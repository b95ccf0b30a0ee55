//! What a query asks of events in Sigma, as far as Sigma can say it with the same meaning.
//!
//! Values of keywords are compared case by case (`|cased`) unless the query ignores case, and a
//! pattern with stars at its ends alone is `|contains` and its kin, as one would write it. What a
//! value is, is decided by the field's type. What Sigma cannot say, or would read otherwise, is
//! [`Inexpressible`].
//!
//! Two differences are left. Where case is ignored, Sigma's engines do so for all letters of a
//! value, EQL for those of ASCII: a Kelvin sign is a `k` to them. And in rsigma-eval a star within a
//! pattern ends at a line break.

mod detection;
mod regex;
#[cfg(test)]
mod tests;

use std::fmt;

use firstseen_guest::mapping::built_in;
use firstseen_query::{Clause, Condition, FieldType, Like, Name, Part, RangeOp, Regex, Resolved};
use serde_json::{Value, json};

use detection::Detection;

/// Why a query has no Sigma form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inexpressible {
    /// The same for all events.
    Constant,
    /// A value without a field: Sigma's keywords are searched otherwise.
    NoField,
    /// A pattern on field names.
    FieldPattern,
    /// `path:{ … }`.
    Nested,
    /// Words of a text, dates, versions, and names for the values of other fields: compared
    /// otherwise.
    Type,
    /// `null`, a bound that is no number, or several bounds for one value.
    Value,
    /// Case is ignored of ASCII letters alone, in a text that has others.
    Case,
    /// A regular expression that Sigma's engines would read otherwise.
    Regex,
    /// What is computed of fields.
    Computed,
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
pub(crate) fn rule(title: &str, clause: &Clause) -> Result<String, Inexpressible> {
    let tree = tree(clause)?;
    Ok(json!({
        "title": title,
        "logsource": { "product": "linux" },
        "detection": Detection::of(&tree).into_json(),
        "level": "low",
    })
    .to_string())
}

fn tree(clause: &Clause) -> Result<Tree, Inexpressible> {
    match clause {
        Clause::All => Err(Inexpressible::Constant),
        Clause::And(clauses) => {
            let asked = clauses.iter().filter(|clause| **clause != Clause::All);
            all(asked.map(tree).collect::<Result<_, _>>()?)
        }
        Clause::Or(clauses) => any(clauses.iter().map(tree).collect::<Result<_, _>>()?),
        Clause::Not(clause) => Ok(Tree::Not(Box::new(tree(clause)?))),
        Clause::Field { name: Name::Exact(name), condition, .. } => field(name, condition),
        Clause::Field { name: Name::Pattern(_), .. } => Err(Inexpressible::FieldPattern),
        Clause::Field { name: Name::Any, .. } => Err(Inexpressible::NoField),
        Clause::Nested { .. } => Err(Inexpressible::Nested),
        Clause::Script { .. } => Err(Inexpressible::Computed),
    }
}

fn all(trees: Vec<Tree>) -> Result<Tree, Inexpressible> {
    let within = |tree| if let Tree::All(trees) = tree { trees } else { vec![tree] };
    one_or(trees.into_iter().flat_map(within).collect(), Tree::All)
}

/// Values of one field become a list, which is how Sigma says `f:(a or b)`.
fn any(trees: Vec<Tree>) -> Result<Tree, Inexpressible> {
    let within = |tree| if let Tree::Any(trees) = tree { trees } else { vec![tree] };
    let mut merged: Vec<Tree> = Vec::new();
    for tree in trees.into_iter().flat_map(within) {
        if let Tree::Field(key, values) = &tree {
            let same = merged.iter_mut().find_map(|other| match other {
                Tree::Field(other, all) if other == key && !key.ends_with("|exists") => Some(all),
                _ => None,
            });
            if let Some(all) = same {
                all.extend(values.iter().cloned());
                continue;
            }
        }
        merged.push(tree);
    }
    one_or(merged, Tree::Any)
}

fn one_or(mut trees: Vec<Tree>, several: fn(Vec<Tree>) -> Tree) -> Result<Tree, Inexpressible> {
    match trees.len() {
        0 => Err(Inexpressible::Constant),
        1 => Ok(trees.remove(0)),
        _ => Ok(several(trees)),
    }
}

fn field(name: &str, condition: &Condition) -> Result<Tree, Inexpressible> {
    match condition {
        Condition::Exists if is_its_own(name) => Ok(Tree::Field(format!("{name}|exists"), vec![Value::Bool(true)])),
        Condition::Exists => Err(Inexpressible::Type),
        Condition::Equals { value, .. } => equals(name, value, false),
        Condition::Term { value, ignore_case } => equals(name, value, *ignore_case),
        Condition::Like(like) => pattern(name, like),
        Condition::Regex(regex) => expression(name, regex),
        Condition::Range(bounds) => match &**bounds {
            [(op, bound)] => range(name, *op, bound),
            _ => Err(Inexpressible::Value),
        },
        Condition::OneOf(conditions) => {
            any(conditions.iter().map(|condition| field(name, condition)).collect::<Result<_, _>>()?)
        }
        _ => Err(Inexpressible::Value),
    }
}

fn equals(name: &str, value: &str, ignore_case: bool) -> Result<Tree, Inexpressible> {
    let leaf = |modifiers: &str, value: Value| Ok(Tree::Field(format!("{name}{modifiers}"), vec![value]));
    match type_of(name) {
        Some(FieldType::Boolean) => leaf("", Value::Bool(value.parse().map_err(|_| Inexpressible::Value)?)),
        Some(FieldType::Number(_)) => leaf("", number(value)?),
        Some(FieldType::Ip) if value.contains('/') => leaf("|cidr", value.into()),
        Some(FieldType::Ip) => leaf("", escaped(value).into()),
        _ => leaf(case(name, ignore_case, &[value])?, escaped(value).into()),
    }
}

/// As `|contains` and its kin where stars stand at the ends alone.
fn pattern(name: &str, like: &Like) -> Result<Tree, Inexpressible> {
    let texts: Vec<&str> = like.parts.iter().filter_map(text).collect();
    let case = case(name, like.ignore_case, &texts)?;
    let (operator, parts) = match &*like.parts {
        [Part::Any, part @ Part::Text(_), Part::Any] => ("|contains", std::slice::from_ref(part)),
        [part @ Part::Text(_), Part::Any] => ("|startswith", std::slice::from_ref(part)),
        [Part::Any, part @ Part::Text(_)] => ("|endswith", std::slice::from_ref(part)),
        parts => ("", parts),
    };
    let written = parts.iter().map(|part| match part {
        Part::Text(text) => escaped(text),
        Part::Any => "*".to_owned(),
        Part::One => "?".to_owned(),
    });
    Ok(Tree::Field(format!("{name}{operator}{case}"), vec![written.collect::<String>().into()]))
}

fn text(part: &Part) -> Option<&str> {
    if let Part::Text(text) = part { Some(text) } else { None }
}

fn expression(name: &str, regex: &Regex) -> Result<Tree, Inexpressible> {
    match type_of(name) {
        Some(FieldType::Keyword { lowercase: false, .. } | FieldType::Dynamic) => {}
        _ => return Err(Inexpressible::Type),
    }
    let written = regex::of_lucene(regex.pattern(), regex.ignores_case()).ok_or(Inexpressible::Regex)?;
    Ok(Tree::Field(format!("{name}|re"), vec![written.into()]))
}

fn range(name: &str, op: RangeOp, bound: &str) -> Result<Tree, Inexpressible> {
    let Some(FieldType::Number(_)) = type_of(name) else { return Err(Inexpressible::Type) };
    let modifier = match op {
        RangeOp::Lt => "lt",
        RangeOp::Lte => "lte",
        RangeOp::Gt => "gt",
        RangeOp::Gte => "gte",
    };
    Ok(Tree::Field(format!("{name}|{modifier}"), vec![number(bound)?]))
}

/// The modifier for how a keyword is compared with these texts; Sigma ignores case by itself.
fn case(name: &str, ignore_case: bool, texts: &[&str]) -> Result<&'static str, Inexpressible> {
    match type_of(name) {
        Some(FieldType::Keyword { lowercase: true, .. }) => Ok(""),
        Some(FieldType::Keyword { .. } | FieldType::Dynamic) if !ignore_case => Ok("|cased"),
        Some(FieldType::Keyword { .. } | FieldType::Dynamic) if texts.iter().all(|text| text.is_ascii()) => Ok(""),
        Some(FieldType::Keyword { .. } | FieldType::Dynamic) => Err(Inexpressible::Case),
        _ => Err(Inexpressible::Type),
    }
}

/// The type of a field whose values are where its name says.
fn type_of(name: &str) -> Option<FieldType> {
    match built_in().resolve(name) {
        Resolved::Field(resolved) if resolved.path == name => Some(resolved.field_type),
        _ => None,
    }
}

/// Whether it exists if there is a value of this name.
fn is_its_own(name: &str) -> bool {
    matches!(built_in().resolve(name), Resolved::Object) || type_of(name).is_some()
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
            Self::Constant => "the same for all events",
            Self::NoField => "a value without a field",
            Self::FieldPattern => "a pattern on field names",
            Self::Nested => "nested objects",
            Self::Type => "a type that is compared otherwise",
            Self::Value => "a value that Sigma does not have",
            Self::Case => "case is ignored of ASCII letters alone",
            Self::Regex => "a regular expression that is read otherwise",
            Self::Computed => "something that is computed",
        })
    }
}
