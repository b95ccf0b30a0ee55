//! A stream that stays open.

use std::path::Path;

use anyhow::Result;
use firstseen_tests::events::{install, lines, other};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::split;
use firstseen_tests::running::wait_for;

const AT: &str = "2026-11-24T11:59:00.000Z";

fn with_state(state: &Path) -> Result<Firstseen> {
    Ok(Firstseen::filter()?.arg("--state").arg(state))
}

#[test]
fn an_event_comes_out_with_its_alert_before_the_next_one() -> Result<()> {
    let mut running = Firstseen::filter()?.spawn()?;
    let mut written = Vec::new();
    for (number, parent) in ["/usr/bin/a", "/usr/bin/b", "/usr/bin/c"].into_iter().enumerate() {
        let event = lines([install(parent, AT)]);
        running.write(&event)?;
        written.extend_from_slice(&event);
        // Nothing more is written until both are there.
        let stdout = running.wait_for_stdout(|stdout| {
            let split = split(stdout);
            split.alerts.len() > number && split.events.len() >= written.len()
        })?;
        let split = split(&stdout);
        assert_eq!(split.alerts.len(), number + 1);
        assert!(split.events == written);
    }
    running.finish()?.expect_code(0)?;
    Ok(())
}

#[test]
fn an_alert_file_is_written_as_promptly() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let alerts = scratch.path().join("alerts.ndjson");
    let mut running = Firstseen::filter()?.arg("--alerts").arg(&alerts).spawn()?;
    running.write(&lines([install("/usr/bin/a", AT)]))?;
    running.wait_for_stdout(|stdout| !stdout.is_empty())?;
    // Nothing else comes, and the input stays open.
    wait_for(|| Ok(split(&std::fs::read(&alerts)?).alerts.len() == 1))?;
    running.finish()?.expect_code(0)?;
    Ok(())
}

#[test]
fn signals_end_the_input_and_nothing_else() -> Result<()> {
    for signal in ["TERM", "INT"] {
        let scratch = tempfile::tempdir()?;
        let state = scratch.path().join("seen");
        let mut running = with_state(&state)?.spawn()?;
        // In one write, so that what is unfinished has been read once the
        // finished line is out.
        let event = lines([install("/usr/bin/a", AT)]);
        let unfinished = install("/usr/bin/b", AT);
        running.write(&[&*event, unfinished.as_bytes()].concat())?;
        running.wait_for_stdout(|stdout| !split(stdout).alerts.is_empty())?;
        running.signal(signal)?;
        let ran = running.wait()?.expect_code(0)?;
        let split = ran.split();
        assert_eq!(split.alerts.len(), 2, "{signal}");
        assert_eq!(split.events, [&*event, unfinished.as_bytes(), b"\n"].concat(), "{signal}");
        assert_eq!(ran.count("events")?, 2, "{signal}");

        let again = with_state(&state)?.run(&lines([install("/usr/bin/a", AT), install("/usr/bin/b", AT)]))?;
        assert_eq!(again.expect_code(0)?.count("alerts")?, 0, "{signal}: the state was not kept");
    }
    Ok(())
}

#[test]
fn a_signal_loses_nothing_that_was_written_before() -> Result<()> {
    for _ in 0..5 {
        let mut running = Firstseen::filter()?.spawn()?;
        running.write(&lines([other(1)]))?;
        running.wait_for_stdout(|stdout| !stdout.is_empty())?;
        // Still in the pipe, perhaps, when the signal comes.
        running.write(&lines([other(2)]))?;
        running.signal("TERM")?;
        let ran = running.wait()?.expect_code(0)?;
        assert_eq!(String::from_utf8(ran.stdout)?, String::from_utf8(lines([other(1), other(2)]))?);
    }
    Ok(())
}
