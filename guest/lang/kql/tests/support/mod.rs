//! Events from JSON, an evaluator that is plain rather than fast, and the properties that hold
//! for any input. The fuzz targets use this file too.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "each test uses a part, and a failed assumption is a failed test"
)]

mod naive;

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use firstseen_kql::ast::Query;
use firstseen_kql::parse;
use firstseen_query::{
    Clause, Error, Event, FieldType, Findings, Joint, JsonStr, Layout, Leaves, MAX_QUERY_BYTES, Mapping, NumberType,
    Program, Scalar, Slot,
};
use serde_json::Value;

pub use naive::naive;

/// What `now` means.
pub const NOW_MS: i64 = 1_795_521_600_000;

/// A field of each kind that the naive evaluator knows; others are dynamic.
pub fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    mapping.insert("k", FieldType::Keyword { ignore_above: Some(4), lowercase: false });
    mapping.insert_multi("k.low", "k", FieldType::Keyword { ignore_above: None, lowercase: true });
    mapping.insert_multi("k.text", "k", FieldType::Text);
    mapping.insert("long", FieldType::Number(NumberType::Long));
    mapping.insert("flag", FieldType::Boolean);
    mapping.insert("o.k", FieldType::KEYWORD);
    mapping.insert("o.long", FieldType::Number(NumberType::Long));
    mapping.insert("flat", FieldType::Flattened { ignore_above: None });
    mapping.insert("n", FieldType::Nested);
    mapping.insert("n.k", FieldType::KEYWORD);
    mapping.insert("n.long", FieldType::Number(NumberType::Long));
    mapping.insert("closed.k", FieldType::KEYWORD);
    mapping.set_dynamic("closed", false);
    mapping.insert("closed.open.k", FieldType::KEYWORD);
    mapping.set_dynamic("closed.open", true);
    mapping.insert("m.k", FieldType::KEYWORD);
    mapping.insert("m.n", FieldType::Nested);
    mapping.insert("m.n.k", FieldType::KEYWORD);
    mapping.insert_multi("q.alias", "o.k", FieldType::KEYWORD);
    mapping
}

/// What a program reads, in the order it asked for it.
#[derive(Default)]
pub struct Reads(Vec<(Read, String, Option<Box<Reads>>)>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Values,
    Leaves,
    Objects,
}

impl Reads {
    fn slot(&mut self, read: Read, path: &str) -> usize {
        let known = self.0.iter().position(|(kind, known, _)| *kind == read && known == path);
        known.unwrap_or_else(|| {
            let inner = (read == Read::Objects).then(Box::default);
            self.0.push((read, path.to_owned(), inner));
            self.0.len() - 1
        })
    }

    fn get(&self, slot: Slot, read: Read) -> (&str, Option<&Self>) {
        let (kind, path, inner) = &self.0[slot.0 as usize];
        assert!(*kind == read, "{slot:?} was given out for something else");
        (path, inner.as_deref())
    }
}

fn numbered(place: usize) -> Slot {
    Slot(u32::try_from(place).expect("few slots"))
}

impl Layout for Reads {
    fn values(&mut self, path: &str) -> Slot {
        numbered(self.slot(Read::Values, path))
    }

    fn leaves(&mut self, path: &str) -> Slot {
        numbered(self.slot(Read::Leaves, path))
    }

    fn objects(&mut self, path: &str) -> (Slot, &mut dyn Layout) {
        let place = self.slot(Read::Objects, path);
        let inner = self.0[place].2.as_deref_mut().expect("objects have a layout");
        (numbered(place), inner)
    }
}

/// An event, or a nested object, with what is read of it.
pub struct Document<'a> {
    pub value: &'a Value,
    pub reads: &'a Reads,
}

impl Event for Document<'_> {
    fn now_ms(&self) -> i64 {
        NOW_MS
    }

    fn any(&self, slot: Slot, mut test: impl FnMut(Scalar<'_>) -> bool) -> bool {
        let (wanted, _) = self.reads.get(slot, Read::Values);
        leaves(self.value).iter().filter(|(path, _)| path == wanted).any(|(_, json)| test(scalar(json)))
    }

    fn any_leaf(&self, slot: Slot, mut test: impl FnMut(&str, Scalar<'_>) -> bool) -> bool {
        let (object, _) = self.reads.get(slot, Read::Leaves);
        leaves(self.value)
            .iter()
            .filter(|(path, _)| path == object || is_below(path, object))
            .any(|(path, json)| test(path, scalar(json)))
    }

    fn bytes_below(&self, _: Slot) -> usize {
        self.value.to_string().len()
    }

    fn any_object(&self, slot: Slot, mut test: impl FnMut(&Self) -> bool) -> bool {
        let (path, inner) = self.reads.get(slot, Read::Objects);
        let reads = inner.expect("objects have a layout");
        objects(self.value, path).into_iter().any(|value| test(&Document { value, reads }))
    }
}

pub fn is_below(path: &str, object: &str) -> bool {
    object.is_empty() || path.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'))
}

/// The paths of all values, and each as its JSON text.
pub fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk("", value, &mut |path, value| {
        if !value.is_object() {
            found.push((path.to_owned(), value.to_string()));
        }
    });
    found
}

/// The objects at a path.
pub fn objects<'a>(value: &'a Value, wanted: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    walk("", value, &mut |path, value| {
        if path == wanted && value.is_object() {
            found.push(value);
        }
    });
    found
}

