//! How long new rules only learn.

use std::time::Duration;

use crate::configuration::Clock;
use crate::ledger::Learning;
use crate::reports::{RuleKind, RuleSummary};

/// What a rule learns for whose history window depends on the day: the longest month.
const LONGEST_MONTH_MS: u64 = 31 * 24 * 60 * 60 * 1000;

/// How long a rule that is new to the ledger only learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learn {
    /// All of them for so long.
    For(Duration),
    /// Each for its own history window: then it knows what Kibana would find there. A
    /// rule without history, such as a query, alerts from the start.
    HistoryWindow,
}

impl Learn {
    /// How long this rule learns, in milliseconds.
    #[must_use]
    pub fn length_ms(self, rule: &RuleSummary) -> u64 {
        match (self, &rule.kind) {
            (Self::For(time), _) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            (Self::HistoryWindow, RuleKind::NewTerms { .. }) => rule.window_ms.unwrap_or(LONGEST_MONTH_MS),
            (Self::HistoryWindow, _) => 0,
        }
    }

    pub(crate) fn learning(self, clock: Clock, rules: &[RuleSummary]) -> Learning {
        let all_ms = match self {
            Self::For(time) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            Self::HistoryWindow => 0,
        };
        let learning = match clock {
            Clock::Arrival => Learning::by_arrival(all_ms),
            Clock::Event => Learning::by_event(all_ms),
        };
        match self {
            Self::For(_) => learning,
            Self::HistoryWindow => {
                learning.with_lengths(rules.iter().map(|rule| (rule.history.clone(), self.length_ms(rule))))
            }
        }
    }
}

impl From<Duration> for Learn {
    fn from(time: Duration) -> Self {
        Self::For(time)
    }
}
