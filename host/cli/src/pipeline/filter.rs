//! `firstseen filter`'s loop: intake, pool, output.

use std::collections::BTreeMap;
use std::future::{IntoFuture, poll_fn};
use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{SystemTime, UNIX_EPOCH};

use firstseen::ledger::LedgerError;
use firstseen::{
    Alert, Batch, Counts, Detector, Error, Judged, JudgingFuture, Outcome, Pool, SetApartCause, SetApartLine,
};
use firstseen_delivery::{Delivery, Tell};

use super::failure::Failure;
use super::intake::{Chunk, Intake, Piece, ReadError};
use super::notices::Notices;
use super::output::Output;
use super::queue::{Next, PassedChunk, Queue, QueuedChunk};
use super::status::{Passed, Status};

/// What stands for the rule of an alert of the module's own.
const NO_RULE: &str = "events that were not judged";

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
    /// What waits when the run ends is kept for the next one.
    pub(crate) has_state: bool,
}

/// Streams of events on their way through a detector. The events come out
/// whatever becomes of detection.
pub(crate) struct Filter<'a> {
    detector: &'a Detector,
    pool: Pool,
    output: Output,
    /// Hands over the alerts, if they do not go to the output.
    delivery: Option<Delivery>,
    status: Arc<Status>,
    index: Option<String>,
    now_ms: Option<i64>,
    has_state: bool,
    passed: Passed,
    /// Alerts that the outbox had no room for, by rule.
    lost: BTreeMap<String, u64>,
    /// The stream that passes.
    stream: usize,
    notices: Notices,
    was_disabled: bool,
    /// Detection failed as a whole; no batch is evaluated any more.
    is_off: bool,
    failures: Vec<Failure>,
}

/// Lines that are being judged.
struct JudgingPiece {
    judging: JudgingFuture,
    lines: u64,
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
    /// The output cannot be written; a broken pipe: nobody takes it any more.
    Output {
        cause: io::Error,
        /// Lines that were read and did not get out, about so many.
        lines_left: u64,
    },
}

impl<'a> Filter<'a> {
    /// A filter. Alerts go to the output, unless there is a `delivery`; `status` is
    /// kept up to date.
    ///
    /// # Errors
    ///
    /// When the module cannot be started.
    pub(crate) fn new(
        detector: &'a Detector,
        options: FilterOptions,
        output: Output,
        delivery: Option<Delivery>,
        status: Arc<Status>,
        tell: Tell,
    ) -> Result<Self, Error> {
        let FilterOptions { workers, index, now_ms, streams, has_state } = options;
        Ok(Self {
            detector,
            pool: Pool::new(detector, workers)?,
            output,
            delivery,
            status,
            index,
            now_ms,
            has_state,
            passed: Passed::default(),
            lost: BTreeMap::new(),
            stream: 0,
            notices: Notices::new(streams, tell),
            was_disabled: false,
            is_off: false,
            failures: Vec::new(),
        })
    }

    /// Passes the streams through. `progress` is told the bytes taken so far, of
    /// compressed files as they lie there.
    ///
    /// # Errors
    ///
    /// [`StopReason`]; the counts are those of what passed until then. What
    /// failed beside the events is in [`Filter::failures`].
    pub(crate) fn run(&mut self, intake: &mut Intake, progress: impl FnMut(u64)) -> Result<(), StopReason> {
        let result = self.pass_all(intake, progress);
        self.finish_delivery();
        if !self.lost.is_empty() {
            let mut lost: Vec<(String, u64)> = std::mem::take(&mut self.lost).into_iter().collect();
            lost.sort_by_key(|(_, alerts)| std::cmp::Reverse(*alerts));
            self.fail(Failure::AlertsLost(lost));
        }
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
        self.passed.counts
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
        if let Err(cause) = self.pass_earlier_alerts() {
            return Err(StopReason::Output { cause, lines_left: intake.lines_waiting() });
        }
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
                Next::Write(stream, chunk) => match self.pass(stream, chunk) {
                    Ok(buffer) => {
                        queue.give_back(buffer);
                        self.passed.bytes = intake.bytes_read();
                        progress(intake.source_bytes());
                        self.status.set(self.passed);
                    }
                    Err(NotPassed { cause, lines }) => {
                        let lines_left = lines + lines_in(queue) + intake.lines_waiting();
                        return Err(StopReason::Output { cause, lines_left });
                    }
                },
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
            Chunk::Lines(_) | Chunk::Mark(_) => None,
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
        let lines = count_lines(&batch.lines);
        JudgingPiece { judging: self.pool.submit(batch).into_future(), lines, overlong }
    }

