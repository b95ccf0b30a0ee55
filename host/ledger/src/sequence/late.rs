//! Events that come out of order: they wait until those before them can have come.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::progress::Progress;
use super::{Completed, Deadline, EventDigest, Kept, Meeting, SequencePlan, Tiebreaker};

/// An event that waits for those before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) at_ms: i64,
    pub(super) tiebreaker: Tiebreaker,
    pub(super) event: EventDigest,
    pub(super) kept: Arc<Kept>,
    pub(super) items: Vec<u16>,
    pub(super) is_until: bool,
    /// Until when it waits.
    pub(super) deadline: Deadline,
}

impl Waiting {
    fn place(&self) -> (i64, &Tiebreaker) {
        (self.at_ms, &self.tiebreaker)
    }

    fn meeting(&self) -> Meeting<'_> {
        Meeting {
            at_ms: self.at_ms,
            tiebreaker: &self.tiebreaker,
            event: self.event,
            kept: &self.kept,
            items: &self.items,
            is_until: self.is_until,
        }
    }
}

/// Whether an event came in time to take its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing behind it has been judged.
    InTime,
    /// Something has, so it is judged as it comes.
    Late,
}

impl Progress {
    /// Goes on with an event that came at `arrival_ms`, once those that come up to
    /// `late_ms` later can no longer stand before it: by the time of other events of the
    /// key, or when `is_over` says so. Answers with the sequences that are complete.
    pub fn arrive(
        &mut self,
        plan: &SequencePlan,
        meeting: &Meeting<'_>,
        late_ms: u64,
        arrival_ms: i64,
        is_over: impl Fn(Deadline) -> bool,
    ) -> (Vec<Completed>, Arrival) {
        let place = (meeting.at_ms, meeting.tiebreaker);
        let is_late = self.through.as_ref().is_some_and(|(at_ms, tiebreaker)| place < (*at_ms, tiebreaker));
        let is_known =
            self.digests.contains(meeting.event) || self.waiting.iter().any(|one| one.event == meeting.event);
        if is_known {
            return (self.judge_waiting(plan, arrival_ms, is_over), Arrival::InTime);
        }
        if is_late {
            let mut completed = self.judge_waiting(plan, arrival_ms, is_over);
            completed.extend(self.advance(plan, meeting, arrival_ms));
            return (completed, Arrival::Late);
        }
        let waiting = Waiting {
            at_ms: meeting.at_ms,
            tiebreaker: meeting.tiebreaker.clone(),
            event: meeting.event,
            kept: Arc::clone(meeting.kept),
            items: meeting.items.to_vec(),
            is_until: meeting.is_until,
            deadline: Deadline {
                due_ms: arrival_ms.saturating_add_unsigned(late_ms),
                until_ms: meeting.at_ms.saturating_add_unsigned(late_ms),
            },
        };
        // Behind those of the same place: they came before it.
        let at = self.waiting.partition_point(|one| one.place() <= waiting.place());
        self.waiting.insert(at, waiting);
        (self.judge_waiting(plan, arrival_ms, is_over), Arrival::InTime)
    }

    /// Judges the events that wait no longer, and those before them.
    pub fn judge_waiting(
        &mut self,
        plan: &SequencePlan,
        arrival_ms: i64,
        is_over: impl Fn(Deadline) -> bool,
    ) -> Vec<Completed> {
        let Some(newest_ms) = self.waiting.last().map(|newest| newest.at_ms) else { return Vec::new() };
        let is_ready = |one: &Waiting| newest_ms >= one.deadline.until_ms || is_over(one.deadline);
        let Some(last) = self.waiting.iter().rposition(is_ready) else { return Vec::new() };
        let ready: Vec<Waiting> = self.waiting.drain(..=last).collect();
        let mut completed = Vec::new();
        for one in ready {
            completed.extend(self.advance(plan, &one.meeting(), arrival_ms));
            self.through = Some((one.at_ms, one.tiebreaker));
        }
        completed
    }
}
