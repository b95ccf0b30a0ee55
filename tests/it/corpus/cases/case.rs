//! A case as the file has it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::generated;

#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) kind: String,
    /// Kibana rule JSON with what a rule needs left out, and its exception items
    /// as `exceptions`; of a `unit` case the function and its input.
    pub(super) rule: Map<String, Value>,
    #[serde(default)]
    events: Vec<Event>,
    #[serde(default)]
    generated_events: Value,
    #[serde(default)]
    now: Option<String>,
    #[serde(default)]
    executions: Vec<Execution>,
    /// Field to type, or to a mapping.
    #[serde(default)]
    pub(super) mappings: BTreeMap<String, Value>,
    #[serde(default)]
    runtime_fields: Value,
    #[serde(default)]
    notes: String,
    pub(super) expected: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Event {
    #[serde(rename = "_index")]
    pub(super) index: String,
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(rename = "_source")]
    pub(super) source: Map<String, Value>,
    #[serde(default)]
    pub(super) visible_at: Option<String>,
}

/// `then_close_all` is not read: only suppression asks whether an alert is
/// closed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Execution {
    pub(super) now: String,
    /// What a manual run looks at.
    #[serde(default)]
    pub(super) manual: Option<(String, String)>,
    /// Fields of the rule that are others from here on; null takes one away.
    #[serde(default)]
    pub(super) rule_override: Map<String, Value>,
}

impl Case {
    /// Why it is not run, if it is not.
    pub(super) fn skip(&self) -> Option<&'static str> {
        let suppresses =
            |rule: &Map<String, Value>| rule.get("alert_suppression").is_some_and(|value| !value.is_null());
        let overrides = self.executions.iter().map(|execution| &execution.rule_override);
        if suppresses(&self.rule) || overrides.into_iter().any(suppresses) {
            return Some("alert suppression is not supported");
        }
        (!self.runtime_fields.is_null()).then_some("runtime fields of data views are not supported")
    }

    /// Whether it shows what Kibana does wrong and nobody else should.
    pub(super) fn is_defect(&self) -> bool {
        self.notes.starts_with("Quirk of Kibana") || self.expected.get("rule_error") == Some(&Value::Bool(true))
    }

    /// The function that a `unit` case is about.
    pub(super) fn function(&self) -> Option<&str> {
        self.rule.get("input")?.get("fn")?.as_str()
    }

    /// The events, also those that are described only.
    pub(super) fn events(&self) -> Result<Vec<Event>> {
        let mut events = self.events.clone();
        if !self.generated_events.is_null() {
            let patterns = self.rule.get("index").and_then(|index| index.get(0)?.as_str());
            let index = patterns.unwrap_or("logs").replace('*', "x");
            events.extend(generated::events(&self.generated_events, &index)?);
        }
        Ok(events)
    }

    /// When the rule runs: as the case says, else once.
    pub(super) fn executions(&self) -> Result<Vec<Execution>> {
        if !self.executions.is_empty() {
            return Ok(self.executions.clone());
        }
        let now = self.now.clone().context("the case has no time")?;
        Ok(vec![Execution { now, manual: None, rule_override: Map::new() }])
    }
}
