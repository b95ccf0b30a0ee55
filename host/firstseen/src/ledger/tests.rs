//! What sessions promise, whatever the backend.

mod random;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use super::*;

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

/// Runs `test` on an empty store of every kind.
fn on_every_store(test: impl Fn(Arc<dyn Backend>)) {
    test(Arc::new(MemoryLedger::new()));
    let folder = tempfile::tempdir().unwrap();
    test(Arc::new(StateFile::open(folder.path().join("state")).unwrap()));
}

fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Unseen => 'U',
        Verdict::Seen => 's',
        Verdict::Deferred => 'd',
        Verdict::Replayed => 'r',
    }
}

/// The verdicts on `(term, time)` pairs, one session for all of them.
fn verdicts(session: &mut Session, quota: Quota, events: &[(&str, i64)]) -> String {
    let batch: Vec<_> = events.iter().map(|(term, at_ms)| sighting(term, *at_ms, quota)).collect();
    let verdicts = session.observe(&batch).unwrap();
    verdicts.into_iter().map(letter).collect()
}

#[test]
fn verdicts_at_the_boundaries() {
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
        on_every_store(|store| {
            let mut session = Session::new(Arc::clone(&store), 0, Learning::NONE);
            assert_eq!(verdicts(&mut session, quota, events), expected, "{name}");
            session.commit(Vec::new()).unwrap();
        });
        on_every_store(|store| {
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

#[test]
fn rules_are_apart_and_so_are_interval_lengths() {
    on_every_store(|store| {
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

#[test]
fn a_learning_rule_is_held_back() {
    on_every_store(|store| {
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

#[test]
fn a_forged_time_neither_ends_learning_by_arrival_nor_escapes_after_it() {
    for forged in [i64::MIN, 0, i64::MAX] {
        on_every_store(|store| {
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

#[test]
fn learning_by_event_starts_at_the_first() {
    on_every_store(|store| {
        let mut session = Session::new(store, 1_000_000, Learning::by_event(100));
        session.meet("rule\nprocess.parent.executable").unwrap();
        let events = [("a", 500), ("b", 599), ("c", 600), ("d", 400), ("e", 500), ("f", 700), ("g", i64::MIN)];
        assert_eq!(verdicts(&mut session, AMPLE, &events), "ssUssUs");
    });
}

#[test]
fn the_first_sighting_counts_across_calls_and_batches() {
    on_every_store(|store| {
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

#[test]
fn a_stand_in_learns_like_the_session() {
    on_every_store(|store| {
        let session = Session::new(store, 5, Learning::by_arrival(1));
        assert_eq!(verdicts(&mut session.stand_in(), AMPLE, &[("a", 0)]), "s");
    });
}

#[test]
fn no_learning_period_holds_nothing_back() {
    on_every_store(|store| {
        let mut session = Session::new(store, 0, Learning::NONE);
        let events = [("a", 500), ("b", 100), ("c", -100)];
        assert_eq!(verdicts(&mut session, AMPLE, &events), "UUU");
    });
}

#[test]
fn a_dropped_session_leaves_no_trace() {
    on_every_store(|store| {
        for _ in 0..2 {
            let mut session = Session::new(Arc::clone(&store), 0, Learning::NONE);
            session.meet("other").unwrap();
            assert_eq!(verdicts(&mut session, AMPLE, &[("a", 0)]), "U");
        }
        assert_eq!(store.since("other").unwrap(), None);
        assert_eq!(store.stats().unwrap(), Stats::default());
    });
}

#[test]
fn a_restored_savepoint_drops_one_call_of_a_batch() {
    on_every_store(|store| {
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

#[test]
fn alerts_wait_in_the_outbox_until_acknowledged() {
    on_every_store(|store| {
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

#[test]
fn limits_are_checked_before_anything_is_recorded() {
    on_every_store(|store| {
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

#[test]
fn workers_take_turns() {
    on_every_store(|store| {
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

#[test]
fn nobody_else_looks_between_observe_and_commit() {
    on_every_store(|store| {
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

#[test]
fn what_expired_is_unknown_at_once() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    on_every_store(|store| {
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

#[test]
fn forged_quota_intervals_are_swept_once_they_expire() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    const BATCHES: i64 = 5;
    const EVENTS: i64 = 1000;
    on_every_store(|store| {
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

#[test]
fn a_commit_looks_at_more_than_it_adds() {
    for (touched, slices) in [(0, &[256][..]), (1, &[256, 2]), (128, &[256, 256]), (200, &[256, 256, 144])] {
        assert_eq!(sweep_slices(1, touched).collect::<Vec<_>>(), slices);
    }
    assert_eq!(sweep_slices(3, 10).sum::<usize>(), 3 * 256 + 20);
}

/// Fails to read histories once armed.
#[derive(Default)]
struct Flaky {
    inner: MemoryLedger,
    reads_left: Mutex<Option<usize>>,
}

impl Backend for Flaky {
    fn gate(&self) -> &Arc<Gate> {
        self.inner.gate()
    }
    fn histories(&self, terms: &[(&str, Term<'_>)]) -> Result<Vec<Option<History>>, LedgerError> {
        let all = self.inner.histories(terms)?;
        if let Some(left) = &mut *self.reads_left.lock().unwrap() {
            if *left < all.len() {
                return Err(LedgerError::Invalid("unreadable".into()));
            }
            *left -= all.len();
        }
        Ok(all)
    }
    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, LedgerError> {
        self.inner.quota(rule, per_ms, interval)
    }
    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError> {
        self.inner.since(rule)
    }
    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError> {
        self.inner.commit(changes)
    }
    fn outbox(&self) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        self.inner.outbox()
    }
    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError> {
        self.inner.acknowledge(numbers)
    }
    fn flush(&self) -> Result<(), LedgerError> {
        self.inner.flush()
    }
    fn stats(&self) -> Result<Stats, LedgerError> {
        self.inner.stats()
    }
}

#[test]
fn a_call_that_fails_midway_records_nothing() {
    let store = Arc::new(Flaky::default());
    let mut session = Session::new(Arc::clone(&store) as Arc<dyn Backend>, 0, Learning::NONE);
    let batch = ["a", "b", "c"].map(|term| sighting(term, 0, AMPLE));
    *store.reads_left.lock().unwrap() = Some(2);
    session.observe(&batch).unwrap_err();
    *store.reads_left.lock().unwrap() = None;
    assert_eq!(session.observe(&batch[..1]).unwrap(), [Verdict::Unseen]);
    session.commit(Vec::new()).unwrap();
    assert_eq!(store.stats().unwrap().terms, 1);
}
