//! The same guest crate, native, over the same store.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use firstseen::ledger::{self, Learning, MemoryLedger, Session, Backend, StoredAlert};
use firstseen_guest::Engine;
use firstseen_guest::engine::Context;
use firstseen_guest::sightings::{Sighting, Sightings, Verdict};

use super::loaded::{Prefilter, engine};
use super::{Contender, Ran};
use crate::events::{Lines, Portion};
use crate::rules::Rule;

/// An engine without a sandbox.
pub(crate) struct Native {
    engine: Engine,
    store: Arc<dyn Backend>,
}

impl Native {
    pub(crate) fn new(rules: &[Rule], prefilter: Prefilter) -> Result<Self> {
        Ok(Self { engine: engine(rules, prefilter)?, store: Arc::new(MemoryLedger::new()) })
    }

    /// What a worker does with a batch, less the sandbox.
    fn judge(&mut self, lines: Lines<'_>) -> Result<u64> {
        let text = std::str::from_utf8(lines.bytes)?;
        let context = Context { index: None, arrival_ms: lines.arrival_ms, ids: &[] };
        let mut state = State(Session::new(Arc::clone(&self.store), lines.arrival_ms, Learning::NONE));
        let evaluation = self.engine.evaluate(text, context, &mut state).map_err(|error| anyhow!("{error:?}"))?;
        let alerts = evaluation.alerts.into_iter().map(|raised| StoredAlert {
            rule_id: raised.rule_id,
            term: raised.term,
            id: raised.id,
            document: raised.document,
        });
        let committed = state.0.commit(alerts.collect())?;
        if !committed.alerts.is_empty() {
            let numbers: Vec<u64> = committed.alerts.iter().map(|(number, _)| *number).collect();
            self.store.acknowledge(&numbers)?;
        }
        Ok(u64::from(evaluation.matched))
    }
}

impl Contender for Native {
    fn prepare(&mut self, events: Portion<'_>) -> Result<()> {
        self.store = Arc::new(MemoryLedger::new());
        let mut session = Session::new(Arc::clone(&self.store), 0, Learning::NONE);
        for rule in self.engine.rules() {
            session.meet(&rule.history)?;
        }
        session.commit(Vec::new())?;
        if let Some(first) = events.batches().next() {
            let context = Context { index: None, arrival_ms: first.arrival_ms, ids: &[] };
            let text = std::str::from_utf8(first.bytes)?;
            self.engine.match_events(text, context).map_err(|error| anyhow!("{error:?}"))?;
        }
        Ok(())
    }

    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let matches = events.batches().map(|lines| self.judge(lines)).sum::<Result<u64>>()?;
        Ok(Ran::over(events, matches))
    }
}

/// The host's state, as the guest asks for it.
struct State(Session);

impl Sightings for State {
    fn observe(&mut self, batch: &[Sighting]) -> Result<Vec<Verdict>, String> {
        let sightings: Vec<ledger::Sighting> = batch.iter().map(sighting).collect();
        let verdicts = self.0.observe(&sightings).map_err(|error| error.to_string())?;
        Ok(verdicts.into_iter().map(verdict).collect())
    }
}

fn sighting(sighting: &Sighting) -> ledger::Sighting {
    ledger::Sighting {
        rule: sighting.rule.clone(),
        term: sighting.term.clone(),
        at_ms: sighting.at_ms,
        window_ms: sighting.window_ms,
        event: sighting.event.clone(),
        quota: ledger::Quota { max: sighting.quota.max, per_ms: sighting.quota.per_ms },
    }
}

fn verdict(verdict: ledger::Verdict) -> Verdict {
    match verdict {
        ledger::Verdict::Unseen => Verdict::Unseen,
        ledger::Verdict::Seen => Verdict::Seen,
        ledger::Verdict::Deferred => Verdict::Deferred,
        ledger::Verdict::Replayed => Verdict::Replayed,
    }
}
