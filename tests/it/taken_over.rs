//! The state file of an earlier version, from `tests/data/state-0.1`: what was
//! known stays known, what waits is handed over.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use firstseen_tests::data;
use firstseen_tests::firstseen::Firstseen;
use serde_json::{Value, json};

#[test]
fn a_state_that_was_closed() -> Result<()> {
    check("closed")
}

#[test]
fn a_state_whose_process_was_killed() -> Result<()> {
    ensure!(folder("killed").join("state.journal-2").is_file(), "it has no journal");
    check("killed")
}

fn folder(name: &str) -> PathBuf {
    data("state-0.1").join(name)
}

fn objects(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

fn check(name: &str) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    for entry in fs::read_dir(folder(name))? {
        let entry = entry?;
        fs::copy(entry.path(), scratch.path().join(entry.file_name()))?;
    }
    let alerts = run(&scratch.path().join("state"))?;
    let parsed: Vec<Value> = alerts.iter().map(|alert| serde_json::from_str(alert)).collect::<Result<_, _>>()?;
    let waiting = objects(&folder("outbox.ndjson"))?;
    ensure!(!waiting.is_empty() && waiting.len() < parsed.len(), "{} of {} alerts waited", waiting.len(), parsed.len());
    let ids: Vec<Value> = parsed
        .iter()
        .map(|alert| json!({"rule_id": alert["kibana.alert.rule.rule_id"], "id": alert["kibana.alert.uuid"]}))
        .collect();
    ensure!(ids.starts_with(&waiting), "what waits does not come first: {ids:?}");

    let known = objects(&folder("known.ndjson"))?;
    for alert in parsed.iter().skip(waiting.len()) {
        let is_about = |known: &Value| {
            let Some(terms) = known["terms"].as_object() else { return false };
            known["rule_id"] == alert["kibana.alert.rule.rule_id"]
                && terms.values().eq(alert["kibana.alert.new_terms"].as_array().into_iter().flatten())
        };
        ensure!(!known.iter().any(is_about), "what is known raised {alert}");
    }
    let expected = fs::read_to_string(folder("expected.ndjson"))?;
    let expected: Vec<&str> = expected.lines().collect();
    assert_eq!(alerts, expected);

    // All of it is known now.
    ensure!(run(&scratch.path().join("state"))?.is_empty(), "a second run raises alerts again");
    Ok(())
}

/// The alerts of a run on the events that come next.
fn run(state: &Path) -> Result<Vec<String>> {
    let command =
        Firstseen::new("filter")?.args(["--clock", "event", "--now", "2026-11-24T12:10:00Z", "--only-alerts"]);
    let command = command.arg("--rules").arg(folder("rules")).arg("--state").arg(state);
    let ran = command.stdin_file(&folder("next.ndjson"))?.run(b"")?.expect_code(0)?;
    Ok(ran.text()?.lines().map(str::to_owned).collect())
}
