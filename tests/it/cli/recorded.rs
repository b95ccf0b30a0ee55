//! A recorded `dpkg -i`, from an empty state file and again.

use std::fs;

use anyhow::{Result, ensure};
use firstseen_tests::data;
use firstseen_tests::firstseen::Firstseen;

#[test]
fn alerts_the_first_time_only_and_passes_every_byte() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let state = scratch.path().join("seen");
    let events = fs::read(data("dpkg-i-recorded.ndjson"))?;
    for alerts in [1, 0] {
        let ran = Firstseen::filter()?.arg("--state").arg(&state).run(&events)?.expect_code(0)?;
        let split = ran.split();
        ensure!(split.alerts.len() == alerts, "{} alerts instead of {alerts}", split.alerts.len());
        assert!(split.events == events, "the events came out changed");
        assert_eq!(ran.count("alerts")?, alerts as u64);
        assert_eq!(ran.count("bytes")?, events.len() as u64);
    }
    Ok(())
}

#[test]
fn the_alert_follows_its_event() -> Result<()> {
    let events = fs::read(data("dpkg-i-recorded.ndjson"))?;
    let ran = Firstseen::filter()?.run(&events)?.expect_code(0)?;
    let text = ran.text()?;
    let place = text.lines().position(|line| line.contains("\"kibana.alert.uuid\""));
    let install = text.lines().position(|line| line.contains("\"name\":\"dpkg\",\"args\":[\"dpkg\",\"--root"));
    assert_eq!(install.map(|install| install + 1), place);
    Ok(())
}
