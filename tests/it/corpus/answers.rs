//! That conditions are answered together changes nothing: rules in any company
//! match what they match when each is asked for itself, on events of the corpus
//! and on what can be made of them.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use firstseen::rule_files::load_rules;
use firstseen_guest::Engine;
use firstseen_guest::engine::{Answers, Context, Documents, Matching, Settings, Shortcuts};
use firstseen_tests::needs::corpus;
use serde_json::{Map, Value};

use super::say;
use super::verdicts::document_files;

/// Sets of rules, and events that each set is asked about.
const RULE_SETS: usize = 40;
const EVENTS: usize = 2_500;

/// Longest event that is taken: without shortcuts it takes its time.
const EVENT_BYTES_MAX: usize = 20_000;

const ARRIVAL_MS: i64 = 1_795_500_000_000;

/// A rule as Kibana rule JSON, by its name.
type Rule = (String, String);

#[test]
fn together_is_as_each_for_itself() -> Result<()> {
    let (Some(rules), Some(events)) = (corpus("elastic")?, corpus("events")?) else { return Ok(()) };
    let rules: Vec<Rule> =
        load_rules(&[rules]).rules.into_iter().map(|rule| (rule.document_name(), rule.json)).collect();
    let mut events_of = Events::default();
    for file in document_files(&events)?.keys() {
        let lines = fs::read_to_string(file)?;
        let lines = lines.lines().filter(|line| line.len() <= EVENT_BYTES_MAX / 2);
        events_of.all.extend(lines.filter_map(|line| serde_json::from_str(line).ok()));
    }
    let all: Vec<String> = events_of.all.iter().map(|event| Value::Object(event.clone()).to_string()).collect();
    let matching = judge(&rules, &all.join("\n"), Shortcuts::default())?.matches.into_iter();
    let matching = matching.filter_map(|(line, _)| events_of.all.get(line as usize));
    events_of.matching = matching.cloned().collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut pairs, mut matches) = (0, 0);
    for number in 0..RULE_SETS {
        // From a handful to all of them.
        let share = (number + 1) as f64 / RULE_SETS as f64;
        let set: Vec<Rule> = rules.iter().filter(|_| random.unit() < share * share).cloned().collect();
        let events: Vec<String> =
            (0..EVENTS).map(|_| random.event(&events_of)).collect::<Option<_>>().context("none")?;
        let batch = events.join("\n");
        let plain = judge(&set, &batch, Shortcuts { index: false, prefilter: false, answers: Answers::OneByOne })?;
        for answers in [Answers::Together, Answers::Cheapest] {
            for index in [false, true] {
                let shortcuts = Shortcuts { index, prefilter: index, answers };
                let found = judge(&set, &batch, shortcuts)?;
                let differ = found.matches.iter().zip(&plain.matches).find(|(one, other)| one != other);
                ensure!(found.matches == plain.matches, "{shortcuts:?}: {differ:?} of {} rules", set.len());
            }
        }
        pairs += EVENTS;
        matches += plain.matches.len();
    }
    ensure!(pairs >= 100_000 && matches > pairs / 10, "{matches} matches of {pairs} pairs");
    say(&format!("{pairs} pairs of a set of rules and an event, {matches} matches: the same in all ways"))
}

fn judge(rules: &[Rule], batch: &str, shortcuts: Shortcuts) -> Result<Matching> {
    let (mut engine, _) =
        Engine::new(&Documents::of_rules(rules.to_vec()), Settings { shortcuts, ..Settings::default() });
    if engine.rules().is_empty() {
        return Ok(Matching::default());
    }
    Ok(engine.match_events(batch, &Context::at(ARRIVAL_MS))?)
}

/// Events to choose from.
#[derive(Default)]
struct Events {
    all: Vec<Map<String, Value>>,
    /// Those that some rule matches.
    matching: Vec<Map<String, Value>>,
}

/// Numbers that look random, the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// An event as it is, or a changed one.
    fn event(&mut self, events: &Events) -> Option<String> {
        let mut pick = || {
            let events = if self.below(2) == 0 { &events.all } else { &events.matching };
            events.get(self.below(events.len())).cloned().map(Value::Object)
        };
        let (mut event, other) = (pick()?, pick()?);
        let changes = self.below(4);
        if changes == 3 {
            merge(&mut event, &other);
        }
        if changes > 0 {
            self.change(&mut event);
        }
        let line = event.to_string();
        Some(if line.len() > EVENT_BYTES_MAX || self.below(8) > 0 { line } else { escaped(&line) })
    }

    /// Changes some of the texts: repeated, padded, in capitals, in arrays.
    fn change(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|value| self.change(value)),
            Value::Array(elements) => elements.iter_mut().for_each(|value| self.change(value)),
            Value::String(text) if text.len() < 200 => match self.below(24) {
                0 => *text = text.repeat(2 + self.below(4)),
                1 => *text = format!("{}{text}", "a".repeat(self.below(40))),
                2 => *text = format!("{text} {}", "漢é🇩🇪".repeat(self.below(4))),
                3 => *text = text.to_uppercase(),
                4 => *text = text.replace(['\\', '/'], "-"),
                5 => *value = Value::from(vec![text.as_str(), "", "x", text.as_str()]),
                6 => *value = Value::from(self.next() % 1000),
                7 => *value = Value::Null,
                _ => {}
            },
            _ => {}
        }
    }
}

/// Puts the values of another event beside those of an event.
fn merge(event: &mut Value, other: &Value) {
    match (event, other) {
        (Value::Object(event), Value::Object(other)) => {
            for (name, value) in other {
                merge(event.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (event @ Value::Null, other) => *event = other.clone(),
        (event, Value::Object(_)) if !event.is_object() => {}
        (Value::Object(_), _) => {}
        (event, other) => *event = Value::from(vec![event.clone(), other.clone()]),
    }
}

/// The same event with an escape in it.
fn escaped(line: &str) -> String {
    line.replacen('e', "\\u0065", 3).replace('a', "\\u0061")
}
