//! One batch's view of the state: what a sighting means, above any backend.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::history::keep_until;
use super::overlay::{Counts, Overlay, RuleSlot, Savepoint};
use super::{
    Backend, History, Learning, LedgerError, QuotaUse, RULE_BYTES_MAX, SIGHTINGS_MAX, Sighting, Since, StoredAlert,
    TERM_BYTES_MAX, Term, Ticket, Verdict,
};

/// Most changes of the state in one session.
const SESSION_CHANGES_MAX: usize = 2_000_000;

/// An overlay over a store for one batch.
///
/// Sightings are judged and recorded in the overlay only; [`Session::commit`]
/// makes them part of the state, dropping the session forgets them.
///
/// From its first look at the state until it is committed or dropped a session
/// has the store's turn, so sessions of several workers wait for one another
/// there: in the order of the tickets they were made with, else in the order of
/// their first looks. A thread must not look at the state through two sessions
/// of one store at a time: it would wait for itself.
pub struct Session {
    store: Arc<dyn Backend>,
    learning: Learning,
    overlay: Overlay,
    ticket: Option<Ticket>,
    has_turn: bool,
    waited: Duration,
    script: Option<Script>,
}

/// Verdicts that do not come from the state.
pub(crate) type Script = Arc<dyn Fn(&Sighting) -> Verdict + Send + Sync>;

/// What a session left in the store.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The batch's alerts with their outbox numbers, in order. Acknowledge the
    /// numbers once the sink has the alerts.
    pub alerts: Vec<(u64, StoredAlert)>,
    /// Sightings deferred because the quota was used up.
    pub deferred: u64,
    /// Sightings that were unseen but held back by the learning period.
    pub held_back: u64,
}

impl Session {
    /// A session for a batch that arrived at `now_ms` (epoch milliseconds).
    ///
    /// While a rule is learning what is unseen is recorded but answered as seen.
    #[must_use]
    pub fn new(store: Arc<dyn Backend>, now_ms: i64, learning: Learning) -> Self {
        let overlay = Overlay::new(now_ms);
        Self { store, learning, overlay, ticket: None, has_turn: false, waited: Duration::ZERO, script: None }
    }

    /// The same, with a ticket of the store's gate: its turn comes in the order
    /// of the tickets, whoever looks first.
    #[must_use]
    pub fn in_order(self, ticket: Ticket) -> Self {
        Self { ticket: Some(ticket), ..self }
    }

    /// A session that asks `script` for every verdict, in order, and records
    /// nothing: to learn what rules sight, or to have chosen alerts written.
    pub(crate) fn scripted(store: Arc<dyn Backend>, now_ms: i64, script: Script) -> Self {
        Self { script: Some(script), ..Self::new(store, now_ms, Learning::NONE) }
    }

    /// An empty session of the same store, to hold the place of this one while
    /// it is elsewhere.
    pub(crate) fn stand_in(&self) -> Self {
        Self::new(Arc::clone(&self.store), self.overlay.now_ms(), self.learning)
    }

    /// Notes that the state has met a rule: its learning by arrival starts.
    ///
    /// Cheap, and without taking the turn, for a rule the state knows.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Invalid`] for too long a key, else when the state cannot
    /// be read.
    pub fn meet(&mut self, rule: &str) -> Result<(), LedgerError> {
        validate_rule(rule)?;
        // What is once known stays known, so this needs no turn.
        if self.overlay.knows_rule(rule) || self.store.since(rule)?.is_some() {
            return Ok(());
        }
        self.take_turn();
        let slot = self.overlay.rule(rule, || self.store.since(rule))?;
        if self.overlay.since(slot).is_none() {
            self.overlay.set_since(slot, Since::met(self.overlay.now_ms()));
        }
        Ok(())
    }

    /// Judges sightings and records them in the overlay, in order: an earlier
    /// element is history for a later one.
    ///
    /// Waits for the turn if this is the session's first look at the state.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Invalid`] if the call or one of its elements is over a
    /// limit, else when the state cannot be read. Nothing of the call is
    /// recorded then.
    pub fn observe(&mut self, batch: &[Sighting]) -> Result<Vec<Verdict>, LedgerError> {
        validate(batch)?;
        if let Some(script) = &self.script {
            return Ok(batch.iter().map(|sighting| script(sighting)).collect());
        }
        // A module that asks without end must not fill the host's memory.
        if self.overlay.changes_made().saturating_add(batch.len()) > SESSION_CHANGES_MAX {
            return Err(LedgerError::Invalid(format!("over {SESSION_CHANGES_MAX} changes by one batch of events")));
        }
        self.take_turn();
        let before = self.overlay.savepoint();
        let verdicts = self.observe_all(batch);
        if verdicts.is_err() {
            self.overlay.restore(&before);
        }
        verdicts
    }

