//! The first-seen state: which term was sighted when, per rule.
//!
//! [`Backend`] is what a backend keeps and how it commits; [`Session`] is what a
//! sighting means, written once above the trait, so that every backend gives
//! the same verdicts. [`MemoryLedger`] lives as long as the process,
//! the crate
//! `firstseen-state-file` has one that survives it.
//!
//! # The promise
//!
//! **A batch's sightings and its alerts are committed together or not at
//! all.** [`Session::observe`] works on an overlay; [`Session::commit`] hands
//! overlay and alerts to the store in one transaction, and dropping the session
//! leaves no trace. The alerts stay in the *outbox* until
//! [`Backend::acknowledge`] says that the sink has them. So with the upstream
//! acknowledged only after the commit:
//!
//! - a crash before the commit means that the batch comes again and is judged
//!   as if for the first time;
//! - a crash after it means that the alerts are in [`Backend::outbox`]. Hand those
//!   over first when starting.
//!
//! # What is written late
//!
//! A commit with news, which is an unseen term, an alert, a quota counter or a
//! rule met for the first time, is on disk when `commit` returns: [`StateFile`]
//! appends it to a journal. Most commits bring no news: they only move the time
//! at which a known term was last sighted. Such refreshes are kept in memory,
//! where reads see them. A thread of the store merges both into the file, in the
//! order of the file and without stopping commits: five seconds after the oldest
//! of them, sooner when 524,288 terms, 32 MiB of their text or 64 MiB of journal
//! are waiting, and at [`Backend::flush`] and on drop. So after a crash the time a
//! term was last sighted can lag by the refreshes of the last five seconds and of
//! the merge under way.
//!
//! # What is forgotten
//!
//! A history is kept for twice its window, and at least one day, after the
//! arrival of the batch that touched it last; a quota counter likewise for
//! twice its interval. The clock is the *arrival* of batches, never the time
//! inside events, so an event with a forged time cannot make the state forget.
//! What has expired counts as unknown at once and is removed little by little:
//! twice as many entries are looked at as commits add, and a few hundred for each
//! commit unless they are very many, so that removal outpaces growth.

mod changes;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod gate;
mod history;
mod learning;
mod memory;
mod overlay;
mod session;
mod term;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use changes::{Changes, QuotaUse, RuleChanges, Since, TermChange};
pub use error::LedgerError;
pub use gate::{Gate, Ticket};
pub use history::{History, Span};
pub use learning::Learning;
pub use memory::MemoryLedger;
pub use overlay::Savepoint;
pub use session::{Committed, Session};
pub use term::{BuildTermHasher, Fingerprint, Term, TermHasher};

/// Longest rule key, in bytes.
pub const RULE_BYTES_MAX: usize = 1024;

/// Longest term, in bytes.
pub const TERM_BYTES_MAX: usize = 32 * 1024;

/// Most sightings in one call of [`Session::observe`].
pub const SIGHTINGS_MAX: usize = 100_000;

/// How many entries of a kind are looked at for removal at a time, and by a
/// commit at least.
const SWEEP_SLICE: usize = 256;

/// For a backend: the slices of entries of a kind to look at for removal after so
/// many commits that added or changed `touched` of them.
///
/// More of them than can have been added, so that removal outpaces growth
/// whatever arrives; in proportion, so that a commit never stalls on a large
/// state; and in slices, so that few keys of removed entries are held at a time.
pub fn sweep_slices(commits: usize, touched: usize) -> impl Iterator<Item = usize> {
    let total = SWEEP_SLICE.saturating_mul(commits).saturating_add(touched.saturating_mul(2));
    (0..total).step_by(SWEEP_SLICE).map(move |start| SWEEP_SLICE.min(total - start))
}

/// How many alerts a rule may raise per interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Alerts per interval, at least 1.
    pub max: u32,
    /// Length of an interval in milliseconds, at least 1. Intervals are aligned
    /// to the epoch.
    pub per_ms: u64,
}

