//! What is written is read, and nothing else is.

use std::fmt::Debug;

use proptest::prelude::*;

use super::*;

fn bytes(value: &impl Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    bytes
}

/// Every beginning of what is written is noticed, as is what stands behind it.
fn survives<V: Value + PartialEq + Debug>(value: &V) {
    let mut bytes = bytes(value);
    assert_eq!(V::read(&bytes).as_ref(), Some(value));
    for length in 0..bytes.len() {
        assert_eq!(V::read(&bytes[..length]), None, "{length} of {bytes:?}");
    }
    bytes.push(0);
    assert_eq!(V::read(&bytes), None);
}

fn keys() -> impl Strategy<Value = (u8, u32, u64, i64, String)> {
    (0_u8..6, any::<u32>(), any::<u64>(), any::<i64>(), any::<String>())
}

fn key((kind, rule, per_ms, interval, term): &(u8, u32, u64, i64, String)) -> Key<'_> {
    match *kind {
        RULE => Key::Rule(*rule),
        SINCE => Key::Since(*rule),
        QUOTA => Key::Quota(*rule, *per_ms, *interval),
        HISTORY => Key::History(*rule, term),
        ALERT => Key::Alert(*per_ms),
        _ => Key::Numbers,
    }
}

#[test]
fn a_usual_history_is_short() {
    let now_ms = 1_767_225_600_000;
    assert!(bytes(&History::new(now_ms, 604_800_000, now_ms)).len() <= 19);
}

#[test]
fn malformed_histories_are_not_read() {
    let value: HistoryValue = (0, (2, 1), Vec::new());
    let mut bytes = Vec::new();
    put(&value, &mut bytes);
    assert_eq!(History::read(&bytes), None);
}

proptest! {
    #[test]
    fn values_survive(
        sightings in prop::collection::vec(any::<i64>(), 1..20),
        numbers in any::<(u64, u64, u64, u64)>(),
        (window, now, used) in any::<(u64, i64, u32)>(),
        (texts, rule_id, range) in any::<([String; 3], Option<String>, (u32, u32))>(),
    ) {
        let mut history = History::new(sightings[0], window, now);
        for at in &sightings {
            history.record(*at, window, now);
        }
        prop_assert_eq!(read_expiry(&bytes(&history)), Some(history.expires_ms()));
        survives(&history);
        let quota = QuotaUse { used, expires_ms: now };
        prop_assert_eq!(read_expiry(&bytes(&quota)), Some(now));
        survives(&quota);
        survives(&Since::met(now));
        survives(&Since::met(now).after_sighting(sightings[0]));
        let (id, first_segment, next_alert, terms) = numbers;
        survives(&Numbers { id, first_segment, next_alert, terms });
        survives(&texts[0]);
        let [term, id, document] = texts;
        let range = range.0 as usize..range.1 as usize;
        let source = AlertSource { id: range.clone(), index: range, index_before: term.clone() };
        survives(&StoredAlert { rule_id, term, id, document, sources: vec![source] });
    }

    #[test]
    fn keys_survive_and_are_in_order(one in keys(), other in keys()) {
        let (one, other) = (key(&one), key(&other));
        let bytes = one.bytes();
        prop_assert_eq!(Key::read(&bytes), Some(one));
        if let (Key::Quota(a, b, c), Key::Quota(x, y, z)) = (one, other) {
            prop_assert_eq!(one.bytes().cmp(&other.bytes()), (a, b, c).cmp(&(x, y, z)));
        }
        if let (Key::History(a, b), Key::History(x, y)) = (one, other) {
            prop_assert_eq!(one.bytes().cmp(&other.bytes()), (a, b).cmp(&(x, y)));
        }
    }

    #[test]
    fn rows_survive_and_every_cut_is_noticed(all in prop::collection::vec((keys(), any::<Option<String>>()), 1..6)) {
        let mut rows = Rows::default();
        for (parts, value) in &all {
            match value {
                Some(value) => rows.put(key(parts), value).unwrap(),
                None => rows.remove(key(parts)).unwrap(),
            }
        }
        let mut rest = rows.bytes();
        for (parts, value) in &all {
            let length = rest.len();
            let ((bytes, found), behind) = take_row(rest).unwrap();
            prop_assert_eq!(Key::read(bytes), Some(key(parts)));
            prop_assert_eq!(found.map(|value| String::read(value).unwrap()), value.clone());
            for cut in 0..length - behind.len() {
                prop_assert_eq!(take_row(&rest[..cut]), None);
            }
            rest = behind;
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn noise_is_never_a_panic(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        crate::fuzzing::check(&noise);
        let _ = (History::read(&noise), StoredAlert::read(&noise), Since::read(&noise), Numbers::read(&noise));
    }
}

#[test]
fn the_fuzz_target_s_kept_seeds_pass() {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/state-file");
    let seeds: Vec<_> = std::fs::read_dir(seeds).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(seeds.len() >= 5);
    for seed in seeds {
        crate::fuzzing::check(&std::fs::read(seed).unwrap());
    }
}
