//! Events that were not judged in full: no one may stay unseen by writing
//! events that cannot be judged, so each raises an alert of its own.

use core::ops::Range;
use std::collections::BTreeMap;

use firstseen_query::is_forbidden;
use serde_json::{Value, json};

use crate::alert::{EventIdentity, NotJudged, Source, Template};
use crate::evaluation::{UnjudgedCause, UnjudgedLine};
use crate::event::{Fault, check};
use crate::matching::{Context, Loaded};
use crate::rule::{Fields, Rule};
use crate::state::{Quota, Sighting};
use crate::terms::canonical;

/// The rule that such alerts are of, as Kibana rule JSON.
const NOT_FULLY_JUDGED: &str = include_str!("../rules/event_not_fully_judged.json");

/// Most of the lines of a batch that are asked about: they come out of events,
/// and no more than the rule's `max_signals` could alert.
const ASKED_MAX: usize = 1_000;

/// How long an event is known, in milliseconds: delivered again within a day it
/// raises no other alert.
const WINDOW_MS: u64 = 24 * 60 * 60 * 1000;

/// How much of an event that cannot be read is shown, in bytes.
const BEGINNING_BYTES: usize = 1024;

/// Ids of rules that an alert names; the rest are counted.
const RULES_NAMED_MAX: usize = 100;

/// A line that the host does not show to the module.
#[derive(Clone, Debug)]
pub struct SetApart {
    /// Line of the batch, from 0.
    pub line: u32,
    /// Why.
    pub cause: SetApartCause,
    /// Identity of the event.
    pub event: String,
    /// How the line begins.
    pub beginning: String,
}

/// Why a line is not shown to the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetApartCause {
    /// Longer than the host takes.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
    /// The module failed on it.
    Failed,
}

/// The rule of the alerts about such events.
#[derive(Debug)]
pub(crate) struct NotFullyJudged {
    pub(crate) template: Template,
    /// Key of its history.
    history: String,
    quota: Quota,
}

/// An event that was not judged in full, and may raise an alert.
#[derive(Debug)]
pub(crate) struct Unjudged {
    pub(crate) line_number: u32,
    /// Its bytes in the batch; nothing of a line that was set apart.
    pub(crate) line: Range<usize>,
    pub(crate) event: EventIdentity,
    why: Why,
    /// Places of the rules that did not judge it; empty: none did.
    rules: Vec<u32>,
    /// How a line that was set apart begins.
    beginning: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Why {
    Found(UnjudgedCause),
    SetApart(SetApartCause),
}

impl NotFullyJudged {
    /// Reads the rule; it is one that can be read.
    pub(crate) fn read() -> Option<Self> {
        let object: Value = serde_json::from_str(NOT_FULLY_JUDGED).ok()?;
        let object = object.as_object()?;
        let fields = Fields::read(object, &BTreeMap::new()).ok()?;
        let history = fields.kind.meaning().history(&fields.rule_id);
        let template = Template::new(object, Some(NOT_FULLY_JUDGED), &fields).ok()?;
        Some(Self { template, history, quota: fields.quota })
    }

    /// What is asked about an event. The same reason is told once.
    pub(crate) fn sighting(&self, unjudged: &Unjudged, context: &Context) -> Sighting {
        Sighting {
            history: self.history.clone(),
            term: canonical(&[json!(unjudged.event.key()), json!(unjudged.why.key())]),
            at_ms: context.arrival_ms,
            window_ms: WINDOW_MS,
            event: unjudged.event.key(),
            quota: self.quota,
        }
    }
}

impl Unjudged {
    /// Those of a batch that begin as objects, in order of their lines.
    pub(crate) fn of_batch(batch: &str, loaded: &Loaded, context: &Context, found: &[UnjudgedLine]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut lines = (0..).zip(line_ranges(batch)).peekable();
        for UnjudgedLine { line, cause, rules } in found {
            while lines.next_if(|(number, _)| number < line).is_some() {}
            let Some((_, range)) = lines.peek() else { break };
            let text = batch.get(range.clone()).unwrap_or_default();
            if begins_as_object(text) {
                let id = loaded.id_of_line(text, *line, context);
                let event = EventIdentity::new(id.as_deref(), text.trim_ascii());
                let (why, rules) = (Why::Found(*cause), rules.clone());
                let (line_number, line) = (*line, range.clone());
                all.push(Self { line_number, line, event, why, rules, beginning: None });
            }
            if all.len() == ASKED_MAX {
                break;
            }
        }
        let set_apart = context.set_apart.iter().filter(|line| begins_as_object(&line.beginning));
        all.extend(set_apart.take(ASKED_MAX).map(|SetApart { line, cause, event, beginning }| Self {
            line_number: *line,
            line: 0..0,
            event: EventIdentity::of_digest(context.id_of(*line), event),
            why: Why::SetApart(*cause),
            rules: Vec::new(),
            beginning: Some(beginning.clone()),
        }));
        all.sort_by_key(|unjudged| unjudged.line_number);
        all.truncate(ASKED_MAX);
        all
    }

