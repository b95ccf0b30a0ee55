//! Rules over several events, in a ledger.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::sequence::model::{ModelEvent, sequences};
use super::super::sequence::{EventDigest, Item, Kept, Place, SequencePlan, Tiebreaker};
use super::super::{Advance, Clock, CompletedSequence, MetKey, Plan, Release, StagesMax};
use super::*;

/// An event: its key, its time, the items that it meets, whether it ends what is
/// unfinished.
#[derive(Debug, Clone)]
struct Event {
    key: u8,
    at_ms: i64,
    items: BTreeSet<usize>,
    is_until: bool,
}

/// What is done with a batch of so many events.
#[derive(Debug, Clone, Copy)]
enum Way {
    Commit,
    /// It is judged and forgotten, then comes again.
    Drop,
    /// It is judged in two calls, the second of which is taken back and made again.
    Restore,
    /// It comes a second time when it was committed.
    Twice,
    /// The ledger is opened anew behind it.
    Reopen,
}

fn question(plan: &Arc<Plan>, number: usize, event: &Event) -> Question {
    Question::Advance(Advance {
        history: HISTORY.into(),
        plan: Arc::clone(plan),
        at_ms: event.at_ms,
        tiebreaker: Tiebreaker::Missing,
        event: EventDigest(number as u128),
        kept: Arc::new(Kept { line: format!("{{\"n\":{number}}}").into(), ..Kept::default() }),
        keys: vec![MetKey {
            key: format!("[{}]", event.key),
            items: event.items.iter().map(|&item| item as u16).collect(),
            is_until: event.is_until,
        }],
        quota: AMPLE,
    })
}

fn release(plan: &Arc<Plan>, nothing_follows: bool) -> Question {
    let plan = Arc::clone(plan);
    Question::Release(Release { history: HISTORY.into(), plan, nothing_follows, quota: AMPLE })
}

fn completed(transaction: &mut dyn Transaction, questions: &[Question]) -> Vec<CompletedSequence> {
    let answers = transaction.answer(questions).unwrap();
    let completed = |answer| match answer {
        Answer::Completed(completed) => completed,
        other => panic!("{other:?}"),
    };
    answers.into_iter().flat_map(completed).collect()
}

/// By item the number of the event, none for a missing one.
fn numbers(completed: Vec<CompletedSequence>) -> Vec<Vec<Option<usize>>> {
    let number = |sequence: CompletedSequence| {
        let events = sequence.events.into_iter();
        let number = |taken: &super::super::sequence::Taken| {
            let number = taken.event.0 as usize;
            assert_eq!(*taken.kept.line, format!("{{\"n\":{number}}}"), "what was kept is the event's own");
            number
        };
        events.map(|taken| taken.map(|taken| number(&taken))).collect()
    };
    let mut numbers: Vec<_> = completed.into_iter().map(number).collect();
    numbers.sort();
    numbers
}

fn sequence(items: &[Item], maxspan_ms: u64) -> Arc<Plan> {
    Arc::new(Plan::Sequence(SequencePlan::new(items.to_vec(), maxspan_ms).unwrap()))
}

/// Events that meet an item each, as `(key, time, item)`.
fn events(events: &[(u8, i64, usize)]) -> Vec<Event> {
    let event = |&(key, at_ms, item)| Event { key, at_ms, items: BTreeSet::from([item]), is_until: false };
    events.iter().map(event).collect()
}

/// Judges events in batches, and answers with what is complete at the end.
fn judged(plan: &Arc<Plan>, batches: &[(Way, Vec<(usize, Event)>)], open: &mut Open) -> Vec<Vec<Option<usize>>> {
    let mut store = open();
    let mut all = Vec::new();
    let begin = |store: &Arc<dyn Ledger>, batch: &[Question], is_kept: bool, split: bool| {
        let mut transaction = store.begin(0, Settings::default()).unwrap();
        let (first, second) = if split { batch.split_at(batch.len() / 2) } else { (batch, &[][..]) };
        let mut found = completed(&mut *transaction, first);
        if split {
            let savepoint = transaction.savepoint();
            let once = completed(&mut *transaction, second);
            transaction.restore(savepoint);
            assert_eq!(completed(&mut *transaction, second), once);
            found.extend(once);
        }
        if is_kept {
            transaction.commit(Vec::new()).unwrap();
        }
        found
    };
    for (way, events) in batches {
        let batch: Vec<Question> = events.iter().map(|(number, event)| question(plan, *number, event)).collect();
        if let Way::Drop = way {
            begin(&store, &batch, false, false);
        }
        all.extend(begin(&store, &batch, true, matches!(way, Way::Restore)));
        if let Way::Twice = way {
            assert_eq!(begin(&store, &batch, true, false), [], "a batch that came again");
        }
        if let Way::Reopen = way {
            drop(store);
            store = open();
        }
    }
    let mut transaction = store.begin(0, Settings::default()).unwrap();
    all.extend(completed(&mut *transaction, &[release(plan, true)]));
    transaction.commit(Vec::new()).unwrap();
    numbers(all)
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        4 => Just(Way::Commit),
        1 => Just(Way::Drop),
        1 => Just(Way::Restore),
        1 => Just(Way::Twice),
        1 => Just(Way::Reopen),
    ]
}

