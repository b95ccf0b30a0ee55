//! Which rules match which events of a batch.

use core::ops::ControlFlow;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use firstseen_query::{Findings, Joint, Scalar, Slot};

use crate::alert::{EventIdentity, Format, Template};
use crate::candidates::{self, Candidates};
use crate::evaluation::{EvaluateError, Matching, UnjudgedCause, UnjudgedLine, note_not_judged_at_all, note_unjudged};
use crate::event::{self, Projection, Slots, check, scan};
use crate::lines::{LinePlace, Lines};
use crate::prefilter::Prefilter;
use crate::rule::{Clock, Rule};
use crate::target::{ByTarget, Target, Targets};
use crate::unjudged::{NotFullyJudged, SetApart};

/// Greatest length of an `_id` in bytes, as Elasticsearch has it.
const MAX_ID: usize = 512;

/// What a batch is evaluated with. Lists that go by line are empty, or as long
/// as the batch has lines.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Indices and data streams that events are bound for.
    pub targets: Vec<String>,
    /// For each line the place of its target in `targets`, a place beyond the end
    /// where it is not known; empty: all lines are bound for the first one.
    pub target_of: Vec<u32>,
    /// Arrival time in epoch milliseconds.
    pub arrival_ms: i64,
    /// `_id` of each line, "" for none. One that Elasticsearch would not take,
    /// over 512 bytes, is none.
    pub ids: Vec<String>,
    /// How much work a line may cost: a unit for each of its bytes that is looked
    /// at, and one for each byte of the terms that it gives.
    pub line_work_max: Option<u64>,
    /// Lines that are not in the batch, in order; an empty one stands for each.
    pub set_apart: Vec<SetApart>,
}

impl Context {
    /// That of a batch that arrived at a time, of which no more is known.
    pub fn at(arrival_ms: i64) -> Self {
        Self { arrival_ms, ..Self::default() }
    }

    /// The target of a line.
    fn target_of(&self, line_number: u32) -> Option<&str> {
        let place = match self.target_of.get(line_number as usize) {
            Some(&place) => place as usize,
            None => 0,
        };
        self.targets.get(place).map(String::as_str)
    }

    /// The `_id` that the wire gives of a line, if it is one that Elasticsearch
    /// would take.
    pub(crate) fn id_of(&self, line_number: u32) -> Option<&str> {
        self.ids.get(line_number as usize).map(String::as_str).filter(|id| is_id(id))
    }

    /// Whether lines may cost so much work.
    pub(crate) fn allows(&self, work: u64) -> bool {
        self.line_work_max.is_none_or(|most| work <= most)
    }

    fn check(&self, line_count: usize) -> Result<(), EvaluateError> {
        for (length, what) in [(self.ids.len(), "ids"), (self.target_of.len(), "targets")] {
            if length != 0 && length != line_count {
                return Err(EvaluateError::Invalid(format!("{length} {what} for {line_count} lines")));
            }
        }
        Ok(())
    }
}

/// Whether Elasticsearch would take a text for an `_id`.
fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
}

/// What an engine was made of. It stays as it is.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) clock: Clock,
    pub(crate) format: Format,
    pub(crate) space: String,
    pub(crate) projection: Projection,
    /// The field that has the `_id` of an event.
    pub(crate) event_id: Option<Slot>,
    pub(crate) target: Target,
    pub(crate) by_target: ByTarget,
    pub(crate) rules: Vec<Rule>,
    /// What the alerts of each say.
    pub(crate) templates: Vec<Template>,
    pub(crate) candidates: Candidates,
    pub(crate) prefilter: Option<Prefilter>,
    /// The rule of events that were not judged in full.
    pub(crate) not_fully_judged: Option<NotFullyJudged>,
    /// None: each condition is answered for itself.
    pub(crate) joint: Option<Joint>,
    /// Whether no condition is.
    pub(crate) is_always_together: bool,
}

/// What is kept from batch to batch to spare work. Nothing that an engine
/// answers depends on it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    scan: event::Memory,
    targets: Targets,
    candidates: candidates::Memory,
    findings: Findings,
}

/// A rule that matches an event.
pub(crate) struct Match<'e, 'p, 'a> {
    pub(crate) event: &'e Slots<'p, 'a>,
    pub(crate) place: LinePlace,
    pub(crate) line: &'a str,
    /// Place of the rule.
    pub(crate) number: usize,
    pub(crate) rule: &'e Rule,
    /// What the event is bound for.
    pub(crate) index: Option<&'e Rc<str>>,
    /// Of a rule about several events the items that it meets.
    pub(crate) met: &'e [usize],
    identity: &'e OnceCell<Rc<EventIdentity>>,
}

impl Match<'_, '_, '_> {
    /// Which event it is.
    pub(crate) fn identity(&self, loaded: &Loaded, context: &Context) -> Rc<EventIdentity> {
        let identity = || {
            let id = loaded.id_of(self.event, context.id_of(self.place.number));
            EventIdentity::new(id.as_deref(), self.line.trim_ascii())
        };
        Rc::clone(self.identity.get_or_init(|| Rc::new(identity())))
    }
}

