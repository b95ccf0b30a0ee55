//! What an operator may rely on: lists, forgetting, imports.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::{History, Imported, KnownTerm, Page, RECORDS_MAX, Record, Since, Upkeep};
use super::*;

/// Opens one place again and again, as [`Open`](super::Open).
pub type OpenBackend = Box<dyn FnMut() -> Arc<dyn Backend>>;

/// Makes a new, empty place.
type EmptyBackend<'a> = &'a dyn Fn() -> OpenBackend;

/// A test, and its name.
type Test<'a> = (&'a str, fn(EmptyBackend<'_>));

/// Checks that a backend can be looked after; `keeps_texts` says whether it can list
/// its terms.
///
/// Panics at the first promise that is broken; the name of the test is printed before.
pub fn check_upkeep(empty: EmptyBackend<'_>, keeps_texts: bool) {
    let tests: &[Test<'_>] = &[
        ("what_is_forgotten_is_unseen_again", what_is_forgotten_is_unseen_again),
        ("forgetting_waits_for_its_turn", forgetting_waits_for_its_turn),
        ("rules_are_listed_page_by_page", rules_are_listed_page_by_page),
        ("an_import_merges_and_changes_nothing_twice", an_import_merges_and_changes_nothing_twice),
        ("what_has_expired_counts_on_neither_side", what_has_expired_counts_on_neither_side),
        ("a_rule_is_known_since_the_earlier_time", a_rule_is_known_since_the_earlier_time),
        ("nothing_of_a_batch_with_a_fault_is_imported", nothing_of_a_batch_with_a_fault_is_imported),
        ("an_import_is_like_having_seen_both", an_import_is_like_having_seen_both),
        ("an_import_with_its_window_joins_stretches", an_import_with_its_window_joins_stretches),
    ];
    let of_texts: &[Test<'_>] = match keeps_texts {
        true => &[
            ("lists_show_what_is_there", lists_show_what_is_there),
            ("a_forgotten_rule_is_as_if_never_met", a_forgotten_rule_is_as_if_never_met),
        ],
        false => &[("terms_without_texts_are_not_made_up", terms_without_texts_are_not_made_up)],
    };
    for (name, test) in tests.iter().chain(of_texts) {
        println!("conformance: {name}");
        test(empty);
    }
}

fn term(name: &str) -> String {
    format!("[\"{name}\"]")
}

fn known(rule: &str, name: &str, sightings: &[i64], now_ms: i64) -> Record {
    let mut history = History::new(sightings[0], WINDOW_MS, now_ms);
    sightings.iter().for_each(|at_ms| history.record(*at_ms, WINDOW_MS, now_ms));
    Record::Term { rule: rule.to_owned(), term: term(name), history, window_ms: 0 }
}

/// What a batch at `now_ms` is answered, committed.
fn observe(store: &dyn Backend, now_ms: i64, learning: Learning, events: &[(&str, i64)]) -> String {
    let mut transaction = store.begin(now_ms, settings(learning, OutboxMax::NONE)).unwrap();
    let verdicts = verdicts(&mut *transaction, AMPLE, events);
    transaction.commit(Vec::new()).unwrap();
    verdicts
}

fn see(store: &dyn Backend, events: &[(&str, i64)]) -> String {
    observe(store, 0, Learning::NONE, events)
}

fn forget(store: &dyn Backend, names: &[&str]) -> u64 {
    let terms: Vec<String> = names.iter().map(|name| term(name)).collect();
    Upkeep::forget(store, HISTORY, &terms).unwrap()
}

/// All of a list, in pages of `max`.
fn all<T>(max: usize, mut page: impl FnMut(Option<&str>, usize) -> Page<T>) -> Vec<T> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let Page { items: some, next } = page(after.as_deref(), max);
        assert!(some.len() <= max);
        items.extend(some);
        assert!(next.is_none() || next > after, "it goes on");
        after = next;
        if after.is_none() {
            return items;
        }
    }
}

fn terms(store: &dyn Backend, max: usize) -> Vec<KnownTerm> {
    all(max, |after, max| Upkeep::terms(store, HISTORY, after, max).unwrap())
}

