//! sigma-rust, a Sigma engine: JSON by `serde_json`, then its own event, then
//! rule by rule. It does not look into arrays, so its verdicts differ.

use anyhow::Result;
use firstseen_bench_common::rules::Rule;
use serde_json::Value;
use sigma_rust::{Event, Rule as SigmaRule, rule_from_yaml};

use super::{Contender, Ran};
use crate::events::Portion;
use crate::sigma;

pub(crate) struct SigmaRust {
    rules: Vec<SigmaRule>,
}

impl SigmaRust {
    /// The rules that Sigma and the engine can express, and how many those are.
    pub(crate) fn new(rules: &[Rule]) -> (Self, usize) {
        let rules: Vec<SigmaRule> = rules
            .iter()
            .filter_map(|rule| sigma::rule(&rule.name, &rule.clause).ok())
            .filter_map(|text| rule_from_yaml(&text).ok())
            .collect();
        let count = rules.len();
        (Self { rules }, count)
    }
}

impl Contender for SigmaRust {
    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let mut matches = 0;
        for line in events.lines() {
            let event = Event::try_from(serde_json::from_slice::<Value>(line)?)?;
            matches += self.rules.iter().filter(|rule| rule.is_match(&event)).count() as u64;
        }
        Ok(Ran::over(events, matches))
    }
}
