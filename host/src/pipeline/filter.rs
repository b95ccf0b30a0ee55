//! `firstseen filter`'s loop: intake, worker, output.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use super::intake::{Chunk, Intake};
use super::output::Output;
use crate::batch::Batch;
use crate::detector::Detector;
use crate::error::Error;
use crate::outcome::{Counts, Outcome};
use crate::worker::Worker;

/// How many lines of each kind of trouble are named; more are only counted.
const NAMED_LINES: u64 = 5;

/// A stream of events on its way through a detector.
pub(crate) struct Filter<'a> {
    detector: &'a Detector,
    worker: Worker,
    output: Output,
    index: Option<String>,
    /// The arrival time of every batch; the system's clock if none.
    now_ms: Option<i64>,
    counts: Counts,
    /// Lines that have passed.
    lines: u64,
    notes: Box<dyn FnMut(&str) + 'a>,
    told_disabled: bool,
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
    /// Detection failed as a whole. All events taken by then were passed on.
    Detection(Error),
}

impl<'a> Filter<'a> {
    /// A filter; `notes` takes what the operator should know, a line at a time.
    ///
    /// # Errors
    ///
    /// When the module cannot be started.
    pub(crate) fn new(
        detector: &'a Detector,
        output: Output,
        index: Option<String>,
        now_ms: Option<i64>,
        notes: impl FnMut(&str) + 'a,
    ) -> Result<Self, Error> {
        let worker = detector.worker()?;
        let notes = Box::new(notes);
        let counts = Counts::default();
        Ok(Self { detector, worker, output, index, now_ms, counts, lines: 0, notes, told_disabled: false })
    }

    /// Passes a stream through. `progress` is told the bytes read so far.
    ///
    /// # Errors
    ///
    /// [`StopReason`]; the counts are those of what passed until then.
    pub(crate) fn run(&mut self, intake: &mut Intake, mut progress: impl FnMut(u64)) -> Result<(), StopReason> {
        self.deliver_outbox()?;
        while let Some(chunk) = intake.next().map_err(StopReason::Input)? {
            match chunk {
                Chunk::Lines(lines) => {
                    self.pass_lines(&lines)?;
                    intake.recycle(lines);
                }
                Chunk::Overlong { bytes, ends } => self.pass_overlong(&bytes, ends)?,
            }
            progress(intake.bytes_read());
        }
        self.detector.flush().map_err(StopReason::Detection)
    }

    /// What has passed so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether the module was switched off on the way.
    pub(crate) fn is_disabled(&self) -> bool {
        self.worker.disabled()
    }

    /// Alerts that an earlier run committed and could not hand over come first.
    fn deliver_outbox(&mut self) -> Result<(), StopReason> {
        let alerts = self.detector.outbox().map_err(StopReason::Detection)?;
        if alerts.is_empty() {
            return Ok(());
        }
        (self.notes)(&format!("{} alerts of an earlier run were not handed over; they come first", alerts.len()));
        self.counts.alerts += alerts.len() as u64;
        self.output.write_alerts(&alerts).map_err(output_error)?;
        self.detector.acknowledge_alerts(&alerts).map_err(StopReason::Detection)
    }

    fn pass_lines(&mut self, lines: &[u8]) -> Result<(), StopReason> {
        let arrival_ms = self.now_ms.unwrap_or_else(system_time_ms);
        let batch = Batch { lines, arrival_ms, index: self.index.as_deref(), ids: &[] };
        match self.worker.evaluate(&batch) {
            Ok(outcome) => {
                self.note(&outcome);
                self.counts += outcome.counts;
                self.lines += memchr::memchr_iter(b'\n', lines).count() as u64;
                self.output.write(lines, &outcome.alerts).map_err(output_error)?;
                self.detector.acknowledge(&outcome).map_err(StopReason::Detection)
            }
            Err(error) => {
                // The events are not to blame.
                self.output.write_events(lines).map_err(output_error)?;
                Err(StopReason::Detection(error))
            }
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
        self.output.write_events(bytes).map_err(output_error)
    }

    fn note(&mut self, outcome: &Outcome) {
        let room = |count: u64| usize::try_from(NAMED_LINES.saturating_sub(count)).unwrap_or_default();
        for line in outcome.malformed.iter().take(room(self.counts.malformed)) {
            let number = self.lines + line.line as u64 + 1;
            (self.notes)(&format!("line {number}: {} (byte {}); passed on, not judged", line.fault, line.offset));
        }
        for line in outcome.unjudged.iter().take(room(self.counts.unjudged)) {
            let number = self.lines + line.line as u64 + 1;
            (self.notes)(&format!("line {number}: passed on, not judged: {}", line.cause));
        }
        if self.worker.disabled() && !self.told_disabled {
            self.told_disabled = true;
            (self.notes)("the detection module failed too often: DETECTION IS OFF, events only pass through");
        }
    }
}

fn output_error(error: io::Error) -> StopReason {
    match error.kind() {
        io::ErrorKind::BrokenPipe => StopReason::OutputClosed,
        _ => StopReason::Output(error),
    }
}

/// Now, in epoch milliseconds.
fn system_time_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
