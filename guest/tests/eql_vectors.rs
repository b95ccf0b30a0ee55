//! The EQL vectors of the shared corpus: parse errors and their places, and trees. And the rules
//! of the corpus: each is printed as text that parses to its tree.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use firstseen_eql::ast::{
    ArithmeticOp, CompareOp, Constant, EventFilter, Expr, ExprKind, Field, Item, Literal, MatchOp, Pipe, Query,
    QueryKind,
};
use firstseen_eql::{Error, ErrorKind, parse};
use firstseen_tests::needs::corpus;
use serde::Deserialize;
use serde_json::{Value, json};
use toml::de::DeTable;

/// Vectors of which the place of the error was not read in Elasticsearch's sources, and why it is
/// another one here.
const OTHER_PLACES: [(&str, &str); 1] =
    [("eql-p292", "the missing event is shown, not the start of the sample that has it")];

/// One vector, in the form of the corpus. Those of other kinds than `parse` have other members.
#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    ast: Value,
    #[serde(default)]
    error: Value,
}

/// What a vector says of an error.
#[derive(Deserialize)]
struct Expected {
    kind: String,
    line: usize,
    column: usize,
    unverified: Option<String>,
}

fn vectors() -> Option<Vec<Vector>> {
    let path = corpus("eql-vectors.json").expect("the corpus")?;
    let text = std::fs::read_to_string(path).expect("the vectors can be read");
    let vectors: Vec<Vector> = serde_json::from_str(&text).expect("the vectors have their form");
    Some(vectors.into_iter().filter(|vector| vector.kind == "parse").collect())
}

#[test]
fn vectors_hold() {
    let Some(vectors) = vectors() else { return };
    let failures: Vec<String> = vectors
        .iter()
        .filter_map(|vector| run(vector).err().map(|why| format!("{} {:?}: {why}", vector.id, vector.query)))
        .collect();
    eprintln!("{} vectors, {} failed", vectors.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(vectors.len(), 182, "all are there");
}

fn run(vector: &Vector) -> Result<(), String> {
    match parse(&vector.query) {
        Ok(query) if vector.ok => equal(&tree(&query), &vector.ast).and_then(|()| reads_back(&query)),
        Err(error) if !vector.ok => {
            let expected = Expected::deserialize(&vector.error).expect("an error has its form");
            check_error(vector, &error, &expected).map_err(|why| format!("{why} ({error})"))
        }
        Ok(query) => Err(format!("parsed to {query:?}")),
        Err(error) => Err(error.render(&vector.query)),
    }
}

/// What a tree is printed as parses to an equal one.
fn reads_back(query: &Query) -> Result<(), String> {
    let printed = query.to_string();
    let again = parse(&printed).map_err(|error| format!("printed: {}", error.render(&printed)))?;
    equal(&again, query)
}

fn check_error(vector: &Vector, error: &Error, expected: &Expected) -> Result<(), String> {
    let kind = if is_syntax(error.kind) { "syntax" } else { "semantic" };
    equal(&kind, &expected.kind.as_str())?;
    let place = place(&vector.query, error.span.start);
    match OTHER_PLACES.iter().find(|(id, _)| *id == vector.id) {
        None => equal(&place, &(expected.line, expected.column)),
        Some(_) if expected.unverified.is_none() => Err("its place is certain".to_owned()),
        Some(_) if place == (expected.line, expected.column) => Err("its place is the same".to_owned()),
        Some(_) => Ok(()),
    }
}

/// Line and column, from 1, in characters.
fn place(query: &str, offset: usize) -> (usize, usize) {
    let before = &query[..offset];
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Whether it is one of the grammar, of which Elasticsearch reports the exact column.
fn is_syntax(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unexpected { .. }
            | ErrorKind::UnknownCharacter(_)
            | ErrorKind::WriteInstead { .. }
            | ErrorKind::KeywordCase { .. }
            | ErrorKind::UnclosedString
            | ErrorKind::UnclosedRawString
            | ErrorKind::UnclosedName
            | ErrorKind::UnclosedComment
            | ErrorKind::BadEscape(_)
            | ErrorKind::NotBeforeMatch { .. }
            | ErrorKind::NoConstant { .. }
            | ErrorKind::ChainedComparison
            | ErrorKind::ArrayIndex
            | ErrorKind::Relation
    )
}

fn equal<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}")) }
}

/// The tree in the notation of the vectors.
fn tree(query: &Query) -> Value {
    let mut tree = match &query.kind {
        QueryKind::Event(filter) => json!({"event": event(filter)}),
        QueryKind::Sequence(sequence) => json!({"sequence": {
            "by": keys(&sequence.by),
            "maxspan_ms": sequence.maxspan_ms,
            "stages": sequence.items.iter().map(stage).collect::<Value>(),
            "until": sequence.until.as_ref().map(stage),
        }}),
        QueryKind::Sample(sample) => json!({"sample": {
            "by": keys(&sample.by),
            "stages": sample.items.iter().map(sample_stage).collect::<Value>(),
        }}),
        other => panic!("{other:?}"),
    };
    if !query.pipes.is_empty() {
        tree["pipes"] = query.pipes.iter().map(pipe).collect();
    }
    tree
}

fn event(filter: &EventFilter) -> Value {
    json!({"category": filter.category, "where": expr(&filter.condition)})
}

fn sample_stage(item: &Item) -> Value {
    let mut stage = event(&item.filter);
    stage["by"] = keys(&item.by);
    stage
}