impl Quota {
    /// The number of the interval that `at_ms` lies in: `floor(at_ms / per_ms)`.
    ///
    /// An interval length of 0 counts as 1.
    #[must_use]
    pub fn interval(&self, at_ms: i64) -> i64 {
        let number = i128::from(at_ms).div_euclid(i128::from(self.per_ms.max(1)));
        // Its magnitude is at most that of `at_ms`, so it always fits.
        i64::try_from(number).unwrap_or_default()
    }
}

/// One occurrence of a term in an event that matched a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Key of the history, at most [`RULE_BYTES_MAX`] bytes.
    pub rule: String,
    /// The term, at most [`TERM_BYTES_MAX`] bytes.
    pub term: String,
    /// Time of the event in epoch milliseconds.
    pub at_ms: i64,
    /// How long a sighting keeps the term known, in milliseconds.
    pub window_ms: u64,
    /// Identity of the event. Of use only to stores that cannot commit
    /// sightings together with alerts; the stores here ignore it.
    pub event: String,
    /// The alert quota of the rule.
    pub quota: Quota,
}

/// What the state says of a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not sighted within the window: recorded, one unit of quota used.
    Unseen,
    /// Known, or held back while the rule is learning: recorded, no alert.
    Seen,
    /// Not known, but the quota of the interval is used up: nothing recorded.
    Deferred,
    /// This event introduced the term before and its alert may be lost. Never
    /// answered by a store that commits sightings together with alerts.
    Replayed,
}

/// An alert as the outbox keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAlert {
    /// Id of the rule that raised it.
    pub rule_id: String,
    /// The term it was raised for.
    pub term: String,
    /// Its deterministic document id.
    pub id: String,
    /// The alert document, JSON.
    pub document: String,
}

/// The size of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Histories kept, expired ones that are not yet removed included. One that
    /// came back after it had expired may count twice for a few seconds.
    pub terms: u64,
    /// Alerts committed and not yet acknowledged.
    pub outbox: u64,
}

/// A place that keeps the state.
///
/// Implementations only keep and commit; [`Session`] judges. All methods may be
/// called from any thread.
pub trait Backend: Send + Sync {
    /// The turn-taking of this store's sessions, one gate for all of them.
    fn gate(&self) -> &Arc<Gate>;

    /// The histories of terms, each after the key of its rule, in order; those that
    /// are not in their place on disk yet included.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn histories(&self, terms: &[(&str, Term<'_>)]) -> Result<Vec<Option<History>>, LedgerError>;

    /// The history of one term.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn history(&self, rule: &str, term: &str) -> Result<Option<History>, LedgerError> {
        Ok(self.histories(&[(rule, Term::new(term))])?.pop().flatten())
    }

    /// How much of a rule's quota an interval has used; `None` for an untouched
    /// one. The interval's length is part of its identity: numbers of intervals
    /// of different lengths do not compare.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, LedgerError>;

    /// Since when the state knows a rule.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError>;

    /// Makes `changes` part of the state, all of it in one transaction or
    /// nothing, and answers with the outbox numbers of the alerts, in order.
    /// Numbers ascend and are never used twice.
    ///
    /// # Errors
    ///
    /// When the state cannot be written. Nothing of `changes` is known then, and
    /// every later call fails too until the store is opened again: a store that
    /// lost a write must not go on as if it had not. Opened again, it has all
    /// of `changes` or nothing, as after a crash.
    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError>;

    /// The alerts committed and not yet acknowledged, oldest first.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn outbox(&self) -> Result<Vec<(u64, StoredAlert)>, LedgerError>;

    /// Takes alerts out of the outbox, durably when it returns. Unknown numbers
    /// are ignored.
    ///
    /// # Errors
    ///
    /// When the state cannot be written; see [`Backend::commit`].
    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError>;

    /// Takes all that is waiting in memory to its place on disk.
    ///
    /// # Errors
    ///
    /// When the state cannot be written; see [`Backend::commit`].
    fn flush(&self) -> Result<(), LedgerError>;

    /// The size of the store.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn stats(&self) -> Result<Stats, LedgerError>;
}
