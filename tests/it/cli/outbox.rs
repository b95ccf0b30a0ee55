//! Alerts that wait for their file, and how they get there.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use firstseen_tests::events::{install, lines};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::{Ran, id_of};
use firstseen_tests::running::{Running, wait_for};
use serde_json::json;

const AT: &str = "2026-11-24T11:59:00.000Z";

/// Installs by so many parents, each an alert.
fn installs(parents: std::ops::Range<usize>) -> Vec<u8> {
    lines(parents.map(|parent| install(&format!("/usr/bin/parent-{parent}"), AT)))
}

/// The ids of the alerts in a file, each of them there once; none if it is not there.
fn ids(path: &Path) -> Result<BTreeSet<String>> {
    if !path.is_file() {
        return Ok(BTreeSet::new());
    }
    let text = fs::read_to_string(path)?;
    let ids: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(id_of).collect::<Result<_>>()?;
    let once: BTreeSet<String> = ids.iter().cloned().collect();
    ensure!(once.len() == ids.len(), "an alert came twice: {ids:?}");
    Ok(once)
}

/// A running filter with its alerts in a file.
fn running(alerts: &Path) -> Result<Running> {
    Firstseen::filter()?.arg("--alerts").arg(alerts).spawn()
}

/// Writes events and waits until they are out.
fn pass(running: &mut Running, events: &[u8], all: &mut Vec<u8>) -> Result<()> {
    running.write(events)?;
    all.extend_from_slice(events);
    let wanted = all.len();
    running.wait_for_stdout(|stdout| stdout.len() >= wanted)?;
    Ok(())
}

fn has_ids(path: &Path, count: usize) -> impl Fn() -> Result<bool> {
    let path = path.to_owned();
    move || Ok(ids(&path).map_or(0, |ids| ids.len()) == count)
}

#[test]
fn alerts_are_written_as_soon_as_their_file_takes_them() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let alerts = scratch.path().join("alerts.ndjson");
    let (mut running, mut all) = (running(&alerts)?, Vec::new());
    pass(&mut running, &installs(0..1), &mut all)?;
    wait_for(has_ids(&alerts, 1))?;
    fs::rename(&alerts, alerts.with_extension("1"))?;
    fs::create_dir(&alerts)?;
    pass(&mut running, &installs(1..4), &mut all)?;
    running.wait_for_stderr(|stderr| stderr.contains("ALERTS ARE NOT WRITTEN"))?;
    pass(&mut running, &installs(4..6), &mut all)?;
    fs::remove_dir(&alerts)?;
    // Nothing else happens: it is tried again by itself.
    wait_for(has_ids(&alerts, 5))?;
    running.wait_for_stderr(|stderr| stderr.contains("alerts are written again"))?;
    let ran = running.finish()?.expect_code(0)?;
    assert_eq!(ran.count("alerts")?, 6);
    assert_eq!(ids(&alerts.with_extension("1"))?.len(), 1);
    Ok(())
}

#[test]
fn a_full_outbox_puts_new_terms_off_and_drops_nothing() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [state, alerts] = ["seen", "alerts.ndjson"].map(|name| scratch.path().join(name));
    let run = |alerts: &Path| -> Result<Ran> {
        let firstseen = Firstseen::filter()?.args(["--outbox-max", "3", "--jobs", "1"]).arg("--state").arg(&state);
        firstseen.arg("--alerts").arg(alerts).run(&installs(0..5))
    };
    let full = run(Path::new("/dev/full"))?.expect_code(2)?;
    assert_eq!((full.count("alerts")?, full.count("deferred_by_outbox")?, full.count("lost")?), (3, 2, 0));
    assert!(full.stderr.contains("3 alerts were not written, they wait in the state"), "{}", full.stderr);
    // Nothing more than what waits is kept.
    let again = run(Path::new("/dev/full"))?.expect_code(2)?;
    assert_eq!(again.count("deferred_by_outbox")?, 2);
    let first = run(&alerts)?;
    let first = match first.count("deferred_by_outbox")? {
        // The file may have been faster than the events, or not.
        0 => first.expect_code(0)?,
        _ => run(&alerts)?.expect_code(0)?,
    };
    assert!(first.count("alerts")? >= 2, "{}", first.stderr);
    assert_eq!(ids(&alerts)?.len(), 5);
    Ok(())
}

#[test]
fn alerts_of_a_query_that_find_no_room_are_counted_by_rule() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rule = |id: &str, query: &str| {
        json!({"rule_id": id, "name": id, "type": "query", "language": "kuery", "query": query, "index": ["*"],
            "risk_score": 1, "severity": "low", "enabled": true, "interval": "5m", "from": "now-6m", "max_signals": 100})
    };
    let rules = scratch.path().join("rules.ndjson");
    fs::write(&rules, format!("{}\n{}\n", rule("all", "process.name: *"), rule("some", "process.name: dpkg")))?;
    let firstseen =
        Firstseen::filter()?.args(["--outbox-max", "3", "--alerts", "/dev/full"]).arg("--rules").arg(&rules);
    let ran = firstseen.run(&installs(0..5))?.expect_code(2)?;
    assert_eq!((ran.count("alerts")?, ran.count("lost")?, ran.count("deferred_by_outbox")?), (3, 7, 0));
    assert!(ran.stderr.contains("ALERTS ARE LOST: as many wait as --outbox-max allows"), "{}", ran.stderr);
    let by_rule = "7 ALERTS ARE LOST, the outbox was full (--outbox-max): 4 of some, 3 of all";
    assert!(ran.stderr.contains(by_rule), "{}", ran.stderr);
    assert!(ran.stderr.contains("3 alerts were not written and are LOST, for there is no --state"), "{}", ran.stderr);
    Ok(())
}