    /// How long it waited for its turn.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// How many sightings were deferred so far.
    #[must_use]
    pub fn deferred(&self) -> u64 {
        self.overlay.counts().deferred
    }

    /// How many unseen sightings the learning period held back so far.
    #[must_use]
    pub fn held_back(&self) -> u64 {
        self.overlay.counts().held_back
    }

    /// The point to go back to should the call that follows fail.
    ///
    /// It costs nothing, and holds until the session goes back to an earlier one.
    #[must_use]
    pub fn savepoint(&self) -> Savepoint {
        self.overlay.savepoint()
    }

    /// Forgets what was recorded since the savepoint. The turn is kept.
    pub fn restore(&mut self, savepoint: Savepoint) {
        self.overlay.restore(&savepoint);
    }

    /// Makes the batch's sightings and alerts part of the state, together.
    ///
    /// # Errors
    ///
    /// When the state cannot be written; see [`Backend::commit`].
    pub fn commit(self, alerts: Vec<StoredAlert>) -> Result<Committed, LedgerError> {
        let Self { store, overlay, ticket, .. } = self;
        let Counts { deferred, held_back } = overlay.counts();
        let mut changes = overlay.into_changes();
        changes.alerts = alerts;
        let numbers = store.commit(&changes)?;
        drop(ticket);
        Ok(Committed { alerts: numbers.into_iter().zip(changes.alerts).collect(), deferred, held_back })
    }

    fn take_turn(&mut self) {
        if !self.has_turn {
            let started = Instant::now();
            self.ticket.get_or_insert_with(|| self.store.gate().ticket()).wait();
            self.has_turn = true;
            self.waited = started.elapsed();
        }
    }

    fn observe_all(&mut self, batch: &[Sighting]) -> Result<Vec<Verdict>, LedgerError> {
        let terms: Vec<_> = batch.iter().map(|sighting| (&*sighting.rule, Term::new(&sighting.term))).collect();
        // All at once, which stores answer faster than one by one.
        let stored = self.store.histories(&terms)?;
        let sightings = batch.iter().zip(&terms).zip(stored);
        sightings.map(|((sighting, (_, term)), stored)| self.observe_one(sighting, *term, stored)).collect()
    }

    /// The verdict on one sighting of a term of which the store has `stored`,
    /// recorded in the overlay.
    fn observe_one(
        &mut self,
        sighting: &Sighting,
        term: Term<'_>,
        stored: Option<History>,
    ) -> Result<Verdict, LedgerError> {
        let Self { store, learning, overlay, .. } = self;
        let now_ms = overlay.now_ms();
        let Sighting { rule, at_ms, window_ms, .. } = sighting;

        let slot = overlay.rule(rule, || store.since(rule))?;
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
        } else if use_quota(&**store, overlay, slot, sighting)? {
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
fn use_quota(
    store: &dyn Backend,
    overlay: &mut Overlay,
    slot: RuleSlot,
    sighting: &Sighting,
) -> Result<bool, LedgerError> {
    let now_ms = overlay.now_ms();
    let Sighting { rule, quota, .. } = sighting;
    let (per_ms, interval) = (quota.per_ms, quota.interval(sighting.at_ms));
    let before = match overlay.quota(slot, per_ms, interval) {
        Some(before) => Some(before),
        None => store.quota(rule, per_ms, interval)?,
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

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("learning", &self.learning)
            .field("overlay", &self.overlay)
            .field("has_turn", &self.has_turn)
            .finish_non_exhaustive()
    }
}

/// Checks the limits of the contract, before anything is looked at.
fn validate(batch: &[Sighting]) -> Result<(), LedgerError> {
    if batch.len() > SIGHTINGS_MAX {
        return Err(LedgerError::Invalid(format!(
            "{} sightings in one call, and {SIGHTINGS_MAX} are allowed",
            batch.len()
        )));
    }
    for sighting in batch {
        validate_rule(&sighting.rule)?;
        if sighting.term.len() > TERM_BYTES_MAX {
            return Err(LedgerError::Invalid(format!(
                "a term of {} bytes, and {TERM_BYTES_MAX} are allowed",
                sighting.term.len()
            )));
        }
        if sighting.quota.max == 0 || sighting.quota.per_ms == 0 {
            return Err(LedgerError::Invalid(
                "a quota of 0: both its alerts and its interval must be at least 1".to_owned(),
            ));
        }
    }
    Ok(())
}

fn validate_rule(rule: &str) -> Result<(), LedgerError> {
    if rule.len() > RULE_BYTES_MAX {
        return Err(LedgerError::Invalid(format!(
            "a rule key of {} bytes, and {RULE_BYTES_MAX} are allowed",
            rule.len()
        )));
    }
    Ok(())
}
