//! Judging for the ledgers of this machine: what a sighting means, written once
//! above any backend.

use std::sync::{MutexGuard, PoisonError};

use super::history::keep_until;
use super::kept::{self, Kept};
use super::overlay::{self, Counts, Overlay, RuleSlot};
use super::watermark::Watermark;
use super::{
    ALL_RULES, Answer, Backend, Clock, Committed, History, KEYS_MAX, Ledger, LedgerError, MetKey, OutboxMax,
    OutboxSize, QUESTIONS_MAX, Question, Quota, QuotaUse, RULE_BYTES_MAX, Savepoint, Settings, Sighting, Since, Stats,
    StoredAlert, TERM_BYTES_MAX, Term, Transaction, Verdict,
};

/// Most changes of the state in one transaction.
const CHANGES_MAX: usize = 2_000_000;

impl<B: Backend + ?Sized> Ledger for B {
    fn begin(&self, arrival_ms: i64, settings: Settings) -> Result<Box<dyn Transaction + '_>, LedgerError> {
        // Nothing of the state is half changed by a holder that panicked.
        let turn = self.turn().lock().unwrap_or_else(PoisonError::into_inner);
        let overlay = Overlay::new(arrival_ms);
        let outbox = Outbox { max: settings.outbox_max, size: None };
        Ok(Box::new(LocalTransaction {
            backend: self,
            settings,
            outbox,
            overlay,
            watermark: None,
            savepoints: Vec::new(),
            _turn: turn,
        }))
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

    fn since(&self, history: &str) -> Result<Option<Since>, LedgerError> {
        Backend::since(self, history)
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        Backend::stats(self)
    }
}

/// An overlay over a backend for one batch.
pub(super) struct LocalTransaction<'b, B: ?Sized> {
    pub(super) backend: &'b B,
    pub(super) settings: Settings,
    pub(super) outbox: Outbox,
    pub(super) overlay: Overlay,
    /// Once it was asked for.
    pub(super) watermark: Option<Watermark>,
    savepoints: Vec<(overlay::Savepoint, Option<Watermark>)>,
    _turn: MutexGuard<'b, ()>,
}

/// The outbox as a transaction finds it.
pub(super) struct Outbox {
    max: OutboxMax,
    /// What waits before the batch, once that was asked.
    size: Option<OutboxSize>,
}

impl Outbox {
    fn size<B: Backend + ?Sized>(&mut self, backend: &B) -> Result<OutboxSize, LedgerError> {
        match self.size {
            Some(size) => Ok(size),
            None => Ok(*self.size.insert(backend.stats()?.outbox)),
        }
    }

