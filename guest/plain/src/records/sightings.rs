//! What records have shown so far: answers to the module's own questions, by `wit/state.wit`.

use firstseen_guest::state::{Answer, Question, Sighting, Verdict};
use firstseen_ledger::History;

use super::recent::Recent;

/// Most stretches of sightings that are remembered, of all terms together: nearly every term
/// has one. A term costs some 150 bytes, however long it is.
pub(super) const STRETCHES_MAX: usize = 100_000;

/// Most intervals of quotas that are remembered.
const INTERVALS_MAX: usize = 10_000;

/// What stands for a text: the first 128 bits of its BLAKE3 hash.
type Digest = [u8; 16];

/// A memory with a bound. What it forgets can only make an alert come again.
#[derive(Debug)]
pub(super) struct Sightings {
    /// How long what is unseen is only recorded, from the start on.
    learn_ms: u64,
    stretches_max: usize,
    /// The earliest arrival. The time of a record may come out of the record: one that lies in
    /// the future must not make learning last.
    start_ms: Option<i64>,
    histories: Recent<Digest, History>,
    /// Of all histories together.
    stretches: usize,
    /// How much of a quota is used: by the history, the length of the interval and its number.
    quotas: Recent<(Digest, u64, i128), u32>,
    has_forgotten: bool,
}

impl Sightings {
    pub(super) fn new(learn_ms: u64, stretches_max: usize) -> Self {
        Self {
            learn_ms,
            stretches_max,
            start_ms: None,
            histories: Recent::default(),
            stretches: 0,
            quotas: Recent::default(),
            has_forgotten: false,
        }
    }

    /// Whether it was full, and forgot what it had not met for the longest time.
    pub(super) fn has_forgotten(&self) -> bool {
        self.has_forgotten
    }

    /// The earliest arrival so far.
    pub(super) fn start_ms(&self) -> Option<i64> {
        self.start_ms
    }

    /// Forgets what was seen, but not since when.
    pub(super) fn forget(&mut self) {
        let Self { learn_ms, stretches_max, start_ms, .. } = *self;
        *self = Self { start_ms, ..Self::new(learn_ms, stretches_max) };
    }

    /// Takes notice of the arrival of a record, whatever it gives.
    pub(super) fn arrive(&mut self, now_ms: i64) {
        self.start_ms = Some(self.start_ms.map_or(now_ms, |start| start.min(now_ms)));
    }

    /// Judges what is asked of a record that arrived at `now_ms`, and records it.
    pub(super) fn answers(&mut self, questions: &[Question], now_ms: i64) -> Vec<Answer> {
        let answer = |question: &Question| match question {
            Question::Sighting(sighting) => Answer::Sighting(self.judge(sighting, now_ms)),
            // Not asked, since its configuration does not list it.
            Question::Advance(_) => Answer::Completed(Vec::new()),
        };
        questions.iter().map(answer).collect()
    }

    fn judge(&mut self, sighting: &Sighting, now_ms: i64) -> Verdict {
        let Sighting { history: rule, term, at_ms, window_ms, .. } = sighting;
        let key = digest(&[rule, term]);
        let history = self.histories.get(&key).cloned();
        let is_known = history.as_ref().is_some_and(|history| history.knows(*at_ms, *window_ms));
        let verdict = if is_known || self.is_learning(now_ms) {
            Verdict::Seen
        } else if self.use_quota(sighting) {
            Verdict::Unseen
        } else {
            return Verdict::Deferred;
        };
        let history = match history {
            Some(mut history) => {
                history.record(*at_ms, *window_ms, now_ms);
                history
            }
            None => History::new(*at_ms, *window_ms, now_ms),
        };
        self.remember(key, history);
        verdict
    }

    fn is_learning(&self, now_ms: i64) -> bool {
        let elapsed_ms = now_ms.saturating_sub(self.start_ms.unwrap_or(now_ms)).max(0);
        elapsed_ms.unsigned_abs() < self.learn_ms
    }

    /// Uses one unit of the quota; `false` if it is used up.
    fn use_quota(&mut self, Sighting { history, quota, at_ms, .. }: &Sighting) -> bool {
        let interval = i128::from(*at_ms).div_euclid(quota.per_ms.max(1).into());
        let key = (digest(&[history]), quota.per_ms, interval);
        let used = self.quotas.get(&key).copied().unwrap_or_default();
        if used >= quota.max {
            return false;
        }
        self.quotas.put(key, used + 1);
        if self.quotas.len() > INTERVALS_MAX {
            self.quotas.forget_oldest();
        }
        true
    }

    fn remember(&mut self, key: Digest, history: History) {
        let stretches = |history: &History| history.spans().count();
        self.stretches += stretches(&history);
        let before = self.histories.put(key, history);
        self.stretches -= before.as_ref().map_or(0, stretches);
        while self.stretches > self.stretches_max {
            let Some(oldest) = self.histories.forget_oldest() else { break };
            self.stretches -= stretches(&oldest);
            self.has_forgotten = true;
        }
    }
}

