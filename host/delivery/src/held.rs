//! Alerts that were seen in the outbox and have not left.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::fill::EventFate;

/// The alerts that wait, by number. What they say stays in the outbox.
///
/// The alerts of a rule leave in their order, so one that must wait holds those behind
/// it.
#[derive(Debug, Default)]
pub(crate) struct Held {
    alerts: BTreeMap<u64, Waiting>,
    by_rule: HashMap<Option<String>, BTreeSet<u64>>,
    /// What became of events, of alerts that wait or were not seen yet.
    fates: HashMap<u64, Vec<EventFate>>,
    /// The highest number that was seen.
    last_seen: Option<u64>,
    /// What can leave, if its rule lets it.
    may_leave: BTreeSet<u64>,
    /// Those that are held for their time, the oldest first.
    until: BTreeSet<(Instant, u64)>,
}

#[derive(Debug)]
struct Waiting {
    rule: Option<String>,
    since: Instant,
    /// It was given to the sink already.
    was_tried: bool,
}

impl Held {
    /// The number behind which nothing was seen yet.
    pub(crate) fn last_seen(&self) -> Option<u64> {
        self.last_seen
    }

    /// Since when the one has waited that came first.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.alerts.first_key_value().map(|(_, waiting)| waiting.since)
    }

    /// Notes an alert of the outbox. It leaves at once, or once its events' fate is
    /// known, at the latest after so long.
    pub(crate) fn see(&mut self, number: u64, rule: Option<String>, hold: Option<Duration>, now: Instant) {
        self.last_seen = self.last_seen.max(Some(number));
        self.by_rule.entry(rule.clone()).or_default().insert(number);
        match hold.filter(|_| !self.fates.contains_key(&number)) {
            Some(hold) => drop(self.until.insert((now + hold, number))),
            None => drop(self.may_leave.insert(number)),
        }
        self.alerts.insert(number, Waiting { rule, since: now, was_tried: false });
    }

    /// Notes what became of an alert's events.
    pub(crate) fn settle(&mut self, number: u64, fates: Vec<EventFate>) {
        let is_seen = self.last_seen.is_some_and(|last| number <= last);
        if is_seen && !self.alerts.contains_key(&number) {
            // It has left.
            return;
        }
        self.fates.insert(number, fates);
        if is_seen {
            self.may_leave.insert(number);
        }
    }

    /// The alerts that leave now, in order, so many at most. `at_end`: nothing is
    /// waited for any more.
    pub(crate) fn leaving(&mut self, max: usize, at_end: bool, now: Instant) -> Vec<u64> {
        while let Some((until, number)) = self.until.first().copied()
            && (at_end || until <= now)
        {
            self.until.pop_first();
            if self.alerts.contains_key(&number) {
                self.may_leave.insert(number);
            }
        }
        // The first of each rule, and those behind it as long as they may.
        let mut blocked: BTreeSet<&Option<String>> = BTreeSet::new();
        let mut leaving = Vec::new();
        let mut next: HashMap<&Option<String>, u64> = HashMap::new();
        for &number in &self.may_leave {
            if leaving.len() >= max {
                break;
            }
            let Some(waiting) = self.alerts.get(&number) else { continue };
            if blocked.contains(&waiting.rule) {
                continue;
            }
            let of_rule = self.by_rule.get(&waiting.rule);
            let due = match next.get(&waiting.rule) {
                Some(after) => of_rule.and_then(|numbers| numbers.range(after + 1..).next()),
                None => of_rule.and_then(BTreeSet::first),
            };
            if due == Some(&number) {
                next.insert(&waiting.rule, number);
                leaving.push(number);
            } else {
                blocked.insert(&waiting.rule);
            }
        }
        leaving
    }

    /// What is known of an alert's events.
    pub(crate) fn fates(&self, number: u64) -> &[EventFate] {
        self.fates.get(&number).map_or(&[], Vec::as_slice)
    }

    /// Whether it was given to the sink already.
    pub(crate) fn was_tried(&self, number: u64) -> bool {
        self.alerts.get(&number).is_some_and(|waiting| waiting.was_tried)
    }

    /// Notes that the sink may have alerts, though nobody said so.
    pub(crate) fn tried(&mut self, numbers: impl Iterator<Item = u64>) {
        for number in numbers {
            if let Some(waiting) = self.alerts.get_mut(&number) {
                waiting.was_tried = true;
            }
        }
    }

    /// Forgets an alert that has left.
    pub(crate) fn left(&mut self, number: u64) {
        self.fates.remove(&number);
        self.may_leave.remove(&number);
        let Some(Waiting { rule, .. }) = self.alerts.remove(&number) else { return };
        if let Some(of_rule) = self.by_rule.get_mut(&rule) {
            of_rule.remove(&number);
            if of_rule.is_empty() {
                self.by_rule.remove(&rule);
            }
        }
    }

    /// When the first of those that are held for their time is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.until.first().map(|(until, _)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: Option<Duration> = Some(Duration::from_secs(30));

    fn rule(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    #[test]
    fn an_alert_leaves_when_its_events_fate_is_known_or_its_time_is_up() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.settle(2, vec![EventFate::Unknown]);
        for number in 1..=3 {
            held.see(number, rule(&number.to_string()), HOLD, now);
        }
        assert_eq!(held.leaving(9, false, now), [2]);
        held.settle(1, Vec::new());
        assert_eq!(held.leaving(9, false, now), [1, 2]);
        held.left(2);
        assert_eq!(held.leaving(9, false, now + HOLD.unwrap()), [1, 3]);
    }

    #[test]
    fn the_alerts_of_a_rule_leave_in_order() {
        let (mut held, now) = (Held::default(), Instant::now());
        for (number, name) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
            held.see(number, rule(name), HOLD, now);
        }
        held.settle(2, Vec::new());
        held.settle(3, Vec::new());
        held.settle(4, Vec::new());
        assert_eq!(held.leaving(9, false, now), [3]);
        held.settle(1, Vec::new());
        assert_eq!(held.leaving(9, false, now), [1, 2, 3, 4]);
        assert_eq!(held.leaving(2, false, now), [1, 2]);
    }

    #[test]
    fn nothing_is_waited_for_at_the_end() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.see(1, None, HOLD, now);
        assert!(held.leaving(9, false, now).is_empty());
        assert_eq!(held.leaving(9, true, now), [1]);
    }

    #[test]
    fn what_has_left_leaves_no_trace() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.see(1, None, None, now);
        held.left(1);
        held.settle(1, Vec::new());
        assert!(held.alerts.is_empty() && held.fates.is_empty() && held.may_leave.is_empty());
        assert!(held.by_rule.is_empty() && held.until.is_empty());
    }
}
