//! What is in memory of a state.

mod entries;
mod listing;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use firstseen_ledger::{Changes, History, OutboxSize, QuotaUse, Since, StoredAlert, Term};

use crate::error::Cause;
use crate::generation::{Bounds, Generation};
use crate::journal::{Journal, Replayed};
use crate::merge::Work;
use crate::outbox::Outbox;
use crate::rows::{Key, Rows, Value, take_row};
use crate::table::{Known, Snapshot};

/// The state as commits leave it.
///
/// What is looked up is looked for in the generation that commits add to, then
/// in the one before it, then in the table.
pub(crate) struct Live {
    rules: HashMap<String, u32>,
    next_rule: Option<u32>,
    sinces: HashMap<u32, Since>,
    outbox: Outbox,
    next_alert: u64,
    id: u64,
    /// How many terms the table has.
    terms: u64,
    waiting: Generation,
    /// The number of `waiting`; the one before it is `leaving`.
    number: u64,
    /// It stays to be read when it has been merged: what was sighted lately will
    /// be again, and reading it from the file costs more.
    leaving: Arc<Generation>,
    /// The latest generation that is in the table.
    merged: u64,
    /// The latest one that somebody waits for.
    wanted: u64,
    pub(crate) is_closing: bool,
    journal: Journal,
    /// The first segment of it that is not being merged.
    first_segment: u64,
    /// The table as of the last merge, kept open because opening it costs more
    /// than a lookup.
    snapshot: Option<Snapshot>,
}

impl Live {
    /// The state of the table, to which the journal is still to be applied.
    pub(crate) fn new(known: Known, journal: Journal) -> Self {
        let Known { numbers, rules, sinces, outbox } = known;
        let next_rule = rules.values().max().map_or(Some(0), |last| last.checked_add(1));
        Self {
            rules,
            next_rule,
            sinces,
            outbox,
            next_alert: numbers.next_alert,
            id: numbers.id,
            terms: numbers.terms,
            waiting: Generation::default(),
            number: 1,
            leaving: Arc::default(),
            merged: 0,
            wanted: 0,
            is_closing: false,
            journal,
            first_segment: numbers.first_segment,
            snapshot: None,
        }
    }

    /// Makes `changes` part of the state, and answers with the numbers of the
    /// alerts. News is in the journal, on disk, when it returns.
    pub(crate) fn commit(&mut self, changes: &Changes, now: Instant) -> Result<Vec<u64>, Cause> {
        let mut rows = Rows::default();
        let mut rules = Vec::new();
        let mut next_rule = self.next_rule;
        for (text, changes) in changes.rules() {
            let rule = match self.rules.get(text) {
                Some(rule) => *rule,
                None => {
                    let rule = next_rule.ok_or_else(|| Cause::malformed("its list of rules"))?;
                    next_rule = rule.checked_add(1);
                    rows.put(Key::Rule(rule), &text.to_owned())?;
                    rule
                }
            };
            rules.push(rule);
            if let Some(since) = &changes.since {
                rows.put(Key::Since(rule), since)?;
            }
            for ((per_ms, interval), quota) in &changes.quotas {
                rows.put(Key::Quota(rule, *per_ms, *interval), quota)?;
            }
        }
        for (place, term, change) in changes.histories().filter(|(.., change)| change.news) {
            rows.put(Key::History(rule_at(&rules, place)?, term.text()), &change.history)?;
        }
        for (place, key, value) in changes.entries() {
            let key = Key::Entry(rule_at(&rules, place)?, key);
            match value {
                Some(value) => rows.put(key, &value.to_vec())?,
                None => rows.remove(key)?,
            }
        }
        let mut numbers = Vec::with_capacity(changes.alerts.len());
        for alert in &changes.alerts {
            let number = self.next_alert.checked_add(numbers.len() as u64);
            let number = number.ok_or_else(|| Cause::malformed("the number of the next alert"))?;
            rows.put(Key::Alert(number), alert)?;
            numbers.push(number);
        }
        self.record(&rows, now)?;
        for (place, term, change) in changes.histories().filter(|(.., change)| !change.news) {
            let rule = rule_at(&rules, place)?;
            self.waiting.oldest.get_or_insert(now);
            self.waiting.put(rule, term, change.history.clone(), false);
        }
        self.waiting.now_ms = Some(changes.now_ms);
        Ok(numbers)
    }

