//! Running a case and comparing.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use firstseen::ledger::{Learning, Ledger, MemoryLedger, OutboxMax, Question, Quota, Settings, Sighting};
use firstseen::{Batch, Builder, Detector, RuleSummary};
use serde_json::Value;

use super::case::{Case, KnownTerm};
use super::expectation::as_expected;
use crate::args::{RuleArgs, RuleSet, faults};

/// Runs cases, each with a detector and a ledger of its own.
pub(crate) struct Runner<'a> {
    /// Begins a detector without rules; it is told the name of the case.
    pub(crate) builder: &'a dyn Fn(&str) -> Builder,
    /// What was given for all cases.
    pub(crate) given: &'a RuleArgs,
    /// The same, read.
    pub(crate) rule_set: &'a RuleSet,
    /// What of it cannot be used; that has been said once for all cases.
    pub(crate) faults: &'a [String],
    /// What the events are bound for.
    pub(crate) index: Option<&'a str>,
    /// The arrival time of the events of a case that does not say it.
    pub(crate) now_ms: Option<i64>,
}

/// What a case was run with, and what became of it.
#[derive(Debug)]
pub(crate) struct CaseReport {
    /// The rules that ran.
    pub(crate) rules: Vec<RuleSummary>,
    /// Whether they are the module's own.
    pub(crate) is_built_in: bool,
    pub(crate) result: CaseResult,
}

/// What became of a case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CaseResult {
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

impl Runner<'_> {
    /// Runs a case; with `bless` a difference becomes the expectation.
    ///
    /// # Errors
    ///
    /// When the case cannot be run as it is written.
    pub(crate) fn run(&self, case: &Case, bless: bool) -> Result<CaseReport> {
        let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new());
        let own = match case.own.is_empty() {
            true => None,
            false => Some(self.given.load_for_test(&case.own)?),
        };
        let rule_set = own.as_ref().unwrap_or(self.rule_set);
        self.ensure_new_faults_none(faults(&rule_set.problems, []))?;
        let builder = (self.builder)(&case.name).ledger(Arc::clone(&ledger));
        let detector = rule_set.apply(builder).build()?;
        self.ensure_new_faults_none(faults(&[], detector.refusals().iter().chain(detector.unusable())))?;
        let result = self.judge(case, bless, &detector, &*ledger)?;
        Ok(CaseReport { rules: detector.rules().to_vec(), is_built_in: rule_set.rules.is_empty(), result })
    }

    /// What a case brings along must all be of use.
    fn ensure_new_faults_none(&self, mut faults: Vec<String>) -> Result<()> {
        faults.retain(|fault| !self.faults.contains(fault));
        ensure!(faults.is_empty(), "{}", faults.join("\n  "));
        Ok(())
    }

    fn judge(&self, case: &Case, bless: bool, detector: &Detector, ledger: &dyn Ledger) -> Result<CaseResult> {
        let arrival_ms = case.arrival_ms(self.now_ms);
        seed(detector, ledger, &case.state, arrival_ms)?;
        let batch = Batch::new(case.events.as_slice(), arrival_ms);
        let batch = match self.index {
            Some(index) => batch.bound_for(index),
            None => batch,
        };
        let mut outcome = detector.worker()?.evaluate(&batch)?;
        if let Some(unjudged) = outcome.unjudged.first() {
            bail!("line {}: {}", unjudged.line + 1, unjudged.cause);
        }
        let expectations = case.expected.as_deref().unwrap_or_default();
        // Those about events that were not judged in full are not what rules are tested for.
        outcome.alerts.retain(|alert| alert.stored.rule_id.is_some());
        let actual = as_expected(&outcome.alerts, expectations);
        let expected: Vec<String> =
            expectations.iter().map(|members| Value::Object(members.clone()).to_string()).collect();
        let is_new = case.expected.is_none();
        Ok(match (expected == actual && !is_new, bless) {
            (true, _) => CaseResult::Passed(actual.len()),
            (false, true) => {
                case.bless(&actual)?;
                CaseResult::Blessed(actual.len())
            }
            (false, false) => CaseResult::Failed { expected, actual, is_new },
        })
    }
}

/// Puts the terms of `state.ndjson` into the ledger, without alerts or quota.
fn seed(detector: &Detector, ledger: &dyn Ledger, terms: &[KnownTerm], arrival_ms: i64) -> Result<()> {
    let questions: Vec<Question> = terms
        .iter()
        .enumerate()
        .map(|(number, known)| {
            sighting(detector, known)
                .map(Question::Sighting)
                .with_context(|| format!("state.ndjson: line {}", number + 1))
        })
        .collect::<Result<_>>()?;
    let learn_for_ever = Learning::by_event(u64::MAX);
    let settings = Settings { learning: learn_for_ever, outbox_max: OutboxMax::NONE, ..Settings::default() };
    let mut transaction = ledger.begin(arrival_ms, settings)?;
    transaction.answer(&questions)?;
    transaction.commit(Vec::new())?;
    Ok(())
}

fn sighting(detector: &Detector, known: &KnownTerm) -> Result<Sighting> {
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
