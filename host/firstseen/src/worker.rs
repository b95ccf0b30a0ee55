//! Evaluating batches, come what may.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::answer::{check, malformed, matching};
use crate::batch::Batch;
use crate::breaker::Breaker;
use crate::detector::Detector;
use crate::error::Error;
use crate::ledger::{Session, StoredAlert, Ticket};
use crate::outcome::{Alert, Counts, MalformedLine, Matching, Outcome, Unjudged};
use crate::schedule::RunRange;
use crate::text::{Text, line_ranges};
use crate::wasm::{CallError, Instance, Trap, detector as wit, printable};

/// How long a batch that trapped is tried in parts, in call timeouts; what is
/// left then is not judged, since the events behind it wait.
const RECOVERY_TIMEOUTS: u32 = 6;

/// Evaluates batches on one thread, with an instance of the module of its own.
/// The thread needs 2 MiB of stack.
///
/// When the module traps, the worker takes a fresh instance and narrows the
/// batch down to the line at fault: that line is [`Unjudged`], the others are
/// judged as if it were not there.
pub struct Worker {
    detector: Detector,
    /// None after a trap, until it is needed again.
    instance: Option<Instance>,
    breaker: Breaker,
    met_rules: bool,
}

/// What has been judged of a batch so far.
struct Progress {
    session: Session,
    alerts: Vec<wit::Alert>,
    malformed: Vec<MalformedLine>,
    unjudged: Vec<Unjudged>,
    matched: u64,
    events: u64,
}

/// The lines of a batch, ready for the module.
struct Lines<'a> {
    text: &'a str,
    ranges: Vec<Range<usize>>,
    batch: &'a Batch<'a>,
}

impl Worker {
    pub(crate) fn new(detector: Detector) -> Result<Self, Error> {
        let instance = Some(detector.shared.instance()?);
        Ok(Self { detector, instance, breaker: Breaker::default(), met_rules: false })
    }

    /// A worker that takes its instance when it has work. If none can be had then,
    /// that counts as a trap.
    pub fn idle(detector: Detector) -> Self {
        Self { detector, instance: None, breaker: Breaker::default(), met_rules: false }
    }

    /// Whether the module failed so often that it is left alone for now: 30 s,
    /// then it gets another chance. Every event is [`Unjudged`] until then.
    pub fn disabled(&self) -> bool {
        self.breaker.is_open()
    }

    /// Evaluates a batch and commits what it gave.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state fails, [`Error::Ids`] if the batch has not
    /// as many ids as lines. Nothing of the batch is kept then.
    pub fn evaluate(&mut self, batch: &Batch<'_>) -> Result<Outcome, Error> {
        self.evaluate_in_order(batch, self.detector.ticket())
    }

    /// The same for one of several workers that share a stream: its sightings
    /// are judged after those of all batches with earlier tickets, so what comes
    /// out does not depend on which worker is faster.
    ///
    /// It waits for them, so no thread may hold one of their tickets and wait
    /// for this.
    ///
    /// # Errors
    ///
    /// As [`Worker::evaluate`]. The ticket is given back in any case.
    pub fn evaluate_in_order(&mut self, batch: &Batch<'_>, ticket: Ticket) -> Result<Outcome, Error> {
        let session = self.session(batch.arrival_ms, ticket)?;
        let outcome = self.evaluate_in(batch, session)?;
        self.met_rules = true;
        Ok(outcome)
    }

