//! What every ledger must do, whoever made it: the tests of this crate's own, for
//! a ledger's crate to run (feature `conformance`).
//!
//! ```no_run
//! # fn open() -> std::sync::Arc<dyn firstseen_ledger::Ledger> { unimplemented!() }
//! #[test]
//! fn conforms() {
//!     // A new, empty place each time, which the inner function opens again and again.
//!     firstseen_ledger::conformance::check(&|| Box::new(|| open()));
//! }
//! ```

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by a panic that it failed"
)]

mod advance;
mod outbox;
mod random;
mod upkeep;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::{
    AlertSource, Answer, Backend, Committed, Learning, Ledger, LedgerError, OutboxMax, OutboxSize, QUESTIONS_MAX,
    Question, Quota, RULE_BYTES_MAX, Settings, Sighting, StoredAlert, TERM_BYTES_MAX, Transaction, Verdict,
};

pub use upkeep::{OpenBackend, check_upkeep};

/// Opens one place again and again; whatever it opened before is closed by then. The
/// place is there until this is dropped.
pub type Open = Box<dyn FnMut() -> Arc<dyn Ledger>>;

/// Makes a new, empty place.
pub type Empty<'a> = &'a dyn Fn() -> Open;

/// Checks that what `empty` makes keeps all promises of a ledger.
///
/// Panics at the first that is broken; the name of the test is printed before.
pub fn check(empty: Empty<'_>) {
    for (name, test) in TESTS {
        println!("conformance: {name}");
        test(empty);
    }
}

