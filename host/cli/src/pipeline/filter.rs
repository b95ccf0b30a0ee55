//! `firstseen filter`'s loop: intake, pool, output.

use std::future::{IntoFuture, poll_fn};
use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{SystemTime, UNIX_EPOCH};

use firstseen::ledger::LedgerError;
use firstseen::{
    Alert, Batch, Counts, Detector, Error, Judged, JudgingFuture, Outcome, Pool, SetApartCause, SetApartLine,
};

use super::failure::Failure;
use super::intake::{Chunk, Intake, Piece, ReadError};
use super::notices::Notices;
use super::output::{Output, WriteError};
use super::queue::{Next, PassedChunk, Queue};

/// Alerts of an earlier run that are read at a time.
const OUTBOX_PAGE: usize = 1_000;

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
    pool: Pool,
    output: Output,
    index: Option<String>,
    now_ms: Option<i64>,
    counts: Counts,
    /// The stream that passes.
    stream: usize,
    notices: Notices<'a>,
    was_disabled: bool,
    /// Detection failed as a whole; no batch is evaluated any more.
    is_off: bool,
    failures: Vec<Failure>,
}

/// Lines that are being judged.
struct JudgingPiece {
    judging: JudgingFuture,
    /// The end of a line that is too long, which passes instead of the batch.
    overlong: Option<Vec<u8>>,
}

/// Lines that are judged.
struct JudgedPiece {
    judged: Judged,
    overlong: Option<Vec<u8>>,
}

impl Future for JudgingPiece {
    type Output = JudgedPiece;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<JudgedPiece> {
        let judged = ready!(Pin::new(&mut self.judging).poll(context));
        Poll::Ready(JudgedPiece { judged, overlong: self.overlong.take() })
    }
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
            pool: Pool::new(detector, workers)?,
            output,
            index,
            now_ms,
            counts: Counts::default(),
            stream: 0,
            notices: Notices::new(streams, tell),
            was_disabled: false,
            is_off: false,
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
            Err(Error::Ledger(LedgerError::Failed { .. })) if self.is_off => {}
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

    fn pass_all(&mut self, intake: &mut Intake, progress: impl FnMut(u64)) -> Result<(), StopReason> {
        self.deliver_outbox()?;
        pollster::block_on(self.pass_pieces(intake, progress))
    }

    /// Submits pieces as they come and writes them as they are judged, in the order
    /// of the streams.
    async fn pass_pieces(&mut self, intake: &mut Intake, mut progress: impl FnMut(u64)) -> Result<(), StopReason> {
        let mut queue = Queue::new(self.pool.workers());
        let mut overlong = SetApartLine::default();
        loop {
            match poll_fn(|context| queue.poll(context, intake)).await {
                Next::Queue(piece) => self.queue_piece(piece, &mut queue, &mut overlong),
                Next::Write(stream, chunk) => {
                    let buffer = self.pass(stream, chunk)?;
                    queue.give_back(buffer);
                    progress(intake.bytes_read());
                }
                Next::End(result) => return result.map_err(StopReason::Input),
            }
        }
    }

    /// Submits a piece, if there is something to judge. Of a line that is too long
    /// `overlong` is what has come of it; it is judged as a line that is set apart.
    fn queue_piece(&self, piece: Piece, queue: &mut Queue<JudgingPiece>, overlong: &mut SetApartLine) {
        let Piece { stream, chunk } = piece;
        let line = match &chunk {
            Chunk::Overlong { bytes, ends } => {
                overlong.push(bytes.strip_suffix(b"\n").unwrap_or(bytes));
                ends.then(|| std::mem::take(overlong))
            }
            Chunk::Lines(_) => None,
        };
        match (chunk, line) {
            (Chunk::Lines(lines), _) if !self.is_off => {
                queue.push_judging(stream, self.judge(self.batch(lines), None));
            }
            (Chunk::Overlong { bytes, .. }, Some(line)) if !self.is_off => {
                let mut batch = self.batch(b"\n".to_vec());
                batch.set_apart.push(line.finish(0, SetApartCause::TooLong));
                queue.push_judging(stream, self.judge(batch, Some(bytes)));
            }
            (chunk, _) => queue.push_unjudged(Piece { stream, chunk }),
        }
    }

    /// Submits a batch; `overlong` is what passes instead of its lines.
    fn judge(&self, batch: Batch<'static>, overlong: Option<Vec<u8>>) -> JudgingPiece {
        JudgingPiece { judging: self.pool.submit(batch).into_future(), overlong }
    }

    fn batch(&self, lines: Vec<u8>) -> Batch<'static> {
        let batch = Batch::new(lines, self.now_ms.unwrap_or_else(system_now_ms));
        match &self.index {
            Some(index) => batch.bound_for(index),
            None => batch,
        }
    }

    /// Writes a piece, and answers with its buffer.
    fn pass(&mut self, stream: usize, chunk: PassedChunk<JudgedPiece>) -> Result<Vec<u8>, StopReason> {
        if stream != self.stream {
            self.stream = stream;
            self.notices.enter(stream);
            self.output.end_line().map_err(stop_reason)?;
        }
        match chunk {
            PassedChunk::Judged(judged) => self.pass_judged(judged),
            PassedChunk::Unjudged(Chunk::Lines(lines)) => {
                self.pass_unjudged(&lines)?;
                Ok(lines)
            }
            PassedChunk::Unjudged(Chunk::Overlong { bytes, ends }) => {
                if ends {
                    self.counts.events += 1;
                    self.counts.unjudged += 1;
                    self.notices.pass(&bytes, None);
                }
                self.output.write_events(&bytes).map_err(stop_reason)?;
                Ok(bytes)
            }
        }
    }

    fn pass_judged(&mut self, JudgedPiece { judged, overlong }: JudgedPiece) -> Result<Vec<u8>, StopReason> {
        let lines = overlong.unwrap_or_else(|| judged.batch.lines.into_owned());
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
            self.is_off = true;
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

/// Now, in epoch milliseconds.
fn system_now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
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
