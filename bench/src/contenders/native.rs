//! The same guest crate, native, over the same store.

use std::sync::Arc;

use anyhow::{Error, Result, anyhow};
use firstseen::ledger::{self, Ledger, MemoryLedger, OutboxMax, Settings, StoredAlert, Transaction};
use firstseen_bench_common::rules::Rule;
use firstseen_guest::Engine;
use firstseen_guest::engine::Context;
use firstseen_guest::state::{Answer, Question, Verdict};

use super::loaded::{Prefilter, engine};
use super::{Contender, Ran};
use crate::events::{Lines, Portion};

/// An engine without a sandbox.
pub(crate) struct Native {
    engine: Engine,
    ledger: Arc<dyn Ledger>,
}

fn settings() -> Settings {
    Settings { outbox_max: OutboxMax::NONE, ..Settings::default() }
}

impl Native {
    pub(crate) fn new(rules: &[Rule], prefilter: Prefilter) -> Result<Self> {
        Ok(Self { engine: engine(rules, prefilter)?, ledger: Arc::new(MemoryLedger::new()) })
    }

    /// What a worker does with a batch, less the sandbox.
    fn judge(&mut self, lines: Lines<'_>) -> Result<u64> {
        let text = std::str::from_utf8(lines.bytes)?;
        let mut transaction = None;
        let evaluation = self.engine.evaluate_with(text, Context::at(lines.arrival_ms), |questions| {
            let transaction = match &mut transaction {
                Some(transaction) => transaction,
                None => transaction.insert(self.ledger.begin(lines.arrival_ms, settings())?),
            };
            answers(&mut **transaction, questions)
        })?;
        let Some(transaction) = transaction else { return Ok(evaluation.matched()) };
        let alerts = evaluation.alerts.iter().map(|alert| StoredAlert {
            rule_id: alert
                .rule
                .and_then(|rule| self.engine.rules().get(rule as usize))
                .map(|rule| rule.rule_id.clone()),
            term: alert.term.clone(),
            id: alert.id.clone(),
            document: alert.document.clone(),
            sources: Vec::new(),
        });
        let committed = transaction.commit(alerts.collect())?;
        if !committed.alerts.is_empty() {
            let numbers: Vec<u64> = committed.alerts.iter().filter_map(|(number, _)| *number).collect();
            self.ledger.acknowledge(&numbers)?;
        }
        Ok(evaluation.matched())
    }
}

impl Contender for Native {
    fn prepare(&mut self, events: Portion<'_>) -> Result<()> {
        self.ledger = Arc::new(MemoryLedger::new());
        let mut transaction = self.ledger.begin(0, settings())?;
        for rule in self.engine.rules() {
            transaction.meet(&rule.history)?;
        }
        transaction.commit(Vec::new())?;
        if let Some(first) = events.batches().next() {
            let text = std::str::from_utf8(first.bytes)?;
            self.engine.match_events(text, &Context::at(first.arrival_ms)).map_err(|error| anyhow!("{error:?}"))?;
        }
        Ok(())
    }

    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let matches = events.batches().map(|lines| self.judge(lines)).sum::<Result<u64>>()?;
        Ok(Ran::over(events, matches))
    }
}

/// The answers of the host's ledger to what the guest asks.
fn answers(transaction: &mut dyn Transaction, questions: &[Question]) -> Result<Vec<Answer>, Error> {
    let asked: Vec<ledger::Question> = questions.iter().map(question).collect::<Result<_, _>>()?;
    transaction.answer(&asked)?.into_iter().map(answer).collect()
}

/// The rules here ask about sightings alone.
fn question(question: &Question) -> Result<ledger::Question, Error> {
    let Question::Sighting(sighting) = question else { return Err(anyhow!("{question:?}")) };
    Ok(ledger::Question::Sighting(ledger::Sighting {
        history: sighting.history.clone(),
        term: sighting.term.clone(),
        at_ms: sighting.at_ms,
        window_ms: sighting.window_ms,
        event: sighting.event.clone(),
        quota: ledger::Quota { max: sighting.quota.max, per_ms: sighting.quota.per_ms },
    }))
}

fn answer(answer: ledger::Answer) -> Result<Answer, Error> {
    let ledger::Answer::Sighting(verdict) = answer else { return Err(anyhow!("{answer:?}")) };
    Ok(Answer::Sighting(match verdict {
        ledger::Verdict::Unseen => Verdict::Unseen,
        ledger::Verdict::Seen => Verdict::Seen,
        ledger::Verdict::Deferred => Verdict::Deferred,
        ledger::Verdict::Replayed => Verdict::Replayed,
    }))
}
