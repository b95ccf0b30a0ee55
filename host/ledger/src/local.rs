//! Judging for the ledgers of this machine: what a sighting means, written once
//! above any backend.

use std::sync::{MutexGuard, PoisonError};

use super::history::keep_until;
use super::overlay::{self, Counts, Overlay, RuleSlot};
use super::{
    Answer, Backend, Committed, History, Learning, Ledger, LedgerError, QUESTIONS_MAX, Question, QuotaUse,
    RULE_BYTES_MAX, Savepoint, Sighting, Since, Stats, StoredAlert, TERM_BYTES_MAX, Term, Transaction, Verdict,
};

/// Most changes of the state in one transaction.
const CHANGES_MAX: usize = 2_000_000;

impl<B: Backend + ?Sized> Ledger for B {
    fn begin(&self, arrival_ms: i64, learning: Learning) -> Result<Box<dyn Transaction + '_>, LedgerError> {
        // Nothing of the state is half changed by a holder that panicked.
        let turn = self.turn().lock().unwrap_or_else(PoisonError::into_inner);
        let overlay = Overlay::new(arrival_ms);
        Ok(Box::new(LocalTransaction { backend: self, learning, overlay, savepoints: Vec::new(), _turn: turn }))
    }

    fn outbox(&self, after: Option<u64>, alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        Backend::outbox(self, after, alerts_max)
    }

    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError> {
        Backend::acknowledge(self, numbers)
    }

    fn flush(&self) -> Result<(), LedgerError> {
        Backend::flush(self)
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        Backend::stats(self)
    }
}

/// An overlay over a backend for one batch.
struct LocalTransaction<'b, B: ?Sized> {
    backend: &'b B,
    learning: Learning,
    overlay: Overlay,
    savepoints: Vec<overlay::Savepoint>,
    _turn: MutexGuard<'b, ()>,
}

impl<B: Backend + ?Sized> Transaction for LocalTransaction<'_, B> {
    fn meet(&mut self, history: &str) -> Result<(), LedgerError> {
        validate_history(history)?;
        let slot = self.overlay.rule(history, || self.backend.since(history))?;
        if self.overlay.since(slot).is_none() {
            self.overlay.set_since(slot, Since::met(self.overlay.now_ms()));
        }
        Ok(())
    }

    fn answer(&mut self, questions: &[Question]) -> Result<Vec<Answer>, LedgerError> {
        validate(questions)?;
        // A module that asks without end must not fill the host's memory.
        if self.overlay.changes_made().saturating_add(questions.len()) > CHANGES_MAX {
            return Err(LedgerError::Invalid(format!("over {CHANGES_MAX} changes by one batch of events")));
        }
        let before = self.overlay.savepoint();
        let answers = self.answer_all(questions);
        if answers.is_err() {
            self.overlay.restore(&before);
        }
        answers
    }

    fn savepoint(&mut self) -> Savepoint {
        self.savepoints.push(self.overlay.savepoint());
        Savepoint(self.savepoints.len() - 1)
    }

    fn restore(&mut self, Savepoint(place): Savepoint) {
        self.savepoints.truncate(place.saturating_add(1));
        if let Some(savepoint) = self.savepoints.get(place) {
            self.overlay.restore(savepoint);
        }
    }

    fn commit(self: Box<Self>, alerts: Vec<StoredAlert>) -> Result<Committed, LedgerError> {
        let Self { backend, overlay, _turn, .. } = *self;
        let Counts { deferred, held_back } = overlay.counts();
        let mut changes = overlay.into_changes();
        changes.alerts = alerts;
        let numbers = backend.commit(&changes)?;
        Ok(Committed { alerts: numbers.into_iter().zip(changes.alerts).collect(), deferred, held_back })
    }
}

