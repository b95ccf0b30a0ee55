//! What has been judged of a batch, also of one that made the module trap.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use crate::answer::{Evaluation, ModuleAlert, sort_unjudged};
use crate::batch::Batch;
use crate::error::Error;
use crate::ledger::StoredAlert;
use crate::outcome::{
    Alert, Cost, Counts, LostAlerts, MalformedLine, NotJudged, Outcome, Remark, RuleMatches, Unjudged,
};
use crate::reports::{RuleKind, RuleSummary};
use crate::sandbox::{Failure, Sandbox};
use crate::set_apart::{SetApart, SetApartCause, begins_as_object};
use crate::shared::Shared;
use crate::text::{Text, line_ranges};
use crate::turn::Turn;
use crate::wasm::{CallContext, Trap, thread_time};

/// How long a batch that trapped is tried in parts, in call timeouts; what is
/// left then is not judged, since the events behind it wait.
const RECOVERY_TIMEOUTS: u32 = 6;

/// Most remarks that are kept of a batch.
const REMARKS_MAX: usize = 100;

/// What has been judged of a batch so far.
#[derive(Default)]
pub(crate) struct Progress {
    /// The lines of each alert, and what is kept of it.
    alerts: Vec<(Vec<usize>, StoredAlert)>,
    malformed: Vec<MalformedLine>,
    unjudged: Vec<Unjudged>,
    remarks: Vec<Remark>,
    /// Events by the rule that they matched.
    matches: BTreeMap<usize, u64>,
    events: u64,
}

/// The lines of a batch, ready for the module.
pub(crate) struct Lines<'a> {
    pub(crate) text: &'a str,
    pub(crate) ranges: Vec<Range<usize>>,
    pub(crate) batch: &'a Batch<'a>,
    /// Those that are not in the text.
    pub(crate) set_apart: &'a [SetApart],
}

/// Most lines of a batch on which the module failed that it is shown the
/// beginnings of.
const FAILED_SHOWN_MAX: usize = 100;

impl Progress {
    /// Adds what lines from `first_line` on gave.
    pub(crate) fn take(&mut self, evaluation: Evaluation, first_line: usize, rules: &[RuleSummary]) {
        self.events += u64::from(evaluation.events);
        for (rule, events) in evaluation.matches {
            *self.matches.entry(rule).or_default() += u64::from(events);
        }
        let alerts = evaluation.alerts.into_iter().map(|alert| stored(alert, first_line, rules));
        self.alerts.extend(alerts);
        let remarks = evaluation.remarks.into_iter();
        self.remarks.extend(remarks.map(|remark| Remark { line: remark.line + first_line, ..remark }));
        self.remarks.truncate(REMARKS_MAX);
        sort_unjudged(evaluation.unjudged, first_line, &mut self.malformed, &mut self.unjudged);
    }

    /// Whether the module failed on some line.
    pub(crate) fn has_failed(&self) -> bool {
        self.unjudged.iter().any(|line| matches!(line.cause, NotJudged::Trap(_)))
    }

    /// Judges the lines of a batch that trapped as a whole.
    pub(crate) fn narrow(
        &mut self,
        sandbox: &mut Sandbox,
        lines: &Lines<'_>,
        trap: Trap,
        turn: &mut Turn<'_>,
        shared: &Shared,
    ) -> Result<(), Error> {
        let give_up_at = thread_time() + RECOVERY_TIMEOUTS * shared.limits.call_timeout;
        let mut recovery = Recovery { sandbox, lines, shared, give_up_at, progress: self };
        recovery.narrow(0..lines.ranges.len(), trap, turn)?;
        recovery.show_failed(turn)
    }

    /// Notes lines as not judged.
    fn give_up(&mut self, lines: &Lines<'_>, range: Range<usize>, cause: &Trap) {
        for line in range {
            let bytes = lines.ranges.get(line).cloned().unwrap_or_default();
            if !lines.text.get(bytes).unwrap_or_default().trim_ascii().is_empty() {
                self.events += 1;
                let cause = NotJudged::Trap(cause.clone());
                self.unjudged.push(Unjudged { line, cause, rules: Vec::new() });
            }
        }
    }

