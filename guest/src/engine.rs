//! The detection engine: rules in, batches through, alerts out.
//!
//! A batch goes one way: scan each line once, match each rule, collect the
//! terms, ask the host's state once for all of them, write the alerts.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::alert::{Alert, Format, Source, alert_id, event_id};
use crate::candidates::{self, Candidates};
use crate::document::RuleError;
pub use crate::evaluation::{EvaluateError, Evaluation, Matching, Raised};
use crate::event::{self, Malformed, Projection, Slots, check, scan};
use crate::lines::Lines;
use crate::loading::Loading;
use crate::prefilter::Prefilter;
use crate::rule::{Clock, Kind, Rule};
use crate::sightings::{Sighting, Sightings, Verdict};
use crate::target::{Target, Targets};
use crate::terms::{Terms, canonical};

/// How to evaluate and report.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where event times come from.
    pub clock: Clock,
    /// Form of the alert documents.
    pub format: Format,
    /// Kibana space, part of every alert id.
    pub space: String,
    /// Which ways round work are taken.
    pub shortcuts: Shortcuts,
}

/// Ways round work. An engine answers the same with and without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcuts {
    /// Look only at rules that the event's values leave possible.
    pub index: bool,
    /// Look only at lines that hold what some rule cannot match without.
    pub prefilter: bool,
}

impl Default for Shortcuts {
    fn default() -> Self {
        Self { index: true, prefilter: true }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Clock::Arrival,
            format: Format::Kibana,
            space: "default".to_owned(),
            shortcuts: Shortcuts::default(),
        }
    }
}

/// What an engine is made of: named texts, `(name, content)`.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// Rules as Kibana rule JSON; none: the built-in rule.
    pub rules: Vec<(String, String)>,
    /// Exception lists and items (NDJSON).
    pub exceptions: Vec<(String, String)>,
    /// Value lists, by their ids.
    pub value_lists: Vec<(String, String)>,
    /// Mappings over the built-in table; the last one wins.
    pub mappings: Vec<(String, String)>,
}

impl Documents {
    /// Rules alone.
    pub fn of_rules(rules: Vec<(String, String)>) -> Self {
        Self { rules, ..Self::default() }
    }
}

/// Rules that run together.
#[derive(Debug)]
pub struct Engine {
    loaded: Loaded,
    memory: Memory,
}

/// What an engine was made of. It stays as it is.
#[derive(Debug)]
struct Loaded {
    settings: Settings,
    projection: Projection,
    target: Target,
    rules: Vec<Rule>,
    candidates: Candidates,
    prefilter: Option<Prefilter>,
}

/// What is kept from batch to batch to spare work. Nothing that an engine
/// answers depends on it.
#[derive(Debug, Default)]
struct Memory {
    scan: event::Memory,
    targets: Targets,
    found: candidates::Found,
}

/// What became of the documents.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    /// One for each rule, in order: its place among [`Engine::rules`], or why
    /// it does not run.
    pub rules: Vec<Result<usize, Refusal>>,
    /// Documents other than rules that cannot be used.
    pub unusable: Vec<Refusal>,
    /// What the operator should know of the others, one sentence each.
    pub warnings: Vec<String>,
}

/// A rule that was not loaded, and where it stands.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Name of the document.
    pub document: String,
    /// Position of the rule in it, from 0.
    pub position: usize,
    /// `rule_id`, if it could be read.
    pub rule_id: Option<String>,
    /// `name`, if it could be read.
    pub name: Option<String>,
    /// `type`, if it could be read.
    pub kind: Option<String>,
    /// Why.
    pub error: RuleError,
}

impl Refusal {
    pub(crate) fn of_document(document: &str, error: RuleError) -> Self {
        Self { document: document.to_owned(), position: 0, rule_id: None, name: None, kind: None, error }
    }
}

/// What a batch is evaluated with.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Index or data stream the events are bound for.
    pub index: Option<&'a str>,
    /// Arrival time in epoch milliseconds.
    pub arrival_ms: i64,
    /// `_id` of each line; empty, or one a line with "" for none.
    pub ids: &'a [String],
}

/// Sightings that are judged together: all of a batch as a rule, less where
/// events give very many, so that memory stays bounded.
const PENDING_SIGHTINGS: usize = 10_000;

/// Bytes of them beyond which they are judged, for the same reason.
const PENDING_BYTES: usize = 4 << 20;

/// Bytes of alert documents of a batch beyond which they no longer hold their
/// whole events: an event of a mebibyte may raise a hundred alerts.
const DOCUMENT_BYTES: usize = 24 << 20;

/// Matches waiting for their verdicts, one sighting a candidate.
#[derive(Default)]
struct Pending<'a> {
    candidates: Vec<Candidate<'a>>,
    sightings: Vec<Sighting>,
    /// How long their texts are together.
    bytes: usize,
}

