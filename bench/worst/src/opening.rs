//! What an event says to have a rule go on with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use firstseen_query::{Clause, Condition, Like, Name, Part, RangeOp, ScriptExpr};

/// A value for each field that a clause asks to have one before it comes to a script, as far as
/// that is easily told: of alternatives the one with the script or else the first, nothing of what
/// is negated.
pub(crate) fn to(script: &Arc<ScriptExpr>, clause: &Clause) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    add(script, clause, &mut values);
    values
}

fn add(script: &Arc<ScriptExpr>, clause: &Clause, values: &mut BTreeMap<String, String>) {
    match clause {
        Clause::And(clauses) => clauses.iter().for_each(|clause| add(script, clause, values)),
        Clause::Or(clauses) => {
            let with_it = clauses.iter().find(|clause| has(clause, script));
            with_it.or(clauses.first()).into_iter().for_each(|clause| add(script, clause, values));
        }
        Clause::Field { name: Name::Exact(name), condition, .. } => {
            values.entry(name.to_string()).or_insert_with(|| value(condition));
        }
        _ => {}
    }
}

fn has(clause: &Clause, script: &Arc<ScriptExpr>) -> bool {
    match clause {
        Clause::And(clauses) | Clause::Or(clauses) => clauses.iter().any(|clause| has(clause, script)),
        Clause::Not(clause) | Clause::Nested { clause, .. } => has(clause, script),
        Clause::Script { expr, .. } => Arc::ptr_eq(expr, script),
        _ => false,
    }
}

fn value(condition: &Condition) -> String {
    match condition {
        Condition::Equals { value, .. } | Condition::Term { value, .. } => value.clone(),
        Condition::Like(Like { parts, .. }) => parts.iter().map(text).collect(),
        Condition::Regex(regex) => regex.required().to_owned(),
        Condition::Range(bounds) => bounds.first().map(|(op, bound)| beyond(*op, bound)).unwrap_or_default(),
        Condition::OneOf(conditions) => conditions.first().map(value).unwrap_or_default(),
        _ => "x".to_owned(),
    }
}

fn text(part: &Part) -> &str {
    match part {
        Part::Text(text) => text,
        Part::Any => "",
        Part::One => "x",
    }
}

/// A number on the right side of a bound; of other bounds they themselves.
fn beyond(op: RangeOp, bound: &str) -> String {
    let number = bound.parse::<i64>().map(|number| match op {
        RangeOp::Lt => number.saturating_sub(1),
        RangeOp::Gt => number.saturating_add(1),
        RangeOp::Lte | RangeOp::Gte => number,
    });
    number.map_or_else(|_| bound.to_owned(), |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use firstseen_bench_common::rules::eql;

    use super::*;

    fn script(clause: &Clause) -> Option<Arc<ScriptExpr>> {
        match clause {
            Clause::And(clauses) | Clause::Or(clauses) => clauses.iter().find_map(script),
            Clause::Script { expr, .. } => Some(Arc::clone(expr)),
            _ => None,
        }
    }

    #[test]
    fn it_has_what_is_asked_for() {
        let query = r#"process where process.name : ("a?b*", "c") and (process.pid > 4 or user.id == "x")
            and not host.name == "h" and user.name != null and process.args regex "[ab]+cd"
            and (user.id == "y" or host.id == "z" and startsWith(process.executable, process.command_line))"#;
        let clause = eql(query, "event.category").unwrap().unwrap();
        let opening = to(&script(&clause).unwrap(), &clause);
        let expected = [
            ("event.category", "process"),
            ("host.id", "z"),
            ("process.args", "cd"),
            ("process.name", "axb"),
            ("process.pid", "5"),
            ("user.name", "x"),
        ];
        assert_eq!(opening, expected.map(|(field, value)| (field.to_owned(), value.to_owned())).into());
    }
}
