//! What is in memory of a state file.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use super::super::{Changes, History, QuotaUse, Since, StoredAlert, Term};
use super::entry::Entry;
use super::fault::Fault;
use super::generation::{Bounds, Generation};
use super::journal::{Journal, Replayed};
use super::merge::Work;
use super::open::Known;
use super::tables::{QuotaKey, Snapshot};

/// The state as commits leave it.
///
/// What is looked up is looked for in the generation that commits add to, then
/// in the one before it, then in the tables.
pub(super) struct Live {
    rules: HashMap<String, u32>,
    next_rule: Option<u32>,
    sinces: HashMap<u32, Since>,
    /// Numbers of the alerts in the outbox.
    outbox: BTreeSet<u64>,
    next_alert: u64,
    waiting: Generation,
    /// The number of `waiting`; the one before it is `leaving`.
    number: u64,
    /// It stays to be read when it has been merged: what was sighted lately will
    /// be again, and reading it from the file costs more.
    leaving: Arc<Generation>,
    /// The latest generation that is in the tables.
    merged: u64,
    /// The latest one that somebody waits for.
    wanted: u64,
    pub(super) is_closing: bool,
    journal: Journal,
    /// The first segment of it that is not being merged.
    first_segment: u64,
    /// The tables as of the last merge, kept open because opening them costs
    /// more than a lookup.
    snapshot: Option<Snapshot>,
}

impl Live {
    /// The state of the tables, to which the journal is still to be applied.
    pub(super) fn new(known: Known, journal: Journal) -> Self {
        let Known { first_segment, next_alert, rules, sinces, outbox, .. } = known;
        let next_rule = rules.values().max().map_or(Some(0), |last| last.checked_add(1));
        Self {
            rules,
            next_rule,
            sinces,
            outbox,
            next_alert,
            waiting: Generation::default(),
            number: 1,
            leaving: Arc::default(),
            merged: 0,
            wanted: 0,
            is_closing: false,
            journal,
            first_segment,
            snapshot: None,
        }
    }

    /// Makes `changes` part of the state, and answers with the numbers of the
    /// alerts. News is in the journal, on disk, when it returns.
    pub(super) fn commit(&mut self, changes: &Changes, now: Instant) -> Result<Vec<u64>, Fault> {
        let mut entries = Vec::new();
        let mut rules = Vec::new();
        let mut next_rule = self.next_rule;
        for (key, changes) in changes.rules() {
            let rule = match self.rules.get(key) {
                Some(rule) => *rule,
                None => {
                    let number = next_rule.ok_or(Fault::Malformed("its list of rules"))?;
                    next_rule = number.checked_add(1);
                    entries.push(Entry::Rule { number, key });
                    number
                }
            };
            rules.push(rule);
            entries.extend(changes.since.map(|since| Entry::Since { rule, since }));
            entries.extend(
                changes
                    .quotas
                    .iter()
                    .map(|(&(per_ms, interval), &quota)| Entry::Quota { key: (rule, per_ms, interval), quota }),
            );
        }
        for (place, term, change) in changes.histories().filter(|(.., change)| change.news) {
            let rule = rule_at(&rules, place)?;
            entries.push(Entry::History { rule, term, history: Cow::Borrowed(&change.history) });
        }
        let mut numbers = Vec::with_capacity(changes.alerts.len());
        for alert in &changes.alerts {
            let number = self.next_alert.checked_add(numbers.len() as u64);
            let number = number.ok_or(Fault::Malformed("the number of the next alert"))?;
            entries.push(Entry::Alert { number, alert: Cow::Borrowed(alert) });
            numbers.push(number);
        }
        self.record(entries, now)?;
        for (place, term, change) in changes.histories().filter(|(.., change)| !change.news) {
            let rule = rule_at(&rules, place)?;
            self.waiting.oldest.get_or_insert(now);
            self.waiting.put(rule, term, change.history.clone(), false);
        }
        self.waiting.now_ms = Some(changes.now_ms);
        Ok(numbers)
    }