    /// How many lines are no events, or were not shown to the module, and begin as
    /// objects.
    fn could_be_events(&self, text: &Text<'_>) -> usize {
        let ranges = if self.malformed.is_empty() { Vec::new() } else { line_ranges(text.text.as_bytes()) };
        let found = self.malformed.iter().filter_map(|line| text.text.get(ranges.get(line.line)?.clone()));
        let set_apart = text.set_apart.iter().map(|line| line.beginning.as_str());
        found.chain(set_apart).filter(|line| begins_as_object(line)).count()
    }

    /// Commits what was answered and the alerts together. `text` is what the module
    /// was shown.
    pub(crate) fn commit(mut self, turn: Turn<'_>, text: Text<'_>, rules: &[RuleSummary]) -> Result<Outcome, Error> {
        let could_be_events = self.could_be_events(&text);
        let set_apart = text.malformed;
        // Those about lines that failed come last.
        self.alerts.sort_by_key(|(lines, _)| lines.last().copied());
        let (lines, stored): (Vec<_>, Vec<_>) = self.alerts.into_iter().unzip();
        let committed = turn.commit(stored)?;
        self.events += set_apart.len() as u64;
        self.malformed.extend(set_apart);
        self.malformed.sort_by_key(|line| line.line);
        let (mut alerts, mut lost) = (Vec::new(), BTreeMap::new());
        let deferred_by_outbox = sort_deferred(committed.deferred_by_outbox, rules, &mut lost);
        for ((number, stored), lines) in committed.alerts.into_iter().zip(lines) {
            match number {
                Some(number) => alerts.push(Alert { number, lines, stored }),
                None => *lost.entry(stored.rule_id).or_default() += 1,
            }
        }
        let lost: Vec<LostAlerts> = lost.into_iter().map(|(rule_id, alerts)| LostAlerts { rule_id, alerts }).collect();
        let matches = self.matches.into_iter().map(|(rule, events)| RuleMatches { rule, events });
        let matches: Vec<RuleMatches> = matches.collect();
        let counts = Counts {
            events: self.events,
            malformed: self.malformed.len() as u64,
            matched: matches.iter().map(|rule| rule.events).sum(),
            alerts: alerts.len() as u64,
            held_back: committed.held_back,
            deferred: committed.deferred,
            deferred_by_outbox,
            lost: lost.iter().map(|rule| rule.alerts).sum(),
            unjudged: (self.unjudged.len() + could_be_events) as u64,
        };
        self.remarks.sort_by_key(|remark| (remark.line, remark.rule));
        let Self { malformed, unjudged, remarks, .. } = self;
        Ok(Outcome { alerts, malformed, unjudged, remarks, lost, matches, counts, cost: Cost::default() })
    }
}

/// Counts what a full outbox deferred: a new term comes again, another event does
/// not, so that its alert is lost.
fn sort_deferred(deferred: Vec<(String, u64)>, rules: &[RuleSummary], lost: &mut BTreeMap<Option<String>, u64>) -> u64 {
    let mut come_again = 0;
    for (history, sightings) in deferred {
        match rules.iter().find(|rule| rule.history == history) {
            Some(RuleSummary { kind: RuleKind::NewTerms { .. }, .. }) => come_again += sightings,
            rule => *lost.entry(rule.map(|rule| rule.rule_id.clone())).or_default() += sightings,
        }
    }
    come_again
}

/// What is kept of an alert, and its lines.
fn stored(alert: ModuleAlert, first_line: usize, rules: &[RuleSummary]) -> (Vec<usize>, StoredAlert) {
    let rule_id = alert.rule.and_then(|rule| rules.get(rule)).map(|rule| rule.rule_id.clone());
    let sources = alert.sources.into_iter().map(|source| (source.line + first_line, source.place));
    let (lines, sources) = sources.unzip();
    let ModuleAlert { term, id, document, .. } = alert;
    (lines, StoredAlert { rule_id, term, id, document, sources })
}

/// Narrowing a batch down to the lines at fault.
struct Recovery<'r> {
    sandbox: &'r mut Sandbox,
    lines: &'r Lines<'r>,
    shared: &'r Shared,
    /// The time of the thread at which it is up.
    give_up_at: Duration,
    progress: &'r mut Progress,
}

