//! Sequences by the book: all events are kept, and all unfinished sequences. What
//! [`Progress`](super::Progress) answers is compared with it.

use std::collections::BTreeSet;

use super::{Item, Place, SequencePlan};

/// An event of one key.
#[derive(Debug, Clone)]
pub struct ModelEvent {
    /// Where it stands.
    pub place: Place,
    /// The items that it meets.
    pub items: BTreeSet<usize>,
    /// Whether it ends what is unfinished.
    pub is_until: bool,
}

/// An unfinished sequence: the places of its events in the list of all.
type Partial = Vec<usize>;

/// The complete sequences of events that come in this order: for each item the place
/// of its event in the list, none for a missing one.
#[must_use]
pub fn sequences(plan: &SequencePlan, events: &[ModelEvent]) -> Vec<Vec<Option<usize>>> {
    let stages: Vec<usize> = plan.stages().collect();
    let place = |number: usize| events.get(number).map(|event| &event.place);
    let mut partials: Vec<Vec<Partial>> = vec![Vec::new(); stages.len()];
    for (number, event) in events.iter().enumerate() {
        for (stage, item) in stages.iter().enumerate().rev().filter(|(_, item)| event.items.contains(item)) {
            let _ = item;
            let begun = match stage.checked_sub(1).and_then(|before| partials.get_mut(before)) {
                None => Some(Vec::new()),
                Some(before) => {
                    take_latest(before, |partial| partial.last().and_then(|&last| place(last)) < Some(&event.place))
                }
            };
            let Some(mut partial) = begun else { continue };
            let spans = |first: usize| {
                place(first).is_some_and(|first| event.place.at_ms.abs_diff(first.at_ms) > plan.maxspan_ms())
            };
            if partial.first().is_some_and(|&first| spans(first)) {
                continue;
            }
            let earlier = events.get(..number).unwrap_or_default();
            let until = earlier
                .iter()
                .filter(|other| other.is_until && other.place < event.place)
                .map(|other| &other.place)
                .max();
            if until.is_some_and(|until| partial.last().is_some_and(|&last| place(last) <= Some(until))) {
                continue;
            }
            partial.push(number);
            if let Some(there) = partials.get_mut(stage) {
                there.push(partial);
            }
        }
    }
    let complete = partials.pop().unwrap_or_default();
    complete
        .into_iter()
        .filter(|partial| is_undisturbed(plan, events, partial))
        .map(|partial| by_item(plan, &partial))
        .collect()
}

/// Removes the latest of those that may go on, and all older ones.
fn take_latest(partials: &mut Vec<Partial>, may: impl Fn(&Partial) -> bool) -> Option<Partial> {
    let latest = partials.iter().rposition(may)?;
    partials.drain(..=latest).next_back()
}

fn by_item(plan: &SequencePlan, partial: &[usize]) -> Vec<Option<usize>> {
    let mut events = partial.iter();
    plan.items()
        .iter()
        .map(|item| match item {
            Item::Event => events.next().copied(),
            Item::Missing => None,
        })
        .collect()
}

/// Whether nothing is where a missing item says that there must be nothing.
fn is_undisturbed(plan: &SequencePlan, events: &[ModelEvent], partial: &[usize]) -> bool {
    let time = |number: Option<&usize>| {
        number.and_then(|&number| events.get(number)).map(|event| event.place.at_ms).unwrap_or_default()
    };
    let (first_ms, last_ms) = (time(partial.first()), time(partial.last()));
    let times_of =
        |item: usize| events.iter().filter(move |event| event.items.contains(&item)).map(|event| event.place.at_ms);
    let leads = plan.leading().flat_map(times_of).filter(|&at_ms| at_ms < first_ms).max();
    let trails = plan.trailing().flat_map(times_of).filter(|&at_ms| at_ms > last_ms).min();
    let is_near = |from: i64, to: i64| from.abs_diff(to) <= plan.maxspan_ms();
    let is_disturbed_outside = match (plan.leading().is_empty(), plan.trailing().is_empty()) {
        (true, true) => false,
        (false, true) => leads.is_some_and(|leads| is_near(leads, last_ms)),
        (true, false) => trails.is_some_and(|trails| is_near(first_ms, trails)),
        (false, false) => matches!((leads, trails), (Some(leads), Some(trails)) if is_near(leads, trails)),
    };
    let mut stages = plan.stages().zip(partial).skip(1).zip(partial);
    !is_disturbed_outside
        && stages.all(|((item, after), before)| {
            let between = time(Some(before)).saturating_add(1)..time(Some(after));
            !plan.missing_before(item).flat_map(times_of).any(|at_ms| between.contains(&at_ms))
        })
}
