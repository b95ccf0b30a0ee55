//! rsigma-eval, a Sigma engine: JSON by `serde_json`, then its evaluation.

use anyhow::Result;
use firstseen_bench_common::rules::Rule;
use rsigma_eval::{Engine, JsonEvent};
use serde_json::Value;

use super::{Contender, Ran};
use crate::events::Portion;
use crate::sigma;

pub(crate) struct Rsigma {
    engine: Engine,
}

impl Rsigma {
    /// The rules that Sigma and the engine can express, and how many those are.
    pub(crate) fn new(rules: &[Rule]) -> (Self, usize) {
        let parsed: Vec<_> = rules
            .iter()
            .filter_map(|rule| sigma::rule(&rule.name, &rule.clause).ok())
            .filter_map(|text| rsigma_parser::parse_sigma_yaml(&text).ok())
            .flat_map(|collection| collection.rules)
            .collect();
        let mut engine = Engine::new();
        let refused = engine.add_rules(&parsed);
        let count = parsed.len() - refused.len();
        (Self { engine }, count)
    }
}

impl Contender for Rsigma {
    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let mut matches = 0;
        for line in events.lines() {
            let event: Value = serde_json::from_slice(line)?;
            matches += self.engine.evaluate(&JsonEvent::borrow(&event)).len() as u64;
        }
        Ok(Ran::over(events, matches))
    }
}
