//! What a batch changes in the state file, piece by piece: what the journal
//! records, and what is then applied.

use std::borrow::Cow;

use super::super::{History, QuotaUse, Since, StoredAlert, Term};
use super::codec::{
    decode_history, decode_since, encode_alert, encode_since, put_history, put_text, take_alert, take_bytes, take_i64,
    take_text, take_u8, take_u32, take_u64,
};
use super::fault::Fault;
use super::tables::QuotaKey;

/// One change. Numbers of rules and alerts are those that are next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// A rule key that is new to the file, and the number that stands for it.
    Rule { number: u32, key: &'a str },
    /// Since when a rule is known.
    Since { rule: u32, since: Since },
    /// A quota counter.
    Quota { key: QuotaKey, quota: QuotaUse },
    /// The history of a term that was unseen.
    History { rule: u32, term: Term<'a>, history: Cow<'a, History> },
    /// An alert for the outbox.
    Alert { number: u64, alert: Cow<'a, StoredAlert> },
    /// The sink has this alert.
    Acknowledged { number: u64 },
}

const RULE: u8 = 0;
const SINCE: u8 = 1;
const QUOTA: u8 = 2;
const HISTORY: u8 = 3;
const ALERT: u8 = 4;
const ACKNOWLEDGED: u8 = 5;

impl<'a> Entry<'a> {
    /// Appends it to `bytes`: its kind, and what belongs to it.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Rule { number, key } => {
                bytes.push(RULE);
                bytes.extend(number.to_le_bytes());
                put_text(bytes, key)?;
            }
            Self::Since { rule, since } => {
                let (arrival_ms, sighted, first_at_ms) = encode_since(*since);
                bytes.push(SINCE);
                bytes.extend(rule.to_le_bytes());
                bytes.extend(arrival_ms.to_le_bytes());
                bytes.push(sighted);
                bytes.extend(first_at_ms.to_le_bytes());
            }
            Self::Quota { key: (rule, per_ms, interval), quota } => {
                bytes.push(QUOTA);
                bytes.extend(rule.to_le_bytes());
                bytes.extend(per_ms.to_le_bytes());
                bytes.extend(interval.to_le_bytes());
                bytes.extend(quota.used.to_le_bytes());
                bytes.extend(quota.expires_ms.to_le_bytes());
            }
            Self::History { rule, term, history } => {
                // There are 16 spans at most.
                let spans = u8::try_from(history.spans().count()).map_err(|_| Fault::Malformed("a history"))?;
                bytes.push(HISTORY);
                bytes.extend(rule.to_le_bytes());
                put_text(bytes, term.text())?;
                bytes.push(spans);
                put_history(bytes, history);
            }
            Self::Alert { number, alert } => {
                bytes.push(ALERT);
                bytes.extend(number.to_le_bytes());
                bytes.extend(encode_alert(alert)?);
            }
            Self::Acknowledged { number } => {
                bytes.push(ACKNOWLEDGED);
                bytes.extend(number.to_le_bytes());
            }
        }
        Ok(())
    }

    /// Reads what [`Entry::encode`] wrote from the beginning of `bytes`, and
    /// answers with what is behind it.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (kind, bytes) = take_u8(bytes)?;
        if matches!(kind, ALERT | ACKNOWLEDGED) {
            let (number, bytes) = take_u64(bytes)?;
            if kind == ACKNOWLEDGED {
                return Some((Self::Acknowledged { number }, bytes));
            }
            let (alert, bytes) = take_alert(bytes)?;
            return Some((Self::Alert { number, alert: Cow::Owned(alert) }, bytes));
        }
        let (rule, bytes) = take_u32(bytes)?;
        match kind {
            RULE => {
                let (key, bytes) = take_text(bytes)?;
                Some((Self::Rule { number: rule, key }, bytes))
            }
            SINCE => {
                let (arrival_ms, bytes) = take_i64(bytes)?;
                let (sighted, bytes) = take_u8(bytes)?;
                let (first_at_ms, bytes) = take_i64(bytes)?;
                let since = decode_since((arrival_ms, sighted, first_at_ms))?;
                Some((Self::Since { rule, since }, bytes))
            }
            QUOTA => {
                let (per_ms, bytes) = take_u64(bytes)?;
                let (interval, bytes) = take_i64(bytes)?;
                let (used, bytes) = take_u32(bytes)?;
                let (expires_ms, bytes) = take_i64(bytes)?;
                Some((Self::Quota { key: (rule, per_ms, interval), quota: QuotaUse { used, expires_ms } }, bytes))
            }
            HISTORY => {
                let (term, bytes) = take_text(bytes)?;
                let (spans, bytes) = take_u8(bytes)?;
                let (value, bytes) = take_bytes(bytes, 8 + 16 * usize::from(spans))?;
                let history = Cow::Owned(decode_history(value)?);
                Some((Self::History { rule, term: Term::new(term), history }, bytes))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One of every kind.
    pub(in super::super) fn samples() -> Vec<Entry<'static>> {
        let mut history = History::new(-7, 10, 1);
        history.record(400, 10, 2);
        let alert = StoredAlert { term: "[\"ü\"]".into(), document: "{}".into(), ..StoredAlert::default() };
        vec![
            Entry::Rule { number: 3, key: "rule\nfield" },
            Entry::Since { rule: 3, since: Since::met(5) },
            Entry::Since { rule: 4, since: Since::met(5).after_sighting(-3) },
            Entry::Quota { key: (3, 100, -1), quota: QuotaUse { used: 2, expires_ms: 9 } },
            Entry::History { rule: 3, term: Term::new(""), history: Cow::Owned(history) },
            Entry::Alert { number: u64::MAX, alert: Cow::Owned(alert) },
            Entry::Acknowledged { number: 1 },
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        let samples = samples();
        for entry in &samples {
            entry.encode(&mut bytes).unwrap();
        }
        let (mut read, mut rest) = (Vec::new(), &*bytes);
        while !rest.is_empty() {
            let (entry, behind) = Entry::decode(rest).unwrap();
            read.push(entry);
            rest = behind;
        }
        assert_eq!(read, samples);
    }

    #[test]
    fn nothing_else_is() {
        for entry in samples() {
            let mut bytes = Vec::new();
            entry.encode(&mut bytes).unwrap();
            for length in 0..bytes.len() {
                assert_eq!(Entry::decode(&bytes[..length]), None, "{entry:?} of {length} bytes");
            }
            bytes[0] = 6;
            assert_eq!(Entry::decode(&bytes), None);
        }
    }
}
