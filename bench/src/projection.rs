//! A rule that reads every field that others read, and never matches: what it
//! costs is the scan of the events alone.

use std::collections::BTreeSet;

use anyhow::Result;
use firstseen_bench_common::rules::{Rule, RuleSet};
use firstseen_query::{Clause, Name};
use serde_json::json;

/// A rule on all fields of the given rules, and how many those are.
pub(crate) fn of(set: &RuleSet) -> Result<(Rule, usize)> {
    let (query, fields) = query(set);
    let rule = json!({
        "rule_id": "projection", "version": 1, "name": "Projection", "description": "Reads all fields.",
        "type": "query", "language": "kuery", "from": "now-6m", "severity": "low", "risk_score": 1,
        "query": query,
    });
    Ok((Rule::of(rule.to_string())?, fields))
}

/// Its query, in KQL, and how many fields it reads.
fn query(set: &RuleSet) -> (String, usize) {
    let of_rule = |rule: &Rule| {
        let mut conditions = conditions(&rule.clause, "");
        conditions.extend(rule.new_terms_fields.iter().map(|field| exists(field)));
        conditions
    };
    let conditions: BTreeSet<String> = set.rules.iter().flat_map(of_rule).collect();
    let count = conditions.len();
    let any = conditions.into_iter().collect::<Vec<_>>().join(" or ");
    (format!("event.category:\"never\" and ({any})"), count)
}

/// A condition on each field that a clause names in full. `path` is that of the
/// nested objects around it with a dot at its end, or empty.
fn conditions(clause: &Clause, path: &str) -> BTreeSet<String> {
    match clause {
        Clause::And(clauses) | Clause::Or(clauses) => {
            clauses.iter().flat_map(|clause| conditions(clause, path)).collect()
        }
        Clause::Not(clause) => conditions(clause, path),
        Clause::Nested { path: inner, clause, .. } => {
            let within = conditions(clause, &[inner, "."].concat()).into_iter();
            within.map(|condition| format!("{}:{{ {condition} }}", escaped(relative(inner, path)))).collect()
        }
        Clause::Field { .. } | Clause::Script { .. } | Clause::All => {
            let mut conditions = BTreeSet::new();
            clause.for_each_field(&mut |name| {
                if let Name::Exact(name) = name {
                    conditions.insert(exists(relative(name, path)));
                }
            });
            conditions
        }
    }
}

/// A name within the nested objects at a path.
fn relative<'n>(name: &'n str, path: &str) -> &'n str {
    name.strip_prefix(path).unwrap_or(name)
}

/// `field:*`
fn exists(field: &str) -> String {
    format!("{}:*", escaped(field))
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
        let kql = |query: &str, terms: &str| {
            let rule = json!({ "type": "new_terms", "language": "kuery", "query": query, "new_terms_fields": [terms] });
            Rule::of(rule.to_string()).unwrap()
        };
        let eql = |query: &str| Rule::of(json!({ "type": "eql", "query": query }).to_string()).unwrap();
        let rules = vec![
            kql("a.b:1 and not (c:(x or y) or a.b:2)", "host.id"),
            kql("d > 3 or n:{ e:* and m:{ f:1 } } or f*:1 or bare", "c"),
            eql("process where c : \"x*\" and not startsWith(g, h) and i regex \"[ab]\""),
            eql("any where true"),
        ];
        let (query, fields) = query(&RuleSet { title: String::new(), rules });
        let own = "a.b:* or c:* or d:* or event.category:* or g:* or h:* or host.id:* or i:*";
        assert_eq!(query, format!("event.category:\"never\" and ({own} or n:{{ e:* }} or n:{{ m:{{ f:* }} }})"));
        assert_eq!(fields, 10);
        assert!(firstseen_bench_common::rules::kql(&query).is_ok());
    }
}
