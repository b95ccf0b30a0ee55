//! `eql-stage-verdicts.ndjson` of the shared corpus: which document each stage
//! of Elastic's sequences and samples accepts, asked as an event query.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, ensure};
use firstseen_eql::ast::QueryKind;
use firstseen_guest::Engine;
use firstseen_guest::engine::{Context, Documents, Settings};
use firstseen_tests::events::files_of_events;
use firstseen_tests::needs::corpus;
use firstseen_tests::{files_below, say};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

/// A stage by its rule and its number, and a line of a document file.
type Pair = ((String, usize), (String, u64));

/// A line of the verdicts: what a stage accepts. Lines count from 1.
#[derive(Deserialize)]
struct Verdict {
    rule_id: String,
    stage: usize,
    docs: std::collections::BTreeMap<String, Vec<u64>>,
}

/// An item of a sequence or a sample as a rule of its own.
struct Stage {
    rule_id: String,
    /// From 0, as the items stand.
    number: usize,
    rule: Value,
}

#[test]
fn stages_accept_what_a_real_engine_accepts() -> Result<()> {
    let (Some(verdicts), Some(rules), Some(events)) =
        (corpus("eql-stage-verdicts.ndjson")?, corpus("elastic")?, corpus("events")?)
    else {
        return Ok(());
    };
    let mut listed: BTreeSet<Pair> = BTreeSet::new();
    for line in fs::read_to_string(&verdicts)?.lines() {
        let Verdict { rule_id, stage, docs } = serde_json::from_str(line)?;
        let places = docs.into_iter().flat_map(|(file, lines)| lines.into_iter().map(move |line| (file.clone(), line)));
        listed.extend(places.map(|place| ((rule_id.clone(), stage), place)));
    }
    let mut stages = Vec::new();
    for path in files_below(&rules, "toml")? {
        stages.extend(stages_of(&path).with_context(|| path.display().to_string())?);
    }
    let files = files_of_events(&events)?;
    let found = matches(&stages, &events, &files)?;
    let failure = |pair: &Pair| {
        let what = if found.contains(pair) { "accepts and should not" } else { "should accept and does not" };
        let ((rule_id, stage), (file, line)) = pair;
        format!("stage {stage} of {rule_id} {what}: {file} line {line}")
    };
    let failures: Vec<String> = found.symmetric_difference(&listed).map(failure).collect();
    say(&format!(
        "{} stages, {} files of events: {} accepted, {} failed",
        stages.len(),
        files.len(),
        found.len(),
        failures.len()
    ))?;
    ensure!(!stages.is_empty() && failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// The stages of a rule of detection-rules; none of one that asks for single
/// events, or is of another type.
fn stages_of(path: &Path) -> Result<Vec<Stage>> {
    let text = fs::read_to_string(path)?;
    let document = DeTable::parse(&text).map_err(|error| anyhow!("{error}"))?;
    let Some(rule) = document.get_ref().get("rule").and_then(|rule| rule.get_ref().as_table()) else {
        return Ok(Vec::new());
    };
    let member = |name: &str| rule.get(name).map(|value| value.get_ref()).and_then(DeValue::as_str);
    if member("type") != Some("eql") {
        return Ok(Vec::new());
    }
    let rule_id = member("rule_id").context("no `rule_id`")?;
    let query = member("query").context("no `query`")?;
    let items = match firstseen_eql::parse(query).map_err(|error| anyhow!(error.render(query)))?.kind {
        QueryKind::Sequence(sequence) => sequence.items,
        QueryKind::Sample(sample) => sample.items,
        _ => Vec::new(),
    };
    let stage = |(number, item): (usize, firstseen_eql::ast::Item)| {
        let mut rule = json!({
            "rule_id": format!("{rule_id}#{number}"), "name": "stage", "type": "eql", "language": "eql",
            "query": item.filter.to_string(), "severity": "low", "risk_score": 0,
        });
        if let (Some(object), Some(field)) = (rule.as_object_mut(), member("event_category_override")) {
            object.insert("event_category_override".to_owned(), json!(field));
        }
        Stage { rule_id: rule_id.to_owned(), number, rule }
    };
    Ok(items.into_iter().enumerate().map(stage).collect())
}

/// What the stages accept of the files below a folder.
fn matches(stages: &[Stage], folder: &Path, files: &[std::path::PathBuf]) -> Result<BTreeSet<Pair>> {
    let rules = stages.iter().map(|stage| (stage.rule_id.clone(), stage.rule.to_string())).collect();
    let (mut engine, reports) = Engine::new(&Documents::of_rules(rules), Settings::default());
    let refusals: Vec<String> = reports
        .rules
        .iter()
        .filter_map(|report| report.as_ref().err())
        .map(|refusal| format!("{:?}: {}", refusal.rule_id, refusal.error))
        .collect();
    // All of them run, so that the places of the rules are those of the stages.
    ensure!(refusals.is_empty(), "{} of {} are refused: {}", refusals.len(), stages.len(), refusals.join("\n"));
    let mut found = BTreeSet::new();
    for path in files {
        let name = path.strip_prefix(folder)?.to_str().context("a name in UTF-8")?;
        let matching = engine.match_events(&fs::read_to_string(path)?, &Context::at(0))?;
        for (line, rule) in matching.matches {
            let stage = stages.get(rule as usize).context("a rule that was not loaded")?;
            found.insert(((stage.rule_id.clone(), stage.number), (name.to_owned(), u64::from(line) + 1)));
        }
    }
    Ok(found)
}
