//! That conditions are answered together changes nothing: rules in any company
//! match what they match when each is asked for itself, on events of the corpus
//! and on what can be made of them.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use firstseen::rule_files::load_rules;
use firstseen_guest::Engine;
use firstseen_guest::engine::{Answers, Context, Documents, Matching, Settings, Shortcuts};
use firstseen_tests::needs::corpus;
use firstseen_tests::rng::Rng;
use serde_json::{Map, Value};

use super::pairs::document_files;
use super::say;

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
    let mut random = Rng(13);
    let (mut pairs, mut matches) = (0, 0);
    for number in 0..RULE_SETS {
        // From a handful to all of them.
        let share = (number + 1) * (number + 1);
        let set = rules.iter().filter(|_| random.place(RULE_SETS * RULE_SETS) < share);
        let set: Vec<Rule> = set.cloned().collect();
        let events: Vec<String> =
            (0..EVENTS).map(|_| event(&mut random, &events_of)).collect::<Option<_>>().context("none")?;
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

/// An event as it is, or a changed one.
fn event(random: &mut Rng, events: &Events) -> Option<String> {
    let mut pick = || {
        let events = if random.place(2) == 0 { &events.all } else { &events.matching };
        events.get(random.place(events.len())).cloned().map(Value::Object)
    };
    let (mut event, other) = (pick()?, pick()?);
    let changes = random.place(4);
    if changes == 3 {
        merge(&mut event, &other);
    }
    if changes > 0 {
        change(random, &mut event);
    }
    let line = event.to_string();
    Some(if line.len() > EVENT_BYTES_MAX || random.place(8) > 0 { line } else { escaped(&line) })
}

/// Changes some of the texts: repeated, padded, in capitals, in arrays.
fn change(random: &mut Rng, value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|value| change(random, value)),
        Value::Array(elements) => elements.iter_mut().for_each(|value| change(random, value)),
        Value::String(text) if text.len() < 200 => match random.place(24) {
            0 => *text = text.repeat(2 + random.place(4)),
            1 => *text = format!("{}{text}", "a".repeat(random.place(40))),
            2 => *text = format!("{text} {}", "漢é🇩🇪".repeat(random.place(4))),
            3 => *text = text.to_uppercase(),
            4 => *text = text.replace(['\\', '/'], "-"),
            5 => *value = Value::from(vec![text.as_str(), "", "x", text.as_str()]),
            6 => *value = Value::from(random.next_u64() % 1000),
            7 => *value = Value::Null,
            _ => {}
        },
        _ => {}
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
