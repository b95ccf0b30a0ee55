//! The values of the state file and its journal: little-endian, and nothing in
//! them trusted.
//!
//! A decoder answers `None` for anything an encoder does not write.

use super::super::{History, Since, Span, StoredAlert};
use super::fault::Fault;

/// Longest text of an alert, in bytes: far below what the database can hold in
/// one value, and its length fits its four bytes.
const TEXT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Appends a history: when it expires, then its spans, each first and last.
pub(super) fn put_history(bytes: &mut Vec<u8>, history: &History) {
    bytes.extend(history.expires_ms().to_le_bytes());
    for span in history.spans() {
        bytes.extend(span.first.to_le_bytes());
        bytes.extend(span.last.to_le_bytes());
    }
}

/// Reads what [`put_history`] wrote.
pub(super) fn decode_history(bytes: &[u8]) -> Option<History> {
    let (expires_ms, rest) = take_i64(bytes)?;
    let (chunks, []) = rest.as_chunks::<16>() else {
        return None;
    };
    let span = |chunk: &[u8; 16]| {
        let (first, rest) = take_i64(chunk)?;
        let (last, _) = take_i64(rest)?;
        Some(Span { first, last })
    };
    let (latest, earlier) = chunks.split_last()?;
    // Nearly always empty, which takes no memory.
    let earlier = earlier.iter().map(span).collect::<Option<_>>()?;
    History::from_parts(earlier, span(latest)?, expires_ms)
}

/// When an encoded history expires.
pub(super) fn decode_expiry(bytes: &[u8]) -> Option<i64> {
    take_i64(bytes).map(|(expires_ms, _)| expires_ms)
}

/// Since when a rule is known: arrival, whether it was sighted (0 or 1), and when
/// first (0 if it was not).
pub(super) type SinceValue = (i64, u8, i64);

/// A [`SinceValue`].
pub(super) fn encode_since(since: Since) -> SinceValue {
    (since.arrival_ms, u8::from(since.first_at_ms.is_some()), since.first_at_ms.unwrap_or(0))
}

/// Reads what [`encode_since`] wrote.
pub(super) fn decode_since(value: SinceValue) -> Option<Since> {
    let (arrival_ms, first_at_ms) = match value {
        (arrival_ms, 0, 0) => (arrival_ms, None),
        (arrival_ms, 1, at_ms) => (arrival_ms, Some(at_ms)),
        _ => return None,
    };
    Some(Since { arrival_ms, first_at_ms })
}

/// An alert: its four texts, each after its length.
pub(super) fn encode_alert(alert: &StoredAlert) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    for text in texts(alert) {
        put_text(&mut bytes, text)?;
    }
    Ok(bytes)
}

/// Checks that alerts can be encoded, before a transaction has begun.
pub(super) fn validate_alerts(alerts: &[StoredAlert]) -> Result<(), Fault> {
    let mut texts = alerts.iter().flat_map(texts);
    if texts.any(|text| text.len() > TEXT_BYTES_MAX) {
        return Err(TOO_LONG);
    }
    Ok(())
}

const TOO_LONG: Fault = Fault::Invalid("an alert has a text of more than 256 MiB");

fn texts(alert: &StoredAlert) -> [&str; 4] {
    let StoredAlert { rule_id, term, id, document, .. } = alert;
    [rule_id.as_deref().unwrap_or_default(), term, id, document]
}

/// Reads what [`encode_alert`] wrote.
pub(super) fn decode_alert(bytes: &[u8]) -> Option<StoredAlert> {
    let (alert, rest) = take_alert(bytes)?;
    rest.is_empty().then_some(alert)
}

/// The same from the beginning of `bytes`, with what is behind it.
pub(super) fn take_alert(bytes: &[u8]) -> Option<(StoredAlert, &[u8])> {
    let (rule_id, rest) = take_text(bytes)?;
    let (term, rest) = take_text(rest)?;
    let (id, rest) = take_text(rest)?;
    let (document, rest) = take_text(rest)?;
    let rule_id = (!rule_id.is_empty()).then(|| rule_id.to_owned());
    let [term, id, document] = [term, id, document].map(str::to_owned);
    Some((StoredAlert { rule_id, term, id, document, sources: Vec::new() }, rest))
}