macro_rules! tests {
    ($($test:path),* $(,)?) => {
        const TESTS: &[(&str, fn(Empty<'_>))] = &[$((stringify!($test), $test)),*];
    };
}

tests![
    verdicts_at_the_boundaries,
    rules_are_apart_and_so_are_interval_lengths,
    a_learning_rule_is_held_back,
    a_forged_time_neither_ends_learning_by_arrival_nor_escapes_after_it,
    learning_by_event_starts_at_the_first,
    the_first_sighting_counts_across_calls_and_batches,
    no_learning_period_holds_nothing_back,
    a_dropped_transaction_leaves_no_trace,
    a_restored_savepoint_drops_one_call_of_a_batch,
    outbox::alerts_wait_in_the_outbox_until_acknowledged,
    outbox::a_full_outbox_defers_terms_and_loses_what_has_none,
    outbox::an_outbox_is_full_by_bytes_too,
    limits_are_checked_before_anything_is_recorded,
    workers_take_turns,
    nobody_else_looks_between_observe_and_commit,
    what_expired_is_unknown_at_once,
    advance::sequences_are_those_of_the_model,
    advance::what_is_held_back_is_released_by_arrival,
    advance::the_time_of_an_event_decides_within_its_key_alone,
    advance::too_much_is_forgotten_and_counted,
    advance::a_full_outbox_holds_sequences_back,
    random::all_stores_give_the_same,
    random::a_ledger_judges_like_the_model,
    random::the_same_input_again_alerts_no_more,
];

const WINDOW_MS: u64 = 10;
const AMPLE: Quota = Quota { max: u32::MAX, per_ms: 1000 };

/// The key of the history that all but a few sightings are of.
const HISTORY: &str = "rule\nprocess.parent.executable";

fn sighting(term: &str, at_ms: i64, quota: Quota) -> Sighting {
    Sighting {
        history: HISTORY.into(),
        term: format!("[\"{term}\"]"),
        at_ms,
        window_ms: WINDOW_MS,
        event: String::new(),
        quota,
    }
}

fn alert(id: &str) -> StoredAlert {
    StoredAlert {
        rule_id: Some("rule".into()),
        term: "[\"a\"]".into(),
        id: id.into(),
        document: format!("{{\"_id\":\"{id}\"}}"),
        sources: vec![AlertSource { id: 1..6, index: 7..7, index_before: ",\"_index\":".into() }],
    }
}

fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Unseen => 'U',
        Verdict::Seen => 's',
        Verdict::Deferred => 'd',
        Verdict::Replayed => 'r',
    }
}

fn settings(learning: Learning, outbox_max: OutboxMax) -> Settings {
    Settings { learning, outbox_max, ..Settings::default() }
}

/// Terms and alerts of a ledger.
fn size(store: &dyn Ledger) -> (u64, u64) {
    let stats = store.stats().unwrap();
    (stats.terms, stats.outbox.alerts)
}

/// The alerts that a commit kept.
fn numbered(committed: &Committed) -> Vec<(u64, StoredAlert)> {
    committed.alerts.iter().filter_map(|(number, alert)| Some(((*number)?, alert.clone()))).collect()
}

/// Runs `test` on an empty ledger.
fn on(empty: Empty<'_>, test: impl Fn(Arc<dyn Ledger>)) {
    let mut open = empty();
    test(open());
}

fn answer(transaction: &mut dyn Transaction, sightings: &[Sighting]) -> Result<Vec<Verdict>, LedgerError> {
    let questions: Vec<_> = sightings.iter().cloned().map(Question::Sighting).collect();
    let answers = transaction.answer(&questions)?;
    let verdict = |answer| match answer {
        Answer::Sighting(verdict) => verdict,
        other => panic!("{other:?}"),
    };
    Ok(answers.into_iter().map(verdict).collect())
}

/// The verdicts on `(term, time)` pairs, one call for all of them.
fn verdicts(transaction: &mut dyn Transaction, quota: Quota, events: &[(&str, i64)]) -> String {
    let batch: Vec<_> = events.iter().map(|(term, at_ms)| sighting(term, *at_ms, quota)).collect();
    answer(transaction, &batch).unwrap().into_iter().map(letter).collect()
}

fn verdicts_at_the_boundaries(empty: Empty<'_>) {
    let two_per_100 = Quota { max: 2, per_ms: 100 };
    for (name, quota, events, expected) in [
        ("first is unseen", AMPLE, &[("a", 0), ("a", 0)][..], "Us"),
        ("terms are apart", AMPLE, &[("a", 0), ("b", 0)], "UU"),
        ("at the window", AMPLE, &[("a", 0), ("a", 10)], "Us"),
        ("past the window", AMPLE, &[("a", 0), ("a", 11)], "UU"),
        ("sliding", AMPLE, &[("a", 0), ("a", 9), ("a", 18), ("a", 29)], "UssU"),
        ("late, at the window", AMPLE, &[("a", 20), ("a", 10)], "Us"),
        ("late, past it", AMPLE, &[("a", 20), ("a", 9)], "UU"),
        ("late joins", AMPLE, &[("a", 20), ("a", 10), ("a", 0)], "Uss"),
        ("between two", AMPLE, &[("a", 0), ("a", 30), ("a", 15)], "UUU"),
        ("old after new", AMPLE, &[("a", 30), ("a", 0), ("a", 5)], "UUs"),
        ("quota", two_per_100, &[("a", 0), ("b", 1), ("c", 2), ("a", 3)], "UUds"),
        ("deferred alerts later", two_per_100, &[("a", 0), ("b", 1), ("c", 99), ("c", 100)], "UUdU"),
        ("deferred leaves no trace", two_per_100, &[("a", 98), ("b", 98), ("c", 99), ("c", 101), ("c", 99)], "UUdUs"),
        ("intervals floor", two_per_100, &[("a", -1), ("b", -100), ("c", -50), ("d", 0)], "UUdU"),
        ("seen costs nothing", two_per_100, &[("a", 0), ("a", 1), ("a", 2), ("b", 3)], "UssU"),
        ("extremes", AMPLE, &[("a", i64::MIN), ("a", i64::MAX), ("a", 0)], "UUU"),
    ] {
        on(empty, |store| {
            let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
            assert_eq!(verdicts(&mut *transaction, quota, events), expected, "{name}");
            transaction.commit(Vec::new()).unwrap();
        });
        on(empty, |store| {
            let got: String = events
                .iter()
                .map(|event| {
                    let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
                    let verdict = verdicts(&mut *transaction, quota, &[*event]);
                    transaction.commit(Vec::new()).unwrap();
                    verdict
                })
                .collect();
            assert_eq!(got, expected, "{name}, a batch each");
        });
    }
}

fn rules_are_apart_and_so_are_interval_lengths(empty: Empty<'_>) {
    on(empty, |store| {
        let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
        let one = |per_ms| Quota { max: 1, per_ms };
        let mut other = sighting("a", 0, one(100));
        other.history = "other".into();
        let batch = [sighting("a", 0, one(100)), other, sighting("b", 0, one(100)), sighting("b", 0, one(200))];
        let got: String = answer(&mut *transaction, &batch).unwrap().into_iter().map(letter).collect();
        assert_eq!(got, "UUdU");
        assert_eq!(transaction.commit(Vec::new()).unwrap().deferred, 1);
    });
}

fn a_learning_rule_is_held_back(empty: Empty<'_>) {
    on(empty, |store| {
        let one = Quota { max: 1, per_ms: 1_000_000 };
        let by_arrival = Learning::by_arrival(100);
        let mut transaction = store.begin(1000, settings(by_arrival.clone(), OutboxMax::NONE)).unwrap();
        transaction.meet(HISTORY).unwrap();
        transaction.commit(Vec::new()).unwrap();

        let mut transaction = store.begin(1099, settings(by_arrival.clone(), OutboxMax::NONE)).unwrap();
        transaction.meet(HISTORY).unwrap();
        assert_eq!(verdicts(&mut *transaction, one, &[("a", 1050), ("b", 1099), ("b", 1100)]), "sss");
        let committed = transaction.commit(Vec::new()).unwrap();
        assert_eq!((committed.held_back, committed.deferred), (2, 0));

        let mut transaction = store.begin(1100, settings(by_arrival.clone(), OutboxMax::NONE)).unwrap();
        assert_eq!(verdicts(&mut *transaction, one, &[("a", 1050), ("c", 1050), ("d", 1050)]), "sUd");
        let committed = transaction.commit(Vec::new()).unwrap();
        assert_eq!((committed.held_back, committed.deferred), (0, 1), "what was learned is known");
    });
}

fn a_forged_time_neither_ends_learning_by_arrival_nor_escapes_after_it(empty: Empty<'_>) {
    for forged in [i64::MIN, 0, i64::MAX] {
        on(empty, |store| {
            let observe = |now_ms, term| {
                let mut transaction =
                    store.begin(now_ms, settings(Learning::by_arrival(100), OutboxMax::NONE)).unwrap();
                transaction.meet(HISTORY).unwrap();
                let verdicts = verdicts(&mut *transaction, AMPLE, &[(term, forged), (term, now_ms)]);
                transaction.commit(Vec::new()).unwrap();
                verdicts
            };
            assert_eq!(observe(1_000_000, "first"), "ss", "{forged}");
            assert_eq!(observe(1_000_099, "still learning"), "ss", "{forged}");
            assert_eq!(observe(1_000_100, "no longer"), "UU", "{forged}");
            assert_eq!(observe(2_000_000, "nor later"), "UU", "{forged}");
        });
    }
}

fn learning_by_event_starts_at_the_first(empty: Empty<'_>) {
    on(empty, |store| {
        let mut transaction = store.begin(1_000_000, settings(Learning::by_event(100), OutboxMax::NONE)).unwrap();
        transaction.meet(HISTORY).unwrap();
        let events = [("a", 500), ("b", 599), ("c", 600), ("d", 400), ("e", 500), ("f", 700), ("g", i64::MIN)];
        assert_eq!(verdicts(&mut *transaction, AMPLE, &events), "ssUssUs");
    });
}

fn the_first_sighting_counts_across_calls_and_batches(empty: Empty<'_>) {
    on(empty, |store| {
        let by_event = Learning::by_event(100);
        let mut transaction = store.begin(1_000_000, settings(by_event.clone(), OutboxMax::NONE)).unwrap();
        transaction.meet(HISTORY).unwrap();
        transaction.commit(Vec::new()).unwrap();
        let mut transaction = store.begin(2_000_000, settings(by_event.clone(), OutboxMax::NONE)).unwrap();
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("a", 500)]), "s");
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("b", 650)]), "U");
        transaction.commit(Vec::new()).unwrap();
        let mut transaction = store.begin(3_000_000, settings(by_event.clone(), OutboxMax::NONE)).unwrap();
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("c", 599), ("d", 600)]), "sU");
    });
}

