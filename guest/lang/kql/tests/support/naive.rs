//! What a tree says about an event, worked out the obvious way from the JSON.

use firstseen_kql::ast::{Node, NodeKind, Operand, OperandKind};
use firstseen_query::RangeOp;
use serde_json::Value;

use super::{is_below, leaves, objects};

/// None for what is not judged here: conditions without a field or on a pattern of names, and what
/// Elasticsearch answers with an error.
pub fn naive(node: &Node, event: &Value) -> Option<bool> {
    judge(node, event, "")
}

fn judge(node: &Node, object: &Value, group: &str) -> Option<bool> {
    let all = |nodes: &[Node]| -> Option<Vec<bool>> { nodes.iter().map(|node| judge(node, object, group)).collect() };
    match node.kind() {
        NodeKind::And(nodes) => all(nodes).map(|all| all.iter().all(|&one| one)),
        NodeKind::Or(nodes) => all(nodes).map(|all| all.iter().any(|&one| one)),
        NodeKind::Not(negated) => judge(negated, object, group).map(|negated| !negated),
        NodeKind::Is { field, value } => is(field.as_deref(), value, object, group),
        NodeKind::Range { field, op, value } => range(field, *op, value, object, group),
        NodeKind::Nested { path, query } => {
            let path = text_of(path)?;
            if path != "n" || !group.is_empty() {
                return None;
            }
            let judged: Option<Vec<bool>> =
                objects(object, "n").into_iter().map(|object| judge(query, object, "n.")).collect();
            judged.map(|judged| judged.contains(&true))
        }
        _ => None,
    }
}