/// Texts that differ, or are cut up otherwise, differ.
fn digest(texts: &[&String]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    let mut digest = Digest::default();
    hasher.finalize_xof().fill(&mut digest);
    digest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use firstseen_guest::state::Quota;
    use proptest::prelude::*;

    use super::*;

    fn sighting(history: &str, term: &str, at_ms: i64, window_ms: u64, max: u32) -> Sighting {
        let quota = Quota { max, per_ms: 50 };
        let (history, term) = (history.to_owned(), term.to_owned());
        Sighting { history, term, at_ms, window_ms, event: String::new(), quota }
    }

    /// The page `state.wit`, word for word: all sightings, and all uses of quotas.
    #[derive(Default)]
    struct Naive {
        learn_ms: i64,
        start_ms: Option<i64>,
        sighted: BTreeMap<(String, String), Vec<i64>>,
        used: BTreeMap<(String, i64), u32>,
    }

    impl Naive {
        fn judge(&mut self, sighting: &Sighting, now_ms: i64) -> Verdict {
            let start = self.start_ms.map_or(now_ms, |start| start.min(now_ms));
            self.start_ms = Some(start);
            let Sighting { history, term, at_ms, window_ms, quota, .. } = sighting;
            let times = self.sighted.entry((history.clone(), term.clone())).or_default();
            let verdict =
                if times.iter().any(|time| time.abs_diff(*at_ms) <= *window_ms) || now_ms - start < self.learn_ms {
                    Verdict::Seen
                } else {
                    let used = self.used.entry((history.clone(), at_ms.div_euclid(quota.per_ms as i64))).or_default();
                    if *used >= quota.max {
                        return Verdict::Deferred;
                    }
                    *used += 1;
                    Verdict::Unseen
                };
            times.push(*at_ms);
            verdict
        }
    }

    fn judged(sightings: &mut Sightings, sighting: Sighting, now_ms: i64) -> Verdict {
        sightings.arrive(now_ms);
        let [Answer::Sighting(verdict)] = sightings.answers(&[Question::Sighting(sighting)], now_ms)[..] else {
            panic!("one answer a question")
        };
        verdict
    }

    /// Rule, term, time, arrival; so few times that no history has more than 16 stretches.
    fn events() -> impl Strategy<Value = Vec<(u8, u8, i64, i64)>> {
        prop::collection::vec((0..2_u8, 0..4_u8, -60..60_i64, 0..100_i64), 1..120)
    }

    proptest! {
        #[test]
        fn judges_as_the_contract_says(events in events(), window in 8_u64..40, max in 1_u32..4, learn in 0_i64..60) {
            let mut sightings = Sightings::new(learn as u64, STRETCHES_MAX);
            let mut naive = Naive { learn_ms: learn, ..Naive::default() };
            for (rule, term, at, now) in events {
                let asked = sighting(&rule.to_string(), &term.to_string(), at, window, max);
                let expected = naive.judge(&asked, now);
                prop_assert_eq!(judged(&mut sightings, asked, now), expected);
            }
        }

        /// Less memory never makes a term known that is not.
        #[test]
        fn what_is_forgotten_alerts_again(events in events(), window in 8_u64..40, room in 1_usize..6) {
            let mut sightings = Sightings::new(0, room);
            let mut naive = Naive::default();
            for (rule, term, at, now) in events {
                let asked = sighting(&rule.to_string(), &term.to_string(), at, window, u32::MAX);
                let expected = naive.judge(&asked, now);
                let verdict = judged(&mut sightings, asked, now);
                prop_assert!(verdict == expected || verdict == Verdict::Unseen);
                prop_assert!(sightings.stretches <= room);
                let counted: usize = sightings.histories.values().map(|history| history.spans().count()).sum();
                prop_assert_eq!(counted, sightings.stretches);
            }
        }

        #[test]
        fn total_at_the_extremes(
            events in prop::collection::vec((any::<i64>(), any::<i64>(), any::<u64>(), any::<u64>()), 1..40),
            learn in any::<u64>(),
        ) {
            let mut sightings = Sightings::new(learn, 3);
            for (at, now, window, per_ms) in events {
                let mut asked = sighting("r", "t", at, window, 1);
                asked.quota.per_ms = per_ms;
                judged(&mut sightings, asked, now);
            }
        }
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let mut sightings = Sightings::new(0, 1_000);
        for number in 0..10_000_i64 {
            let term = number.to_string();
            assert_eq!(judged(&mut sightings, sighting("r", &term, number * 50, 10, 1), 0), Verdict::Unseen);
            // Met all the time, it is not forgotten.
            let verdict = judged(&mut sightings, sighting("o", "often", number, u64::MAX, 1), 0);
            assert_eq!(verdict == Verdict::Seen, number > 0);
        }
        assert_eq!((sightings.stretches, sightings.histories.len()), (1_000, 1_000));
        assert!(sightings.has_forgotten() && sightings.quotas.len() <= INTERVALS_MAX);
    }

    #[test]
    fn a_time_in_the_future_makes_learning_no_longer() {
        let mut sightings = Sightings::new(100, STRETCHES_MAX);
        let verdict = |sightings: &mut Sightings, term: &str, now_ms| {
            judged(sightings, sighting("r", term, now_ms, 10, 9), now_ms)
        };
        assert_eq!(verdict(&mut sightings, "a", i64::MAX), Verdict::Seen);
        assert_eq!(verdict(&mut sightings, "b", 1_000), Verdict::Seen);
        assert_eq!(verdict(&mut sightings, "c", 1_099), Verdict::Seen);
        assert_eq!(verdict(&mut sightings, "d", 1_100), Verdict::Unseen);
    }

    #[test]
    fn rules_and_terms_do_not_run_into_each_other() {
        let texts = |rule: &str, term: &str| digest(&[&rule.to_owned(), &term.to_owned()]);
        assert_ne!(texts("ab", "c"), texts("a", "bc"));
        assert_ne!(texts("ab", ""), digest(&[&"ab".to_owned()]));
    }
}
