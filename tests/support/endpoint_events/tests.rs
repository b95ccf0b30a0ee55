use std::collections::BTreeSet;

use super::*;

fn mix() -> Mix {
    Mix { seed: 7, events: 2400, install_every: 60, parents: 25, start_ms: 1_795_500_000_000, step_ms: 10 }
}

fn generated(mix: &Mix) -> (Written, String) {
    let mut out = Vec::new();
    let written = write_events(mix, &mut out).unwrap();
    (written, String::from_utf8(out).unwrap())
}

fn values(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn is_install(event: &serde_json::Value) -> bool {
    let args = event["process"]["args"].as_array().unwrap();
    event["process"]["name"] == "dpkg" && args.iter().any(|arg| arg == "-i" || arg == "--install")
}

#[test]
fn the_seed_decides_every_byte() {
    assert_eq!(generated(&mix()), generated(&mix()));
    let other = Mix { seed: 8, ..mix() };
    assert_ne!(generated(&mix()).1, generated(&other).1);
}

#[test]
fn events_are_json_of_the_stated_size() {
    let (written, text) = generated(&mix());
    assert_eq!(values(&text).len(), 2400);
    assert_eq!(written.events, 2400);
    assert_eq!(written.bytes, text.len() as u64);
    let mean = text.len() / 2400;
    assert!((2800..3400).contains(&mean), "{mean}");
}

#[test]
fn nothing_in_an_event_stands_twice() {
    for line in generated(&mix()).1.lines() {
        // The order is kept and a repeated member would be dropped, so
        // only an event without one keeps its length.
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let written = value.to_string();
        let escapes = line.matches(r"\u00e9").count() * (r"\u00e9".len() - "é".len());
        assert_eq!(written.len() + escapes, line.len(), "{line}");
    }
}

#[test]
fn kinds_have_their_shares() {
    let events = values(&generated(&mix()).1);
    let share = |category: &str| {
        let of_kind = |event: &&serde_json::Value| event["event"]["category"][0] == category;
        events.iter().filter(of_kind).count() * 100 / events.len()
    };
    assert!((37..45).contains(&share("process")));
    assert!((26..34).contains(&share("file")));
    assert!((26..34).contains(&share("network")));
    let has = |text: &str| events.iter().any(|event| event.to_string().contains(text));
    assert!(has(r#"\""#) && has(r"\\") && has("é"));
    assert!(!has("ingested"));
}

#[test]
fn one_install_in_each_run_of_events() {
    let (written, text) = generated(&mix());
    let events = values(&text);
    assert_eq!(written.installs, 40);
    for run in events.chunks(60) {
        assert_eq!(run.iter().filter(|event| is_install(event)).count(), 1);
    }
}

#[test]
fn every_parent_occurs_and_new_ones_come_to_the_end() {
    let (written, text) = generated(&mix());
    let mut seen = BTreeSet::new();
    let mut last_new = 0;
    for (place, event) in values(&text).iter().enumerate() {
        let parent = event["process"]["parent"]["executable"].to_string();
        if is_install(event) && seen.insert(parent) {
            last_new = place;
        }
    }
    assert_eq!(seen.len(), 25);
    assert_eq!(written.parents_used, 25);
    assert!(last_new > 2200, "{last_new}");
}

#[test]
fn with_few_installs_each_has_its_own_parent() {
    let few = Mix { parents: 1000, ..mix() };
    let (written, _) = generated(&few);
    assert_eq!(written.parents_used, written.installs);
    let none = Mix { install_every: 0, ..mix() };
    assert_eq!(generated(&none).0.installs, 0);
}

#[test]
fn parents_are_distinct() {
    let parents: BTreeSet<String> = (0..20_000).map(install_parent).collect();
    assert_eq!(parents.len(), 20_000);
}

#[test]
fn times_are_calendar_times() {
    let time = |ms| String::from_utf8(Line(Vec::new()).time(ms).0.clone()).unwrap();
    assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(time(-1), "1969-12-31T23:59:59.999Z");
    assert_eq!(time(951_782_400_000), "2000-02-29T00:00:00.000Z");
    assert_eq!(time(1_795_507_199_999), "2026-11-24T07:59:59.999Z");
    assert_eq!(time(i64::MIN), "0000-01-01T00:00:00.000Z");
    assert_eq!(time(i64::MAX), "9999-12-31T23:59:59.999Z");
}