/// Calls `visit` with all objects and scalars, arrays taken apart.
fn walk<'a>(path: &str, value: &'a Value, visit: &mut impl FnMut(&str, &'a Value)) {
    match value {
        Value::Null => {}
        Value::Array(values) => values.iter().for_each(|value| walk(path, value, visit)),
        Value::Object(fields) => {
            visit(path, value);
            for (name, value) in fields {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(&below, value, visit);
            }
        }
        scalar => visit(path, scalar),
    }
}

fn scalar(json: &str) -> Scalar<'_> {
    match json {
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        json => match json.strip_prefix('"').and_then(|json| json.strip_suffix('"')) {
            Some(raw) => Scalar::String(JsonStr::new(raw, raw.contains('\\'))),
            None => Scalar::Number(json),
        },
    }
}

/// A program and what it reads.
pub struct Compiled {
    pub program: Program,
    pub reads: Reads,
    joint: Joint,
}

/// Each of several queries says alone, and in both ways together with the others, what the naive
/// evaluator says. Answers with how many were compared with that, and how many of them matched.
pub fn check_together(queries: &[String], event: &Value) -> (usize, usize) {
    let (mut reads, mut leaves) = (Reads::default(), Leaves::default());
    let parsed: Vec<Query> = queries.iter().filter_map(|text| parse(text).ok()).collect();
    let compiled = parsed.iter().filter_map(|query| {
        let program = Program::compile_among(&Clause::from(query), &mapping(), &mut reads, &mut leaves).ok()?;
        Some((query, program))
    });
    let compiled: Vec<(&Query, Program)> = compiled.collect();
    let joint = Joint::new(&leaves);
    let document = Document { value: event, reads: &reads };
    let [mut cheapest, mut together] = [(); 2].map(|()| Findings::default());
    cheapest.begin(0, u64::MAX);
    together.begin(0, u64::MAX);
    together.answer_together();
    let (mut judged, mut matched) = (0, 0);
    for (query, program) in compiled {
        let matches = program.matches(&document);
        for findings in [&mut cheapest, &mut together] {
            assert_eq!(joint.judge(&program, &document, findings), Some(matches), "{query} on {event}");
        }
        if let Some(expected) = naive(query.root(), event) {
            assert_eq!(matches, expected, "{query} on {event}");
            judged += 1;
            matched += usize::from(matches);
        }
    }
    (judged, matched)
}

pub fn compile(query: &Query) -> Result<Compiled, Error> {
    let mut reads = Reads::default();
    let mut leaves = Leaves::default();
    let program = Program::compile_among(&Clause::from(query), &mapping(), &mut reads, &mut leaves)?;
    Ok(Compiled { program, reads, joint: Joint::new(&leaves) })
}

impl Compiled {
    /// By itself, and in both ways together with others.
    pub fn matches(&self, value: &Value) -> bool {
        let document = Document { value, reads: &self.reads };
        let matches = self.program.matches(&document);
        let mut findings = Findings::default();
        findings.begin(0, u64::MAX);
        assert_eq!(self.joint.judge(&self.program, &document, &mut findings), Some(matches), "one by one, {value}");
        findings.begin(0, u64::MAX);
        findings.answer_together();
        assert_eq!(self.joint.judge(&self.program, &document, &mut findings), Some(matches), "together, {value}");
        matches
    }
}

/// Any text parses to a tree or an error, and both can be shown.
pub fn check_parse(text: &str) {
    match parse(text) {
        Ok(query) => drop(compile(&query).map_err(|error| check_shown(&error, text))),
        Err(error) => check_shown(&error, text),
    }
}

fn check_shown<K: Debug + Display>(error: &Error<K>, text: &str) {
    assert!(text.get(error.span.range()).is_some(), "{error:?}");
    let picture = error.render(text);
    assert!(picture.starts_with(&error.cause()) && picture.contains(&error.kind.to_string()));
    assert!(picture.ends_with('^'));
}

/// What a tree is printed as parses to the same tree.
pub fn check_roundtrip(text: &str) {
    let Ok(query) = parse(text) else { return };
    let printed = query.to_string();
    if printed.len() <= MAX_QUERY_BYTES {
        assert_eq!(parse(&printed).as_ref(), Ok(&query), "{printed:?}");
    }
}

/// The program and the tree agree on the event, and what is required is there.
pub fn check_eval(text: &str, event: &Value) {
    let Ok(query) = parse(text) else { return };
    let Ok(compiled) = compile(&query) else { return };
    let matched = compiled.matches(event);
    if let Some(expected) = naive(query.root(), event) {
        assert_eq!(matched, expected, "{text:?} on {event}");
    }
    if !matched {
        return;
    }
    let texts: BTreeMap<String, Vec<String>> =
        leaves(event).into_iter().fold(BTreeMap::new(), |mut texts, (path, json)| {
            texts.entry(path).or_default().push(scalar(&json).text().into_owned());
            texts
        });
    for set in compiled.program.required_literals() {
        let found = set.iter().any(|one| texts.values().flatten().any(|text| text.contains(one)));
        assert!(found, "{set:?} of {text:?} on {event}");
    }
    for requirement in compiled.program.requirements() {
        let (path, _) = compiled.reads.get(requirement.slot, Read::Values);
        let values = texts.get(path).map_or(&[][..], Vec::as_slice);
        let found = values.iter().any(|value| requirement.texts.is_empty() || requirement.texts.contains(value));
        assert!(found, "{requirement:?} of {text:?} on {event}");
    }
}
