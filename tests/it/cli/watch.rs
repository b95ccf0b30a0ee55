//! How a run that goes on tells how it fares.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::Result;
use firstseen_tests::events::{install, lines, other};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::running::{Running, wait_for};
use serde_json::Value;

const AT: &str = "2026-11-24T11:59:00.000Z";

/// A running filter through which one event and one line that is none have passed.
fn running(options: &[&str]) -> Result<Running> {
    let mut running = Firstseen::filter()?.args(options).spawn()?;
    running.write(&lines([install("/usr/bin/a", AT), cut_off()]))?;
    running.wait_for_stdout(|stdout| String::from_utf8_lossy(stdout).lines().any(|line| line == cut_off()))?;
    Ok(running)
}

/// An event that ends too early, where a rule reads on.
fn cut_off() -> String {
    install("/usr/bin/b", AT).trim_end_matches('}').to_owned()
}

fn counts_of(text: &str, name: &str) -> Option<u64> {
    serde_json::from_str::<Value>(text).ok()?.get(name)?.as_u64()
}

#[test]
fn a_line_says_what_is_not_as_it_should_be() -> Result<()> {
    let mut running = Firstseen::filter()?.args(["--report-every", "100ms", "--only-alerts"]).spawn()?;
    running.write(&lines([other(1)]))?;
    running.write(&lines([cut_off()]))?;
    running.wait_for_stderr(|stderr| stderr.contains("1 not judged (1 in all), 1 malformed (1 in all)"))?;
    running.write(&lines([format!("[{}]", install("/usr/bin/c", AT))]))?;
    let stderr = running.wait_for_stderr(|stderr| stderr.contains("1 malformed (2 in all)"))?;
    // Nothing happened in between, and so nothing was said.
    assert_eq!(stderr.matches(" in all)").count(), 3, "{stderr}");
    running.finish()?.expect_code(1)?;
    Ok(())
}

#[test]
fn a_signal_prints_the_counts() -> Result<()> {
    let running = running(&[])?;
    running.signal("USR1")?;
    running.wait_for_stderr(|stderr| stderr.lines().any(|line| counts_of(line, "events") == Some(2)))?;
    running.finish()?.expect_code(1)?;
    Ok(())
}

#[test]
fn a_file_has_the_counts() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let stats = scratch.path().join("stats.json");
    let running = running(&["--stats", &stats.to_string_lossy()])?;
    running.finish()?.expect_code(1)?;
    let text = fs::read_to_string(&stats)?;
    for (name, count) in [("events", 2), ("unjudged", 1), ("terms", 2), ("waiting_alerts", 0), ("lost", 0)] {
        assert_eq!(counts_of(&text, name), Some(count), "{name} in {text}");
    }
    let nowhere = scratch.path().join("nowhere/stats.json");
    let ran = Firstseen::filter()?.arg("--stats").arg(&nowhere).run(b"")?.expect_code(2)?;
    assert!(ran.stderr.contains("--stats"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn nothing_is_replaced_by_the_counts() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [file, folder] = ["file", "folder"].map(|name| scratch.path().join(name));
    fs::write(&file, "precious")?;
    fs::create_dir(&folder)?;
    for place in [format!("unix:{}", file.display()), folder.display().to_string()] {
        let ran = Firstseen::filter()?.args(["--stats", &place]).run(b"")?.expect_code(2)?;
        assert!(ran.stderr.contains("--stats"), "{}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(&file)?, "precious");
    for wrong in ["", "-", "unix:"] {
        Firstseen::filter()?.args(["--stats", wrong]).run(b"")?.expect_code(64)?;
    }
    Ok(())
}

fn ask(path: &Path) -> Result<String> {
    let mut answer = String::new();
    UnixStream::connect(path)?.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_socket_answers_with_the_counts() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let socket = scratch.path().join("stats");
    let place = format!("unix:{}", socket.display());
    let first = running(&["--stats", &place])?;
    wait_for(|| Ok(counts_of(&ask(&socket)?, "events") == Some(2)))?;
    let second = Firstseen::filter()?.args(["--stats", &place]).run(b"")?.expect_code(2)?;
    assert!(second.stderr.contains("--stats"), "{}", second.stderr);
    // A dead process leaves its socket, which is nobody's then.
    drop(first.kill()?);
    assert!(socket.exists());
    let third = running(&["--stats", &place])?;
    assert!(ask(&socket)?.contains("\"events\""));
    third.finish()?.expect_code(1)?;
    assert!(!socket.exists());
    Ok(())
}
