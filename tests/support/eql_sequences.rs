//! Sequences by example: the sequence vectors of `eql-vectors.json`, and the cases of
//! Elastic's rules in `eql-sequence-cases.ndjson`, both of the shared corpus.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

use crate::mappings;
use crate::needs::corpus;

/// A rule, events in the order of their arrival, and the sequences that it finds.
#[derive(Debug)]
pub struct SequenceCase {
    /// Its name.
    pub name: String,
    /// The rule, as Kibana rule JSON.
    pub rule: Value,
    /// Field types that are laid over the built-in table, or are the whole truth.
    pub mapping: Value,
    /// Events with their `_id`s.
    pub events: Vec<SequenceEvent>,
    /// In the order of their ends.
    pub expected: Vec<FoundSequence>,
    /// What pipes take of them, in order.
    pub pipes: Vec<Taken>,
}

/// An event, and its `_id`.
#[derive(Debug, Clone)]
pub struct SequenceEvent {
    /// Its `_id`.
    pub id: String,
    /// The event without it, on one line.
    pub line: String,
}

/// The `_id`s of a sequence's events, none for a missing one, and its key.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSequence {
    /// The events.
    pub events: Vec<Option<String>>,
    /// The values of the key, where they are known.
    pub key: Option<Vec<Value>>,
}

/// What a pipe takes of the sequences that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The first ones.
    Head(usize),
    /// The last ones.
    Tail(usize),
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    query: String,
    #[serde(default)]
    mapping: BTreeMap<String, Value>,
    #[serde(default)]
    events: Vec<Map<String, Value>>,
    docs_file: Option<String>,
    #[serde(default)]
    expected: Vec<Expected>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize, Default)]
