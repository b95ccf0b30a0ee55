//! A run: judging the terms of a range, and making alerts of the new ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use firstseen::ledger::{
    Answer, Learning, Ledger, MemoryLedger, OutboxMax, QUESTIONS_MAX, Question, Quota, Settings, Sighting, Verdict,
};
use firstseen::{Batch, Clock, Detector, Document, Error, RuleKind, RuleSummary, RunRange, Worker};
use serde_json::Value;

use super::alerts::{AlertsIndex, ScheduledAlert};
use super::order::{RankedTerm, in_order};
use super::range::{Execution, RunRanges, with_catch_up};
use super::scripted::ScriptedLedger;
use super::survey::{Occurrence, StoredEvent, Survey, as_line};
/// The quota of a run is used when all its terms are known, not by sightings.
const NO_QUOTA: Quota = Quota { max: u32::MAX, per_ms: u64::MAX };

/// The rules of a detector on Kibana's schedule, over stored events.
///
/// The detector's rules, exceptions and mappings count, its ledger and its clock
/// do not: an event's time is the rule's `timestamp_override` field or
/// `@timestamp`.
pub struct Schedule<'a> {
    worker: Worker,
    ledger: Arc<ScriptedLedger>,
    rules: Vec<RuleSummary>,
    events: &'a [StoredEvent],
    survey: Survey,
    /// The run start that the survey is for, if it matters.
    surveyed_ms: Option<i64>,
    depends_on_time: bool,
}

/// What an execution of a rule did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// What it looked at.
    pub looked_at: RunRanges,
    /// How many alerts it created.
    pub created: usize,
    /// Alerts that were there already.
    pub duplicates: usize,
    /// What Kibana would warn of.
    pub warnings: Vec<Warning>,
}

/// What Kibana warns of after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Warning {
    /// `max_signals` alerts were created, and there was at least one more to
    /// create; or the search of an `eql` rule found as many events.
    MaxSignalsReached,
}

/// Does a query or a filter of a rule perhaps count from now? Then what a rule
/// sees depends on when it is asked.
fn counts_from_now(rules: &[Document]) -> bool {
    let of_rule = |rule: &Value| {
        let query = rule.get("query").and_then(Value::as_str).is_some_and(|query| query.contains("now"));
        query || rule.get("filters").is_some_and(|filters| filters.to_string().contains("now"))
    };
    let of_document = |document: &Document| {
        let values = serde_json::Deserializer::from_str(&document.content).into_iter::<Value>();
        values.map_while(Result::ok).any(|value| match value {
            Value::Array(rules) => rules.iter().any(of_rule),
            rule => of_rule(&rule),
        })
    };
    rules.iter().any(of_document)
}

impl<'a> Schedule<'a> {
    /// Has the detector's module look through the events once.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module cannot be started. What it cannot judge is
    /// in [`Schedule::survey`].
    pub fn new(detector: &Detector, events: &'a [StoredEvent]) -> Result<Self, Error> {
        let ledger = ScriptedLedger::new();
        // Times as an index has them.
        let detector = detector.over(Arc::clone(&ledger) as Arc<dyn Ledger>, Clock::Event);
        let mut expirations = detector.exception_documents().iter();
        let depends_on_time = expirations.any(|document| document.content.contains("\"expire_time\""))
            || counts_from_now(detector.rule_documents());
        let rules = detector.rules().to_vec();
        let mut worker = detector.worker()?;
        let survey = Survey::take(&mut worker, &ledger, &rules, events, 0)?;
        Ok(Self { worker, ledger, rules, events, survey, surveyed_ms: None, depends_on_time })
    }

    /// What the rules see in the events. Where exceptions expire or a query
    /// counts from now, as of the last run.
    pub fn survey(&self) -> &Survey {
        &self.survey
    }

    /// What an execution of a rule looks at; `rule` is its place among the
    /// detector's rules. No ranges if there is no such rule or its times leave
    /// the calendar.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module fails.
    pub fn ranges(&mut self, rule: usize, execution: &Execution) -> Result<RunRanges, Error> {
        let Some(own) = self.worker.scheduled_range(rule, execution.now_ms)? else { return Ok(RunRanges::default()) };
        let (ends, gap_ms) = match execution.manual_ms {
            Some(ends) => (vec![ends], 0),
            None => with_catch_up(&own, execution),
        };
        let ranges = ends.into_iter().map(|ends| self.range_of(rule, execution.now_ms, own, ends));
        Ok(RunRanges { ranges: ranges.collect::<Result<_, _>>()?, gap_ms })
    }

