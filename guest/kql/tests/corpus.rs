//! The KQL vectors of the shared corpus: parse errors and their places, trees, verdicts.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failed assumption is a failed test")]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use firstseen_kql::ast::{Node, NodeKind, RangeOp, Term, TermKind};
use firstseen_kql::{ErrorKind, parse};
use serde_json::{Value, json};
use support::{Compiled, Leaves, compile};

fn vectors() -> Option<Vec<Value>> {
    let corpus = std::env::var_os("FIRSTSEEN_CORPUS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    let text = std::fs::read_to_string(corpus.join("kql-vectors.json")).ok()?;
    Some(serde_json::from_str(&text).expect("the vectors are JSON"))
}

/// A vector as Kibana's dialect has it, whatever dialect it was written for.
struct Vector<'a> {
    value: &'a Value,
    prefix: &'static str,
}

impl<'a> Vector<'a> {
    fn new(value: &'a Value) -> Self {
        let prefix = if value["dialect"] == "kibana" { "" } else { "kibana_" };
        Self { value, prefix }
    }

    fn get(&self, key: &str) -> &'a Value {
        &self.value[format!("{}{key}", self.prefix).as_str()]
    }

    fn query(&self) -> &'a str {
        self.value["query"].as_str().expect("a query")
    }

    fn events(&self) -> &'a [Value] {
        self.value["events"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// Counts by outcome; an outcome that starts with `FAILED` fails the test.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, usize>,
    failures: Vec<String>,
}

impl Tally {
    fn count(&mut self, outcome: impl Into<String>) {
        *self.counts.entry(outcome.into()).or_default() += 1;
    }

    fn check(&mut self, what: &str, vector: &Vector<'_>, result: Result<(), String>) {
        match result {
            Ok(()) => self.count(format!("passed: {what}")),
            Err(difference) => {
                self.count(format!("FAILED: {what}"));
                let id = &vector.value["id"];
                self.failures.push(format!("{id} {:?}: {difference}", vector.query()));
            }
        }
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("found {found:?}, expected {expected:?}"))
}

#[test]
fn vectors_hold() {
    let Some(vectors) = vectors() else {
        eprintln!("skipped: the corpus is not here; FIRSTSEEN_CORPUS can name its folder");
        return;
    };
    let mut tally = Tally::default();
    for value in &vectors {
        run(&Vector::new(value), &mut tally);
    }
    for (outcome, count) in &tally.counts {
        eprintln!("{count:5} {outcome}");
    }
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
}

fn run(vector: &Vector<'_>, tally: &mut Tally) {
    if vector.value["options"]["allowLeadingWildcards"] == false {
        return tally.count("excluded: leading wildcards are always allowed here");
    }
    let Some(ok) = vector.get("ok").as_bool() else {
        return tally.count("excluded: what Kibana does is not said");
    };
    let parsed = parse(vector.query());
    let query = match (parsed, ok) {
        (Ok(query), true) => query,
        (Err(error), false) => {
            tally.check("error", vector, Ok(()));
            if let Some(position) = vector.get("error_position").as_u64() {
                let before = &vector.query()[..error.span.start];
                let found = before.encode_utf16().count() as u64;
                tally.check("place of an error", vector, equal(&found, &position));
            }
            return;
        }
        (other, _) => {
            let difference = format!("parsed to {other:?}");
            return tally.check("error or not", vector, Err(difference));
        }
    };
    let tree = tree(query.root());
    let expected = without_halves(vector.get("ast"));
    tally.check("tree", vector, equal(&tree, &expected));
    match compile(&query) {
        Ok(compiled) => {
            tally.check("supported", vector, equal(&is_supported(&tree), &true));
            evaluate(vector, &compiled, tally);
        }
        Err(error) => {
            tally.check("unsupported", vector, equal(&is_supported(&tree), &false));
            let ErrorKind::Unsupported(construct) = error.kind else {
                panic!("{error:?}");
            };
            tally.count(format!("unsupported: {construct}"));
        }
    }
}

