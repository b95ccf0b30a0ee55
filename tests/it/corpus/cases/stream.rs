//! A case as a stream.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use firstseen::ledger::{Ledger, MemoryLedger, StoredAlert};
use firstseen::{Batch, Module, Worker};
use firstseen_backtest::StoredEvent;

use super::case::Case;
use super::compare::RaisedAlert;
use super::inputs::{builder, stored, time_ms};
use super::replay::Replayed;

/// What a stream of the events gave.
#[derive(Default)]
pub(super) struct Streamed {
    pub(super) alerts: Vec<Alert>,
    /// Sightings that a quota put off.
    pub(super) deferred: u64,
}

pub(super) struct Alert {
    /// Place of its event in the case.
    pub(super) event: usize,
    pub(super) term: String,
    document: String,
}

impl Streamed {
    /// Streams the events, one by one, in the order in which they come to
    /// light: when they become visible if the case says it, else by their time.
    ///
    /// What the first run takes for history is learned, as Kibana has it in its
    /// index. An edit of the rule takes effect after the run before it.
    pub(super) fn run(module: &Module, case: &Case, replayed: &Replayed) -> Result<Self> {
        let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
        let executions = case.executions()?;
        let first = executions.first().context("the case has no execution")?;
        let events = stored(&replayed.events)?;
        let worker = |rule_override, learn| -> Result<Worker> {
            let builder = builder(module, case, rule_override, &replayed.events)?;
            Ok(builder.ledger(Arc::clone(&ledger)).learn(learn).build()?.worker()?)
        };
        let mut learner = worker(&first.rule_override, Duration::MAX)?;
        let mut workers = Vec::new();
        for execution in &executions {
            workers.push((time_ms(&execution.now)?, worker(&execution.rule_override, Duration::ZERO)?));
        }
        let history_ends_ms = replayed.ranges.first().map_or(i64::MIN, |range| range.from_ms);
        let first_ms = time_ms(&first.now)?;

        let at_ms = |place: usize| replayed.at_ms(place);
        let mut order: Vec<(i64, usize, &StoredEvent)> = events
            .iter()
            .enumerate()
            .map(|(place, event)| (event.visible_ms.or(at_ms(place)).unwrap_or(i64::MAX), place, event))
            .collect();
        order.sort_by_key(|&(time_ms, place, _)| (time_ms, place));

        let mut streamed = Self::default();
        for (time_ms, place, event) in order {
            let is_history = at_ms(place).is_some_and(|at_ms| at_ms <= history_ends_ms)
                && event.visible_ms.is_none_or(|visible_ms| visible_ms <= first_ms);
            let current = workers.iter().position(|(now_ms, _)| time_ms <= *now_ms).unwrap_or(workers.len() - 1);
            let worker = match workers.get_mut(current) {
                Some((_, worker)) if !is_history => worker,
                _ => &mut learner,
            };
            let mut batch = Batch::new(event.text.as_bytes(), time_ms).with_ids(vec![event.id.clone()]);
            if let Some(index) = &event.index {
                batch = batch.bound_for(index);
            }
            let outcome = worker.evaluate(&batch)?;
            streamed.deferred += outcome.counts.deferred;
            let alert = |alert: firstseen::Alert| {
                let StoredAlert { term, document, .. } = alert.stored;
                Alert { event: place, term, document }
            };
            // Those about events that were not judged in full are not Kibana's.
            let of_rules = outcome.alerts.into_iter().filter(|alert| alert.stored.rule_id.is_some());
            streamed.alerts.extend(of_rules.map(alert));
        }
        Ok(streamed)
    }

    /// The alerts as cases speak of them.
    pub(super) fn found(&self, replayed: &Replayed) -> Vec<RaisedAlert> {
        self.alerts.iter().map(|alert| RaisedAlert::new(&replayed.events, alert.event, &alert.document)).collect()
    }
}
