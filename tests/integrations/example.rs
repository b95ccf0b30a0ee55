//! The examples of integrations: a filter of events, each in its language.

use std::fs::File;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use firstseen_tests::data;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::running::Running;
use serde_json::Value;

/// The filter of an integration, which reads recorded installs, has the alerts of
/// `firstseen filter`.
pub(super) fn alerts_as_the_command_does(filter: &mut Command) -> Result<()> {
    let recorded = data("dpkg-i-recorded.ndjson");
    filter.stdin(File::open(&recorded)?).stdout(Stdio::piped()).stderr(Stdio::piped());
    let theirs = Running::new(filter.spawn()?).finish()?.expect_code(0)?.alerts()?;
    let ours = Firstseen::filter()?.args(["--clock", "event", "--only-alerts"]).stdin_file(&recorded)?.run(b"")?;
    let expected = ids(&ours.expect_code(0)?.alerts()?).context("an alert has no id")?;
    ensure!(!expected.is_empty(), "nothing alerts");
    assert_eq!(ids(&theirs), Some(expected));
    Ok(())
}

fn ids(alerts: &[Value]) -> Option<Vec<String>> {
    alerts.iter().map(|alert| Some(alert.get("kibana.alert.uuid")?.as_str()?.to_owned())).collect()
}