impl Loaded {
    /// Reads each event from a place on once and hands over each rule that
    /// matches it, on the first line those behind `after_rule` only. Answers with
    /// the number of events, or `None` if `take` broke off.
    pub(crate) fn each_match<'a>(
        &self,
        batch: &'a str,
        context: &Context,
        memory: &mut Memory,
        (place, mut after_rule): (LinePlace, Option<usize>),
        unjudged: &mut Vec<UnjudgedLine>,
        mut take: impl FnMut(Match<'_, '_, 'a>, &mut Vec<UnjudgedLine>) -> Result<ControlFlow<()>, EvaluateError>,
    ) -> Result<Option<u32>, EvaluateError> {
        if self.rules.is_empty() {
            return Err(EvaluateError::NotConfigured);
        }
        let scan_memory = std::mem::take(&mut memory.scan);
        let mut event = Slots::with_memory(&self.projection, context.arrival_ms, scan_memory);
        let mut lines = Lines::new(batch, self.prefilter.as_ref(), place);
        let mut is_broken_off = false;
        'lines: for (place, line) in &mut lines {
            let after_rule = after_rule.take();
            memory.findings.begin(line.len(), context.line_work_max.unwrap_or(u64::MAX));
            if !memory.findings.spend(line.len() as u64) {
                note_not_judged_at_all(unjudged, place.number, UnjudgedCause::Work);
                continue;
            }
            if self.is_always_together {
                memory.findings.answer_together();
            }
            if let Err(malformed) = scan(line, &mut event) {
                note_not_judged_at_all(unjudged, place.number, UnjudgedCause::Malformed(malformed));
                continue;
            }
            let known = context.target_of(place.number);
            let (index, of_target) = memory.targets.rules_of(&self.target, &event, known, &self.by_target);
            let mut is_checked = false;
            let identity = OnceCell::new();
            for number in self.candidates.of(&event, of_target, &mut memory.candidates) {
                let Some(rule) = self.rules.get(number) else { continue };
                let matches = match &self.joint {
                    Some(joint) => rule.judge(&event, context.arrival_ms, joint, &mut memory.findings),
                    None => Some(rule.matches(&event, context.arrival_ms)),
                };
                // Those that are through were judged once more, so that the work is counted as
                // it was.
                if matches == Some(false) || after_rule.is_some_and(|last| number <= last) {
                    continue;
                }
                let met = match (&rule.stages, matches) {
                    (Some(stages), Some(_)) => stages.met(&event, self.joint.as_ref(), &mut memory.findings),
                    (_, matches) => matches.map(|_| Vec::new()),
                };
                let Some(met) = met else {
                    note_unjudged(unjudged, place.number, UnjudgedCause::Work, number as u32);
                    continue;
                };
                // What the scan stepped over may be anything.
                if !is_checked && let Err(malformed) = check(line) {
                    note_not_judged_at_all(unjudged, place.number, UnjudgedCause::Malformed(malformed));
                    break;
                }
                is_checked = true;
                let found = Match { event: &event, place, line, number, rule, index, met: &met, identity: &identity };
                if take(found, unjudged)?.is_break() {
                    is_broken_off = true;
                    break 'lines;
                }
            }
        }
        memory.scan = event.into_memory();
        if is_broken_off {
            return Ok(None);
        }
        context.check(lines.line_count() as usize)?;
        Ok(Some(lines.events()))
    }

    /// The `_id` of an event: what the wire gives, else the only value of the field
    /// that has it.
    fn id_of<'i>(&self, event: &Slots<'_, 'i>, given: Option<&'i str>) -> Option<Cow<'i, str>> {
        if let Some(given) = given {
            return Some(Cow::Borrowed(given));
        }
        let mut values = event.values(self.event_id?);
        match (values.next(), values.next()) {
            (Some(Scalar::String(text)), None) => Some(text.decode()).filter(|text| is_id(text)),
            _ => None,
        }
    }

    /// The `_id` of a line, as far as it can be read.
    pub(crate) fn id_of_line(&self, line: &str, line_number: u32, context: &Context) -> Option<String> {
        let mut event = Slots::new(&self.projection, context.arrival_ms);
        if self.event_id.is_some() {
            // A part of the line may do.
            let _ = scan(line, &mut event);
        }
        self.id_of(&event, context.id_of(line_number)).map(Cow::into_owned)
    }

    /// The index or data stream a line is bound for, as far as it can be read.
    pub(crate) fn index_of(&self, line: &str, line_number: u32, context: &Context) -> Option<Rc<str>> {
        let mut event = Slots::new(&self.projection, context.arrival_ms);
        // A part of the line may do.
        let _ = scan(line, &mut event);
        self.target.name(&event, context.target_of(line_number)).map(Rc::from)
    }

    /// All matches of a batch, `matches_max` at most.
    pub(crate) fn match_events(
        &self,
        batch: &str,
        context: &Context,
        memory: &mut Memory,
        matches_max: usize,
    ) -> Result<Matching, EvaluateError> {
        let mut matching = Matching::default();
        let Matching { matches, unjudged, .. } = &mut matching;
        let events = self.each_match(batch, context, memory, Default::default(), unjudged, |found, _| {
            if matches.len() >= matches_max {
                let cause = format!("more than {matches_max} matches in a batch; pass smaller ones");
                return Err(EvaluateError::Invalid(cause));
            }
            matches.push((found.place.number, found.number as u32));
            Ok(ControlFlow::Continue(()))
        })?;
        matching.events = events.unwrap_or_default();
        Ok(matching)
    }
}