fn what_is_forgotten_is_unseen_again(empty: EmptyBackend<'_>) {
    let mut open = empty();
    let mut store = open();
    assert_eq!(see(&*store, &[("a", 0), ("b", 0), ("c", 0)]), "UUU");
    let mut other = sighting("a", 0, AMPLE);
    other.history = "other".into();
    let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
    answer(&mut *transaction, &[other]).unwrap();
    transaction.commit(Vec::new()).unwrap();

    assert_eq!(forget(&*store, &["a", "unknown", "b"]), 2);
    assert_eq!(forget(&*store, &["a"]), 0);
    assert_eq!(Upkeep::size(&*store).unwrap().terms, 2);
    assert_eq!(Upkeep::forget(&*store, "no rule", &[term("a")]).unwrap(), 0);
    assert_eq!(Upkeep::term(&*store, HISTORY, &term("a")).unwrap(), None);
    assert!(Upkeep::term(&*store, "other", &term("a")).unwrap().is_some());
    drop(store);
    store = open();
    assert_eq!(see(&*store, &[("a", 1), ("a", 2), ("c", 1)]), "Uss");
    // In whatever place it is by now.
    for _ in 0..3 {
        Backend::flush(&*store).unwrap();
        assert_eq!(see(&*store, &[("a", 3), ("b", 3)]).chars().next(), Some('s'));
        assert_eq!(forget(&*store, &["a", "b"]), 2);
        assert_eq!(see(&*store, &[("a", 4), ("b", 4)]), "UU");
        assert_eq!(Upkeep::size(&*store).unwrap().terms, 4);
    }
    let many = vec![term("a"); RECORDS_MAX + 1];
    assert!(matches!(Upkeep::forget(&*store, HISTORY, &many), Err(LedgerError::Invalid(_))));
}

fn forgetting_waits_for_its_turn(empty: EmptyBackend<'_>) {
    let mut open = empty();
    let store = open();
    let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
    assert_eq!(verdicts(&mut *transaction, AMPLE, &[("a", 0)]), "U");
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let store = &store;
        scope.spawn(move || sender.send(forget(&**store, &["a"])).unwrap());
        let early = receiver.recv_timeout(Duration::from_millis(50));
        assert_eq!(early, Err(mpsc::RecvTimeoutError::Timeout));
        transaction.commit(Vec::new()).unwrap();
        assert_eq!(receiver.recv().unwrap(), 1, "what was committed meanwhile");
    });
    assert_eq!(see(&*store, &[("a", 0)]), "U");
}

