//! What is kept for keys of rules: its rows, and how much of it there may be.
//!
//! | key of the entry                       | value                                        |
//! |----------------------------------------|----------------------------------------------|
//! | `k`, key                               | touched, expiry, deadline, stages            |
//! | `a`, touched in seconds, key           | nothing: the keys of a rule by their age     |
//! | `d`, deadline, key                     | nothing: those that wait for a time          |
//! | `t`                                    | how many keys the rule has, and their bytes  |
//!
//! Times are big-endian with their sign flipped, so that keys are in their order.
//! Under [`ALL_RULES`] stand the sum over all rules, and the
//! [`Watermark`](super::watermark::Watermark).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::overlay::Overlay;
use super::sequence::Stages;
use super::{ALL_RULES, Backend, Changes, LedgerError, StagesMax};

const KEY: u8 = b'k';
const AGE: u8 = b'a';
const DUE: u8 = b'd';
const TOTAL: u8 = b't';

/// The entry of the watermark, under [`ALL_RULES`].
pub(super) const WATERMARK: &[u8] = b"w";

/// What is kept for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptKey {
    pub(super) stages: Stages,
    /// When an event changed it last, by the clock of the transaction.
    pub(super) touched_ms: i64,
    /// When it may be forgotten, by the same.
    pub(super) expires_ms: i64,
    /// When something of it is complete unless an event comes, by the same.
    pub(super) due_ms: Option<i64>,
    /// Whether something has begun since it is there. What only has met events that
    /// begin nothing is not written, so that these cost no room.
    pub(super) has_begun: bool,
}

/// What the backend has of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredKey {
    touched_ms: i64,
    due_ms: Option<i64>,
    bytes: u64,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) keys: u64,
    pub(super) bytes: u64,
}

impl KeptKey {
    fn to_bytes(&self) -> Vec<u8> {
        let head = (self.touched_ms, self.expires_ms, self.due_ms);
        // Nothing of it can fail: a vector grows, and no value has an unknown length.
        let mut bytes = postcard::to_allocvec(&head).unwrap_or_default();
        bytes.extend(self.stages.to_bytes());
        bytes
    }

    /// Reads a value that stands at a key.
    pub(super) fn read(value: &[u8], key: &str) -> Result<(Self, StoredKey), LedgerError> {
        let read = || {
            let ((touched_ms, expires_ms, due_ms), stages) = postcard::take_from_bytes(value).ok()?;
            let stored = StoredKey { touched_ms, due_ms, bytes: (value.len() + key.len()) as u64 };
            let stages = Stages::from_bytes(stages)?;
            Some((Self { stages, touched_ms, expires_ms, due_ms, has_begun: true }, stored))
        };
        read().ok_or_else(|| LedgerError::Invalid("what the state has of a sequence cannot be read".to_owned()))
    }
}

/// The key of the entry of a key.
pub(super) fn key_entry(key: &str) -> Vec<u8> {
    [&[KEY], key.as_bytes()].concat()
}

fn timed_entry(kind: u8, time: i64, key: &str) -> Vec<u8> {
    let time = time.cast_unsigned() ^ (1 << 63);
    [&[kind][..], &time.to_be_bytes(), key.as_bytes()].concat()
}

fn age_entry(touched_ms: i64, key: &str) -> Vec<u8> {
    timed_entry(AGE, touched_ms.div_euclid(1_000), key)
}

/// The key that a timed entry is about.
fn key_of(entry: &[u8]) -> Option<&str> {
    str::from_utf8(entry.get(9..)?).ok()
}

/// The keys of a rule that are due at a time, the earliest first, `max` at most.
pub(super) fn due<B: Backend + ?Sized>(
    backend: &B,
    rule: &str,
    now_ms: i64,
    max: usize,
) -> Result<Vec<String>, LedgerError> {
    let end = now_ms.checked_add(1).map_or_else(|| vec![DUE + 1], |next_ms| timed_entry(DUE, next_ms, ""));
    let entries = backend.entries_from(rule, &[DUE], &end, max)?;
    Ok(entries.iter().filter_map(|(entry, _)| key_of(entry)).map(str::to_owned).collect())
}

