//! Evaluating batches, come what may.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::batch::Batch;
use crate::error::Error;
use crate::gate::Ticket;
use crate::outcome::{Cost, Matching, Outcome};
use crate::progress::{Lines, Progress};
use crate::run_range::RunRange;
use crate::sandbox::{Failure, Sandbox};
use crate::set_apart::SetApart;
use crate::shared::Shared;
use crate::text::{Text, count_lines, line_ranges};
use crate::turn::Turn;
use crate::wasm::CallContext;

/// Evaluates batches on one thread, with an instance of the module of its own.
/// The thread needs 2 MiB of stack.
///
/// When the module traps, the worker takes a fresh instance and narrows the
/// batch down to the line at fault: that line is
/// [unjudged](crate::Outcome::unjudged), the others are judged as if it were not
/// there.
pub struct Worker {
    shared: Arc<Shared>,
    sandbox: Sandbox,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>) -> Result<Self, Error> {
        let mut worker = Self::idle(shared);
        worker.sandbox.start()?;
        Ok(worker)
    }

    /// A worker that takes its instance when it has work. If none can be had then,
    /// that counts as a trap.
    pub(crate) fn idle(shared: Arc<Shared>) -> Self {
        Self { sandbox: Sandbox::new(Arc::clone(&shared)), shared }
    }

    /// Whether the module failed so often that it is left alone for now: 30 s,
    /// then it gets another chance. Every event is unjudged until then.
    pub fn disabled(&self) -> bool {
        self.sandbox.is_off()
    }

    /// Evaluates a batch and commits what it gave.
    ///
    /// # Errors
    ///
    /// [`Error::Ledger`] if the state fails, [`Error::Lines`] if the batch has not
    /// as many ids or targets as lines. Nothing of the batch is kept then.
    pub fn evaluate(&mut self, batch: &Batch<'_>) -> Result<Outcome, Error> {
        self.evaluate_in_order(batch, self.shared.gate.ticket())
    }

    /// The same for one of several workers that share a stream: its questions
    /// are answered after those of all batches with earlier tickets, so what comes
    /// out does not depend on which worker is faster. A [`Pool`](crate::Pool) does
    /// all of that.
    ///
    /// It waits for them, so no thread may hold one of their tickets and wait
    /// for this.
    ///
    /// # Errors
    ///
    /// As [`Worker::evaluate`]. The ticket is given back in any case.
    pub fn evaluate_in_order(&mut self, batch: &Batch<'_>, ticket: Ticket) -> Result<Outcome, Error> {
        self.evaluate_while(batch, ticket, || true)?.ok_or(Error::GivenUp)
    }

    /// The same, unless the outcome is no longer wanted before it is committed:
    /// then nothing of the batch is kept, and there is none.
    pub(crate) fn evaluate_while(
        &mut self,
        batch: &Batch<'_>,
        ticket: Ticket,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Option<Outcome>, Error> {
        check_lines(batch)?;
        let shared = Arc::clone(&self.shared);
        let has_met_rules = shared.has_met_rules.load(Ordering::Acquire);
        let rules = if has_met_rules { &[] } else { shared.rules.as_slice() };
        let mut turn = Turn::new(&shared, batch.arrival_ms, rules, ticket);
        let mut text = Text::new(&batch.lines, shared.line_bytes_max);
        text.set_apart.extend_from_slice(&batch.set_apart);
        text.set_apart.sort_by_key(|line| line.line);
        text.malformed.extend(batch.set_apart.iter().filter_map(SetApart::malformed));
        let context = context(batch, &text.set_apart, &shared);
        let mut progress = Progress::default();
        self.sandbox.breaker().try_again();
        // Of a batch that failed.
        self.sandbox.take_cost();
        let timeout = shared.limits.call_timeout;
        let savepoint = turn.savepoint();
        match self.sandbox.evaluate(&text.text, &context, &mut turn, timeout) {
            Ok(evaluation) => progress.take(evaluation, 0, &shared.rules),
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Trap(trap)) => {
                turn.restore(savepoint);
                let ranges = line_ranges(text.text.as_bytes());
                let lines = Lines { text: &text.text, ranges, batch, set_apart: &text.set_apart };
                progress.narrow(&mut self.sandbox, &lines, trap, &mut turn, &shared)?;
            }
        }
        self.sandbox.breaker().batch(!progress.has_failed());
        self.sandbox.drop_bloated_instance();
        if !is_wanted() {
            return Ok(None);
        }
        let began = Instant::now();
        let mut outcome = progress.commit(turn, text, &shared.rules)?;
        outcome.cost = Cost { commit: began.elapsed(), ..self.sandbox.take_cost() };
        shared.has_met_rules.store(true, Ordering::Release);
        Ok(Some(outcome))
    }

    /// Says which rules match which events of a batch, by query, filters,
    /// exceptions and index patterns alone: no state, no terms, no alerts.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] if the module fails, [`Error::Lines`] if the batch has not
    /// as many ids or targets as lines.
    pub fn match_events(&mut self, batch: &Batch<'_>) -> Result<Matching, Error> {
        check_lines(batch)?;
        let text = Text::new(&batch.lines, self.shared.line_bytes_max);
        let context = context(batch, &text.set_apart, &self.shared);
        self.sandbox.match_events(&text, &context)
    }

    /// What Kibana's run of a rule that starts at `now_ms` would look at; `rule`
    /// is its place among [`Detector::rules`](crate::Detector::rules). `None` if there
    /// is no such rule or the times leave the calendar.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] if the module fails.
    pub fn scheduled_range(&mut self, rule: usize, now_ms: i64) -> Result<Option<RunRange>, Error> {
        self.sandbox.scheduled_range(u32::try_from(rule).unwrap_or(u32::MAX), now_ms)
    }
}

fn context<'b>(batch: &'b Batch<'_>, set_apart: &'b [SetApart], shared: &Shared) -> CallContext<'b> {
    CallContext {
        targets: &batch.targets,
        target_of: &batch.target_of,
        arrival_ms: batch.arrival_ms,
        ids: &batch.ids,
        set_apart,
        line_work_max: shared.limits.line_work,
    }
}

fn check_lines(batch: &Batch<'_>) -> Result<(), Error> {
    let by_line = [("ids", batch.ids.len()), ("targets", batch.target_of.len())];
    let mut given = by_line.into_iter().filter(|&(_, count)| count > 0).peekable();
    if given.peek().is_none() {
        return Ok(());
    }
    let lines = count_lines(&batch.lines);
    match given.find(|&(_, count)| count != lines) {
        Some((what, count)) => Err(Error::Lines { what, count, lines }),
        None => Ok(()),
    }
}
