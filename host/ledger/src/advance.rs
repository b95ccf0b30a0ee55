//! Judging rules over several events, for the ledgers of this machine.

use super::ALL_RULES;
use super::kept::{self, KeptKey};
use super::local::{LocalTransaction, use_quota};
use super::overlay::RuleSlot;
use super::sequence::{Arrival, Completed, Deadline, Meeting, Progress, Sampled, Stages};
use super::watermark::Watermark;
use super::{
    Advance, Backend, Clock, CompletedSequence, LedgerError, MetKey, Plan, Question, Quota, Release, Since, Term,
};

/// For how long what is kept for a key stays at least, from its last event on: events
/// may come late, or again.
const KEEP_MS_MIN: u64 = 60 * 60 * 1_000;

/// Most keys that a call releases something of.
const RELEASED_MAX: usize = 1_000;

impl<B: Backend + ?Sized> LocalTransaction<'_, B> {
    /// Goes on with an event, and answers with the sequences that it completes, ordered
    /// by their keys.
    pub(super) fn advance(&mut self, advance: &Advance) -> Result<Vec<CompletedSequence>, LedgerError> {
        let Advance { history: rule, plan, at_ms, event, .. } = advance;
        let slot = self.sighted(rule, *at_ms)?;
        self.load_watermark()?;
        let mut completed = Vec::new();
        for met in &advance.keys {
            let events = self.advance_key(slot, advance, met)?;
            completed.extend(events.into_iter().map(|events| CompletedSequence { key: met.key.clone(), events }));
        }
        if self.settings.clock == Clock::Event
            && let Some(watermark) = &mut self.watermark
        {
            watermark.note(*at_ms, *event);
        }
        completed.sort_by(|one, other| one.key.cmp(&other.key));
        self.allowed(slot, rule, plan, advance.quota, completed)
    }

    fn advance_key(&mut self, slot: RuleSlot, advance: &Advance, met: &MetKey) -> Result<Vec<Completed>, LedgerError> {
        let (now_ms, passed_ms) = (self.overlay.now_ms(), self.passed_ms());
        let clock = self.settings.clock;
        let term = Term::new(&met.key);
        let has_expired = self
            .overlay
            .kept(slot, term)
            .and_then(|change| change.now.as_ref())
            .is_some_and(|kept| self.has_expired(kept));
        let mut is_late = false;
        let kept = self.overlay.kept_mut(slot, term, Default::default);
        if has_expired {
            *kept = None;
        }
        let had_begun = kept.as_ref().is_some_and(|kept| kept.has_begun);
        let meeting = Meeting {
            at_ms: advance.at_ms,
            tiebreaker: &advance.tiebreaker,
            event: advance.event,
            kept: &advance.kept,
            items: &met.items,
            is_until: met.is_until,
        };
        let (mut completed, span_ms, is_idle);
        let mut stages = kept.take().map(|kept| kept.stages);
        match &*advance.plan {
            Plan::Sequence(plan) => {
                let mut progress = match stages {
                    Some(Stages::Sequence(progress)) => progress,
                    _ => Progress::default(),
                };
                let over = |deadline| is_over(deadline, clock, now_ms, passed_ms);
                completed = progress.judge_waiting(plan, now_ms, over);
                completed.extend(progress.release(plan, over));
                match self.settings.late_ms {
                    0 => completed.extend(progress.advance(plan, &meeting, now_ms)),
                    late_ms => {
                        let (found, arrival) = progress.arrive(plan, &meeting, late_ms, now_ms, over);
                        completed.extend(found);
                        is_late = arrival == Arrival::Late;
                    }
                }
                (span_ms, is_idle) = (plan.maxspan_ms(), progress.is_idle(plan));
                stages = Some(Stages::Sequence(progress));
            }
            Plan::Sample { items, window_ms } => {
                let mut sampled = match stages {
                    Some(Stages::Sample(sampled)) => sampled,
                    _ => Sampled::default(),
                };
                completed = sampled.advance(usize::from(*items), *window_ms, &meeting).into_iter().collect();
                (span_ms, is_idle) = (*window_ms, sampled.is_idle());
                stages = Some(Stages::Sample(sampled));
            }
        }
        let touched_ms = match clock {
            Clock::Arrival => now_ms,
            Clock::Event => advance.at_ms,
        };
        *kept = stages.map(|stages| KeptKey {
            due_ms: due_ms(&stages, clock),
            stages,
            has_begun: had_begun || !is_idle || !completed.is_empty(),
            touched_ms,
            expires_ms: touched_ms.saturating_add_unsigned(span_ms.saturating_mul(2).max(KEEP_MS_MIN)),
        });
        if is_late {
            self.overlay.come_late();
        }
        Ok(completed)
    }

    /// Releases what is due of a rule.
    pub(super) fn release(&mut self, release: &Release) -> Result<Vec<CompletedSequence>, LedgerError> {
        let Release { history: rule, plan, nothing_follows, quota } = release;
        let slot = self.overlay.rule(rule, || self.backend.since(rule))?;
        self.load_watermark()?;
        let (now_ms, passed_ms, clock) = (self.overlay.now_ms(), self.passed_ms(), self.settings.clock);
        let by_clock_ms = match clock {
            _ if *nothing_follows => i64::MAX,
            Clock::Arrival => now_ms,
            // What ends at that very time has not passed.
            Clock::Event => passed_ms.map_or(i64::MIN, |passed_ms| passed_ms.saturating_sub(1)),
        };
        let mut keys = kept::due(self.backend, rule, by_clock_ms, RELEASED_MAX)?;
        keys.extend(self.overlay.due(slot, by_clock_ms));
        keys.sort();
        keys.dedup();
        let of_rule: Vec<(&str, &str)> = keys.iter().map(|key| (&**rule, &**key)).collect();
        self.load(&of_rule)?;
        let mut completed = Vec::new();
        for key in keys {
            let Some(kept) = self.overlay.kept_mut(slot, Term::new(&key), Default::default) else { continue };
            let (Stages::Sequence(progress), Plan::Sequence(plan)) = (&mut kept.stages, &**plan) else { continue };
            let over = |deadline| *nothing_follows || is_over(deadline, clock, now_ms, passed_ms);
            let mut released = progress.judge_waiting(plan, now_ms, over);
            released.extend(progress.release(plan, over));
            kept.due_ms = due_ms(&kept.stages, clock);
            completed.extend(released.into_iter().map(|events| CompletedSequence { key: key.clone(), events }));
        }
        self.allowed(slot, rule, plan, *quota, completed)
    }

    /// The complete sequences that become alerts. Of the others those that the outbox
    /// has no room for are held back until it has.
    fn allowed(
        &mut self,
        slot: RuleSlot,
        rule: &str,
        plan: &Plan,
        quota: Quota,
        completed: Vec<CompletedSequence>,
    ) -> Result<Vec<CompletedSequence>, LedgerError> {
        let mut allowed = Vec::new();
        for sequence in completed {
            let taken = sequence.events.iter().flatten();
            let at_ms = taken.clone().map(|taken| taken.place.at_ms).max().unwrap_or_default();
            let alerts = taken.count() as u64 + 1;
            let Self { backend, settings, outbox, overlay, .. } = &mut *self;
            let since = overlay.since(slot).unwrap_or(Since::met(overlay.now_ms()));
            if settings.learning.covers(rule, since, overlay.now_ms(), at_ms) {
                overlay.hold_back();
            } else if !outbox.has_room(*backend, overlay.counts().unseen.saturating_add(alerts - 1))? {
                overlay.defer_by_outbox(slot);
                self.hold(slot, plan, sequence);
            } else if use_quota(*backend, overlay, slot, rule, quota, at_ms)? {
                (0..alerts).for_each(|_| overlay.raise());
                allowed.push(sequence);
            } else {
                overlay.defer();
            }
        }
        Ok(allowed)
    }

    /// Holds back a complete sequence that there is no room for.
    fn hold(&mut self, slot: RuleSlot, plan: &Plan, sequence: CompletedSequence) {
        let now_ms = self.overlay.now_ms();
        let kept = self.overlay.kept_mut(slot, Term::new(&sequence.key), Default::default);
        if let (Some(KeptKey { stages: Stages::Sequence(progress), due_ms, .. }), Plan::Sequence(_)) = (kept, plan) {
            progress.hold(sequence.events, now_ms);
            *due_ms = Some(due_ms.map_or(now_ms, |due_ms| due_ms.min(now_ms)));
        }
    }

    /// Reads what the backend has of all keys of questions, which it answers faster at
    /// once than one by one.
    pub(super) fn load_keys(&mut self, questions: &[Question]) -> Result<(), LedgerError> {
        let advances = questions.iter().filter_map(|question| match question {
            Question::Advance(advance) => Some(advance),
            _ => None,
        });
        let keys = advances.flat_map(|advance| advance.keys.iter().map(|met| (&*advance.history, &*met.key)));
        let keys: Vec<(&str, &str)> = keys.collect();
        self.load(&keys)
    }

    fn load(&mut self, keys: &[(&str, &str)]) -> Result<(), LedgerError> {
        let mut unknown = Vec::new();
        for &(rule, key) in keys {
            let slot = self.overlay.rule(rule, || self.backend.since(rule))?;
            if self.overlay.kept(slot, Term::new(key)).is_none() {
                unknown.push((slot, rule, key, kept::key_entry(key)));
            }
        }
        let asked: Vec<(&str, &[u8])> = unknown.iter().map(|(_, rule, _, entry)| (*rule, &**entry)).collect();
        for ((slot, _, key, _), value) in unknown.iter().zip(self.backend.entries(&asked)?) {
            let Some(value) = value else { continue };
            let (kept, stored) = KeptKey::read(&value, key)?;
            self.overlay.kept_mut(*slot, Term::new(key), || (Some(kept), Some(stored)));
        }
        Ok(())
    }

    /// Whether what is kept for a key may be forgotten: nothing of it is held back.
    fn has_expired(&self, kept: &KeptKey) -> bool {
        kept.due_ms.is_none()
            && match self.settings.clock {
                Clock::Arrival => kept.expires_ms < self.overlay.now_ms(),
                Clock::Event => self.passed_ms().is_some_and(|passed_ms| kept.expires_ms < passed_ms),
            }
    }

    fn load_watermark(&mut self) -> Result<(), LedgerError> {
        if self.settings.clock == Clock::Event && self.watermark.is_none() {
            let value = self.backend.entries(&[(ALL_RULES, kept::WATERMARK)])?.pop().flatten();
            self.watermark = Some(value.and_then(|value| Watermark::from_bytes(&value)).unwrap_or_default());
        }
        Ok(())
    }

    /// The time that events have passed, by the clock of events.
    fn passed_ms(&self) -> Option<i64> {
        self.watermark.as_ref().and_then(Watermark::passed_ms)
    }
}

/// Whether nothing that still comes counts.
fn is_over(deadline: Deadline, clock: Clock, now_ms: i64, passed_ms: Option<i64>) -> bool {
    match clock {
        Clock::Arrival => deadline.due_ms <= now_ms,
        Clock::Event => passed_ms.is_some_and(|passed_ms| passed_ms > deadline.until_ms),
    }
}

fn due_ms(stages: &Stages, clock: Clock) -> Option<i64> {
    let Stages::Sequence(progress) = stages else { return None };
    let by_clock = |deadline: Deadline| match clock {
        Clock::Arrival => deadline.due_ms,
        Clock::Event => deadline.until_ms,
    };
    progress.deadlines().map(by_clock).min()
}