/// The parents that the alerts in a file are about, once for each alert.
fn parents(path: &Path) -> Result<Vec<usize>> {
    let text = if path.is_file() { fs::read_to_string(path)? } else { String::new() };
    let number = |line: &str| line.split("/usr/bin/parent-").nth(1)?.split('"').next()?.parse().ok();
    Ok(text.lines().filter_map(number).collect())
}

#[test]
fn rotated_files_lose_no_alert() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let alerts = scratch.path().join("alerts.ndjson");
    let rotated = |number: usize| alerts.with_extension(number.to_string());
    let (mut running, mut all) = (running(&alerts)?, Vec::new());
    let mut pass_one = |running: &mut Running, number: usize| -> Result<()> {
        pass(running, &installs(number..number + 1), &mut all)?;
        wait_for(|| Ok(parents(&alerts)?.contains(&number)))
    };
    pass_one(&mut running, 0)?;
    // Renamed.
    fs::rename(&alerts, rotated(1))?;
    pass_one(&mut running, 1)?;
    // Renamed, and told so.
    fs::rename(&alerts, rotated(2))?;
    running.signal("HUP")?;
    pass_one(&mut running, 2)?;
    // Removed: what was not struck off by then is written again.
    fs::remove_file(&alerts)?;
    pass_one(&mut running, 3)?;
    // Copied and emptied.
    fs::copy(&alerts, rotated(3))?;
    OpenOptions::new().write(true).truncate(true).open(&alerts)?;
    pass_one(&mut running, 4)?;
    running.finish()?.expect_code(0)?;
    let files = [rotated(1), rotated(2), rotated(3), alerts];
    let mut found: Vec<usize> = Vec::new();
    for path in &files {
        found.extend(parents(path)?.into_iter().filter(|parent| *parent != 2));
    }
    found.sort_unstable();
    assert_eq!(found, [0, 1, 3, 4]);
    assert_eq!((parents(&files[0])?, parents(&files[1])?), (vec![0], vec![1]));
    Ok(())
}

/// A named pipe in a folder.
fn pipe(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("pipe");
    let status = Command::new("mkfifo").arg(&path).status()?;
    ensure!(status.success() && path.metadata()?.file_type().is_fifo(), "no pipe");
    Ok(path)
}

#[test]
fn a_pipe_that_nobody_reads_stops_no_event() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let (pipe, state) = (pipe(scratch.path())?, scratch.path().join("seen"));
    let spawn =
        || -> Result<Running> { Firstseen::filter()?.arg("--state").arg(&state).arg("--alerts").arg(&pipe).spawn() };
    // Nobody has it open, then somebody who does not read. An alert is some
    // thousand bytes, a pipe holds 65,536.
    let (mut unread, mut all) = (spawn()?, Vec::new());
    pass(&mut unread, &installs(0..20), &mut all)?;
    unread.wait_for_stderr(|stderr| stderr.contains("nobody reads this pipe"))?;
    let mut reader = OpenOptions::new().read(true).write(true).open(&pipe)?;
    unread.wait_for_stderr(|stderr| stderr.contains("its reader takes nothing") || stderr.contains("written again"))?;
    pass(&mut unread, &installs(20..40), &mut all)?;
    unread.signal("TERM")?;
    let ran = unread.wait()?.expect_code(2)?;
    assert!(ran.stdout == all);
    assert!(ran.stderr.contains("alerts were not written, they wait in the state"), "{}", ran.stderr);

    // What was cut off is written once more, on a line of its own.
    let mut again = spawn()?;
    let mut read = Vec::new();
    let ids = |read: &[u8]| -> BTreeSet<String> {
        String::from_utf8_lossy(read).lines().filter_map(|line| id_of(line).ok()).collect()
    };
    let mut part = vec![0; 64 << 10];
    while ids(&read).len() < 40 {
        let length = reader.read(&mut part)?;
        read.write_all(&part[..length])?;
    }
    again.signal("TERM")?;
    again.wait()?.expect_code(0)?;
    Ok(())
}

#[test]
fn alerts_on_standard_output_need_no_room() -> Result<()> {
    let firstseen = Firstseen::filter()?.args(["--outbox-max", "1", "--only-alerts", "--jobs", "8"]);
    let ran = firstseen.run(&installs(0..50))?.expect_code(0)?;
    assert_eq!(ran.split().alerts.len(), 50);
    Ok(())
}

#[test]
fn a_warning_of_the_module_stops_no_start() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let mapping = scratch.path().join("mapping.json");
    fs::write(&mapping, r#"{"properties":{"x":{"type":"no such type"}}}"#)?;
    let ran = Firstseen::filter()?.arg("--mapping").arg(&mapping).run(&installs(0..1))?.expect_code(0)?;
    assert!(ran.stderr.contains("no such type"), "{}", ran.stderr);
    assert_eq!(ran.split().alerts.len(), 1);
    Ok(())
}

#[test]
fn who_reads_a_pipe_and_dies_is_told_of() -> Result<()> {
    let mut child = Firstseen::filter()?.into_command().spawn()?;
    drop(child.stdout.take());
    let mut running = Running::new(child);
    // It may end before all is written.
    let _ = running.write(&installs(0..1000));
    let ran = running.finish()?.expect_code(2)?;
    assert!(ran.stderr.contains("whoever read standard output is gone:"), "{}", ran.stderr);
    Ok(())
}