fn is(field: Option<&Operand>, value: &Operand, object: &Value, group: &str) -> Option<bool> {
    let any = value.is_lone_star();
    if any && field.is_none_or(Operand::is_lone_star) {
        return group.is_empty().then_some(true).or(field.map(|_| true));
    }
    let name = text_of(field?)?;
    let test: Box<dyn Fn(&str) -> bool> = match value.kind() {
        _ if any => Box::new(|_| true),
        OperandKind::Text { text, quoted } => {
            let (text, quoted) = (text.clone(), *quoted);
            match kind_of(&name, group) {
                Kind::Keyword { limit } if text.encode_utf16().count() > limit => Box::new(|_| false),
                Kind::Keyword { .. } | Kind::Flat => Box::new(move |value| *value == *text),
                // Of other letters each is folded by itself, which `to_lowercase` does not do.
                Kind::Low if !text.is_ascii() => return None,
                Kind::Low => Box::new(move |value| value.eq_ignore_ascii_case(&text)),
                Kind::Words if !has_plain_words(&text) => return None,
                Kind::Words => Box::new(move |value| {
                    let (value, wanted) = (words(value), words(&text));
                    match quoted {
                        true => !wanted.is_empty() && value.windows(wanted.len()).any(|row| row == wanted),
                        false => wanted.iter().any(|word| value.contains(word)),
                    }
                }),
                Kind::Long => {
                    let wanted: i64 = text.parse().ok()?;
                    Box::new(move |value| value.parse() == Ok(wanted))
                }
                Kind::Flag if text == "true" || text == "false" => Box::new(move |value| *value == *text),
                Kind::Unmapped => Box::new(|_| false),
                Kind::Flag | Kind::Other => return None,
            }
        }
        OperandKind::Wildcard(pieces) => {
            let pieces = pieces.clone();
            match kind_of(&name, group) {
                Kind::Keyword { .. } | Kind::Flat => Box::new(move |value| like(&pieces, value)),
                Kind::Unmapped => Box::new(|_| false),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(values(&name, object, group)?.iter().any(|value| test(value)))
}

fn range(field: &Operand, op: RangeOp, value: &Operand, object: &Value, group: &str) -> Option<bool> {
    let (name, bound) = (text_of(field)?, text_of(value)?);
    let order: Box<dyn Fn(&str) -> std::cmp::Ordering> = match kind_of(&name, group) {
        Kind::Keyword { .. } | Kind::Flat => Box::new(move |value| value.as_bytes().cmp(bound.as_bytes())),
        Kind::Long => {
            let bound: i64 = bound.parse().ok()?;
            Box::new(move |value| value.parse::<i64>().expect("a long").cmp(&bound))
        }
        _ => return None,
    };
    let holds = |order: std::cmp::Ordering| match op {
        RangeOp::Lt => order.is_lt(),
        RangeOp::Lte => order.is_le(),
        RangeOp::Gt => order.is_gt(),
        RangeOp::Gte => order.is_ge(),
    };
    Some(values(&name, object, group)?.iter().any(|value| holds(order(value))))
}

enum Kind {
    Keyword { limit: usize },
    Low,
    Words,
    Long,
    Flag,
    Flat,
    Unmapped,
    Other,
}

fn kind_of(name: &str, group: &str) -> Kind {
    match (group, name) {
        ("", "k") => Kind::Keyword { limit: 4 },
        ("", "o.k" | "closed.k") | ("n.", "k") => Kind::Keyword { limit: usize::MAX },
        ("", "k.low") => Kind::Low,
        ("", "k.text") => Kind::Words,
        ("", "long" | "o.long") | ("n.", "long") => Kind::Long,
        ("", "flag") => Kind::Flag,
        ("", "flat") => Kind::Flat,
        ("", name) if is_below(name, "flat") && name.len() > 5 => Kind::Flat,
        ("", name) if is_below(name, "closed") && !is_below(name, "closed.open") && name != "closed.open" => {
            Kind::Unmapped
        }
        _ => Kind::Other,
    }
}

/// What a field indexes of the values that an event has for it. None where that is not judged.
fn values(name: &str, object: &Value, group: &str) -> Option<Vec<String>> {
    let kind = kind_of(name, group);
    let path = match kind {
        Kind::Low | Kind::Words => "k",
        _ => name,
    };
    let at = |leaf: &str| leaf == path || (name == "flat" && is_below(leaf, "flat"));
    let texts = leaves(object).into_iter().filter(|(leaf, _)| at(leaf)).map(|(_, json)| json);
    let decoded = texts.map(|json| match serde_json::from_str(&json) {
        Ok(Value::String(text)) => (text, true),
        _ => (json, false),
    });
    Some(match kind {
        Kind::Keyword { limit } => {
            decoded.map(|(text, _)| text).filter(|text| text.encode_utf16().count() <= limit).collect()
        }
        Kind::Flat => decoded.map(|(text, _)| text).collect(),
        Kind::Low => decoded.map(|(text, _)| text.is_ascii().then_some(text)).collect::<Option<Vec<_>>>()?,
        Kind::Words => decoded.map(|(text, _)| has_plain_words(&text).then_some(text)).collect::<Option<Vec<_>>>()?,
        // Only plain whole numbers are judged; how others are cut is the number's own test.
        Kind::Long => decoded
            .filter(|(text, _)| text != "true" && text != "false")
            .map(|(text, quoted)| match text.parse::<i64>() {
                Ok(number) => Some(Some(number.to_string())),
                Err(_) if quoted && !text.contains(|c: char| c.is_ascii_digit()) && !text.contains("NaN") => Some(None),
                Err(_) => None,
            })
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect(),
        Kind::Flag => decoded
            .filter_map(|(text, quoted)| match &*text {
                "" => Some("false".to_owned()),
                "true" | "false" => Some(text),
                _ => {
                    let _ = quoted;
                    None
                }
            })
            .collect(),
        Kind::Unmapped => Vec::new(),
        Kind::Other => return None,
    })
}

fn text_of(term: &Operand) -> Option<String> {
    match term.kind() {
        OperandKind::Text { text, .. } => Some(text.clone()),
        OperandKind::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Is it plain which words a text has?
fn has_plain_words(text: &str) -> bool {
    text.len() < 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || " -+/()[]\n".contains(c))
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
}

/// Lays the pieces over the text, keeping all places where the last one can end.
fn like(pieces: &[String], text: &str) -> bool {
    let (first, others) = pieces.split_first().expect("two or more pieces");
    let mut ends: Vec<usize> = text.starts_with(first.as_str()).then_some(first.len()).into_iter().collect();
    for piece in others {
        let Some(&least) = ends.first() else {
            return false;
        };
        ends = (least..=text.len())
            .filter(|&at| text.as_bytes()[at..].starts_with(piece.as_bytes()))
            .map(|at| at + piece.len())
            .collect();
    }
    ends.contains(&text.len())
}