    /// Goes on behind what was replayed, which is to be merged at once: should the
    /// process be killed again soon, the journal must not grow with every start.
    pub(super) fn go_on_after(&mut self, replayed: Replayed, now: Instant) -> Result<(), Fault> {
        if replayed.next != self.first_segment {
            // Also if nothing was in it.
            self.waiting.oldest.get_or_insert(now);
            self.want_all();
        }
        self.journal.go_on_after(replayed);
        self.journal.probe()
    }

    /// Takes alerts out of the outbox.
    pub(super) fn acknowledge(&mut self, numbers: &[u64], now: Instant) -> Result<(), Fault> {
        let known = numbers.iter().filter(|number| self.outbox.contains(number));
        let entries = known.map(|number| Entry::Acknowledged { number: *number }).collect();
        self.record(entries, now)
    }

    fn record(&mut self, entries: Vec<Entry<'_>>, now: Instant) -> Result<(), Fault> {
        if entries.is_empty() {
            return Ok(());
        }
        self.journal.append(&entries)?;
        self.waiting.commits += 1;
        for entry in entries {
            self.apply(entry, now)?;
        }
        Ok(())
    }

    /// Applies what is in the journal.
    pub(super) fn apply(&mut self, entry: Entry<'_>, now: Instant) -> Result<(), Fault> {
        self.check(&entry)?;
        let waiting = &mut self.waiting;
        waiting.oldest.get_or_insert(now);
        match entry {
            Entry::Rule { number, key } => {
                self.next_rule = number.checked_add(1);
                self.rules.insert(key.to_owned(), number);
                waiting.rules.push((number, key.to_owned()));
            }
            Entry::Since { rule, since } => {
                self.sinces.insert(rule, since);
                waiting.sinces.insert(rule, since);
            }
            Entry::Quota { key, quota } => {
                waiting.quotas.insert(key, quota);
            }
            Entry::History { rule, term, history } => {
                let fresh = self.leaving.get(rule, term).is_none();
                waiting.put(rule, term, history.into_owned(), fresh);
            }
            Entry::Alert { number, alert } => {
                self.next_alert = number.checked_add(1).ok_or(Fault::Malformed("the number of the next alert"))?;
                self.outbox.insert(number);
                waiting.alerts.insert(number, alert.into_owned());
            }
            Entry::Acknowledged { number } => {
                if self.outbox.remove(&number) && waiting.alerts.remove(&number).is_none() {
                    waiting.acknowledged.push(number);
                }
            }
        }
        Ok(())
    }

    /// Checks that an entry goes on from where the state is: numbers are never
    /// left out, and never used twice.
    fn check(&self, entry: &Entry<'_>) -> Result<(), Fault> {
        let goes_on = match *entry {
            Entry::Rule { number, .. } => Some(number) == self.next_rule,
            Entry::Since { rule, .. } | Entry::Quota { key: (rule, ..), .. } | Entry::History { rule, .. } => {
                self.next_rule.is_none_or(|next| rule < next)
            }
            Entry::Alert { number, .. } => number == self.next_alert,
            Entry::Acknowledged { number } => number < self.next_alert,
        };
        if goes_on { Ok(()) } else { Err(Fault::Malformed("the order of its journal")) }
    }

