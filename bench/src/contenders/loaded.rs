//! Firstseen with its rules, as component and native.

use anyhow::{Result, ensure};
use firstseen::{Detector, Document, Module};
use firstseen_bench_common::rules::Rule;
use firstseen_guest::Engine;
use firstseen_guest::engine::{Documents, Settings, Shortcuts};

/// Whether the engine may pass over lines that no rule can match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefilter {
    On,
    /// Every event is scanned for all fields.
    Off,
}

/// The component, with a fresh memory store.
pub(crate) fn detector(module: &Module, rules: &[Rule], prefilter: Prefilter) -> Result<Detector> {
    let documents = rules.iter().map(|rule| Document { name: rule.name.clone(), content: rule.json.clone() });
    let shortcuts = firstseen::Shortcuts { prefilter: prefilter == Prefilter::On, ..Default::default() };
    let detector = Detector::builder(module.clone()).rules(documents).shortcuts(shortcuts).build()?;
    ensure!(detector.rules().len() == rules.len(), "refused: {:?}", detector.refusals());
    Ok(detector)
}

/// The same guest, native.
pub(crate) fn engine(rules: &[Rule], prefilter: Prefilter) -> Result<Engine> {
    let documents = Documents::of_rules(rules.iter().map(|rule| (rule.name.clone(), rule.json.clone())).collect());
    let shortcuts = Shortcuts { prefilter: prefilter == Prefilter::On, ..Default::default() };
    let settings = Settings { shortcuts, ..Settings::default() };
    let (engine, reports) = Engine::new(&documents, settings);
    let refused: Vec<_> = reports.rules.iter().filter_map(|report| report.as_ref().err()).collect();
    ensure!(refused.is_empty(), "refused: {refused:?}");
    Ok(engine)
}