    fn batch(&self, lines: Vec<u8>) -> Batch<'static> {
        let batch = Batch::new(lines, self.now_ms.unwrap_or_else(system_now_ms));
        match &self.index {
            Some(index) => batch.bound_for(index),
            None => batch,
        }
    }

    /// Writes a piece, and answers with its buffer.
    fn pass(&mut self, stream: usize, chunk: PassedChunk<JudgedPiece>) -> Result<Vec<u8>, NotPassed> {
        let mut ended = Ok(());
        if stream != self.stream {
            self.stream = stream;
            self.notices.enter(stream);
            ended = self.output.end_line();
        }
        let (bytes, outcome) = match chunk {
            PassedChunk::Judged(JudgedPiece { judged, overlong }) => {
                let lines = overlong.unwrap_or_else(|| judged.batch.lines.into_owned());
                (lines, Some((judged.outcome, judged.is_disabled)))
            }
            PassedChunk::Unjudged(Chunk::Lines(lines)) => (lines, None),
            PassedChunk::Unjudged(Chunk::Mark(bytes)) => {
                return match ended.and_then(|()| self.output.write_events(&bytes)) {
                    Ok(()) => Ok(bytes),
                    Err(cause) => Err(NotPassed { cause, lines: 0 }),
                };
            }
            PassedChunk::Unjudged(Chunk::Overlong { bytes, ends }) => {
                if ends {
                    self.passed.counts.events += 1;
                    self.passed.counts.unjudged += 1;
                    self.notices.pass(&bytes, None);
                }
                return match ended.and_then(|()| self.output.write_events(&bytes)) {
                    Ok(()) => Ok(bytes),
                    Err(cause) => Err(NotPassed { cause, lines: u64::from(ends) }),
                };
            }
        };
        let result = ended.and_then(|()| match outcome {
            Some((Ok(outcome), is_disabled)) => self.pass_outcome(&bytes, &outcome, is_disabled),
            Some((Err(error), _)) => {
                // The events are not to blame.
                self.fail(Failure::Detection(error));
                self.pass_unjudged(&bytes)
            }
            None => self.pass_unjudged(&bytes),
        });
        match result {
            Ok(()) => Ok(bytes),
            Err(cause) => Err(NotPassed { cause, lines: count_lines(&bytes) }),
        }
    }

    fn pass_outcome(&mut self, lines: &[u8], outcome: &Outcome, is_disabled: bool) -> io::Result<()> {
        self.notices.pass(lines, Some((outcome, self.detector.rules())));
        if is_disabled && !self.was_disabled {
            self.was_disabled = true;
            let of = self.pool.workers();
            self.notices.tell(&format!(
                "the detection module failed too often: DETECTION IS OFF in 1 of {of} workers for 30 s, whose events \
                 only pass through"
            ));
        }
        self.passed.counts += outcome.counts;
        self.passed.batches_off += u64::from(is_disabled);
        self.note_lost(outcome);
        let Some(delivery) = &self.delivery else {
            self.output.write(lines, &outcome.alerts)?;
            self.acknowledge(&outcome.alerts);
            return Ok(());
        };
        let result = self.output.write_events(lines);
        if !outcome.alerts.is_empty() {
            delivery.notify();
        }
        if let Some(failure) = delivery.take_failure() {
            self.fail(failure.into());
        }
        result
    }

    /// Takes note of alerts that the outbox had no room for, and tells of the first.
    fn note_lost(&mut self, outcome: &Outcome) {
        if let (Some(first), true) = (outcome.lost.first(), self.lost.is_empty()) {
            let rule = first.rule_id.as_deref().unwrap_or(NO_RULE);
            self.notices.tell(&format!(
                "ALERTS ARE LOST: as many wait as --outbox-max allows, and events that match a query do not come again; \
                 the first is of rule {rule}"
            ));
        }
        for lost in &outcome.lost {
            let rule = lost.rule_id.clone().unwrap_or_else(|| NO_RULE.to_owned());
            *self.lost.entry(rule).or_default() += lost.alerts;
        }
    }

    /// Passes lines while detection is off.
    fn pass_unjudged(&mut self, lines: &[u8]) -> io::Result<()> {
        let is_event = |line: &&[u8]| !line.trim_ascii().is_empty();
        let events = lines.split(|&byte| byte == b'\n').filter(is_event).count() as u64;
        self.passed.counts.events += events;
        self.passed.counts.unjudged += events;
        self.notices.pass(lines, None);
        self.output.write_events(lines)
    }

    /// Alerts that an earlier run committed and could not hand over come first.
    fn pass_earlier_alerts(&mut self) -> io::Result<()> {
        let waiting = match &self.delivery {
            Some(delivery) => delivery.earlier_alerts(),
            None => self.status.waiting().unwrap_or_default(),
        };
        if waiting > 0 {
            self.notices.tell(&format!("{waiting} alerts of an earlier run were not handed over; they come first"));
            self.passed.counts.alerts += waiting;
        }
        if self.delivery.is_some() {
            return Ok(());
        }
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
            after = Some(last.number);
            self.output.write_alerts(&alerts)?;
            self.acknowledge(&alerts);
        }
    }

    /// Strikes off alerts that were written.
    fn acknowledge(&mut self, alerts: &[Alert]) {
        if let Err(error) = self.detector.acknowledge_alerts(alerts) {
            self.fail(Failure::Acknowledgement(error));
        }
    }

    /// Waits until the alerts are in their file, as far as it takes them.
    fn finish_delivery(&mut self) {
        let Some(delivery) = self.delivery.take() else { return };
        let (trouble, failure) = delivery.finish();
        if let Some(failure) = failure {
            self.fail(failure.into());
        }
        if let Some(cause) = trouble {
            let alerts = self.status.waiting();
            self.fail(Failure::AlertsLeft { alerts, cause, are_kept: self.has_state });
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

/// A piece that could not be written.
struct NotPassed {
    cause: io::Error,
    /// Lines of it, some of which may have been.
    lines: u64,
}

/// How many lines are in a queue.
fn lines_in(queue: Queue<JudgingPiece>) -> u64 {
    let lines = queue.into_rest().map(|chunk| match chunk {
        QueuedChunk::Judging(judging) => judging.lines,
        QueuedChunk::Passed(PassedChunk::Judged(piece)) => count_lines(&piece.judged.batch.lines),
        QueuedChunk::Passed(PassedChunk::Unjudged(Chunk::Lines(lines))) => count_lines(&lines),
        QueuedChunk::Passed(PassedChunk::Unjudged(Chunk::Mark(_))) => 0,
        QueuedChunk::Passed(PassedChunk::Unjudged(Chunk::Overlong { ends, .. })) => u64::from(ends),
    });
    lines.sum()
}

/// Lines, an unfinished one at the end included.
fn count_lines(bytes: &[u8]) -> u64 {
    let unfinished = bytes.last().is_some_and(|&last| last != b'\n');
    memchr::memchr_iter(b'\n', bytes).count() as u64 + u64::from(unfinished)
}

#[cfg(test)]
mod tests;
