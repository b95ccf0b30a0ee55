//! `firstseen filter`'s loop: intake, pool, output.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::failure::Failure;
use super::feed::{Feed, Piece};
use super::intake::Intake;
use super::output::{Output, WriteError};
use firstseen::ledger::LedgerError;
use firstseen::{Alert, Counts, Detector, Error, Judged, NotJudged, Outcome, Pool, RuleSummary, Unjudged};

/// How many lines of each kind of trouble are named; more are only counted.
const NAMED_LINES: u64 = 5;

/// Alerts of an earlier run that are read at a time.
const OUTBOX_PAGE: usize = 1_000;

/// Pieces on their way for each worker: one it judges, one that waits for its
/// place in the output.
const PIECES_A_WORKER: usize = 2;

/// A stream of events on its way through a detector. The events come out
/// whatever becomes of detection.
pub(crate) struct Filter<'a> {
    detector: &'a Detector,
    pool: Arc<Pool>,
    output: Output,
    index: Option<String>,
    /// The arrival time of every batch; the system's clock if none.
    now_ms: Option<i64>,
    counts: Counts,
    /// Lines that have passed.
    lines: u64,
    notes: Box<dyn FnMut(&str) + 'a>,
    told_disabled: bool,
    /// Detection failed as a whole; no batch is evaluated any more.
    is_off: Arc<AtomicBool>,
    failures: Vec<Failure>,
}

/// Why a stream ended before its end.
#[derive(Debug)]
pub(crate) enum StopReason {
    /// The events can no longer be read.
    Input(io::Error),
    /// Nobody takes the output any more.
    OutputClosed,
    /// The output cannot be written.
    Output(io::Error),
    /// No thread can be had.
    Thread(io::Error),
}

impl<'a> Filter<'a> {
    /// A filter; `notes` takes what the operator should know, a line at a time.
    ///
    /// # Errors
    ///
    /// When the module cannot be started.
    pub(crate) fn new(
        detector: &'a Detector,
        workers: NonZeroUsize,
        output: Output,
        index: Option<String>,
        now_ms: Option<i64>,
        notes: impl FnMut(&str) + 'a,
    ) -> Result<Self, Error> {
        let pool = Arc::new(Pool::new(detector, workers)?);
        let notes = Box::new(notes);
        let counts = Counts::default();
        Ok(Self {
            detector,
            pool,
            output,
            index,
            now_ms,
            counts,
            lines: 0,
            notes,
            told_disabled: false,
            is_off: Arc::default(),
            failures: Vec::new(),
        })
    }

    /// Passes a stream through. `progress` is told the bytes read so far.
    ///
    /// # Errors
    ///
    /// [`StopReason`]; the counts are those of what passed until then. What
    /// failed beside the events is in [`Filter::failures`].
    pub(crate) fn run(&mut self, intake: &mut Intake, progress: impl FnMut(u64)) -> Result<(), StopReason> {
        let result = self.pass_all(intake, progress);
        match self.detector.flush() {
            Ok(()) => {}
            // The failure that is known already, once more.
            Err(Error::Ledger(LedgerError::Failed { .. })) if self.is_off.load(Ordering::Relaxed) => {}
            Err(error) => self.fail(Failure::State(error)),
        }
        result
    }

    /// What has passed so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// What failed while the events flowed on, in order.
    pub(crate) fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Whether the module was switched off on the way.
    pub(crate) fn is_disabled(&self) -> bool {
        self.told_disabled
    }