    /// The range with these ends. Its history begins by its `to`, not by the
    /// start of the execution: it is that of a run whose own `to` this is.
    fn range_of(&mut self, rule: usize, now_ms: i64, own: RunRange, ends: (i64, i64)) -> Result<RunRange, Error> {
        let (from_ms, to_ms) = ends;
        let shift_ms = to_ms.saturating_sub(own.to_ms);
        let run = self.worker.scheduled_range(rule, now_ms.saturating_add(shift_ms))?;
        let history_start_ms = match run {
            Some(run) if run.to_ms == to_ms && self.has_terms(rule) => run.history_start_ms,
            // No run has this `to`, since the rule's does not follow the clock.
            _ => own.history_start_ms.saturating_add(shift_ms),
        };
        Ok(RunRange { from_ms, to_ms, history_start_ms: history_start_ms.min(from_ms), ..own })
    }

    /// Executes a rule; `rule` is its place among the detector's rules. The
    /// alerts go into `alerts` unless they are there.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module fails; `alerts` has what was created
    /// until then.
    pub fn run(&mut self, rule: usize, execution: &Execution, alerts: &mut AlertsIndex) -> Result<Run, Error> {
        if self.depends_on_time && self.surveyed_ms != Some(execution.now_ms) {
            self.survey = Survey::take(&mut self.worker, &self.ledger, &self.rules, self.events, execution.now_ms)?;
            self.surveyed_ms = Some(execution.now_ms);
        }
        let mut run = Run { looked_at: self.ranges(rule, execution)?, ..Run::default() };
        for range in run.looked_at.ranges.clone() {
            let candidates = match self.kind(rule) {
                Some(RuleKind::NewTerms { .. }) => self.new_terms(rule, &range, execution.now_ms)?,
                Some(RuleKind::Eql) => self.latest_matches(rule, &range, execution.now_ms, &mut run),
                _ => self.matches(rule, &range, execution.now_ms),
            };
            self.create(rule, execution.now_ms, range.max_signals, candidates, alerts, &mut run)?;
        }
        Ok(run)
    }

    fn kind(&self, rule: usize) -> Option<&RuleKind> {
        self.rules.get(rule).map(|rule| &rule.kind)
    }

    fn has_terms(&self, rule: usize) -> bool {
        matches!(self.kind(rule), Some(RuleKind::NewTerms { .. }))
    }

    /// The occurrences of a rule's terms from one time to another, both
    /// included, that a search at `now_ms` finds, oldest first.
    fn visible(&self, rule: usize, from_ms: i64, to_ms: i64, now_ms: i64) -> impl Iterator<Item = &Occurrence> {
        let occurrences = self.survey.occurrences(rule);
        let start = occurrences.partition_point(|occurrence| occurrence.at_ms < from_ms);
        let end = occurrences.partition_point(|occurrence| occurrence.at_ms <= to_ms);
        let is_visible = move |occurrence: &&Occurrence| {
            let visible_ms = self.events.get(occurrence.event).and_then(|event| event.visible_ms);
            visible_ms.is_none_or(|visible_ms| visible_ms <= now_ms)
        };
        occurrences.get(start..end).unwrap_or_default().iter().filter(is_visible)
    }

    /// The events of a range that a rule without terms matches, oldest first:
    /// each is an alert, and there is no history.
    fn matches(&self, rule: usize, range: &RunRange, now_ms: i64) -> Vec<Occurrence> {
        self.visible(rule, range.from_ms, range.to_ms, now_ms).cloned().collect()
    }

    /// Those that an `eql` rule is told of: its search answers with the latest
    /// `max_signals` (`build_eql_search_request.ts`), and the run warns if it has
    /// that many.
    fn latest_matches(&self, rule: usize, range: &RunRange, now_ms: i64, run: &mut Run) -> Vec<Occurrence> {
        let max_signals = range.max_signals as usize;
        let mut all = self.matches(rule, range, now_ms);
        if all.len() >= max_signals {
            run.warnings.push(Warning::MaxSignalsReached);
        }
        all.split_off(all.len().saturating_sub(max_signals))
    }

