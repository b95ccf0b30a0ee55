//! Exit codes, and the messages that go with them.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use firstseen_tests::data;
use firstseen_tests::events::{install, lines, other};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::{Ran, split};
use firstseen_tests::running::Running;

const AT: &str = "2026-11-24T11:59:00.000Z";

fn with_state(state: &Path) -> Result<Firstseen> {
    Ok(Firstseen::filter()?.arg("--state").arg(state))
}

fn assert_names(ran: &Ran, path: &Path, what: &str) {
    assert!(ran.stderr.contains(&*path.to_string_lossy()), "the path is missing: {}", ran.stderr);
    assert!(ran.stderr.contains(what), "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "something came out");
}

#[test]
fn a_state_that_is_none() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let state = scratch.path().join("notes.txt");
    let text = "just some notes\n".repeat(1000);
    fs::write(&state, &text)?;
    let ran = with_state(&state)?.run(b"{}\n")?.expect_code(2)?;
    assert_names(&ran, &state, "is not a state");
    assert!(fs::read_to_string(&state)? == text, "the file was changed");
    Ok(())
}

#[test]
fn a_state_in_a_folder_with_something_else() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    fs::write(scratch.path().join("notes.txt"), "just some notes\n")?;
    let ran = with_state(scratch.path())?.run(b"{}\n")?.expect_code(2)?;
    assert_names(&ran, scratch.path(), "is not a state");
    assert!(fs::read_dir(scratch.path())?.count() == 1, "something was made in it");
    Ok(())
}

#[test]
fn a_state_in_a_folder_that_is_missing() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let state = scratch.path().join("missing/seen");
    let ran = with_state(&state)?.run(b"{}\n")?.expect_code(2)?;
    assert_names(&ran, &state, "create its directory first");
    Ok(())
}

#[test]
fn a_state_in_use() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let state = scratch.path().join("seen");
    let mut first = with_state(&state)?.spawn()?;
    first.write(&lines([other(1)]))?;
    first.wait_for_stdout(|stdout| stdout.ends_with(b"\n"))?;
    let second = with_state(&state)?.run(b"{}\n")?.expect_code(2)?;
    assert_names(&second, &state, "is in use");
    first.finish()?.expect_code(0)?;
    with_state(&state)?.run(b"{}\n")?.expect_code(0)?;
    Ok(())
}

#[test]
fn wrong_usage() -> Result<()> {
    for (argument, named) in [
        ("--no-such-flag", "--no-such-flag"),
        ("--learn=5 parsecs", "--learn"),
        ("--call-timeout=-1s", "--call-timeout"),
        ("--now=yesterday", "--now"),
        ("--max-line=many", "--max-line"),
        ("--format=xml", "--format"),
    ] {
        let ran = Firstseen::new("filter")?.arg(argument).run(b"")?.expect_code(64)?;
        assert!(ran.stderr.contains(named), "{argument}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{argument}");
    }
    Firstseen::new("no-such-command")?.run(b"")?.expect_code(64)?;
    Ok(())
}

#[test]
fn help_and_version() -> Result<()> {
    let help = Firstseen::new("--help")?.run(b"")?.expect_code(0)?;
    assert!(help.text()?.contains("Exit status"), "{}", help.text()?);
    assert!(help.text()?.contains("64  wrong usage"), "{}", help.text()?);
    assert_eq!(help.stderr, "");
    for subcommand in ["filter", "match", "check", "rules", "test", "state", "module", "completions", "man"] {
        assert!(help.text()?.contains(&format!("\n  {subcommand} ")), "{subcommand} is not in the help");
        let help = Firstseen::new(subcommand)?.arg("--help").run(b"")?.expect_code(0)?;
        assert!(help.text()?.contains("Usage: firstseen"), "{}", help.text()?);
    }
    let version = Firstseen::new("--version")?.run(b"")?.expect_code(0)?;
    assert_eq!(version.text()?, concat!("firstseen ", env!("CARGO_PKG_VERSION"), "\n"));
    Ok(())
}

/// Reads the beginning of what a filter writes, then no more.
fn read_a_little(firstseen: Firstseen, events: &Path) -> Result<(Vec<u8>, Ran)> {
    let mut child = firstseen.stdin_file(events)?.into_command().stdout(Stdio::piped()).spawn()?;
    let mut stdout = child.stdout.take().context("no pipe")?;
    let mut beginning = vec![0; 8 << 10];
    let length = stdout.read(&mut beginning)?;
    beginning.truncate(length);
    drop(stdout);
    Ok((beginning, Running::new(child).finish()?))
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let events = scratch.path().join("events.ndjson");
    fs::write(&events, lines((0..50_000).map(other)))?;
    let (beginning, ran) = read_a_little(Firstseen::filter()?, &events)?;
    let ran = ran.expect_code(0)?;
    assert!(!beginning.is_empty());
    assert_eq!(ran.stderr.lines().count(), 1, "more than the summary: {}", ran.stderr);
    ran.count("events")?;

    let (_, quiet) = read_a_little(Firstseen::new("filter")?.args(["--summary", "none"]), &events)?;
    assert_eq!(quiet.expect_code(0)?.stderr, "");
    Ok(())
}

#[test]
fn what_a_reader_left_comes_in_the_next_run() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let (events, state) = (scratch.path().join("events.ndjson"), scratch.path().join("seen"));
    // The alerts are more than a pipe holds, so some of them are not taken.
    fs::write(&events, lines((0..80).map(|number| install(&format!("/opt/{number}/run"), AT))))?;
    let (beginning, ran) = read_a_little(with_state(&state)?.arg("--only-alerts"), &events)?;
    ran.expect_code(0)?;
    let rest = with_state(&state)?.arg("--only-alerts").stdin_file(&events)?.run(b"")?.expect_code(0)?;
    let mut alerts = split(&beginning).alerts;
    alerts.extend(rest.split().alerts);
    alerts.sort();
    alerts.dedup();
    assert_eq!(alerts.len(), 80, "{}", rest.stderr);
    assert!(rest.stderr.contains("alerts of an earlier run"), "{}", rest.stderr);
    Ok(())
}

#[test]
fn colours_and_progress_are_for_terminals() -> Result<()> {
    let events = data("dpkg-i-recorded.ndjson");
    let noisy = Firstseen::filter()?.args(["--max-line", "100"]).stdin_file(&events)?.run(b"")?.expect_code(1)?;
    assert!(noisy.stderr.contains("warning: line 1"), "{}", noisy.stderr);
    let wrong = with_state(Path::new("/"))?.run(b"")?.expect_code(2)?;
    assert!(wrong.stderr.contains("error: "), "{}", wrong.stderr);
    let usage = Firstseen::new("filter")?.arg("--no-such-flag").run(b"")?.expect_code(64)?;
    let help = Firstseen::new("--help")?.run(b"")?.expect_code(0)?;
    let cases = Firstseen::new("test")?.arg(data("dpkg")).run(b"")?.expect_code(0)?;
    for ran in [noisy, wrong, usage, help, cases] {
        for text in [&*ran.stderr, &String::from_utf8_lossy(&ran.stdout)] {
            assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
        }
    }
    Ok(())
}
