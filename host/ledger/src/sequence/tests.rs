use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::model::{ModelEvent, sequences};
use super::*;

/// Time, items, whether it ends what is unfinished.
type Event = (i64, BTreeSet<usize>, bool);

fn model_events(events: &[Event]) -> Vec<ModelEvent> {
    let event = |(arrival, (at_ms, items, is_until)): (u64, &Event)| ModelEvent {
        place: Place { at_ms: *at_ms, tiebreaker: Tiebreaker::Missing, arrival },
        items: items.clone(),
        is_until: *is_until,
    };
    (0..).zip(events).map(event).collect()
}

/// Calls a function with an event for which a number stands.
fn with_meeting<T>(number: usize, (at_ms, items, is_until): &Event, with: impl FnOnce(&Meeting<'_>) -> T) -> T {
    let items: Vec<u16> = items.iter().map(|&item| item as u16).collect();
    with(&Meeting {
        at_ms: *at_ms,
        tiebreaker: &Tiebreaker::Missing,
        event: EventDigest(number as u128),
        kept: &Arc::default(),
        items: &items,
        is_until: *is_until,
    })
}

/// The numbers of the events, in order.
fn numbers(completed: Vec<Completed>) -> Vec<Vec<Option<usize>>> {
    let number = |taken: Arc<Taken>| taken.event.0 as usize;
    let of_one = |events: Completed| events.into_iter().map(|taken| taken.map(number)).collect();
    let mut numbers: Vec<_> = completed.into_iter().map(of_one).collect();
    numbers.sort();
    numbers
}

/// The same after it was written and read.
fn read_again(progress: Progress) -> Progress {
    let stages = Stages::Sequence(progress);
    let read = Stages::from_bytes(&stages.to_bytes());
    assert_eq!(read.as_ref(), Some(&stages));
    match read {
        Some(Stages::Sequence(read)) => read,
        other => panic!("{other:?}"),
    }
}

/// What the judgement finds in events, the numbers of which stand for them, if each
/// comes `times` times.
fn found(plan: &SequencePlan, events: &[Event], times: usize) -> Vec<Vec<Option<usize>>> {
    let mut progress = Progress::default();
    let mut found = Vec::new();
    for (number, event) in events.iter().enumerate() {
        with_meeting(number, event, |meeting| {
            for _ in 0..times {
                found.extend(progress.advance(plan, meeting, 0));
            }
        });
        progress = read_again(progress);
    }
    found.extend(progress.release(plan, |_| true));
    numbers(found)
}

fn plans() -> impl Strategy<Value = SequencePlan> {
    let item = prop_oneof![3 => Just(Item::Event), 1 => Just(Item::Missing)];
    (prop::collection::vec(item, 1..6), 0_u64..12)
        .prop_filter_map("no event", |(items, maxspan_ms)| SequencePlan::new(items, maxspan_ms).ok())
}

fn cases() -> impl Strategy<Value = (SequencePlan, Vec<Event>)> {
    let steps =
        prop::collection::vec((0_i64..4, prop::collection::vec(any::<prop::sample::Index>(), 0..3), 0..12_u8), 0..40);
    (plans(), steps).prop_map(|(plan, steps)| {
        let mut at_ms = 0;
        let event = |(step_ms, items, until): (i64, Vec<prop::sample::Index>, u8)| {
            at_ms += step_ms;
            (at_ms, items.iter().map(|item| item.index(plan.items().len())).collect(), until == 0)
        };
        let events = steps.into_iter().map(event).collect();
        (plan, events)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn judges_as_the_model_does((plan, events) in cases()) {
        let mut expected = sequences(&plan, &model_events(&events));
        expected.sort();
        prop_assert_eq!(found(&plan, &events, 1), expected);
    }

    #[test]
    fn what_comes_again_counts_once((plan, events) in cases()) {
        prop_assert_eq!(found(&plan, &events, 2), found(&plan, &events, 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn what_comes_in_time_takes_its_place(
        (plan, events) in cases(), late_ms in 1_u64..8, jitter in prop::collection::vec(0_i64..8, 40),
    ) {
        // Times are apart, so that arrival decides nothing.
        let events: Vec<Event> = (0..).zip(events).map(|(number, (at_ms, items, until))| (at_ms + number, items, until)).collect();
        let mut expected = sequences(&plan, &model_events(&events));
        expected.sort();
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|&number| events[number].0 + jitter[number] % (late_ms as i64 + 1));
        let mut progress = Progress::default();
        let mut found = Vec::new();
        for number in order {
            let arrive = |progress: &mut Progress| {
                with_meeting(number, &events[number], |meeting| progress.arrive(&plan, meeting, late_ms, 0, |_| false))
            };
            let (completed, arrival) = arrive(&mut progress);
            prop_assert_eq!(arrival, Arrival::InTime);
            found.extend(completed);
            progress = read_again(progress);
            prop_assert_eq!(arrive(&mut progress).0, Vec::<Completed>::new());
        }
        found.extend(progress.judge_waiting(&plan, 0, |_| true));
        found.extend(progress.release(&plan, |_| true));
        prop_assert_eq!(numbers(found), expected);
    }
}

#[test]
fn what_waits_can_still_be_what_must_not_come() {
    let plan = SequencePlan::new(vec![Item::Event, Item::Missing], 1_000).unwrap();
    let mut progress = Progress::default();
    let mut arrive = |number: usize, at_ms: i64, item: usize, arrival_ms: i64| {
        with_meeting(number, &(at_ms, BTreeSet::from([item]), false), |meeting| {
            progress.arrive(&plan, meeting, 60_000, arrival_ms, |deadline| deadline.due_ms <= arrival_ms).0
        })
    };
    for (number, at_ms, item, arrival_ms) in [(0, 0, 0, 0), (1, 500, 1, 400), (2, 60_000, 0, 59_999)] {
        assert_eq!(arrive(number, at_ms, item, arrival_ms), [] as [Completed; 0]);
    }
    // The first is judged and its time is over, but the second has come.
    let is_over = |deadline: Deadline| deadline.due_ms <= 61_200;
    assert_eq!(progress.release(&plan, is_over), [] as [Completed; 0]);
    progress.judge_waiting(&plan, 200_000, |_| true);
    assert_eq!(numbers(progress.release(&plan, |_| true)), [[Some(2), None]]);
}

/// Whether each of the items from `item` on can have an event of its own.
fn can_be_given(item: usize, item_count: usize, events: &[&Event], given: &mut Vec<usize>) -> bool {
    if item == item_count {
        return true;
    }
    (0..events.len()).any(|number| {
        if given.contains(&number) || !events[number].1.contains(&item) {
            return false;
        }
        given.push(number);
        let all = can_be_given(item + 1, item_count, events, given);
        given.pop();
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn a_sample_is_found_whenever_there_is_one(
        item_count in 1_usize..4, window_ms in 0_u64..10,
        steps in prop::collection::vec((0_i64..4, prop::collection::vec(0_usize..4, 0..3)), 0..14),
    ) {
        let mut at_ms = 0;
        let event = |(step_ms, items): (i64, Vec<usize>)| {
            at_ms += step_ms;
            (at_ms, items.into_iter().filter(|item| *item < item_count).collect(), false)
        };
        let events: Vec<Event> = steps.into_iter().map(event).collect();
        let mut sampled = Sampled::default();
        // Those before it are in an earlier sample, or were there for it.
        let mut first_left = 0;
        for (number, event) in events.iter().enumerate() {
            let at_ms = event.0;
            let found = with_meeting(number, event, |meeting| {
                let found = sampled.advance(item_count, window_ms, meeting);
                assert_eq!(sampled.advance(item_count, window_ms, meeting), None, "it comes again");
                found
            });
            let is_near = |other: &usize| at_ms - events[*other].0 <= window_ms as i64;
            let left: Vec<&Event> = (first_left..=number).filter(is_near).map(|other| &events[other]).collect();
            let is_there = can_be_given(0, item_count, &left, &mut Vec::new());
            prop_assert_eq!(found.is_some(), is_there, "at {}", number);
            if let Some(found) = found {
                let taken: Vec<usize> = found.into_iter().map(|taken| taken.unwrap().event.0 as usize).collect();
                for (item, &taken) in taken.iter().enumerate() {
                    prop_assert!(taken >= first_left && is_near(&taken) && events[taken].1.contains(&item));
                }
                prop_assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), item_count, "one is there twice");
                first_left = number + 1;
            }
            let stages = Stages::Sample(sampled);
            prop_assert_eq!(Stages::from_bytes(&stages.to_bytes()), Some(stages.clone()));
            let Stages::Sample(read) = stages else { unreachable!() };
            sampled = read;
        }
    }
}