/// Appends a text after its length.
pub(super) fn put_text(bytes: &mut Vec<u8>, text: &str) -> Result<(), Fault> {
    let length = u32::try_from(text.len()).map_err(|_| TOO_LONG)?;
    bytes.extend(length.to_le_bytes());
    bytes.extend(text.as_bytes());
    Ok(())
}

pub(super) fn take_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = take_u32(bytes)?;
    let (text, rest) = take_bytes(rest, usize::try_from(length).ok()?)?;
    Some((str::from_utf8(text).ok()?, rest))
}

pub(super) fn take_bytes(bytes: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(length)
}

pub(super) fn take_u8(bytes: &[u8]) -> Option<(u8, &[u8])> {
    bytes.split_first().map(|(head, rest)| (*head, rest))
}

pub(super) fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*head), rest))
}

pub(super) fn take_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_first_chunk()?;
    Some((u64::from_le_bytes(*head), rest))
}

pub(super) fn take_i64(bytes: &[u8]) -> Option<(i64, &[u8])> {
    take_u64(bytes).map(|(number, rest)| (number.cast_signed(), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode_history(history: &History) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_history(&mut bytes, history);
        bytes
    }

    fn alert(texts: [String; 4]) -> StoredAlert {
        let [rule_id, term, id, document] = texts;
        StoredAlert { rule_id: Some(rule_id).filter(|id| !id.is_empty()), term, id, document, sources: Vec::new() }
    }

    #[test]
    fn a_usual_history_takes_24_bytes() {
        let bytes = encode_history(&History::new(-1, 10, 0));
        assert_eq!(bytes.len(), 24);
        assert_eq!(&bytes[8..], [0xff; 16]);
    }

    #[test]
    fn every_cut_is_noticed() {
        let mut history = History::new(5, 1, 0);
        history.record(50, 1, 0);
        let bytes = encode_history(&history);
        for length in (0..bytes.len()).filter(|length| *length != 24) {
            assert_eq!(decode_history(&bytes[..length]), None, "{length}");
        }
        let bytes = encode_alert(&alert(["r", "[\"t\"]", "id", "{}"].map(Into::into))).unwrap();
        for length in 0..bytes.len() {
            assert_eq!(decode_alert(&bytes[..length]), None, "{length}");
        }
    }

    #[test]
    fn starts_survive_and_nonsense_is_noticed() {
        let met = Since::met(-5);
        for since in [met, met.after_sighting(0), met.after_sighting(i64::MIN)] {
            assert_eq!(decode_since(encode_since(since)), Some(since));
        }
        for nonsense in [(0, 2, 0), (0, 255, 9), (0, 0, 1)] {
            assert_eq!(decode_since(nonsense), None, "{nonsense:?}");
        }
    }

    proptest! {
        #[test]
        fn histories_survive(
            sightings in prop::collection::vec(any::<i64>(), 1..20),
            window in any::<u64>(), now in any::<i64>(),
        ) {
            let mut history = History::new(sightings[0], window, now);
            for at in sightings {
                history.record(at, window, now);
            }
            let bytes = encode_history(&history);
            prop_assert_eq!(decode_expiry(&bytes), Some(history.expires_ms()));
            prop_assert_eq!(decode_history(&bytes), Some(history));
        }

        #[test]
        fn alerts_survive(texts in any::<[String; 4]>()) {
            let alert = alert(texts);
            prop_assert_eq!(decode_alert(&encode_alert(&alert).unwrap()), Some(alert));
        }

        #[test]
        fn noise_is_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(history) = decode_history(&bytes) {
                prop_assert_eq!(encode_history(&history), bytes.clone());
            }
            if let Some(alert) = decode_alert(&bytes) {
                prop_assert_eq!(encode_alert(&alert).unwrap(), bytes);
            }
        }
    }
}
