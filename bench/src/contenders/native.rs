//! The same guest crate, native, over the same store.

use anyhow::{Result, anyhow};
use firstseen::ledger::{self, Learning, Ledger, MemoryLedger, StoredAlert, Transaction};
use firstseen_guest::Engine;
use firstseen_guest::engine::Context;
use firstseen_guest::state::{Answer, Question, Verdict};

use super::loaded::{Prefilter, engine};
use super::{Contender, Ran};
use crate::events::{Lines, Portion};
use crate::rules::Rule;

/// An engine without a sandbox.
pub(crate) struct Native {
    engine: Engine,
    ledger: MemoryLedger,
}

impl Native {
    pub(crate) fn new(rules: &[Rule], prefilter: Prefilter) -> Result<Self> {
        Ok(Self { engine: engine(rules, prefilter)?, ledger: MemoryLedger::new() })
    }

    /// What a worker does with a batch, less the sandbox.
    fn judge(&mut self, lines: Lines<'_>) -> Result<u64> {
        let text = std::str::from_utf8(lines.bytes)?;
        let mut transaction = self.ledger.begin(lines.arrival_ms, Learning::NONE)?;
        let answer = |questions: &[Question]| answer(&mut *transaction, questions);
        let evaluation = self.engine.evaluate_with(text, Context::at(lines.arrival_ms), answer)?;
        let matches = evaluation.matched();
        let alerts = evaluation.alerts.into_iter().map(|alert| stored(&self.engine, alert));
        let committed = transaction.commit(alerts.collect())?;
        if !committed.alerts.is_empty() {
            let numbers: Vec<u64> = committed.alerts.iter().map(|(number, _)| *number).collect();
            self.ledger.acknowledge(&numbers)?;
        }
        Ok(matches)
    }
}

impl Contender for Native {
    fn prepare(&mut self, events: Portion<'_>) -> Result<()> {
        self.ledger = MemoryLedger::new();
        let mut transaction = self.ledger.begin(0, Learning::NONE)?;
        for rule in self.engine.rules() {
            transaction.meet(&rule.history)?;
        }
        transaction.commit(Vec::new())?;
        if let Some(first) = events.batches().next() {
            self.engine.match_events(std::str::from_utf8(first.bytes)?, &Context::at(first.arrival_ms))?;
        }
        Ok(())
    }

    fn run(&mut self, events: Portion<'_>) -> Result<Ran> {
        let matches = events.batches().map(|lines| self.judge(lines)).sum::<Result<u64>>()?;
        Ok(Ran::over(events, matches))
    }
}

fn stored(engine: &Engine, alert: firstseen_guest::engine::Alert) -> StoredAlert {
    let source = ledger::AlertSource {
        id: alert.source.id,
        index: alert.source.index,
        index_before: alert.source.index_before.to_owned(),
    };
    StoredAlert {
        rule_id: engine.rules().get(alert.rule as usize).map(|rule| rule.rule_id.clone()),
        term: alert.term,
        id: alert.id,
        document: alert.document,
        sources: vec![source],
    }
}

/// What the ledger answers, in the guest's words.
fn answer(transaction: &mut dyn Transaction, questions: &[Question]) -> Result<Vec<Answer>> {
    let questions: Vec<ledger::Question> = questions.iter().map(question).collect();
    transaction.answer(&questions)?.into_iter().map(in_guest).collect()
}

fn question(question: &Question) -> ledger::Question {
    let Question::Sighting(sighting) = question;
    ledger::Question::Sighting(ledger::Sighting {
        history: sighting.history.clone(),
        term: sighting.term.clone(),
        at_ms: sighting.at_ms,
        window_ms: sighting.window_ms,
        event: sighting.event.clone(),
        quota: ledger::Quota { max: sighting.quota.max, per_ms: sighting.quota.per_ms },
    })
}

fn in_guest(answer: ledger::Answer) -> Result<Answer> {
    let ledger::Answer::Sighting(verdict) = answer else { return Err(anyhow!("an answer of an unknown kind")) };
    Ok(Answer::Sighting(match verdict {
        ledger::Verdict::Unseen => Verdict::Unseen,
        ledger::Verdict::Seen => Verdict::Seen,
        ledger::Verdict::Deferred => Verdict::Deferred,
        ledger::Verdict::Replayed => Verdict::Replayed,
    }))
}