fn rules_are_listed_page_by_page(empty: EmptyBackend<'_>) {
    let mut open = empty();
    let store = open();
    assert_eq!(Upkeep::rules(&*store, None, 5).unwrap(), Page { items: Vec::new(), next: None });
    let mut transaction = store.begin(7, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
    ["c", "a", "d", "b"].iter().for_each(|rule| transaction.meet(rule).unwrap());
    transaction.commit(Vec::new()).unwrap();
    for max in [1, 2, 3, 4, 100] {
        let rules = all(max, |after, max| Upkeep::rules(&*store, after, max).unwrap());
        let keys: Vec<&str> = rules.iter().map(|rule| &*rule.key).collect();
        assert_eq!(keys, ["a", "b", "c", "d"], "{max}");
        assert!(rules.iter().all(|rule| rule.since == Some(Since::met(7))));
    }
}

fn an_import_merges_and_changes_nothing_twice(empty: EmptyBackend<'_>) {
    let mut open = empty();
    let mut store = open();
    assert_eq!(see(&*store, &[("a", 0), ("b", 0)]), "UU");
    let records = [
        known(HISTORY, "a", &[50, 55], 0),
        known(HISTORY, "b", &[0], 0),
        known(HISTORY, "c", &[100], 0),
        known("another", "c", &[100], 0),
        known(HISTORY, "c", &[200], 0),
    ];
    let imported = Upkeep::import(&*store, &records, 0).unwrap();
    assert_eq!(imported, Imported { new: 2, widened: 2, unchanged: 1, expired: 0 });
    drop(store);
    store = open();
    let imported = Upkeep::import(&*store, &records, 0).unwrap();
    assert_eq!(imported, Imported { new: 0, widened: 0, unchanged: 5, expired: 0 });
    assert_eq!(Upkeep::size(&*store).unwrap().terms, 4);
    assert_eq!(see(&*store, &[("a", 10), ("a", 65), ("a", 30), ("c", 110), ("c", 190), ("c", 150)]), "ssUssU");
}

fn what_has_expired_counts_on_neither_side(empty: EmptyBackend<'_>) {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let mut open = empty();
    let store = open();
    assert_eq!(see(&*store, &[("a", 0), ("b", 0)]), "UU");
    let now_ms = 2 * DAY;
    let records = [known(HISTORY, "a", &[1000], now_ms), known(HISTORY, "c", &[0], 0)];
    let imported = Upkeep::import(&*store, &records, now_ms).unwrap();
    assert_eq!(imported, Imported { new: 1, expired: 1, ..Imported::default() });
    assert_eq!(observe(&*store, now_ms, Learning::NONE, &[("a", 1000), ("a", 0), ("b", 0), ("c", 0)]), "sUUU");
}

fn a_rule_is_known_since_the_earlier_time(empty: EmptyBackend<'_>) {
    let rule = |since| Record::Rule { rule: HISTORY.to_owned(), since };
    let since = |store: &dyn Backend| Backend::since(store, HISTORY).unwrap();
    let mut open = empty();
    let mut store = open();
    // Its terms come first, and yet the rule has learned.
    let learned = Since { arrival_ms: 500, first_at_ms: Some(-5) };
    let records = [known(HISTORY, "a", &[0], 1000), rule(learned)];
    Upkeep::import(&*store, &records, 1000).unwrap();
    assert_eq!(since(&*store), Some(learned));
    assert_eq!(observe(&*store, 1000, Learning::by_arrival(500), &[("b", 0)]), "U");
    Upkeep::import(&*store, &[rule(Since { arrival_ms: 600, first_at_ms: Some(-7) })], 1000).unwrap();
    drop(store);
    store = open();
    assert_eq!(since(&*store), Some(Since { arrival_ms: 500, first_at_ms: Some(-7) }));

    let mut open = empty();
    let fresh = open();
    Upkeep::import(&*fresh, &[known(HISTORY, "a", &[40], 1000), known(HISTORY, "b", &[30], 1000)], 1000).unwrap();
    assert_eq!(since(&*fresh), Some(Since { arrival_ms: 1000, first_at_ms: Some(30) }), "met by the import");
}

fn nothing_of_a_batch_with_a_fault_is_imported(empty: EmptyBackend<'_>) {
    let mut open = empty();
    let store = open();
    let long = "x".repeat(TERM_BYTES_MAX);
    let key = "r".repeat(RULE_BYTES_MAX + 1);
    let rule = Record::Rule { rule: key.clone(), since: Since::met(0) };
    for fault in [known(HISTORY, &long, &[0], 0), known(&key, "a", &[0], 0), rule] {
        let records = [known(HISTORY, "a", &[0], 0), fault];
        assert!(matches!(Upkeep::import(&*store, &records, 0), Err(LedgerError::Invalid(_))));
    }
    let many = vec![known(HISTORY, "a", &[0], 0); RECORDS_MAX + 1];
    assert!(matches!(Upkeep::import(&*store, &many, 0), Err(LedgerError::Invalid(_))));
    assert_eq!(Upkeep::size(&*store).unwrap().terms, 0);
    assert_eq!(Upkeep::rules(&*store, None, 9).unwrap().items, []);
}

fn an_import_with_its_window_joins_stretches(empty: EmptyBackend<'_>) {
    let mut open = empty();
    let store = open();
    let window = i64::try_from(WINDOW_MS).unwrap();
    // More of them than a history has stretches.
    for number in 0..40 {
        let Record::Term { rule, term, history, .. } = known(HISTORY, "a", &[number * window], 0) else { return };
        let record = Record::Term { rule, term, history, window_ms: WINDOW_MS };
        Upkeep::import(&*store, &[record], 0).unwrap();
    }
    let history = Upkeep::term(&*store, HISTORY, &term("a")).unwrap().unwrap();
    let spans: Vec<(i64, i64)> = history.spans().map(|span| (span.first, span.last)).collect();
    assert_eq!(spans, [(0, 39 * window)]);
}

fn an_import_is_like_having_seen_both(empty: EmptyBackend<'_>) {
    // Few enough sightings that the bound on spans does not matter.
    let events = || prop::collection::vec((0_u8..3, -60_i64..60), 0..10);
    let config = ProptestConfig::with_cases(64);
    proptest!(config, |(here in events(), there in events(), later in events(), reopen in any::<bool>())| {
        let mut open = empty();
        let mut store = open();
        let as_events = |events: &[(u8, i64)]| -> Vec<(String, i64)> {
            events.iter().map(|(term, at_ms)| (term.to_string(), *at_ms)).collect()
        };
        let observe = |store: &dyn Backend, events: &[(u8, i64)]| {
            let events = as_events(events);
            let events: Vec<(&str, i64)> = events.iter().map(|(term, at_ms)| (&**term, *at_ms)).collect();
            see(store, &events)
        };
        observe(&*store, &here);
        let mut elsewhere: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
        there.iter().for_each(|(term, at_ms)| elsewhere.entry(*term).or_default().push(*at_ms));
        let records: Vec<Record> =
            elsewhere.iter().map(|(term, sightings)| known(HISTORY, &term.to_string(), sightings, 0)).collect();
        Upkeep::import(&*store, &records, 0).unwrap();
        if reopen {
            drop(store);
            store = open();
        }
        // Keeps every sighting: how it is meant.
        let mut seen: Vec<(u8, i64)> = [&here[..], &there].concat();
        let mut expected = String::new();
        for (term, at_ms) in &later {
            let near = |(other, other_ms): &(u8, i64)| other == term && at_ms.abs_diff(*other_ms) <= WINDOW_MS;
            expected.push(if seen.iter().any(near) { 's' } else { 'U' });
            seen.push((*term, *at_ms));
        }
        prop_assert_eq!(observe(&*store, &later), expected);
    });
}

/// What is done between two looks at a list.
#[derive(Debug, Clone)]
enum Step {
    See(Vec<u8>),
    Forget(Vec<u8>),
    Import(Vec<u8>),
    Flush,
    Reopen,
}

fn lists_show_what_is_there(empty: EmptyBackend<'_>) {
    let names = || prop::collection::vec(any::<u8>(), 0..20);
    let step = prop_oneof![
        4 => names().prop_map(Step::See),
        3 => names().prop_map(Step::Forget),
        2 => names().prop_map(Step::Import),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ];
    let steps = prop::collection::vec((step, 1_usize..12), 1..12);
    proptest!(ProptestConfig::with_cases(64), |(steps in steps)| {
        let mut open = empty();
        let mut store = open();
        let mut there: BTreeSet<String> = BTreeSet::new();
        for (step, max) in steps {
            match step {
                Step::See(names) => {
                    let names: Vec<String> = names.iter().map(u8::to_string).collect();
                    let events: Vec<(&str, i64)> = names.iter().map(|name| (&**name, 0)).collect();
                    see(&*store, &events);
                    there.extend(names.iter().map(|name| term(name)));
                }
                Step::Forget(names) => {
                    let names: Vec<String> = names.iter().map(u8::to_string).collect();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let gone = names.iter().filter(|name| there.remove(&term(name))).count();
                    prop_assert_eq!(forget(&*store, &names), gone as u64);
                }
                Step::Import(names) => {
                    let records: Vec<Record> =
                        names.iter().map(|name| known(HISTORY, &name.to_string(), &[5], 0)).collect();
                    Upkeep::import(&*store, &records, 0).unwrap();
                    there.extend(names.iter().map(|name| term(&name.to_string())));
                }
                Step::Flush => Backend::flush(&*store).unwrap(),
                Step::Reopen => {
                    drop(store);
                    store = open();
                }
            }
            let listed = terms(&*store, max);
            let texts: Vec<&String> = listed.iter().map(|term| &term.text).collect();
            prop_assert_eq!(texts, there.iter().collect::<Vec<_>>());
            for KnownTerm { text, history } in &listed {
                let got = Upkeep::term(&*store, HISTORY, text).unwrap();
                prop_assert_eq!(got.as_ref(), Some(history));
            }
        }
        // What an import has widened may count twice before.
        Backend::flush(&*store).unwrap();
        prop_assert_eq!(Upkeep::size(&*store).unwrap().terms, there.len() as u64);
    });
}

fn a_forgotten_rule_is_as_if_never_met(empty: EmptyBackend<'_>) {
    let mut open = empty();
    let mut store = open();
    let learning = Learning::by_arrival(100);
    assert_eq!(observe(&*store, 0, learning.clone(), &[("a", 0)]), "s");
    assert_eq!(observe(&*store, 100, learning.clone(), &[("a", 0), ("b", 0)]), "sU");
    Upkeep::import(&*store, &[known("other", "a", &[0], 100)], 100).unwrap();
    assert_eq!(Upkeep::forget_rule(&*store, HISTORY).unwrap(), 2);
    assert_eq!(Upkeep::forget_rule(&*store, HISTORY).unwrap(), 0);
    drop(store);
    store = open();
    assert_eq!(Upkeep::size(&*store).unwrap().terms, 1);
    assert_eq!(Backend::since(&*store, HISTORY).unwrap(), None);
    let rules = Upkeep::rules(&*store, None, 9).unwrap().items;
    assert!(rules.iter().any(|rule| rule.key == "other" && rule.since.is_some()));
    assert_eq!(observe(&*store, 1000, learning.clone(), &[("a", 0), ("b", 0)]), "ss", "it learns anew");
    assert_eq!(observe(&*store, 1100, learning.clone(), &[("a", 0), ("c", 0)]), "sU");
}

fn terms_without_texts_are_not_made_up(empty: EmptyBackend<'_>) {
    let mut open = empty();
    let store = open();
    assert_eq!(see(&*store, &[("a", 0)]), "U");
    assert!(matches!(Upkeep::terms(&*store, HISTORY, None, 9), Err(LedgerError::Unsupported(_))));
    assert!(matches!(Upkeep::forget_rule(&*store, HISTORY), Err(LedgerError::Unsupported(_))));
    assert_eq!(see(&*store, &[("a", 0)]), "s", "nothing was forgotten");
}