    /// Whether it has room for an alert beside so many that the batch raises already.
    pub(super) fn has_room<B: Backend + ?Sized>(&mut self, backend: &B, raised: u64) -> Result<bool, LedgerError> {
        let size = self.size(backend)?;
        let size = OutboxSize { alerts: size.alerts.saturating_add(raised), ..size };
        Ok(size.has_room(1, self.max))
    }
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
        let before = (self.overlay.savepoint(), self.watermark.clone());
        let answers = self.answer_all(questions);
        if answers.is_err() {
            self.overlay.restore(&before.0);
            self.watermark = before.1;
        }
        answers
    }

    fn savepoint(&mut self) -> Savepoint {
        self.savepoints.push((self.overlay.savepoint(), self.watermark.clone()));
        Savepoint(self.savepoints.len() - 1)
    }

    fn restore(&mut self, Savepoint(place): Savepoint) {
        self.savepoints.truncate(place.saturating_add(1));
        if let Some((savepoint, watermark)) = self.savepoints.get(place) {
            self.overlay.restore(savepoint);
            self.watermark = watermark.clone();
        }
    }

    fn commit(self: Box<Self>, alerts: Vec<StoredAlert>) -> Result<Committed, LedgerError> {
        let Self { backend, settings, overlay, mut outbox, watermark, _turn, .. } = *self;
        let Counts { deferred, held_back, late, .. } = overlay.counts();
        let deferred_by_outbox = overlay.deferred_by_outbox();
        let clock_ms = match settings.clock {
            Clock::Arrival => overlay.now_ms(),
            Clock::Event => watermark.as_ref().and_then(Watermark::passed_ms).unwrap_or(i64::MIN),
        };
        let kept = Kept::of(&overlay);
        let mut changes = overlay.into_changes();
        let dropped = kept.put(backend, &mut changes, clock_ms, settings.stages_max)?;
        if let Some(watermark) = watermark {
            let place = changes.place_of(ALL_RULES);
            changes.entries.insert((place, kept::WATERMARK.to_vec()), Some(watermark.to_bytes()));
        }
        let has_room = match alerts.is_empty() {
            true => Vec::new(),
            false => room(&alerts, outbox.size(backend)?, outbox.max),
        };
        let mut lost = Vec::new();
        for (alert, has_room) in alerts.into_iter().zip(&has_room) {
            if *has_room { changes.alerts.push(alert) } else { lost.push(alert) }
        }
        let numbers = backend.commit(&changes)?;
        let mut kept = numbers.into_iter().map(Some).zip(changes.alerts);
        let mut lost = lost.into_iter().map(|alert| (None, alert));
        let in_order = has_room.into_iter().filter_map(|has_room| if has_room { kept.next() } else { lost.next() });
        Ok(Committed { alerts: in_order.collect(), deferred, deferred_by_outbox, held_back, dropped, late })
    }
}

/// Whether an outbox of this size has room for each of these alerts. Room for those
/// of unseen terms was seen to when they were answered.
fn room(alerts: &[StoredAlert], size: OutboxSize, max: OutboxMax) -> Vec<bool> {
    let is_of_a_term = |alert: &StoredAlert| !matches!(&*alert.term, "" | "[]");
    let bytes = |alert: &StoredAlert| alert.document.len() as u64;
    let of_terms = alerts.iter().filter(|alert| is_of_a_term(alert));
    let mut size = of_terms.fold(size, |size, alert| size.with(bytes(alert)));
    let take_room = |alert: &StoredAlert| {
        let has_room = is_of_a_term(alert) || size.has_room(bytes(alert), max);
        if has_room && !is_of_a_term(alert) {
            size = size.with(bytes(alert));
        }
        has_room
    };
    alerts.iter().map(take_room).collect()
}

