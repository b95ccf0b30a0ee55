//! Running a case and comparing.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::case::{Case, Known};
use super::expectation::as_expected;
use firstseen::Batch;
use firstseen::Clock;
use firstseen::Detector;
use firstseen::Module;
use firstseen::ledger::{Learning, Ledger, MemoryLedger, Question, Quota, Sighting};

/// Runs cases, each with a detector and a store of its own.
pub(crate) struct Runner {
    module: Module,
}

/// What became of a case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The alerts are the expected ones; how many.
    Passed(usize),
    /// `expected.ndjson` was rewritten; how many alerts it has.
    Blessed(usize),
    /// They are not.
    Failed {
        /// What was expected, a line an alert.
        expected: Vec<String>,
        /// What came.
        actual: Vec<String>,
        /// Whether there was no `expected.ndjson`.
        is_new: bool,
    },
}

impl Runner {
    /// A runner of a module.
    pub(crate) fn new(module: Module) -> Self {
        Self { module }
    }

    /// Runs a case; with `bless` a difference becomes the expectation.
    ///
    /// # Errors
    ///
    /// When the case cannot be run as it is written.
    pub(crate) fn run(&self, case: &Case, bless: bool) -> Result<Verdict> {
        let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
        let detector = Detector::builder(self.module.clone())
            .rules(case.rules.clone())
            .clock(Clock::Event)
            .ledger(Arc::clone(&ledger))
            .build()?;
        if let Some(refusal) = detector.refusals().first() {
            bail!("{refusal}");
        }
        seed(&detector, &*ledger, case)?;
        let outcome = detector.worker()?.evaluate(&Batch::new(case.events.as_slice(), case.now_ms))?;
        if let Some(unjudged) = outcome.unjudged.first() {
            bail!("line {}: {}", unjudged.line + 1, unjudged.cause);
        }
        let expectations = case.expected.as_deref().unwrap_or_default();
        let actual = as_expected(&outcome.alerts, expectations);
        let expected: Vec<String> =
            expectations.iter().map(|members| Value::Object(members.clone()).to_string()).collect();
        let is_new = case.expected.is_none();
        Ok(match (expected == actual && !is_new, bless) {
            (true, _) => Verdict::Passed(actual.len()),
            (false, true) => {
                case.bless(&actual)?;
                Verdict::Blessed(actual.len())
            }
            (false, false) => Verdict::Failed { expected, actual, is_new },
        })
    }
}

/// Puts the terms of `state.ndjson` into the ledger, without alerts or quota.
fn seed(detector: &Detector, ledger: &dyn Ledger, case: &Case) -> Result<()> {
    let questions: Vec<Question> = case
        .state
        .iter()
        .enumerate()
        .map(|(number, known)| {
            sighting(detector, known)
                .map(Question::Sighting)
                .with_context(|| format!("state.ndjson: line {}", number + 1))
        })
        .collect::<Result<_>>()?;
    let learn_for_ever = Learning::by_event(u64::MAX);
    let mut transaction = ledger.begin(case.now_ms, learn_for_ever)?;
    transaction.answer(&questions)?;
    transaction.commit(Vec::new())?;
    Ok(())
}

fn sighting(detector: &Detector, known: &Known) -> Result<Sighting> {
    let rule = match (&known.rule_id, detector.rules()) {
        (Some(rule_id), rules) => {
            rules.iter().find(|rule| rule.rule_id == *rule_id).with_context(|| format!("no rule {rule_id} runs"))?
        }
        (None, [rule]) => rule,
        (None, rules) => bail!("{} rules run; say which by \"rule_id\"", rules.len()),
    };
    ensure!(
        known.term.len() == rule.new_terms_fields().len(),
        "the term has {} values, the rule's terms are of {}",
        known.term.len(),
        rule.new_terms_fields().join(", ")
    );
    Ok(Sighting {
        history: rule.history.clone(),
        term: serde_json::to_string(&known.term)?,
        at_ms: known.at.as_millisecond(),
        // One sighting a term, so there is nothing to join.
        window_ms: rule.window_ms.unwrap_or(0),
        event: String::new(),
        quota: Quota { max: 1, per_ms: 1 },
    })
}
