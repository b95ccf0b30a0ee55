//! What an operator does with a state beside judging: look into it, take out of it,
//! put into it.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use super::local::{validate_history, validate_term};
use super::overlay::Overlay;
use super::{Backend, History, LedgerError, Page, Since, Stats, Term};

/// Most records in one call of [`Upkeep::import`], terms in one of
/// [`Upkeep::forget`], and items of a page.
pub const RECORDS_MAX: usize = 10_000;

/// Terms of a rule that are forgotten at a time: they may be long.
const FORGOTTEN_AT_A_TIME: usize = 1_000;

/// A state in an operator's hands.
///
/// Every [`Backend`] has it, while batches are judged too: a change takes its turn
/// with their transactions, and a list may be read page by page. So a process that
/// has the state open can offer the same to others.
pub trait Upkeep: Send + Sync {
    /// The rules by the keys of their histories, in order, `max` at most, behind
    /// the key `after`. One that was forgotten may be among them.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn rules(&self, after: Option<&str>, max: usize) -> Result<Page<KnownRule>, LedgerError>;

    /// The terms of a rule, in the order of their bytes, `max` at most, behind the
    /// term `after`. What has expired is among them until it is removed.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unsupported`] if the state keeps no texts, else when it cannot
    /// be read.
    fn terms(&self, rule: &str, after: Option<&str>, max: usize) -> Result<Page<KnownTerm>, LedgerError>;

    /// The history of a term, an expired one too until it is removed.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn term(&self, rule: &str, term: &str) -> Result<Option<History>, LedgerError>;

    /// Forgets terms of a rule, so that they are unseen again, and answers with how
    /// many of them there were. They are gone durably when it returns.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Invalid`] for more terms than one call may have, else when the
    /// state cannot be written.
    fn forget(&self, rule: &str, terms: &[String]) -> Result<u64, LedgerError>;

    /// Forgets all terms of a rule and since when the state knows it, as if it had
    /// never met the rule: where new rules learn, it learns anew. Quotas that are
    /// used up stay so. Answers with how many terms there were.
    ///
    /// It goes page by page, so that nobody waits long: a term that is seen meanwhile
    /// may stay, and after an error the rest is still there.
    ///
    /// # Errors
    ///
    /// As [`Upkeep::terms`] and [`Upkeep::forget`].
    fn forget_rule(&self, rule: &str) -> Result<u64, LedgerError>;

    /// Merges what another state knows into this one, at `now_ms` (epoch
    /// milliseconds): all of it durably when it returns, or nothing.
    ///
    /// A term is known as if this state had had the sightings of both; see
    /// [`History::merge`]. What has expired at `now_ms` counts on neither side. A
    /// rule is known since the earlier of both times, so that one that has learned
    /// elsewhere does not learn again. A term whose rule is in neither makes it one
    /// that is met at `now_ms`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Invalid`] for more records than one call may have or one
    /// that is over a limit, else when the state cannot be read or written.
    fn import(&self, records: &[Record], now_ms: i64) -> Result<Imported, LedgerError>;

    /// The size of the state.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn size(&self) -> Result<Stats, LedgerError>;
}

/// A rule in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRule {
    /// The key of its history.
    pub key: String,
    /// Since when the state knows it; none if it was forgotten.
    pub since: Option<Since>,
}

/// A term of a rule in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTerm {
    /// Its text.
    pub text: String,
    /// When it was sighted.
    pub history: History,
}

/// What one state can tell another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Since when it knows a rule.
    Rule {
        /// The key of its history.
        rule: String,
        /// Since when.
        since: Since,
    },
    /// When a term was sighted.
    Term {
        /// The key of its rule's history.
        rule: String,
        /// Its text.
        term: String,
        /// When.
        history: History,
        /// The window of its rule in milliseconds, so that stretches of both sides
        /// become one that are no further apart; 0 where it is not known.
        window_ms: u64,
    },
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Terms that were not known before.
    pub new: u64,
    /// Known terms of which more is known now.
    pub widened: u64,
    /// Terms of which nothing was to be learned.
    pub unchanged: u64,
    /// Terms that had expired, and are not known now.
    pub expired: u64,
}

impl Record {
    /// Checks what is in it, so that importing it can only fail by the state.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Invalid`] if something is over a limit.
    pub fn validate(&self) -> Result<(), LedgerError> {
        match self {
            Self::Rule { rule, .. } => validate_history(rule),
            Self::Term { rule, term, .. } => validate_history(rule).and_then(|()| validate_term(term)),
        }
    }
}

impl std::ops::AddAssign for Imported {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.widened += other.widened;
        self.unchanged += other.unchanged;
        self.expired += other.expired;
    }
}

impl<B: Backend + ?Sized> Upkeep for B {
    fn rules(&self, after: Option<&str>, max: usize) -> Result<Page<KnownRule>, LedgerError> {
        Backend::rules(self, after, max.clamp(1, RECORDS_MAX))
    }

    fn terms(&self, rule: &str, after: Option<&str>, max: usize) -> Result<Page<KnownTerm>, LedgerError> {
        Backend::terms(self, rule, after, max.clamp(1, RECORDS_MAX))
    }

    fn term(&self, rule: &str, term: &str) -> Result<Option<History>, LedgerError> {
        Backend::history(self, rule, term)
    }

