//! Components that do not come back from a call.

use std::fs;

use anyhow::Result;
use firstseen_tests::firstseen::Firstseen;

use super::{component, filter_with, some_lines};

/// A component that fails at every batch is switched off, loudly; the events
/// pass on to the end.
fn assert_switched_off(behaviour: &str, because: &str) -> Result<()> {
    let ran = filter_with(behaviour, &[], &some_lines(3000))?.expect_code(2)?;
    assert!(ran.stderr.contains(because), "{}", ran.stderr);
    assert!(ran.stderr.contains("DETECTION IS OFF"), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("DETECTION IS OFF").count(), 1, "{}", ran.stderr);
    assert_eq!((ran.count("events")?, ran.count("unjudged")?, ran.count("alerts")?), (3000, 3000, 0));
    assert!(ran.stderr.lines().count() < 20, "too much: {}", ran.stderr);
    Ok(())
}

/// A few failures are told and counted, and do not switch it off.
fn assert_told(behaviour: &str, because: &str) -> Result<()> {
    let ran = filter_with(behaviour, &[], &some_lines(2))?.expect_code(1)?;
    let told = ran.stderr.lines().find(|line| line.contains("line 1: passed on, not judged"));
    assert!(told.is_some_and(|line| line.contains(because)), "{}", ran.stderr);
    assert_eq!((ran.count("events")?, ran.count("unjudged")?), (2, 2));
    Ok(())
}

#[test]
fn an_endless_evaluate() -> Result<()> {
    assert_told("endless-evaluate", "took too long")?;
    assert_switched_off("endless-evaluate", "took too long")
}

#[test]
fn a_memory_bomb() -> Result<()> {
    assert_told("memory-bomb", "used too much memory")?;
    assert_switched_off("memory-bomb", "used too much memory")
}

#[test]
fn a_stack_overflow() -> Result<()> {
    assert_told("stack-overflow", "stack overflowed")?;
    assert_switched_off("stack-overflow", "stack overflowed")
}

#[test]
fn a_panic() -> Result<()> {
    // Its last words say more than the trap.
    assert_told("panic", "the module panicked: out of cheese")?;
    assert_switched_off("panic", "the module panicked: out of cheese")
}

#[test]
fn the_summary_for_people_shouts_too() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("module.wasm");
    fs::write(&path, component::with_behaviour("panic")?)?;
    let ran = Firstseen::new("filter")?.arg("--module").arg(&path).run(&some_lines(2))?.expect_code(1)?;
    assert!(ran.stderr.contains("2 NOT JUDGED"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn memory_is_what_was_granted() -> Result<()> {
    let ran = filter_with("well-behaved", &["--call-memory", "64KiB"], b"")?;
    // It is larger than that from the start, so it cannot even begin.
    assert_eq!(ran.code()?, 2);
    assert!(ran.stderr.contains("could not be started"), "{}", ran.stderr);
    assert!(ran.stderr.contains("too much memory"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn an_endless_configure() -> Result<()> {
    let ran = filter_with("endless-configure", &[], b"")?.expect_code(2)?;
    assert!(ran.stderr.contains("could not be started: the module took too long"), "{}", ran.stderr);
    Ok(())
}

/// `module` describes a component without loading rules.
#[test]
fn an_endless_configure_can_still_be_described() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("module.wasm");
    fs::write(&path, component::with_behaviour("endless-configure")?)?;
    let ran = Firstseen::new("module")?.arg("--module").arg(&path).run(b"")?;
    assert!(ran.expect_code(0)?.text()?.contains("\"name\": \"test\""));
    Ok(())
}
