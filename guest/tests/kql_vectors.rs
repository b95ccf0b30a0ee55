//! The KQL vectors of the shared corpus: parse errors and their places, trees, and verdicts on
//! events that the scanner reads.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;

use firstseen_guest::event::{Projection, Slots, scan};
use firstseen_guest::mapping::Fields;
use firstseen_kql::ast::{Node, NodeKind, Operand, OperandKind, Query};
use firstseen_kql::parse;
use firstseen_query::{Clause, Mapping, Program, RangeOp};
use firstseen_tests::mappings;
use firstseen_tests::needs::corpus;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What `now` means in the vectors: 2026-11-24T12:00:00Z.
const NOW_MS: i64 = 1_795_521_600_000;

/// One vector, in the form of the corpus. What a `kibana_` key says is what Kibana makes of a query
/// of another dialect.
#[derive(Deserialize)]
struct Vector {
    id: String,
    query: String,
    dialect: String,
    ok: bool,
    #[serde(default)]
    ast: Value,
    #[serde(default)]
    error_position: Option<usize>,
    #[serde(default)]
    mapping: BTreeMap<String, Value>,
    #[serde(default)]
    events: Vec<Case>,
    #[serde(default)]
    options: Value,
    kibana_ok: Option<bool>,
    #[serde(default)]
    kibana_ast: Value,
    #[serde(default)]
    kibana_error_position: Option<usize>,
    #[serde(default)]
    kibana_diff: Value,
}

#[derive(Deserialize)]
struct Case {
    event: Box<RawValue>,
    #[serde(rename = "match")]
    matches: Option<bool>,
}

fn vectors() -> Option<Vec<Vector>> {
    let path = corpus("kql-vectors.json").expect("the corpus")?;
    let text = std::fs::read_to_string(path).expect("the vectors can be read");
    Some(serde_json::from_str(&text).expect("the vectors have their form"))
}

impl Vector {
    fn is_kibana(&self) -> bool {
        self.dialect == "kibana"
    }

    /// Whether Kibana parses it; none if that is not said.
    fn parses(&self) -> Option<bool> {
        if self.is_kibana() { Some(self.ok) } else { self.kibana_ok }
    }

    fn tree(&self) -> &Value {
        if self.is_kibana() { &self.ast } else { &self.kibana_ast }
    }

    fn error_position(&self) -> Option<usize> {
        if self.is_kibana() { self.error_position } else { self.kibana_error_position }
    }

    /// The fields it lists, and no others.
    fn mapping(&self) -> Mapping {
        let document = mappings::only(&self.mapping).to_string();
        let mut fields = Fields::default();
        let warnings = fields.read(&document).expect("a mapping");
        assert!(warnings.is_empty(), "{}: {warnings:?}", self.id);
        fields.mapping()
    }
}

/// Counts by outcome.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, usize>,
    failures: Vec<String>,
}

impl Tally {
    fn count(&mut self, outcome: &str) {
        *self.counts.entry(outcome.to_owned()).or_default() += 1;
    }

    fn check(&mut self, what: &str, vector: &Vector, result: Result<(), String>) {
        match result {
            Ok(()) => self.count(&format!("passed: {what}")),
            Err(difference) => {
                self.count(&format!("FAILED: {what}"));
                self.failures.push(format!("{} {:?}: {difference}", vector.id, vector.query));
            }
        }
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}")) }
}

#[test]
fn vectors_hold() {
    let Some(vectors) = vectors() else { return };
    let mut tally = Tally::default();
    let mut failed_vectors = 0;
    for vector in &vectors {
        let before = tally.failures.len();
        run(vector, &mut tally);
        failed_vectors += usize::from(tally.failures.len() > before);
    }
    for (outcome, count) in &tally.counts {
        eprintln!("{count:5} {outcome}");
    }
    eprintln!("{} vectors, {failed_vectors} failed", vectors.len());
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
}

fn run(vector: &Vector, tally: &mut Tally) {
    let Some(parses) = vector.parses() else {
        return tally.count("skipped: what Kibana does is not said");
    };
    let allows_leading_wildcards = vector.options["allowLeadingWildcards"] != false;
    let query = match (parse(&vector.query), parses) {
        (Ok(query), parses) if !allows_leading_wildcards => {
            let refused = query.leading_wildcard().is_some();
            return tally.check("leading wildcard", vector, equal(&!refused, &parses));
        }
        (Ok(query), true) => query,
        (Err(error), false) => {
            tally.check("error", vector, Ok(()));
            if let Some(position) = vector.error_position() {
                let before = &vector.query[..error.span.start];
                tally.check("place of an error", vector, equal(&before.encode_utf16().count(), &position));
            }
            return;
        }
        (other, _) => {
            return tally.check("error or not", vector, Err(format!("parsed to {other:?}")));
        }
    };
    if !vector.tree().is_null() {
        tally.check("tree", vector, equal(&tree(query.root()), &without_halves(vector.tree())));
    }
    evaluate(vector, &query, tally);
}

fn evaluate(vector: &Vector, query: &Query, tally: &mut Tally) {
    if vector.events.is_empty() {
        return;
    }
    let mut projection = Projection::default();
    let program = Program::compile(&Clause::from(query), &vector.mapping(), &mut projection);
    if !vector.kibana_diff.is_null() {
        // The events are judged by the other dialect; Kibana raises an error.
        return tally.check("error of Kibana alone", vector, equal(&program.is_err(), &true));
    }
    for case in &vector.events {
        let found = match &program {
            Err(_) => None,
            Ok(program) => {
                let mut slots = Slots::new(&projection, NOW_MS);
                scan(case.event.get(), &mut slots).expect("an event is an object");
                Some(program.matches(&slots))
            }
        };
        let result = equal(&found, &case.matches).map_err(|text| match &program {
            Err(error) => format!("{}: {text} ({error})", case.event),
            Ok(_) => format!("{}: {text}", case.event),
        });
        tally.check("verdict", vector, result);
    }
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

fn term(term: &Operand) -> Value {
    match term.kind() {
        OperandKind::Text { text, quoted } => json!({"t": "lit", "v": text, "q": quoted}),
        OperandKind::Bool(value) => json!({"t": "lit", "v": value, "q": false}),
        OperandKind::Null => json!({"t": "lit", "v": null, "q": false}),
        OperandKind::Wildcard(pieces) => json!({"t": "wild", "parts": pieces}),
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
