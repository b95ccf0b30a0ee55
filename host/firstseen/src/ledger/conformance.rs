//! What every ledger must do, whoever made it: the tests of this crate's own, for
//! a backend's crate to run (feature `conformance`).
//!
//! ```no_run
//! # fn open() -> std::sync::Arc<dyn firstseen::ledger::Backend> { unimplemented!() }
//! #[test]
//! fn conforms() {
//!     // A new, empty place each time, which the inner function opens again and again.
//!     firstseen::ledger::conformance::check(&|| Box::new(|| open()));
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

mod random;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::{
    Backend, Learning, LedgerError, Quota, RULE_BYTES_MAX, SIGHTINGS_MAX, Session, Sighting, Since, Stats, StoredAlert,
    TERM_BYTES_MAX, Verdict,
};

/// Opens one place again and again; whatever it opened before is closed by then. The
/// place is there until this is dropped.
pub type Open = Box<dyn FnMut() -> Arc<dyn Backend>>;

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
    a_stand_in_learns_like_the_session,
    no_learning_period_holds_nothing_back,
    a_dropped_session_leaves_no_trace,
    a_restored_savepoint_drops_one_call_of_a_batch,
    alerts_wait_in_the_outbox_until_acknowledged,
    limits_are_checked_before_anything_is_recorded,
    workers_take_turns,
    nobody_else_looks_between_observe_and_commit,
    what_expired_is_unknown_at_once,
    forged_quota_intervals_are_swept_once_they_expire,
    random::all_stores_give_the_same,
    random::a_session_judges_like_the_model,
    random::the_same_input_again_alerts_no_more,
];

const WINDOW_MS: u64 = 10;
const AMPLE: Quota = Quota { max: u32::MAX, per_ms: 1000 };

fn sighting(term: &str, at_ms: i64, quota: Quota) -> Sighting {
    Sighting {
        rule: "rule\nprocess.parent.executable".into(),
        term: format!("[\"{term}\"]"),
        at_ms,
        window_ms: WINDOW_MS,
        event: String::new(),
        quota,
    }
}

fn alert(id: &str) -> StoredAlert {
    StoredAlert {
        rule_id: "rule".into(),
        term: "[\"a\"]".into(),
        id: id.into(),
        document: format!("{{\"_id\":\"{id}\"}}"),
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

/// Runs `test` on an empty ledger.
fn on(empty: Empty<'_>, test: impl Fn(Arc<dyn Backend>)) {
    let mut open = empty();
    test(open());
}

/// The verdicts on `(term, time)` pairs, one session for all of them.
fn verdicts(session: &mut Session, quota: Quota, events: &[(&str, i64)]) -> String {
    let batch: Vec<_> = events.iter().map(|(term, at_ms)| sighting(term, *at_ms, quota)).collect();
    let verdicts = session.observe(&batch).unwrap();
    verdicts.into_iter().map(letter).collect()
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
            let mut session = Session::new(Arc::clone(&store), 0, Learning::NONE);
            assert_eq!(verdicts(&mut session, quota, events), expected, "{name}");
            session.commit(Vec::new()).unwrap();
        });
        on(empty, |store| {
            let got: String = events
                .iter()
                .map(|event| {
                    let mut session = Session::new(Arc::clone(&store), 0, Learning::NONE);
                    let verdict = verdicts(&mut session, quota, &[*event]);
                    session.commit(Vec::new()).unwrap();
                    verdict
                })
                .collect();
            assert_eq!(got, expected, "{name}, a batch each");
        });
    }
}

fn rules_are_apart_and_so_are_interval_lengths(empty: Empty<'_>) {
    on(empty, |store| {
        let mut session = Session::new(store, 0, Learning::NONE);
        let one = |per_ms| Quota { max: 1, per_ms };
        let mut other = sighting("a", 0, one(100));
        other.rule = "other".into();
        let batch = [sighting("a", 0, one(100)), other, sighting("b", 0, one(100)), sighting("b", 0, one(200))];
        let got: String = session.observe(&batch).unwrap().into_iter().map(letter).collect();
        assert_eq!(got, "UUdU");
        assert_eq!(session.deferred(), 1);
    });
}

fn a_learning_rule_is_held_back(empty: Empty<'_>) {
    on(empty, |store| {
        let one = Quota { max: 1, per_ms: 1_000_000 };
        let by_arrival = Learning::by_arrival(100);
        let mut session = Session::new(Arc::clone(&store), 1000, by_arrival);
        session.meet("rule\nprocess.parent.executable").unwrap();
        session.commit(Vec::new()).unwrap();

        let mut session = Session::new(Arc::clone(&store), 1099, by_arrival);
        session.meet("rule\nprocess.parent.executable").unwrap();
        assert_eq!(verdicts(&mut session, one, &[("a", 1050), ("b", 1099), ("b", 1100)]), "sss");
        assert_eq!((session.held_back(), session.deferred()), (2, 0));
        let committed = session.commit(Vec::new()).unwrap();
        assert_eq!((committed.held_back, committed.deferred), (2, 0));

        let mut session = Session::new(store, 1100, by_arrival);
        assert_eq!(verdicts(&mut session, one, &[("a", 1050), ("c", 1050), ("d", 1050)]), "sUd");
        assert_eq!(session.held_back(), 0, "what was learned is known");
    });
}