struct Options {
    tiebreaker_field: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    events: Vec<Option<String>>,
    join_keys: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct OfRule {
    rule_path: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    case: String,
    events: Vec<Map<String, Value>>,
    expected: Vec<Expected>,
}

/// The sequence vectors. None where the corpus is missing.
///
/// # Errors
///
/// When the files have another form, and those of [`corpus`].
pub fn vectors() -> Result<Option<Vec<SequenceCase>>> {
    let Some(path) = corpus("eql-vectors.json")? else { return Ok(None) };
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let all: Vec<Value> = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let of_kind = all.into_iter().filter(|vector| vector.get("kind").and_then(Value::as_str) == Some("sequence"));
    let cases = of_kind.map(|vector| serde_json::from_value::<Vector>(vector)?.case());
    let cases = cases.collect::<Result<Vec<_>>>()?;
    ensure!(!cases.is_empty(), "{}: no sequences", path.display());
    Ok(Some(cases))
}

/// The cases of Elastic's rules. None where the corpus is missing.
///
/// # Errors
///
/// When the files have another form, and those of [`corpus`].
pub fn cases() -> Result<Option<Vec<SequenceCase>>> {
    let (Some(path), Some(rules)) = (corpus("eql-sequence-cases.ndjson")?, corpus("elastic")?) else {
        return Ok(None);
    };
    let Some(types) = corpus("eql-field-types.json")? else { return Ok(None) };
    let types: BTreeMap<String, Value> = serde_json::from_str(&fs::read_to_string(&types)?)?;
    let mapping = mappings::over(&types);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut all = Vec::new();
    for line in text.lines() {
        let OfRule { rule_path, cases } = serde_json::from_str(line)?;
        let toml = fs::read_to_string(rules.join(&rule_path)).with_context(|| rule_path.clone())?;
        let rule = rule_of(&toml).with_context(|| rule_path.clone())?;
        for Case { case, events, expected } in cases {
            all.push(SequenceCase {
                name: format!("{rule_path}: {case}"),
                rule: rule.clone(),
                mapping: mapping.clone(),
                events: events.into_iter().map(SequenceEvent::of).collect::<Result<_>>()?,
                expected: expected.into_iter().map(FoundSequence::from).collect(),
                pipes: Vec::new(),
            });
        }
    }
    ensure!(!all.is_empty(), "{}: no cases", path.display());
    Ok(Some(all))
}

/// A rule of detection-rules by what its query needs: no index patterns, filters or
/// exceptions.
fn rule_of(toml: &str) -> Result<Value> {
    let document = DeTable::parse(toml).map_err(|error| anyhow!("{error}"))?;
    let rule = document.get_ref().get("rule").and_then(|rule| rule.get_ref().as_table()).context("no rule")?;
    let member = |name: &str| rule.get(name).map(|value| value.get_ref()).and_then(DeValue::as_str);
    let mut object = rule_with(member("query").context("no query")?);
    for name in ["rule_id", "event_category_override", "timestamp_field", "tiebreaker_field", "from"] {
        if let (Some(value), Some(members)) = (member(name), object.as_object_mut()) {
            members.insert(name.to_owned(), json!(value));
        }
    }
    Ok(object)
}

fn rule_with(query: &str) -> Value {
    json!({
        "rule_id": "vector", "name": "vector", "type": "eql", "language": "eql", "query": query,
        "severity": "low", "risk_score": 0, "max_signals": 1_000_000,
    })
}

/// Events whose times are moved out of the first ten seconds of 1970: to Elasticsearch a
/// number of four digits is a year.
fn moved(mut events: Vec<Map<String, Value>>) -> Vec<Map<String, Value>> {
    const BY_MS: i64 = 1_790_000_000_000;
    let times = |event: &Map<String, Value>| event.get("@timestamp").and_then(Value::as_i64);
    if events.iter().filter_map(times).any(|at_ms| (1_000..10_000).contains(&at_ms)) {
        for event in &mut events {
            if let Some(at_ms) = times(event) {
                event.insert("@timestamp".to_owned(), json!(at_ms + BY_MS));
            }
        }
    }
    events
}

impl Vector {
    fn case(self) -> Result<SequenceCase> {
        ensure!(self.kind == "sequence", "{}: no sequence", self.id);
        // What a pipe takes of the results of a search is taken of what is found.
        let mut parts = self.query.split('|');
        let query = parts.next().unwrap_or_default();
        let mut rule = rule_with(query);
        if let Some(members) = rule.as_object_mut() {
            // A search looks at all events there are, those of 1970 too.
            members.insert("from".to_owned(), json!("now-40000d"));
            members.extend(self.options.tiebreaker_field.map(|field| ("tiebreaker_field".to_owned(), json!(field))));
        }
        let events = match &self.docs_file {
            None => self.events,
            Some(file) => {
                let path = corpus(file)?.with_context(|| format!("{file} is not there"))?;
                let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?
            }
        };
        let pipe = |part: &str| match part.split_whitespace().collect::<Vec<_>>()[..] {
            ["head", count] => Ok(Taken::Head(count.parse()?)),
            ["tail", count] => Ok(Taken::Tail(count.parse()?)),
            _ => Err(anyhow!("{}: no pipe {part:?}", self.id)),
        };
        let pipes = parts.map(pipe).collect::<Result<_>>()?;
        Ok(SequenceCase {
            name: self.id,
            rule,
            mapping: mappings::only(&self.mapping),
            events: moved(events).into_iter().map(SequenceEvent::of).collect::<Result<_>>()?,
            expected: self.expected.into_iter().map(FoundSequence::from).collect(),
            pipes,
        })
    }
}

impl SequenceEvent {
    fn of(mut event: Map<String, Value>) -> Result<Self> {
        let id = event.remove("_id");
        let id = id.as_ref().and_then(Value::as_str).context("an event without `_id`")?.to_owned();
        Ok(Self { id, line: Value::Object(event).to_string() })
    }
}

impl From<Expected> for FoundSequence {
    fn from(expected: Expected) -> Self {
        Self { events: expected.events, key: expected.join_keys }
    }
}

impl SequenceCase {
    /// Checks what was found, in any order.
    ///
    /// # Errors
    ///
    /// What is missing, or too much.
    pub fn check(&self, found: Vec<FoundSequence>) -> Result<()> {
        let place = |id: &String| self.events.iter().position(|event| event.id == *id);
        let mut found = found;
        // In the order of their ends, then of their keys.
        found.sort_by_cached_key(|sequence| {
            let last = sequence.events.iter().flatten().filter_map(place).max();
            (last, sequence.key.as_ref().map(|key| Value::from(key.clone()).to_string()))
        });
        for pipe in &self.pipes {
            match pipe {
                Taken::Head(count) => found.truncate(*count),
                Taken::Tail(count) => drop(found.drain(..found.len().saturating_sub(*count))),
            }
        }
        let text = |sequence: &FoundSequence, with_key: bool| {
            let key = sequence.key.as_ref().filter(|_| with_key);
            json!([sequence.events, key]).to_string()
        };
        let with_keys = self.expected.iter().all(|sequence| sequence.key.is_some());
        let mut found: Vec<String> = found.iter().map(|sequence| text(sequence, with_keys)).collect();
        let mut expected: Vec<String> = self.expected.iter().map(|sequence| text(sequence, with_keys)).collect();
        found.sort();
        expected.sort();
        ensure!(found == expected, "{}: found {found:?}, expected {expected:?}", self.name);
        Ok(())
    }
}
