//! `firstseen filter`'s loop: intake, pool, output.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use firstseen::ledger::LedgerError;
use firstseen::{Alert, Counts, Detector, Error, Judged, Outcome, Pool};

use super::failure::Failure;
use super::feed::{Feed, QueuedChunk, QueuedPiece};
use super::intake::{Intake, ReadError};
use super::notices::Notices;
use super::output::{Output, WriteError};

/// Alerts of an earlier run that are read at a time.
const OUTBOX_PAGE: usize = 1_000;

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
    pool: Arc<Pool>,
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
        Ok(Self {
            detector,
            pool: Arc::new(Pool::new(detector, workers)?),
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

    /// Writes pieces in the order of the streams, and gives their buffers back.
    fn write_in_order(
        &mut self,
        pieces: Receiver<Result<QueuedPiece, ReadError>>,
        buffers: Sender<Vec<u8>>,
        progress: &mut dyn FnMut(),
    ) -> Result<(), StopReason> {
        for piece in pieces {
            let buffer = self.pass(piece.map_err(StopReason::Input)?)?;
            // If nobody is left to take it, none is needed.
            let _ = buffers.send(buffer);
            progress();
        }
        Ok(())
    }

    /// Writes a piece, once it is judged, and answers with its buffer.
    fn pass(&mut self, piece: QueuedPiece) -> Result<Vec<u8>, StopReason> {
        if piece.stream != self.stream {
            self.stream = piece.stream;
            self.notices.enter(piece.stream);
            self.output.end_line().map_err(stop_reason)?;
        }
        match piece.chunk {
            QueuedChunk::Judging(judging) => self.pass_judged(judging.wait()),
            QueuedChunk::Unjudged(lines) => {
                self.pass_unjudged(&lines)?;
                Ok(lines)
            }
            QueuedChunk::Overlong { bytes, ends } => {
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

    fn pass_judged(&mut self, judged: Judged) -> Result<Vec<u8>, StopReason> {
        let lines = judged.batch.lines.into_owned();
        match judged.outcome {
            Ok(outcome) => self.pass_outcome(&lines, &outcome, judged.is_disabled)?,
            Err(error) => {
                // The events are not to blame.
                self.fail(Failure::Detection(error));
                self.pass_unjudged(&lines)?;
            }
        }
        Ok(lines)
    }

    fn pass_outcome(&mut self, lines: &[u8], outcome: &Outcome, is_disabled: bool) -> Result<(), StopReason> {
        self.notices.pass(lines, Some((outcome, self.detector.rules())));
        if is_disabled && !self.was_disabled {
            self.was_disabled = true;
            let of = self.pool.workers();
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
                self.notices.tell(&format!("{waiting} alerts of an earlier run were not handed over; they come first"));
            }
            after = Some(last.number);
            let result = self.output.write_alerts(&alerts);
            let is_success = result.is_ok();
            if is_success {
                self.counts.alerts += alerts.len() as u64;
            }
            self.settle(result, &alerts)?;
            if !is_success {
                return Ok(());
            }
        }
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

/// Why the streams end when events cannot be written.
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