    /// What its alert is about: the event, or what can be shown of it.
    pub(crate) fn source(&self, line: &str) -> Source {
        let is_event = self.beginning.is_none() && check(line).is_ok();
        if is_event {
            return Source::read(line);
        }
        let beginning = self.beginning.as_deref().unwrap_or(line);
        let end = beginning.floor_char_boundary(BEGINNING_BYTES);
        let shown = |c: char| if is_forbidden(c) { char::REPLACEMENT_CHARACTER } else { c };
        let shown: String = beginning.get(..end).unwrap_or_default().chars().map(shown).collect();
        Source::read(&json!({ "message": shown }).to_string())
    }

    /// What its alert says of it.
    pub(crate) fn not_judged(&self, rules: &[Rule]) -> NotJudged {
        let ids = self.rules.iter().filter_map(|&place| rules.get(place as usize));
        let rules: Vec<String> = ids.map(|rule| rule.rule_id.clone()).collect();
        let by = match rules.len() {
            0 => "by any rule".to_owned(),
            1 => format!("in full by rule {}", rules.concat()),
            count => format!("in full by {count} rules"),
        };
        let sentence = format!("It was not judged {by}: {}.", self.why.sentence());
        NotJudged { key: self.why.key(), sentence, rules: rules.into_iter().take(RULES_NAMED_MAX).collect() }
    }

    /// The values that the alert's id is made of, beside its event.
    pub(crate) fn terms(&self) -> [Value; 1] {
        [json!(self.why.key())]
    }
}

impl Why {
    /// A name that stays.
    fn key(self) -> &'static str {
        match self {
            Self::Found(UnjudgedCause::Malformed(malformed)) => match malformed.fault {
                Fault::NotAnObject => "not-an-object",
                Fault::Syntax => "not-json",
                Fault::Incomplete => "incomplete",
                Fault::TooDeep => "too-deep",
            },
            Self::Found(UnjudgedCause::Work) => "work",
            Self::Found(UnjudgedCause::Terms) => "terms",
            Self::SetApart(SetApartCause::TooLong) => "too-long",
            Self::SetApart(SetApartCause::NotUtf8) => "not-utf8",
            Self::SetApart(SetApartCause::Failed) => "failed",
        }
    }

    fn sentence(self) -> String {
        match self {
            Self::Found(UnjudgedCause::Malformed(malformed)) => {
                let what = match malformed.fault {
                    Fault::NotAnObject => "it is no JSON object",
                    Fault::Syntax => "it is not JSON",
                    Fault::Incomplete => "it ends before its JSON object does",
                    Fault::TooDeep => "it nests deeper than an event may",
                };
                format!("{what} (byte {})", malformed.offset)
            }
            Self::Found(UnjudgedCause::Work) => "that would cost more work than an event may".to_owned(),
            Self::Found(UnjudgedCause::Terms) => "it has more or longer terms than an event may".to_owned(),
            Self::SetApart(SetApartCause::TooLong) => "it is longer than an event may be".to_owned(),
            Self::SetApart(SetApartCause::NotUtf8) => "it is not UTF-8".to_owned(),
            Self::SetApart(SetApartCause::Failed) => "the detection module failed on it".to_owned(),
        }
    }
}

/// Whether Elasticsearch could take a line for a document.
fn begins_as_object(line: &str) -> bool {
    line.trim_start_matches('\u{feff}').trim_ascii_start().starts_with(['{', '/', '#'])
}

fn line_ranges(batch: &str) -> impl Iterator<Item = Range<usize>> {
    let ends = memchr::memchr_iter(b'\n', batch.as_bytes()).chain(std::iter::once(batch.len()));
    ends.scan(0, |start, end| Some(std::mem::replace(start, end + 1)..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_can_be_read() {
        let rule = NotFullyJudged::read().unwrap();
        assert_eq!(rule.quota, Quota { max: 100, per_ms: 300_000 });
        assert!(rule.history.contains(&rule.template.rule_id));
    }

    #[test]
    fn what_could_be_a_document() {
        for line in ["{", " {\"a\":1", "\u{feff}{}", "/*x*/{}", "// x"] {
            assert!(begins_as_object(line), "{line}");
        }
        for line in ["", "[1]", "Nov 29 10:00:00 host x", "\"{\""] {
            assert!(!begins_as_object(line), "{line}");
        }
    }
}
