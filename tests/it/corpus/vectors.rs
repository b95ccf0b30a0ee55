//! `kql-vectors.json` through the component: queries that parse load, the
//! others are refused at the right place, events get their verdicts. The trees
//! are compared where they can be seen, in the guest's own tests.

#![allow(clippy::indexing_slicing, reason = "a missing member is null, or a failed test")]

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use firstseen::{Batch, Detector, Document, Module, RuleReports};
use firstseen_tests::mappings;
use firstseen_tests::needs::corpus;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::say;

/// What `now` means in the vectors: 2026-11-24T12:00:00Z.
const NOW_MS: i64 = 1_795_521_600_000;

#[derive(Deserialize)]
struct Vector {
    id: String,
    query: String,
    dialect: String,
    ok: bool,
    error_position: Option<usize>,
    #[serde(default)]
    mapping: BTreeMap<String, Value>,
    #[serde(default)]
    events: Vec<Case>,
    #[serde(default)]
    options: Value,
    kibana_ok: Option<bool>,
    kibana_error_position: Option<usize>,
    #[serde(default)]
    kibana_diff: Value,
}

#[derive(Deserialize)]
struct Case {
    event: Box<RawValue>,
    #[serde(rename = "match")]
    matches: Option<bool>,
}

#[test]
fn vectors_hold_through_the_component() -> Result<()> {
    let Some(path) = corpus("kql-vectors.json")? else { return Ok(()) };
    let vectors: Vec<Vector> = serde_json::from_str(&fs::read_to_string(&path)?)?;
    let module = Module::built_in()?;
    let mut failed = Vec::new();
    let mut verdicts = 0;
    for vector in &vectors {
        verdicts += vector.events.len();
        if let Err(difference) = vector.check(&module) {
            failed.push(format!("{} {:?}: {difference:#}", vector.id, vector.query));
        }
    }
    let passed = vectors.len() - failed.len();
    say(&format!("KQL vectors through the component: {passed} passed, {} failed; {verdicts} verdicts", failed.len()))?;
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

impl Vector {
    fn builder(&self, module: &Module) -> firstseen::Builder {
        let rule = json!({
            "rule_id": "vector", "name": "vector", "type": "query", "language": "kuery", "query": self.query,
            "severity": "low", "risk_score": 0,
        });
        let mapping = mappings::only(&self.mapping);
        let document = |name: &str, content: &Value| Document { name: name.to_owned(), content: content.to_string() };
        Detector::builder(module.clone()).rules([document("rule", &rule)]).mappings([document("mapping", &mapping)])
    }

    fn check(&self, module: &Module) -> Result<()> {
        let (parses, position) = match self.dialect.as_str() {
            "kibana" => (Some(self.ok), self.error_position),
            _ => (self.kibana_ok, self.kibana_error_position),
        };
        let parses = parses.context("what Kibana does is not said")?;
        let RuleReports { rules, refusals, unusable, .. } = self.builder(module).check()?;
        ensure!(unusable.is_empty(), "{unusable:?}");
        if self.options["allowLeadingWildcards"] == false {
            let warned =
                rules.first().is_some_and(|rule| rule.warnings.iter().any(|text| text.contains("begins with")));
            ensure!(warned != parses, "warned of a leading wildcard: {warned}");
            return Ok(());
        }
        if !parses {
            let refusal = refusals.first().context("it is not refused")?;
            ensure!(refusal.field.as_deref() == Some("query"), "{refusal}");
            let before = refusal.offset.and_then(|offset| self.query.get(..offset)).context("no place")?;
            let found = before.encode_utf16().count();
            ensure!(position.is_none_or(|position| position == found), "error at {found}, not at {position:?}");
            return Ok(());
        }
        let fails = self.events.iter().any(|case| case.matches.is_none()) || !self.kibana_diff.is_null();
        if fails {
            let refusal = refusals.first().context("the search fails in Kibana, and is not refused")?;
            ensure!(refusal.field.as_deref() == Some("query"), "{refusal}");
            return Ok(());
        }
        if self.events.is_empty() {
            // Without a mapping a search may fail, but what parses is never called unparsable.
            let is_syntax = |refusal: &firstseen::Refusal| {
                refusal.field.as_deref() != Some("query") || refusal.cause.contains("expected")
            };
            ensure!(rules.len() + refusals.len() == 1, "{} rules, {} refusals", rules.len(), refusals.len());
            ensure!(!refusals.iter().any(is_syntax), "{refusals:?}");
            return Ok(());
        }
        ensure!(rules.len() == 1, "{refusals:?}");
        let mut worker = self.builder(module).build()?.worker()?;
        for case in &self.events {
            // On one line: line breaks are only between tokens of JSON.
            let line = case.event.get().replace('\n', " ");
            let matching = worker.match_events(&Batch::new(line.as_bytes(), NOW_MS))?;
            let found = !matching.matches.is_empty();
            ensure!(Some(found) == case.matches, "{line}: found {found}");
        }
        Ok(())
    }
}