/// How much is kept of a rule, or of all.
pub(super) fn totals<B: Backend + ?Sized>(backend: &B, rule: &str) -> Result<Totals, LedgerError> {
    let value = backend.entries(&[(rule, &[TOTAL])])?.pop().flatten();
    Ok(value.and_then(|value| postcard::from_bytes(&value).ok()).unwrap_or_default())
}

/// What a transaction changes, ready to be written.
pub(super) struct Kept(Vec<ChangedKey>);

/// A key that a transaction changes.
struct ChangedKey {
    /// Place of its rule.
    rule: usize,
    key: String,
    /// Its value, with what the backend has then.
    now: Option<(Vec<u8>, StoredKey)>,
    stored: Option<StoredKey>,
}

impl Kept {
    pub(super) fn of(overlay: &Overlay) -> Self {
        let row = |(rule, key, change): (usize, super::Term<'_>, &super::overlay::KeptChange)| {
            let key = key.text().to_owned();
            let now = change.now.as_ref().filter(|now| now.has_begun).map(|now| {
                let value = now.to_bytes();
                let bytes = (value.len() + key.len()) as u64;
                (value, StoredKey { touched_ms: now.touched_ms, due_ms: now.due_ms, bytes })
            });
            ChangedKey { rule, key, now, stored: change.stored }
        };
        let rows = overlay.all_kept().map(row);
        Self(rows.filter(|row| row.now.is_some() || row.stored.is_some()).collect())
    }

    /// Adds it to what a commit changes, and makes room for it: what has expired is
    /// forgotten, and where there is too much the oldest. Answers with how much of what
    /// had not expired that was, by rule.
    pub(super) fn put<B: Backend + ?Sized>(
        self,
        backend: &B,
        changes: &mut Changes,
        now_ms: i64,
        max: StagesMax,
    ) -> Result<Vec<(String, u64)>, LedgerError> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let rules: BTreeSet<usize> = self.0.iter().map(|row| row.rule).collect();
        let mut rules = rules
            .into_iter()
            .map(|place| Room::open(backend, changes, place))
            .collect::<Result<Vec<_>, LedgerError>>()?;
        let before: u64 = rules.iter().map(|room| room.totals.bytes).sum();
        let keys_before: u64 = rules.iter().map(|room| room.totals.keys).sum();
        for ChangedKey { rule, key, now, stored } in self.0 {
            if let Some(room) = rules.iter_mut().find(|room| room.place == rule) {
                room.replace(changes, &key, stored, now);
            }
        }
        let mut dropped = Vec::new();
        for room in &mut rules {
            let lost = room.make_room(backend, changes, now_ms, max.rule_bytes)?;
            if lost > 0 {
                dropped.push((room.rule.clone(), lost));
            }
        }
        let mut all = totals(backend, ALL_RULES)?;
        all.bytes = (all.bytes.saturating_sub(before)).saturating_add(rules.iter().map(|room| room.totals.bytes).sum());
        all.keys =
            (all.keys.saturating_sub(keys_before)).saturating_add(rules.iter().map(|room| room.totals.keys).sum());
        if all.bytes > max.bytes
            && let Some(largest) = rules.iter_mut().max_by_key(|room| room.totals.bytes)
        {
            let own = largest.totals;
            let room = own.bytes.saturating_sub(all.bytes - max.bytes);
            let lost = largest.make_room(backend, changes, now_ms, room)?;
            all.bytes = all.bytes.saturating_sub(own.bytes - largest.totals.bytes);
            all.keys = all.keys.saturating_sub(own.keys - largest.totals.keys);
            if lost > 0 {
                dropped.push((largest.rule.clone(), lost));
            }
        }
        for room in &rules {
            put_totals(changes, room.place, room.totals);
        }
        let place = changes.place_of(ALL_RULES);
        put_totals(changes, place, all);
        Ok(dropped)
    }
}