    /// Evaluates a batch in a session of the caller's, and commits that.
    pub(crate) fn evaluate_in(&mut self, batch: &Batch<'_>, session: Session) -> Result<Outcome, Error> {
        check_ids(batch)?;
        let text = Text::new(batch.lines, self.detector.shared.line_bytes_max);
        let mut progress = Progress {
            session,
            alerts: Vec::new(),
            malformed: Vec::new(),
            unjudged: Vec::new(),
            matched: 0,
            events: 0,
        };
        self.breaker.try_again();
        let timeout = self.detector.shared.limits.call_timeout;
        let context = context(batch, batch.ids);
        let savepoint = progress.session.savepoint();
        match self.call(&text.text, &context, &mut progress.session, timeout) {
            Ok(evaluation) => progress.take(evaluation, 0),
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Trap(trap)) => {
                progress.session.restore(savepoint);
                let lines = Lines { text: &text.text, ranges: line_ranges(text.text.as_bytes()), batch };
                let give_up_at = Instant::now() + RECOVERY_TIMEOUTS * timeout;
                self.narrow(&lines, 0..lines.ranges.len(), trap, give_up_at, &mut progress)?;
            }
        }
        self.breaker.batch(progress.unjudged.is_empty());
        self.drop_bloated_instance();
        progress.commit(text.set_apart)
    }

    /// Says which rules match which events of a batch, by query, filters,
    /// exceptions and index patterns alone: no state, no terms, no alerts.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] if the module fails, [`Error::Ids`] if the batch has not
    /// as many ids as lines.
    pub fn match_events(&mut self, batch: &Batch<'_>) -> Result<Matching, Error> {
        check_ids(batch)?;
        let shared = &self.detector.shared;
        let text = Text::new(batch.lines, shared.line_bytes_max);
        let instance = match &mut self.instance {
            Some(instance) => instance,
            None => self.instance.insert(shared.instance()?),
        };
        let answer = instance.match_events(&text.text, &context(batch, batch.ids));
        shared.log(instance.take_messages());
        let trap = match answer {
            Ok(answer) => match matching(answer, &text, shared.rules.len()) {
                Ok(matching) => return Ok(matching),
                Err(trap) => trap,
            },
            Err(CallError::Trap(trap)) => trap,
            Err(CallError::Ledger(error)) => return Err(Error::Ledger(error)),
            Err(CallError::Module(error)) => Trap::contract(refusal(error)),
        };
        self.instance = None;
        Err(Error::Call(trap))
    }

    /// The history keys of the rules, in their order.
    pub(crate) fn histories(&self) -> Vec<String> {
        self.detector.rules().iter().map(|rule| rule.history.clone()).collect()
    }

    /// What Kibana's run of a rule that starts at `now_ms` would look at; `rule`
    /// is its place among [`Detector::rules`]. `None` if there is no such rule
    /// or the times leave the calendar.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module fails.
    pub fn scheduled_range(&mut self, rule: usize, now_ms: i64) -> Result<Option<RunRange>, Error> {
        let shared = &self.detector.shared;
        let instance = match &mut self.instance {
            Some(instance) => instance,
            None => self.instance.insert(shared.instance()?),
        };
        let answer = instance.scheduled_range(u32::try_from(rule).unwrap_or(u32::MAX), now_ms);
        shared.log(instance.take_messages());
        match answer {
            Ok(range) => Ok(range.map(RunRange::from)),
            Err(trap) => {
                self.instance = None;
                Err(Error::Start(trap))
            }
        }
    }

    /// A session for one batch; the first one notes when the store met the
    /// rules.
    fn session(&self, arrival_ms: i64, ticket: Ticket) -> Result<Session, Error> {
        let shared = &self.detector.shared;
        let mut session = Session::new(shared.ledger.clone(), arrival_ms, shared.learning).in_order(ticket);
        if !self.met_rules {
            shared.rules.iter().try_for_each(|rule| session.meet(&rule.history))?;
        }
        Ok(session)
    }

    /// Judges a range of lines that trapped as a whole: one line is given up,
    /// more are tried by halves.
    fn narrow(
        &mut self,
        lines: &Lines<'_>,
        range: Range<usize>,
        trap: Trap,
        give_up_at: Instant,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        if range.len() <= 1 || self.breaker.is_open() || Instant::now() >= give_up_at {
            progress.give_up(lines, range, &trap);
            return Ok(());
        }
        let middle = range.start + range.len() / 2;
        for half in [range.start..middle, middle..range.end] {
            self.try_range(lines, half, give_up_at, progress)?;
        }
        Ok(())
    }

    fn try_range(
        &mut self,
        lines: &Lines<'_>,
        range: Range<usize>,
        give_up_at: Instant,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let Some(text) = lines.text_of(&range) else { return Ok(()) };
        let savepoint = progress.session.savepoint();
        let context = context(lines.batch, lines.batch.ids.get(range.clone()).unwrap_or_default());
        // The whole has taken its time already; of its parts only a line alone
        // gets as much, so that it is judged as it would be without the others.
        let call_timeout = self.detector.shared.limits.call_timeout;
        let timeout = if range.len() == 1 { call_timeout } else { call_timeout / 4 };
        match self.call(text, &context, &mut progress.session, timeout) {
            Ok(evaluation) => {
                progress.take(evaluation, range.start);
                Ok(())
            }
            Err(Failure::Fatal(error)) => Err(error),
            Err(Failure::Trap(trap)) => {
                progress.session.restore(savepoint);
                self.narrow(lines, range, trap, give_up_at, progress)
            }
        }
    }

    /// One call of the module, in a fresh instance if the last one is gone.
    fn call(
        &mut self,
        text: &str,
        context: &wit::Context,
        session: &mut Session,
        timeout: Duration,
    ) -> Result<wit::Evaluation, Failure> {
        if self.breaker.is_open() {
            return Err(Failure::Trap(Trap::contract("it failed too often and is switched off")));
        }
        let shared = &self.detector.shared;
        let instance = match &mut self.instance {
            Some(instance) => instance,
            None => match shared.instance() {
                Ok(instance) => self.instance.insert(instance),
                Err(Error::Start(trap)) => {
                    self.breaker.trap();
                    return Err(Failure::Trap(trap));
                }
                Err(error) => return Err(Failure::Fatal(error)),
            },
        };
        let answer = instance.evaluate(text, context, session, timeout);
        shared.log(instance.take_messages());
        let trap = match answer {
            Ok(evaluation) => match check(&evaluation, text, &shared.rules) {
                Ok(()) => {
                    self.breaker.success();
                    return Ok(evaluation);
                }
                Err(trap) => trap,
            },
            Err(CallError::Trap(trap)) => trap,
            Err(CallError::Ledger(error)) => {
                // Whether it trapped as well is not known.
                self.instance = None;
                return Err(Failure::Fatal(Error::Ledger(error)));
            }
            Err(CallError::Module(error)) => {
                self.breaker.trap();
                return Err(Failure::Trap(Trap::contract(refusal(error))));
            }
        };
        self.instance = None;
        self.breaker.trap();
        Err(Failure::Trap(trap))
    }

    fn drop_bloated_instance(&mut self) {
        if self.instance.as_ref().is_some_and(Instance::is_bloated) {
            self.instance = None;
        }
    }
}

