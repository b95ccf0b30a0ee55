//! What a ledger on this machine has to do.

use std::sync::Mutex;

use super::{Changes, History, KnownRule, KnownTerm, LedgerError, Page, QuotaUse, Since, Stats, StoredAlert, Term};

/// What a ledger on this machine does: it keeps and commits, and judging is done
/// for it. Every backend is a [`Ledger`](super::Ledger), and an
/// [`Upkeep`](super::Upkeep) for whoever operates it.
///
/// All methods may be called from any thread.
pub trait Backend: Send + Sync {
    /// Held by the transaction that is open.
    fn turn(&self) -> &Mutex<()>;

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

    /// Entries of rules, each after the key of its rule, in order; none for one that
    /// is not there. What they mean is this crate's own business; none of them expires
    /// by itself.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn entries(&self, keys: &[(&str, &[u8])]) -> Result<Vec<Option<Vec<u8>>>, LedgerError>;

    /// The entries of a rule from the key `first` on and before the key `end`, in the
    /// order of their keys' bytes, `max` at most.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn entries_from(&self, rule: &str, first: &[u8], end: &[u8], max: usize) -> Result<Vec<Entry>, LedgerError>;

    /// Since when the state knows a rule.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError>;

    /// The rules, forgotten ones too, in the order of their keys, `max` at most,
    /// behind the key `after`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unsupported`] if it does not list them, else when the state
    /// cannot be read.
    fn rules(&self, after: Option<&str>, max: usize) -> Result<Page<KnownRule>, LedgerError> {
        let _ = (after, max);
        unsupported("list its rules")
    }

    /// The terms of a rule in the order of their bytes, `max` at most, behind the
    /// term `after`; those that are not in their place on disk yet included.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unsupported`] if it keeps no texts of terms, else when the
    /// state cannot be read.
    fn terms(&self, rule: &str, after: Option<&str>, max: usize) -> Result<Page<KnownTerm>, LedgerError> {
        let _ = (rule, after, max);
        unsupported("list its terms")
    }

    /// Removes the histories of terms of a rule, durably when it returns, and
    /// answers with how many of them there were. The caller has the
    /// [turn](Backend::turn).
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unsupported`] if it does not forget, else when the state cannot
    /// be written; see [`Backend::commit`].
    fn forget(&self, rule: &str, terms: &[Term<'_>]) -> Result<u64, LedgerError> {
        let _ = (rule, terms);
        unsupported("forget terms")
    }

    /// Removes since when the state knows a rule, durably when it returns. The
    /// caller has the [turn](Backend::turn).
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unsupported`] if it does not forget, else when the state cannot
    /// be written; see [`Backend::commit`].
    fn forget_since(&self, rule: &str) -> Result<(), LedgerError> {
        let _ = rule;
        unsupported("forget rules")
    }

    /// Makes `changes` part of the state, all of it in one transaction or
    /// nothing, and answers with the outbox numbers of the alerts, in order.
    /// Numbers ascend and are never used twice.
    ///
    /// # Errors
    ///
    /// When the state cannot be written. Nothing of `changes` is known then, and
    /// every later call fails too until the state is opened again: a ledger that
    /// lost a write must not go on as if it had not. Opened again, it has all
    /// of `changes` or nothing, as after a crash.
    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError>;

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
    /// When the state cannot be written; see [`Backend::commit`].
    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError>;

    /// Takes all that is waiting in memory to its place on disk.
    ///
    /// # Errors
    ///
    /// When the state cannot be written; see [`Backend::commit`].
    fn flush(&self) -> Result<(), LedgerError>;

    /// The size of the state.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn stats(&self) -> Result<Stats, LedgerError>;
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

fn unsupported<T>(what: &str) -> Result<T, LedgerError> {
    Err(LedgerError::Unsupported(format!("this ledger cannot {what}")))
}
