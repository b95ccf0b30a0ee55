//! `firstseen filter`'s loop: intake, workers, output.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use firstseen::ledger::LedgerError;
use firstseen::{Alert, Counts, Detector, Error, Outcome, Worker};

use super::failure::Failure;
use super::intake::{Chunk, Intake, Piece, ReadError};
use super::notices::Notices;
use super::output::{Output, WriteError};
use super::workers::{EvaluatedPiece, JobResult, Workers};

/// Pieces on their way for each worker: one it judges, one that waits for its
/// place in the output.
const PIECES_A_WORKER: usize = 2;

/// What a filter is to know of its events.
#[derive(Debug)]
pub(crate) struct FilterOptions {
    /// Workers that evaluate side by side.
    pub(crate) workers: NonZeroUsize,
    /// What the events are bound for.
    pub(crate) index: Option<String>,
    /// The arrival time of every batch; the system's clock if none.
    pub(crate) now_ms: Option<i64>,
    /// The streams by name, for messages; one that has none goes without saying.
    pub(crate) streams: Vec<Option<String>>,
}

/// Streams of events on their way through a detector. The events come out
/// whatever becomes of detection.
pub(crate) struct Filter<'a> {
    detector: &'a Detector,
    /// Those that have not had work yet are not made yet.
    workers: Vec<Option<Worker>>,
    workers_count: usize,
    output: Output,
    index: Option<String>,
    now_ms: Option<i64>,
    counts: Counts,
    /// The stream that passes.
    stream: usize,
    notices: Notices<'a>,
    was_disabled: bool,
    /// Detection failed as a whole; no batch is evaluated any more.
    is_off: Arc<AtomicBool>,
    failures: Vec<Failure>,
}

/// Why the streams ended before their end.
#[derive(Debug)]
pub(crate) enum StopReason {
    /// The events can no longer be read.
    Input(ReadError),
    /// Nobody takes the output any more.
    OutputClosed,
    /// The output cannot be written.
    Output(io::Error),
    /// No thread can be had.
    Thread(io::Error),
}

impl<'a> Filter<'a> {
    /// A filter; `tell` takes what the operator should know, a line at a time.
    ///
    /// # Errors
    ///
    /// When the module cannot be started.
    pub(crate) fn new(
        detector: &'a Detector,
        options: FilterOptions,
        output: Output,
        tell: impl FnMut(&str) + 'a,
    ) -> Result<Self, Error> {
        let FilterOptions { workers, index, now_ms, streams } = options;
        let workers_count = workers.get();
        let mut workers: Vec<Option<Worker>> = (0..workers_count).map(|_| None).collect();
        if let Some(first) = workers.first_mut() {
            *first = Some(detector.worker()?);
        }
        Ok(Self {
            detector,
            workers,
            workers_count,
            output,
            index,
            now_ms,
            counts: Counts::default(),
            stream: 0,
            notices: Notices::new(streams, tell),
            was_disabled: false,
            is_off: Arc::default(),
            failures: Vec::new(),
        })
    }

    /// Passes the streams through. `progress` is told the bytes read so far.
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
    pub(crate) fn was_disabled(&self) -> bool {
        self.was_disabled
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
        let (sender, results) = mpsc::sync_channel(pieces);
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
            let result = self.write_in_order(&results, buffers, &mut || progress(meter.bytes_read()));
            // Somebody may be waiting for input that nobody wants any more.
            meter.end();
            result
        })
    }

    /// Writes pieces in the order of the streams, whichever is ready first, and
    /// gives their buffers back.
    fn write_in_order(
        &mut self,
        results: &Receiver<JobResult>,
        buffers: Sender<Vec<u8>>,
        progress: &mut dyn FnMut(),
    ) -> Result<(), StopReason> {
        let mut early = BTreeMap::new();
        let mut next = 0;
        for JobResult { number, result } in results {
            early.insert(number, result);
            while let Some(result) = early.remove(&next) {
                next += 1;
                let buffer = self.pass(result.map_err(StopReason::Input)?)?;
                // If no worker is left to take it, none is needed.
                let _ = buffers.send(buffer);
                progress();
            }
        }
        Ok(())
    }

    /// Writes a piece and answers with its buffer.
    fn pass(&mut self, evaluated: EvaluatedPiece) -> Result<Vec<u8>, StopReason> {
        let EvaluatedPiece { piece: Piece { stream, chunk }, outcome, is_disabled } = evaluated;
        if stream != self.stream {
            self.stream = stream;
            self.output.end_line().map_err(stop_reason)?;
        }
        self.notices.enter(stream);
        match chunk {
            Chunk::Lines(lines) => {
                match outcome {
                    Some(Ok(outcome)) => self.pass_judged(&lines, &outcome, is_disabled)?,
                    Some(Err(error)) => {
                        self.fail(Failure::Detection(error));
                        self.pass_unjudged(&lines)?;
                    }
                    None => self.pass_unjudged(&lines)?,
                }
                Ok(lines)
            }
            Chunk::Overlong { bytes, ends } => {
                if ends {
                    self.counts.events += 1;
                    self.counts.malformed += 1;
                    self.notices.pass_overlong();
                }
                self.output.write_events(&bytes).map_err(stop_reason)?;
                Ok(bytes)
            }
        }
    }

    fn pass_judged(&mut self, lines: &[u8], outcome: &Outcome, is_disabled: bool) -> Result<(), StopReason> {
        self.notices.pass(lines, Some(outcome));
        if is_disabled && !self.was_disabled {
            self.was_disabled = true;
            let of = self.workers_count;
            self.notices.tell(&format!(
                "the detection module failed too often: DETECTION IS OFF in 1 of {of} workers for 30 s, whose events \
                 only pass through"
            ));
        }
        self.counts += outcome.counts;
        let result = self.output.write(lines, &outcome.alerts);
        self.settle(result, &outcome.alerts)
    }

    /// Passes lines while detection is off.
    fn pass_unjudged(&mut self, lines: &[u8]) -> Result<(), StopReason> {
        let is_event = |line: &&[u8]| !line.trim_ascii().is_empty();
        let events = lines.split(|&byte| byte == b'\n').filter(is_event).count() as u64;
        self.counts.events += events;
        self.counts.unjudged += events;
        self.notices.pass(lines, None);
        self.output.write_events(lines).map_err(stop_reason)
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
        let count = alerts.len();
        self.notices.tell(&format!("{count} alerts of an earlier run were not handed over; they come first"));
        let result = self.output.write_alerts(&alerts);
        if result.is_ok() {
            self.counts.alerts += count as u64;
        }
        self.settle(result, &alerts)
    }

    /// Acknowledges alerts if they were written.
    fn settle(&mut self, result: Result<(), WriteError>, alerts: &[Alert]) -> Result<(), StopReason> {
        match result {
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
            Err(error @ WriteError::Stdout(_)) => Err(stop_reason(error)),
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
            self.notices.tell(&notice);
        }
        self.failures.push(failure);
    }
}

/// Why a stream ends whose events cannot be written.
fn stop_reason(error: WriteError) -> StopReason {
    match error {
        WriteError::Stdout(error) | WriteError::Alerts(error) => match error.kind() {
            io::ErrorKind::BrokenPipe => StopReason::OutputClosed,
            _ => StopReason::Output(error),
        },
    }
}

#[cfg(test)]
mod tests;
