//! Lists and forgetting, with changes on their way into the table.

use std::collections::BTreeSet;

use firstseen_ledger::{Record, Upkeep};

use super::*;

fn forget(store: &StateFile, terms: &[&str]) -> u64 {
    let terms: Vec<String> = terms.iter().map(|term| (*term).to_owned()).collect();
    Upkeep::forget(store, "rule", &terms).unwrap()
}

/// The terms of the rule, read in pages of `max`.
fn listed(store: &StateFile, max: usize) -> BTreeSet<String> {
    let (mut all, mut after) = (BTreeSet::new(), None);
    loop {
        let page = Upkeep::terms(store, "rule", after.as_deref(), max).unwrap();
        for term in page.items {
            assert!(all.last() < Some(&term.text), "in order, each once");
            all.insert(term.text);
        }
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[test]
fn what_is_forgotten_is_gone_after_a_crash() {
    let (_folder, path) = folder();
    furnish(&path, 3);
    let store = open_with(&path, PATIENT);
    assert_eq!(forget(&store, &["term 0001", "term 0001", "none"]), 1);
    assert_eq!(journal(&path), 1, "it is not in the table yet");
    let crashed = after_crash(&path);
    assert_eq!((last(&crashed, "term 0001"), last(&crashed, "term 0002")), (None, Some(2)));
    crashed.flush().unwrap();
    assert_eq!(size(&crashed), (2, 2));

    store.commit(&sighted("term 0001", 7, 0, true)).unwrap();
    assert_eq!(last(&after_crash(&path), "term 0001"), Some(7), "seen again");
    assert_eq!(Upkeep::forget_rule(&store, "rule").unwrap(), 3);
    let crashed = after_crash(&path);
    assert_eq!((crashed.since("rule").unwrap(), listed(&crashed, 9).len()), (None, 0));
    assert!(crashed.quota("rule", 100, -1).unwrap().is_some(), "a quota that is used up stays so");
    store.flush().unwrap();
    assert_eq!((size(&store), store.since("rule").unwrap()), ((0, 2), None));
}

#[test]
fn lists_are_the_same_before_while_and_after_a_merge() {
    let (_folder, path) = folder();
    furnish(&path, 300);
    let store = open_with(&path, Bounds { age: Duration::ZERO, ..PATIENT });
    let mut expected: BTreeSet<String> = (0..300).map(|number| format!("term {number:04}")).collect();
    for round in 0..60_usize {
        for number in (0..10).map(|step| (round * 37 + step * 53) % 500) {
            let term = format!("term {number:04}");
            if number % 3 == 0 {
                assert_eq!(forget(&store, &[&term]), u64::from(expected.remove(&term)));
            } else {
                store.commit(&sighted(&term, 1, 0, true)).unwrap();
                expected.insert(term);
            }
        }
        assert!(listed(&store, [1, 7, 1000][round % 3]) == expected, "round {round}");
    }
    store.flush().unwrap();
    assert_eq!(Backend::stats(&store).unwrap().terms, expected.len() as u64);
    assert!(listed(&store, 7) == expected);
}

#[test]
fn a_rule_of_many_terms_is_forgotten_before_any_of_it_is_merged() {
    let (_folder, path) = folder();
    furnish(&path, 3500);
    let store = open_with(&path, PATIENT);
    for number in 0..10 {
        store.commit(&sighted(&format!("other {number}"), 1, 0, true)).unwrap();
    }
    assert_eq!(Upkeep::forget_rule(&store, "rule").unwrap(), 3510);
    assert!(listed(&store, 1000).is_empty() && listed(&after_crash(&path), 7).is_empty());
    assert_eq!((store.since("rule").unwrap(), Backend::stats(&store).unwrap().terms), (None, 0));
}

#[test]
fn rules_do_not_run_into_each_other() {
    let (_folder, path) = folder();
    let store = open_with(&path, PATIENT);
    let record = |rule: &str, term: &str| Record::Term {
        rule: rule.to_owned(),
        term: term.to_owned(),
        history: History::new(0, 10, 0),
        window_ms: 0,
    };
    Upkeep::import(&store, &[record("one", "z"), record("other", "a"), record("one", "")], 0).unwrap();
    for _ in 0..2 {
        for (rule, expected) in [("one", &["", "z"][..]), ("other", &["a"]), ("third", &[])] {
            let page = Upkeep::terms(&store, rule, None, 9).unwrap();
            let texts: Vec<&str> = page.items.iter().map(|term| &*term.text).collect();
            assert_eq!((texts.as_slice(), page.next), (expected, None), "{rule}");
        }
        store.flush().unwrap();
    }
}

#[test]
fn what_is_imported_is_there_after_a_crash() {
    let (_folder, path) = folder();
    furnish(&path, 1);
    let store = open_with(&path, PATIENT);
    let records = ["term 0000", "new"].map(|term| Record::Term {
        rule: "rule".to_owned(),
        term: term.to_owned(),
        history: History::new(1000, 10, 0),
        window_ms: 0,
    });
    Upkeep::import(&store, &records, 0).unwrap();
    let crashed = after_crash(&path);
    assert_eq!((last(&crashed, "term 0000"), last(&crashed, "new")), (Some(1000), Some(1000)));
    assert!(crashed.history("rule", "term 0000").unwrap().unwrap().knows(0, 10), "what was known is still");
}