fn put_totals(changes: &mut Changes, place: usize, totals: Totals) {
    let value = postcard::to_allocvec(&totals).unwrap_or_default();
    changes.entries.insert((place, vec![TOTAL]), Some(value));
}

/// A rule, and how much it has.
struct Room {
    place: usize,
    rule: String,
    totals: Totals,
    /// How many of its keys the batch has changed.
    changed: usize,
}

/// How many keys of a rule are looked at for removal at a time.
const PAGE: usize = 256;

impl Room {
    fn open<B: Backend + ?Sized>(backend: &B, changes: &Changes, place: usize) -> Result<Self, LedgerError> {
        let rule = changes.rules().nth(place).map(|(rule, _)| rule.to_owned()).unwrap_or_default();
        let totals = totals(backend, &rule)?;
        Ok(Self { place, rule, totals, changed: 0 })
    }

    fn replace(
        &mut self,
        changes: &mut Changes,
        key: &str,
        stored: Option<StoredKey>,
        now: Option<(Vec<u8>, StoredKey)>,
    ) {
        self.changed += 1;
        if let Some(stored) = stored {
            self.remove(changes, key, stored);
        }
        let Some((value, StoredKey { touched_ms, due_ms, bytes })) = now else { return };
        changes.entries.insert((self.place, key_entry(key)), Some(value));
        changes.entries.insert((self.place, age_entry(touched_ms, key)), Some(Vec::new()));
        if let Some(due_ms) = due_ms {
            changes.entries.insert((self.place, timed_entry(DUE, due_ms, key)), Some(Vec::new()));
        }
        self.totals.keys += 1;
        self.totals.bytes += bytes;
    }

    fn remove(&mut self, changes: &mut Changes, key: &str, stored: StoredKey) {
        let due = stored.due_ms.map(|due_ms| timed_entry(DUE, due_ms, key));
        for entry in [key_entry(key), age_entry(stored.touched_ms, key)].into_iter().chain(due) {
            changes.entries.insert((self.place, entry), None);
        }
        self.totals.keys = self.totals.keys.saturating_sub(1);
        self.totals.bytes = self.totals.bytes.saturating_sub(stored.bytes);
    }

    /// Forgets what has expired, as far as it is looked at, and the oldest until no more
    /// than `bytes_max` are left. What the batch has changed stays. Answers with how
    /// many had not expired.
    fn make_room<B: Backend + ?Sized>(
        &mut self,
        backend: &B,
        changes: &mut Changes,
        now_ms: i64,
        bytes_max: u64,
    ) -> Result<u64, LedgerError> {
        // More than can have been added, so that removal outpaces growth.
        let mut to_look_at = PAGE.max(2 * self.changed);
        let (mut first, mut lost) = (vec![AGE], 0);
        while to_look_at > 0 || self.totals.bytes > bytes_max {
            let page = backend.entries_from(&self.rule, &first, &[AGE + 1], PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(lost) };
            first = [last, &[0][..]].concat();
            let keys = page.iter().filter_map(|(entry, _)| key_of(entry));
            // What the batch has changed stands elsewhere by now.
            let keys: Vec<&str> =
                keys.filter(|key| !changes.entries.contains_key(&(self.place, key_entry(key)))).collect();
            let entries: Vec<Vec<u8>> = keys.iter().map(|key| key_entry(key)).collect();
            let asked: Vec<(&str, &[u8])> = entries.iter().map(|entry| (&*self.rule, &**entry)).collect();
            for (key, value) in keys.into_iter().zip(backend.entries(&asked)?) {
                let Some(value) = value else { continue };
                let (kept, stored) = KeptKey::read(&value, key)?;
                let has_expired = kept.expires_ms < now_ms && kept.due_ms.is_none();
                if !has_expired && self.totals.bytes <= bytes_max {
                    // Those behind it are younger.
                    return Ok(lost);
                }
                self.remove(changes, key, stored);
                lost += u64::from(!has_expired);
            }
            to_look_at = to_look_at.saturating_sub(PAGE);
        }
        Ok(lost)
    }
}
