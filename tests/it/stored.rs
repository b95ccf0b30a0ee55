//! What engines store is judged: the documents of `tests/data/stored/`.

use std::fs;

use anyhow::{Result, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::golden;
use firstseen_tests::stored::{documents, rule};
use serde_json::{Map, Value};

/// Each document that a query finds in an engine has an alert of the rule with
/// that query, or one that says why it was not judged in full:
/// `tests/data/golden/stored-not-judged.json`.
#[test]
fn no_document_that_an_engine_stores_goes_unseen() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("rule.json");
    fs::write(&path, rule().to_string())?;
    let documents = documents()?;
    ensure!(documents.len() > 150, "only {} documents", documents.len());

    let (mut not_judged, mut unseen) = (Map::new(), Vec::new());
    for (name, document) in &documents {
        // One by one: in whatever form it comes, the same event alerts once.
        let ran = Firstseen::filter()?.args(["--only-alerts", "--rules"]).arg(&path).run(document)?;
        let alerts = ran.alerts()?;
        if alerts.iter().any(|alert| alert.get("kibana.alert.rule.rule_id") == rule().get("rule_id")) {
            continue;
        }
        match alerts.first().and_then(|alert| alert.get("firstseen.unjudged.reason")) {
            Some(reason) => drop(not_judged.insert(name.clone(), reason.clone())),
            None => unseen.push(name),
        }
    }
    ensure!(unseen.is_empty(), "unseen: {unseen:#?}");
    golden::check("stored-not-judged", &Value::Object(not_judged))
}
