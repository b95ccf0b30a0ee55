//! What a state consists of, and how it is written: rows of a key and a value.
//!
//! A row has the same bytes wherever it is. A commit appends those it changes to
//! the journal, memory keeps them until they are merged, and merging puts them into
//! the table, which is one ordered map.
//!
//! | key, big-endian                                     | value, as postcard writes it                 |
//! |-----------------------------------------------------|----------------------------------------------|
//! | 0                                                   | [`Numbers`]                                  |
//! | 1, rule number u32                                  | rule key                                     |
//! | 2, rule number u32                                  | arrival, first sighting or none              |
//! | 3, rule number u32, interval ms u64, interval u64   | expiry, used                                 |
//! | 4, rule number u32, term                            | expiry, latest span, earlier spans           |
//! | 5, alert number u64                                 | rule id or none, term, id, document, sources |
//! | 6, rule number u32, key                             | an entry, as it is                           |
//!
//! The sign of an interval is flipped, so that keys are in order. A rule key is
//! long and in every key of the many, so a number stands for it there; the term
//! stays as it is, to be readable in the file.
//!
//! In a record of the journal rows stand one behind the other: length of the key
//! u32 and of the value u32, little-endian, then both; no value (the greatest
//! length) says that the row is gone: an alert that a sink has, or what was
//! forgotten of a rule. Nothing that is read is trusted: a decoder
//! answers `None` for what no encoder writes.

use std::ops::Range;

use firstseen_ledger::{AlertSource, History, QuotaUse, Since, Span, StoredAlert};
use serde::{Deserialize, Serialize};

use crate::error::Cause;

/// What a key begins with.
pub(crate) const RULE: u8 = 1;
pub(crate) const SINCE: u8 = 2;
pub(crate) const QUOTA: u8 = 3;
pub(crate) const HISTORY: u8 = 4;
pub(crate) const ALERT: u8 = 5;
const ENTRY: u8 = 6;

/// Where the value of a row lies that is no longer there.
const GONE: u32 = u32::MAX;

/// The key of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    Numbers,
    Rule(u32),
    Since(u32),
    /// Of a rule, the length of an interval in milliseconds, and its number.
    Quota(u32, u64, i64),
    History(u32, &'a str),
    Alert(u64),
    Entry(u32, &'a [u8]),
}

const SIGN: u64 = 1 << 63;

impl<'a> Key<'a> {
    /// Appends it to `bytes`.
    pub(crate) fn put(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Numbers => bytes.push(0),
            Self::Rule(rule) => put_rule(bytes, RULE, rule),
            Self::Since(rule) => put_rule(bytes, SINCE, rule),
            Self::Quota(rule, per_ms, interval) => {
                put_rule(bytes, QUOTA, rule);
                bytes.extend(per_ms.to_be_bytes());
                bytes.extend((interval.cast_unsigned() ^ SIGN).to_be_bytes());
            }
            Self::History(rule, term) => {
                put_rule(bytes, HISTORY, rule);
                bytes.extend(term.as_bytes());
            }
            Self::Alert(number) => {
                bytes.push(ALERT);
                bytes.extend(number.to_be_bytes());
            }
            Self::Entry(rule, key) => {
                put_rule(bytes, ENTRY, rule);
                bytes.extend(key);
            }
        }
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes
    }

    /// Reads what [`Key::put`] wrote.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        if *kind == ALERT {
            return Some(Self::Alert(u64::from_be_bytes(rest.try_into().ok()?)));
        }
        if bytes == [0] {
            return Some(Self::Numbers);
        }
        let (rule, rest) = rest.split_first_chunk()?;
        let rule = u32::from_be_bytes(*rule);
        match *kind {
            RULE if rest.is_empty() => Some(Self::Rule(rule)),
            SINCE if rest.is_empty() => Some(Self::Since(rule)),
            QUOTA => {
                let (per_ms, interval) = rest.split_first_chunk()?;
                let interval = u64::from_be_bytes(interval.try_into().ok()?) ^ SIGN;
                Some(Self::Quota(rule, u64::from_be_bytes(*per_ms), interval.cast_signed()))
            }
            HISTORY => Some(Self::History(rule, str::from_utf8(rest).ok()?)),
            ENTRY => Some(Self::Entry(rule, rest)),
            _ => None,
        }
    }
}

fn put_rule(bytes: &mut Vec<u8>, kind: u8, rule: u32) {
    bytes.push(kind);
    bytes.extend(rule.to_be_bytes());
}

/// What a state says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbers {
    /// What tells this state from others.
    pub(crate) id: u64,
    /// The first segment of the journal that is not in the table.
    pub(crate) first_segment: u64,
    pub(crate) next_alert: u64,
    /// How many histories the table has.
    pub(crate) terms: u64,
}

/// A value as it is written.
pub(crate) trait Value: Sized {
    fn put(&self, bytes: &mut Vec<u8>);
    /// Reads what [`Value::put`] wrote.
    fn read(bytes: &[u8]) -> Option<Self>;
}

