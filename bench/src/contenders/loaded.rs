//! Firstseen with its rules, as component and native.

use anyhow::{Result, ensure};
use firstseen::{Detector, Document, Module};
use firstseen_guest::Engine;
use firstseen_guest::engine::{Documents, Settings};

use crate::rules::Rule;

/// Whether the engine may pass over events that no rule can match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortcuts {
    On,
    /// Every event is scanned for all fields.
    Off,
}

/// The component, with a fresh memory store.
pub(crate) fn detector(module: &Module, rules: &[Rule], shortcuts: Shortcuts) -> Result<Detector> {
    let documents = rules.iter().map(|rule| Document { name: rule.name.clone(), content: rule.json.clone() });
    let builder = Detector::builder(module.clone()).rules(documents);
    // SHORTCUTS: Builder::shortcuts belongs here.
    let _ = shortcuts;
    let detector = builder.build()?;
    ensure!(detector.rules().len() == rules.len(), "refused: {:?}", detector.refusals());
    Ok(detector)
}

/// The same guest, native.
pub(crate) fn engine(rules: &[Rule], shortcuts: Shortcuts) -> Result<Engine> {
    let documents = Documents::of_rules(rules.iter().map(|rule| (rule.name.clone(), rule.json.clone())).collect());
    let settings = Settings::default();
    // SHORTCUTS: Settings::shortcuts belongs here.
    let _ = shortcuts;
    let (engine, reports) = Engine::new(&documents, settings);
    let refused: Vec<_> = reports.rules.iter().filter_map(|report| report.as_ref().err()).collect();
    ensure!(refused.is_empty(), "refused: {refused:?}");
    Ok(engine)
}