    fn pass_all(&mut self, intake: &mut Intake, mut progress: impl FnMut(u64)) -> Result<(), StopReason> {
        self.deliver_outbox()?;
        let meter = intake.meter();
        let pieces_max = self.pool.workers() * PIECES_A_WORKER;
        let (buffers, free) = mpsc::channel();
        for _ in 0..pieces_max {
            // The other end is still here.
            let _ = buffers.send(Vec::new());
        }
        let (sender, pieces) = mpsc::sync_channel(pieces_max);
        let (pool, index, is_off) = (Arc::clone(&self.pool), self.index.clone(), Arc::clone(&self.is_off));
        let feed = Feed { pool: &pool, intake, index: index.as_deref(), now_ms: self.now_ms, is_off: &is_off };
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("firstseen-feed".to_owned());
            thread.spawn_scoped(scope, move || feed.run(&free, &sender)).map_err(StopReason::Thread)?;
            let result = self.write_in_order(pieces, buffers, &mut || progress(meter.bytes_read()));
            // Somebody may be waiting for input that nobody wants any more.
            meter.end();
            result
        })
    }

    /// Writes pieces in the order of the stream, and gives their buffers back.
    fn write_in_order(
        &mut self,
        pieces: Receiver<Piece>,
        buffers: Sender<Vec<u8>>,
        progress: &mut dyn FnMut(),
    ) -> Result<(), StopReason> {
        for piece in pieces {
            // If nobody is left to take it, none is needed.
            let _ = buffers.send(self.pass(piece)?);
            progress();
        }
        Ok(())
    }

    /// Writes a piece, once it is judged, and answers with its buffer.
    fn pass(&mut self, piece: Piece) -> Result<Vec<u8>, StopReason> {
        match piece {
            Piece::Judging(judging) => self.pass_judged(judging.wait()),
            Piece::Unjudged(lines) => {
                self.pass_unjudged(&lines)?;
                Ok(lines)
            }
            Piece::Overlong { bytes, ends } => {
                self.pass_overlong(&bytes, ends)?;
                Ok(bytes)
            }
            Piece::Unread(error) => Err(StopReason::Input(error)),
        }
    }

    fn pass_judged(&mut self, judged: Judged) -> Result<Vec<u8>, StopReason> {
        let lines = judged.batch.lines.into_owned();
        let outcome = match judged.outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                // The events are not to blame.
                self.fail(Failure::Detection(error));
                self.pass_unjudged(&lines)?;
                return Ok(lines);
            }
        };
        self.note(&outcome, judged.is_disabled);
        self.counts += outcome.counts;
        self.lines += memchr::memchr_iter(b'\n', &lines).count() as u64;
        let written = self.output.write(&lines, &outcome.alerts);
        self.settle(written, &outcome.alerts)?;
        Ok(lines)
    }

    /// Alerts that an earlier run committed and could not hand over come first.
    fn deliver_outbox(&mut self) -> Result<(), StopReason> {
        let mut after = None;
        loop {
            let alerts = match self.detector.outbox(after, OUTBOX_PAGE) {
                Ok(alerts) => alerts,
                Err(error) => {
                    self.fail(Failure::Detection(error));
                    return Ok(());
                }
            };
            let Some(last) = alerts.last() else { return Ok(()) };
            if after.is_none() {
                let waiting = self.detector.outbox_len().unwrap_or(alerts.len() as u64);
                (self.notes)(&format!("{waiting} alerts of an earlier run were not handed over; they come first"));
            }
            after = Some(last.number);
            let written = self.output.write_alerts(&alerts);
            let is_written = written.is_ok();
            if is_written {
                self.counts.alerts += alerts.len() as u64;
            }
            self.settle(written, &alerts)?;
            if !is_written {
                return Ok(());
            }
        }
    }

    /// Passes lines while detection is off.
    fn pass_unjudged(&mut self, lines: &[u8]) -> Result<(), StopReason> {
        let is_event = |line: &&[u8]| !line.trim_ascii().is_empty();
        let events = lines.split(|&byte| byte == b'\n').filter(is_event).count() as u64;
        self.counts.events += events;
        self.counts.unjudged += events;
        self.lines += memchr::memchr_iter(b'\n', lines).count() as u64;
        self.write_events(lines)
    }

    /// Acknowledges alerts that were written.
    fn settle(&mut self, written: Result<(), WriteError>, alerts: &[Alert]) -> Result<(), StopReason> {
        match written {
            Ok(()) => {
                if let Err(error) = self.detector.acknowledge_alerts(alerts) {
                    self.fail(Failure::Acknowledgement(error));
                }
                Ok(())
            }
            Err(WriteError::Alerts(error)) => {
                self.fail(Failure::Alerts(error));
                Ok(())
            }
            Err(WriteError::Stdout(error)) => Err(stdout_error(error)),
        }
    }

    /// Takes note of a failure, and tells of the first of its kind.
    fn fail(&mut self, failure: Failure) {
        if matches!(failure, Failure::Detection(_) | Failure::Acknowledgement(_)) {
            self.is_off.store(true, Ordering::Relaxed);
        }
        let kind = std::mem::discriminant(&failure);
        if self.failures.iter().any(|known| std::mem::discriminant(known) == kind) {
            return;
        }
        if let Some(notice) = failure.notice() {
            (self.notes)(&notice);
        }
        self.failures.push(failure);
    }

    fn write_events(&mut self, bytes: &[u8]) -> Result<(), StopReason> {
        match self.output.write_events(bytes) {
            Ok(()) => Ok(()),
            Err(WriteError::Stdout(error) | WriteError::Alerts(error)) => Err(stdout_error(error)),
        }
    }

    fn pass_overlong(&mut self, bytes: &[u8], ends: bool) -> Result<(), StopReason> {
        if ends {
            self.counts.events += 1;
            self.counts.malformed += 1;
            if self.counts.malformed <= NAMED_LINES {
                (self.notes)(&format!("line {}: longer than --max-line; passed on, not judged", self.lines + 1));
            }
            self.lines += 1;
        }
        self.write_events(bytes)
    }

    fn note(&mut self, outcome: &Outcome, is_disabled: bool) {
        let room = |count: u64| usize::try_from(NAMED_LINES.saturating_sub(count)).unwrap_or_default();
        for line in outcome.malformed.iter().take(room(self.counts.malformed)) {
            let number = self.lines + line.line as u64 + 1;
            (self.notes)(&format!("line {number}: {} (byte {}); passed on, not judged", line.fault, line.offset));
        }
        for line in outcome.unjudged.iter().take(room(self.counts.unjudged)) {
            let number = self.lines + line.line as u64 + 1;
            (self.notes)(&format!("line {number}: {}", not_judged(line, self.detector.rules())));
        }
        if is_disabled && !self.told_disabled {
            self.told_disabled = true;
            let of = self.pool.workers();
            (self.notes)(&format!(
                "the detection module failed too often: DETECTION IS OFF in 1 of {of} workers for 30 s, whose events \
                 only pass through"
            ));
        }
    }
}

/// What is said of an event that was not judged, or not by all rules.
fn not_judged(event: &Unjudged, rules: &[RuleSummary]) -> String {
    let ids: Vec<&str> = event.rules.iter().filter_map(|&rule| Some(&*rules.get(rule)?.rule_id)).collect();
    match (&event.cause, ids.as_slice()) {
        (cause, []) => format!("passed on, not judged: {cause}"),
        (NotJudged::Terms, ids) => {
            format!("passed on, not judged in full by rule {}: {}", ids.join(", "), NotJudged::Terms)
        }
        (cause, ids) => format!("passed on, not judged by rule {}: {cause}", ids.join(", ")),
    }
}

fn stdout_error(error: io::Error) -> StopReason {
    match error.kind() {
        io::ErrorKind::BrokenPipe => StopReason::OutputClosed,
        _ => StopReason::Output(error),
    }
}

#[cfg(test)]
mod tests;
