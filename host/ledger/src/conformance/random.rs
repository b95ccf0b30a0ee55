//! Random batches, against the ledger in memory and a model that forgets nothing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::MemoryLedger;
use super::*;

#[derive(Debug, Clone)]
enum Step {
    Observe(Vec<(u8, i64)>),
    /// Observes, then goes back to before it.
    Trap(Vec<(u8, i64)>),
    Commit(u8),
    Drop,
    Acknowledge,
    Reopen,
    Wait(i64),
}

fn events() -> impl Strategy<Value = Vec<(u8, i64)>> {
    prop::collection::vec((0_u8..5, -60_i64..60), 0..6)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => events().prop_map(Step::Observe),
        2 => events().prop_map(Step::Trap),
        4 => (0_u8..3).prop_map(Step::Commit),
        1 => Just(Step::Drop),
        1 => Just(Step::Acknowledge),
        1 => Just(Step::Reopen),
        1 => (0_i64..50_000_000).prop_map(Step::Wait),
    ]
}

/// [`Learning`], open for the model to look into.
#[derive(Debug, Clone, Copy)]
enum Learn {
    ByArrival(i64),
    ByEvent(i64),
}

impl From<Learn> for Learning {
    fn from(learn: Learn) -> Self {
        match learn {
            Learn::ByArrival(for_ms) => Self::by_arrival(for_ms as u64),
            Learn::ByEvent(for_ms) => Self::by_event(for_ms as u64),
        }
    }
}

fn learn() -> impl Strategy<Value = Learn> {
    prop_oneof![(0_i64..40).prop_map(Learn::ByArrival), (0_i64..40).prop_map(Learn::ByEvent)]
}

/// Keeps every sighting and never forgets: how the state is meant to judge.
#[derive(Clone, Default)]
struct Model {
    sightings: BTreeMap<String, Vec<i64>>,
    used: BTreeMap<i64, u32>,
    since: Option<(i64, i64)>,
}

impl Model {
    fn observe(&mut self, sighting: &Sighting, now_ms: i64, learn: Learn) -> Verdict {
        let at = sighting.at_ms;
        let (arrival, first) = *self.since.get_or_insert((now_ms, at));
        let sightings = self.sightings.entry(sighting.term.clone()).or_default();
        let known = sightings.iter().any(|other| at.abs_diff(*other) <= sighting.window_ms);
        let learning = match learn {
            Learn::ByArrival(for_ms) => now_ms < arrival + for_ms,
            Learn::ByEvent(for_ms) => for_ms > 0 && at < first + for_ms,
        };
        if !known && !learning {
            let interval = at.div_euclid(sighting.quota.per_ms as i64);
            let used = self.used.entry(interval).or_default();
            if *used >= sighting.quota.max {
                return Verdict::Deferred;
            }
            *used += 1;
        }
        sightings.push(at);
        if known || learning { Verdict::Seen } else { Verdict::Unseen }
    }
}

fn batch(events: &[(u8, i64)], quota: Quota) -> Vec<Sighting> {
    events.iter().map(|(term, at_ms)| sighting(&term.to_string(), *at_ms, quota)).collect()
}

/// Takes the steps on one ledger, and answers with all that can be seen of it.
fn trace(steps: &[Step], quota: Quota, learn: Learn, mut open: impl FnMut() -> Arc<dyn Ledger>) -> Vec<String> {
    let mut now_ms = 0;
    let mut store = open();
    let mut trace = Vec::new();
    let mut steps = steps.iter().peekable();
    while steps.peek().is_some() {
        let mut transaction = store.begin(now_ms, settings(learn.into(), OutboxMax::NONE)).unwrap();
        let end = loop {
            match steps.next() {
                Some(Step::Observe(events)) => {
                    trace.push(format!("{:?}", answer(&mut *transaction, &batch(events, quota)).unwrap()));
                }
                Some(Step::Trap(events)) => {
                    let savepoint = transaction.savepoint();
                    trace.push(format!("{:?}", answer(&mut *transaction, &batch(events, quota)).unwrap()));
                    transaction.restore(savepoint);
                }
                end => break end,
            }
        };
        if let Some(Step::Commit(alerts)) = end {
            let alerts = (0..*alerts).map(|id| alert(&id.to_string())).collect();
            trace.push(format!("{:?}", transaction.commit(alerts).unwrap()));
        } else {
            drop(transaction);
        }
        match end {
            Some(Step::Acknowledge) => {
                if let Some((number, _)) = store.outbox(None, 1).unwrap().first() {
                    store.acknowledge(&[*number]).unwrap();
                }
            }
            Some(Step::Reopen) => {
                drop(store);
                store = open();
            }
            Some(Step::Wait(ms)) => now_ms += ms,
            _ => {}
        }
        trace.push(format!("{:?}", store.outbox(None, usize::MAX).unwrap()));
    }
    trace
}

fn quota() -> impl Strategy<Value = Quota> {
    (1_u32..4, 20_u64..200).prop_map(|(max, per_ms)| Quota { max, per_ms })
}

/// Fewer than usual: most cases go to a disk.
fn config() -> ProptestConfig {
    ProptestConfig::with_cases(64)
}

pub(super) fn all_stores_give_the_same(empty: Empty<'_>) {
    let steps = prop::collection::vec(step(), 1..30);
    proptest!(config(), |(steps in steps, quota in quota(), learn in learn())| {
        let memory: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
        let expected = trace(&steps, quota, learn, || Arc::clone(&memory));
        prop_assert_eq!(trace(&steps, quota, learn, empty()), expected);
    });
}

pub(super) fn a_ledger_judges_like_the_model(empty: Empty<'_>) {
    let batches = prop::collection::vec((events(), 0_i64..20, any::<bool>()), 1..12);
    proptest!(config(), |(batches in batches, quota in quota(), learn in learn())| {
        let mut open = empty();
        let store = open();
        let mut model = Model::default();
        let mut now_ms = 30;
        for (events, wait_ms, keep) in batches {
            now_ms += wait_ms;
            let mut transaction = store.begin(now_ms, settings(learn.into(), OutboxMax::NONE)).unwrap();
            let mut next = model.clone();
            for sighting in batch(&events, quota) {
                let expected = next.observe(&sighting, now_ms, learn);
                prop_assert_eq!(answer(&mut *transaction, &[sighting]).unwrap(), [expected]);
            }
            if keep {
                transaction.commit(Vec::new()).unwrap();
                model = next;
            }
        }
    });
}

pub(super) fn the_same_input_again_alerts_no_more(empty: Empty<'_>) {
    let input = prop::collection::vec((0_u8..5, -60_i64..60), 1..60);
    proptest!(config(), |(input in input, quota in quota(), learn in learn(), cut in 1_usize..9)| {
        let mut open = empty();
        let store = open();
        let mut deferred = BTreeSet::new();
        let mut now_ms = 0;
        for (run, size) in [(0, 5), (1, cut), (2, cut)] {
            for events in input.chunks(size) {
                now_ms += 7;
                let mut transaction = store.begin(now_ms, settings(learn.into(), OutboxMax::NONE)).unwrap();
                let got = answer(&mut *transaction, &batch(events, quota)).unwrap();
                transaction.commit(Vec::new()).unwrap();
                for ((term, _), verdict) in events.iter().zip(got) {
                    if verdict == Verdict::Deferred {
                        deferred.insert(*term);
                    }
                    prop_assert!(
                        run == 0 || verdict != Verdict::Unseen || deferred.contains(term),
                        "{} in run {}", term, run
                    );
                }
            }
        }
    });
}
