//! Changes on their way from the commits into the table.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use firstseen_ledger::{BuildTermHasher, Fingerprint, History, Term};

/// When a generation is merged into the table at the latest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Terms in it.
    pub(crate) terms: usize,
    /// Bytes of these terms.
    pub(crate) term_bytes: usize,
    /// Bytes of its segment of the journal.
    pub(crate) journal_bytes: u64,
    /// Time since the oldest of its changes.
    pub(crate) age: Duration,
}

impl Bounds {
    /// What the documentation of the state promises: two generations are under
    /// way at a time, and one takes some time to be merged.
    pub(crate) const DEFAULT: Self = Self {
        terms: 131_072,
        term_bytes: 32 * 1024 * 1024,
        journal_bytes: 64 * 1024 * 1024,
        age: Duration::from_secs(60),
    };
}

/// What the commits of some time have changed.
///
/// News are in the journal too, refreshes only here.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    /// Rows as they go into the table, but those of histories; none if it is gone.
    pub(crate) rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// By the number of the rule and what stands for the term.
    histories: HashMap<(u32, Fingerprint), TermRow, BuildTermHasher>,
    /// Arrival of the latest batch in it, in epoch milliseconds.
    pub(crate) now_ms: Option<i64>,
    /// Commits that made it.
    pub(crate) commits: usize,
    /// Since when something has been waiting in it.
    pub(crate) oldest: Option<Instant>,
    term_bytes: usize,
    grown: i64,
}

/// The text of a term, and its history; none if it was forgotten.
type TermRow = (Box<str>, Option<History>);

impl Generation {
    /// Adds a history. `fresh` says that nothing else has one of this term.
    pub(crate) fn put(&mut self, rule: u32, term: Term<'_>, history: History, fresh: bool) {
        let is_fresh = match self.replace(rule, term, Some(history)) {
            Some(before) => before.is_none(),
            None => fresh,
        };
        self.grown += i64::from(is_fresh);
    }

    /// Adds that the history of a term is gone. There is one, here or elsewhere.
    pub(crate) fn forget(&mut self, rule: u32, term: Term<'_>) {
        if self.replace(rule, term, None) != Some(None) {
            self.grown -= 1;
        }
    }

    /// Answers with what was here before, if anything was.
    fn replace(&mut self, rule: u32, term: Term<'_>, history: Option<History>) -> Option<Option<History>> {
        match self.histories.entry((rule, term.fingerprint())) {
            Entry::Occupied(mut known) => Some(std::mem::replace(&mut known.get_mut().1, history)),
            Entry::Vacant(place) => {
                self.term_bytes += term.text().len();
                place.insert((term.text().into(), history));
                None
            }
        }
    }

    /// What is here of the history of a term: that it is gone, too.
    pub(crate) fn get(&self, rule: u32, term: Term<'_>) -> Option<Option<&History>> {
        self.histories.get(&(rule, term.fingerprint())).map(|(_, history)| history.as_ref())
    }

    /// The histories in the order of the table, in which neighbours share pages;
    /// none of those that are gone.
    pub(crate) fn sorted(&self) -> Vec<(u32, &str, Option<&History>)> {
        let all = self.histories.iter().map(|((rule, _), (term, history))| (*rule, &**term, history.as_ref()));
        let mut all: Vec<_> = all.collect();
        all.sort_unstable_by_key(|(rule, term, _)| (*rule, *term));
        all
    }

    /// The terms of a rule behind one of them, those that are gone too, in no order.
    pub(crate) fn terms<'a>(&'a self, rule: u32, after: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        let of_rule = self.histories.iter().filter(move |((own, _), _)| *own == rule).map(|(_, (term, _))| &**term);
        of_rule.filter(move |term| after.is_none_or(|after| *term > after))
    }

    pub(crate) fn histories_count(&self) -> usize {
        self.histories.len()
    }

    /// How many more terms there are with it than in the table.
    pub(crate) fn grown(&self) -> i64 {
        self.grown
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.oldest.is_none()
    }

    /// Whether no more should be added, given how long its segment is.
    pub(crate) fn is_full(&self, bounds: &Bounds, journal_bytes: u64) -> bool {
        self.histories.len() >= bounds.terms
            || self.term_bytes >= bounds.term_bytes
            || journal_bytes >= bounds.journal_bytes
    }

    /// When it is to be merged though it is not full.
    pub(crate) fn due_at(&self, bounds: &Bounds) -> Option<Instant> {
        self.oldest.map(|oldest| oldest + bounds.age)
    }
}