fn put(value: &impl Serialize, bytes: &mut Vec<u8>) {
    // Nothing of it can fail: a vector grows, and no value has an unknown length.
    if let Ok(longer) = postcard::to_extend(value, std::mem::take(bytes)) {
        *bytes = longer;
    }
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

/// When a value expires, a history or a quota counter.
pub(crate) fn read_expiry(bytes: &[u8]) -> Option<i64> {
    postcard::take_from_bytes(bytes).ok().map(|(expires_ms, _)| expires_ms)
}

impl Value for Numbers {
    fn put(&self, bytes: &mut Vec<u8>) {
        put(self, bytes);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        read(bytes)
    }
}

impl Value for String {
    fn put(&self, bytes: &mut Vec<u8>) {
        put(self, bytes);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        read(bytes)
    }
}

impl Value for Vec<u8> {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_vec())
    }
}

impl Value for Since {
    fn put(&self, bytes: &mut Vec<u8>) {
        put(&(self.arrival_ms, self.first_at_ms), bytes);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (arrival_ms, first_at_ms) = read(bytes)?;
        Some(Self { arrival_ms, first_at_ms })
    }
}

impl Value for QuotaUse {
    fn put(&self, bytes: &mut Vec<u8>) {
        put(&(self.expires_ms, self.used), bytes);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (expires_ms, used) = read(bytes)?;
        Some(Self { used, expires_ms })
    }
}

/// Expiry, latest span, earlier spans: the last nearly always empty, which takes no
/// memory.
type HistoryValue = (i64, (i64, i64), Vec<(i64, i64)>);

impl Value for History {
    fn put(&self, bytes: &mut Vec<u8>) {
        let mut spans = self.spans().map(|span| (span.first, span.last));
        let mut earlier = Vec::new();
        let mut latest = spans.next().unwrap_or_default();
        for span in spans {
            earlier.push(std::mem::replace(&mut latest, span));
        }
        let value: HistoryValue = (self.expires_ms(), latest, earlier);
        put(&value, bytes);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (expires_ms, latest, earlier): HistoryValue = read(bytes)?;
        let span = |(first, last)| Span { first, last };
        Self::from_parts(earlier.into_iter().map(span).collect(), span(latest), expires_ms)
    }
}

impl Value for StoredAlert {
    fn put(&self, bytes: &mut Vec<u8>) {
        let Self { rule_id, term, id, document, sources } = self;
        let sources: Vec<SourceValue> = sources.iter().map(source_value).collect();
        put(&(rule_id, term, id, document, sources), bytes);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (rule_id, term, id, document, sources): (_, _, _, _, Vec<SourceValue>) = read(bytes)?;
        let source = |(id, index, index_before): SourceValue| AlertSource { id, index, index_before };
        Some(Self { rule_id, term, id, document, sources: sources.into_iter().map(source).collect() })
    }
}

/// Bytes of the id and of the index, and what must stand before an index.
type SourceValue = (Range<usize>, Range<usize>, String);

fn source_value(source: &AlertSource) -> SourceValue {
    let AlertSource { id, index, index_before } = source.clone();
    (id, index, index_before)
}

/// Rows one behind the other, as a record of the journal has them.
#[derive(Debug, Default)]
pub(crate) struct Rows(Vec<u8>);

impl Rows {
    /// Adds a row.
    pub(crate) fn put(&mut self, key: Key<'_>, value: &impl Value) -> Result<(), Cause> {
        self.push(key, |bytes| {
            value.put(bytes);
            true
        })
    }

    /// Adds that a row is gone.
    pub(crate) fn remove(&mut self, key: Key<'_>) -> Result<(), Cause> {
        self.push(key, |_| false)
    }

    fn push(&mut self, key: Key<'_>, value: impl FnOnce(&mut Vec<u8>) -> bool) -> Result<(), Cause> {
        let Self(bytes) = self;
        let start = bytes.len();
        bytes.extend([0; 8]);
        key.put(bytes);
        let end_of_key = bytes.len();
        let is_there = value(bytes);
        let too_long = || Cause::Invalid("an alert has texts of more than 4 GiB".to_owned());
        let length = |bytes: usize| u32::try_from(bytes).ok().filter(|length| *length != GONE).ok_or_else(too_long);
        let of_key = length(end_of_key - start - 8)?;
        let of_value = if is_there { length(bytes.len() - end_of_key)? } else { GONE };
        let lengths = bytes.get_mut(start..).and_then(|bytes| bytes.first_chunk_mut());
        if let Some(lengths) = lengths {
            *lengths = (u64::from(of_key) | u64::from(of_value) << 32).to_le_bytes();
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A row as it is written: its key, and its value unless it is gone.
pub(crate) type Row<'a> = (&'a [u8], Option<&'a [u8]>);

/// The first of the rows in `bytes`, and what is behind it.
pub(crate) fn take_row(bytes: &[u8]) -> Option<(Row<'_>, &[u8])> {
    let (of_key, rest) = bytes.split_first_chunk()?;
    let (of_value, rest) = rest.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*of_key)).ok()?)?;
    let of_value = u32::from_le_bytes(*of_value);
    if of_value == GONE {
        return Some(((key, None), rest));
    }
    let (value, rest) = rest.split_at_checked(usize::try_from(of_value).ok()?)?;
    Some(((key, Some(value)), rest))
}

#[cfg(test)]
mod tests;