/// Why a call gave nothing: the module is at fault, or all is lost.
enum Failure {
    Trap(Trap),
    Fatal(Error),
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
}

impl Progress {
    /// Adds what lines from `first_line` on gave.
    fn take(&mut self, evaluation: wit::Evaluation, first_line: usize) {
        self.events += u64::from(evaluation.events);
        self.matched += u64::from(evaluation.matched);
        self.alerts.extend(evaluation.alerts.into_iter().map(|mut alert| {
            alert.line += first_line as u32;
            alert
        }));
        self.malformed.extend(evaluation.malformed.into_iter().map(|line| malformed(line, first_line)));
    }

    /// Notes lines as not judged.
    fn give_up(&mut self, lines: &Lines<'_>, range: Range<usize>, cause: &Trap) {
        for line in range {
            let bytes = lines.ranges.get(line).cloned().unwrap_or_default();
            if !lines.text.get(bytes).unwrap_or_default().trim_ascii().is_empty() {
                self.events += 1;
                self.unjudged.push(Unjudged { line, cause: cause.clone() });
            }
        }
    }

    /// Commits sightings and alerts together.
    fn commit(mut self, set_apart: Vec<MalformedLine>) -> Result<Outcome, Error> {
        let lines: Vec<u32> = self.alerts.iter().map(|alert| alert.line).collect();
        let stored = self.alerts.into_iter().map(|alert| StoredAlert {
            rule_id: alert.rule_id,
            term: alert.term,
            id: alert.id,
            document: alert.document,
        });
        let committed = self.session.commit(stored.collect())?;
        self.events += set_apart.len() as u64;
        self.malformed.extend(set_apart);
        self.malformed.sort_by_key(|line| line.line);
        let alerts = committed.alerts.into_iter().zip(lines).map(|((number, stored), line)| Alert {
            number,
            line: Some(line as usize),
            rule_id: stored.rule_id,
            term: stored.term,
            id: stored.id,
            document: stored.document,
        });
        let alerts: Vec<Alert> = alerts.collect();
        let counts = Counts {
            events: self.events,
            malformed: self.malformed.len() as u64,
            matched: self.matched,
            alerts: alerts.len() as u64,
            held_back: committed.held_back,
            deferred: committed.deferred,
            unjudged: self.unjudged.len() as u64,
        };
        Ok(Outcome { alerts, malformed: self.malformed, unjudged: self.unjudged, counts })
    }
}

fn check_ids(batch: &Batch<'_>) -> Result<(), Error> {
    if batch.ids.is_empty() {
        return Ok(());
    }
    let lines = line_ranges(batch.lines).len();
    match batch.ids.len() == lines {
        true => Ok(()),
        false => Err(Error::Ids { ids: batch.ids.len(), lines }),
    }
}

fn context(batch: &Batch<'_>, ids: &[String]) -> wit::Context {
    wit::Context { index: batch.index.map(str::to_owned), arrival: batch.arrival_ms, ids: ids.to_vec() }
}

fn refusal(error: wit::Error) -> String {
    match error {
        wit::Error::NotConfigured => "it says that no rule is loaded".to_owned(),
        wit::Error::Sightings(cause) | wit::Error::Invalid(cause) => format!("it refuses: {}", printable(&cause)),
    }
}