fn no_learning_period_holds_nothing_back(empty: Empty<'_>) {
    on(empty, |store| {
        let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
        let events = [("a", 500), ("b", 100), ("c", -100)];
        assert_eq!(verdicts(&mut *transaction, AMPLE, &events), "UUU");
    });
}

fn a_dropped_transaction_leaves_no_trace(empty: Empty<'_>) {
    on(empty, |store| {
        for _ in 0..2 {
            let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
            transaction.meet("other").unwrap();
            assert_eq!(verdicts(&mut *transaction, AMPLE, &[("a", 0)]), "U");
        }
        assert_eq!(size(&*store), (0, 0));
        let mut transaction = store.begin(200, settings(Learning::by_arrival(100), OutboxMax::NONE)).unwrap();
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("a", 0)]), "s", "the rule is met only now");
    });
}

fn a_restored_savepoint_drops_one_call_of_a_batch(empty: Empty<'_>) {
    on(empty, |store| {
        let quota = Quota { max: 3, per_ms: 100 };
        let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
        assert_eq!(verdicts(&mut *transaction, quota, &[("a", 0)]), "U");
        let savepoint = transaction.savepoint();
        let events = [("a", 5), ("b", 0), ("c", 0), ("d", 0)];
        assert_eq!(verdicts(&mut *transaction, quota, &events), "sUUd");
        transaction.restore(savepoint);
        assert_eq!(verdicts(&mut *transaction, quota, &[("a", 11), ("b", 0), ("c", 0)]), "UUd");
        assert_eq!(transaction.commit(vec![alert("1")]).unwrap().deferred, 1);
        assert_eq!(size(&*store), (2, 1));
    });
}

