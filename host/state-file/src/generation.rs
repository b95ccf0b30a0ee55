//! Changes on their way from the commits into the tables.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::tables::QuotaKey;
use firstseen::ledger::{BuildTermHasher, Fingerprint, History, QuotaUse, Since, StoredAlert, Term};

/// When a generation is merged into the tables at the latest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Terms in it.
    pub(super) terms: usize,
    /// Bytes of these terms.
    pub(super) term_bytes: usize,
    /// Bytes of its segment of the journal.
    pub(super) journal_bytes: u64,
    /// Time since the oldest of its changes.
    pub(super) age: Duration,
}

impl Bounds {
    /// What the documentation of the store promises: two generations are under
    /// way at a time, and one takes some time to be merged.
    pub(super) const DEFAULT: Self = Self {
        terms: 524_288,
        term_bytes: 32 * 1024 * 1024,
        journal_bytes: 64 * 1024 * 1024,
        age: Duration::from_secs(5),
    };
}

/// What the commits of some time have changed.
///
/// News are in the journal too, refreshes only here.
#[derive(Debug, Default)]
pub(super) struct Generation {
    /// Rule keys that are new to the file.
    pub(super) rules: Vec<(u32, String)>,
    pub(super) sinces: BTreeMap<u32, Since>,
    pub(super) quotas: BTreeMap<QuotaKey, QuotaUse>,
    /// By the number of the rule and what stands for the term.
    histories: HashMap<(u32, Fingerprint), (Box<str>, History), BuildTermHasher>,
    pub(super) alerts: BTreeMap<u64, StoredAlert>,
    /// Alerts of earlier generations that the sink has.
    pub(super) acknowledged: Vec<u64>,
    /// Arrival of the latest batch in it, in epoch milliseconds.
    pub(super) now_ms: Option<i64>,
    /// Commits that made it.
    pub(super) commits: usize,
    /// Since when something has been waiting in it.
    pub(super) oldest: Option<Instant>,
    term_bytes: usize,
    fresh: u64,
}

impl Generation {
    /// Adds a history. `fresh` says that nothing else has one of this term.
    pub(super) fn put(&mut self, rule: u32, term: Term<'_>, history: History, fresh: bool) {
        match self.histories.entry((rule, term.fingerprint())) {
            Entry::Occupied(mut known) => known.get_mut().1 = history,
            Entry::Vacant(place) => {
                self.term_bytes += term.text().len();
                self.fresh += u64::from(fresh);
                place.insert((term.text().into(), history));
            }
        }
    }

    /// The history of a term, if it is here.
    pub(super) fn get(&self, rule: u32, term: Term<'_>) -> Option<&History> {
        self.histories.get(&(rule, term.fingerprint())).map(|(_, history)| history)
    }

    /// The histories in the order of the file, in which neighbours share pages.
    pub(super) fn sorted(&self) -> Vec<(u32, &str, &History)> {
        let mut all: Vec<_> =
            self.histories.iter().map(|((rule, _), (term, history))| (*rule, &**term, history)).collect();
        all.sort_unstable_by_key(|(rule, term, _)| (*rule, *term));
        all
    }

    pub(super) fn histories_count(&self) -> usize {
        self.histories.len()
    }

    /// How many terms it has that the tables do not have.
    pub(super) fn fresh(&self) -> u64 {
        self.fresh
    }

    pub(super) fn is_empty(&self) -> bool {
        self.oldest.is_none()
    }

    /// Whether no more should be added, given how long its segment is.
    pub(super) fn is_full(&self, bounds: &Bounds, journal_bytes: u64) -> bool {
        self.histories.len() >= bounds.terms
            || self.term_bytes >= bounds.term_bytes
            || journal_bytes >= bounds.journal_bytes
    }

    /// When it is to be merged though it is not full.
    pub(super) fn due_at(&self, bounds: &Bounds) -> Option<Instant> {
        self.oldest.map(|oldest| oldest + bounds.age)
    }
}
