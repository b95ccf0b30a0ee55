//! The first-seen state: which term was sighted when, per rule.
//!
//! A [`Ledger`] answers the questions of a batch in a [`Transaction`]. Judging is
//! its business, since a shared one must judge where the data is; what a sighting
//! means is [`History`]. A ledger on this machine only keeps and commits:
//! [`Backend`] is what it has to do, and every backend is a ledger, by one way of
//! judging above them all. [`MemoryLedger`] lives as long as the process; the crate
//! `firstseen-state-file` has one that survives it. What an operator does with a
//! state, beside judging, is [`Upkeep`], which every backend has too.
//!
//! # The promise
//!
//! **A batch's sightings and its alerts are committed together or not at
//! all**, by [`Transaction::commit`], and dropping the transaction leaves no trace.
//! The alerts stay in the *outbox* until [`Ledger::acknowledge`] says that the sink
//! has them. So with the upstream
//! acknowledged only after the commit:
//!
//! - a crash before the commit means that the batch comes again and is judged
//!   as if for the first time;
//! - a crash after it means that the alerts are in [`Ledger::outbox`]. Hand those
//!   over first when starting.
//!
//! # What may be written late
//!
//! News, which is an unseen term, an alert, a quota counter or a rule met for the
//! first time, is durable when `commit` returns, in a ledger that is durable at all.
//! Mere refreshes of a known term may be written later, within a bound that the
//! ledger states, and at [`Ledger::flush`] and on drop.
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

mod advance;
mod alert;
mod backend;
mod changes;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod history;
mod kept;
mod learning;
mod local;
mod memory;
mod outbox;
mod overlay;
mod page;
mod question;
pub mod sequence;
mod settings;
mod term;
#[cfg(test)]
mod tests;
mod upkeep;
mod watermark;

pub use alert::{AlertSource, StoredAlert};
pub use backend::{Backend, Entry};
pub use changes::{Changes, QuotaUse, RuleChanges, Since, TermChange};
pub use error::LedgerError;
pub use history::{History, Span};
pub use learning::Learning;
pub use memory::MemoryLedger;
pub use outbox::{OutboxMax, OutboxSize};
pub use page::Page;
pub use question::{
    Advance, Answer, CompletedSequence, MetKey, Plan, QUESTIONS, Question, Quota, Release, Sighting, Verdict,
};
pub use settings::{Clock, Settings, StagesMax};
pub use term::{BuildTermHasher, Fingerprint, Term, TermHasher};
pub use upkeep::{Imported, KnownRule, KnownTerm, RECORDS_MAX, Record, Upkeep};
pub use watermark::WATERMARK_EVENTS;

/// Longest rule key, in bytes.
pub const RULE_BYTES_MAX: usize = 1024;

/// What stands for all rules together where entries are kept: no rule has this key, and
/// lists of rules leave it out.
pub const ALL_RULES: &str = "\0";

/// Longest term, in bytes.
pub const TERM_BYTES_MAX: usize = 32 * 1024;

/// Most keys of an event for a rule.
pub const KEYS_MAX: usize = 10_000;

/// Most questions in one call of [`Transaction::answer`].
pub const QUESTIONS_MAX: usize = 100_000;

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

/// The size of a ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Histories kept, expired ones that are not yet removed included. One that
    /// came back after it had expired, or of which an import brought more, may count
    /// twice until what is waiting is in its place on disk.
    pub terms: u64,
    /// What waits in the outbox.
    pub outbox: OutboxSize,
}

/// Where the state is kept, and where it is judged.
///
/// All methods may be called from any thread.
pub trait Ledger: Send + Sync {
    /// Begins the transaction of a batch that arrived at `arrival_ms` (epoch
    /// milliseconds). While a rule is learning, what is unseen is recorded but
    /// answered as seen.
    ///
    /// No two transactions of a ledger are open at a time: this waits until the
    /// one before is committed or dropped, so a thread must not begin a second
    /// one.
    ///
    /// # Errors
    ///
    /// When the state cannot be used.
    fn begin(&self, arrival_ms: i64, settings: Settings) -> Result<Box<dyn Transaction + '_>, LedgerError>;

    /// The oldest alerts that were committed and not acknowledged, `alerts_max` at
    /// most, with numbers above `after`.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn outbox(&self, after: Option<u64>, alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError>;

    /// Takes alerts out of the outbox, durably when it returns. Unknown numbers
    /// are ignored.
    ///
    /// # Errors
    ///
    /// When the state cannot be written.
    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError>;

    /// Takes all that is waiting in memory to its place on disk.
    ///
    /// # Errors
    ///
    /// When the state cannot be written.
    fn flush(&self) -> Result<(), LedgerError>;

    /// Since when it knows a rule, by the key of its history; none if it has not met
    /// it.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn since(&self, history: &str) -> Result<Option<Since>, LedgerError>;

    /// The size of the ledger.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn stats(&self) -> Result<Stats, LedgerError>;
}

/// One batch's view of the state. Nothing of it is part of the state until it is
/// committed; dropping it forgets all.
pub trait Transaction {
    /// Notes that the state has met a rule, by the key of its history: its
    /// learning by arrival starts.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Invalid`] for too long a key, else when the state cannot be
    /// read.
    fn meet(&mut self, history: &str) -> Result<(), LedgerError>;

    /// Judges and records, in order: an earlier question is history for a later
    /// one. Answers with one answer for each question, of its kind.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Invalid`] if the call or one of its questions is over a
    /// limit, else when the state cannot be read. Nothing of the call is recorded
    /// then.
    fn answer(&mut self, questions: &[Question]) -> Result<Vec<Answer>, LedgerError>;

    /// A point to go back to. It costs next to nothing, and holds until the
    /// transaction goes back to an earlier one.
    fn savepoint(&mut self) -> Savepoint;

    /// Forgets what was recorded since a savepoint of this transaction.
    fn restore(&mut self, savepoint: Savepoint);

    /// Makes what was recorded part of the state, together with the batch's
    /// alerts, as far as the outbox has room for them: those that were raised for an
    /// unseen term have it in any case.
    ///
    /// # Errors
    ///
    /// When the state cannot be written. Nothing of the batch is known then.
    fn commit(self: Box<Self>, alerts: Vec<StoredAlert>) -> Result<Committed, LedgerError>;
}

/// A point that a transaction can go back to: a number of its own choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Savepoint(pub usize);

/// What a transaction left in the state.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The batch's alerts with their outbox numbers, in order. Acknowledge the
    /// numbers once the sink has the alerts. One without a number is lost: the outbox
    /// had no room for it.
    pub alerts: Vec<(Option<u64>, StoredAlert)>,
    /// Sightings deferred because the quota was used up.
    pub deferred: u64,
    /// How many sightings were deferred because the outbox had no room, by the key of
    /// their history; only of those that there are any of.
    pub deferred_by_outbox: Vec<(String, u64)>,
    /// Sightings that were unseen but held back by the learning period.
    pub held_back: u64,
    /// For how many keys what was kept had to be forgotten before its time, since there
    /// was too much of it, by the key of the rule's history.
    pub dropped: Vec<(String, u64)>,
    /// Events of sequences that came later than they may, and were judged as they came,
    /// once for each key.
    pub late: u64,
}