    /// The new terms of a range, each with its oldest occurrence, in Kibana's
    /// order.
    fn new_terms(&self, rule: usize, range: &RunRange, now_ms: i64) -> Result<Vec<Occurrence>, Error> {
        let Some(history) = self.rules.get(rule).map(|rule| rule.history.as_str()) else { return Ok(Vec::new()) };
        let mut documents: BTreeMap<&str, u64> = BTreeMap::new();
        for occurrence in self.visible(rule, range.from_ms, range.to_ms, now_ms) {
            *documents.entry(&occurrence.term).or_default() += 1;
        }
        let ledger = MemoryLedger::new();
        let known = self
            .visible(rule, range.history_start_ms, range.from_ms, now_ms)
            .filter(|occurrence| documents.contains_key(&*occurrence.term));
        // For ever, so it is only a matter of what is recorded.
        judge(&ledger, Learning::by_event(u64::MAX), now_ms, history, known)?;
        let interval = self.visible(rule, range.from_ms.saturating_add(1), range.to_ms, now_ms);
        let new = judge(&ledger, Learning::NONE, now_ms, history, interval)?;
        let mut new: BTreeMap<&str, &Occurrence> =
            new.into_iter().map(|occurrence| (&*occurrence.term, occurrence)).collect();

        let mut ranked: Vec<RankedTerm<'_>> =
            documents.iter().map(|(&term, &documents)| RankedTerm { term, documents }).collect();
        in_order(&mut ranked);
        Ok(ranked.iter().filter_map(|ranked| new.remove(ranked.term)).cloned().collect())
    }

    /// Makes alerts of candidates, in order, while there is room.
    fn create(
        &mut self,
        rule: usize,
        now_ms: i64,
        max_signals: u32,
        candidates: Vec<Occurrence>,
        alerts: &mut AlertsIndex,
        run: &mut Run,
    ) -> Result<(), Error> {
        let mut room = max_signals;
        for candidate in candidates {
            let Some(alert) = self.write(rule, now_ms, &candidate)? else { continue };
            if alerts.contains(&alert.stored.id) {
                run.duplicates += 1;
            } else if room == 0 {
                // Only now: to meet the limit exactly is no warning.
                run.warnings.push(Warning::MaxSignalsReached);
                break;
            } else {
                room -= 1;
                run.created += 1;
                alerts.create(alert);
            }
        }
        Ok(())
    }

    /// Has the module write the alert of an occurrence, by showing it the event
    /// and answering that this term is unseen.
    fn write(&mut self, rule: usize, now_ms: i64, occurrence: &Occurrence) -> Result<Option<ScheduledAlert>, Error> {
        let has_terms = self.has_terms(rule);
        let (Some(event), Some(summary)) = (self.events.get(occurrence.event), self.rules.get(rule)) else {
            return Ok(None);
        };
        let (history, term) = (summary.history.clone(), Arc::clone(&occurrence.term));
        // Without new terms it is the event's identity, which is another one here.
        let script =
            move |sighting: &Sighting| match sighting.history == history && (!has_terms || *sighting.term == *term) {
                true => Verdict::Unseen,
                false => Verdict::Seen,
            };
        let line = as_line(&event.text);
        let mut batch = Batch::new(line.as_bytes(), now_ms).with_ids(vec![event.id.clone()]);
        if let Some(index) = &event.index {
            batch = batch.bound_for(index);
        }
        self.ledger.set(script);
        // One about an event that was not judged in full is not Kibana's.
        let alert = self.worker.evaluate(&batch)?.alerts.into_iter().find(|alert| alert.stored.rule_id.is_some());
        Ok(alert.map(|alert| ScheduledAlert { event: occurrence.event, created_ms: now_ms, stored: alert.stored }))
    }
}

/// Lets a ledger see occurrences, in order; those that it had not seen.
fn judge<'o>(
    ledger: &dyn Ledger,
    learning: Learning,
    now_ms: i64,
    history: &str,
    occurrences: impl Iterator<Item = &'o Occurrence>,
) -> Result<Vec<&'o Occurrence>, Error> {
    let occurrences: Vec<&Occurrence> = occurrences.collect();
    let settings = Settings { learning, outbox_max: OutboxMax::NONE, ..Settings::default() };
    let mut transaction = ledger.begin(now_ms, settings)?;
    let mut unseen = Vec::new();
    for part in occurrences.chunks(QUESTIONS_MAX) {
        let question = |occurrence: &&Occurrence| {
            Question::Sighting(Sighting {
                history: history.to_owned(),
                term: occurrence.term.to_string(),
                at_ms: occurrence.at_ms,
                window_ms: occurrence.window_ms,
                event: String::new(),
                quota: NO_QUOTA,
            })
        };
        let answers = transaction.answer(&part.iter().map(question).collect::<Vec<_>>())?;
        let judged = part.iter().zip(answers).filter(|(_, answer)| *answer == Answer::Sighting(Verdict::Unseen));
        unseen.extend(judged.map(|(occurrence, _)| *occurrence));
    }
    transaction.commit(Vec::new())?;
    Ok(unseen)
}

impl std::fmt::Debug for Schedule<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schedule")
            .field("rules", &self.rules.len())
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}
