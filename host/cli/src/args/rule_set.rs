//! Rules and what belongs to them, as they were read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;
use firstseen::rule_files::{FileProblem, FileRule};
use firstseen::{Builder, DataView, Detector, Document, Reason, Refusal, RuleSummary, Shortcuts, printable};
use serde_json::{Map, Value, json};

use crate::message;

/// Set to 1, it leaves out all ways round work.
const NO_INDEX: &str = "FIRSTSEEN_NO_INDEX";

/// Hints that are named when rules are loaded; more are only counted.
const HINTS_NAMED: usize = 5;

/// Rules, exceptions, value lists, mappings and data views.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    /// The files that rules were looked for in, in order.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) rules: Vec<FileRule>,
    /// What cannot be used.
    pub(crate) problems: Vec<FileProblem>,
    pub(super) exceptions: Vec<Document>,
    pub(super) value_lists: Vec<Document>,
    pub(super) mappings: Vec<Document>,
    pub(super) data_views: Vec<DataView>,
}

impl RuleSet {
    /// Gives the rules to a detector, and what belongs to them.
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        builder
            .rules(self.rules.iter().map(FileRule::document))
            .exceptions(self.exceptions.iter().cloned())
            .value_lists(self.value_lists.iter().cloned())
            .mappings(self.mappings.iter().cloned())
            .data_views(self.data_views.iter().cloned())
            .shortcuts(shortcuts())
    }

    /// All of it as the plain module takes it, in its `configuration`.
    pub(crate) fn configuration(&self) -> Map<String, Value> {
        let document = |document: &Document| json!({"name": document.name, "content": document.content});
        let data_view = |view: &DataView| json!({"id": view.id, "patterns": view.patterns});
        let rules: Vec<Value> = self.rules.iter().map(|rule| document(&rule.document())).collect();
        let documents = [
            ("rules", rules),
            ("exceptions", self.exceptions.iter().map(document).collect()),
            ("value-lists", self.value_lists.iter().map(document).collect()),
            ("mappings", self.mappings.iter().map(document).collect()),
            ("data-views", self.data_views.iter().map(data_view).collect()),
        ];
        documents.into_iter().map(|(name, documents)| (name.to_owned(), Value::Array(documents))).collect()
    }

    /// Builds a detector that was given these rules, and warns of what does not
    /// run.
    ///
    /// # Errors
    ///
    /// If it cannot be built, or `strict` and not all runs. What is wrong in the
    /// files, which may be the cause, has been said then.
    pub(crate) fn build(&self, builder: Builder, strict: bool) -> Result<Detector> {
        let detector = builder.build().inspect_err(|_| warn_of(&faults(&self.problems, [])))?;
        self.report(detector.rules(), detector.refusals(), detector.unusable(), strict)?;
        Ok(detector)
    }

    /// Warns of what was given and does not run, or probably does not mean what it
    /// says.
    ///
    /// # Errors
    ///
    /// If `strict`, when there is any of the former.
    pub(crate) fn report(
        &self,
        rules: &[RuleSummary],
        refusals: &[Refusal],
        unusable: &[Refusal],
        strict: bool,
    ) -> Result<()> {
        let faults = faults(&self.problems, refusals.iter().chain(unusable));
        if strict && !faults.is_empty() {
            anyhow::bail!("--strict, and not all that was given can be used:\n  {}", faults.join("\n  "));
        }
        warn_of(&faults);
        hints(rules).iter().for_each(|hint| message::warn(hint));
        if let Some(line) = others(refusals) {
            message::say(&line);
        }
        Ok(())
    }
}

/// Warns of what is not used.
pub(crate) fn warn_of(faults: &[String]) {
    faults.iter().for_each(|fault| message::warn(&format!("not used: {fault}")));
}

/// Whether somebody has to do something: all that was given should work.
pub(crate) fn faults<'a>(problems: &'a [FileProblem], refusals: impl IntoIterator<Item = &'a Refusal>) -> Vec<String> {
    let refusals = refusals.into_iter().filter(|refusal| refusal.reason.is_fault());
    problems.iter().map(|problem| printable(&problem.to_string())).chain(refusals.map(ToString::to_string)).collect()
}

/// What authors of rules probably do not mean, each once: several rules may have
/// the same exceptions.
fn hints(rules: &[RuleSummary]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = rules.iter().flat_map(|rule| rule.hints.iter().map(move |hint| (rule, hint)));
    let distinct: Vec<_> = all.filter(|(_, hint)| seen.insert(*hint)).collect();
    let named = distinct.iter().take(HINTS_NAMED);
    let mut lines: Vec<String> =
        named.map(|(rule, hint)| printable(&format!("rule {}: {hint}", rule.rule_id))).collect();
    if distinct.len() > HINTS_NAMED {
        lines.push(format!("{} more of that kind; `firstseen check` names them", distinct.len() - HINTS_NAMED));
    }
    lines
}

/// One line on the rules that are not ours to run, if there are any: how many
/// of which type.
fn others(refusals: &[Refusal]) -> Option<String> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut disabled = 0;
    for refusal in refusals {
        match refusal.reason {
            Reason::NotOurs => *kinds.entry(refusal.rule_type.as_deref().unwrap_or("unknown")).or_default() += 1,
            Reason::Disabled => disabled += 1,
            Reason::Unsupported | Reason::Invalid => {}
        }
    }
    let mut parts: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    if disabled > 0 {
        parts.push(format!("{disabled} switched off (--include-disabled runs them)"));
    }
    (!parts.is_empty())
        .then(|| format!("rules that are not run here: {}; `firstseen check` names them", parts.join(", ")))
}

/// All of them, unless `FIRSTSEEN_NO_INDEX` is set: for whoever suspects that
/// one of them changes what comes out.
fn shortcuts() -> Shortcuts {
    match std::env::var_os(NO_INDEX) {
        Some(value) if !value.is_empty() && value != "0" => Shortcuts { index: false, prefilter: false },
        _ => Shortcuts::default(),
    }
}