/// Most matches that [`Engine::match_events`] answers with.
const MAX_MATCHES: usize = 1_000_000;

/// A rule that matches an event.
struct Found<'e, 'p, 'a> {
    event: &'e Slots<'p, 'a>,
    line_number: u32,
    line: &'a str,
    /// Place of the rule.
    number: usize,
    rule: &'e Rule,
    /// What the event is bound for.
    index: Option<&'e Rc<str>>,
    /// The event's identity, once it was asked for.
    id: &'e OnceCell<String>,
}

/// A match waiting for its verdict.
struct Candidate<'a> {
    line_number: u32,
    line: &'a str,
    rule: usize,
    index: Option<Rc<str>>,
    terms: Vec<serde_json::Value>,
}

impl Engine {
    /// Loads rules and what they need.
    pub fn new(documents: &Documents, settings: Settings) -> (Self, Reports) {
        let mut projection = Projection::default();
        let target = Target::new(&mut projection);
        let Loading { rules, reports, .. } = Loading::load(documents, &mut projection);
        let candidates = match settings.shortcuts.index {
            true => Candidates::new(&rules),
            false => Candidates::all(),
        };
        let prefilter = settings.shortcuts.prefilter.then(|| Prefilter::new(&rules)).flatten();
        let loaded = Loaded { settings, projection, target, rules, candidates, prefilter };
        (Self { loaded, memory: Memory::default() }, reports)
    }

    /// The rules that run.
    pub fn rules(&self) -> &[Rule] {
        &self.loaded.rules
    }

    /// Evaluates a batch of NDJSON lines.
    ///
    /// # Errors
    ///
    /// [`EvaluateError`]; then the host has to drop what the batch recorded.
    pub fn evaluate(
        &mut self,
        batch: &str,
        context: Context<'_>,
        state: &mut impl Sightings,
    ) -> Result<Evaluation, EvaluateError> {
        let Self { loaded, memory } = self;
        let mut evaluation = Evaluation::default();
        let mut pending = Pending::default();
        let mut malformed = Vec::new();
        evaluation.events = loaded.each_match(batch, context, memory, &mut malformed, |found| {
            evaluation.matched += 1;
            loaded.collect(found, context, &mut pending, &mut evaluation);
            if pending.sightings.len() >= PENDING_SIGHTINGS || pending.bytes >= PENDING_BYTES {
                loaded.judge(&mut pending, context, state, &mut evaluation)?;
            }
            Ok(())
        })?;
        evaluation.malformed = malformed;
        loaded.judge(&mut pending, context, state, &mut evaluation)?;
        Ok(evaluation)
    }

    /// Says which rules match which events, without state.
    ///
    /// # Errors
    ///
    /// [`EvaluateError`], also for more than a million matches.
    pub fn match_events(&mut self, batch: &str, context: Context<'_>) -> Result<Matching, EvaluateError> {
        let Self { loaded, memory } = self;
        let mut matching = Matching::default();
        let mut malformed = Vec::new();
        matching.events = loaded.each_match(batch, context, memory, &mut malformed, |found| {
            if matching.matches.len() >= MAX_MATCHES {
                let cause = format!("more than {MAX_MATCHES} matches in a batch; pass smaller ones");
                return Err(EvaluateError::Invalid(cause));
            }
            matching.matches.push((found.line_number, found.number as u32));
            Ok(())
        })?;
        matching.malformed = malformed;
        Ok(matching)
    }
}

impl Loaded {
    /// Reads each event once and hands over each rule that matches it. Answers
    /// with the number of events.
    fn each_match<'a>(
        &self,
        batch: &'a str,
        context: Context<'_>,
        memory: &mut Memory,
        malformed: &mut Vec<(u32, Malformed)>,
        mut found: impl FnMut(Found<'_, '_, 'a>) -> Result<(), EvaluateError>,
    ) -> Result<u32, EvaluateError> {
        if self.rules.is_empty() {
            return Err(EvaluateError::NotConfigured);
        }
        let scan_memory = std::mem::take(&mut memory.scan);
        let mut event = Slots::with_memory(&self.projection, context.arrival_ms, scan_memory);
        let mut lines = Lines::new(batch, self.prefilter.as_ref());
        for (line_number, line) in &mut lines {
            if let Err(fault) = scan(line, &mut event) {
                malformed.push((line_number, fault));
                continue;
            }
            let (index, of_target) = memory.targets.rules_of(self.target, &event, context.index, &self.rules);
            let mut is_checked = false;
            let id = OnceCell::new();
            for number in self.candidates.of(&event, of_target, &mut memory.found) {
                let Some(rule) = self.rules.get(number) else { continue };
                if !rule.matches(&event, context.arrival_ms) {
                    continue;
                }
                // What the scan stepped over may be anything.
                if !is_checked && let Err(fault) = check(line) {
                    malformed.push((line_number, fault));
                    break;
                }
                is_checked = true;
                found(Found { event: &event, line_number, line, number, rule, index, id: &id })?;
            }
        }
        memory.scan = event.into_memory();
        let line_count = lines.line_count() as usize;
        if !context.ids.is_empty() && context.ids.len() != line_count {
            let cause = format!("{} ids for {line_count} lines", context.ids.len());
            return Err(EvaluateError::Invalid(cause));
        }
        Ok(lines.events())
    }