impl<B: Backend + ?Sized> LocalTransaction<'_, B> {
    fn answer_all(&mut self, questions: &[Question]) -> Result<Vec<Answer>, LedgerError> {
        let sightings = questions.iter().filter_map(|question| match question {
            Question::Sighting(sighting) => Some((&*sighting.history, Term::new(&sighting.term))),
            _ => None,
        });
        let terms: Vec<_> = sightings.collect();
        // All at once, which backends answer faster than one by one.
        let stored = self.backend.histories(&terms)?;
        self.load_keys(questions)?;
        let mut sightings = terms.iter().zip(stored);
        let answer = |question: &Question| {
            Ok(match question {
                Question::Sighting(sighting) => {
                    let (term, stored) = sightings
                        .next()
                        .map_or_else(|| (Term::new(&sighting.term), None), |((_, term), stored)| (*term, stored));
                    Answer::Sighting(self.judge(sighting, term, stored)?)
                }
                Question::Advance(advance) => Answer::Completed(self.advance(advance)?),
                Question::Release(release) => Answer::Completed(self.release(release)?),
            })
        };
        questions.iter().map(answer).collect()
    }

    /// Notes that an event of a rule was met at a time.
    pub(super) fn sighted(&mut self, rule: &str, at_ms: i64) -> Result<RuleSlot, LedgerError> {
        let Self { backend, overlay, .. } = self;
        let slot = overlay.rule(rule, || backend.since(rule))?;
        let since = overlay.since(slot);
        let sighted = since.unwrap_or(Since::met(overlay.now_ms())).after_sighting(at_ms);
        if since != Some(sighted) {
            overlay.set_since(slot, sighted);
        }
        Ok(slot)
    }

    /// The verdict on one sighting of a term of which the backend has `stored`,
    /// recorded in the overlay.
    fn judge(&mut self, sighting: &Sighting, term: Term<'_>, stored: Option<History>) -> Result<Verdict, LedgerError> {
        let Sighting { history: rule, at_ms, window_ms, quota, .. } = sighting;
        let slot = self.sighted(rule, *at_ms)?;
        let Self { backend, settings, outbox, overlay, .. } = self;
        let now_ms = overlay.now_ms();
        let sighted = overlay.since(slot).unwrap_or(Since::met(now_ms));

        let history = match overlay.history(slot, term) {
            Some(history) => Some(history.clone()),
            None => stored.filter(|history| history.expires_ms() >= now_ms),
        };
        let known = history.as_ref().is_some_and(|history| history.knows(*at_ms, *window_ms));
        let verdict = if known {
            Verdict::Seen
        } else if settings.learning.covers(rule, sighted, now_ms, *at_ms) {
            overlay.hold_back();
            Verdict::Seen
        } else if !outbox.has_room(*backend, overlay.counts().unseen)? {
            overlay.defer_by_outbox(slot);
            return Ok(Verdict::Deferred);
        } else if use_quota(*backend, overlay, slot, rule, *quota, *at_ms)? {
            overlay.raise();
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
pub(super) fn use_quota<B: Backend + ?Sized>(
    backend: &B,
    overlay: &mut Overlay,
    slot: RuleSlot,
    rule: &str,
    quota: Quota,
    at_ms: i64,
) -> Result<bool, LedgerError> {
    let now_ms = overlay.now_ms();
    let (per_ms, interval) = (quota.per_ms, quota.interval(at_ms));
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
    for question in questions {
        let (history, quota) = match question {
            Question::Sighting(sighting) => {
                validate_term(&sighting.term)?;
                (&sighting.history, sighting.quota)
            }
            Question::Advance(advance) => {
                validate_keys(&advance.keys)?;
                (&advance.history, advance.quota)
            }
            Question::Release(release) => (&release.history, release.quota),
        };
        validate_history(history)?;
        if quota.max == 0 || quota.per_ms == 0 {
            return invalid("a quota of 0: both its alerts and its interval must be at least 1".to_owned());
        }
    }
    Ok(())
}

fn validate_keys(keys: &[MetKey]) -> Result<(), LedgerError> {
    if keys.len() > KEYS_MAX {
        let cause = format!("an event with {} keys for a rule, and {KEYS_MAX} are allowed", keys.len());
        return Err(LedgerError::Invalid(cause));
    }
    if !keys.iter().all(|met| met.items.is_sorted()) {
        return Err(LedgerError::Invalid("items that are not in order".to_owned()));
    }
    keys.iter().try_for_each(|met| validate_term(&met.key))
}

pub(super) fn validate_history(history: &str) -> Result<(), LedgerError> {
    match history.len() {
        _ if history == ALL_RULES => Err(LedgerError::Invalid("a rule key that stands for all rules".to_owned())),
        ..=RULE_BYTES_MAX => Ok(()),
        length => Err(LedgerError::Invalid(format!("a rule key of {length} bytes, and {RULE_BYTES_MAX} are allowed"))),
    }
}

pub(super) fn validate_term(term: &str) -> Result<(), LedgerError> {
    match term.len() {
        ..=TERM_BYTES_MAX => Ok(()),
        length => Err(LedgerError::Invalid(format!("a term of {length} bytes, and {TERM_BYTES_MAX} are allowed"))),
    }
}