impl Recovery<'_> {
    /// Judges a range of lines that trapped as a whole: one line is given up,
    /// more are tried by halves.
    fn narrow(&mut self, range: Range<usize>, trap: Trap, turn: &mut Turn<'_>) -> Result<(), Error> {
        if range.len() <= 1 || self.sandbox.is_off() || thread_time() >= self.give_up_at {
            self.progress.give_up(self.lines, range, &trap);
            return Ok(());
        }
        let middle = range.start + range.len() / 2;
        for half in [range.start..middle, middle..range.end] {
            self.try_range(half, turn)?;
        }
        Ok(())
    }

    fn try_range(&mut self, range: Range<usize>, turn: &mut Turn<'_>) -> Result<(), Error> {
        let Some(text) = self.lines.text_of(&range) else { return Ok(()) };
        let savepoint = turn.savepoint();
        let set_apart = self.lines.set_apart_of(&range);
        let context = self.lines.context_of(&range, &set_apart, self.shared);
        // The whole has taken its time already; of its parts only a line alone
        // gets as much, so that it is judged as it would be without the others.
        let call_timeout = self.shared.limits.call_timeout;
        let timeout = if range.len() == 1 { call_timeout } else { call_timeout / 4 };
        match self.sandbox.evaluate(text, &context, turn, timeout) {
            Ok(evaluation) => {
                self.progress.take(evaluation, range.start, &self.shared.rules);
                Ok(())
            }
            Err(Failure::Fatal(error)) => Err(error),
            Err(Failure::Trap(trap)) => {
                turn.restore(savepoint);
                self.narrow(range, trap, turn)
            }
        }
    }
}

impl Recovery<'_> {
    /// Shows the module how the lines begin on which it failed, so that it raises
    /// its alert about them.
    fn show_failed(&mut self, turn: &mut Turn<'_>) -> Result<(), Error> {
        let failed = self.progress.unjudged.iter().filter(|line| matches!(line.cause, NotJudged::Trap(_)));
        let failed: Vec<usize> = failed.map(|line| line.line).take(FAILED_SHOWN_MAX).collect();
        for line in failed {
            if self.sandbox.is_off() {
                return Ok(());
            }
            let bytes = self.lines.ranges.get(line).and_then(|range| self.lines.text.get(range.clone()));
            let set_apart = [SetApart::of(0, SetApartCause::Failed, bytes.unwrap_or_default().as_bytes())];
            let context = self.lines.context_of(&(line..line + 1), &set_apart, self.shared);
            let savepoint = turn.savepoint();
            match self.sandbox.evaluate("\n", &context, turn, self.shared.limits.call_timeout) {
                Ok(evaluation) => self.progress.take(evaluation, line, &self.shared.rules),
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Trap(_)) => turn.restore(savepoint),
            }
        }
        Ok(())
    }
}

impl Lines<'_> {
    /// The text of a range of lines, newlines included, so that it has as many
    /// lines as the range. None for a range without anything to judge.
    fn text_of(&self, range: &Range<usize>) -> Option<&str> {
        let lines = self.ranges.get(range.clone())?;
        if lines.iter().all(|line| line.is_empty()) {
            return None;
        }
        let end = self.ranges.get(range.end).map_or(self.text.len(), |next| next.start);
        self.text.get(lines.first()?.start..end)
    }

    /// Those of a range, by their places in it.
    fn set_apart_of(&self, range: &Range<usize>) -> Vec<SetApart> {
        let within = self.set_apart.iter().filter(|line| range.contains(&line.line));
        within.map(|line| SetApart { line: line.line - range.start, ..line.clone() }).collect()
    }

    fn context_of<'c>(&'c self, range: &Range<usize>, set_apart: &'c [SetApart], shared: &Shared) -> CallContext<'c> {
        let Batch { targets, target_of, arrival_ms, ids, .. } = self.batch;
        CallContext {
            targets,
            target_of: target_of.get(range.clone()).unwrap_or_default(),
            arrival_ms: *arrival_ms,
            ids: ids.get(range.clone()).unwrap_or_default(),
            set_apart,
            line_work_max: shared.limits.line_work,
        }
    }
}