fn a_forged_time_neither_ends_learning_by_arrival_nor_escapes_after_it(empty: Empty<'_>) {
    for forged in [i64::MIN, 0, i64::MAX] {
        on(empty, |store| {
            let observe = |now_ms, term| {
                let mut session = Session::new(Arc::clone(&store), now_ms, Learning::by_arrival(100));
                session.meet("rule\nprocess.parent.executable").unwrap();
                let verdicts = verdicts(&mut session, AMPLE, &[(term, forged), (term, now_ms)]);
                session.commit(Vec::new()).unwrap();
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
        let mut session = Session::new(store, 1_000_000, Learning::by_event(100));
        session.meet("rule\nprocess.parent.executable").unwrap();
        let events = [("a", 500), ("b", 599), ("c", 600), ("d", 400), ("e", 500), ("f", 700), ("g", i64::MIN)];
        assert_eq!(verdicts(&mut session, AMPLE, &events), "ssUssUs");
    });
}

fn the_first_sighting_counts_across_calls_and_batches(empty: Empty<'_>) {
    on(empty, |store| {
        let by_event = Learning::by_event(100);
        let mut session = Session::new(Arc::clone(&store), 1_000_000, by_event);
        session.meet("rule\nprocess.parent.executable").unwrap();
        session.commit(Vec::new()).unwrap();
        let mut session = Session::new(Arc::clone(&store), 2_000_000, by_event);
        assert_eq!(verdicts(&mut session, AMPLE, &[("a", 500)]), "s");
        assert_eq!(verdicts(&mut session, AMPLE, &[("b", 650)]), "U");
        session.commit(Vec::new()).unwrap();
        let mut session = Session::new(store, 3_000_000, by_event);
        assert_eq!(verdicts(&mut session, AMPLE, &[("c", 599), ("d", 600)]), "sU");
    });
}

fn a_stand_in_learns_like_the_session(empty: Empty<'_>) {
    on(empty, |store| {
        let session = Session::new(store, 5, Learning::by_arrival(1));
        assert_eq!(verdicts(&mut session.stand_in(), AMPLE, &[("a", 0)]), "s");
    });
}

fn no_learning_period_holds_nothing_back(empty: Empty<'_>) {
    on(empty, |store| {
        let mut session = Session::new(store, 0, Learning::NONE);
        let events = [("a", 500), ("b", 100), ("c", -100)];
        assert_eq!(verdicts(&mut session, AMPLE, &events), "UUU");
    });
}

fn a_dropped_session_leaves_no_trace(empty: Empty<'_>) {
    on(empty, |store| {
        for _ in 0..2 {
            let mut session = Session::new(Arc::clone(&store), 0, Learning::NONE);
            session.meet("other").unwrap();
            assert_eq!(verdicts(&mut session, AMPLE, &[("a", 0)]), "U");
        }
        assert_eq!(store.since("other").unwrap(), None);
        assert_eq!(store.stats().unwrap(), Stats::default());
    });
}

fn a_restored_savepoint_drops_one_call_of_a_batch(empty: Empty<'_>) {
    on(empty, |store| {
        let quota = Quota { max: 3, per_ms: 100 };
        let mut session = Session::new(Arc::clone(&store), 0, Learning::NONE);
        assert_eq!(verdicts(&mut session, quota, &[("a", 0)]), "U");
        let savepoint = session.savepoint();
        let events = [("a", 5), ("b", 0), ("c", 0), ("d", 0)];
        assert_eq!(verdicts(&mut session, quota, &events), "sUUd");
        session.restore(savepoint);
        assert_eq!(session.deferred(), 0);
        assert_eq!(verdicts(&mut session, quota, &[("a", 11), ("b", 0), ("c", 0)]), "UUd");
        session.commit(vec![alert("1")]).unwrap();
        assert_eq!(store.stats().unwrap(), Stats { terms: 2, outbox: 1 });
    });
}

fn alerts_wait_in_the_outbox_until_acknowledged(empty: Empty<'_>) {
    on(empty, |store| {
        let session = Session::new(Arc::clone(&store), 0, Learning::NONE);
        let committed = session.commit(vec![alert("1"), alert("2")]).unwrap();
        let session = Session::new(Arc::clone(&store), 0, Learning::NONE);
        let later = session.commit(vec![alert("3")]).unwrap();
        let all = [committed.alerts.clone(), later.alerts].concat();
        assert_eq!(store.outbox().unwrap(), all);
        assert_eq!(all[1].1, alert("2"));

        store.acknowledge(&[committed.alerts[0].0, 99]).unwrap();
        store.acknowledge(&[]).unwrap();
        assert_eq!(store.outbox().unwrap(), all[1..]);
        assert_eq!(store.stats().unwrap().outbox, 2);
    });
}

fn limits_are_checked_before_anything_is_recorded(empty: Empty<'_>) {
    on(empty, |store| {
        let broken: [fn(&mut Sighting); 4] = [
            |sighting| sighting.rule = "r".repeat(RULE_BYTES_MAX + 1),
            |sighting| sighting.term = "t".repeat(TERM_BYTES_MAX + 1),
            |sighting| sighting.quota.max = 0,
            |sighting| sighting.quota.per_ms = 0,
        ];
        let mut session = Session::new(Arc::clone(&store), 0, Learning::NONE);
        for make_broken in broken {
            let mut batch = [sighting("a", 0, AMPLE), sighting("b", 0, AMPLE)];
            make_broken(&mut batch[1]);
            let error = session.observe(&batch).unwrap_err();
            assert!(matches!(error, LedgerError::Invalid(_)), "{error}");
        }
        let many = vec![sighting("a", 0, AMPLE); SIGHTINGS_MAX + 1];
        assert!(matches!(session.observe(&many), Err(LedgerError::Invalid(_))));
        let long = "r".repeat(RULE_BYTES_MAX + 1);
        assert!(matches!(session.meet(&long), Err(LedgerError::Invalid(_))));

        let mut largest = sighting("a", 0, AMPLE);
        largest.rule = "r".repeat(RULE_BYTES_MAX);
        largest.term = "t".repeat(TERM_BYTES_MAX);
        let batch = [sighting("a", 0, AMPLE), largest];
        assert_eq!(session.observe(&batch).unwrap(), [Verdict::Unseen; 2]);
        session.commit(Vec::new()).unwrap();
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
                        let mut session = Session::new(Arc::clone(&store), 0, Learning::NONE);
                        let batch = [sighting(&term.to_string(), 0, AMPLE)];
                        if session.observe(&batch).unwrap() == [Verdict::Unseen] {
                            unseen.fetch_add(1, Ordering::SeqCst);
                        }
                        session.commit(Vec::new()).unwrap();
                    }
                });
            }
        });
        assert_eq!(unseen.into_inner(), 50);
    });
}