    /// The histories of terms, each after the key of its rule.
    pub(super) fn histories(
        &self,
        snapshot: &Snapshot,
        terms: &[(&str, Term<'_>)],
    ) -> Result<Vec<Option<History>>, Fault> {
        // What is in memory first, with nothing in between: the processor waits
        // for the memory of several lookups at a time.
        let here = terms.iter().map(|(rule, term)| {
            let rule = *self.rules.get(*rule)?;
            let history = self.waiting.get(rule, *term).or_else(|| self.leaving.get(rule, *term));
            Some((rule, history))
        });
        let here: Vec<_> = here.collect();
        let all = here.into_iter().zip(terms).map(|(here, (_, term))| match here {
            Some((_, Some(history))) => Ok(Some(history.clone())),
            Some((rule, None)) => snapshot.history(rule, term.text()),
            None => Ok(None),
        });
        all.collect()
    }

    /// How much of a quota is used.
    pub(super) fn quota(
        &self,
        snapshot: &Snapshot,
        rule: &str,
        per_ms: u64,
        interval: i64,
    ) -> Result<Option<QuotaUse>, Fault> {
        let Some(rule) = self.rules.get(rule) else { return Ok(None) };
        let key: QuotaKey = (*rule, per_ms, interval);
        match self.waiting.quotas.get(&key).or_else(|| self.leaving.quotas.get(&key)) {
            Some(quota) => Ok(Some(*quota)),
            None => snapshot.quota(key),
        }
    }

    /// Since when a rule is known.
    pub(super) fn since(&self, rule: &str) -> Option<Since> {
        self.sinces.get(self.rules.get(rule)?).copied()
    }

    /// The alerts in the outbox, in the order of their numbers.
    pub(super) fn outbox(
        &self,
        snapshot: &Snapshot,
        after: Option<u64>,
        alerts_max: usize,
    ) -> Result<Vec<(u64, StoredAlert)>, Fault> {
        let alert = |number: &u64| {
            let here = self.waiting.alerts.get(number).or_else(|| self.leaving.alerts.get(number));
            let alert = here.map_or_else(|| snapshot.alert(*number), |alert| Ok(Some(alert.clone())))?;
            Ok((*number, alert.ok_or(Fault::Malformed("the outbox"))?))
        };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.outbox.range((from, Bound::Unbounded)).take(alerts_max).map(alert).collect()
    }

    pub(super) fn outbox_len(&self) -> u64 {
        self.outbox.len() as u64
    }

    /// How many terms there are. One that came back after it had expired may
    /// count twice until it is merged.
    pub(super) fn terms(&self, snapshot: &Snapshot) -> Result<u64, Fault> {
        let leaving = if self.is_merging() { self.leaving.fresh() } else { 0 };
        Ok(snapshot.terms()? + leaving + self.waiting.fresh())
    }

    /// The open tables, handed back with [`Live::keep`].
    pub(super) fn take_snapshot(&mut self) -> Option<Snapshot> {
        self.snapshot.take()
    }

    pub(super) fn keep(&mut self, snapshot: Snapshot) {
        self.snapshot = Some(snapshot);
    }

    fn is_merging(&self) -> bool {
        self.merged + 1 < self.number
    }

    /// Whether commits must wait until a merge is done.
    pub(super) fn is_full(&self, bounds: &Bounds) -> bool {
        self.waiting.is_full(bounds, self.journal.segment_bytes())
    }

    /// Whether what is waiting is to be merged now.
    pub(super) fn is_due(&self, bounds: &Bounds, now: Instant) -> bool {
        let Some(due_at) = self.due_at(bounds) else { return false };
        now >= due_at || self.is_closing || self.wanted >= self.number || self.is_full(bounds)
    }

    /// When what is waiting is to be merged; `None` if nothing is.
    pub(super) fn due_at(&self, bounds: &Bounds) -> Option<Instant> {
        self.waiting.due_at(bounds)
    }

    /// Begins a new generation, and answers with the one to be merged.
    pub(super) fn turn_over(&mut self) -> Work {
        self.leaving = Arc::new(std::mem::take(&mut self.waiting));
        let (number, generation) = (self.number, Arc::clone(&self.leaving));
        self.number += 1;
        let segments = self.first_segment..self.journal.cut();
        self.first_segment = segments.end;
        Work { generation, number, next_alert: self.next_alert, segments }
    }

    /// Notes that a generation is in the tables.
    pub(super) fn note_merged(&mut self, number: u64) {
        self.merged = number;
        self.snapshot = None;
    }

    /// Asks that all there is be merged, and answers with the number of the
    /// generation to wait for.
    pub(super) fn want_all(&mut self) -> u64 {
        let last = if self.waiting.is_empty() { self.number - 1 } else { self.number };
        self.wanted = self.wanted.max(last);
        last
    }

    pub(super) fn has_merged(&self, number: u64) -> bool {
        self.merged >= number
    }
}

fn rule_at(rules: &[u32], place: usize) -> Result<u32, Fault> {
    rules.get(place).copied().ok_or(Fault::Malformed("the list of rules of a batch"))
}