impl<B: Backend + ?Sized> LocalTransaction<'_, B> {
    fn answer_all(&mut self, questions: &[Question]) -> Result<Vec<Answer>, LedgerError> {
        let sightings = questions.iter().map(|Question::Sighting(sighting)| sighting);
        let terms: Vec<_> = sightings.map(|sighting| (&*sighting.history, Term::new(&sighting.term))).collect();
        // All at once, which backends answer faster than one by one.
        let stored = self.backend.histories(&terms)?;
        let sightings = questions.iter().zip(&terms).zip(stored);
        let answer = |((Question::Sighting(sighting), (_, term)), stored): ((&Question, &(_, Term<'_>)), _)| {
            Ok(Answer::Sighting(self.judge(sighting, *term, stored)?))
        };
        sightings.map(answer).collect()
    }

    /// The verdict on one sighting of a term of which the backend has `stored`,
    /// recorded in the overlay.
    fn judge(&mut self, sighting: &Sighting, term: Term<'_>, stored: Option<History>) -> Result<Verdict, LedgerError> {
        let Self { backend, learning, overlay, .. } = self;
        let now_ms = overlay.now_ms();
        let Sighting { history: rule, at_ms, window_ms, .. } = sighting;

        let slot = overlay.rule(rule, || backend.since(rule))?;
        let since = overlay.since(slot);
        let sighted = since.unwrap_or(Since::met(now_ms)).after_sighting(*at_ms);
        if since != Some(sighted) {
            overlay.set_since(slot, sighted);
        }

        let history = match overlay.history(slot, term) {
            Some(history) => Some(history.clone()),
            None => stored.filter(|history| history.expires_ms() >= now_ms),
        };
        let known = history.as_ref().is_some_and(|history| history.knows(*at_ms, *window_ms));
        let verdict = if known {
            Verdict::Seen
        } else if learning.covers(sighted, now_ms, *at_ms) {
            overlay.hold_back();
            Verdict::Seen
        } else if use_quota(*backend, overlay, slot, sighting)? {
            Verdict::Unseen
        } else {
            overlay.defer();
            return Ok(Verdict::Deferred);
        };

        let history = match history {
            Some(mut history) => {
                history.record(*at_ms, *window_ms, now_ms);
                history
            }
            None => History::new(*at_ms, *window_ms, now_ms),
        };
        overlay.set_history(slot, term, history, !known);
        Ok(verdict)
    }
}

/// Uses one unit of the quota; `false` if it is used up.
fn use_quota<B: Backend + ?Sized>(
    backend: &B,
    overlay: &mut Overlay,
    slot: RuleSlot,
    sighting: &Sighting,
) -> Result<bool, LedgerError> {
    let now_ms = overlay.now_ms();
    let Sighting { history: rule, quota, .. } = sighting;
    let (per_ms, interval) = (quota.per_ms, quota.interval(sighting.at_ms));
    let before = match overlay.quota(slot, per_ms, interval) {
        Some(before) => Some(before),
        None => backend.quota(rule, per_ms, interval)?,
    };
    // Expired state counts as gone whether or not it has been swept, so that
    // verdicts do not depend on how far the sweep has come.
    let before = before.filter(|before| before.expires_ms >= now_ms);
    let used = before.map_or(0, |before| before.used);
    if used >= quota.max {
        return Ok(false);
    }
    let expires_ms = before.map_or(i64::MIN, |before| before.expires_ms).max(keep_until(now_ms, per_ms));
    overlay.set_quota(slot, per_ms, interval, QuotaUse { used: used.saturating_add(1), expires_ms });
    Ok(true)
}

/// Checks the limits of the contract, before anything is looked at.
fn validate(questions: &[Question]) -> Result<(), LedgerError> {
    let (asked, invalid) = (questions.len(), |cause| Err(LedgerError::Invalid(cause)));
    if asked > QUESTIONS_MAX {
        return invalid(format!("{asked} questions in one call, and {QUESTIONS_MAX} are allowed"));
    }
    for Question::Sighting(sighting) in questions {
        validate_history(&sighting.history)?;
        let length = sighting.term.len();
        if length > TERM_BYTES_MAX {
            return invalid(format!("a term of {length} bytes, and {TERM_BYTES_MAX} are allowed"));
        }
        if sighting.quota.max == 0 || sighting.quota.per_ms == 0 {
            return invalid("a quota of 0: both its alerts and its interval must be at least 1".to_owned());
        }
    }
    Ok(())
}

fn validate_history(history: &str) -> Result<(), LedgerError> {
    match history.len() {
        ..=RULE_BYTES_MAX => Ok(()),
        length => Err(LedgerError::Invalid(format!("a rule key of {length} bytes, and {RULE_BYTES_MAX} are allowed"))),
    }
}