fn nobody_else_looks_between_observe_and_commit(empty: Empty<'_>) {
    on(empty, |store| {
        let rule = sighting("a", 0, AMPLE).rule;
        let mut session = Session::new(Arc::clone(&store), 100, Learning::NONE);
        session.meet(&rule).unwrap();
        assert_eq!(verdicts(&mut session, AMPLE, &[("a", 100)]), "U");
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            let (store, rule) = (&store, &rule);
            scope.spawn(move || {
                let mut session = Session::new(Arc::clone(store), 50, Learning::NONE);
                session.meet(rule).unwrap();
                let got = verdicts(&mut session, AMPLE, &[("a", 105)]);
                session.commit(Vec::new()).unwrap();
                sender.send(got).unwrap();
            });
            let early = receiver.recv_timeout(Duration::from_millis(50));
            assert_eq!(early, Err(mpsc::RecvTimeoutError::Timeout));
            session.commit(Vec::new()).unwrap();
            assert_eq!(receiver.recv().unwrap(), "s");
        });
        let since = store.since(&rule).unwrap().unwrap();
        assert_eq!(since, Since { arrival_ms: 100, first_at_ms: Some(100) });
    });
}

fn what_expired_is_unknown_at_once(empty: Empty<'_>) {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    on(empty, |store| {
        let one = Quota { max: 1, per_ms: 1000 };
        let observe = |now_ms, event| {
            let mut session = Session::new(Arc::clone(&store), now_ms, Learning::NONE);
            let verdict = verdicts(&mut session, one, &[event]);
            session.commit(Vec::new()).unwrap();
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

fn forged_quota_intervals_are_swept_once_they_expire(empty: Empty<'_>) {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    const BATCHES: i64 = 5;
    const EVENTS: i64 = 1000;
    on(empty, |store| {
        let quota = Quota { max: 1, per_ms: 1000 };
        let rule = sighting("a", 0, quota).rule;
        // One term, in an interval of its own each time.
        let send = |now_ms, intervals: std::ops::Range<i64>| {
            let mut session = Session::new(Arc::clone(&store), now_ms, Learning::NONE);
            let batch: Vec<_> = intervals.map(|interval| sighting("a", interval * 1000, quota)).collect();
            assert!(session.observe(&batch).unwrap().iter().all(|verdict| *verdict == Verdict::Unseen));
            session.commit(Vec::new()).unwrap();
            store.flush().unwrap();
        };
        let kept = |intervals: std::ops::Range<i64>| {
            intervals.filter(|interval| store.quota(&rule, 1000, *interval).unwrap().is_some()).count() as i64
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
        assert_eq!(store.stats().unwrap().terms, 1);
    });
}
