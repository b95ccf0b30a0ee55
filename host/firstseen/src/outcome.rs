//! What a batch gave.

use std::fmt;

use crate::wasm::Trap;

/// What evaluating a batch gave. The events flow on in any case.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// The alerts, ordered by line. They are in the outbox until
    /// [`Detector::acknowledge`](crate::Detector::acknowledge).
    pub alerts: Vec<Alert>,
    /// Lines that are no events, ordered by line.
    pub malformed: Vec<MalformedLine>,
    /// Events whose detection failed, ordered by line.
    pub unjudged: Vec<Unjudged>,
    /// The numbers.
    pub counts: Counts,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number in the outbox.
    pub number: u64,
    /// Line of the batch whose event raised it, from 0; `None` for an alert
    /// that was left in the outbox by an earlier run.
    pub line: Option<usize>,
    /// The rule's `rule_id`.
    pub rule_id: String,
    /// The new term, a canonical JSON array.
    pub term: String,
    /// `kibana.alert.uuid`.
    pub id: String,
    /// The alert document: one JSON object on one line, without newline.
    pub document: String,
}

/// A line that is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedLine {
    /// Line of the batch, from 0.
    pub line: usize,
    /// Byte of the line at which it stops making sense, from 0.
    pub offset: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// JSON, but not an object.
    NotAnObject,
    /// Not JSON.
    Syntax,
    /// It ends before the object does.
    Incomplete,
    /// It nests too deep.
    TooDeep,
    /// Not UTF-8.
    NotUtf8,
    /// Longer than the greatest length of a line.
    TooLong,
}

/// An event that flowed on without being judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// Line of the batch, from 0.
    pub line: usize,
    /// Why.
    pub cause: Trap,
}

/// Which rules match which events of a batch.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Matching {
    /// Lines that are not blank.
    pub events: u64,
    /// The matches, ordered by line, then by rule.
    pub matches: Vec<EventMatch>,
    /// Lines that are no events, ordered by line; counted among `events`.
    pub malformed: Vec<MalformedLine>,
}

/// A rule matches an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventMatch {
    /// Line of the batch, from 0.
    pub line: usize,
    /// The rule's place among [`Detector::rules`](crate::Detector::rules).
    pub rule: usize,
}

/// Counts of one or more batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that are not blank.
    pub events: u64,
    /// Lines that are no events; counted among `events`.
    pub malformed: u64,
    /// Pairs of event and rule that matched.
    pub matched: u64,
    /// Alerts raised.
    pub alerts: u64,
    /// Alerts held back because a rule is learning.
    pub held_back: u64,
    /// Sightings put off because a rule's quota was used up.
    pub deferred: u64,
    /// Events whose detection failed.
    pub unjudged: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.malformed += other.malformed;
        self.matched += other.matched;
        self.alerts += other.alerts;
        self.held_back += other.held_back;
        self.deferred += other.deferred;
        self.unjudged += other.unjudged;
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnObject => "not a JSON object",
            Self::Syntax => "not JSON",
            Self::Incomplete => "it ends too early",
            Self::TooDeep => "it nests too deep",
            Self::NotUtf8 => "not UTF-8",
            Self::TooLong => "longer than the greatest length of a line",
        })
    }
}