    /// Extracts the terms of a match, to be judged.
    fn collect<'a>(
        &self,
        found: Found<'_, '_, 'a>,
        context: Context<'_>,
        pending: &mut Pending<'a>,
        evaluation: &mut Evaluation,
    ) {
        let Found { event, line_number, line, number, rule, index, id } = found;
        let Some(at_ms) = rule.timestamp.time_ms(event, self.settings.clock, context.arrival_ms) else {
            return evaluation.warn(line_number, rule, "has none of its time fields, so the rule cannot see it");
        };
        let Some(window_ms) = rule.window.length_ms(at_ms) else {
            return evaluation.warn(line_number, rule, "lies before the rule's history, so the rule cannot see it");
        };
        let id = match context.ids.get(line_number as usize) {
            Some(known) if !known.is_empty() => known.clone(),
            _ => id.get_or_init(|| event_id(line.trim_ascii())).clone(),
        };
        let terms = match rule.kind {
            Kind::NewTerms { .. } => rule.terms.terms_of(event),
            // The event itself is what is new.
            Kind::Query => Terms { tuples: vec![vec![id.clone().into()]], cut: false },
        };
        if terms.cut {
            evaluation.warn(line_number, rule, "gives more or longer terms than it may; the rest is left out");
        }
        for terms in terms.tuples {
            let term = canonical(&terms);
            pending.bytes += term.len() + id.len() + rule.history.len();
            pending.sightings.push(Sighting {
                rule: rule.history.clone(),
                term,
                at_ms,
                window_ms,
                event: id.clone(),
                quota: rule.quota,
            });
            let index = index.cloned();
            pending.candidates.push(Candidate { line_number, line, rule: number, index, terms });
        }
    }

    /// Asks the state for what is pending, and raises alerts.
    fn judge(
        &self,
        pending: &mut Pending<'_>,
        context: Context<'_>,
        state: &mut impl Sightings,
        evaluation: &mut Evaluation,
    ) -> Result<(), EvaluateError> {
        if pending.sightings.is_empty() {
            return Ok(());
        }
        let verdicts = state.observe(&pending.sightings).map_err(EvaluateError::Sightings)?;
        if verdicts.len() != pending.sightings.len() {
            let cause = format!("{} verdicts for {} sightings", verdicts.len(), pending.sightings.len());
            return Err(EvaluateError::Sightings(cause));
        }
        pending.bytes = 0;
        let mut source = None;
        let judged = pending.candidates.drain(..).zip(pending.sightings.drain(..)).zip(verdicts);
        for ((candidate, sighting), verdict) in judged {
            match verdict {
                Verdict::Unseen | Verdict::Replayed => {
                    self.raise(&candidate, sighting, context, &mut source, evaluation);
                }
                Verdict::Deferred => evaluation.deferred += 1,
                Verdict::Seen => {}
            }
        }
        Ok(())
    }

    /// Writes one alert. `source` keeps the last event read, since an event may
    /// raise several.
    fn raise(
        &self,
        candidate: &Candidate<'_>,
        sighting: Sighting,
        context: Context<'_>,
        source: &mut Option<(u32, Source)>,
        evaluation: &mut Evaluation,
    ) {
        let Some(rule) = self.rules.get(candidate.rule) else { return };
        let line_number = candidate.line_number;
        let source = match source {
            Some((number, read)) if *number == line_number => read,
            _ => &source.insert((line_number, Source::read(candidate.line))).1,
        };
        let said = rule.template.said(candidate.line);
        let whole_event = evaluation.document_bytes.saturating_add(candidate.line.len()) <= DOCUMENT_BYTES;
        if !whole_event {
            evaluation.warn(line_number, rule, "is too large for all its alerts; some hold only a few of its fields");
        }
        let index = candidate.index.as_deref();
        let space = &self.settings.space;
        let uuid = &rule.template.rule_uuid;
        let terms = matches!(rule.kind, Kind::NewTerms { .. }).then_some(&*candidate.terms);
        let id = alert_id(index.unwrap_or_default(), &sighting.event, space, uuid, terms);
        let alert = Alert {
            id: &id,
            event_id: &sighting.event,
            index,
            space,
            terms,
            said: &said,
            whole_event,
            created_ms: context.arrival_ms,
        };
        let document = alert.document(self.settings.format, &rule.template, source);
        evaluation.document_bytes += document.len();
        let rule_id = rule.rule_id.clone();
        evaluation.alerts.push(Raised { line: line_number, rule_id, term: sighting.term, id, document });
    }
}