type Batches = Vec<(Way, Vec<(usize, Event)>)>;

fn cases() -> impl Strategy<Value = (SequencePlan, Batches)> {
    let item = prop_oneof![3 => Just(Item::Event), 1 => Just(Item::Missing)];
    let plan = (prop::collection::vec(item, 1..5), 0_u64..12)
        .prop_filter_map("no event", |(items, maxspan_ms)| SequencePlan::new(items, maxspan_ms).ok());
    let event = (0_u8..2, 1_i64..4, prop::collection::vec(any::<prop::sample::Index>(), 1..3), 0..12_u8);
    let batches = prop::collection::vec((way(), prop::collection::vec(event, 0..5)), 0..10);
    (plan, batches).prop_map(|(plan, batches)| {
        let (mut at_ms, mut number) = (0, 0);
        let batches = batches.into_iter().map(|(way, events)| {
            let event = |(key, step_ms, items, until): (u8, i64, Vec<prop::sample::Index>, u8)| {
                at_ms += step_ms;
                number += 1;
                let items = items.iter().map(|item| item.index(plan.items().len())).collect();
                (number - 1, Event { key, at_ms, items, is_until: until == 0 })
            };
            (way, events.into_iter().map(event).collect())
        });
        let batches = batches.collect();
        (plan, batches)
    })
}

/// What the model finds in all events, key by key.
fn expected(plan: &SequencePlan, batches: &Batches) -> Vec<Vec<Option<usize>>> {
    let mut by_key: BTreeMap<u8, (Vec<usize>, Vec<ModelEvent>)> = BTreeMap::new();
    for (number, event) in batches.iter().flat_map(|(_, events)| events) {
        let (numbers, events) = by_key.entry(event.key).or_default();
        let place = Place { at_ms: event.at_ms, tiebreaker: Tiebreaker::Missing, arrival: *number as u64 };
        numbers.push(*number);
        events.push(ModelEvent { place, items: event.items.clone(), is_until: event.is_until });
    }
    let of_key = |(numbers, events): &(Vec<usize>, Vec<ModelEvent>)| -> Vec<Vec<Option<usize>>> {
        let numbered =
            |found: Vec<Option<usize>>| found.into_iter().map(|place| place.map(|place| numbers[place])).collect();
        sequences(plan, events).into_iter().map(numbered).collect()
    };
    let mut all: Vec<_> = by_key.values().flat_map(of_key).collect();
    all.sort();
    all
}

