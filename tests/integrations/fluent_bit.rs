//! Fluent Bit's wasm filter, with rules baked into the scalar plain module.

mod alerts;
mod baking;
mod host;
mod hostile;
mod memory;

use std::path::Path;

use anyhow::{Context, Result};
use firstseen_tests::firstseen::Firstseen;
use serde_json::Value;

/// A module that is baked with these options.
fn bake(options: &[&str]) -> Result<Vec<u8>> {
    let ran = Firstseen::new("module")?.args(["bake", "--output", "-"]).args(options).run(b"")?;
    Ok(ran.expect_code(0)?.stdout)
}

/// A rule that runs, in a file of a folder.
fn write_rule(folder: &Path, rule: &Value) -> Result<String> {
    let path = folder.join(format!("{}.json", rule["rule_id"].as_str().context("no id")?));
    std::fs::write(&path, rule.to_string())?;
    Ok(path.to_str().context("no text")?.to_owned())
}

/// A new-terms rule on a field.
fn new_terms(rule_id: &str, field: &str) -> Value {
    serde_json::json!({
        "type": "new_terms", "rule_id": rule_id, "name": rule_id, "risk_score": 1, "severity": "low",
        "description": "d", "query": format!("{field}: *"), "index": ["logs-*"], "new_terms_fields": [field],
        "history_window_start": "now-5d",
    })
}

/// The member that the module put into a record.
fn said(record: &[u8]) -> Result<Value> {
    let record: Value = serde_json::from_str(&String::from_utf8_lossy(record))?;
    Ok(record.get("firstseen").context("nothing is said")?.clone())
}

/// The ids of the alerts in a record.
fn ids(record: &[u8]) -> Vec<String> {
    let alerts = said(record).ok().and_then(|said| said.get("alerts")?.as_array().cloned()).unwrap_or_default();
    alerts.iter().filter_map(|alert| Some(alert.get("id")?.as_str()?.to_owned())).collect()
}

/// A record without what the first one says of the start.
fn without_start(record: &[u8]) -> Vec<u8> {
    let start = br#","firstseen":{"started":"#;
    let at = record.windows(start.len()).position(|part| part == start);
    let before = at.and_then(|at| record.get(..at));
    before.map_or_else(|| record.to_vec(), |before| [before, b"}"].concat())
}
