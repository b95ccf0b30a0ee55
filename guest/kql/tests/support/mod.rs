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

use std::collections::BTreeMap;

use firstseen_kql::ast::{Node, NodeKind, Query, Term, TermKind};
use firstseen_kql::{Error, ErrorKind, Event, JsonStr, MAX_QUERY_BYTES, Program, Scalar, Slot, parse};
use serde_json::Value;

/// The values of an event by their path, each as its JSON text.
pub struct Leaves(BTreeMap<String, Vec<String>>);

impl Leaves {
    pub fn of(event: &Value) -> Self {
        let mut leaves = Self(BTreeMap::new());
        if let Value::Object(fields) = event {
            for (name, value) in fields {
                leaves.add(name, value);
            }
        }
        leaves
    }

    fn add(&mut self, path: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Array(values) => values.iter().for_each(|value| self.add(path, value)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.add(&format!("{path}.{name}"), value);
                }
            }
            scalar => {
                let values = self.0.entry(path.to_owned()).or_default();
                values.push(scalar.to_string());
            }
        }
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn json(&self, path: &str) -> &[String] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }

    /// The texts that a keyword field would hold.
    fn texts(&self, path: &str) -> Vec<String> {
        let decode = |json: &String| match serde_json::from_str(json) {
            Ok(Value::String(text)) => text,
            _ => json.clone(),
        };
        self.json(path).iter().map(decode).collect()
    }

    fn is_object(&self, path: &str) -> bool {
        let within = |other: &str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        self.paths().any(within)
    }
}

/// A program with the names of its slots.
pub struct Compiled {
    pub program: Program,
    pub fields: Vec<String>,
}

pub fn compile(query: &Query) -> Result<Compiled, Error> {
    let mut fields: Vec<String> = Vec::new();
    let program = Program::compile(query, &mut |name| {
        let known = fields.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            fields.push(name.to_owned());
            fields.len() - 1
        });
        Slot(u32::try_from(number).expect("few fields"))
    })?;
    Ok(Compiled { program, fields })
}

impl Compiled {
    pub fn matches(&self, leaves: &Leaves) -> bool {
        let fields = &self.fields;
        self.program.matches(&Projection { fields, leaves })
    }
}

struct Projection<'a> {
    fields: &'a [String],
    leaves: &'a Leaves,
}

impl Event for Projection<'_> {
    fn any(&self, slot: Slot, mut test: impl FnMut(Scalar<'_>) -> bool) -> bool {
        let Some(field) = self.fields.get(slot.0 as usize) else {
            panic!("{slot:?} was not given out");
        };
        let json = self.leaves.json(field);
        json.iter().any(|json| test(scalar(json))) || (self.leaves.is_object(field) && test(Scalar::Object))
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

/// What the tree says about an event; none if it says more than is supported.
pub fn naive(node: &Node, leaves: &Leaves) -> Option<bool> {
    let all = |nodes: &[Node]| -> Option<Vec<bool>> { nodes.iter().map(|node| naive(node, leaves)).collect() };
    match node.kind() {
        NodeKind::And(nodes) => all(nodes).map(|all| all.iter().all(|&one| one)),
        NodeKind::Or(nodes) => all(nodes).map(|all| all.iter().any(|&one| one)),
        NodeKind::Not(negated) => naive(negated, leaves).map(|negated| !negated),
        NodeKind::Is { field, value } => naive_is(field.as_deref(), value, leaves),
        _ => None,
    }
}

fn naive_is(field: Option<&Term>, value: &Term, leaves: &Leaves) -> Option<bool> {
    let any = value.is_lone_star();
    let name = match field.map(Term::kind) {
        None | Some(TermKind::Null) => return any.then_some(true),
        Some(TermKind::Wildcard(pieces)) => {
            let all_fields = pieces.len() == 2 && pieces.concat().is_empty();
            return (any && all_fields).then_some(true);
        }
        Some(TermKind::Text { text, .. }) => text.clone(),
        Some(TermKind::Bool(name)) => name.to_string(),
        Some(_) => return None,
    };
    let texts = leaves.texts(&name);
    match value.kind() {
        TermKind::Text { text, .. } => Some(texts.contains(text)),
        TermKind::Bool(value) => Some(texts.contains(&value.to_string())),
        TermKind::Wildcard(_) if any => Some(!texts.is_empty() || leaves.is_object(&name)),
        TermKind::Wildcard(pieces) => Some(texts.iter().any(|text| like(pieces, text))),
        _ => None,
    }
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

/// Any text parses to a tree or an error, and both can be shown.
pub fn check_parse(text: &str) {
    let shown = match parse(text) {
        Ok(query) => match compile(&query) {
            Ok(_) => return,
            Err(error) => {
                assert!(matches!(error.kind, ErrorKind::Unsupported(_)), "{error:?}");
                error
            }
        },
        Err(error) => error,
    };
    assert!(text.get(shown.span.range()).is_some(), "{shown:?}");
    let picture = shown.render(text);
    assert!(picture.starts_with(&shown.kind.to_string()));
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

/// The program and the tree agree on the event, and so do the required literals.
pub fn check_eval(text: &str, event: &Value) {
    let Ok(query) = parse(text) else { return };
    let leaves = Leaves::of(event);
    let expected = naive(query.root(), &leaves);
    let Ok(compiled) = compile(&query) else {
        assert_eq!(expected, None, "{text:?}");
        return;
    };
    let matched = compiled.matches(&leaves);
    assert_eq!(Some(matched), expected, "{text:?} on {event}");
    if matched {
        let texts: Vec<String> = leaves.paths().flat_map(|path| leaves.texts(path)).collect();
        for set in compiled.program.required_literals() {
            let found = set.iter().any(|one| texts.iter().any(|text| text.contains(one)));
            assert!(found, "{set:?} of {text:?} on {event}");
        }
    }
}
