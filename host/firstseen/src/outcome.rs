//! What a batch gave.

use std::fmt;
use std::time::Duration;

use crate::ledger::StoredAlert;
use crate::wasm::Trap;

/// What evaluating a batch gave. The events flow on in any case.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// The alerts, ordered by the last of their lines. They are in the outbox
    /// until [`Detector::acknowledge`](crate::Detector::acknowledge).
    pub alerts: Vec<Alert>,
    /// Lines that are no events, ordered by line.
    pub malformed: Vec<MalformedLine>,
    /// Events that were not judged in full, ordered by line.
    pub unjudged: Vec<Unjudged>,
    /// Alerts that are lost, by rule: the outbox had no room for them, and their
    /// events do not come again.
    pub lost: Vec<LostAlerts>,
    /// What the operator should know of events that rules match, for example that
    /// the rule cannot see one; the first of it, ordered by line.
    pub remarks: Vec<Remark>,
    /// How many events each rule matched, of the rules that matched any, in
    /// order.
    pub matches: Vec<RuleMatches>,
    /// The numbers.
    pub counts: Counts,
    /// What it took.
    pub cost: Cost,
}

/// What evaluating a batch took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// Processor time in calls of the module, those that trapped included.
    pub module: Duration,
    /// Time in which the state made it safe.
    pub commit: Duration,
    /// Sightings that the state was asked about.
    pub sightings: u64,
}

/// An alert of a batch, or one that an earlier run left in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number in the outbox.
    pub number: u64,
    /// Lines of the batch whose events it is about, from 0, in the order of its
    /// sources; none for an alert that an earlier run left.
    pub lines: Vec<usize>,
    /// What is kept of it until a sink has it.
    pub stored: StoredAlert,
}

impl Alert {
    /// Line of the batch behind which it is due: the last of its lines.
    pub fn line(&self) -> Option<usize> {
        self.lines.last().copied()
    }
}

/// Alerts of a rule that the outbox had no room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostAlerts {
    /// `rule_id` of the rule; none for alerts of the module's own.
    pub rule_id: Option<String>,
    /// How many.
    pub alerts: u64,
}

/// How many events of a batch a rule matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleMatches {
    /// The rule's place among [`Detector::rules`](crate::Detector::rules).
    pub rule: usize,
    /// How many events.
    pub events: u64,
}

/// What the operator should know of an event that a rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Line of the batch, from 0.
    pub line: usize,
    /// The rule's place among [`Detector::rules`](crate::Detector::rules).
    pub rule: usize,
    /// The rest of a sentence that begins with the event, fit to be shown. It may
    /// quote the event.
    pub text: String,
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

/// Where a line stops making sense, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) offset: usize,
    pub(crate) fault: Fault,
}

impl Malformed {
    pub(crate) fn at(self, line: usize) -> MalformedLine {
        MalformedLine { line, offset: self.offset, fault: self.fault }
    }
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

/// An event that flowed on without being judged in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// Line of the batch, from 0.
    pub line: usize,
    /// Why.
    pub cause: NotJudged,
    /// The rules that did not judge it, by their places among
    /// [`Detector::rules`](crate::Detector::rules); empty: none did.
    pub rules: Vec<usize>,
}

/// Why an event was not judged in full.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotJudged {
    /// The module failed on it.
    Trap(Trap),
    /// It would cost more work than a line may.
    Work,
    /// It gives a rule more terms, or longer ones, than an event may give; those
    /// within the limits were judged.
    Terms,
}

/// What a module says of a line that was not judged in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnjudgedCause {
    Malformed(Malformed),
    Work,
    Terms,
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
    /// Events that were not judged in full, ordered by line.
    pub unjudged: Vec<Unjudged>,
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
    /// Sightings put off because the outbox was full.
    pub deferred_by_outbox: u64,
    /// Alerts lost because the outbox was full.
    pub lost: u64,
    /// Events that were not judged in full, and lines that are no events but begin
    /// as objects: each raises an alert of the module's own.
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
        self.deferred_by_outbox += other.deferred_by_outbox;
        self.lost += other.lost;
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

impl fmt::Display for NotJudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(trap) => trap.fmt(f),
            Self::Work => f.write_str("it would cost more work than a line may"),
            Self::Terms => f.write_str("it gives more or longer terms than an event may; the rest is left out"),
        }
    }
}