fn evaluate(vector: &Vector<'_>, compiled: &Compiled, tally: &mut Tally) {
    if vector.events().is_empty() {
        return;
    }
    if vector.value.get("kibana_diff").is_some() {
        return tally.count("excluded: the verdict is another dialect's");
    }
    if !compiled.fields.iter().all(|field| is_keyword(vector, field)) {
        return tally.count("excluded: field types other than keyword, and unmapped fields");
    }
    for case in vector.events() {
        let Some(expected) = case["match"].as_bool() else {
            tally.count("excluded: the search fails");
            continue;
        };
        let found = compiled.matches(&Leaves::of(&case["event"]));
        let result = equal(&found, &expected).map_err(|text| format!("{}: {text}", case["event"]));
        tally.check("verdict", vector, result);
    }
}

/// Is the field, or is all that the events have below it, mapped as a plain keyword?
fn is_keyword(vector: &Vector<'_>, field: &str) -> bool {
    let mapped = |name: &str| {
        let mapping = &vector.value["mapping"][name];
        [json!("keyword"), json!("wildcard"), json!({"type": "keyword"})].contains(mapping)
    };
    let is_below = |path: &str| path.strip_prefix(field).is_some_and(|rest| rest.starts_with('.'));
    let names = vector.value["mapping"].as_object();
    let is_object = names.is_some_and(|names| names.keys().any(|name| is_below(name)));
    mapped(field)
        || is_object
            && vector
                .events()
                .iter()
                .all(|case| Leaves::of(&case["event"]).paths().all(|path| !is_below(path) || mapped(path)))
}

/// The tree in the notation of the vectors.
fn tree(node: &Node) -> Value {
    let all = |nodes: &[Node]| nodes.iter().map(tree).collect::<Value>();
    match node.kind() {
        NodeKind::And(nodes) => json!({"and": all(nodes)}),
        NodeKind::Or(nodes) => json!({"or": all(nodes)}),
        NodeKind::Not(negated) => json!({"not": tree(negated)}),
        NodeKind::Is { field, value } => {
            json!({"is": {"field": field.as_deref().map(term), "value": term(value)}})
        }
        NodeKind::Range { field, op, value } => {
            let op = match op {
                RangeOp::Lt => "lt",
                RangeOp::Lte => "lte",
                RangeOp::Gt => "gt",
                RangeOp::Gte => "gte",
            };
            json!({"range": {"field": term(field), "op": op, "value": term(value)}})
        }
        NodeKind::Nested { path, query } => {
            json!({"nested": {"path": term(path), "query": tree(query)}})
        }
        other => panic!("{other:?}"),
    }
}

fn term(term: &Term) -> Value {
    match term.kind() {
        TermKind::Text { text, quoted } => json!({"t": "lit", "v": text, "q": quoted}),
        TermKind::Bool(value) => json!({"t": "lit", "v": value, "q": false}),
        TermKind::Null => json!({"t": "lit", "v": null, "q": false}),
        TermKind::Wildcard(pieces) => json!({"t": "wild", "parts": pieces}),
        other => panic!("{other:?}"),
    }
}

/// The vectors write half a surrogate pair as `<lone \uXXXX>`; here it is U+FFFD.
fn without_halves(tree: &Value) -> Value {
    match tree {
        Value::String(text) => {
            let mut parts = text.split("<lone \\u");
            let mut whole = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let (_, rest) = part.split_once('>').expect("a closing bracket");
                whole.push(char::REPLACEMENT_CHARACTER);
                whole.push_str(rest);
            }
            Value::String(whole)
        }
        Value::Array(values) => values.iter().map(without_halves).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.map(|(name, value)| (name.clone(), without_halves(value))).collect()
        }
        other => other.clone(),
    }
}

/// Does a tree in the notation of the vectors say no more than this crate evaluates?
fn is_supported(tree: &Value) -> bool {
    let Some((kind, content)) = tree.as_object().and_then(|tree| tree.iter().next()) else {
        panic!("{tree}");
    };
    match kind.as_str() {
        "and" | "or" => content.as_array().expect("operands").iter().all(is_supported),
        "not" => is_supported(content),
        "is" => {
            let is_star = |term: &Value| term["parts"] == json!(["", ""]);
            let (field, value) = (&content["field"], &content["value"]);
            match (field["t"].as_str(), value["t"].as_str()) {
                (Some("lit"), Some("lit")) => !field["v"].is_null() && !value["v"].is_null(),
                (Some("lit"), _) => !field["v"].is_null() || is_star(value),
                (Some(_), _) => is_star(field) && is_star(value),
                (None, _) => is_star(value),
            }
        }
        _ => false,
    }
}
