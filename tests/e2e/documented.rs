//! The script of `docs/alerts.md`, as it stands there.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::{install, lines};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::missing;
use firstseen_tests::repository;

use crate::elasticsearch::with_elasticsearch;
use crate::mappings::{ALERTS, kibana_alerts};

/// An alert that the index refuses.
const REFUSED: &str = r#"{"kibana.alert.uuid":"refused","@timestamp":"yesterday"}"#;

#[test]
fn the_script_stores_alerts_and_keeps_what_is_refused() -> Result<()> {
    for tool in ["curl", "jq"] {
        if Command::new(tool).arg("--version").output().is_err() {
            return missing(format_args!("{tool} is not installed"));
        }
    }
    let page = fs::read_to_string(repository("docs/alerts.md"))?;
    let (_, from_script) = page.split_once("```sh\n").context("no script")?;
    let (script, _) = from_script.split_once("```").context("a script without end")?;

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("alerts.ndjson");
    let events = (0..20).map(|number| install(&format!("/bin/parent-{number}"), "2026-11-24T12:00:00.000Z"));
    let ran = Firstseen::filter()?.arg("--only-alerts").run(&lines(events))?.expect_code(0)?;
    fs::write(&file, format!("{}{REFUSED}\n", ran.text()?))?;

    with_elasticsearch(|node| {
        if !kibana_alerts(node)? {
            return Ok(());
        }
        let store = |target: &str| -> Result<(bool, String)> {
            let mut command = Command::new("sh");
            command.args(["-c", script, "store-alerts.sh"]).arg(&file).args([node.url(), target, "kibana.alert.uuid"]);
            let output = command.output()?;
            Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
        };
        // The second time all are known.
        for _ in 0..2 {
            let (succeeded, said) = store(&format!("{ALERTS}/_bulk?require_alias=true"))?;
            ensure!(succeeded && said.starts_with("[400,"), "{said}");
            ensure!(node.count(ALERTS)? == 20, "not every alert is there");
        }
        let refused = fs::read_to_string(folder.path().join("alerts.ndjson.refused"))?;
        ensure!(refused == format!("{REFUSED}\n").repeat(2), "kept: {refused}");

        let (succeeded, said) = store("no-alias/_bulk?require_alias=true")?;
        ensure!(!succeeded && said.starts_with("[404,"), "{said}");
        println!("the script of docs/alerts.md: 20 alerts stored, 1 kept that was refused");
        Ok(())
    })
}