    fn forget(&self, rule: &str, terms: &[String]) -> Result<u64, LedgerError> {
        check_count(terms.len(), "terms")?;
        let _turn = turn(self);
        let terms: Vec<Term<'_>> = terms.iter().map(|term| Term::new(term)).collect();
        Backend::forget(self, rule, &terms)
    }

    fn forget_rule(&self, rule: &str) -> Result<u64, LedgerError> {
        let (mut forgotten, mut after) = (0, None);
        loop {
            let _turn = turn(self);
            let Page { items, next } = Backend::terms(self, rule, after.as_deref(), FORGOTTEN_AT_A_TIME)?;
            let terms: Vec<Term<'_>> = items.iter().map(|term| Term::new(&term.text)).collect();
            forgotten += Backend::forget(self, rule, &terms)?;
            if next.is_none() {
                Backend::forget_since(self, rule)?;
                return Ok(forgotten);
            }
            after = next;
        }
    }

    fn import(&self, records: &[Record], now_ms: i64) -> Result<Imported, LedgerError> {
        check_count(records.len(), "records")?;
        records.iter().try_for_each(Record::validate)?;
        let _turn = turn(self);
        let mut import = Import { backend: self, overlay: Overlay::new(now_ms), imported: Imported::default() };
        // Since when a rule is known comes before its terms, wherever it stands.
        for record in records {
            if let Record::Rule { rule, since } = record {
                import.rule(rule, *since)?;
            }
        }
        import.terms(records)?;
        let Import { overlay, imported, .. } = import;
        let changes = overlay.into_changes();
        if changes.histories().next().is_some() || changes.rules().any(|(_, rule)| rule.since.is_some()) {
            self.commit(&changes)?;
        }
        Ok(imported)
    }

    fn size(&self) -> Result<Stats, LedgerError> {
        Backend::stats(self)
    }
}

/// An import that is not committed yet.
struct Import<'b, B: ?Sized> {
    backend: &'b B,
    overlay: Overlay,
    imported: Imported,
}

impl<B: Backend + ?Sized> Import<'_, B> {
    fn rule(&mut self, rule: &str, since: Since) -> Result<(), LedgerError> {
        let slot = self.overlay.rule(rule, || self.backend.since(rule))?;
        let known = self.overlay.since(slot);
        let earliest = known.map_or(since, |known| known.earliest(since));
        if known != Some(earliest) {
            self.overlay.set_since(slot, earliest);
        }
        Ok(())
    }

    fn terms(&mut self, records: &[Record]) -> Result<(), LedgerError> {
        let terms = records.iter().filter_map(|record| match record {
            Record::Rule { .. } => None,
            Record::Term { rule, term, history, window_ms } => Some((&**rule, Term::new(term), (history, *window_ms))),
        });
        let terms: Vec<_> = terms.collect();
        let keys: Vec<(&str, Term<'_>)> = terms.iter().map(|(rule, term, _)| (*rule, *term)).collect();
        let stored = self.backend.histories(&keys)?;
        // The earliest sighting of each rule that nobody said more of.
        let mut unmet: HashMap<&str, i64> = HashMap::new();
        for ((rule, term, seen), stored) in terms.into_iter().zip(stored) {
            if self.term(rule, term, seen, stored)? {
                let first_at_ms = seen.0.first_at_ms();
                unmet.entry(rule).and_modify(|first| *first = first_at_ms.min(*first)).or_insert(first_at_ms);
            }
        }
        let now_ms = self.overlay.now_ms();
        unmet.into_iter().try_for_each(|(rule, first)| self.rule(rule, Since::met(now_ms).after_sighting(first)))
    }

    /// Answers whether nothing says since when the rule is known.
    fn term(
        &mut self,
        rule: &str,
        term: Term<'_>,
        (history, window_ms): (&History, u64),
        stored: Option<History>,
    ) -> Result<bool, LedgerError> {
        let Self { backend, overlay, imported } = self;
        let now_ms = overlay.now_ms();
        if history.expires_ms() < now_ms {
            imported.expired += 1;
            return Ok(false);
        }
        let slot = overlay.rule(rule, || backend.since(rule))?;
        let known = match overlay.history(slot, term) {
            Some(history) => Some(history.clone()),
            None => stored.filter(|history| history.expires_ms() >= now_ms),
        };
        let merged = match &known {
            Some(known) => {
                let mut merged = known.clone();
                merged.merge(history, window_ms);
                merged
            }
            None => history.clone(),
        };
        match &known {
            Some(known) if *known == merged => imported.unchanged += 1,
            _ => {
                let count = if known.is_some() { &mut imported.widened } else { &mut imported.new };
                *count += 1;
                overlay.set_history(slot, term, merged, true);
            }
        }
        Ok(overlay.since(slot).is_none())
    }
}

/// Nothing of the state is half changed by a holder that panicked.
fn turn<B: Backend + ?Sized>(backend: &B) -> MutexGuard<'_, ()> {
    backend.turn().lock().unwrap_or_else(PoisonError::into_inner)
}

fn check_count(count: usize, what: &str) -> Result<(), LedgerError> {
    match count {
        ..=RECORDS_MAX => Ok(()),
        _ => Err(LedgerError::Invalid(format!("{count} {what} in one call, and {RECORDS_MAX} are allowed"))),
    }
}