pub(super) fn sequences_are_those_of_the_model(empty: Empty<'_>) {
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = prop::test_runner::TestRunner::new(config);
    let result = runner.run(&cases(), |(plan, batches)| {
        let found = judged(&Arc::new(Plan::Sequence(plan.clone())), &batches, &mut empty());
        prop_assert_eq!(found, expected(&plan, &batches));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

pub(super) fn what_is_held_back_is_released_by_arrival(empty: Empty<'_>) {
    let plan = sequence(&[Item::Event, Item::Missing], 1_000);
    for (clock, forged_ms) in [(Clock::Arrival, 0), (Clock::Arrival, 4_000_000_000_000), (Clock::Event, 5)] {
        on(empty, |store| {
            let settings = || Settings { clock, ..Settings::default() };
            let first = events(&[(1, forged_ms, 0), (2, forged_ms + 1, 0), (3, forged_ms + 2, 0)]);
            let mut transaction = store.begin(50_000, settings()).unwrap();
            let batch: Vec<_> =
                first.iter().enumerate().map(|(number, event)| question(&plan, number, event)).collect();
            assert_eq!(completed(&mut *transaction, &batch), []);
            transaction.commit(Vec::new()).unwrap();
            // What must not come, for one of them.
            let mut transaction = store.begin(50_500, settings()).unwrap();
            let unwanted = question(&plan, 3, &events(&[(2, forged_ms + 900, 1)])[0]);
            assert_eq!(completed(&mut *transaction, &[unwanted, release(&plan, false)]), []);
            transaction.commit(Vec::new()).unwrap();
            let mut transaction = store.begin(51_000, settings()).unwrap();
            let released = numbers(completed(&mut *transaction, &[release(&plan, false)]));
            match clock {
                Clock::Arrival => assert_eq!(released, [[Some(0), None], [Some(2), None]]),
                Clock::Event => assert_eq!(released, [] as [[Option<usize>; 2]; 0], "few events say so"),
            }
            assert_eq!(completed(&mut *transaction, &[release(&plan, false)]), [], "once");
            transaction.commit(Vec::new()).unwrap();
            let mut transaction = store.begin(51_001, settings()).unwrap();
            let others: Vec<_> = (100..200).map(|number| events(&[(number as u8, 2_000, 1)]).remove(0)).collect();
            let others: Vec<_> = (100..).zip(&others).map(|(number, event)| question(&plan, number, event)).collect();
            assert_eq!(completed(&mut *transaction, &others), []);
            let released = numbers(completed(&mut *transaction, &[release(&plan, false)]));
            let by_event = [[Some(0), None], [Some(2), None]];
            assert_eq!(released, if clock == Clock::Event { &by_event[..] } else { &[] });
        });
    }
}

pub(super) fn the_time_of_an_event_decides_within_its_key_alone(empty: Empty<'_>) {
    const IN_1970: i64 = 1;
    const IN_2099: i64 = 4_090_000_000_000;
    let plan = sequence(&[Item::Event, Item::Event, Item::Event], 10_000);
    for between in [IN_1970, IN_2099] {
        for clock in [Clock::Arrival, Clock::Event] {
            on(empty, |store| {
                let at = 1_790_000_000_000;
                let events = events(&[
                    (1, at, 0),
                    (2, between, 0),
                    (1, at + 1, 1),
                    (2, between + 1, 1),
                    (3, between, 2),
                    (1, at + 2, 2),
                    (2, between + 2, 2),
                ]);
                let mut found = Vec::new();
                for (number, event) in events.iter().enumerate() {
                    let settings = Settings { clock, ..Settings::default() };
                    let mut transaction = store.begin(at + number as i64, settings).unwrap();
                    found.extend(completed(&mut *transaction, &[question(&plan, number, event)]));
                    transaction.commit(Vec::new()).unwrap();
                }
                assert_eq!(numbers(found), [[Some(0), Some(2), Some(5)], [Some(1), Some(3), Some(6)]]);
            });
        }
    }
}

pub(super) fn too_much_is_forgotten_and_counted(empty: Empty<'_>) {
    let plan = sequence(&[Item::Event, Item::Event], 1_000_000);
    let stages_max = StagesMax { rule_bytes: 20_000, bytes: 1 << 20 };
    on(empty, |store| {
        let event = |key: usize, item| Event { key: 0, at_ms: 0, items: BTreeSet::from([item]), is_until: key > 9_999 };
        let of_key = |number: usize, key: usize, item: usize| {
            let Question::Advance(mut advance) = question(&plan, number, &event(key, item)) else { unreachable!() };
            advance.keys[0].key = format!("[{key}]");
            advance.at_ms = number as i64;
            Question::Advance(advance)
        };
        let mut dropped = 0;
        for batch in 0..20 {
            let settings = Settings { stages_max, ..Settings::default() };
            let mut transaction = store.begin(batch * 1_000, settings).unwrap();
            let first = batch as usize * 50;
            let batch: Vec<_> = (first..first + 50).map(|number| of_key(number, number, 0)).collect();
            assert_eq!(completed(&mut *transaction, &batch), []);
            let committed = transaction.commit(Vec::new()).unwrap();
            dropped +=
                committed.dropped.iter().map(|(rule, keys)| if rule == HISTORY { *keys } else { 0 }).sum::<u64>();
        }
        assert!((500..1_000).contains(&dropped), "{dropped}");
        let mut transaction = store.begin(20_000, Settings::default()).unwrap();
        let ends: Vec<_> = (0..1_000).map(|key| of_key(10_000 + key, key, 1)).collect();
        let found = numbers(completed(&mut *transaction, &ends));
        let left: Vec<_> = (dropped as usize..1_000).map(|key| [Some(key), Some(10_000 + key)]).collect();
        assert_eq!(found, left, "the oldest are gone");
    });
    // What has expired is forgotten without a word.
    on(empty, |store| {
        for hour in 0..20 {
            let mut transaction = store.begin(hour * 3_600_000, Settings::default()).unwrap();
            let event = |key: usize| question(&plan, key, &events(&[(key as u8, 0, 0)])[0]);
            completed(&mut *transaction, &[event(hour as usize)]);
            assert_eq!(transaction.commit(Vec::new()).unwrap().dropped, []);
        }
        let mut transaction = store.begin(19 * 3_600_000, Settings::default()).unwrap();
        let ends: Vec<_> = (0..20).map(|key| question(&plan, 100 + key, &events(&[(key as u8, 1, 1)])[0])).collect();
        assert_eq!(numbers(completed(&mut *transaction, &ends)).len(), 2);
    });
}

pub(super) fn a_full_outbox_holds_sequences_back(empty: Empty<'_>) {
    let plan = sequence(&[Item::Event, Item::Event], 1_000);
    on(empty, |store| {
        let full = || Settings { outbox_max: OutboxMax { alerts: 2, bytes: u64::MAX }, ..Settings::default() };
        let mut transaction = store.begin(0, full()).unwrap();
        let events = events(&[(1, 0, 0), (1, 1, 1)]);
        let batch: Vec<_> = events.iter().enumerate().map(|(number, event)| question(&plan, number, event)).collect();
        assert_eq!(completed(&mut *transaction, &batch), [], "it takes three alerts");
        let committed = transaction.commit(Vec::new()).unwrap();
        assert_eq!(committed.deferred_by_outbox, [(HISTORY.to_owned(), 1)]);
        let mut transaction = store.begin(5, Settings::default()).unwrap();
        let released = numbers(completed(&mut *transaction, &[release(&plan, false)]));
        assert_eq!(released, [[Some(0), Some(1)]]);
    });
}