fn limits_are_checked_before_anything_is_recorded(empty: Empty<'_>) {
    on(empty, |store| {
        let broken: [fn(&mut Sighting); 4] = [
            |sighting| sighting.history = "r".repeat(RULE_BYTES_MAX + 1),
            |sighting| sighting.term = "t".repeat(TERM_BYTES_MAX + 1),
            |sighting| sighting.quota.max = 0,
            |sighting| sighting.quota.per_ms = 0,
        ];
        let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
        for make_broken in broken {
            let mut batch = [sighting("a", 0, AMPLE), sighting("b", 0, AMPLE)];
            make_broken(&mut batch[1]);
            let error = answer(&mut *transaction, &batch).unwrap_err();
            assert!(matches!(error, LedgerError::Invalid(_)), "{error}");
        }
        let many = vec![sighting("a", 0, AMPLE); QUESTIONS_MAX + 1];
        assert!(matches!(answer(&mut *transaction, &many), Err(LedgerError::Invalid(_))));
        let long = "r".repeat(RULE_BYTES_MAX + 1);
        assert!(matches!(transaction.meet(&long), Err(LedgerError::Invalid(_))));

        let mut largest = sighting("a", 0, AMPLE);
        largest.history = "r".repeat(RULE_BYTES_MAX);
        largest.term = "t".repeat(TERM_BYTES_MAX);
        let batch = [sighting("a", 0, AMPLE), largest];
        assert_eq!(answer(&mut *transaction, &batch).unwrap(), [Verdict::Unseen; 2]);
        transaction.commit(Vec::new()).unwrap();
        assert_eq!(store.stats().unwrap().terms, 2);
    });
}

fn workers_take_turns(empty: Empty<'_>) {
    on(empty, |store| {
        let unseen = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for term in 0..50 {
                        let mut transaction = store.begin(0, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
                        let batch = [sighting(&term.to_string(), 0, AMPLE)];
                        if answer(&mut *transaction, &batch).unwrap() == [Verdict::Unseen] {
                            unseen.fetch_add(1, Ordering::SeqCst);
                        }
                        transaction.commit(Vec::new()).unwrap();
                    }
                });
            }
        });
        assert_eq!(unseen.into_inner(), 50);
    });
}