    /// Forgets terms of a rule that are there. They are gone from the disk when it
    /// returns.
    pub(crate) fn forget(&mut self, rule: &str, terms: &[Term<'_>], now: Instant) -> Result<(), Cause> {
        let Some(rule) = self.rules.get(rule) else { return Ok(()) };
        let mut rows = Rows::default();
        for term in terms {
            rows.remove(Key::History(*rule, term.text()))?;
        }
        self.record(&rows, now)
    }

    /// Forgets since when a rule is known.
    pub(crate) fn forget_since(&mut self, rule: &str, now: Instant) -> Result<(), Cause> {
        let mut rows = Rows::default();
        if let Some(rule) = self.rules.get(rule).filter(|rule| self.sinces.contains_key(rule)) {
            rows.remove(Key::Since(*rule))?;
        }
        self.record(&rows, now)
    }

    /// Goes on behind what was replayed, which is to be merged at once: should the
    /// process be killed again soon, the journal must not grow with every start.
    pub(crate) fn go_on_after(&mut self, replayed: Replayed, now: Instant) -> Result<(), Cause> {
        if replayed.next != self.first_segment {
            // Also if nothing was in it.
            self.waiting.oldest.get_or_insert(now);
            self.want_all();
        }
        self.journal.go_on_after(replayed);
        self.journal.probe()
    }

    /// Takes alerts out of the outbox.
    pub(crate) fn acknowledge(&mut self, numbers: &[u64], now: Instant) -> Result<(), Cause> {
        let mut rows = Rows::default();
        for number in numbers.iter().copied().filter(|number| self.outbox.contains(*number)) {
            rows.remove(Key::Alert(number))?;
        }
        self.record(&rows, now)
    }

    fn record(&mut self, rows: &Rows, now: Instant) -> Result<(), Cause> {
        if rows.is_empty() {
            return Ok(());
        }
        self.journal.append(rows.bytes())?;
        self.waiting.commits += 1;
        self.apply(rows.bytes(), now)
    }

    /// Applies a record of the journal.
    pub(crate) fn apply(&mut self, record: &[u8], now: Instant) -> Result<(), Cause> {
        let mut rest = record;
        while !rest.is_empty() {
            let ((key, value), behind) = take_row(rest).ok_or_else(|| Cause::malformed("a record of its journal"))?;
            self.apply_row(key, value)?;
            self.waiting.oldest.get_or_insert(now);
            rest = behind;
        }
        Ok(())
    }

    /// Applies a row that goes on from where the state is: numbers are never left
    /// out, and never used twice.
    fn apply_row(&mut self, bytes: &[u8], value: Option<&[u8]>) -> Result<(), Cause> {
        let malformed = || Cause::malformed("the order of its journal");
        match (Key::read(bytes).ok_or_else(malformed)?, value) {
            // As the table has it already.
            (Key::Rule(rule), Some(value)) if self.rules.get(&read::<String>(value)?) == Some(&rule) => {}
            (Key::Rule(rule), Some(value)) if Some(rule) == self.next_rule => {
                self.next_rule = rule.checked_add(1);
                self.rules.insert(read(value)?, rule);
            }
            (Key::Since(rule), Some(value)) if self.has_rule(rule) => {
                self.sinces.insert(rule, read(value)?);
            }
            (Key::Since(rule), None) if self.has_rule(rule) => {
                self.sinces.remove(&rule);
            }
            (Key::Quota(rule, ..), Some(value)) if self.has_rule(rule) => {
                let _: QuotaUse = read(value)?;
            }
            (Key::Entry(rule, _), _) if self.has_rule(rule) => {}
            (Key::History(rule, term), Some(value)) if self.has_rule(rule) => {
                let term = Term::new(term);
                let fresh = !matches!(self.leaving.get(rule, term), Some(Some(_)));
                self.waiting.put(rule, term, read(value)?, fresh);
                return Ok(());
            }
            (Key::History(rule, term), None) if self.has_rule(rule) => {
                self.waiting.forget(rule, Term::new(term));
                return Ok(());
            }
            (Key::Alert(number), Some(value)) if number == self.next_alert => {
                let _: StoredAlert = read(value)?;
                self.next_alert = number.checked_add(1).ok_or_else(malformed)?;
                self.outbox.insert(number, value.len());
            }
            (Key::Alert(number), None) if number < self.next_alert => {
                // If it is still waiting it need not get anywhere.
                if !self.outbox.remove(number) || self.waiting.rows.remove(bytes).is_some() {
                    return Ok(());
                }
            }
            _ => return Err(malformed()),
        }
        self.waiting.rows.insert(bytes.to_vec(), value.map(<[u8]>::to_vec));
        Ok(())
    }

    fn has_rule(&self, rule: u32) -> bool {
        self.next_rule.is_none_or(|next| rule < next)
    }

    /// The histories of terms, each after the key of its rule.
    pub(crate) fn histories(
        &self,
        snapshot: &Snapshot,
        terms: &[(&str, Term<'_>)],
    ) -> Result<Vec<Option<History>>, Cause> {
        // What is in memory first, with nothing in between: the processor waits
        // for the memory of several lookups at a time.
        let here = terms.iter().map(|(rule, term)| {
            let rule = *self.rules.get(*rule)?;
            Some((rule, self.in_memory(rule, *term)))
        });
        let here: Vec<_> = here.collect();
        let all = here.into_iter().zip(terms).map(|(here, (_, term))| match here {
            Some((_, Some(history))) => Ok(history.cloned()),
            Some((rule, None)) => snapshot.get(Key::History(rule, term.text())),
            None => Ok(None),
        });
        all.collect()
    }

    /// What is in memory of the history of a term: that it is gone, too.
    fn in_memory(&self, rule: u32, term: Term<'_>) -> Option<Option<&History>> {
        self.waiting.get(rule, term).or_else(|| self.leaving.get(rule, term))
    }

    /// How much of a quota is used.
    pub(crate) fn quota(
        &self,
        snapshot: &Snapshot,
        rule: &str,
        per_ms: u64,
        interval: i64,
    ) -> Result<Option<QuotaUse>, Cause> {
        match self.rules.get(rule) {
            Some(rule) => self.find(snapshot, Key::Quota(*rule, per_ms, interval)),
            None => Ok(None),
        }
    }

    /// Since when a rule is known.
    pub(crate) fn since(&self, rule: &str) -> Option<Since> {
        self.sinces.get(self.rules.get(rule)?).copied()
    }

    /// At most `alerts_max` alerts of the outbox, in the order of their numbers, from
    /// behind number `after` on.
    pub(crate) fn outbox(
        &self,
        snapshot: &Snapshot,
        after: Option<u64>,
        alerts_max: usize,
    ) -> Result<Vec<(u64, StoredAlert)>, Cause> {
        let alert = |number: u64| {
            let alert = self.find(snapshot, Key::Alert(number))?;
            Ok((number, alert.ok_or_else(|| Cause::malformed("the outbox"))?))
        };
        self.outbox.behind(after).take(alerts_max).map(alert).collect()
    }

    /// The value of a row that is no history.
    fn find<V: Value>(&self, snapshot: &Snapshot, key: Key<'_>) -> Result<Option<V>, Cause> {
        let bytes = key.bytes();
        match self.waiting.rows.get(&bytes).or_else(|| self.leaving.rows.get(&bytes)) {
            Some(Some(value)) => read(value).map(Some),
            Some(None) => Ok(None),
            None => snapshot.get(key),
        }
    }

    pub(crate) fn outbox_size(&self) -> OutboxSize {
        self.outbox.size()
    }

    /// How many terms there are. One that came back after it had expired, or of which
    /// an import brought more, may count twice until it is merged.
    pub(crate) fn terms_count(&self) -> u64 {
        let leaving = if self.is_merging() { self.leaving.grown() } else { 0 };
        self.terms.saturating_add_signed(leaving).saturating_add_signed(self.waiting.grown())
    }

    /// The open table, handed back with [`Live::keep`].
    pub(crate) fn take_snapshot(&mut self) -> Option<Snapshot> {
        self.snapshot.take()
    }

    /// What is read next is the table as it is then.
    pub(crate) fn renew_snapshot(&mut self) {
        self.snapshot = None;
    }

    pub(crate) fn keep(&mut self, snapshot: Snapshot) {
        self.snapshot = Some(snapshot);
    }

    fn is_merging(&self) -> bool {
        self.merged + 1 < self.number
    }

    /// Whether commits must wait until a merge is done.
    pub(crate) fn is_full(&self, bounds: &Bounds) -> bool {
        self.waiting.is_full(bounds, self.journal.segment_bytes())
    }

    /// Whether what is waiting is to be merged now.
    pub(crate) fn is_due(&self, bounds: &Bounds, now: Instant) -> bool {
        let Some(due_at) = self.due_at(bounds) else { return false };
        now >= due_at || self.is_closing || self.wanted >= self.number || self.is_full(bounds)
    }

    /// When what is waiting is to be merged; `None` if nothing is.
    pub(crate) fn due_at(&self, bounds: &Bounds) -> Option<Instant> {
        self.waiting.due_at(bounds)
    }

    /// Begins a new generation, and answers with the one to be merged.
    pub(crate) fn turn_over(&mut self) -> Work {
        self.leaving = Arc::new(std::mem::take(&mut self.waiting));
        let (number, generation) = (self.number, Arc::clone(&self.leaving));
        self.number += 1;
        let segments = self.first_segment..self.journal.cut();
        self.first_segment = segments.end;
        Work { generation, number, id: self.id, next_alert: self.next_alert, terms: self.terms, segments }
    }

    /// Notes that a generation is in the table, which now has so many terms.
    pub(crate) fn note_merged(&mut self, number: u64, terms: u64) {
        self.merged = number;
        self.terms = terms;
        self.snapshot = None;
    }

    /// Asks that all there is be merged, and answers with the number of the
    /// generation to wait for.
    pub(crate) fn want_all(&mut self) -> u64 {
        let last = if self.waiting.is_empty() { self.number - 1 } else { self.number };
        self.wanted = self.wanted.max(last);
        last
    }

    pub(crate) fn has_merged(&self, number: u64) -> bool {
        self.merged >= number
    }
}

fn read<V: Value>(value: &[u8]) -> Result<V, Cause> {
    V::read(value).ok_or_else(|| Cause::malformed("a value"))
}

fn rule_at(rules: &[u32], place: usize) -> Result<u32, Cause> {
    rules.get(place).copied().ok_or_else(|| Cause::malformed("the list of rules of a batch"))
}
