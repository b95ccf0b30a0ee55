//! Components that mean harm, or are none. Whatever they do, `firstseen` says
//! what is wrong, does not crash, and passes the events on.

mod answers;
mod component;
mod eql;
mod events;
mod poison;
mod refused;
mod rules;
mod traps;

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::lines;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::Ran;

/// Lines, every third of which the test module's rule matches.
fn some_lines(count: usize) -> Vec<u8> {
    let line = |number| match number % 3 {
        0 => format!("{{\"match\":\"#{number}\"}}"),
        _ => format!("{{\"number\":{number}}}"),
    };
    lines((0..count).map(line))
}

/// Runs a filter with a component of a behaviour and makes sure that the events
/// came out as they went in, whatever else happened.
fn filter_with(behaviour: &str, arguments: &[&str], input: &[u8]) -> Result<Ran> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("module.wasm");
    std::fs::write(&path, component::with_behaviour(behaviour)?)?;
    let firstseen = Firstseen::filter()?.args(["--call-timeout", "200ms", "--load-timeout", "2s"]).args(arguments);
    let ran = firstseen.arg("--module").arg(&path).run(input)?;
    let code = ran.code().with_context(|| format!("{behaviour} crashed it"))?;
    ensure!((0..=2).contains(&code), "{behaviour}: exit code {code}; it said: {}", ran.stderr);
    ensure!(ran.split().events == input, "{behaviour}: the events came out changed");
    Ok(ran)
}

/// The hand-written module itself is right, so that what the other tests see
/// comes from its behaviours.
#[test]
fn a_well_behaved_component_runs() -> Result<()> {
    let ran = filter_with("well-behaved", &[], &some_lines(300))?.expect_code(0)?;
    assert_eq!((ran.count("events")?, ran.count("alerts")?, ran.count("unjudged")?), (300, 100, 0));
    assert_eq!(ran.split().alerts.len(), 100);
    let text = ran.text()?;
    let places = text.lines().enumerate().filter(|(_, line)| line.contains("kibana.alert.uuid"));
    let first: Vec<usize> = places.map(|(place, _)| place).take(3).collect();
    assert_eq!(first, [1, 5, 9], "the alerts do not follow their events");
    Ok(())
}