fn nobody_else_looks_between_observe_and_commit(empty: Empty<'_>) {
    on(empty, |store| {
        let mut transaction = store.begin(100, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
        transaction.meet(HISTORY).unwrap();
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("a", 100)]), "U");
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            let store = &store;
            scope.spawn(move || {
                let mut transaction = store.begin(50, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
                transaction.meet(HISTORY).unwrap();
                let got = verdicts(&mut *transaction, AMPLE, &[("a", 105)]);
                transaction.commit(Vec::new()).unwrap();
                sender.send(got).unwrap();
            });
            let early = receiver.recv_timeout(Duration::from_millis(50));
            assert_eq!(early, Err(mpsc::RecvTimeoutError::Timeout));
            transaction.commit(Vec::new()).unwrap();
            assert_eq!(receiver.recv().unwrap(), "s");
        });
        let mut transaction = store.begin(149, settings(Learning::by_arrival(50), OutboxMax::NONE)).unwrap();
        assert_eq!(verdicts(&mut *transaction, AMPLE, &[("b", 100)]), "s", "the rule was met at 100");
    });
}

fn what_expired_is_unknown_at_once(empty: Empty<'_>) {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    on(empty, |store| {
        let one = Quota { max: 1, per_ms: 1000 };
        let observe = |now_ms, event| {
            let mut transaction = store.begin(now_ms, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
            let verdict = verdicts(&mut *transaction, one, &[event]);
            transaction.commit(Vec::new()).unwrap();
            verdict
        };
        assert_eq!(observe(0, ("a", 0)), "U");
        assert_eq!(observe(0, ("b", 0)), "d");
        assert_eq!(observe(DAY, ("a", 0)), "s", "touched, so kept for a day more");
        assert_eq!(observe(DAY, ("b", 0)), "d");
        assert_eq!(observe(DAY + 1, ("b", 0)), "U", "the counter has expired");
        assert_eq!(observe(2 * DAY, ("a", 0)), "s");
        assert_eq!(observe(3 * DAY + 1, ("a", i64::MAX)), "U");
        assert_eq!(observe(3 * DAY + 1, ("a", 0)), "U");
    });
}

/// Checks of an empty backend that it forgets quota counters which have expired as
/// fast as they can be made to grow. Panics if it does not.
pub fn check_sweep(backend: &dyn Backend) {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    const BATCHES: i64 = 5;
    const EVENTS: i64 = 1000;
    let quota = Quota { max: 1, per_ms: 1000 };
    // One term, in an interval of its own each time.
    let send = |now_ms, intervals: std::ops::Range<i64>| {
        let mut transaction = backend.begin(now_ms, settings(Learning::NONE, OutboxMax::NONE)).unwrap();
        let batch: Vec<_> = intervals.map(|interval| sighting("a", interval * 1000, quota)).collect();
        assert!(answer(&mut *transaction, &batch).unwrap().iter().all(|verdict| *verdict == Verdict::Unseen));
        transaction.commit(Vec::new()).unwrap();
        Backend::flush(backend).unwrap();
    };
    let kept = |intervals: std::ops::Range<i64>| {
        intervals.filter(|interval| backend.quota(HISTORY, 1000, *interval).unwrap().is_some()).count() as i64
    };
    // Downwards, so that what is new lies where the sweep has been.
    let batch = |number: i64| -(number + 1) * EVENTS..-number * EVENTS;
    for number in 0..BATCHES {
        send(0, batch(number));
    }
    let forged = batch(BATCHES - 1).start..batch(0).end;
    assert_eq!(kept(forged.clone()), BATCHES * EVENTS);
    for number in BATCHES..2 * BATCHES {
        send(DAY + 1, batch(number));
    }
    assert_eq!(kept(forged), 0, "removed as fast as twice the growth");
    let live = batch(2 * BATCHES - 1).start..batch(BATCHES).end;
    assert_eq!(kept(live), BATCHES * EVENTS);
    assert_eq!(Backend::stats(backend).unwrap().terms, 1);
}
