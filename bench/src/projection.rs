//! A rule that reads every field that others read, and never matches: what it
//! costs is the scan of the events alone.

use std::collections::BTreeSet;

use anyhow::Result;
use firstseen_bench_common::rules::{Rule, RuleSet};
use firstseen_kql::ast::{Node, NodeKind, Operand, OperandKind};
use serde_json::json;

/// A rule on all fields of the given rules, and how many those are.
pub(crate) fn of(set: &RuleSet) -> Result<(Rule, usize)> {
    let mut fields = BTreeSet::new();
    for rule in &set.rules {
        fields.extend(rule.new_terms_fields.iter().map(|field| exists(field)));
        add_fields(firstseen_kql::parse(&rule.query)?.root(), &exists, &mut fields);
    }
    let count = fields.len();
    let any = fields.into_iter().collect::<Vec<_>>().join(" or ");
    let rule = json!({
        "rule_id": "projection", "version": 1, "name": "Projection", "description": "Reads all fields.",
        "type": "query", "language": "kuery", "from": "now-6m", "severity": "low", "risk_score": 1,
        "query": format!("event.category:\"never\" and ({any})"),
    });
    Ok((Rule::of(rule.to_string())?, count))
}

/// `field:*`
fn exists(field: &str) -> String {
    format!("{}:*", escaped(field))
}

/// Adds a condition on each field that a node names in full; `condition` makes
/// it, within the nested objects that the node stands in.
fn add_fields(node: &Node, condition: &dyn Fn(&str) -> String, conditions: &mut BTreeSet<String>) {
    match node.kind() {
        NodeKind::And(nodes) | NodeKind::Or(nodes) => {
            nodes.iter().for_each(|node| add_fields(node, condition, conditions));
        }
        NodeKind::Not(node) => add_fields(node, condition, conditions),
        NodeKind::Is { field: Some(field), .. } | NodeKind::Range { field, .. } => {
            conditions.extend(text(field).map(condition));
        }
        NodeKind::Nested { path, query } => {
            let Some(path) = text(path) else { return };
            let within = |field: &str| condition(path).replace(":*", &format!(":{{ {} }}", exists(field)));
            add_fields(query, &within, conditions);
        }
        _ => {}
    }
}

fn text(operand: &Operand) -> Option<&str> {
    match operand.kind() {
        OperandKind::Text { text, .. } => Some(text),
        _ => None,
    }
}

/// A field name as KQL has it, unquoted.
fn escaped(field: &str) -> String {
    let mut text = String::new();
    for c in field.chars() {
        if "\\():<>\"*{} ".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_every_field_once() {
        let rule = |query: &str, terms: &str| {
            Rule::of(json!({ "query": query, "new_terms_fields": [terms] }).to_string()).unwrap()
        };
        let rules = vec![
            rule("a.b:1 and not (c:(x or y) or a.b:2)", "host.id"),
            rule("d > 3 or n:{ e:* } or f*:1 or bare", "c"),
        ];
        let (rule, fields) = of(&RuleSet { title: String::new(), rules }).unwrap();
        assert_eq!(fields, 5);
        assert_eq!(rule.query, r#"event.category:"never" and (a.b:* or c:* or d:* or host.id:* or n:{ e:* })"#);
        assert!(firstseen_kql::parse(&rule.query).is_ok());
    }
}
