//! Sequences and samples over the ledger in memory: the sequence vectors of the shared
//! corpus, and the cases of Elastic's rules, in one batch and in batches of one event.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use firstseen_guest::Engine;
use firstseen_guest::engine::{Context, Documents, EvaluateError, Settings};
use firstseen_guest::state::{self, Answer, Question};
use firstseen_ledger as ledger;
use firstseen_ledger::sequence::{EventDigest, Item, Kept, SequencePlan, Taken, Tiebreaker};
use firstseen_ledger::{Ledger, MemoryLedger};
use firstseen_tests::eql_sequences::{FoundSequence, SequenceCase, SequenceEvent, cases, vectors};
use firstseen_tests::say;
use serde_json::Value;

#[test]
fn sequences_are_those_of_elasticsearch() -> Result<()> {
    let Some(vectors) = vectors()? else { return Ok(()) };
    check_all("sequence vectors", &vectors)
}

#[test]
fn rules_find_the_sequences_of_their_cases() -> Result<()> {
    let Some(cases) = cases()? else { return Ok(()) };
    check_all("cases of sequence rules", &cases)
}

fn check_all(what: &str, cases: &[SequenceCase]) -> Result<()> {
    let mut failures = Vec::new();
    for case in cases {
        // All at once, one by one, and each twice.
        for (size, times) in [(usize::MAX, 1), (1, 1), (1, 2)] {
            let found = found(case, size, times).and_then(|found| case.check(found));
            if let Err(error) = found.with_context(|| format!("{}, {size} at a time, {times} times", case.name)) {
                failures.push(format!("{error:#}"));
                break;
            }
        }
    }
    say(&format!("{what}: {} of {} passed", cases.len() - failures.len(), cases.len()))?;
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// The sequences that a rule finds in its events, so many a batch.
fn found(case: &SequenceCase, size: usize, times: usize) -> Result<Vec<FoundSequence>> {
    let documents = Documents {
        mappings: vec![("mapping".to_owned(), case.mapping.to_string())],
        ..Documents::of_rules(vec![("rule".to_owned(), case.rule.to_string())])
    };
    let questions = [state::SIGHTING, state::ADVANCE].map(str::to_owned).into();
    let (mut engine, reports) = Engine::new(&documents, Settings { questions, ..Settings::default() });
    reports.rules.into_iter().next().context("no report")?.map_err(|refusal| refusal.error)?;
    let ledger = MemoryLedger::new();
    let mut found = Vec::new();
    for batch in case.events.chunks(size.min(case.events.len()).max(1)) {
        for _ in 0..times {
            found.extend(judge(&mut engine, &ledger, batch)?);
        }
    }
    let rule = engine.rules().first().context("no rule")?;
    let stages = rule.stages.as_ref().context("no stages")?;
    let mut transaction = ledger.begin(0, settings())?;
    let release = ledger::Question::Release(ledger::Release {
        history: rule.history.clone(),
        plan: Arc::new(plan(stages.plan())?),
        nothing_follows: true,
        quota: quota(rule.quota),
    });
    for answer in transaction.answer(&[release])? {
        found.extend(completed(answer)?);
    }
    found.iter().map(found_sequence).collect()
}

/// A search sees all events in order; here each waits for those that stand before it.
fn settings() -> ledger::Settings {
    ledger::Settings { late_ms: u64::MAX, ..ledger::Settings::default() }
}

fn judge(engine: &mut Engine, ledger: &MemoryLedger, batch: &[SequenceEvent]) -> Result<Vec<state::CompletedSequence>> {
    let lines: Vec<&str> = batch.iter().map(|event| event.line.as_str()).collect();
    let ids: Vec<String> = batch.iter().map(|event| event.id.clone()).collect();
    let context = Context { ids: ids.clone(), ..Context::at(0) };
    let mut transaction = ledger.begin(0, settings())?;
    let evaluation = engine.evaluate_with(lines.join("\n"), context, |questions| {
        let kept = |line: u32| Kept {
            line: lines.get(line as usize).copied().unwrap_or_default().into(),
            id: ids.get(line as usize).map(|id| id.as_str().into()),
            ..Kept::default()
        };
        let questions: Vec<_> = questions.iter().map(|question| asked(question, kept)).collect::<Result<_>>()?;
        let answers = transaction.answer(&questions)?;
        answers.into_iter().map(|answer| Ok(Answer::Completed(completed(answer)?))).collect::<Result<Vec<_>>>()
    })?;
    ensure!(evaluation.unjudged.is_empty() && evaluation.remarks.is_empty(), "{evaluation:?}");
    transaction.commit(Vec::new())?;
    Ok(evaluation.sequences.into_iter().map(|(_, sequence)| sequence).collect())
}

fn asked(question: &Question, kept: impl Fn(u32) -> Kept) -> Result<ledger::Question> {
    let Question::Advance(advance) = question else {
        return Err(EvaluateError::Invalid(format!("{question:?}")).into());
    };
    let met =
        |met: &state::MetKey| ledger::MetKey { key: met.key.clone(), items: met.items.clone(), is_until: met.is_until };
    Ok(ledger::Question::Advance(ledger::Advance {
        history: advance.history.clone(),
        plan: Arc::new(plan(&advance.plan)?),
        at_ms: advance.at_ms,
        tiebreaker: match &advance.tiebreaker {
            Some(text) => Tiebreaker::Known(text.as_str().into()),
            None => Tiebreaker::Missing,
        },
        event: EventDigest(u128::from_str_radix(&advance.event, 16)?),
        kept: Arc::new(kept(advance.line)),
        keys: advance.keys.iter().map(met).collect(),
        quota: quota(advance.quota),
    }))
}

fn plan(plan: &state::Plan) -> Result<ledger::Plan> {
    let item = |&is_missing: &bool| if is_missing { Item::Missing } else { Item::Event };
    Ok(match plan.is_sample {
        true => ledger::Plan::Sample { items: u16::try_from(plan.is_missing.len())?, window_ms: plan.span_ms },
        false => ledger::Plan::Sequence(SequencePlan::new(plan.is_missing.iter().map(item).collect(), plan.span_ms)?),
    })
}

fn quota(quota: state::Quota) -> ledger::Quota {
    ledger::Quota { max: quota.max, per_ms: quota.per_ms }
}

fn completed(answer: ledger::Answer) -> Result<Vec<state::CompletedSequence>> {
    let ledger::Answer::Completed(completed) = answer else { anyhow::bail!("{answer:?}") };
    let kept = |taken: Arc<Taken>| state::KeptEvent {
        line: taken.kept.line.to_string(),
        id: taken.kept.id.as_deref().map(str::to_owned),
        ..state::KeptEvent::default()
    };
    let sequence = |sequence: ledger::CompletedSequence| state::CompletedSequence {
        key: sequence.key,
        events: sequence.events.into_iter().map(|taken| taken.map(kept)).collect(),
    };
    Ok(completed.into_iter().map(sequence).collect())
}

fn found_sequence(sequence: &state::CompletedSequence) -> Result<FoundSequence> {
    let Value::Array(key) = serde_json::from_str(&sequence.key)? else { anyhow::bail!("{}", sequence.key) };
    let id = |event: &Option<state::KeptEvent>| event.as_ref().and_then(|event| event.id.clone());
    Ok(FoundSequence { events: sequence.events.iter().map(id).collect(), key: Some(key) })
}
