//! `firstseen filter`'s loop: intake, workers, output.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::failure::Failure;
use super::intake::Intake;
use super::output::{Output, WriteError};
use super::workers::{Passed, Piece, Workers};
use firstseen::Detector;
use firstseen::Error;
use firstseen::Worker;
use firstseen::ledger::LedgerError;
use firstseen::{Alert, Counts, Outcome};

/// How many lines of each kind of trouble are named; more are only counted.
const NAMED_LINES: u64 = 5;

/// Pieces on their way for each worker: one it judges, one that waits for its
/// place in the output.
const PIECES_A_WORKER: usize = 2;

/// A stream of events on its way through a detector. The events come out
/// whatever becomes of detection.
pub(crate) struct Filter<'a> {
    detector: &'a Detector,
    /// Those that have not had work yet are not made yet.
    workers: Vec<Option<Worker>>,
    workers_count: usize,
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
        let workers_count = workers.get();
        let mut workers: Vec<Option<Worker>> = (0..workers_count).map(|_| None).collect();
        if let Some(first) = workers.first_mut() {
            *first = Some(detector.worker()?);
        }
        let notes = Box::new(notes);
        let counts = Counts::default();
        Ok(Self {
            detector,
            workers,
            workers_count,
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
        let pieces = self.workers.len() * PIECES_A_WORKER;
        let (buffers, free) = mpsc::channel();
        for _ in 0..pieces {
            // The other end is still here.
            let _ = buffers.send(Vec::new());
        }
        let (sender, passed) = mpsc::sync_channel(pieces);
        let mut workers = std::mem::take(&mut self.workers);
        let index = self.index.clone();
        let is_off = Arc::clone(&self.is_off);
        let shared = Workers::new(self.detector, index.as_deref(), self.now_ms, &is_off, intake, free);
        thread::scope(|scope| {
            for (number, worker) in workers.iter_mut().enumerate() {
                let (shared, sender) = (&shared, sender.clone());
                let thread = thread::Builder::new().name("firstseen-worker".to_owned());
                match thread.spawn_scoped(scope, move || shared.run(worker, &sender)) {
                    Ok(_) => {}
                    Err(error) if number == 0 => return Err(StopReason::Thread(error)),
                    // Those that could be had do it.
                    Err(_) => break,
                }
            }
            drop(sender);
            let result = self.write_in_order(&passed, buffers, &mut || progress(meter.bytes_read()));
            // Somebody may be waiting for input that nobody wants any more.
            meter.end();
            result
        })
    }

    /// Writes pieces in the order of the stream, whichever is ready first, and
    /// gives their buffers back.
    fn write_in_order(
        &mut self,
        passed: &Receiver<Passed>,
        buffers: Sender<Vec<u8>>,
        progress: &mut dyn FnMut(),
    ) -> Result<(), StopReason> {
        let mut early = BTreeMap::new();
        let mut next = 0;
        for passed in passed {
            early.insert(passed.number, passed);
            while let Some(passed) = early.remove(&next) {
                next += 1;
                // If no worker is left to take it, none is needed.
                let _ = buffers.send(self.pass(passed)?);
                progress();
            }
        }
        Ok(())
    }

    /// Writes a piece and answers with its buffer.
    fn pass(&mut self, Passed { piece, is_disabled, .. }: Passed) -> Result<Vec<u8>, StopReason> {
        match piece {
            Piece::Judged(lines, outcome) => {
                self.note(&outcome, is_disabled);
                self.counts += outcome.counts;
                self.lines += memchr::memchr_iter(b'\n', &lines).count() as u64;
                let written = self.output.write(&lines, &outcome.alerts);
                self.settle(written, &outcome.alerts)?;
                Ok(lines)
            }
            Piece::Unjudged(lines, error) => {
                if let Some(error) = error {
                    self.fail(Failure::Detection(error));
                }
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

    /// Alerts that an earlier run committed and could not hand over come first.
    fn deliver_outbox(&mut self) -> Result<(), StopReason> {
        let alerts = match self.detector.outbox() {
            Ok(alerts) => alerts,
            Err(error) => {
                self.fail(Failure::Detection(error));
                return Ok(());
            }
        };
        if alerts.is_empty() {
            return Ok(());
        }
        (self.notes)(&format!("{} alerts of an earlier run were not handed over; they come first", alerts.len()));
        let written = self.output.write_alerts(&alerts);
        if written.is_ok() {
            self.counts.alerts += alerts.len() as u64;
        }
        self.settle(written, &alerts)
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
            (self.notes)(&format!("line {number}: passed on, not judged: {}", line.cause));
        }
        if is_disabled && !self.told_disabled {
            self.told_disabled = true;
            let of = self.workers_count;
            (self.notes)(&format!(
                "the detection module failed too often: DETECTION IS OFF in 1 of {of} workers for 30 s, whose events \
                 only pass through"
            ));
        }
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