fn stage(item: &Item) -> Value {
    let mut stage = sample_stage(item);
    stage["missing"] = item.missing.into();
    stage["runs"] = item.runs.into();
    stage
}

fn keys(fields: &[Field]) -> Value {
    fields.iter().map(field).collect()
}

fn field(field: &Field) -> Value {
    json!({"name": field.name, "optional": field.optional})
}

fn pipe(pipe: &Pipe) -> Value {
    match pipe {
        Pipe::Head(count) => json!({"head": count}),
        Pipe::Tail(count) => json!({"tail": count}),
        other => panic!("{other:?}"),
    }
}

fn expr(part: &Expr) -> Value {
    let all = |parts: &[Expr]| parts.iter().map(expr).collect::<Value>();
    match &part.kind {
        ExprKind::Or(parts) => json!({"or": all(parts)}),
        ExprKind::And(parts) => json!({"and": all(parts)}),
        ExprKind::Not(negated) => json!({"not": expr(negated)}),
        ExprKind::Compare { op, left, right } => {
            let op = match op {
                CompareOp::Eq => "==",
                CompareOp::Ne => "!=",
                CompareOp::Lt => "<",
                CompareOp::Lte => "<=",
                CompareOp::Gt => ">",
                CompareOp::Gte => ">=",
            };
            json!({"cmp": {"op": op, "l": expr(left), "r": expr(right)}})
        }
        ExprKind::In { value, list, ignore_case } => {
            json!({"in": {"v": expr(value), "list": all(list), "ci": ignore_case}})
        }
        ExprKind::Match { op, value, patterns } => matched(*op, value, patterns),
        ExprKind::Arithmetic { op, left, right } => {
            let op = match op {
                ArithmeticOp::Add => "+",
                ArithmeticOp::Subtract => "-",
                ArithmeticOp::Multiply => "*",
                ArithmeticOp::Divide => "/",
                ArithmeticOp::Modulo => "%",
            };
            json!({"arith": {"op": op, "l": expr(left), "r": expr(right)}})
        }
        ExprKind::Negate(value) => json!({"neg": expr(value)}),
        ExprKind::Call { name, ignore_case, arguments } => {
            json!({"fn": {"name": name, "ci": ignore_case, "args": all(arguments)}})
        }
        ExprKind::Field(name) => json!({"field": field(name)}),
        ExprKind::Literal(value) => literal(value),
        other => panic!("{other:?}"),
    }
}

fn matched(op: MatchOp, value: &Expr, patterns: &[Constant]) -> Value {
    let list: Value = patterns.iter().map(|pattern| literal(&pattern.literal)).collect();
    let (name, ignore_case) = match op {
        MatchOp::Seq => return json!({"seq": {"v": expr(value), "list": list}}),
        MatchOp::Like => ("like", false),
        MatchOp::LikeInsensitive => ("like", true),
        MatchOp::Regex => ("regex", false),
        MatchOp::RegexInsensitive => ("regex", true),
    };
    json!({name: {"v": expr(value), "list": list, "ci": ignore_case}})
}

fn literal(value: &Literal) -> Value {
    match value {
        Literal::Null => json!({"lit": null, "t": "null"}),
        Literal::Bool(value) => json!({"lit": value, "t": "bool"}),
        Literal::Int(value) => json!({"lit": value, "t": "int"}),
        Literal::Long(value) => json!({"lit": value, "t": "long"}),
        Literal::UnsignedLong(value) => json!({"lit": value, "t": "ulong"}),
        Literal::Double(value) => json!({"lit": value, "t": "double"}),
        Literal::String(value) => json!({"lit": value, "t": "string"}),
        other => panic!("{other:?}"),
    }
}

/// The queries of the EQL rules of the corpus, each with the name of its file.
fn rules() -> Option<Vec<(String, String)>> {
    let folder = corpus("elastic").expect("the corpus")?;
    let rule = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("a rule can be read");
        let document = DeTable::parse(&text).expect("a rule is TOML");
        let rule = document.get_ref().get("rule")?.get_ref();
        let member = |name: &str| rule.get(name).and_then(|value| value.get_ref().as_str());
        let query = member("query")?;
        (member("language") == Some("eql")).then(|| (file.display().to_string(), query.to_owned()))
    };
    Some(files_below(&folder, "toml").into_iter().filter_map(rule).collect())
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path, extension),
            false if path.extension().is_some_and(|found| found == extension) => vec![path],
            false => Vec::new(),
        })
        .collect()
}

#[test]
fn rules_parse_and_print() {
    let Some(rules) = rules() else { return };
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut check = |text: &str| {
        let query = parse(text).map_err(|error| error.render(text))?;
        reads_back(&query)?;
        *counts.entry(form(&query)).or_default() += 1;
        Ok(())
    };
    let failures: Vec<String> =
        rules.iter().filter_map(|(file, text)| check(text).err().map(|why: String| format!("{file}: {why}"))).collect();
    eprintln!("{} rules, {} failed", rules.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(counts, BTreeMap::from([("event", 820), ("sequence", 197), ("sample", 3)]));
}

fn form(query: &Query) -> &'static str {
    match query.kind {
        QueryKind::Event(_) => "event",
        QueryKind::Sequence(_) => "sequence",
        QueryKind::Sample(_) => "sample",
        ref other => panic!("{other:?}"),
    }
}
